//! Guards that a file is the same, byte for byte, whoever encodes its columns: an `ArrowWriter`, the
//! task's thread, or several threads.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, FixedSizeBinaryArray, Float64Array,
    Int8Array, Int32Array, Int64Array, LargeBinaryArray, ListBuilder, MapBuilder, NullArray,
    StringArray, StringBuilder, StringViewArray, StructArray, UInt16Array,
};
use arrow::datatypes::{DataType, Field, Fields, Int16Type, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowRowGroupWriterFactory, compute_leaves};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use streamwriter_core::TaskContext;
use streamwriter_core::testing::Pretend;

use super::crew::Crew;
use super::lanes::Leaf;
use super::options::Options;
use super::row_groups::RowGroups;
use super::sizes::{PER_COLUMN, encoded_max};
use super::*;

/// Rows of nearly every type, scattered by a multiplicative hash.
fn batch(from: u64, rows: usize) -> RecordBatch {
    let hash = |at: u64| at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    let numbers: Vec<u64> = (from..from + rows as u64).collect();
    let each = |make: &dyn Fn(u64) -> u64| numbers.iter().map(|at| make(*at)).collect::<Vec<_>>();
    let hashes = each(&hash);
    let texts = |values: &[u64], of: u64| -> Vec<Option<String>> {
        let text = |value: &u64| (!value.is_multiple_of(5)).then(|| format!("text {}", value % of));
        values.iter().map(text).collect()
    };
    let few = texts(&hashes, 7);
    let many = texts(&hashes, 1 << 30);
    let mut list = ListBuilder::new(StringBuilder::new());
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for value in &hashes {
        for item in 0..value % 4 {
            list.values().append_value(item.to_string());
            map.keys().append_value(item.to_string());
            map.values().append_option((item > 1).then_some("value"));
        }
        list.append(value % 6 != 0);
        map.append(true).unwrap();
    }
    let inner: Vec<(Arc<Field>, ArrayRef)> = vec![
        (
            Arc::new(Field::new("a", DataType::UInt16, false)),
            Arc::new(UInt16Array::from_iter_values(
                hashes.iter().map(|value| *value as u16),
            )),
        ),
        (
            Arc::new(Field::new("b", DataType::Utf8, true)),
            Arc::new(StringArray::from(few.clone())),
        ),
    ];
    let kinds: DictionaryArray<Int16Type> = hashes
        .iter()
        .map(|value| ["street", "port"][(value % 2) as usize])
        .collect();
    let sixteen = hashes
        .iter()
        .map(|value| (u128::from(*value) << 64).to_be_bytes());
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "id",
            Arc::new(Int64Array::from_iter_values(
                numbers.iter().map(|n| *n as i64),
            )),
        ),
        (
            "hash",
            Arc::new(Int32Array::from_iter_values(
                hashes.iter().map(|n| *n as i32),
            )),
        ),
        (
            "float",
            Arc::new(Float64Array::from_iter(
                hashes
                    .iter()
                    .map(|n| (n % 3 != 0).then_some(*n as f64 / 7.0)),
            )),
        ),
        ("few", Arc::new(StringArray::from(few.clone()))),
        ("many", Arc::new(StringArray::from(many.clone()))),
        (
            "view",
            Arc::new(StringViewArray::from_iter(
                many.iter().map(Option::as_deref),
            )),
        ),
        (
            "small",
            Arc::new(Int8Array::from_iter_values(hashes.iter().map(|n| *n as i8))),
        ),
        (
            "yes",
            Arc::new(BooleanArray::from_iter(
                hashes.iter().map(|n| Some(n % 2 == 0)),
            )),
        ),
        ("nothing", Arc::new(NullArray::new(rows))),
        (
            "bytes",
            Arc::new(LargeBinaryArray::from_iter_values(
                hashes.iter().map(|n| n.to_le_bytes()),
            )),
        ),
        (
            "sixteen",
            Arc::new(FixedSizeBinaryArray::try_from_iter(sixteen).unwrap()),
        ),
        (
            "money",
            Arc::new(Decimal128Array::from_iter_values(
                hashes.iter().map(|n| i128::from(*n)),
            )),
        ),
        ("list", Arc::new(list.finish())),
        ("map", Arc::new(map.finish())),
        ("struct", Arc::new(StructArray::from(inner))),
        ("kind", Arc::new(kinds)),
    ];
    RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    )
    .unwrap()
}

fn batches(sizes: &[usize]) -> Vec<RecordBatch> {
    let mut from = 0;
    let made = sizes.iter().map(|rows| {
        from += 1_000_000;
        batch(from, *rows)
    });
    made.collect()
}

fn by_arrow_writer(batches: &[RecordBatch], properties: &WriterProperties) -> Vec<u8> {
    let schema = batches[0].schema();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties.clone())).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

fn begun<'c>(
    schema: SchemaRef,
    options: &Options,
    crew: Option<&'c Crew<'c>>,
) -> RowGroups<'c, Vec<u8>> {
    begun_in(Vec::new(), schema, options, crew)
}

fn begun_in<'c, W: Write + Send + 'static>(
    file: W,
    schema: SchemaRef,
    options: &Options,
    crew: Option<&'c Crew<'c>>,
) -> RowGroups<'c, W> {
    let properties = options.properties(&schema, None).unwrap();
    let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties)).unwrap();
    RowGroups::new(
        writer,
        schema,
        options.limits(&Pretend::default().task()),
        &options.column_dictionaries,
        crew,
    )
    .unwrap()
}

pub(super) fn by_row_groups(
    batches: &[RecordBatch],
    options: &Options,
    crew: Option<&Crew<'_>>,
) -> parquet::errors::Result<Vec<u8>> {
    let mut writer = begun(batches[0].schema(), options, crew);
    for batch in batches {
        writer.write(batch)?;
    }
    writer.into_inner()
}

/// Writes alone, with a crew that finds nobody, and with helpers; all must be as the `ArrowWriter`.
fn assert_same(batches: &[RecordBatch], options: &Options) -> usize {
    let pretend = Pretend::default();
    let properties = options.properties(&batches[0].schema(), None).unwrap();
    let expected = by_arrow_writer(batches, &properties);
    let alone = by_row_groups(batches, options, None).unwrap();
    assert!(alone == expected, "alone, the file is another one");
    for idle in [0, 1, 3] {
        let task = pretend.task_beside_idle(idle);
        let crew = Crew::new(&task);
        let file = by_row_groups(batches, options, Some(&crew)).unwrap();
        assert!(
            file == expected,
            "with {idle} helpers the file is another one"
        );
        assert!(crew.is_staffed() || idle == 0 || batches.len() < 5);
        drop(crew);
        assert_all_came_back(&task, idle);
    }
    row_groups(&expected)
}

fn row_groups(file: &[u8]) -> usize {
    let (rest, end) = file.split_at(file.len() - 8);
    let length = u32::from_le_bytes(end[..4].try_into().unwrap()) as usize;
    let metadata = ParquetMetaDataReader::decode_metadata(&rest[rest.len() - length..]).unwrap();
    metadata.num_row_groups()
}

/// W4: no helper is left when the task is over.
#[track_caller]
fn assert_all_came_back(task: &TaskContext, idle: usize) {
    let claimed: Vec<_> = (0..idle).map(|_| task.claim_idle_executor()).collect();
    assert!(claimed.iter().all(Option::is_some), "a helper is left");
}

pub(super) fn options(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    change(&mut options);
    options
}

#[test]
fn a_file_is_the_same_with_and_without_help_whatever_its_options() {
    let batches = batches(&[500; 12]);
    let filter = BloomFilter::default();
    let of_options: Vec<Options> = vec![
        Options::default(),
        options(|o| o.compression = Compression::None),
        options(|o| o.compression = Compression::Snappy),
        options(|o| o.dictionary = false),
        options(|o| o.dictionary_bytes = 2000),
        options(|o| (o.page_rows, o.page_bytes) = (100, 3000)),
        options(|o| o.statistics = ParquetStatistics::None),
        options(|o| o.statistics = ParquetStatistics::RowGroup),
        options(|o| o.column_dictionaries = vec![("few".to_owned(), false)]),
        options(|o| o.bloom_filters = vec![("id".to_owned(), filter), ("few".to_owned(), filter)]),
        options(|o| o.sorted_by = vec![SortColumn::ascending("id")]),
        options(|o| o.metadata = vec![("key".to_owned(), "value".to_owned())]),
    ];
    for options in of_options {
        assert_eq!(assert_same(&batches, &options), 1, "{options:?}");
    }
}

#[test]
fn row_groups_end_at_the_same_rows_with_and_without_help() {
    let batches = batches(&[500; 12]);
    for (rows, groups) in [(6000, 1), (5999, 2), (500, 12), (333, 19), (3500, 2)] {
        let options = options(|o| o.row_group_rows = rows);
        assert_eq!(assert_same(&batches, &options), groups, "{rows} rows");
    }
}

#[test]
fn row_groups_end_at_the_same_bytes_with_and_without_help() {
    let batches = batches(&[500; 12]);
    let mut groups = Vec::new();
    for bytes in [
        1, 20_000, 100_000, 400_000, 1_000_000, 2_500_000, 20_000_000,
    ] {
        let options = options(|o| (o.row_group_bytes, o.row_group_rows) = (bytes, 2000));
        groups.push(assert_same(&batches, &options));
    }
    assert!(groups.is_sorted_by(|more, less| more >= less), "{groups:?}");
    assert!(groups[1] > 2 * groups[3], "{groups:?}");
    assert_eq!(groups.last(), Some(&3));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_file_is_the_same_whatever_its_batches_and_limits(
        sizes in prop::collection::vec(1_usize..700, 1..14),
        rows in 1_usize..3000,
        bytes in 1_usize..900_000,
        dictionary_bytes in 100_usize..20_000,
    ) {
        let rows = rows.max(20);
        assert_same(&batches(&sizes), &options(|o| {
            o.row_group_rows = rows;
            o.row_group_bytes = bytes.max(2000);
            o.dictionary_bytes = dictionary_bytes;
        }));
    }

    /// What is said of a size without a look at it is never too little.
    #[test]
    fn an_estimate_grows_by_no_more_than_is_said(
        sizes in prop::collection::vec(1_usize..3000, 1..5),
        dictionary in any::<bool>(),
        page_rows in prop::sample::select(vec![1000_usize, 20_000]),
    ) {
        let options = options(|o| (o.dictionary, o.page_rows) = (dictionary, page_rows));
        let batches = batches(&sizes);
        let properties = options.properties(&batches[0].schema(), None).unwrap();
        let schema = batches[0].schema();
        let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties)).unwrap();
        let leaves = 19;
        for batch in &batches {
            let before = writer.in_progress_size();
            writer.write(batch).unwrap();
            let grown = writer.in_progress_size().saturating_sub(before);
            let said = encoded_max(batch) + leaves * PER_COLUMN;
            prop_assert!(grown <= said, "{grown} > {said}");
            prop_assert!(encoded_max(batch) < 4000 * batch.num_rows().max(50));
        }
    }
}

#[test]
fn the_error_is_the_one_that_a_single_thread_meets_first() {
    // Each column may hold a null of its dictionary, which none of them declares.
    let schema: Fields = (0..6)
        .map(|at| {
            let kind = DataType::Dictionary(Box::new(DataType::Int16), Box::new(DataType::Utf8));
            Field::new(format!("column {at}"), kind, false)
        })
        .collect();
    let schema = Arc::new(Schema::new(schema));
    let column = |bad: bool| -> ArrayRef {
        let keys = arrow::array::Int16Array::from_iter_values(
            (0..3000).map(|row| i16::from(bad && row == 2999)),
        );
        let values = StringArray::from(vec![Some("a"), None]);
        Arc::new(DictionaryArray::new(keys, Arc::new(values)))
    };
    for bad in [
        vec![(7, 4), (8, 0)],
        vec![(6, 5), (6, 1), (6, 3)],
        vec![(9, 2)],
        vec![(11, 5), (5, 5)],
    ] {
        let batches: Vec<_> = (0..12)
            .map(|number| {
                let columns = (0..6).map(|at| column(bad.contains(&(number, at))));
                RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap()
            })
            .collect();
        let options = Options::default();
        let expected = by_row_groups(&batches, &options, None)
            .unwrap_err()
            .to_string();
        let first = bad.iter().min().unwrap().1;
        assert!(expected.contains(&format!("column {first}")), "{expected}");
        for _ in 0..5 {
            let task = Pretend::default().task_beside_idle(2);
            let crew = Crew::new(&task);
            let error = by_row_groups(&batches, &options, Some(&crew)).unwrap_err();
            assert_eq!(error.to_string(), expected);
            drop(crew);
            assert_all_came_back(&task, 2);
        }
    }
}

/// A file that takes so many bytes and no more.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let left = self.0.checked_sub(bytes.len());
        self.0 = left.ok_or(std::io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_the_same_error_with_and_without_help() {
    let batches = batches(&[500; 12]);
    let options = options(|o| o.row_group_rows = 800);
    let error_of = |room: usize, crew: Option<&Crew<'_>>| {
        let mut writer = begun_in(Full(room), batches[0].schema(), &options, crew);
        let written = batches.iter().try_for_each(|batch| writer.write(batch));
        let ended = written.and_then(|()| writer.into_inner());
        let Err(ParquetError::External(error)) = ended.map(drop) else {
            panic!("no error of the file with {room} bytes");
        };
        error.downcast::<std::io::Error>().unwrap().kind()
    };
    for room in [10, 60_000, 150_000] {
        let task = Pretend::default().task_beside_idle(2);
        let crew = Crew::new(&task);
        for crew in [None, Some(&crew)] {
            assert_eq!(error_of(room, crew), std::io::ErrorKind::StorageFull);
        }
        drop(crew);
        assert_all_came_back(&task, 2);
    }
}

/// The writers of columns of these types.
fn factory(schema: &SchemaRef) -> ArrowRowGroupWriterFactory {
    let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(schema), None).unwrap();
    writer.into_serialized_writer().unwrap().1
}

#[test]
fn w6_a_panic_of_an_encoder_is_met_by_the_thread_of_the_task() {
    let field = |kind| Arc::new(Field::new("column", kind, false));
    let schema = Arc::new(Schema::new(vec![field(DataType::Utf8); 3]));
    let numbers: ArrayRef = Arc::new(Int32Array::from(vec![1; 10]));
    for _ in 0..20 {
        let task = Pretend::default().task_beside_idle(2);
        let crew = Crew::new(&task);
        for _ in 0..6 {
            crew.has_help(3);
        }
        crew.begin(factory(&schema).create_column_writers(0).unwrap());
        let leaves = compute_leaves(&field(DataType::Int32), &numbers).unwrap();
        let met = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            crew.encode(leaves.into_iter().map(Leaf::Part).collect(), 1)?;
            crew.end().map(drop)
        }));
        let panic = met.unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.contains("ByteArrayEncoder"), "{text}");
        drop(crew);
        assert_all_came_back(&task, 2);
    }
}

#[test]
fn w4_a_crew_that_is_given_up_with_work_left_ends_at_once() {
    let batches = batches(&[2000; 10]);
    for count in 5..10 {
        let task = Pretend::default().task_beside_idle(3);
        let crew = Crew::new(&task);
        let options = Options::default();
        let mut writer = begun(batches[0].schema(), &options, Some(&crew));
        for batch in &batches[..count] {
            writer.write(batch).unwrap();
        }
        drop(writer);
        drop(crew);
        assert_all_came_back(&task, 3);
    }
}
