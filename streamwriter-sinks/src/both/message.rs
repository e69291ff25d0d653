//! The message of two sinks: the messages of both, each with its own type and version.

use serde_json::Value;
use streamwriter_core::__private::{message_from_value, message_to_value};
use streamwriter_core::{CommitMessage, Error, ErrorKind, MessageMetrics, Result};

/// The commit message of a sink that is two sinks.
///
/// Its encoding is an array of the two messages as they would stand in the journal alone, so each
/// keeps its own version and its own migrations (W12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfBoth<A, B> {
    first: A,
    second: B,
}

impl<A, B> OfBoth<A, B> {
    pub(crate) fn new(first: A, second: B) -> Self {
        Self { first, second }
    }

    pub(crate) fn into_parts(self) -> (A, B) {
        (self.first, self.second)
    }

    /// Returns the message of the first sink.
    #[must_use]
    pub fn first(&self) -> &A {
        &self.first
    }

    /// Returns the message of the second sink.
    #[must_use]
    pub fn second(&self) -> &B {
        &self.second
    }
}

impl<A: CommitMessage, B: CommitMessage> CommitMessage for OfBoth<A, B> {
    type Totals = (A::Totals, B::Totals);
    const TYPE: &'static str = "streamwriter.both";

    fn to_body(&self) -> Result<Value> {
        let messages = vec![
            message_to_value(&self.first)?,
            message_to_value(&self.second)?,
        ];
        Ok(Value::Array(messages))
    }

    fn from_body(body: Value) -> Result<Self> {
        match body.as_array().map(Vec::as_slice) {
            Some([first, second]) => Ok(Self {
                first: message_from_value(first)?,
                second: message_from_value(second)?,
            }),
            _ => Err(Error::new(
                ErrorKind::Message,
                format!("commit message `{}` is not two messages", Self::TYPE),
            )),
        }
    }

    fn metrics(&self) -> MessageMetrics {
        let mut metrics = self.first.metrics();
        metrics.add(self.second.metrics());
        metrics
    }

    fn add_to(&self, totals: &mut Self::Totals) {
        self.first.add_to(&mut totals.0);
        self.second.add_to(&mut totals.1);
    }
}
