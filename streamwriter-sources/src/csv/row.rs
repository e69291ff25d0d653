//! One record as a serde value.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::decode::CsvOptions;
use super::header::Header;
use crate::files::decode_error::DecodeError;
use crate::files::field::Field;
use crate::files::hive::DirectoryValue;

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
        let mut fields = UnnamedFields {
            fields: self.fields(),
            added: Added::new(self.header),
        };
        let value = visitor.visit_seq(&mut fields)?;
        let read = fields.fields.index + fields.added.index;
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
struct Fields<'r> {
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

    /// Reads the field before which one stands, whose column has been named.
    #[inline]
    fn next_value<'de, S: DeserializeSeed<'de>>(
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

/// The columns that come from the directories, one after another.
struct Added<'r> {
    values: &'r [DirectoryValue],
    index: usize,
}

impl<'r> Added<'r> {
    fn new(header: &'r Header) -> Self {
        Self {
            values: &header.values,
            index: 0,
        }
    }

    fn name(&self) -> Option<&'r str> {
        let value = self.values.get(self.index)?;
        Some(value.column.as_str())
    }

    /// Reads the value before which one stands.
    fn next_value<S: DeserializeSeed<'r>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError> {
        let index = self.index;
        let Some(value) = self.values.get(index) else {
            return Ok(None);
        };
        self.index += 1;
        seed.deserialize(value.field())
            .map(Some)
            .map_err(|error| error.of_directory(index))
    }
}

/// The fields of a record and what the directories add, in order.
struct UnnamedFields<'r> {
    fields: Fields<'r>,
    added: Added<'r>,
}

impl<'r> SeqAccess<'r> for &mut UnnamedFields<'r> {
    type Error = DecodeError;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'r>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError> {
        match self.fields.index < self.fields.record.ends.len() {
            true => self.fields.next_value(seed),
            false => self.added.next_value(seed),
        }
    }
}

/// The fields of a record and what the directories add, with the names of their columns.
struct NamedFields<'r> {
    fields: Fields<'r>,
    names: &'r [String],
    added: Added<'r>,
    /// Whether the last key was of the directories.
    is_added: bool,
}

impl<'r> MapAccess<'r> for NamedFields<'r> {
    type Error = DecodeError;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'r>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError> {
        let index = self.fields.index;
        let is_there = index < self.fields.record.ends.len();
        if let Some(name) = self.names.get(index).filter(|_| is_there) {
            return seed
                .deserialize(BorrowedStrDeserializer::new(name))
                .map(Some);
        }
        self.is_added = true;
        match self.added.name() {
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
        let value = match self.is_added {
            false => self.fields.next_value(seed),
            true => self.added.next_value(seed),
        };
        value?.ok_or_else(|| DecodeError::value("it has too few fields"))
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
        match &self.header.names {
            Some(names) => visitor.visit_map(NamedFields {
                fields: self.fields(),
                names,
                added: Added::new(self.header),
                is_added: false,
            }),
            None => self.visit_fields(visitor),
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
