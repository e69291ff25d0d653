//! Fields that go through serde: those marked `#[message(serde)]`, and the ids of this crate.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::field::{FieldError, FieldResult, MessageField};
use crate::ids::{Attempt, BatchId, PartitionId, QueryId, Run};
use crate::storage::{StagedObject, StorePath};

/// Encodes a field by its `Serialize`.
///
/// # Errors
/// What serde cannot say in JSON, such as a map whose keys are not text.
pub fn serde_to_value<T: Serialize>(field: &T) -> FieldResult<Value> {
    serde_json::to_value(field).map_err(|error| {
        FieldError::new("serde cannot encode this value as JSON").with_source(error)
    })
}

/// Decodes a field by its `Deserialize`.
///
/// # Errors
/// What serde does not accept.
pub fn serde_from_value<T: DeserializeOwned>(value: Value) -> FieldResult<T> {
    T::deserialize(&value)
        .map_err(|error| FieldError::expected("what serde has written", &value).with_source(error))
}

macro_rules! through_serde {
    ($($type:ty),*) => {$(
        impl MessageField for $type {
            fn to_value(&self) -> FieldResult<Value> {
                serde_to_value(self)
            }

            fn from_value(value: Value) -> FieldResult<Self> {
                serde_from_value(value)
            }
        }
    )*};
}
through_serde!(
    Attempt,
    BatchId,
    PartitionId,
    QueryId,
    Run,
    StagedObject,
    StorePath
);
