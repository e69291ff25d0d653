//! What a file has, against what the schema says: columns that are missing, further, or of other types.

use arrow::array::{ArrayRef, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef, TimeUnit};
use arrow::record_batch::RecordBatch;
use streamwriter_core::{BoxError, Error, ErrorKind, Result};

use super::directories::DirectoryColumn;
use crate::files::SchemaDrift;

/// How a column of the schema comes from a file.
#[derive(Debug)]
enum From {
    /// The column of this number is it.
    Same(usize),
    /// The column of this number, cast.
    Cast(usize),
    /// There is none, so all its values are null.
    Nothing,
    /// The directory of the file holds it.
    Directory(DirectoryColumn),
}

/// How the columns of one file become those of the schema.
#[derive(Debug)]
pub(super) struct Adaption {
    schema: SchemaRef,
    columns: Vec<From>,
}

pub(super) fn expect_distinct(schema: &Schema) -> Result<()> {
    match twice(schema) {
        None => Ok(()),
        Some(name) => {
            let message = format!("the schema has two columns named `{name}`");
            Err(Error::new(ErrorKind::Config, message).with_help("rename one of them"))
        }
    }
}

fn twice(schema: &Schema) -> Option<&str> {
    let mut names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    names.sort_unstable();
    let pairs = names.windows(2);
    pairs
        .filter_map(|pair| match pair {
            [one, other] if one == other => Some(*one),
            _ => None,
        })
        .next()
}

impl Adaption {
    /// Compares a file, and the columns that its directories hold, with the schema.
    ///
    /// # Errors
    /// Every difference that the policy does not allow.
    pub(super) fn new(
        schema: &SchemaRef,
        file: &Schema,
        drift: SchemaDrift,
        mut directories: Vec<DirectoryColumn>,
    ) -> Result<Self, String> {
        let mut differences = Vec::new();
        differences.extend(twice(file).map(|name| format!("there are two columns `{name}`")));
        let mut columns = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let name = field.name();
            if let Some(at) = directories.iter().position(|one| one.name == *name) {
                if drift == SchemaDrift::Fail && file.fields().find(name).is_some() {
                    differences.push(format!(
                        "column `{name}` is in the file as well as in its directory"
                    ));
                }
                columns.push(From::Directory(directories.swap_remove(at)));
                continue;
            }
            match Self::find(field, file, drift) {
                Ok(from) => columns.push(from),
                Err(difference) => differences.push(difference),
            }
        }
        if drift == SchemaDrift::Fail {
            let known = |name: &str| schema.fields().find(name).is_some();
            let further = file.fields().iter().filter(|field| !known(field.name()));
            differences.extend(further.map(|field| {
                format!(
                    "column `{}` {} is not in the schema",
                    field.name(),
                    field.data_type()
                )
            }));
        }
        match differences.is_empty() {
            true => Ok(Self {
                schema: schema.clone(),
                columns,
            }),
            false => Err(differences.join("; ")),
        }
    }

    fn find(field: &FieldRef, file: &Schema, drift: SchemaDrift) -> Result<From, String> {
        let (name, wanted) = (field.name(), field.data_type());
        let Some((number, found)) = file.fields().find(name) else {
            return match drift {
                SchemaDrift::Adapt if field.is_nullable() => Ok(From::Nothing),
                SchemaDrift::Adapt => {
                    Err(format!("column `{name}` is missing and may not be null"))
                }
                SchemaDrift::Fail => Err(format!("column `{name}` {wanted} is missing")),
            };
        };
        let found = found.data_type();
        if found == wanted {
            return Ok(From::Same(number));
        }
        if is_alike(wanted, found) || (drift == SchemaDrift::Adapt && fits(wanted, found)) {
            return Ok(From::Cast(number));
        }
        Err(format!("column `{name}` is {found} instead of {wanted}"))
    }

    /// Returns the numbers of the columns that are read of the file.
    pub(super) fn wanted(&self) -> impl Iterator<Item = usize> {
        self.columns.iter().filter_map(|from| match from {
            From::Same(number) | From::Cast(number) => Some(*number),
            From::Nothing | From::Directory(_) => None,
        })
    }

    /// Makes a batch of the schema from one of the file, which has the wanted columns in the order of
    /// their numbers.
    pub(super) fn adapt(&self, batch: &RecordBatch) -> Result<RecordBatch, BoxError> {
        let mut read: Vec<usize> = self.wanted().collect();
        read.sort_unstable();
        let column = |number: usize| -> Result<&ArrayRef, BoxError> {
            let at = read.binary_search(&number).ok();
            let column = at.and_then(|at| batch.columns().get(at));
            column.ok_or_else(|| format!("column {number} was not read").into())
        };
        // An overflow is an error, not a null.
        let strict = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        let columns = self.columns.iter().zip(self.schema.fields());
        let columns = columns.map(|(from, field)| match from {
            From::Same(number) => Ok(column(*number)?.clone()),
            From::Cast(number) => {
                let cast = cast_with_options(column(*number)?, field.data_type(), &strict);
                cast.map_err(|error| format!("column `{}`: {error}", field.name()).into())
            }
            From::Nothing => Ok(new_null_array(field.data_type(), batch.num_rows())),
            From::Directory(column) => Ok(column.repeated(batch.num_rows())?),
        });
        let columns = columns.collect::<Result<Vec<_>, BoxError>>()?;
        let rows =
            arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(
            self.schema.clone(),
            columns,
            &rows,
        )?)
    }
}

/// Tells whether two types are the same but for names that carry nothing, and the order of fields.
fn is_alike(wanted: &DataType, found: &DataType) -> bool {
    use DataType::*;
    match (wanted, found) {
        (List(wanted), List(found)) | (LargeList(wanted), LargeList(found)) => {
            is_alike(wanted.data_type(), found.data_type())
        }
        (FixedSizeList(wanted, length), FixedSizeList(found, other)) => {
            length == other && is_alike(wanted.data_type(), found.data_type())
        }
        (Map(wanted, _), Map(found, _)) => match (wanted.data_type(), found.data_type()) {
            (Struct(wanted), Struct(found)) => {
                let pairs = wanted.iter().zip(found);
                wanted.len() == found.len()
                    && pairs
                        .into_iter()
                        .all(|(wanted, found)| is_alike(wanted.data_type(), found.data_type()))
            }
            _ => false,
        },
        // The cast goes by name if it finds every name, and by position otherwise.
        (Struct(wanted), Struct(found)) => {
            wanted.len() == found.len()
                && wanted.iter().all(|field| {
                    let same = found.find(field.name());
                    same.is_some_and(|(_, same)| is_alike(field.data_type(), same.data_type()))
                })
        }
        (wanted, found) => wanted == found,
    }
}

fn fits(wanted: &DataType, found: &DataType) -> bool {
    is_alike(wanted, found) || is_wider(wanted, found)
}

/// Tells whether every value of the one type is a value of the other, or is refused by the cast.
fn is_wider(wide: &DataType, narrow: &DataType) -> bool {
    use DataType::*;
    match (narrow, wide) {
        (Dictionary(_, value), Dictionary(_, wide)) => fits(wide, value),
        (Dictionary(_, value), wide) => fits(wide, value),
        (Utf8 | LargeUtf8 | Utf8View, Dictionary(_, value)) => {
            matches!(**value, Utf8 | LargeUtf8 | Utf8View)
        }
        (Binary | LargeBinary | BinaryView, FixedSizeBinary(_)) => true,
        (List(narrow) | LargeList(narrow), List(wide) | LargeList(wide)) => {
            fits(wide.data_type(), narrow.data_type())
        }
        (Map(narrow, _), Map(wide, _)) => match (narrow.data_type(), wide.data_type()) {
            // Keys and values go by position, whatever they are called.
            (Struct(narrow), Struct(wide)) => {
                narrow.len() == wide.len()
                    && (wide.iter().zip(narrow))
                        .all(|(wide, narrow)| fits(wide.data_type(), narrow.data_type()))
            }
            _ => false,
        },
        (Struct(narrow), Struct(wide)) => {
            narrow.len() == wide.len()
                && wide.iter().all(|wide| {
                    let narrow = narrow.find(wide.name());
                    narrow.is_some_and(|(_, narrow)| fits(wide.data_type(), narrow.data_type()))
                })
        }
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View)
        | (Binary | LargeBinary | BinaryView, Binary | LargeBinary | BinaryView)
        | (FixedSizeBinary(_), Binary | LargeBinary | BinaryView) => true,
        (Int8, Int16 | Int32 | Int64 | Float32 | Float64)
        | (Int16, Int32 | Int64 | Float32 | Float64)
        | (Int32, Int64 | Float64)
        | (UInt8, UInt16 | UInt32 | UInt64 | Int16 | Int32 | Int64 | Float32 | Float64)
        | (UInt16, UInt32 | UInt64 | Int32 | Int64 | Float32 | Float64)
        | (UInt32, UInt64 | Int64 | Float64)
        | (Float16, Float32 | Float64)
        | (Float32, Float64)
        | (Date32, Date64) => true,
        (Timestamp(from, zone), Timestamp(to, other)) => zone == other && is_finer(to, from),
        (Time32(from) | Time64(from), Time32(to) | Time64(to)) => is_finer(to, from),
        (Duration(from), Duration(to)) => is_finer(to, from),
        (
            Decimal32(from, scale)
            | Decimal64(from, scale)
            | Decimal128(from, scale)
            | Decimal256(from, scale),
            Decimal32(to, other)
            | Decimal64(to, other)
            | Decimal128(to, other)
            | Decimal256(to, other),
        ) => to >= from && scale == other,
        _ => false,
    }
}

fn is_finer(fine: &TimeUnit, coarse: &TimeUnit) -> bool {
    let rank = |unit: &TimeUnit| match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 1,
        TimeUnit::Microsecond => 2,
        TimeUnit::Nanosecond => 3,
    };
    rank(fine) >= rank(coarse)
}
