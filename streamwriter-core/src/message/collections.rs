//! Fields that hold other fields: options, boxes, lists, tuples, maps and sets.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hash};

use serde_json::Value;

use super::field::{FieldError, FieldResult, MessageField, MessageKey};
use super::shape::{ArrayBuilder, Items, ObjectBuilder, at_item};

/// What wraps a `Some` whose content would otherwise be taken for `None` or for the wrap itself.
const SOME: &str = "some";

/// `None` is `null`; `Some` is its content, wrapped only where that would be ambiguous.
impl<T: MessageField> MessageField for Option<T> {
    fn to_value(&self) -> FieldResult<Value> {
        let Some(inner) = self else {
            return Ok(Value::Null);
        };
        let inner = inner.to_value()?;
        if inner.is_null() || is_wrapped(&inner) {
            let mut wrapped = ObjectBuilder::new();
            wrapped.put(SOME, Ok(inner))?;
            return Ok(wrapped.finish());
        }
        Ok(inner)
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        let inner = match value {
            Value::Null => return Ok(None),
            Value::Object(mut fields) if fields.len() == 1 => match fields.remove(SOME) {
                Some(inner) => inner,
                None => Value::Object(fields),
            },
            other => other,
        };
        T::from_value(inner).map(Some)
    }
}

fn is_wrapped(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|fields| fields.len() == 1 && fields.contains_key(SOME))
}

impl<T: MessageField> MessageField for Box<T> {
    fn to_value(&self) -> FieldResult<Value> {
        (**self).to_value()
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        T::from_value(value).map(Self::new)
    }
}

fn items_to_value<'t, T: MessageField + 't>(
    items: impl IntoIterator<Item = &'t T>,
) -> FieldResult<Value> {
    let values = items
        .into_iter()
        .enumerate()
        .map(|(index, item)| item.to_value().map_err(|error| error.in_item(index)));
    values.collect::<FieldResult<Vec<_>>>().map(Value::Array)
}

fn items_from_value<T: MessageField, C: FromIterator<T>>(value: Value) -> FieldResult<C> {
    let items = match value {
        Value::Array(items) => items,
        other => return Err(FieldError::expected("an array", &other)),
    };
    let items = items
        .into_iter()
        .enumerate()
        .map(|(index, item)| T::from_value(item).map_err(|error| error.in_item(index)));
    items.collect()
}

impl<T: MessageField> MessageField for Vec<T> {
    fn to_value(&self) -> FieldResult<Value> {
        items_to_value(self)
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        items_from_value(value)
    }
}

impl<T: MessageField> MessageField for VecDeque<T> {
    fn to_value(&self) -> FieldResult<Value> {
        items_to_value(self)
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        items_from_value(value)
    }
}

impl<T: MessageField, const N: usize> MessageField for [T; N] {
    fn to_value(&self) -> FieldResult<Value> {
        items_to_value(self)
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        let items: Vec<T> = items_from_value(value)?;
        Self::try_from(items).map_err(|items: Vec<T>| {
            FieldError::new(format!(
                "expected an array of length {N}, found one of length {}",
                items.len()
            ))
        })
    }
}

macro_rules! tuples {
    ($($length:literal: $($index:tt $item:ident),*;)*) => {$(
        impl<$($item: MessageField),*> MessageField for ($($item,)*) {
            fn to_value(&self) -> FieldResult<Value> {
                let mut array = ArrayBuilder::new();
                $(array.put($index, self.$index.to_value())?;)*
                Ok(array.finish())
            }

            fn from_value(value: Value) -> FieldResult<Self> {
                let mut items = Items::open(value, $length)?;
                Ok(($(at_item($index, $item::from_value(items.take($index)?))?,)*))
            }
        }
    )*};
}
tuples! {
    1: 0 A;
    2: 0 A, 1 B;
    3: 0 A, 1 B, 2 C;
    4: 0 A, 1 B, 2 C, 3 D;
    5: 0 A, 1 B, 2 C, 3 D, 4 E;
    6: 0 A, 1 B, 2 C, 3 D, 4 E, 5 F;
}

fn map_to_value<'m, K: MessageKey + 'm, V: MessageField + 'm>(
    entries: impl IntoIterator<Item = (&'m K, &'m V)>,
) -> FieldResult<Value> {
    let mut sorted = BTreeMap::new();
    for (key, value) in entries {
        let key = key.to_key();
        let value = value
            .to_value()
            .map_err(|error| error.in_key(key.as_str()))?;
        sorted.insert(key, value);
    }
    Ok(Value::Object(sorted.into_iter().collect()))
}

fn map_from_value<K: MessageKey, V: MessageField, C: FromIterator<(K, V)>>(
    value: Value,
) -> FieldResult<C> {
    let fields = match value {
        Value::Object(fields) => fields,
        other => return Err(FieldError::expected("an object", &other)),
    };
    let entries = fields.into_iter().map(|(key, value)| {
        let value = V::from_value(value).map_err(|error| error.in_key(key.as_str()))?;
        Ok((K::from_key(&key)?, value))
    });
    entries.collect()
}

impl<K: MessageKey + Ord, V: MessageField> MessageField for BTreeMap<K, V> {
    fn to_value(&self) -> FieldResult<Value> {
        map_to_value(self)
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        map_from_value(value)
    }
}

impl<K, V, S> MessageField for HashMap<K, V, S>
where
    K: MessageKey + Hash + Eq,
    V: MessageField,
    S: BuildHasher + Default,
{
    fn to_value(&self) -> FieldResult<Value> {
        map_to_value(self)
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        map_from_value(value)
    }
}

/// Collects a set, where an item that is there twice is no set that we wrote.
fn set_from_value<T: MessageField, C: FromIterator<T>>(
    value: Value,
    len: impl Fn(&C) -> usize,
) -> FieldResult<C> {
    let found = value.as_array().map_or(0, Vec::len);
    let set: C = items_from_value(value)?;
    if len(&set) == found {
        return Ok(set);
    }
    Err(FieldError::new(format!(
        "expected different items, found {} doubled",
        found.saturating_sub(len(&set))
    )))
}

impl<T: MessageField + Ord> MessageField for BTreeSet<T> {
    fn to_value(&self) -> FieldResult<Value> {
        items_to_value(self)
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        set_from_value(value, Self::len)
    }
}

/// Sorted by the text of the items: equal sets have equal encodings.
impl<T, S> MessageField for HashSet<T, S>
where
    T: MessageField + Hash + Eq,
    S: BuildHasher + Default,
{
    fn to_value(&self) -> FieldResult<Value> {
        let mut values = self
            .iter()
            .map(T::to_value)
            .collect::<FieldResult<Vec<_>>>()?;
        values.sort_by_cached_key(Value::to_string);
        Ok(Value::Array(values))
    }

    fn from_value(value: Value) -> FieldResult<Self> {
        set_from_value(value, Self::len)
    }
}
