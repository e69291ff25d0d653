//! Renders one value into one cell, or finds that it has parts.

use std::fmt::{self, Write as _};

use serde::ser::{self, Serialize};

use super::CellError;

/// What a value turned out to be; the text stands in the scratch string.
pub(super) enum Scalar {
    Null,
    Number,
    Float,
    Text,
    Nested(&'static str),
}

pub(super) struct ScalarSerializer<'s> {
    pub(super) text: &'s mut String,
}

impl ScalarSerializer<'_> {
    fn number(self, number: fmt::Arguments<'_>) -> Scalar {
        // Writing to a string cannot fail.
        let _ = self.text.write_fmt(number);
        Scalar::Number
    }

    /// The shortest text that reads back as the same number; `{}` would print 1e300 in full.
    fn float(self, number: fmt::Arguments<'_>) -> Scalar {
        // Writing to a string cannot fail.
        let _ = self.text.write_fmt(number);
        Scalar::Float
    }
}

macro_rules! numbers {
    ($($method:ident($type:ty) as $format:literal;)*) => {$(
        fn $method(self, value: $type) -> Result<Scalar, CellError> {
            Ok(self.number(format_args!($format, value)))
        }
    )*};
}

impl ser::Serializer for ScalarSerializer<'_> {
    type Ok = Scalar;
    type Error = CellError;
    type SerializeSeq = Parts;
    type SerializeTuple = Parts;
    type SerializeTupleStruct = Parts;
    type SerializeTupleVariant = Parts;
    type SerializeMap = Parts;
    type SerializeStruct = Parts;
    type SerializeStructVariant = Parts;

    numbers! {
        serialize_i8(i8) as "{}";
        serialize_i16(i16) as "{}";
        serialize_i32(i32) as "{}";
        serialize_i64(i64) as "{}";
        serialize_i128(i128) as "{}";
        serialize_u8(u8) as "{}";
        serialize_u16(u16) as "{}";
        serialize_u32(u32) as "{}";
        serialize_u64(u64) as "{}";
        serialize_u128(u128) as "{}";
    }

    fn serialize_f32(self, value: f32) -> Result<Scalar, CellError> {
        Ok(self.float(format_args!("{value:?}")))
    }

    fn serialize_f64(self, value: f64) -> Result<Scalar, CellError> {
        Ok(self.float(format_args!("{value:?}")))
    }

    fn serialize_bool(self, value: bool) -> Result<Scalar, CellError> {
        self.serialize_str(if value { "true" } else { "false" })
    }

    fn serialize_char(self, value: char) -> Result<Scalar, CellError> {
        self.text.push(value);
        Ok(Scalar::Text)
    }

    fn serialize_str(self, value: &str) -> Result<Scalar, CellError> {
        self.text.push_str(value);
        Ok(Scalar::Text)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Scalar, CellError> {
        match std::str::from_utf8(value) {
            Ok(text) => self.serialize_str(text),
            Err(_) => Ok(Scalar::Nested("bytes that are not UTF-8")),
        }
    }

    fn serialize_none(self) -> Result<Scalar, CellError> {
        Ok(Scalar::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Scalar, CellError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Scalar, CellError> {
        Ok(Scalar::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Scalar, CellError> {
        Ok(Scalar::Null)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Scalar, CellError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Scalar, CellError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Scalar, CellError> {
        Ok(Scalar::Nested("an enum with data"))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts, CellError> {
        Ok(Parts("a list"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts, CellError> {
        Ok(Parts("a tuple"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts, CellError> {
        Ok(Parts("a tuple"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Parts, CellError> {
        Ok(Parts("an enum with data"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts, CellError> {
        Ok(Parts("a map"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts, CellError> {
        Ok(Parts("a struct"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Parts, CellError> {
        Ok(Parts("an enum with data"))
    }
}

/// Swallows the parts of a nested value and tells what it was.
pub(super) struct Parts(&'static str);

macro_rules! swallow {
    ($($trait:ident { $($method:ident($($argument:ty),*));* })*) => {$(
        impl ser::$trait for Parts {
            type Ok = Scalar;
            type Error = CellError;

            $(fn $method<T: Serialize + ?Sized>(&mut self, $(_: $argument,)* _: &T) -> Result<(), CellError> {
                Ok(())
            })*

            fn end(self) -> Result<Scalar, CellError> {
                Ok(Scalar::Nested(self.0))
            }
        }
    )*};
}

swallow! {
    SerializeSeq { serialize_element() }
    SerializeTuple { serialize_element() }
    SerializeTupleStruct { serialize_field() }
    SerializeTupleVariant { serialize_field() }
    SerializeMap { serialize_key(); serialize_value() }
    SerializeStruct { serialize_field(&'static str) }
    SerializeStructVariant { serialize_field(&'static str) }
}
