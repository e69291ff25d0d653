//! Which columns of which row groups have a dictionary.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::ParquetMetaDataReader;
use streamwriter_core::testing::Pretend;

use super::crew::Crew;
use super::parallel_tests::{by_row_groups, options};

/// Whether the columns have dictionaries, row group by row group.
fn dictionaries(file: &File) -> Vec<Vec<bool>> {
    let metadata = ParquetMetaDataReader::new().parse_and_finish(file).unwrap();
    let row_groups = metadata.row_groups().iter();
    row_groups
        .map(|one| {
            let columns = one.columns().iter();
            columns
                .map(|column| column.dictionary_page_offset().is_some())
                .collect()
        })
        .collect()
}

#[test]
fn a_column_that_hardly_repeats_has_no_dictionary_in_that_row_group() {
    let columns = |from: i64, to: i64| {
        let column = |step: i64| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(
                (from..to).map(|row| row / step),
            ))
        };
        let text = StringArray::from_iter_values((from..to).map(|row| format!("row {row}")));
        RecordBatch::try_from_iter([
            ("each", column(1)),
            ("settled", column(1)),
            ("few", column(100)),
            ("text", Arc::new(text) as ArrayRef),
        ])
        .unwrap()
    };
    let same = |rows: i64| {
        let first = columns(0, 1);
        let none = Int64Array::from(vec![0; rows as usize]);
        arrow::compute::take_record_batch(&first, &none).unwrap()
    };
    let texts_only = |batch: RecordBatch| {
        let mut columns = batch.columns().to_vec();
        columns[0] = Arc::clone(&columns[2]);
        RecordBatch::try_new(batch.schema(), columns).unwrap()
    };
    let options = options(|o| {
        o.row_group_rows = 4000;
        o.column_dictionaries = vec![("settled".to_owned(), true)];
    });
    let batches = [
        columns(0, 4000),
        same(4000),
        columns(0, 4000),
        texts_only(columns(0, 4000)),
        columns(0, 1000),
    ];
    let pretend = Pretend::default().task_beside_idle(2);
    let crew = Crew::new(&pretend);
    for crew in [None, Some(&crew)] {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&by_row_groups(&batches, &options, crew).unwrap())
            .unwrap();
        let unique = vec![false, true, true, false];
        let texts = vec![true, true, true, false];
        let all = vec![true; 4];
        let expected = [unique.clone(), all.clone(), unique, texts, all];
        assert_eq!(dictionaries(&file), expected);
        let read = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let read: Vec<_> = read
            .with_batch_size(17_000)
            .build()
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let written = arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap();
        assert_eq!(
            arrow::compute::concat_batches(&read[0].schema(), &read)
                .unwrap()
                .columns(),
            written.columns()
        );
    }
}
