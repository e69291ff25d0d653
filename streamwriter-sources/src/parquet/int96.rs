//! The footer of a file, and what instants in 96 bits are read as.
//!
//! Spark and Hive write instants as INT96: the nanosecond of a day, and the day. As nanoseconds in 64 bits,
//! which is what Arrow makes of them, years outside of 1677 to 2262 turn into others without a word, and
//! 9999-12-31 is a usual "never" in tables. So they are microseconds here unless the person asks for
//! nanoseconds, or the file itself says that they were.

use std::fs::File;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, TimeUnit};
use parquet::arrow::ARROW_SCHEMA_META_KEY;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::Type as Physical;
use parquet::errors::ParquetError;
use parquet::schema::types::Type;

/// Reads the footer; columns that the person has declared as instants are read as such.
pub(super) fn footer(
    file: &File,
    declared: Option<&Schema>,
) -> Result<ArrowReaderMetadata, ParquetError> {
    let plain = ArrowReaderMetadata::load(file, ArrowReaderOptions::new())?;
    let roots = plain.parquet_schema().root_schema().get_fields().to_vec();
    if says_arrow_types(&plain) || !roots.iter().any(|root| has_int96(root)) {
        return Ok(plain);
    }
    let fields = plain.schema().fields().iter().zip(&roots);
    let fields = fields.map(|(field, root)| match has_int96(root) {
        true => instants(field, declared),
        false => Arc::clone(field),
    });
    let schema = Schema::new(fields.collect::<Vec<FieldRef>>());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options)
}

/// Tells whether the file was written by Arrow, from nanoseconds in 64 bits.
fn says_arrow_types(footer: &ArrowReaderMetadata) -> bool {
    let pairs = footer.metadata().file_metadata().key_value_metadata();
    pairs.is_some_and(|pairs| pairs.iter().any(|pair| pair.key == ARROW_SCHEMA_META_KEY))
}

fn has_int96(column: &Type) -> bool {
    match column {
        Type::PrimitiveType { physical_type, .. } => *physical_type == Physical::INT96,
        Type::GroupType { fields, .. } => fields.iter().any(|field| has_int96(field)),
    }
}

/// Returns the column as it is declared, if that is as fine as microseconds, and in microseconds
/// otherwise.
fn instants(field: &FieldRef, declared: Option<&Schema>) -> FieldRef {
    let declared = declared.and_then(|schema| schema.field_with_name(field.name()).ok());
    let declared = declared.map(Field::data_type);
    let of_type = match (field.data_type(), declared) {
        (DataType::Timestamp(_, None), Some(DataType::Timestamp(unit, zone)))
            if matches!(unit, TimeUnit::Microsecond | TimeUnit::Nanosecond) =>
        {
            DataType::Timestamp(*unit, zone.clone())
        }
        (found, _) => in_micros(found),
    };
    Arc::new(field.as_ref().clone().with_data_type(of_type))
}

fn in_micros(found: &DataType) -> DataType {
    let inside = |field: &FieldRef| {
        let of_type = in_micros(field.data_type());
        Arc::new(field.as_ref().clone().with_data_type(of_type))
    };
    match found {
        DataType::Timestamp(TimeUnit::Nanosecond, None) => {
            DataType::Timestamp(TimeUnit::Microsecond, None)
        }
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inside).collect()),
        DataType::List(item) => DataType::List(inside(item)),
        DataType::Map(entries, sorted) => DataType::Map(inside(entries), *sorted),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, RecordBatch};
    use arrow::datatypes::{ArrowPrimitiveType, TimestampMicrosecondType, TimestampNanosecondType};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::data_type::{Int96, Int96Type};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use tempfile::NamedTempFile;

    use super::*;

    /// Days of the Julian calendar before 1970-01-01.
    const EPOCH: u32 = 2_440_588;
    /// 9999-12-31.
    const NEVER: u32 = EPOCH + 2_932_896;

    /// Writes instants as Spark does: (day, nanosecond of the day).
    fn written(message: &str, instants: &[(u32, u64)]) -> File {
        let file = NamedTempFile::new().unwrap();
        let schema = Arc::new(parse_message_type(message).unwrap());
        let mut writer =
            SerializedFileWriter::new(file.reopen().unwrap(), schema, Default::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let values: Vec<Int96> = instants
            .iter()
            .map(|(day, nanos)| {
                let mut value = Int96::new();
                value.set_data(*nanos as u32, (nanos >> 32) as u32, *day);
                value
            })
            .collect();
        let levels = vec![1; values.len()];
        column
            .typed::<Int96Type>()
            .write_batch(&values, Some(&levels), None)
            .unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        file.reopen().unwrap()
    }

    fn read(file: &File, declared: Option<&Schema>) -> RecordBatch {
        let footer = footer(file, declared).unwrap();
        let file = file.try_clone().unwrap();
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer);
        reader.build().unwrap().next().unwrap().unwrap()
    }

    fn instants_of<T: ArrowPrimitiveType>(batch: &RecordBatch) -> Vec<T::Native> {
        batch.column(0).as_primitive::<T>().values().to_vec()
    }

    #[test]
    fn a_far_year_of_spark_is_that_year() {
        let file = written(
            "message m { optional int96 t; }",
            &[(NEVER, 1_000), (EPOCH, 0)],
        );
        let batch = read(&file, None);
        let micros = instants_of::<TimestampMicrosecondType>(&batch);
        assert_eq!(micros, [253_402_214_400_000_001, 0]);

        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let declared = Schema::new(vec![Field::new("t", utc.clone(), true)]);
        let batch = read(&file, Some(&declared));
        assert_eq!(*batch.schema().field(0).data_type(), utc);
        assert_eq!(instants_of::<TimestampMicrosecondType>(&batch), micros);
    }

    #[test]
    fn nanoseconds_are_read_if_they_are_asked_for_and_nothing_coarser_than_microseconds() {
        let file = written("message m { optional int96 t; }", &[(EPOCH, 1)]);
        let of_unit = |unit| {
            let of_type = DataType::Timestamp(unit, None);
            let declared = Schema::new(vec![Field::new("t", of_type, true)]);
            read(&file, Some(&declared))
        };
        let nanos = of_unit(TimeUnit::Nanosecond);
        assert_eq!(instants_of::<TimestampNanosecondType>(&nanos), [1]);
        for unit in [TimeUnit::Millisecond, TimeUnit::Second] {
            instants_of::<TimestampMicrosecondType>(&of_unit(unit));
        }
    }

    #[test]
    fn instants_inside_of_a_struct_are_microseconds_too() {
        let message = "message m { required group s { optional int96 t; } }";
        let batch = read(&written(message, &[(NEVER, 0)]), None);
        let inside = batch.column(0).as_struct().column(0);
        let micros = inside.as_primitive::<TimestampMicrosecondType>();
        assert_eq!(micros.value(0), 253_402_214_400_000_000);
    }
}
