//! The forms in which `commit` and `abort` can take the messages of a batch.

use std::borrow::Borrow;

use crate::message::CommitMessage;

/// What the messages of a batch, one per partition, can be turned into.
///
/// In `commit` there is always a message, in `abort` none for a task that did not finish.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a form of the messages `{M}` that `commit` or `abort` can take",
    label = "cannot be made of messages",
    note = "take `Vec<{M}>`, `&[{M}]`, `Vec<Option<{M}>>`, `&[Option<{M}>]` or the totals of `{M}`",
    note = "or the batch: `&BatchContext`, `BatchId` or `u64`"
)]
pub trait FromMessages<M>: Sized {
    /// Turns the messages into this form.
    fn from_messages(messages: Vec<Option<M>>) -> Self;
}

/// The messages that there are.
impl<M> FromMessages<M> for Vec<M> {
    fn from_messages(messages: Vec<Option<M>>) -> Self {
        messages.into_iter().flatten().collect()
    }
}

/// The messages by partition.
impl<M> FromMessages<M> for Vec<Option<M>> {
    fn from_messages(messages: Self) -> Self {
        messages
    }
}

/// A slice that can be borrowed from the messages of a batch.
#[diagnostic::on_unimplemented(
    message = "`&{Self}` is not a form of the messages `{M}` that `commit` or `abort` can take",
    label = "cannot be borrowed from messages",
    note = "take `&[{M}]` or `&[Option<{M}>]`"
)]
pub trait BorrowMessages<M> {
    /// What it is borrowed from.
    type Owner: Borrow<Self>;

    /// Turns the messages into what this can be borrowed from.
    fn own_messages(messages: Vec<Option<M>>) -> Self::Owner;
}

impl<M> BorrowMessages<M> for [M] {
    type Owner = Vec<M>;

    fn own_messages(messages: Vec<Option<M>>) -> Vec<M> {
        messages.into_iter().flatten().collect()
    }
}

impl<M> BorrowMessages<M> for [Option<M>] {
    type Owner = Vec<Option<M>>;

    fn own_messages(messages: Vec<Option<M>>) -> Vec<Option<M>> {
        messages
    }
}

/// Brings the messages of a commit into the form of an abort.
pub fn all_some<M>(messages: Vec<M>) -> Vec<Option<M>> {
    messages.into_iter().map(Some).collect()
}

/// Adds up the messages that there are.
pub fn totals_of_some<M: CommitMessage>(messages: &[Option<M>]) -> M::Totals {
    crate::message::totals(messages.iter().flatten())
}
