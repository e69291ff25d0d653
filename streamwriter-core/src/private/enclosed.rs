//! A message inside another one, as the sinks that hold a sink need it.

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
