//! The shapes of messages in JSON: what `#[derive(CommitMessage)]` calls.
//!
//! A struct with named fields is an object, a tuple struct an array, a struct of one unnamed field
//! is that field, a unit struct `null`. A variant without fields is its name, any other an object
//! with its name as the only key.

use serde_json::{Map, Value};

use super::field::{FieldError, FieldResult};

/// Builds an object, field by field.
#[derive(Debug, Default)]
pub struct ObjectBuilder(Map<String, Value>);

impl ObjectBuilder {
    /// Starts an object without fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    ///
    /// # Errors
    /// The field's own, with its name.
    pub fn put(&mut self, name: &'static str, value: FieldResult<Value>) -> FieldResult<()> {
        let value = value.map_err(|error| error.in_field(name))?;
        self.0.insert(name.to_owned(), value);
        Ok(())
    }

    /// Returns the object.
    #[must_use]
    pub fn finish(self) -> Value {
        Value::Object(self.0)
    }
}

/// Builds an array, item by item.
#[derive(Debug, Default)]
pub struct ArrayBuilder(Vec<Value>);

impl ArrayBuilder {
    /// Starts an empty array.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the item number `index`.
    ///
    /// # Errors
    /// The item's own, with its number.
    pub fn put(&mut self, index: usize, value: FieldResult<Value>) -> FieldResult<()> {
        self.0.push(value.map_err(|error| error.in_item(index))?);
        Ok(())
    }

    /// Returns the array.
    #[must_use]
    pub fn finish(self) -> Value {
        Value::Array(self.0)
    }
}

/// Takes the fields out of an object that has exactly those that are expected.
#[derive(Debug)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Checks that the value is an object with exactly these fields.
    ///
    /// # Errors
    /// Another kind of value, an unknown field, a missing field.
    pub fn open(value: Value, names: &'static [&'static str]) -> FieldResult<Self> {
        let fields = match value {
            Value::Object(fields) => fields,
            other => return Err(FieldError::expected("an object", &other)),
        };
        if let Some(name) = names.iter().find(|name| !fields.contains_key(**name)) {
            return Err(FieldError::new("missing").in_field(*name));
        }
        if let Some(name) = fields.keys().find(|name| !names.contains(&name.as_str())) {
            let known: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let what = format!("unknown; the fields are {}", known.join(", "));
            return Err(FieldError::new(what).in_field(name.clone()));
        }
        Ok(Self(fields))
    }

    /// Takes a field.
    ///
    /// # Errors
    /// It is missing.
    pub fn take(&mut self, name: &'static str) -> FieldResult<Value> {
        self.0
            .remove(name)
            .ok_or_else(|| FieldError::new("missing").in_field(name))
    }
}

/// Takes the items out of an array of the expected length.
#[derive(Debug)]
pub struct Items(std::vec::IntoIter<Value>);

impl Items {
    /// Checks that the value is an array of this length.
    ///
    /// # Errors
    /// Another kind of value, another length.
    pub fn open(value: Value, length: usize) -> FieldResult<Self> {
        match value {
            Value::Array(items) if items.len() == length => Ok(Self(items.into_iter())),
            other => {
                let expected = format!("an array of length {length}");
                Err(FieldError::expected(&expected, &other))
            }
        }
    }

    /// Takes the next item, whose number is `index`.
    ///
    /// # Errors
    /// It is missing.
    pub fn take(&mut self, index: usize) -> FieldResult<Value> {
        self.0
            .next()
            .ok_or_else(|| FieldError::new("missing").in_item(index))
    }
}

/// Adds the name of a field to its error.
///
/// It has no bound on `T`: a type that cannot travel is one error, at the type.
///
/// # Errors
/// The field's own.
pub fn at_field<T>(name: &'static str, decoded: FieldResult<T>) -> FieldResult<T> {
    decoded.map_err(|error| error.in_field(name))
}

/// Adds the number of an item to its error.
///
/// # Errors
/// The item's own.
pub fn at_item<T>(index: usize, decoded: FieldResult<T>) -> FieldResult<T> {
    decoded.map_err(|error| error.in_item(index))
}

/// Encodes a variant without fields.
#[must_use]
pub fn bare_variant(name: &'static str) -> Value {
    Value::from(name)
}

/// Wraps the fields of a variant under its name.
///
/// # Errors
/// The fields' own, with the variant's name.
pub fn wrap_variant(
    name: &'static str,
    body: impl FnOnce() -> FieldResult<Value>,
) -> FieldResult<Value> {
    let mut object = ObjectBuilder::new();
    object.put(name, body())?;
    Ok(object.finish())
}

/// Decodes the fields of a variant.
///
/// # Errors
/// The fields' own, with the variant's name.
pub fn in_variant<T>(name: &'static str, body: impl FnOnce() -> FieldResult<T>) -> FieldResult<T> {
    at_field(name, body())
}

/// Returns the error for a variant that [`open_variant`] does not return.
#[must_use]
pub fn no_such_variant(name: &str) -> FieldError {
    FieldError::new(format!("no variant is called {name:?}"))
}

/// Finds out which variant a value is; `variants` has names, and whether there are fields.
///
/// # Errors
/// Another kind of value, an unknown variant, a variant with fields where it has none.
pub fn open_variant(
    value: Value,
    variants: &'static [(&'static str, bool)],
) -> FieldResult<(&'static str, Value)> {
    let known = |name: &str, fields: bool| {
        let mut variants = variants.iter();
        variants
            .find(|variant| **variant == (name, fields))
            .map(|variant| variant.0)
    };
    let found = match &value {
        Value::String(name) => known(name, false).map(|name| (name, None)),
        Value::Object(object) if object.len() == 1 => {
            let entry = object.iter().next();
            entry.and_then(|(name, body)| Some((known(name, true)?, Some(body.clone()))))
        }
        _ => None,
    };
    match found {
        Some((name, body)) => Ok((name, body.unwrap_or(Value::Null))),
        None => Err(unknown_variant(&value, variants)),
    }
}

fn unknown_variant(value: &Value, variants: &[(&str, bool)]) -> FieldError {
    let shapes: Vec<String> = variants
        .iter()
        .map(|(name, fields)| match fields {
            false => format!("{name:?}"),
            true => format!("{{{name:?}: ...}}"),
        })
        .collect();
    let found = value.as_object().and_then(|object| object.keys().next());
    match found {
        Some(name) => FieldError::new(format!(
            "expected one of {}, found {{{name:?}: ...}}",
            shapes.join(", ")
        )),
        None => FieldError::expected(&format!("one of {}", shapes.join(", ")), value),
    }
}
