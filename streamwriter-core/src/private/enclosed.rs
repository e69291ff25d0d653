//! What a sink that holds another sink needs: its calls guarded, its errors kept, its message
//! enclosed.

use serde_json::Value;

use crate::error::{BoxError, Error, ErrorKind, Result};
use crate::message::{self, CommitMessage};

/// Encodes a message with its type and version, to stand inside another message.
///
/// # Errors
/// [`Message`](crate::ErrorKind::Message).
pub fn message_to_value<M: CommitMessage>(message: &M) -> Result<Value> {
    message::to_value(message)
}

/// Decodes what [`message_to_value`] made, of the current or an older version.
///
/// # Errors
/// [`Message`](crate::ErrorKind::Message).
pub fn message_from_value<M: CommitMessage>(value: &Value) -> Result<M> {
    message::from_value(value)
}

/// Calls a method of the sink inside; a panic becomes an error with its text (W6).
///
/// # Errors
/// [`Panic`](crate::ErrorKind::Panic).
pub fn caught<T>(what: &str, run: impl FnOnce() -> T) -> Result<T> {
    crate::engine::caught(what, run)
}

/// Keeps an error of ours as it is; wraps another one, which stays permanent if it is.
pub fn own_error(error: BoxError, kind: ErrorKind, message: &str) -> Error {
    crate::engine::own_or(error, kind, message)
}
