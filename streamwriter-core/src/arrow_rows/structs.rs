//! Columns side by side.

use std::sync::Arc;

use arrow::array::builder::NullBufferBuilder;
use arrow::array::{Array, ArrayRef, AsArray, StructArray};
use arrow::buffer::NullBuffer;

use super::accept::other_type;
use super::column::{cannot_build, null_found};
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

    /// Returns the column of a field, checked by the reader of its type.
    ///
    /// It has no bound on the type of the field: a type that is no column is one error, there.
    ///
    /// # Errors
    /// There is no such column, or two, or it has another type or nulls.
    pub fn column<R>(
        &self,
        spec: ColumnSpec,
        reader: fn(&ArrayRef) -> FieldResult<R>,
    ) -> FieldResult<R> {
        self.array_of(&spec)
            .and_then(|array| {
                let column = reader(array)?;
                self.expect_values(&spec, array)?;
                Ok(column)
            })
            .map_err(|error| error.in_field(spec.name()))
    }

    fn array_of(&self, spec: &ColumnSpec) -> FieldResult<&'a ArrayRef> {
        let named = self.array.fields().iter().zip(self.array.columns());
        let mut named = named.filter(|(field, _)| field.name() == spec.name());
        match (named.next(), named.next()) {
            (Some((_, array)), None) => Ok(array),
            (None, _) => Err(self.missing(spec.column_type())),
            (Some(_), Some(_)) => Err(FieldError::new(
                "expected one column, found two of that name",
            )),
        }
    }

    /// Fails on nulls where the field is no `Option`.
    fn expect_values(&self, spec: &ColumnSpec, array: &ArrayRef) -> FieldResult<()> {
        // A null around a column hides nulls of its own, so each row is looked at by itself.
        let hidden = self.nulls.as_ref().is_some_and(|n| n.null_count() > 0);
        let nulls = array.logical_null_count();
        if nulls == 0 || spec.is_nullable() || hidden {
            return Ok(());
        }
        let (rows, expected) = (array.len(), spec.column_type().data_type());
        Err(FieldError::new(format!(
            "expected {expected} without nulls, found {nulls} nulls in {rows} rows: make the \
             field an `Option`"
        )))
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
