//! A row without its partition columns.

use serde::ser::{Error, Impossible, SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};

use crate::cells;
use crate::partition::PartitionBy;

/// Serializes as the row does, except for the columns that its directory says.
pub(super) struct Without<'r, R> {
    pub(super) row: &'r R,
    pub(super) columns: &'r PartitionBy,
}

impl<R: Serialize> Serialize for Without<'_, R> {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        let columns = self.columns;
        self.row.serialize(Filter { inner, columns })
    }
}

struct Filter<'c, S> {
    inner: S,
    columns: &'c PartitionBy,
}

fn unnamed<T, E: Error>() -> Result<T, E> {
    Err(E::custom(
        "the row has no columns beside those by which it is partitioned",
    ))
}

macro_rules! unnamed {
    ($($method:ident($($argument:ty),*) -> $result:ty;)*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<$result, S::Error> {
            unnamed()
        }
    )*};
}

impl<'c, S: Serializer> Serializer for Filter<'c, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeMap = Map<'c, S::SerializeMap>;
    type SerializeStruct = Struct<'c, S::SerializeStruct>;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    unnamed! {
        serialize_bool(bool) -> S::Ok;
        serialize_i8(i8) -> S::Ok;
        serialize_i16(i16) -> S::Ok;
        serialize_i32(i32) -> S::Ok;
        serialize_i64(i64) -> S::Ok;
        serialize_i128(i128) -> S::Ok;
        serialize_u8(u8) -> S::Ok;
        serialize_u16(u16) -> S::Ok;
        serialize_u32(u32) -> S::Ok;
        serialize_u64(u64) -> S::Ok;
        serialize_u128(u128) -> S::Ok;
        serialize_f32(f32) -> S::Ok;
        serialize_f64(f64) -> S::Ok;
        serialize_char(char) -> S::Ok;
        serialize_str(&str) -> S::Ok;
        serialize_bytes(&[u8]) -> S::Ok;
        serialize_none() -> S::Ok;
        serialize_unit() -> S::Ok;
        serialize_unit_struct(&'static str) -> S::Ok;
        serialize_unit_variant(&'static str, u32, &'static str) -> S::Ok;
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        unnamed()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        Ok(Map {
            inner: self.inner.serialize_map(None)?,
            columns: self.columns,
            key: String::new(),
            left: 0,
            leaves_out: false,
        })
    }

    fn serialize_struct(
        self,
        name: &'static str,
        fields: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        Ok(Struct {
            // The formats of this crate ask only whether there is any field at all.
            inner: self.inner.serialize_struct(name, fields)?,
            columns: self.columns,
            left: 0,
        })
    }
}

struct Struct<'c, S> {
    inner: S,
    columns: &'c PartitionBy,
    left: usize,
}

impl<S: SerializeStruct> SerializeStruct for Struct<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), S::Error> {
        if self.columns.position(key).is_some() {
            return Ok(());
        }
        self.left += 1;
        self.inner.serialize_field(key, value)
    }

    fn skip_field(&mut self, key: &'static str) -> Result<(), S::Error> {
        if self.columns.position(key).is_some() {
            return Ok(());
        }
        self.left += 1;
        self.inner.skip_field(key)
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        match self.left {
            0 => unnamed(),
            _ => self.inner.end(),
        }
    }
}

struct Map<'c, S> {
    inner: S,
    columns: &'c PartitionBy,
    key: String,
    left: usize,
    leaves_out: bool,
}

impl<S: SerializeMap> SerializeMap for Map<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        cells::write_key(key, &mut self.key).map_err(S::Error::custom)?;
        self.leaves_out = self.columns.position(&self.key).is_some();
        if self.leaves_out {
            return Ok(());
        }
        self.left += 1;
        self.inner.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        if self.leaves_out {
            return Ok(());
        }
        self.inner.serialize_value(value)
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        match self.left {
            0 => unnamed(),
            _ => self.inner.end(),
        }
    }
}
