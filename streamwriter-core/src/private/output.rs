//! What `write`, `commit` and `abort` may return, told apart by type: aliases work too.

use std::convert::Infallible;

use crate::error::BoxError;
use crate::message::CommitMessage;

/// What `write` may return: a message, or a `Result` of one.
#[diagnostic::on_unimplemented(
    message = "`write` returns `{Self}`, which is neither a commit message nor a `Result` of one",
    label = "not a commit message",
    note = "derive `CommitMessage` for the message; return nothing if there is nothing to tell",
    note = "the error of a `Result` must convert into `Box<dyn Error + Send + Sync>`"
)]
pub trait WriteOutput {
    /// The message.
    type Message: CommitMessage;
    /// The error; [`Infallible`] if there is none.
    type Error;

    /// Brings what was returned into one form.
    ///
    /// # Errors
    /// The error that was returned, boxed: its type and its causes stay as they are.
    fn into_output(self) -> Result<Self::Message, BoxError>;
}

impl<M: CommitMessage> WriteOutput for M {
    type Message = M;
    type Error = Infallible;

    fn into_output(self) -> Result<M, BoxError> {
        Ok(self)
    }
}

// No overlap with the impl above: the trait is ours, and nobody else can implement it for `Result`.
impl<M: CommitMessage, E: Into<BoxError>> WriteOutput for Result<M, E> {
    type Message = M;
    type Error = E;

    fn into_output(self) -> Result<M, BoxError> {
        self.map_err(Into::into)
    }
}

/// What `commit` and `abort` may return: nothing, or a `Result` of nothing.
#[diagnostic::on_unimplemented(
    message = "`commit` and `abort` return nothing or a `Result` of nothing, not `{Self}`",
    label = "expected `()` or `Result<(), E>`",
    note = "the error of a `Result` must convert into `Box<dyn Error + Send + Sync>`"
)]
pub trait CommitOutput {
    /// Brings what was returned into one form.
    ///
    /// # Errors
    /// The error that was returned, boxed: its type and its causes stay as they are.
    fn into_output(self) -> Result<(), BoxError>;
}

impl CommitOutput for () {
    fn into_output(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError>> CommitOutput for Result<(), E> {
    fn into_output(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}
