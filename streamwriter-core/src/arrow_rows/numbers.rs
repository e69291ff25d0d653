//! Integers, floats and `bool`.

use std::sync::Arc;

use arrow::array::builder::{BooleanBuilder, PrimitiveBuilder};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray};
use arrow::datatypes::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};

use super::accept::{array_as, other_type, primitive_as};
use super::column::{Column, ColumnBuilder, ListItem, not_null};
use super::spec::ColumnType;
use crate::message::FieldResult;

macro_rules! number {
    ($($rust:ty => $arrow:ty, $column:ident;)*) => {$(
        impl Column for $rust {
            type Builder = PrimitiveBuilder<$arrow>;
            type Reader = PrimitiveArray<$arrow>;

            const TYPE: ColumnType = ColumnType::$column;

            fn builder(rows: usize) -> Self::Builder {
                PrimitiveBuilder::with_capacity(rows)
            }

            #[inline]
            fn append(value: &Self, builder: &mut Self::Builder) -> FieldResult<()> {
                builder.append_value(*value);
                Ok(())
            }

            fn reader(array: &ArrayRef) -> FieldResult<Self::Reader> {
                primitive_as(array, ColumnType::$column)
            }

            #[inline]
            fn read(reader: &Self::Reader, at: usize) -> FieldResult<Self> {
                not_null(reader, at)?;
                Ok(reader.value(at))
            }
        }
    )*};
}

number! {
    i8 => Int8Type, Int8;
    i16 => Int16Type, Int16;
    i32 => Int32Type, Int32;
    i64 => Int64Type, Int64;
    u8 => UInt8Type, UInt8;
    u16 => UInt16Type, UInt16;
    u32 => UInt32Type, UInt32;
    u64 => UInt64Type, UInt64;
    f32 => Float32Type, Float32;
    f64 => Float64Type, Float64;
}

macro_rules! list_items {
    ($($rust:ty),*) => {$(impl ListItem for $rust {})*};
}

// All but u8: a `Vec<u8>` is bytes.
list_items!(bool, i8, i16, i32, i64, u16, u32, u64, f32, f64);

impl Column for bool {
    type Builder = BooleanBuilder;
    type Reader = BooleanArray;

    const TYPE: ColumnType = ColumnType::Boolean;

    fn builder(rows: usize) -> BooleanBuilder {
        BooleanBuilder::with_capacity(rows)
    }

    #[inline]
    fn append(value: &Self, builder: &mut BooleanBuilder) -> FieldResult<()> {
        builder.append_value(*value);
        Ok(())
    }

    fn reader(array: &ArrayRef) -> FieldResult<BooleanArray> {
        let array = array_as(array, Self::TYPE)?;
        let booleans = array.as_boolean_opt().cloned();
        booleans.ok_or_else(|| other_type("Boolean", array.data_type()))
    }

    #[inline]
    fn read(reader: &BooleanArray, at: usize) -> FieldResult<Self> {
        not_null(reader, at)?;
        Ok(reader.value(at))
    }
}

impl ColumnBuilder for BooleanBuilder {
    #[inline]
    fn append_null(&mut self) {
        Self::append_null(self);
    }

    fn finish(mut self) -> FieldResult<ArrayRef> {
        Ok(Arc::new(Self::finish(&mut self)))
    }
}
