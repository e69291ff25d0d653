//! What a finished task hands to the driver: data with a name, a version and a size limit (W12).

mod envelope;
mod field;

mod collections;
mod scalars;
mod staged;

// Reached by generated code through `__private`.
pub(crate) mod shape;
pub(crate) mod through_serde;
pub(crate) mod totals;

#[cfg(test)]
mod tests;

pub(crate) use envelope::{EncodedMessage, decode, encode, from_value, to_value};
pub use field::{FieldError, FieldResult, MessageField, MessageKey};
pub(crate) use staged::{staged_objects, stored_messages};
pub use totals::totals;

use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};

/// How long a message may be by default, in bytes.
pub(crate) const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// What the roles of a message's fields add up to; feeds progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageMetrics {
    /// Rows written, if the message says so.
    pub rows: Option<u64>,
    /// Bytes written, if the message says so.
    pub bytes: Option<u64>,
    /// Files written, if the message says so.
    pub files: Option<u64>,
    /// Rows set aside, which are not among the rows written, if the message says so (F5).
    pub set_aside: Option<u64>,
}

impl MessageMetrics {
    /// Sets the number of rows written.
    #[must_use]
    pub const fn with_rows(mut self, rows: u64) -> Self {
        self.rows = Some(rows);
        self
    }

    /// Sets the number of bytes written.
    #[must_use]
    pub const fn with_bytes(mut self, bytes: u64) -> Self {
        self.bytes = Some(bytes);
        self
    }

    /// Sets the number of files written.
    #[must_use]
    pub const fn with_files(mut self, files: u64) -> Self {
        self.files = Some(files);
        self
    }

    /// Sets the number of rows set aside.
    #[must_use]
    pub const fn with_set_aside(mut self, rows: u64) -> Self {
        self.set_aside = Some(rows);
        self
    }

    /// Adds other metrics to these; what neither says stays unsaid.
    pub fn add(&mut self, other: Self) {
        fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
            match (a, b) {
                (None, None) => None,
                (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
            }
        }
        self.rows = sum(self.rows, other.rows);
        self.bytes = sum(self.bytes, other.bytes);
        self.files = sum(self.files, other.files);
        self.set_aside = sum(self.set_aside, other.set_aside);
    }
}

/// A commit message: what a task tells the driver, and what the journal keeps until the batch is
/// committed.
///
/// Derive it. A message is data: it is encoded as JSON inside an envelope with its type name and
/// version, so another process and the next release of the program can read it, or say which
/// type and version they cannot read (W12).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a commit message",
    note = "add `#[derive(CommitMessage)]` to `{Self}`"
)]
pub trait CommitMessage: Sized + Send + 'static {
    /// What many messages add up to; `()` if nothing does.
    type Totals: Default + Send + 'static;

    /// The stable name of the type; renaming the Rust type must not change it.
    const TYPE: &'static str;

    /// The version of the fields.
    const VERSION: u32 = 1;

    /// Encodes the fields.
    ///
    /// # Errors
    /// [`Message`](ErrorKind::Message) names the field that cannot be encoded.
    fn to_body(&self) -> Result<Value>;

    /// Decodes fields of the current [`VERSION`](Self::VERSION).
    ///
    /// # Errors
    /// [`Message`](ErrorKind::Message) names the field that is missing, unknown or wrong; never a
    /// default value instead.
    fn from_body(body: Value) -> Result<Self>;

    /// Decodes fields of an older version.
    ///
    /// # Errors
    /// [`Message`](ErrorKind::Message); by default for every version.
    fn migrate_from(version: u32, body: Value) -> Result<Self> {
        let _ = body;
        Err(Error::new(
            ErrorKind::Message,
            format!(
                "commit message `{}` has no migration from version {version}",
                Self::TYPE
            ),
        ))
    }

    /// Returns what the roles of the fields say.
    fn metrics(&self) -> MessageMetrics {
        MessageMetrics::default()
    }

    /// Adds this message to the totals.
    fn add_to(&self, totals: &mut Self::Totals) {
        let _ = totals;
    }
}

/// A sink that has nothing to tell uses `()` as its message.
impl CommitMessage for () {
    type Totals = ();
    const TYPE: &'static str = "()";

    fn to_body(&self) -> Result<Value> {
        Ok(Value::Null)
    }

    fn from_body(body: Value) -> Result<Self> {
        match body {
            Value::Null => Ok(()),
            other => Err(Error::new(
                ErrorKind::Message,
                format!("commit message `()` has no fields, found {other}"),
            )),
        }
    }
}
