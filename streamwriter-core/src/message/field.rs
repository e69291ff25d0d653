//! What a field of a message must be able to do, and the error that names the field.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use crate::error::{BoxError, Error, ErrorKind};

/// A result of encoding or decoding a field.
pub type FieldResult<T> = Result<T, FieldError>;

/// A value that can be a field of a commit message.
///
/// It is implemented for numbers, text, paths, times, options, the collections of the standard
/// library and the ids of this crate; `#[derive(CommitMessage)]` implements it for your own types,
/// so messages nest. Decoding accepts exactly what encoding makes, and never fills in a default.
///
/// It is a trait of its own, not serde's: an encoding that silently turns `NaN` into `null`, or a
/// missing field into `None`, would lose data after a crash (W12).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel in a commit message: derive CommitMessage for it or mark the field `#[message(serde)]`",
    label = "not a field of a message",
    note = "a message is data that another process reads back: no handles, locks or borrowed data"
)]
pub trait MessageField: Sized {
    /// Encodes the value as JSON.
    ///
    /// # Errors
    /// A value that has no encoding, such as a path that is not UTF-8.
    fn to_value(&self) -> FieldResult<Value>;

    /// Decodes what [`to_value`](Self::to_value) made.
    ///
    /// # Errors
    /// Anything else, with the path of the field inside this value and what was found there.
    fn from_value(value: Value) -> FieldResult<Self>;
}

/// A value that can be the key of a map in a commit message: text, an integer, `bool` or `char`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a map in a commit message",
    note = "use text or integers as keys, or a `Vec` of pairs instead of the map"
)]
pub trait MessageKey: Sized {
    /// Writes the key as text; different keys have different texts.
    fn to_key(&self) -> String;

    /// Reads what [`to_key`](Self::to_key) wrote.
    ///
    /// # Errors
    /// Any other text.
    fn from_key(key: &str) -> FieldResult<Self>;
}

/// Says which field of a message, or of a row, cannot be encoded or decoded, and why.
#[derive(Debug)]
pub struct FieldError {
    /// Innermost segment first: the path grows while the error bubbles up.
    path: Vec<Segment>,
    what: String,
    source: Option<BoxError>,
}

#[derive(Debug)]
enum Segment {
    Field(Cow<'static, str>),
    Index(usize),
    Key(String),
}

impl FieldError {
    /// Makes an error about the value at hand: lower case, no full stop.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            what: what.into(),
            source: None,
        }
    }

    /// Makes an error that says what was expected and what was found.
    #[must_use]
    pub fn expected(expected: &str, found: &Value) -> Self {
        Self::new(format!("expected {expected}, found {}", Found(found)))
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Says that the value is the field `name` of what encloses it.
    #[must_use]
    pub fn in_field(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.path.push(Segment::Field(name.into()));
        self
    }

    /// Says that the value is the item number `index` of what encloses it.
    #[must_use]
    pub fn in_item(mut self, index: usize) -> Self {
        self.path.push(Segment::Index(index));
        self
    }

    /// Says that the value stands under `key` in the map that encloses it.
    #[must_use]
    pub fn in_key(mut self, key: impl Into<String>) -> Self {
        self.path.push(Segment::Key(key.into()));
        self
    }

    /// Returns the path of the field, such as `files[3].size`; empty for the message itself.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        for segment in self.path.iter().rev() {
            match segment {
                Segment::Field(name) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(name);
                }
                Segment::Index(index) => path.push_str(&format!("[{index}]")),
                Segment::Key(key) => path.push_str(&format!("[{key:?}]")),
            }
        }
        path
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "field `{}`: ", self.path())?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for FieldError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// Another attempt would encode or decode the same value, so the error is permanent.
impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        let message = error.to_string();
        let made = Self::new(ErrorKind::Message, message).permanent();
        match error.source {
            Some(source) => made.with_source(source),
            None => made,
        }
    }
}

/// Prints what kind of JSON was found, short enough for one line.
struct Found<'v>(&'v Value);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN_CHARS_MAX: usize = 40;
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Number(number) => write!(f, "the number {number}"),
            Value::String(text) if text.chars().count() > SHOWN_CHARS_MAX => {
                let start: String = text.chars().take(SHOWN_CHARS_MAX).collect();
                write!(f, "the string {start:?}... of {} bytes", text.len())
            }
            Value::String(text) => write!(f, "the string {text:?}"),
            Value::Array(items) => write!(f, "an array of length {}", items.len()),
            Value::Object(fields) => write!(f, "an object of {} fields", fields.len()),
        }
    }
}
