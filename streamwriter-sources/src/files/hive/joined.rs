//! A JSON object with the columns of its directories as further fields.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::slice;

use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer,
    MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use streamwriter_core::Error;

use super::segment::DirectoryValue;

/// Why a line does not become a row.
pub(crate) enum Refused {
    /// The line does not fit.
    Line(serde_json::Error),
    /// No line of the file can fit.
    File(Error),
}

/// Reads an object and adds what the directories say.
pub(crate) fn parse_joined<R: DeserializeOwned>(
    text: &str,
    values: &[DirectoryValue],
) -> Result<R, Refused> {
    let mut json = serde_json::Deserializer::from_str(text);
    let unfit = Cell::new(None);
    let row = R::deserialize(Joined {
        inner: &mut json,
        values,
        unfit: &unfit,
    });
    match (row, unfit.get()) {
        (Ok(row), _) => match json.end() {
            Ok(()) => Ok(row),
            Err(error) => Err(Refused::Line(error)),
        },
        (Err(error), Some(value)) => Err(Refused::File(value.unfit(&without_place(&error)))),
        (Err(error), None) => Err(Refused::Line(error)),
    }
}

/// The directory stands nowhere in the line.
fn without_place(error: &serde_json::Error) -> String {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = error.to_string();
    match text.strip_suffix(&place) {
        Some(text) => text.to_owned(),
        None => text,
    }
}

/// Deserializes a map, and more entries after its own.
struct Joined<'v, D> {
    inner: D,
    values: &'v [DirectoryValue],
    /// The value that did not fit: the error type of the parser cannot tell it.
    unfit: &'v Cell<Option<&'v DirectoryValue>>,
}

impl<'v, D> Joined<'v, D> {
    fn visitor<V>(&self, visitor: V) -> Adding<'v, V> {
        Adding {
            visitor,
            values: self.values,
            unfit: self.unfit,
        }
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Joined<'de, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.visitor(visitor);
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.visitor(visitor);
        self.inner.deserialize_map(visitor)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = self.visitor(visitor);
        self.inner.deserialize_struct(name, fields, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_ignored_any(visitor)
    }

    // Whoever wants something else than an object is told so by the visitor.
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct enum identifier
    }
}

struct Adding<'v, V> {
    visitor: V,
    values: &'v [DirectoryValue],
    unfit: &'v Cell<Option<&'v DirectoryValue>>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Adding<'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, to which the directories add columns")
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Entries {
            map: Some(map),
            values: self.values,
            rest: self.values.iter(),
            current: None,
            unfit: self.unfit,
        })
    }
}

/// The entries of the object, then those of the directories.
struct Entries<'v, A> {
    map: Option<A>,
    values: &'v [DirectoryValue],
    rest: slice::Iter<'v, DirectoryValue>,
    current: Option<&'v DirectoryValue>,
    unfit: &'v Cell<Option<&'v DirectoryValue>>,
}

impl<'v, A> Entries<'v, A> {
    /// Notes that a failure is of the directory.
    fn blame<T, E>(&self, value: &'v DirectoryValue, result: Result<T, E>) -> Result<T, E> {
        if result.is_err() {
            self.unfit.set(Some(value));
        }
        result
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'de, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        if let Some(map) = &mut self.map {
            if let Some(Key(key)) = map.next_key()? {
                if self.values.iter().any(|value| value.column == key) {
                    let twice = "is in the line as well as in its directory";
                    return Err(A::Error::custom(format!("the column {key:?} {twice}")));
                }
                return seed.deserialize(key.into_deserializer()).map(Some);
            }
            self.map = None;
        }
        self.current = self.rest.next();
        let Some(value) = self.current else {
            return Ok(None);
        };
        let key = seed.deserialize(value.column.as_str().into_deserializer());
        self.blame(value, key).map(Some)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match (self.current, &mut self.map) {
            (Some(value), _) => {
                let read = seed.deserialize(value.field()).map_err(A::Error::custom);
                self.blame(value, read)
            }
            (None, Some(map)) => map.next_value_seed(seed),
            (None, None) => Err(A::Error::custom("a value was asked for before its key")),
        }
    }
}

/// A key, borrowed from the line where nothing in it is escaped.
struct Key<'k>(Cow<'k, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    #[inline]
    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Borrowed(key)))
    }

    fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Owned(key.to_owned())))
    }
}
