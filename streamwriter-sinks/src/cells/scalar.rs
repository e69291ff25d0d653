//! Hands one value to a sink as one cell, or finds that it has parts.

use serde::ser::{self, Serialize};

use super::{Cell, CellError, CellSink, Name};

/// What a value turned out to be.
pub(super) enum Visited {
    /// One cell, which the sink has.
    Cell,
    /// A value with parts, of this sort.
    Nested(&'static str),
}

pub(super) struct ScalarSerializer<'v, S> {
    pub(super) column: Name<'v>,
    pub(super) sink: &'v mut S,
}

impl<S: CellSink> ScalarSerializer<'_, S> {
    #[inline]
    fn cell(self, cell: Cell<'_>) -> Result<Visited, CellError> {
        self.sink.cell(self.column, cell)?;
        Ok(Visited::Cell)
    }
}

macro_rules! integers {
    ($($method:ident($type:ty);)*) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<Visited, CellError> {
            self.cell(Cell::Number(itoa::Buffer::new().format(value)))
        }
    )*};
}

/// The shortest text that reads back as the same number, as `{:?}` prints it; `{}` would print 1e300
/// in full. Numbers that need no exponent are printed by zmij, which is faster; its exponents have
/// another form (`1e+300`).
macro_rules! floats {
    ($($method:ident($type:ty);)*) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<Visited, CellError> {
            let size = value.abs();
            match size == 0.0 || (1e-4..1e13).contains(&size) {
                true => self.cell(Cell::Float(zmij::Buffer::new().format_finite(value))),
                false => self.cell(Cell::Float(&format!("{value:?}"))),
            }
        }
    )*};
}

impl<S: CellSink> ser::Serializer for ScalarSerializer<'_, S> {
    type Ok = Visited;
    type Error = CellError;
    type SerializeSeq = Parts;
    type SerializeTuple = Parts;
    type SerializeTupleStruct = Parts;
    type SerializeTupleVariant = Parts;
    type SerializeMap = Parts;
    type SerializeStruct = Parts;
    type SerializeStructVariant = Parts;

    integers! {
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
    }

    floats! {
        serialize_f32(f32);
        serialize_f64(f64);
    }

    fn serialize_bool(self, value: bool) -> Result<Visited, CellError> {
        self.serialize_str(if value { "true" } else { "false" })
    }

    fn serialize_char(self, value: char) -> Result<Visited, CellError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<Visited, CellError> {
        self.cell(Cell::Text(value))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Visited, CellError> {
        match std::str::from_utf8(value) {
            Ok(text) => self.serialize_str(text),
            Err(_) => Ok(Visited::Nested("bytes that are not UTF-8")),
        }
    }

    #[inline]
    fn serialize_none(self) -> Result<Visited, CellError> {
        self.cell(Cell::Null)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Visited, CellError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Visited, CellError> {
        self.cell(Cell::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Visited, CellError> {
        self.cell(Cell::Null)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Visited, CellError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Visited, CellError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Visited, CellError> {
        Ok(Visited::Nested("an enum with data"))
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
            type Ok = Visited;
            type Error = CellError;

            $(fn $method<T: Serialize + ?Sized>(&mut self, $(_: $argument,)* _: &T) -> Result<(), CellError> {
                Ok(())
            })*

            fn end(self) -> Result<Visited, CellError> {
                Ok(Visited::Nested(self.0))
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
