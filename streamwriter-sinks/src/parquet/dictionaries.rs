//! Which columns are worth a dictionary, and the writers of the columns accordingly.
//!
//! The Parquet writer begins each row group with a dictionary for every column, and gives it up when it
//! has grown too large: a column whose values do not repeat pays for hashes, a dictionary that is as long as
//! the values, and indices beside it, and so anew in each row group. Whether values repeat shows in the first of
//! them, so those are looked at when a row group begins. What is decided depends on nothing else: the same
//! rows make the same file, whatever other tasks do.

use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, AsArray};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory};
use parquet::errors::Result;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, TypePtr};
use xxhash_rust::xxh3::xxh3_64;

/// How many values are looked at.
///
/// Of values drawn from N with the same probability, so many hold about 1024² / 2N repeated ones: ten where a
/// dictionary of texts of 20 bytes is given up at 1 MiB (N = 50,000), four where one of 8 bytes is.
const SAMPLE: usize = 1024;

/// How many of them may repeat another one in a column that is written without a dictionary.
const REPEATED_MAX: usize = 1;

/// Makes the writers of the columns of each row group.
pub(super) struct ColumnWriters {
    /// As the properties of the file say.
    usual: ArrowRowGroupWriterFactory,
    /// The newest other choice: columns without a dictionary, by their places.
    chosen: Option<(Vec<usize>, ArrowRowGroupWriterFactory)>,
    /// By the places of the fields: the columns that are looked at.
    judged: Vec<Option<ColumnPath>>,
    properties: WriterPropertiesPtr,
    root: TypePtr,
    schema: SchemaRef,
}

impl ColumnWriters {
    /// Judges columns that may have a dictionary, but for `settled` ones, for which a person has decided.
    pub(super) fn new<W: std::io::Write + Send>(
        file: &SerializedFileWriter<W>,
        usual: ArrowRowGroupWriterFactory,
        schema: SchemaRef,
        settled: &[(String, bool)],
    ) -> Self {
        let properties = Arc::clone(file.properties());
        let judged = schema.fields().iter().map(|field| {
            let path = ColumnPath::new(vec![field.name().clone()]);
            let is_settled = settled.iter().any(|(name, _)| *name == path.string());
            let has_one = !field.data_type().is_nested() && properties.dictionary_enabled(&path);
            (has_one && !is_settled).then_some(path)
        });
        Self {
            judged: judged.collect(),
            usual,
            chosen: None,
            properties,
            root: file.schema_descr().root_schema_ptr(),
            schema,
        }
    }

    /// Returns the writers of a row group that begins with these rows.
    pub(super) fn begin(
        &mut self,
        row_group: usize,
        first: &RecordBatch,
    ) -> Result<Vec<ArrowColumnWriter>> {
        let judged = self.judged.iter().zip(first.columns()).enumerate();
        let plain: Vec<usize> = judged
            .filter(|(_, (path, column))| path.is_some() && hardly_repeats(column))
            .map(|(place, _)| place)
            .collect();
        if plain.is_empty() {
            return self.usual.create_column_writers(row_group);
        }
        let factory = match self.chosen.take() {
            Some((places, factory)) if places == plain => factory,
            _ => self.without(&plain)?,
        };
        let writers = factory.create_column_writers(row_group);
        self.chosen = Some((plain, factory));
        writers
    }

    /// The properties of column writers come from a file, so they get one that goes nowhere.
    fn without(&self, plain: &[usize]) -> Result<ArrowRowGroupWriterFactory> {
        let mut properties = self.properties.as_ref().clone().into_builder();
        let paths = plain.iter().filter_map(|place| self.judged.get(*place));
        for path in paths.flatten() {
            properties = properties.set_column_dictionary_enabled(path.clone(), false);
        }
        let (nowhere, properties) = (std::io::sink(), Arc::new(properties.build()));
        let file = SerializedFileWriter::new(nowhere, Arc::clone(&self.root), properties)?;
        Ok(ArrowRowGroupWriterFactory::new(
            &file,
            Arc::clone(&self.schema),
        ))
    }
}

/// Tells whether the first values of a column are almost all different ones; false if they are few.
fn hardly_repeats(column: &ArrayRef) -> bool {
    let mut hashes = hashes(column);
    if hashes.len() < SAMPLE {
        return false;
    }
    hashes.sort_unstable();
    let repeated = hashes.windows(2).filter(|pair| pair.first() == pair.last());
    repeated.count() <= REPEATED_MAX
}

/// Returns the hashes of the first values; none for types that are not looked at.
fn hashes(column: &ArrayRef) -> Vec<u64> {
    let text = |value: Option<&'_ str>| value.map(str::as_bytes).map(xxh3_64);
    let bytes = |value: Option<&'_ [u8]>| value.map(xxh3_64);
    match column.data_type() {
        DataType::Utf8 => sample(column.as_string::<i32>().iter().map(text)),
        DataType::LargeUtf8 => sample(column.as_string::<i64>().iter().map(text)),
        DataType::Utf8View => sample(column.as_string_view().iter().map(text)),
        DataType::Binary => sample(column.as_binary::<i32>().iter().map(bytes)),
        DataType::LargeBinary => sample(column.as_binary::<i64>().iter().map(bytes)),
        DataType::BinaryView => sample(column.as_binary_view().iter().map(bytes)),
        DataType::FixedSizeBinary(_) => sample(column.as_fixed_size_binary().iter().map(bytes)),
        other => match other.primitive_width() {
            Some(width) => of_width(&column.to_data(), width),
            None => Vec::new(),
        },
    }
}

fn of_width(column: &ArrayData, width: usize) -> Vec<u64> {
    let values = column.buffers().first().map(Buffer::as_slice);
    let values = values.and_then(|values| values.get(column.offset() * width..));
    let values = values.unwrap_or_default().chunks_exact(width);
    let values = values.take(column.len()).enumerate();
    sample(values.map(|(at, value)| column.is_valid(at).then(|| xxh3_64(value))))
}

fn sample(hashes: impl Iterator<Item = Option<u64>>) -> Vec<u64> {
    hashes.flatten().take(SAMPLE).collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        BinaryViewArray, BooleanArray, Decimal128Array, FixedSizeBinaryArray, Float64Array,
        Int64Array, StringArray,
    };

    use super::*;

    const MANY: i64 = 4096;

    fn each<A: Array + 'static>(make: impl Fn(&dyn Fn(i64) -> i64) -> A) -> [bool; 3] {
        let kinds: [&dyn Fn(i64) -> i64; 3] = [
            &|row| row,
            // One value of the sample repeats another one; then two do.
            &|row| if row == 7 { 3 } else { row },
            &|row| if row == 7 || row == 900 { 3 } else { row },
        ];
        kinds.map(|kind| hardly_repeats(&(Arc::new(make(kind)) as ArrayRef)))
    }

    #[test]
    fn a_column_whose_values_hardly_repeat_is_told_by_its_first_ones_whatever_its_type() {
        let expected = [true, true, false];
        let rows = || 0..MANY;
        assert_eq!(
            each(|of| Int64Array::from_iter_values(rows().map(of))),
            expected
        );
        assert_eq!(
            each(|of| Float64Array::from_iter_values(rows().map(|row| of(row) as f64))),
            expected
        );
        assert_eq!(
            each(|of| Decimal128Array::from_iter_values(rows().map(|row| i128::from(of(row))))),
            expected
        );
        let text = |of: &dyn Fn(i64) -> i64, row| format!("row {}", of(row));
        assert_eq!(
            each(|of| StringArray::from_iter_values(rows().map(|row| text(of, row)))),
            expected
        );
        assert_eq!(
            each(|of| BinaryViewArray::from_iter_values(rows().map(|row| text(of, row)))),
            expected
        );
        let eight = |of: &dyn Fn(i64) -> i64, row| of(row).to_le_bytes();
        assert_eq!(
            each(
                |of| FixedSizeBinaryArray::try_from_iter(rows().map(|row| eight(of, row))).unwrap()
            ),
            expected
        );
    }

    #[test]
    fn few_values_nulls_and_values_outside_of_a_slice_say_nothing() {
        let few: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1023));
        assert!(!hardly_repeats(&few));
        let nulls: ArrayRef = Arc::new(Int64Array::from_iter(
            (0..2046).map(|row| (row % 2 == 0).then_some(row)),
        ));
        assert!(!hardly_repeats(&nulls));
        let bools: ArrayRef = Arc::new(BooleanArray::from_iter(
            (0..MANY).map(|row| Some(row % 2 == 0)),
        ));
        assert!(!hardly_repeats(&bools));
        let rows = Int64Array::from_iter_values((0..MANY).map(|row| (row / 1024) % 2 * row));
        // Zeroes, then different ones, and again.
        let rows: ArrayRef = Arc::new(rows);
        assert!(!hardly_repeats(&rows));
        assert!(hardly_repeats(&rows.slice(1024, 1024)));
        assert!(!hardly_repeats(&rows.slice(1021, 1024)));
    }
}
