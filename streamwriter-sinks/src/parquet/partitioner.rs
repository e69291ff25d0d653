//! Column batches cut by the values of the partition columns.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, UInt64Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use streamwriter_core::{BoxError, Error, ErrorKind, Result};

use super::schema::unknown_column;
use crate::partition::{PartitionBy, expect_one_text, write_directory};

/// Timestamps as Spark prints them, before zeros at the end of the fraction go.
const TIMESTAMP: &str = "%Y-%m-%d %H:%M:%S%.f";

/// The columns of one directory.
type Part = (String, RecordBatch);

/// Knows where the partition columns are, and what the files hold without them.
pub(super) struct Partitioner<'b> {
    by: &'b PartitionBy,
    places: Vec<usize>,
    left: Vec<usize>,
    file_schema: SchemaRef,
}

impl<'b> Partitioner<'b> {
    /// Checks the columns; `None` if rows are not partitioned.
    pub(super) fn new(by: &'b PartitionBy, schema: &SchemaRef) -> Result<Option<Self>> {
        if by.is_empty() {
            return Ok(None);
        }
        let places: Result<Vec<usize>> = by
            .columns()
            .iter()
            .map(|column| place_of(&column.name, schema))
            .collect();
        let places = places?;
        let left: Vec<usize> = (0..schema.fields().len())
            .filter(|place| !places.contains(place))
            .collect();
        if left.is_empty() {
            let message = "no column is left beside those by which rows are partitioned";
            return Err(Error::new(ErrorKind::Config, message)
                .with_help("leave out one of the columns of `partition_by`"));
        }
        let file_schema = schema.project(&left).map_err(|error| {
            Error::new(ErrorKind::Config, "the schema of the files cannot be made")
                .with_source(error)
        })?;
        Ok(Some(Self {
            by,
            places,
            left,
            file_schema: Arc::new(file_schema),
        }))
    }

    /// Returns the schema of the files: without the columns that the directories say.
    pub(super) fn file_schema(&self) -> &SchemaRef {
        &self.file_schema
    }

    /// Cuts columns into those of each directory, in the order in which the directories come first;
    /// the rows of each keep their order.
    ///
    /// One after another: a few rows of many columns need more as arrays than as rows.
    pub(super) fn split(
        &self,
        columns: &RecordBatch,
    ) -> Result<impl Iterator<Item = Result<Part, BoxError>> + use<>, BoxError> {
        let groups = self.groups(columns)?;
        let columns = columns.project(&self.left)?;
        let is_one = groups.len() == 1;
        Ok(groups.into_iter().map(move |(directory, rows)| {
            if is_one {
                return Ok((directory, columns.clone()));
            }
            let rows = UInt64Array::from(rows);
            Ok((directory, take_record_batch(&columns, &rows)?))
        }))
    }

    /// Finds the rows of each directory.
    fn groups(&self, columns: &RecordBatch) -> Result<Vec<(String, Vec<u64>)>, BoxError> {
        let values: Result<Vec<ArrayRef>, ArrowError> = self
            .places
            .iter()
            .map(|place| printable(columns.column(*place)))
            .collect();
        let values = values?;
        let fields = values
            .iter()
            .map(|column| SortField::new(column.data_type().clone()));
        let rows = RowConverter::new(fields.collect())?.convert_columns(&values)?;
        let texts = Texts::new(&values)?;
        let mut groups: Vec<(String, Vec<u64>)> = Vec::new();
        // Different values may have the same directory: a null and an empty text.
        let mut group_of_directory: HashMap<String, usize> = HashMap::new();
        let mut group_of_values = HashMap::new();
        for (number, row) in rows.iter().enumerate() {
            let group = match group_of_values.get(row.as_ref()) {
                Some(group) => *group,
                None => {
                    let directory = texts.directory(self.by, number)?;
                    let known = group_of_directory.get(&directory);
                    let group = known.copied().unwrap_or(groups.len());
                    if group == groups.len() {
                        group_of_directory.insert(directory.clone(), group);
                        groups.push((directory, Vec::new()));
                    }
                    group_of_values.insert(row.data(), group);
                    group
                }
            };
            if let Some((_, rows)) = groups.get_mut(group) {
                rows.push(number as u64);
            }
        }
        Ok(groups)
    }
}

fn place_of(name: &str, schema: &Schema) -> Result<usize> {
    let known = || schema.fields().iter().map(|field| field.name().as_str());
    let place = known().position(|known| known == name);
    let place = place.ok_or_else(|| unknown_column("partition_by", name, known()))?;
    expect_one_text(name, schema.field(place).data_type())?;
    Ok(place)
}

/// Brings a column into the type whose text Spark would print: days, and instants in UTC.
fn printable(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match column.data_type() {
        DataType::Date64 => cast(column, &DataType::Date32),
        DataType::Timestamp(unit, Some(_)) => {
            let utc = DataType::Timestamp(*unit, Some("+00:00".into()));
            cast(column, &utc)
        }
        _ => Ok(Arc::clone(column)),
    }
}

/// Prints the values of the partition columns.
struct Texts<'a> {
    columns: Vec<(&'a ArrayRef, ArrayFormatter<'a>)>,
}

impl<'a> Texts<'a> {
    fn new(columns: &'a [ArrayRef]) -> Result<Self, ArrowError> {
        let options = FormatOptions::new()
            .with_display_error(false)
            .with_timestamp_format(Some(TIMESTAMP))
            .with_timestamp_tz_format(Some(TIMESTAMP));
        let columns = columns.iter().map(|column| {
            let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
            Ok((column, formatter))
        });
        Ok(Self {
            columns: columns.collect::<Result<_, ArrowError>>()?,
        })
    }

    fn directory(&self, by: &PartitionBy, row: usize) -> Result<String, BoxError> {
        let values = self.columns.iter().zip(by.columns());
        let values = values.map(|((column, formatter), by)| {
            if column.is_null(row) {
                return Ok(None);
            }
            let text = formatter.value(row).try_to_string();
            let text = text.map_err(|error| format!("column `{}`: {error}", by.name))?;
            Ok(Some(without_zeros(text, column.data_type())))
        });
        let values = values.collect::<Result<Vec<_>, BoxError>>()?;
        let mut directory = String::new();
        write_directory(&mut directory, by, values.iter().map(Option::as_deref))?;
        Ok(directory)
    }
}

/// Takes the zeros off the end of a fraction of a second.
fn without_zeros(mut text: String, data_type: &DataType) -> String {
    let is_time = matches!(
        data_type,
        DataType::Timestamp(_, _) | DataType::Time32(_) | DataType::Time64(_)
    );
    if is_time && text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    text
}
