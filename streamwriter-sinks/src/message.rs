//! Commit messages of the prebuilt sinks, over serde: their metrics come from what they hold, such
//! as the sizes of staged files, which a derived message would have to say twice.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use streamwriter_core::{Error, ErrorKind, MessageMetrics, Result, StagedObject};

/// Implements `CommitMessage` for a serde type that denies unknown fields.
macro_rules! commit_message {
    ($type:ty, $name:literal, $metrics:expr) => {
        impl streamwriter_core::CommitMessage for $type {
            type Totals = ();
            const TYPE: &'static str = $name;

            fn to_body(&self) -> streamwriter_core::Result<serde_json::Value> {
                crate::message::to_body(self, $name)
            }

            fn from_body(body: serde_json::Value) -> streamwriter_core::Result<Self> {
                crate::message::from_body(body, $name)
            }

            fn metrics(&self) -> streamwriter_core::MessageMetrics {
                let metrics: fn(&Self) -> streamwriter_core::MessageMetrics = $metrics;
                metrics(self)
            }
        }
    };
}
pub(crate) use commit_message;

pub(crate) fn to_body<T: Serialize>(message: &T, name: &str) -> Result<Value> {
    serde_json::to_value(message).map_err(|error| cannot("encode", name, error))
}

pub(crate) fn from_body<T: DeserializeOwned>(body: Value, name: &str) -> Result<T> {
    serde_json::from_value(body).map_err(|error| cannot("decode", name, error))
}

fn cannot(doing: &str, name: &str, error: serde_json::Error) -> Error {
    Error::new(
        ErrorKind::Message,
        format!("cannot {doing} the fields of commit message `{name}`"),
    )
    .with_source(error)
}

/// The commit message of a sink that stages files: what a task wrote, not yet visible.
///
/// The file and Parquet sinks use it, and a sink of one's own over
/// [`Staging`](crate::Staging) may.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StagedFiles {
    /// How many rows the files hold together.
    pub rows: u64,
    /// The staged files; none for a partition without rows.
    pub files: Vec<StagedObject>,
}

impl StagedFiles {
    /// Names what a task wrote.
    #[must_use]
    pub fn new(rows: u64, files: Vec<StagedObject>) -> Self {
        Self { rows, files }
    }

    /// Collects the files of all tasks of a batch, in partition order.
    pub fn all(messages: impl IntoIterator<Item = Self>) -> Vec<StagedObject> {
        messages
            .into_iter()
            .flat_map(|message| message.files)
            .collect()
    }

    fn counts(&self) -> MessageMetrics {
        MessageMetrics::default()
            .with_rows(self.rows)
            .with_bytes(
                self.files
                    .iter()
                    .fold(0, |sum, file| file.size.saturating_add(sum)),
            )
            .with_files(self.files.len() as u64)
    }
}

commit_message!(
    StagedFiles,
    "streamwriter.staged-files",
    StagedFiles::counts
);

#[cfg(test)]
mod tests {
    use streamwriter_core::testing::decode_message;

    use super::*;

    #[test]
    fn a_message_of_another_shape_is_an_error_and_never_a_default() {
        for body in [
            r#"{"rows":1}"#,
            r#"{"rows":1,"files":[],"more":2}"#,
            r#"{"rows":"1","files":[]}"#,
            "null",
        ] {
            let text =
                format!(r#"{{"type":"streamwriter.staged-files","version":1,"body":{body}}}"#);
            let error = decode_message::<StagedFiles>(&text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Message, "{body}");
        }
    }
}
