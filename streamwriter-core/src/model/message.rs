//! The message of the scripted sinks: which attempt wrote how many rows.

use serde_json::{Value, json};

use crate::error::{Error, ErrorKind, Result};
use crate::message::CommitMessage;

pub(super) struct Message {
    pub(super) partition: u32,
    pub(super) attempt: u32,
    pub(super) rows: u64,
}

impl CommitMessage for Message {
    type Totals = ();
    const TYPE: &'static str = "scripted";

    fn to_body(&self) -> Result<Value> {
        Ok(json!([self.partition, self.attempt, self.rows]))
    }

    fn from_body(body: Value) -> Result<Self> {
        let number = |index: usize| {
            body[index]
                .as_u64()
                .ok_or_else(|| Error::new(ErrorKind::Message, "not a number"))
        };
        Ok(Self {
            partition: u32::try_from(number(0)?).unwrap(),
            attempt: u32::try_from(number(1)?).unwrap(),
            rows: number(2)?,
        })
    }
}
