//! Columns side by side.

use std::sync::Arc;

use arrow::array::builder::NullBufferBuilder;
use arrow::array::{Array, ArrayRef, AsArray, StructArray};
use arrow::buffer::NullBuffer;

use super::accept::other_type;
use super::column::{Column, cannot_build, null_found, read_whole};
use super::spec::{ColumnSpec, ColumnType, fields};
use crate::message::{FieldError, FieldResult};

/// Puts the columns of a generated builder together.
///
/// # Errors
/// They are not equally long.
pub fn finish_struct(
    columns: &[ColumnSpec],
    arrays: Vec<ArrayRef>,
    mut valid: NullBufferBuilder,
) -> FieldResult<ArrayRef> {
    let array = StructArray::try_new(fields(columns), arrays, valid.finish());
    Ok(Arc::new(array.map_err(cannot_build)?))
}

/// The columns of a struct, by name; others may stand beside them.
#[derive(Debug)]
pub struct StructColumns<'a> {
    array: &'a StructArray,
    nulls: Option<NullBuffer>,
}

impl<'a> StructColumns<'a> {
    /// Takes an array of structs.
    ///
    /// # Errors
    /// The array has another type.
    pub fn open(array: &'a ArrayRef) -> FieldResult<Self> {
        let array = array
            .as_struct_opt()
            .ok_or_else(|| other_type("a Struct", array.data_type()))?;
        Ok(Self {
            array,
            nulls: array.nulls().cloned(),
        })
    }

    /// Returns the column of a field, checked.
    ///
    /// # Errors
    /// There is no such column, or two, or it has another type or nulls.
    pub fn column<T: Column<As>, As>(&self, name: &'static str) -> FieldResult<T::Reader> {
        self.checked::<T, As>(name)
            .map_err(|error| error.in_field(name))
    }

    fn checked<T: Column<As>, As>(&self, name: &str) -> FieldResult<T::Reader> {
        let named = self.array.fields().iter().zip(self.array.columns());
        let mut named = named.filter(|(field, _)| field.name() == name);
        let array = match (named.next(), named.next()) {
            (Some((_, array)), None) => array,
            (None, _) => return Err(self.missing(T::TYPE)),
            (Some(_), Some(_)) => {
                return Err(FieldError::new(
                    "expected one column, found two of that name",
                ));
            }
        };
        match &self.nulls {
            // A null around it hides its own nulls, so each row is looked at by itself.
            Some(nulls) if nulls.null_count() > 0 => T::reader(array),
            _ => read_whole::<T, As>(array),
        }
    }

    fn missing(&self, expected: ColumnType) -> FieldError {
        FieldError::new(format!(
            "expected {}, found no column of that name: the columns are {}",
            expected.data_type(),
            self.array.column_names().join(", ")
        ))
    }

    /// Returns where the structs themselves are null.
    #[must_use]
    pub fn into_reader(self) -> StructReader {
        StructReader { nulls: self.nulls }
    }
}

/// Where structs are null.
#[derive(Debug)]
pub struct StructReader {
    nulls: Option<NullBuffer>,
}

impl StructReader {
    /// Fails where there is no struct.
    ///
    /// # Errors
    /// A null.
    #[inline]
    pub fn expect(&self, at: usize) -> FieldResult<()> {
        match &self.nulls {
            Some(nulls) if nulls.is_null(at) => Err(null_found()),
            _ => Ok(()),
        }
    }
}
