//! The envelope around a message: type, version, body; as JSON text of bounded size (W12).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::CommitMessage;
use crate::error::{Error, ErrorKind, Result};

/// A message as it crosses to the driver, to the journal and to other processes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct EncodedMessage(Box<RawValue>);

impl EncodedMessage {
    pub(crate) fn as_str(&self) -> &str {
        self.0.get()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    type_name: std::borrow::Cow<'a, str>,
    version: u32,
    body: Value,
}

/// Encodes a message, and proves that it can be decoded again.
///
/// The proof costs little and moves a mistake from the restart after a crash, when nobody can
/// mend it, to the task that made it.
pub(crate) fn encode<M: CommitMessage>(message: &M, bytes_max: usize) -> Result<EncodedMessage> {
    let text =
        serde_json::to_string(&wrap(message)?).map_err(|error| cannot("encode", M::TYPE, error))?;
    if text.len() > bytes_max {
        return Err(Error::new(
            ErrorKind::Message,
            format!(
                "commit message `{}` has {} bytes, more than the limit of {bytes_max}",
                M::TYPE,
                text.len()
            ),
        )
        .with_help(
            "put data into files and only their names into messages, or raise `.max_message_bytes(n)` of the query, on a cluster the option `maxMessageBytes`",
        )
        .permanent());
    }
    let raw = RawValue::from_string(text).map_err(|error| cannot("encode", M::TYPE, error))?;
    let encoded = EncodedMessage(raw);
    decode::<M>(&encoded).map_err(|error| {
        Error::new(
            ErrorKind::Message,
            format!(
                "commit message `{}` cannot be decoded from its own encoding",
                M::TYPE
            ),
        )
        .with_source(error)
        .permanent()
    })?;
    Ok(encoded)
}

/// Decodes a message of the current or an older version.
pub(crate) fn decode<M: CommitMessage>(message: &EncodedMessage) -> Result<M> {
    let envelope = serde_json::from_str(message.as_str())
        .map_err(|error| cannot("read the envelope of", M::TYPE, error))?;
    unwrap(envelope)
}

/// Encodes a message with its envelope, to stand inside another message.
pub(crate) fn to_value<M: CommitMessage>(message: &M) -> Result<Value> {
    serde_json::to_value(wrap(message)?).map_err(|error| cannot("encode", M::TYPE, error))
}

/// Decodes what [`to_value`] made: a message of the current or an older version.
pub(crate) fn from_value<M: CommitMessage>(value: &Value) -> Result<M> {
    let envelope = Envelope::deserialize(value)
        .map_err(|error| cannot("read the envelope of", M::TYPE, error))?;
    unwrap(envelope)
}

fn wrap<M: CommitMessage>(message: &M) -> Result<Envelope<'static>> {
    let body = message.to_body().map_err(|error| {
        Error::new(
            ErrorKind::Message,
            format!("cannot encode commit message `{}`", M::TYPE),
        )
        .with_source(error)
        .permanent()
    })?;
    Ok(Envelope {
        type_name: M::TYPE.into(),
        version: M::VERSION,
        body,
    })
}

fn unwrap<M: CommitMessage>(envelope: Envelope<'_>) -> Result<M> {
    if envelope.type_name != M::TYPE {
        return Err(Error::new(
            ErrorKind::Message,
            format!(
                "found a commit message `{}` where `{}` is expected",
                envelope.type_name,
                M::TYPE
            ),
        )
        .with_help("start the program that wrote it until its last batch is committed"));
    }
    let version = envelope.version;
    let decoded = match version {
        version if version == M::VERSION => M::from_body(envelope.body),
        version if version < M::VERSION => M::migrate_from(version, envelope.body),
        _ => Err(Error::new(
            ErrorKind::Message,
            format!("this program knows only versions up to {}", M::VERSION),
        )
        .with_help("start the newer program that wrote it")),
    };
    decoded.map_err(|error| {
        Error::new(
            ErrorKind::Message,
            format!(
                "cannot decode commit message `{}` version {version}",
                M::TYPE
            ),
        )
        .with_source(error)
    })
}

fn cannot(doing: &str, type_name: &str, error: serde_json::Error) -> Error {
    Error::new(
        ErrorKind::Message,
        format!("cannot {doing} commit message `{type_name}`"),
    )
    .with_source(error)
    .permanent()
}
