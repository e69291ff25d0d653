//! What a sink that holds another sink needs: its calls guarded, its message enclosed.

use serde_json::Value;

use crate::error::Result;
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
