//! One field as a serde value.

use std::str::FromStr;

use serde::de::value::StrDeserializer;
use serde::de::{Deserializer, IntoDeserializer, Visitor};

use super::decode_error::DecodeError;

/// Characters of a field that an error message shows.
const SHOWN_CHARS: usize = 40;

/// The text of one field, and whether it stands for a null.
pub(crate) struct Field<'de> {
    pub(crate) text: &'de str,
    pub(crate) null: bool,
}

impl Field<'_> {
    #[inline]
    fn parse<T: FromStr>(&self, what: &str) -> Result<T, DecodeError> {
        if self.null {
            return Err(self.not_null());
        }
        self.text.parse().map_err(|_| self.not_a(what))
    }

    #[inline]
    fn text(&self) -> Result<(), DecodeError> {
        if self.null {
            return Err(self.not_null());
        }
        Ok(())
    }

    /// Refuses a finite number that is too large: the parser makes it infinite.
    #[inline]
    fn finite(&self, is_infinite: bool) -> Result<(), DecodeError> {
        if is_infinite && self.text.bytes().any(|byte| byte.is_ascii_digit()) {
            return Err(DecodeError::value(format!(
                "the number {} is too large",
                shown(self.text)
            )));
        }
        Ok(())
    }

    #[cold]
    fn not_null(&self) -> DecodeError {
        DecodeError::value(format!(
            "it is null ({}), and the field of the row type is not an `Option`",
            shown(self.text)
        ))
    }

    #[cold]
    fn not_a(&self, what: &str) -> DecodeError {
        DecodeError::value(format!("{} is not {what}", shown(self.text)))
    }
}

/// Returns a text in quotes, cut where it is long.
pub(crate) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty;)*) => {
        $(
            #[inline]
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
                const WHAT: &str = concat!("a number of type ", stringify!($type));
                visitor.$visit(self.parse::<$type>(WHAT)?)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for Field<'de> {
    type Error = DecodeError;

    numbers! {
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_i128 visit_i128 i128;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_u128 visit_u128 u128;
    }

    #[inline]
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let number: f32 = self.parse("a number")?;
        self.finite(number.is_infinite())?;
        visitor.visit_f32(number)
    }

    #[inline]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let number: f64 = self.parse("a number")?;
        self.finite(number.is_infinite())?;
        visitor.visit_f64(number)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_bool(self.parse("`true` or `false`")?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_char(self.parse("a single character")?)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.text()?;
        visitor.visit_borrowed_str(self.text)
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.text()?;
        visitor.visit_borrowed_bytes(self.text.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_bytes(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.null || self.text.is_empty() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.null || self.text.is_empty() {
            visitor.visit_unit()
        } else {
            Err(self.not_a("empty"))
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_unit(visitor)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.text()?;
        let text: StrDeserializer<'_, DecodeError> = self.text.into_deserializer();
        visitor.visit_enum(text)
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_borrowed_str(self.text)
    }

    #[inline]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    /// Guesses the type, for row types that do not say what they want.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.null {
            return visitor.visit_unit();
        }
        if let Ok(value) = self.text.parse() {
            return visitor.visit_bool(value);
        }
        if let Ok(number) = self.text.parse() {
            return visitor.visit_u64(number);
        }
        if let Ok(number) = self.text.parse() {
            return visitor.visit_i64(number);
        }
        match self.text.parse::<f64>() {
            Ok(number) if number.is_finite() => visitor.visit_f64(number),
            _ => visitor.visit_borrowed_str(self.text),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, _: V) -> Result<V::Value, DecodeError> {
        Err(one_value())
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, DecodeError> {
        Err(one_value())
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        _: V,
    ) -> Result<V::Value, DecodeError> {
        Err(one_value())
    }

    fn deserialize_map<V: Visitor<'de>>(self, _: V) -> Result<V::Value, DecodeError> {
        Err(one_value())
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, DecodeError> {
        Err(one_value())
    }
}

#[cold]
fn one_value() -> DecodeError {
    DecodeError::shape("a field holds one value, not a list, map or struct")
}
