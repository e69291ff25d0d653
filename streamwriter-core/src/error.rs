//! The one error type of the engine, with kinds named by what the reader can do.

use std::error::Error as StdError;
use std::fmt;

use crate::ids::{Attempt, BatchId, PartitionId};

/// Any error of a user's sink, source or closure.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// A result with the engine's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Says what sort of thing went wrong, by what a person can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An option or a combination of options makes no sense: change the program.
    Config,
    /// A stronger guarantee was asked for than source, sink and storage give together (E4).
    Guarantee,
    /// The storage lacks something the protocol needs, such as create-if-absent (E8).
    Unsupported,
    /// Another live driver holds the checkpoint or the target (E5).
    Locked,
    /// A newer run of the same query, or another query that has taken the target over, decides now;
    /// this one did nothing further (E5, E6).
    Superseded,
    /// Checkpoint, source and target do not belong together (E6).
    Mismatch,
    /// A stored record is damaged, truncated, missing or foreign (E9).
    Corrupted,
    /// An input or output operation failed; after a failed sync nothing more is written (E8).
    Storage,
    /// A source failed to plan or to read (W8).
    Source,
    /// A row does not fit (F5).
    Row,
    /// A writer stopped because its rows ended early; why they did is the task's error (W8).
    CutOff,
    /// A task failed for good (W7).
    Task,
    /// A commit message cannot be encoded or decoded, or is too large (W12).
    Message,
    /// `commit` failed; the batch is committed again at the next start (W5).
    Commit,
    /// `abort` failed; always beside the error that caused the abort (W10).
    Abort,
    /// User code panicked where no more precise kind applies (W6).
    Panic,
    /// The query did not stop within the time given; it ends later (Q2).
    StillRunning,
    /// The sink asks the query to end, and nothing is wrong: whoever reads its output has gone.
    /// The batch in hand is not recorded as committed.
    Stopped,
}

impl ErrorKind {
    /// Returns the kind as one lower-case word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Guarantee => "guarantee",
            Self::Unsupported => "unsupported",
            Self::Locked => "locked",
            Self::Superseded => "superseded",
            Self::Mismatch => "mismatch",
            Self::Corrupted => "corrupted",
            Self::Storage => "storage",
            Self::Source => "source",
            Self::Row => "row",
            Self::CutOff => "cut-off",
            Self::Task => "task",
            Self::Message => "message",
            Self::Commit => "commit",
            Self::Abort => "abort",
            Self::Panic => "panic",
            Self::StillRunning => "still-running",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error of streamwriter: kind, message, where it happened, the next step, and its cause.
///
/// `Display` prints the message, the place and the next step; the cause is in
/// [`source`](StdError::source), so that a printed chain says nothing twice. [`Error::report`]
/// prints the whole chain.
pub struct Error(Box<Inner>);

#[derive(Default)]
struct Place {
    sink: Option<String>,
    query: Option<String>,
    batch: Option<BatchId>,
    partition: Option<PartitionId>,
    attempt: Option<Attempt>,
    path: Option<String>,
}

struct Inner {
    kind: ErrorKind,
    message: String,
    place: Place,
    help: Option<String>,
    source: Option<BoxError>,
    also: Vec<Error>,
    permanent: bool,
}

impl Error {
    /// Makes an error from its kind and a message: lower case, no full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            place: Place::default(),
            help: None,
            source: None,
            also: Vec::new(),
            permanent: false,
        }))
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds the next step for the person who reads it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Names the sink. A name that is already there stays.
    #[must_use]
    pub fn of_sink(mut self, sink: impl Into<String>) -> Self {
        self.0.place.sink.get_or_insert_with(|| sink.into());
        self
    }

    /// Names the query. A name that is already there stays.
    #[must_use]
    pub fn in_query(mut self, query: impl Into<String>) -> Self {
        self.0.place.query.get_or_insert_with(|| query.into());
        self
    }

    /// Names the batch. A batch that is already named stays.
    #[must_use]
    pub fn in_batch(mut self, batch: BatchId) -> Self {
        self.0.place.batch.get_or_insert(batch);
        self
    }

    /// Names the partition and the attempt. Those that are already named stay.
    #[must_use]
    pub fn in_task(mut self, partition: PartitionId, attempt: Attempt) -> Self {
        self.0.place.partition.get_or_insert(partition);
        self.0.place.attempt.get_or_insert(attempt);
        self
    }

    /// Names the path. A path that is already named stays.
    #[must_use]
    pub fn at_path(mut self, path: impl Into<String>) -> Self {
        self.0.place.path.get_or_insert_with(|| path.into());
        self
    }

    /// Marks the error as permanent: another attempt would fail the same way (W7).
    #[must_use]
    pub fn permanent(mut self) -> Self {
        self.0.permanent = true;
        self
    }

    /// Adds an error that happened while this one was handled, such as that of an abort (W10).
    #[must_use]
    pub fn and_also(mut self, other: Self) -> Self {
        self.0.also.push(other);
        self
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the message alone, without place, next step and cause.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the name of the sink, if it is one that was made by name.
    #[must_use]
    pub fn sink(&self) -> Option<&str> {
        self.0.place.sink.as_deref()
    }

    /// Returns the name or id of the query, if known.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.0.place.query.as_deref()
    }

    /// Returns the batch, if it happened in one.
    #[must_use]
    pub fn batch(&self) -> Option<BatchId> {
        self.0.place.batch
    }

    /// Returns the partition, if it happened in a task.
    #[must_use]
    pub fn partition(&self) -> Option<PartitionId> {
        self.0.place.partition
    }

    /// Returns the attempt, if it happened in a task.
    #[must_use]
    pub fn attempt(&self) -> Option<Attempt> {
        self.0.place.attempt
    }

    /// Returns the path, if one is involved.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.0.place.path.as_deref()
    }

    /// Returns the next step, if one is known.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// Returns the errors that happened while this one was handled (W10).
    #[must_use]
    pub fn also(&self) -> &[Self] {
        &self.0.also
    }

    /// Tells whether this error itself was marked permanent (W7).
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.0.permanent
    }

    /// Returns a display of the error with its whole chain of causes, one line each.
    ///
    /// `{:?}` prints the same, so a `main` that returns the error shows it to people as it should be.
    ///
    /// ```
    /// use streamwriter_core::{Error, ErrorKind};
    ///
    /// let full = std::io::Error::other("the disk is full");
    /// let error = Error::new(ErrorKind::Storage, "cannot write").with_source(full);
    /// let report = "storage error: cannot write\n  caused by: the disk is full";
    /// assert_eq!(error.report().to_string(), report);
    /// assert_eq!(format!("{error:?}"), report);
    /// ```
    #[must_use]
    pub fn report(&self) -> Report<'_> {
        Report(self)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        fmt::Display::fmt(&self.0.place, f)?;
        if let Some(help) = &self.0.help {
            write!(f, "; {help}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.sink.as_ref().map(|sink| format!("sink {sink}")),
            self.query.as_ref().map(|query| format!("query {query}")),
            self.batch.map(|batch| format!("batch {batch}")),
            self.partition
                .map(|partition| format!("partition {partition}")),
            self.attempt.map(|attempt| format!("attempt {attempt}")),
            self.path.as_ref().map(|path| format!("path {path}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", parts.join(", "))
        }
    }
}

/// Prints the [report](Error::report), since that is what a person sees of an error that `main` or a test
/// returns; `{:#?}` prints the fields.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return fmt::Display::fmt(&self.report(), f);
        }
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.to_string())
            .field("permanent", &self.0.permanent)
            .field("source", &self.0.source)
            .field("also", &self.0.also)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

/// Prints an [`Error`] with its causes and companions; see [`Error::report`].
#[derive(Debug)]
pub struct Report<'e>(&'e Error);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} error: {}", self.0.kind(), self.0)?;
        write_causes(f, self.0)?;
        for other in self.0.also() {
            write!(f, "\n  also: {} error: {other}", other.kind())?;
            write_causes(f, other)?;
        }
        Ok(())
    }
}

fn write_causes(f: &mut fmt::Formatter<'_>, error: &Error) -> fmt::Result {
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(f, "\n  caused by: {error}")?;
        cause = error.source();
    }
    Ok(())
}

/// Marks an error of a sink or source as permanent: the task is not tried again (W7).
///
/// ```
/// use streamwriter_core::{BoxError, Permanent};
///
/// fn parse(text: &str) -> Result<u32, BoxError> {
///     Ok(text.parse::<u32>().map_err(Permanent::new)?)
/// }
/// assert_eq!(parse("x").unwrap_err().to_string(), "invalid digit found in string");
/// ```
#[derive(Debug)]
pub struct Permanent(BoxError);

impl Permanent {
    /// Wraps an error. Printing it prints the error inside.
    pub fn new(error: impl Into<BoxError>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Permanent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl StdError for Permanent {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// Tells whether an error, or any error in its chain of causes, is marked permanent.
pub(crate) fn is_permanent(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<Permanent>()
            || error
                .downcast_ref::<Error>()
                .is_some_and(Error::is_permanent)
        {
            return true;
        }
        next = error.source();
    }
    false
}
