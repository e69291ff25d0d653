//! One column, opened for reading value by value.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, BooleanArray, FixedSizeBinaryArray,
    LargeBinaryArray, LargeStringArray, PrimitiveArray, StringArray, StringViewArray,
};
use arrow::buffer::NullBuffer;
use arrow::compute::{can_cast_types, cast};
use arrow::datatypes::{
    DataType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};

use super::printed::{base64, printed};

/// A column of a batch.
pub(super) struct Column {
    nulls: Option<NullBuffer>,
    values: Values,
}

enum Values {
    Null,
    Bool(BooleanArray),
    I8(PrimitiveArray<Int8Type>),
    I16(PrimitiveArray<Int16Type>),
    I32(PrimitiveArray<Int32Type>),
    I64(PrimitiveArray<Int64Type>),
    U8(PrimitiveArray<UInt8Type>),
    U16(PrimitiveArray<UInt16Type>),
    U32(PrimitiveArray<UInt32Type>),
    U64(PrimitiveArray<UInt64Type>),
    F32(PrimitiveArray<Float32Type>),
    F64(PrimitiveArray<Float64Type>),
    Text(StringArray),
    LargeText(LargeStringArray),
    TextView(StringViewArray),
    Bytes(BinaryArray),
    LargeBytes(LargeBinaryArray),
    BytesView(BinaryViewArray),
    FixedBytes(FixedSizeBinaryArray),
    List {
        ends: Vec<usize>,
        items: Box<Column>,
    },
    Map {
        ends: Vec<usize>,
        keys: Box<Column>,
        items: Box<Column>,
    },
    Struct(Vec<(String, Column)>),
}

/// Says which part of a column has no text, if one has none.
pub(super) fn expect_text(name: &str, data_type: &DataType) -> Result<(), String> {
    match data_type {
        DataType::Struct(fields) => fields.iter().try_for_each(|field| {
            expect_text(&format!("{name}.{}", field.name()), field.data_type())
        }),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            expect_text(&format!("{name}[]"), item.data_type())
        }
        DataType::Map(entries, _) => expect_text(name, entries.data_type()),
        DataType::Dictionary(_, values) => expect_text(name, values),
        DataType::Null | DataType::Binary | DataType::LargeBinary => Ok(()),
        DataType::BinaryView | DataType::FixedSizeBinary(_) => Ok(()),
        DataType::Union(_, _) | DataType::RunEndEncoded(_, _) => Err(of_type(name, data_type)),
        DataType::ListView(_) | DataType::LargeListView(_) => Err(of_type(name, data_type)),
        other if can_cast_types(other, &DataType::Utf8) => Ok(()),
        other => Err(of_type(name, other)),
    }
}

fn of_type(name: &str, data_type: &DataType) -> String {
    format!("column `{name}` is {data_type}")
}

impl Column {
    /// Opens a column; the name is for errors.
    pub(super) fn of(name: &str, array: &ArrayRef) -> Result<Self, ArrowError> {
        if let DataType::Dictionary(_, values) = array.data_type() {
            return Self::of(name, &cast(array, values)?);
        }
        Ok(Self {
            nulls: array.nulls().cloned(),
            values: Values::of(name, array)?,
        })
    }

    /// Returns a value for serde.
    pub(super) fn value(&self, at: usize) -> Value<'_> {
        Value { column: self, at }
    }
}

impl Values {
    fn of(name: &str, array: &ArrayRef) -> Result<Self, ArrowError> {
        expect_text(name, array.data_type()).map_err(ArrowError::CastError)?;
        Ok(match array.data_type() {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool(array.as_boolean().clone()),
            DataType::Int8 => Self::I8(array.as_primitive().clone()),
            DataType::Int16 => Self::I16(array.as_primitive().clone()),
            DataType::Int32 => Self::I32(array.as_primitive().clone()),
            DataType::Int64 => Self::I64(array.as_primitive().clone()),
            DataType::UInt8 => Self::U8(array.as_primitive().clone()),
            DataType::UInt16 => Self::U16(array.as_primitive().clone()),
            DataType::UInt32 => Self::U32(array.as_primitive().clone()),
            DataType::UInt64 => Self::U64(array.as_primitive().clone()),
            DataType::Float16 => {
                let halves = array.as_primitive::<Float16Type>();
                Self::F32(halves.unary(|half| half.to_f32()))
            }
            DataType::Float32 => Self::F32(array.as_primitive().clone()),
            DataType::Float64 => Self::F64(array.as_primitive().clone()),
            DataType::Utf8 => Self::Text(array.as_string().clone()),
            DataType::LargeUtf8 => Self::LargeText(array.as_string().clone()),
            DataType::Utf8View => Self::TextView(array.as_string_view().clone()),
            DataType::Binary => Self::Bytes(array.as_binary().clone()),
            DataType::LargeBinary => Self::LargeBytes(array.as_binary().clone()),
            DataType::BinaryView => Self::BytesView(array.as_binary_view().clone()),
            DataType::FixedSizeBinary(_) => Self::FixedBytes(array.as_fixed_size_binary().clone()),
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let ends = list.offsets().iter().map(|end| *end as usize);
                Self::list(name, ends, list.values())?
            }
            DataType::LargeList(_) => {
                let list = array.as_list::<i64>();
                let ends = list.offsets().iter().map(|end| *end as usize);
                Self::list(name, ends, list.values())?
            }
            DataType::FixedSizeList(_, size) => {
                let list = array.as_fixed_size_list();
                let size = usize::try_from(*size).unwrap_or_default();
                Self::list(name, (0..=list.len()).map(|at| at * size), list.values())?
            }
            DataType::Map(_, _) => {
                let map = array.as_map();
                Self::Map {
                    ends: map.offsets().iter().map(|end| *end as usize).collect(),
                    keys: Box::new(Column::of(name, map.keys())?),
                    items: Box::new(Column::of(name, map.values())?),
                }
            }
            DataType::Struct(fields) => {
                let columns = fields.iter().zip(array.as_struct().columns());
                let columns = columns.map(|(field, column)| {
                    Ok((field.name().clone(), Column::of(field.name(), column)?))
                });
                Self::Struct(columns.collect::<Result<_, ArrowError>>()?)
            }
            _ => Self::Text(printed(&Arc::clone(array))?),
        })
    }

    fn list(
        name: &str,
        ends: impl Iterator<Item = usize>,
        items: &ArrayRef,
    ) -> Result<Self, ArrowError> {
        Ok(Self::List {
            ends: ends.collect(),
            items: Box::new(Column::of(name, items)?),
        })
    }
}

/// One value of a column.
pub(super) struct Value<'c> {
    column: &'c Column,
    at: usize,
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let at = self.at;
        if self
            .column
            .nulls
            .as_ref()
            .is_some_and(|nulls| nulls.is_null(at))
        {
            return serializer.serialize_none();
        }
        match &self.column.values {
            Values::Null => serializer.serialize_none(),
            Values::Bool(values) => serializer.serialize_bool(values.value(at)),
            Values::I8(values) => serializer.serialize_i8(values.value(at)),
            Values::I16(values) => serializer.serialize_i16(values.value(at)),
            Values::I32(values) => serializer.serialize_i32(values.value(at)),
            Values::I64(values) => serializer.serialize_i64(values.value(at)),
            Values::U8(values) => serializer.serialize_u8(values.value(at)),
            Values::U16(values) => serializer.serialize_u16(values.value(at)),
            Values::U32(values) => serializer.serialize_u32(values.value(at)),
            Values::U64(values) => serializer.serialize_u64(values.value(at)),
            Values::F32(values) => serializer.serialize_f32(values.value(at)),
            Values::F64(values) => serializer.serialize_f64(values.value(at)),
            Values::Text(values) => serializer.serialize_str(values.value(at)),
            Values::LargeText(values) => serializer.serialize_str(values.value(at)),
            Values::TextView(values) => serializer.serialize_str(values.value(at)),
            Values::Bytes(values) => serializer.serialize_str(&base64(values.value(at))),
            Values::LargeBytes(values) => serializer.serialize_str(&base64(values.value(at))),
            Values::BytesView(values) => serializer.serialize_str(&base64(values.value(at))),
            Values::FixedBytes(values) => serializer.serialize_str(&base64(values.value(at))),
            Values::List { ends, items } => {
                let range = range_of::<S>(ends, at)?;
                let mut list = serializer.serialize_seq(Some(range.len()))?;
                for at in range {
                    list.serialize_element(&items.value(at))?;
                }
                list.end()
            }
            Values::Map { ends, keys, items } => {
                let range = range_of::<S>(ends, at)?;
                let mut map = serializer.serialize_map(Some(range.len()))?;
                for at in range {
                    map.serialize_entry(&keys.value(at), &items.value(at))?;
                }
                map.end()
            }
            Values::Struct(columns) => {
                let mut map = serializer.serialize_map(Some(columns.len()))?;
                for (name, column) in columns {
                    map.serialize_entry(name, &column.value(at))?;
                }
                map.end()
            }
        }
    }
}

fn range_of<S: Serializer>(ends: &[usize], at: usize) -> Result<Range<usize>, S::Error> {
    match ends.get(at..at + 2) {
        Some([start, end]) => Ok(*start..*end),
        _ => Err(S::Error::custom("the list has no such item")),
    }
}
