//! Takes a row apart into its columns.

use std::fmt::Write as _;

use serde::ser::{self, Serialize};

use super::{Cell, CellError, CellSink, Name, VALUE_COLUMN, visit_value};

/// What became of a row.
pub(super) enum Visited {
    /// Its cells were handed over.
    Cells,
    /// It is one value with parts, of this sort.
    Whole(&'static str),
}

pub(super) struct RowSerializer<'s, S> {
    pub(super) sink: &'s mut S,
}

impl<S: CellSink> RowSerializer<'_, S> {
    fn value<T: Serialize + ?Sized>(self, value: &T) -> Result<Visited, CellError> {
        visit_value(Name::Field(VALUE_COLUMN), value, self.sink)?;
        Ok(Visited::Cells)
    }
}

impl<'s, S: CellSink> RowSerializer<'s, S> {
    fn columns(self) -> Columns<'s, S> {
        Columns {
            sink: self.sink,
            key: String::new(),
            index: 0,
        }
    }
}

macro_rules! values {
    ($($method:ident($type:ty);)*) => {$(
        fn $method(self, value: $type) -> Result<Visited, CellError> {
            self.value(&value)
        }
    )*};
}

impl<'s, S: CellSink> ser::Serializer for RowSerializer<'s, S> {
    type Ok = Visited;
    type Error = CellError;
    type SerializeSeq = Columns<'s, S>;
    type SerializeTuple = Columns<'s, S>;
    type SerializeTupleStruct = Columns<'s, S>;
    type SerializeTupleVariant = Whole;
    type SerializeMap = Columns<'s, S>;
    type SerializeStruct = Columns<'s, S>;
    type SerializeStructVariant = Whole;

    values! {
        serialize_bool(bool);
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
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Visited, CellError> {
        match std::str::from_utf8(value) {
            Ok(text) => self.value(text),
            Err(_) => Ok(Visited::Whole("bytes that are not UTF-8")),
        }
    }

    fn serialize_none(self) -> Result<Visited, CellError> {
        self.value(&())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Visited, CellError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Visited, CellError> {
        self.value(&())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Visited, CellError> {
        self.value(&())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Visited, CellError> {
        self.value(variant)
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
        Ok(Visited::Whole("an enum with data"))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Columns<'s, S>, CellError> {
        Ok(self.columns())
    }

    fn serialize_tuple(self, _: usize) -> Result<Columns<'s, S>, CellError> {
        Ok(self.columns())
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Columns<'s, S>, CellError> {
        Ok(self.columns())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Whole, CellError> {
        Ok(Whole)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Columns<'s, S>, CellError> {
        Ok(self.columns())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Columns<'s, S>, CellError> {
        Ok(self.columns())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Whole, CellError> {
        Ok(Whole)
    }
}

/// Hands the columns of a row to the sink.
pub(super) struct Columns<'s, S> {
    sink: &'s mut S,
    key: String,
    index: usize,
}

impl<S: CellSink> Columns<'_, S> {
    fn numbered<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CellError> {
        self.index += 1;
        self.key.clear();
        // Writing to a string cannot fail.
        let _ = write!(self.key, "_{}", self.index);
        visit_value(Name::Other(&self.key), value, self.sink)
    }
}

impl<S: CellSink> ser::SerializeStruct for Columns<'_, S> {
    type Ok = Visited;
    type Error = CellError;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), CellError> {
        visit_value(Name::Field(key), value, self.sink)
    }

    /// A field that is skipped has no value, and keeps its column.
    fn skip_field(&mut self, key: &'static str) -> Result<(), CellError> {
        visit_value(Name::Field(key), &(), self.sink)
    }

    fn end(self) -> Result<Visited, CellError> {
        Ok(Visited::Cells)
    }
}

impl<S: CellSink> ser::SerializeMap for Columns<'_, S> {
    type Ok = Visited;
    type Error = CellError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), CellError> {
        self.key.clear();
        visit_value(Name::Other(""), key, &mut Key(&mut self.key))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CellError> {
        visit_value(Name::Other(&self.key), value, self.sink)
    }

    fn end(self) -> Result<Visited, CellError> {
        Ok(Visited::Cells)
    }
}

/// Takes the one cell of a key as the name of a column.
pub(super) struct Key<'k>(pub(super) &'k mut String);

impl CellSink for Key<'_> {
    fn cell(&mut self, _: Name<'_>, cell: Cell<'_>) -> Result<(), CellError> {
        match cell {
            Cell::Null => Err(not_a_name("nothing")),
            Cell::Number(text) | Cell::Float(text) | Cell::Text(text) => {
                self.0.push_str(text);
                Ok(())
            }
        }
    }

    fn nested<T: Serialize + ?Sized>(
        &mut self,
        _: &str,
        what: &'static str,
        _: &T,
    ) -> Result<(), CellError> {
        Err(not_a_name(what))
    }
}

fn not_a_name(what: &str) -> CellError {
    CellError::Custom(format!(
        "a key of the row is {what} and cannot name a column"
    ))
}

macro_rules! numbered {
    ($($trait:ident::$method:ident;)*) => {$(
        impl<S: CellSink> ser::$trait for Columns<'_, S> {
            type Ok = Visited;
            type Error = CellError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CellError> {
                self.numbered(value)
            }

            fn end(self) -> Result<Visited, CellError> {
                Ok(Visited::Cells)
            }
        }
    )*};
}

numbered! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
}

/// Swallows the parts of a row that is an enum variant with data.
pub(super) struct Whole;

impl ser::SerializeTupleVariant for Whole {
    type Ok = Visited;
    type Error = CellError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), CellError> {
        Ok(())
    }

    fn end(self) -> Result<Visited, CellError> {
        Ok(Visited::Whole("an enum with data"))
    }
}

impl ser::SerializeStructVariant for Whole {
    type Ok = Visited;
    type Error = CellError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        _: &'static str,
        _: &T,
    ) -> Result<(), CellError> {
        Ok(())
    }

    fn end(self) -> Result<Visited, CellError> {
        Ok(Visited::Whole("an enum with data"))
    }
}
