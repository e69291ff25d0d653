//! Why a record does not become a row.

use std::error::Error;
use std::fmt;

use serde::de;
use streamwriter_core::ErrorKind;

/// An error of decoding one record; small, because every field returns a `Result` of it.
#[derive(Debug)]
pub(crate) struct DecodeError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    cause: Cause,
    column: Option<usize>,
}

/// What is wrong, by what it says about the file.
#[derive(Debug)]
pub(crate) enum Cause {
    /// This record has a value that does not fit.
    Value(String),
    /// No record of the file can fit: the row type requires a column that is not there.
    Missing(&'static str),
    /// No record of the file can fit.
    Shape(String),
    /// No record of the file can fit what its directory of this number says.
    Directory(usize, String),
}

impl DecodeError {
    #[cold]
    pub(crate) fn value(reason: impl Into<String>) -> Self {
        Self::new(Cause::Value(reason.into()))
    }

    #[cold]
    pub(crate) fn shape(reason: impl Into<String>) -> Self {
        Self::new(Cause::Shape(reason.into()))
    }

    fn new(cause: Cause) -> Self {
        Self(Box::new(Inner {
            cause,
            column: None,
        }))
    }

    /// Names the column; one that is already named stays.
    #[cold]
    pub(crate) fn in_column(mut self, index: usize) -> Self {
        self.0.column.get_or_insert(index);
        self
    }

    /// Blames the record where the file would be blamed: it has not all columns of the file.
    #[cold]
    pub(crate) fn of_short_record(mut self) -> Self {
        if let Cause::Missing(field) = self.0.cause {
            self.0.cause = Cause::Value(format!("it has no field for the column {field:?}"));
        } else if let Cause::Shape(message) = &self.0.cause {
            self.0.cause = Cause::Value(message.clone());
        }
        self
    }

    /// Blames the directory of this number for a value that does not fit.
    #[cold]
    pub(crate) fn of_directory(mut self, index: usize) -> Self {
        if let Cause::Value(reason) = &mut self.0.cause {
            self.0.cause = Cause::Directory(index, std::mem::take(reason));
        }
        self
    }

    pub(crate) fn cause(&self) -> &Cause {
        &self.0.cause
    }

    pub(crate) fn column(&self) -> Option<usize> {
        self.0.column
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.cause {
            Cause::Value(text) | Cause::Shape(text) | Cause::Directory(_, text) => {
                f.write_str(text)
            }
            Cause::Missing(field) => write!(f, "the column {field:?} is missing"),
        }
    }
}

impl Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::value(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Cause::Missing(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::shape(format!("two columns are for the field {field:?}"))
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        Self::shape(format!("there are {length} columns, expected {expected}"))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::shape(format!("no field is for the column {field:?}"))
    }
}

/// Makes the error of a file whose columns do not fit the row type.
pub(crate) fn shape_error(message: impl Into<String>, help: &str) -> streamwriter_core::Error {
    streamwriter_core::Error::new(ErrorKind::Row, message)
        .with_help(help)
        .permanent()
}
