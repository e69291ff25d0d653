//! One record as a serde value.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::added::{Added, NamedAndAdded, UnnamedAndAdded};
use super::decode::CsvOptions;
use super::header::Header;
use crate::files::decode_error::DecodeError;
use crate::files::field::Field;

/// One record, whose number of fields and encoding are right.
pub(crate) struct Record<'r> {
    text: &'r str,
    ends: &'r [usize],
    header: &'r Header,
    options: &'r CsvOptions,
}

impl<'r> Record<'r> {
    #[inline]
    pub(crate) fn new(
        text: &'r [u8],
        ends: &'r [usize],
        header: &'r Header,
        options: &'r CsvOptions,
    ) -> Result<Self, DecodeError> {
        if ends.len() != header.columns && !options.flexible && header.columns > 0 {
            return Err(DecodeError::value(format!(
                "it has {} fields, the first row of the file has {}",
                ends.len(),
                header.columns
            )));
        }
        let text = std::str::from_utf8(text).map_err(|error| {
            let column = ends.partition_point(|&end| end <= error.valid_up_to());
            not_utf8().in_column(column)
        })?;
        Ok(Self {
            text,
            ends,
            header,
            options,
        })
    }

    /// Makes the row.
    #[inline]
    pub(crate) fn decode<R: DeserializeOwned>(&self) -> Result<R, DecodeError> {
        R::deserialize(self).map_err(|error| {
            if self.ends.len() < self.header.columns {
                error.of_short_record()
            } else {
                error
            }
        })
    }

    fn fields(&self) -> Fields<'_> {
        Fields {
            record: self,
            index: 0,
            start: 0,
        }
    }

    fn only_field(&self) -> Result<Field<'_>, DecodeError> {
        match self.ends {
            [_] if self.header.values.is_empty() => self
                .fields()
                .next_field()
                .unwrap_or_else(|| Err(not_utf8())),
            _ => Err(DecodeError::shape(format!(
                "there are {} columns, and the row type is a single value",
                self.ends.len() + self.header.values.len()
            ))),
        }
    }

    fn visit_fields<'de, V: Visitor<'de>>(&'de self, visitor: V) -> Result<V::Value, DecodeError> {
        let mut fields = self.fields();
        let (value, added) = match self.header.values.as_slice() {
            [] => (visitor.visit_seq(&mut fields)?, 0),
            values => {
                let mut added = Added::new(values);
                let value = visitor.visit_seq(UnnamedAndAdded {
                    fields: &mut fields,
                    added: &mut added,
                })?;
                (value, added.read())
            }
        };
        let read = fields.index + added;
        let there = self.ends.len() + self.header.values.len();
        if read < there && self.header.names.is_none() && !self.options.flexible {
            return Err(DecodeError::shape(format!(
                "there are {there} columns, and the row type has {read} fields"
            )));
        }
        Ok(value)
    }
}

#[cold]
fn not_utf8() -> DecodeError {
    DecodeError::value("it is not UTF-8")
}

/// The fields of a record, one after another.
pub(super) struct Fields<'r> {
    record: &'r Record<'r>,
    index: usize,
    start: usize,
}

impl<'r> Fields<'r> {
    #[inline]
    fn next_field(&mut self) -> Option<Result<Field<'r>, DecodeError>> {
        let end = *self.record.ends.get(self.index)?;
        // Two fields that are not UTF-8 may be UTF-8 when they stand side by side.
        let Some(text) = self.record.text.get(self.start..end) else {
            return Some(Err(not_utf8().in_column(self.index)));
        };
        self.start = end;
        self.index += 1;
        let null = self
            .record
            .options
            .null_values
            .iter()
            .any(|value| value == text);
        Some(Ok(Field { text, null }))
    }

    /// Tells whether no field is left.
    pub(super) fn is_at_end(&self) -> bool {
        self.index >= self.record.ends.len()
    }

    /// Reads the field before which one stands, whose column has been named.
    #[inline]
    pub(super) fn next_value<'de, S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError>
    where
        'r: 'de,
    {
        let column = self.index;
        match self.next_field() {
            Some(field) => seed
                .deserialize(field?)
                .map(Some)
                .map_err(|error| error.in_column(column)),
            None => Ok(None),
        }
    }
}

impl<'r> SeqAccess<'r> for &mut Fields<'r> {
    type Error = DecodeError;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'r>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError> {
        self.next_value(seed)
    }
}

/// The fields of a record with the names of their columns.
pub(super) struct NamedFields<'r> {
    fields: Fields<'r>,
    names: &'r [String],
}

impl NamedFields<'_> {
    /// Tells whether a field with a name is left.
    pub(super) fn has_next(&self) -> bool {
        !self.fields.is_at_end() && self.fields.index < self.names.len()
    }
}

impl<'r> MapAccess<'r> for NamedFields<'r> {
    type Error = DecodeError;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'r>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError> {
        if self.fields.index >= self.fields.record.ends.len() {
            return Ok(None);
        }
        match self.names.get(self.fields.index) {
            Some(name) => seed
                .deserialize(BorrowedStrDeserializer::new(name))
                .map(Some),
            None => Ok(None),
        }
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'r>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, DecodeError> {
        self.fields
            .next_value(seed)?
            .ok_or_else(|| DecodeError::value("it has too few fields"))
    }
}

macro_rules! single_values {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
                self.only_field()?.$method(visitor)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for &'de Record<'_> {
    type Error = DecodeError;

    single_values! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_bool deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf deserialize_option
        deserialize_identifier
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_map(visitor)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_map(visitor)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let Some(names) = &self.header.names else {
            return self.visit_fields(visitor);
        };
        let fields = self.fields();
        let fields = NamedFields { fields, names };
        match self.header.values.as_slice() {
            [] => visitor.visit_map(fields),
            // Apart, since it costs other rows a tenth of their speed.
            values => visitor.visit_map(NamedAndAdded::new(fields, values)),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.visit_fields(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.visit_fields(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.visit_fields(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.only_field()?.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }
}

/// Returns the names of the fields of a row type, if it is a struct.
pub(crate) fn fields_of<R: DeserializeOwned>() -> Option<&'static [&'static str]> {
    let mut fields = None;
    // The probe has no values: it is asked for a struct, notes the fields and refuses.
    let _ = R::deserialize(Probe(&mut fields));
    fields
}

struct Probe<'p>(&'p mut Option<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, DecodeError> {
        Err(DecodeError::value("this is only a probe"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        *self.0 = Some(fields);
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
