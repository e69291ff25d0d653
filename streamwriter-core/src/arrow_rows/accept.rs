//! Which arrays hold the values of a column.

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::spec::ColumnType;
use crate::message::{FieldError, FieldResult};

/// Returns the array with the layout of the column.
///
/// Other layouts of the same values are converted once: large and view strings and bytes,
/// dictionaries. The zone in which instants are shown does not matter.
pub(super) fn array_as(array: &ArrayRef, column: ColumnType) -> FieldResult<ArrayRef> {
    let (found, expected) = (array.data_type(), column.data_type());
    if *found == expected || differs_by_zone(found, &expected) {
        return Ok(ArrayRef::clone(array));
    }
    if !same_values(found, &expected) {
        return Err(other_type(&expected.to_string(), found));
    }
    cast(array, &expected).map_err(|error| {
        FieldError::new(format!("{found} does not fit into {expected}")).with_source(error)
    })
}

/// Returns the array as one of this primitive type.
pub(super) fn primitive_as<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    column: ColumnType,
) -> FieldResult<PrimitiveArray<T>> {
    let array = array_as(array, column)?;
    let primitive = array.as_primitive_opt::<T>().cloned();
    primitive.ok_or_else(|| other_type(&column.data_type().to_string(), array.data_type()))
}

pub(super) fn other_type(expected: &str, found: &DataType) -> FieldError {
    FieldError::new(format!("expected {expected}, found {found}"))
}

fn same_values(found: &DataType, expected: &DataType) -> bool {
    use DataType::{Binary, BinaryView, Dictionary, LargeBinary, LargeUtf8, Utf8, Utf8View};
    match (found, expected) {
        (LargeUtf8 | Utf8View, Utf8) | (LargeBinary | BinaryView, Binary) => true,
        // An enum: names by number, of whatever width, or the names themselves.
        (Dictionary(_, found), Dictionary(_, expected)) => {
            found == expected || same_values(found, expected)
        }
        (Utf8 | LargeUtf8 | Utf8View, Dictionary(_, _)) => true,
        (Dictionary(_, found), expected) => **found == *expected || same_values(found, expected),
        _ => false,
    }
}

fn differs_by_zone(found: &DataType, expected: &DataType) -> bool {
    match (found, expected) {
        (DataType::Timestamp(found, Some(_)), DataType::Timestamp(expected, Some(_))) => {
            found == expected
        }
        _ => false,
    }
}
