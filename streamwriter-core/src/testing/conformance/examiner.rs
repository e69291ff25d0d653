//! Runs cases: some lives with faults, then lives without, each followed by a look at what shows.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::faults::{Fault, Life, Shape, Step};
use super::life::{self, Ended, Setting, live};
use super::oracle;
use super::place::Place;
use super::process::live_and_die;
use super::scratch::Scratch;
use super::script::Script;
use super::subject::Conformance;
use crate::error::{Error, ErrorKind};
use crate::guarantee::Guarantee;
use crate::ids::BatchId;
use crate::writer::WriteRows;

/// What a check did, when the sink passed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Sequences of lives, each in a folder of its own.
    pub cases: u64,
    /// Starts of the query.
    pub lives: u64,
    /// Processes killed with SIGKILL.
    pub kills: u64,
    /// What could not be asked of this sink, and why.
    pub skipped: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cases,
            lives,
            kills,
            skipped,
        } = self;
        write!(f, "{cases} cases, {lives} lives, {kills} kills")?;
        for skipped in skipped {
            write!(f, "; SKIPPED: {skipped}")?;
        }
        Ok(())
    }
}

/// Why a sink failed a check: the shortest sequence that shows it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// What is wrong.
    pub violation: String,
    /// The number of the life, from 1, after or in which it showed.
    pub life: usize,
    /// The rows and lives.
    pub shape: Shape,
    /// The lives that were scripted; those that follow are without a fault.
    pub lives: Vec<Life>,
    /// The seed of a random sequence.
    pub seed: Option<u64>,
    /// The folder in which it can be looked at.
    pub folder: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.violation)?;
        let Shape {
            rows,
            per_batch,
            partitions,
        } = self.shape;
        writeln!(
            f,
            "  {rows} rows, {per_batch} a batch, in {partitions} partitions:"
        )?;
        for (number, life) in self.lives.iter().enumerate() {
            writeln!(f, "  life {}: {life}", number + 1)?;
        }
        if self.life > self.lives.len() {
            writeln!(f, "  life {}: no fault", self.life)?;
        }
        if let Some(seed) = self.seed {
            writeln!(f, "  seed: STREAMWRITER_SEED={seed}")?;
        }
        write!(f, "  folder: {}", self.folder)
    }
}

impl std::error::Error for Failure {}

/// Examines one sink under one check.
pub(super) struct Examiner<'s, W, R> {
    pub(super) subject: &'s Conformance<W, R>,
    /// The running test, for child processes.
    test: &'s str,
    pub(super) guarantee: Guarantee,
    /// Whether the sink has a memory of its own (E6).
    pub(super) has_target: bool,
    /// Whether the sink writes through the place's storage.
    pub(super) uses_storage: bool,
    pub(super) report: Report,
}

impl<'s, W, R> Examiner<'s, W, R>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    pub(super) fn new(subject: &'s Conformance<W, R>, test: &'s str) -> Result<Self, Failure> {
        let case = Case::new(Shape::default(), &[])?;
        let root = case.root();
        let asked = || -> crate::Result<_> {
            Ok((
                life::guarantee(subject, root)?,
                life::has_target(subject, root)?,
                life::uses_storage(subject, root)?,
            ))
        };
        let (guarantee, has_target, uses_storage) =
            asked().map_err(|error| case.failed(0, error.report().to_string()))?;
        Ok(Self {
            subject,
            test,
            guarantee,
            has_target,
            uses_storage,
            report: Report::default(),
        })
    }

    pub(super) fn skip(&mut self, what: &str) {
        self.report.skipped.push(what.to_owned());
    }

    /// Runs lives with faults, each of which must strike, and then to the end without.
    pub(super) fn case(&mut self, shape: Shape, lives: &[Life]) -> Result<(), Failure> {
        let case = self.begin(shape, lives)?;
        for (number, life) in lives.iter().enumerate() {
            let recorded = self.is_recorded(&case, life);
            let (ended, script) = self.life(&case, number, life)?;
            let Some(fault) = script.spared() else {
                continue;
            };
            // A sink that records a batch in the transaction of its `commit` is not asked again (E3).
            if !(recorded && matches!(ended, Ended::Well(_) | Ended::Spared(_))) {
                return Err(case.failed(number, format!("the fault never struck: {fault}")));
            }
        }
        self.finish(case)
    }

    /// Runs lives whose faults may or may not strike; returns whether the last one's first did.
    pub(super) fn case_that_may_be_spared(
        &mut self,
        shape: Shape,
        lives: &[Life],
    ) -> Result<bool, Failure> {
        let case = self.begin(shape, lives)?;
        let mut struck = false;
        for (number, life) in lives.iter().enumerate() {
            let (_, script) = self.life(&case, number, life)?;
            struck = script.spared().is_none();
        }
        self.finish(case)?;
        Ok(struck)
    }

    /// Tells whether the faults of a life are all of the commit of a batch that the target has recorded
    /// before it.
    fn is_recorded(&self, case: &Case, life: &Life) -> bool {
        let of_commit = |fault: &Fault| matches!(fault.step, Step::Commit | Step::Record);
        if !self.has_target || life.faults.is_empty() || !life.faults.iter().all(of_commit) {
            return false;
        }
        let recorded = life::last_recorded(self.subject, case.root())
            .ok()
            .flatten();
        let recorded = recorded.map(BatchId::get);
        let is_recorded = |fault: &Fault| recorded.is_some_and(|newest| newest >= fault.batch);
        life.faults.iter().all(is_recorded)
    }

    pub(super) fn begin(&mut self, shape: Shape, lives: &[Life]) -> Result<Case, Failure> {
        self.report.cases += 1;
        Case::new(shape, lives)
    }

    /// Runs one life and looks at what is visible after it.
    pub(super) fn life(
        &mut self,
        case: &Case,
        number: usize,
        life: &Life,
    ) -> Result<(Ended, Arc<Script>), Failure> {
        let script = Script::new(&life.faults, case.shape);
        let ended = if life.kills() {
            self.report.kills += 1;
            live_and_die(self.test, case.root(), case.shape, life)
                .map_err(|error| case.failed(number, error.report().to_string()))?
        } else {
            live(self.subject, &case.setting(), life, &script)
        };
        self.look(case, number, &ended, &script)?;
        if matches!(ended, Ended::Killed) {
            script.struck_elsewhere();
        }
        Ok((ended, script))
    }

    /// Looks at what is visible after a life, and at the calls in it.
    pub(super) fn look(
        &mut self,
        case: &Case,
        number: usize,
        ended: &Ended,
        script: &Script,
    ) -> Result<(), Failure> {
        self.report.lives += 1;
        let because =
            |violation: String| case.failed(number, format!("{violation}\n  {}", ended.describe()));
        if let Some(error) = ended.error()
            && error.kind() == ErrorKind::StillRunning
        {
            return Err(because("the query does not end".to_owned()));
        }
        if let Some(violation) = script.observer.violation() {
            return Err(because(violation));
        }
        oracle::check_now(self.subject, case.root(), case.shape, self.guarantee).map_err(because)
    }

    /// Lives on without faults: all rows are there, a further start finds nothing to do, and
    /// nothing is left over.
    pub(super) fn finish(&mut self, case: Case) -> Result<(), Failure> {
        let number = case.lives.len();
        for (number, again) in [(number, false), (number + 1, true)] {
            let (ended, _) = self.life(&case, number, &Life::default())?;
            let Ended::Well(summary) = &ended else {
                let violation = format!("a life without a fault fails\n  {}", ended.describe());
                return Err(case.failed(number, violation));
            };
            if again && summary.batches > 0 {
                let violation = format!("{} batches were run again", summary.batches);
                return Err(case.failed(number, violation));
            }
            oracle::check_end(self.subject, case.root(), case.shape, self.guarantee)
                .map_err(|violation| case.failed(number, violation))?;
        }
        self.expect_nothing_left(&case, number + 1)
    }

    fn expect_nothing_left(&self, case: &Case, number: usize) -> Result<(), Failure> {
        let left = (self.subject.leftovers)(&Place::plain(case.root()))
            .map_err(|error| case.failed(number, format!("cannot look for leftovers: {error}")))?;
        match left.first() {
            Some(first) => {
                let violation = format!("{} leftovers stay, such as {first}", left.len());
                Err(case.failed(number, violation))
            }
            None => Ok(()),
        }
    }
}

/// One sequence of lives in a folder of its own.
#[derive(Debug)]
pub(super) struct Case {
    scratch: std::cell::RefCell<Scratch>,
    root: std::path::PathBuf,
    pub(super) shape: Shape,
    pub(super) lives: Vec<Life>,
}

impl Case {
    fn new(shape: Shape, lives: &[Life]) -> Result<Self, Failure> {
        let scratch = Scratch::new().map_err(|error: Error| Failure {
            violation: error.report().to_string(),
            life: 0,
            shape,
            lives: lives.to_vec(),
            seed: None,
            folder: String::new(),
        })?;
        Ok(Self {
            root: scratch.path().to_owned(),
            scratch: scratch.into(),
            shape,
            lives: lives.to_vec(),
        })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn setting(&self) -> Setting<'_> {
        Setting::plain(&self.root, self.shape)
    }

    /// Makes the failure of a life, numbered from 0, and leaves the folder to be looked at.
    pub(super) fn failed(&self, number: usize, violation: impl Into<String>) -> Failure {
        self.scratch.borrow_mut().keep();
        Failure {
            violation: violation.into(),
            life: number + 1,
            shape: self.shape,
            lives: self.lives.clone(),
            seed: None,
            folder: self.root.display().to_string(),
        }
    }
}
