//! The options of a query, and the check that they make sense.

use std::time::Duration;

use super::gather::GatherSettings;
use super::trigger::Trigger;
use crate::engine::TaskSettings;
use crate::error::{Error, ErrorKind, Result};
use crate::guarantee::Guarantee;
use crate::ids::QueryId;
use crate::journal::BATCHES_KEPT;
use crate::message::MESSAGE_BYTES_MAX;
use crate::progress::QueryListener;
use crate::source::PlanLimits;
use crate::storage::SharedStorage;
use crate::target::LEFTOVER_AGE;

/// Where the checkpoint is, if there is one.
#[derive(Debug)]
pub(super) enum CheckpointChoice {
    None,
    Path(std::path::PathBuf),
    Storage(SharedStorage),
}

/// Every option of a query, with its default.
pub(super) struct Settings {
    pub(super) name: Option<String>,
    pub(super) checkpoint: CheckpointChoice,
    pub(super) trigger: Trigger,
    pub(super) executors: Option<usize>,
    pub(super) attempts_max: u32,
    pub(super) task_timeout: Option<Duration>,
    pub(super) retry_delay: Duration,
    pub(super) message_bytes_max: usize,
    pub(super) rows_max: Option<u64>,
    pub(super) bytes_max: Option<u64>,
    pub(super) files_max: Option<u64>,
    pub(super) gather: GatherSettings,
    pub(super) overlap: bool,
    pub(super) batches_kept: u64,
    pub(super) required: Option<Guarantee>,
    pub(super) take_over: bool,
    /// As the person wrote it; a query id.
    pub(super) take_over_target_from: Option<String>,
    pub(super) leftover_age: Duration,
    pub(super) listeners: Vec<Box<dyn QueryListener>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: None,
            checkpoint: CheckpointChoice::None,
            trigger: Trigger::default(),
            executors: None,
            attempts_max: 4,
            task_timeout: None,
            retry_delay: Duration::from_millis(100),
            message_bytes_max: MESSAGE_BYTES_MAX,
            rows_max: None,
            bytes_max: None,
            files_max: None,
            gather: GatherSettings::default(),
            overlap: false,
            batches_kept: BATCHES_KEPT,
            required: None,
            take_over: false,
            take_over_target_from: None,
            leftover_age: LEFTOVER_AGE,
            listeners: Vec::new(),
        }
    }
}

impl Settings {
    /// Refuses options that make no sense, each by its name.
    pub(super) fn validate(&self) -> Result<()> {
        // An unwinding panic is what keeps a user's panic from ending the process (W6).
        if cfg!(panic = "abort") {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "this program is built with panic = \"abort\", so a panic in a sink would end it",
            )
            .with_help("build it with panic = \"unwind\""));
        }
        let at_least = [
            ("executors", self.executors.map(|n| n as u64), 1),
            ("max_task_attempts", Some(u64::from(self.attempts_max)), 1),
            ("max_message_bytes", Some(self.message_bytes_max as u64), 1),
            ("max_rows_per_batch", self.rows_max, 1),
            ("max_bytes_per_batch", self.bytes_max, 1),
            ("max_files_per_batch", self.files_max, 1),
            ("min_rows_per_batch", self.gather.enough.rows, 1),
            ("min_bytes_per_batch", self.gather.enough.bytes, 1),
            ("min_files_per_batch", self.gather.enough.files, 1),
            ("keep_batches", Some(self.batches_kept), 2),
        ];
        for (option, value, least) in at_least {
            if value.is_some_and(|value| value < least) {
                let value = value.unwrap_or_default();
                return Err(
                    Error::new(ErrorKind::Config, format!("{option} is {value}"))
                        .with_help(format!("it must be at least {least}")),
                );
            }
        }
        if self.task_timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(Error::new(ErrorKind::Config, "task_timeout is zero")
                .with_help("leave it out for tasks without a limit"));
        }
        self.former_owner()?;
        self.gather.validate(&self.limits())?;
        self.trigger.validate()
    }

    /// Returns the query that the target is to be taken over from (E6).
    pub(super) fn former_owner(&self) -> Result<Option<QueryId>> {
        let Some(text) = &self.take_over_target_from else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|error| {
            Error::new(
                ErrorKind::Config,
                format!("take_over_target_from is {text:?}, which is no query id"),
            )
            .with_help("copy the id of the target's owner from the error that refused this query")
            .with_source(error)
        })
    }

    pub(super) fn executors(&self) -> usize {
        self.executors.unwrap_or_else(|| {
            std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
        })
    }

    pub(super) fn limits(&self) -> PlanLimits {
        let mut limits = PlanLimits::unbounded(self.executors());
        limits.rows = self.rows_max;
        limits.bytes = self.bytes_max;
        limits.files = self.files_max;
        limits.enough = self.gather.enough;
        limits
    }

    pub(super) fn tasks(&self) -> TaskSettings {
        TaskSettings {
            attempts_max: self.attempts_max,
            timeout: self.task_timeout,
            retry_delay: self.retry_delay,
            message_bytes_max: self.message_bytes_max,
        }
    }
}
