//! How large columns may become once they are encoded, without a look at the encoder.

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait};
use arrow::datatypes::{ByteArrayType, DataType};
use arrow::record_batch::RecordBatch;

/// What the encoder may need for one value besides its bytes: a length, an index into a dictionary,
/// levels.
const PER_VALUE: usize = 8;

/// What a column may need besides its values: the headers and statistics of its pages, and indices that
/// become wider as the dictionary grows.
pub(super) const PER_COLUMN: usize = 64 * 1024;

/// Returns by how many bytes these rows let the estimate of a row group grow at most; `usize::MAX` where
/// nobody can say.
pub(super) fn encoded_max(columns: &RecordBatch) -> usize {
    let each = columns.columns().iter().map(of);
    each.fold(0, usize::saturating_add)
}

/// What an array needs besides its values.
const PER_ARRAY: usize = 256;

/// Returns how much memory rows need, without those beside them in the same arrays.
pub(super) fn in_memory(columns: &RecordBatch) -> usize {
    let each = columns.columns().iter().map(|column| {
        let values = column.to_data().get_slice_memory_size();
        values.unwrap_or_else(|_| column.get_array_memory_size()) + PER_ARRAY
    });
    each.fold(0, usize::saturating_add)
}

/// The dictionary and the indices may both hold a value, so each byte counts twice.
fn of(array: &ArrayRef) -> usize {
    let values = array.len();
    let bytes = match array.data_type() {
        DataType::Null | DataType::Boolean => values,
        DataType::Utf8 => text(array.as_string::<i32>()),
        DataType::LargeUtf8 => text(array.as_string::<i64>()),
        DataType::Binary => text(array.as_binary::<i32>()),
        DataType::LargeBinary => text(array.as_binary::<i64>()),
        DataType::Utf8View => array.as_string_view().lengths().map(|n| n as usize).sum(),
        DataType::BinaryView => array.as_binary_view().lengths().map(|n| n as usize).sum(),
        DataType::FixedSizeBinary(width) => values * usize::try_from(*width).unwrap_or(0),
        DataType::Struct(_) => {
            let inside = array.as_struct().columns().iter().map(of);
            return inside.fold(values * PER_VALUE, usize::saturating_add);
        }
        DataType::List(_) => return list::<i32>(array),
        DataType::LargeList(_) => return list::<i64>(array),
        DataType::Map(_, _) => {
            let map = array.as_map();
            let entries: ArrayRef = std::sync::Arc::new(map.entries().clone());
            return part(&entries, map.value_offsets(), values);
        }
        DataType::Dictionary(_, _) => {
            // Any row may have the longest of the values.
            let dictionary = array.as_any_dictionary();
            return of(dictionary.values())
                .max(PER_VALUE)
                .saturating_mul(values);
        }
        primitive => match primitive.primitive_width() {
            // Narrow integers are as wide as the narrowest type of Parquet.
            Some(width) => values * width.max(4),
            None => return usize::MAX,
        },
    };
    bytes.saturating_mul(2).saturating_add(values * PER_VALUE)
}

/// The bytes of the values: a sliced array has those of others beside them.
fn text<T: ByteArrayType>(array: &arrow::array::GenericByteArray<T>) -> usize {
    between(array.value_offsets()).map_or(0, |(from, to)| to - from)
}

fn list<O: OffsetSizeTrait>(array: &ArrayRef) -> usize {
    let list = array.as_list::<O>();
    part(list.values(), list.value_offsets(), array.len())
}

fn part<O: OffsetSizeTrait>(inside: &ArrayRef, offsets: &[O], values: usize) -> usize {
    let inside = match between(offsets) {
        Some((from, to)) => of(&inside.slice(from, to - from)),
        None => 0,
    };
    // Lists that are empty or null leave levels in the columns below.
    inside.saturating_add(values * PER_VALUE)
}

fn between<O: OffsetSizeTrait>(offsets: &[O]) -> Option<(usize, usize)> {
    Some((offsets.first()?.as_usize(), offsets.last()?.as_usize()))
}
