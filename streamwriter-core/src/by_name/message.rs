//! The message of a sink whose type is not known.

use serde_json::{Value, json};

use crate::error::{Error, ErrorKind, Result};
use crate::message::{CommitMessage, MessageMetrics, from_value, to_value};

const MESSAGE: &str = "message";
const METRICS: &str = "metrics";

/// The commit message of an [`AnySink`](super::AnySink): that of the sink inside, with its own type
/// and version, and what it says about rows, bytes and files.
///
/// Only the sink inside can read it: in `commit`, where a message of another sink is an error that
/// names both types (W12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyMessage {
    message: Value,
    metrics: MessageMetrics,
}

impl AnyMessage {
    /// Encloses a message, and proves that it can be opened again.
    ///
    /// # Errors
    /// [`Message`](ErrorKind::Message) names the field that cannot be encoded, or decoded again.
    pub fn of<M: CommitMessage>(message: &M) -> Result<Self> {
        let value = to_value(message)?;
        from_value::<M>(&value)?;
        Ok(Self {
            message: value,
            metrics: message.metrics(),
        })
    }

    /// Opens the message as one of this type, of the current or an older version.
    ///
    /// # Errors
    /// [`Message`](ErrorKind::Message) if it is of another type, or of a newer version.
    pub fn open<M: CommitMessage>(&self) -> Result<M> {
        from_value(&self.message)
    }

    /// Returns the type of the message inside.
    #[must_use]
    pub fn type_name(&self) -> &str {
        let name = self.message.get("type").and_then(Value::as_str);
        name.unwrap_or_default()
    }
}

/// Returns the message inside a stored one, if that is an [`AnyMessage`].
pub(crate) fn inner_of(stored: &Value) -> Option<&Value> {
    let of_any = stored.get("type").and_then(Value::as_str) == Some(AnyMessage::TYPE);
    stored.get("body")?.get(MESSAGE).filter(|_| of_any)
}

impl CommitMessage for AnyMessage {
    type Totals = ();
    const TYPE: &'static str = "streamwriter.any";

    fn to_body(&self) -> Result<Value> {
        let MessageMetrics {
            rows,
            bytes,
            files,
            set_aside,
        } = self.metrics;
        let metrics = json!({"rows": rows, "bytes": bytes, "files": files, "set_aside": set_aside});
        Ok(json!({MESSAGE: self.message, METRICS: metrics}))
    }

    fn from_body(body: Value) -> Result<Self> {
        let Value::Object(mut body) = body else {
            return Err(damaged("it is no object"));
        };
        let message = body.remove(MESSAGE).ok_or_else(|| missing(MESSAGE))?;
        let metrics = body.remove(METRICS).ok_or_else(|| missing(METRICS))?;
        if let Some(other) = body.keys().next() {
            return Err(damaged(&format!("it has an unknown field `{other}`")));
        }
        let is_message = message.get("type").is_some_and(Value::is_string)
            && message.get("version").is_some_and(Value::is_u64)
            && message.get("body").is_some();
        if !is_message {
            return Err(damaged("what it holds is no message"));
        }
        Ok(Self {
            message,
            metrics: metrics_of(metrics)?,
        })
    }

    fn metrics(&self) -> MessageMetrics {
        self.metrics
    }
}

fn metrics_of(value: Value) -> Result<MessageMetrics> {
    let Value::Object(mut value) = value else {
        return Err(damaged("its metrics are no object"));
    };
    let mut number = |name: &str| match value.remove(name) {
        Some(Value::Null) => Ok(None),
        Some(number) => match number.as_u64() {
            Some(number) => Ok(Some(number)),
            None => Err(damaged(&format!("its metric `{name}` is no number"))),
        },
        None => Err(missing(name)),
    };
    let metrics = MessageMetrics {
        rows: number("rows")?,
        bytes: number("bytes")?,
        files: number("files")?,
        set_aside: number("set_aside")?,
    };
    match value.keys().next() {
        None => Ok(metrics),
        Some(other) => Err(damaged(&format!("it has an unknown metric `{other}`"))),
    }
}

fn missing(field: &str) -> Error {
    damaged(&format!("its field `{field}` is missing"))
}

fn damaged(what: &str) -> Error {
    let message = format!("this is no commit message `{}`: {what}", AnyMessage::TYPE);
    Error::new(ErrorKind::Message, message)
}
