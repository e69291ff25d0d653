//! What generated code and our own sinks call. Not public API: it changes with the macros and the
//! sinks, without notice.

mod enclosed;
mod messages;
mod name;
mod output;
mod sink_row;

pub use serde;
pub use serde_json::Value;

#[cfg(feature = "arrow")]
pub use crate::arrow_rows::generated as rows;
pub use crate::context::{BatchContext, TaskContext};
pub use crate::error::{BoxError, Error, ErrorKind, Result};
pub use crate::failpoint::pass as pass_failpoint;
pub use crate::guarantee::Guarantee;
pub use crate::ids::BatchId;
pub use crate::message::shape::{
    ArrayBuilder, Fields, Items, ObjectBuilder, at_field, at_item, bare_variant, in_variant,
    no_such_variant, open_variant, wrap_variant,
};
pub use crate::message::through_serde::{serde_from_value, serde_to_value};
pub use crate::message::totals::{Countable, Summable, keep_max, keep_min};
pub use crate::message::{
    CommitMessage, FieldError, FieldResult, MessageField, MessageMetrics, totals,
};
pub use crate::options::{OptionMap, OptionReader, OptionSpec, OptionValue, SinkOptions};
pub use crate::rows::{FirstRows, Rows, SecondRows, share};
pub use crate::runtime::{block_on_batch, block_on_task};
pub use crate::target::Target;
pub use crate::writer::{StreamWriter, WriteRows};
pub use enclosed::{caught, message_from_value, message_to_value, own_error};
pub use messages::{BorrowMessages, FromMessages, all_some, totals_of_some};
pub use name::NamelessWriter;
pub use output::{CommitOutput, WriteOutput};
pub use sink_row::SinkRow;
