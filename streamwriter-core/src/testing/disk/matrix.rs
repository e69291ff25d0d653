//! A power cut at every system call of a program: tried, judged, and shrunk where it does harm.

use std::fmt;

use super::{DiskFault, DiskOperation, PowerCut, SavedDisk, SimulatedDisk, Survival};
use crate::error::{Error, Result};

/// How many of the last changes of a process a violation shows.
const CHANGES_SHOWN: usize = 4;

/// When a matrix asks for a judgement of what is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Judged {
    /// The power was cut, and nothing has run since: what a reader of the target may see meanwhile.
    AfterCut,
    /// The program was started again and has ended well: everything is there once.
    AfterRestart,
}

type Program<'m> = dyn Fn(&SimulatedDisk) -> Result<()> + 'm;
type Judge<'m> = dyn Fn(&SimulatedDisk, Judged) -> Result<(), String> + 'm;

/// Cuts the power at every system call of a program, restarts it, and has what is left judged.
///
/// The program is any closure that works on storages of the disk, such as a query to its end; it
/// is called again and again on a disk that is put back to what it held at first, also at the end,
/// unless a violation was found. The judge says what is wrong.
///
/// ```
/// use streamwriter_core::testing::{DiskFlaw, PowerMatrix, SimulatedDisk};
/// use streamwriter_core::{Storage, StorePath};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A program that keeps two records, the second only after the first.
/// let (first, second) = (StorePath::parse("1")?, StorePath::parse("2")?);
/// let program = |disk: &SimulatedDisk| {
///     let storage = disk.storage("state")?;
///     for path in [&first, &second] {
///         let _ = storage.create(path, b"x")?;
///         storage.sync(path)?; // a killed process may have left it without
///     }
///     Ok(())
/// };
/// let judge = |disk: &SimulatedDisk, _| {
///     if disk.path("state/2").exists() && !disk.path("state/1").exists() {
///         return Err("the second without the first".to_owned());
///     }
///     Ok(())
/// };
///
/// let directory = tempfile::tempdir()?;
/// let disk = SimulatedDisk::new(directory.path())?;
/// PowerMatrix::new(&disk, &program, &judge).cut_everywhere()?;
///
/// // The twin: on a disk that breaks its promises the same matrix finds the violation.
/// let directory = tempfile::tempdir()?;
/// let bad = SimulatedDisk::flawed(directory.path(), DiskFlaw::IgnoresDirectorySyncs)?;
/// let matrix = PowerMatrix::new(&bad, &program, &judge).seeds(20);
/// let violation = matrix.cut_everywhere().unwrap_err();
/// assert!(violation.to_string().contains("the second without the first"));
/// # Ok(())
/// # }
/// ```
#[must_use = "a matrix tries nothing until it is told what"]
pub struct PowerMatrix<'m> {
    disk: &'m SimulatedDisk,
    program: &'m Program<'m>,
    judge: &'m Judge<'m>,
    seeds: u64,
}

impl fmt::Debug for PowerMatrix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PowerMatrix")
            .field("seeds", &self.seeds)
            .finish_non_exhaustive()
    }
}

/// What a matrix has found first: printed, it is all that a person needs to see it again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PowerViolation {
    /// What the judge said, or why the program did not start again.
    pub what: String,
    /// The last changes in front of the cut, and in front of the kill before it if there was one.
    pub steps: Vec<String>,
    /// The cut, with the losses without which the violation goes away.
    pub cut: PowerCut,
}

impl fmt::Display for PowerViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, steps, cut } = self;
        write!(f, "{what}\n{}\n{cut}", steps.join("\n"))
    }
}

impl std::error::Error for PowerViolation {}

/// A point at which the power can be cut, in several ways.
struct Point {
    saved: SavedDisk,
    steps: Vec<String>,
}

impl<'m> PowerMatrix<'m> {
    /// Takes a disk, the program, and the judge.
    pub fn new(disk: &'m SimulatedDisk, program: &'m Program<'m>, judge: &'m Judge<'m>) -> Self {
        Self {
            disk,
            program,
            judge,
            seeds: 3,
        }
    }

    /// Sets how many seeds are tried at each point; 3 by default.
    pub fn seeds(mut self, seeds: u64) -> Self {
        self.seeds = seeds;
        self
    }

    /// Cuts the power in front of each change of the program; each time nothing survives, then
    /// everything, then what each seed says. Returns how many restarts were judged.
    ///
    /// # Errors
    /// The first violation; the earliest cut that shows it.
    pub fn cut_everywhere(&self) -> Result<u64, PowerViolation> {
        let empty = self.disk.save();
        let mut restarts = 0;
        for at in 0.. {
            let Some((_, log)) = self.run_until(&empty, at)? else {
                break;
            };
            let point = self.point(vec![tail("the power goes off", &log)]);
            let seeded = (0..self.seeds).map(|seed| Survival::Seeded(at * self.seeds + seed));
            let all = [Survival::Nothing, Survival::Everything];
            for survival in all.into_iter().chain(seeded) {
                restarts += 1;
                self.try_cut(&point, survival)?;
            }
        }
        self.put_back(&empty)?;
        Ok(restarts)
    }

    /// Kills the program in front of each change that `kill_at` chooses, starts it again, and cuts
    /// the power in front of every `stride`-th change of that, beginning elsewhere for each kill;
    /// each time nothing survives, then what each seed says. What the first process left visible
    /// and not synced, the second has seen and the cut takes back. Returns how many restarts were
    /// judged.
    ///
    /// # Errors
    /// The first violation.
    pub fn kill_then_cut(
        &self,
        kill_at: impl Fn(&DiskOperation) -> bool,
        stride: u64,
    ) -> Result<u64, PowerViolation> {
        let stride = stride.max(1);
        let empty = self.disk.save();
        let mut restarts = 0;
        for kill in 0.. {
            let Some((struck, log)) = self.run_until(&empty, kill)? else {
                break;
            };
            if !kill_at(&struck) {
                continue;
            }
            let killed = tail("a process is killed", &log);
            let left = self.disk.save();
            for at in (kill % stride..).step_by(stride as usize) {
                let Some((_, log)) = self.run_until(&left, at)? else {
                    break;
                };
                let point = self.point(vec![killed.clone(), tail("the power goes off", &log)]);
                let seeded = (0..self.seeds).map(|seed| {
                    // Another seed for each pair: there are many pairs and few seeds.
                    Survival::Seeded((kill * 10_000 + at) * self.seeds + seed)
                });
                for survival in std::iter::once(Survival::Nothing).chain(seeded) {
                    restarts += 1;
                    self.try_cut(&point, survival)?;
                }
            }
        }
        self.put_back(&empty)?;
        Ok(restarts)
    }

    /// Runs the program from what was saved up to a change; `None` if it ends before.
    fn run_until(
        &self,
        from: &SavedDisk,
        at: u64,
    ) -> Result<Option<(DiskOperation, Vec<DiskOperation>)>, PowerViolation> {
        self.put_back(from)?;
        self.disk.begin(Some(DiskFault::stop(at)));
        let ended = (self.program)(self.disk);
        let log = self.disk.log();
        match (self.disk.struck(), ended) {
            (Some(struck), _) => Ok(Some((struck, log))),
            (None, Ok(())) => Ok(None),
            (None, Err(error)) => Err(PowerViolation {
                what: format!("the program fails without a fault: {}", error.report()),
                steps: vec![tail("it runs", &log)],
                cut: PowerCut::none(),
            }),
        }
    }

    fn put_back(&self, saved: &SavedDisk) -> Result<(), PowerViolation> {
        self.disk.restore(saved).map_err(of_the_simulation)
    }

    fn point(&self, steps: Vec<String>) -> Point {
        Point {
            saved: self.disk.save(),
            steps,
        }
    }

    /// Cuts the power, restarts, and judges; shrinks the cut if there is something wrong.
    fn try_cut(&self, point: &Point, survival: Survival) -> Result<(), PowerViolation> {
        let (mut cut, judged) = self.cut_and_judge(point, survival, &[])?;
        let Err(mut what) = judged else {
            return Ok(());
        };
        // What can be spared without the violation going away did not cause it.
        let mut spared = Vec::new();
        for loss in cut.losses.clone() {
            spared.push(loss.change);
            match self.cut_and_judge(point, survival, &spared)? {
                (smaller, Err(still)) => (cut, what) = (smaller, still),
                (_, Ok(())) => {
                    spared.pop();
                }
            }
        }
        let steps = point.steps.clone();
        Err(PowerViolation { what, steps, cut })
    }

    fn cut_and_judge(
        &self,
        point: &Point,
        survival: Survival,
        spared: &[u64],
    ) -> Result<(PowerCut, Result<(), String>), PowerViolation> {
        self.put_back(&point.saved)?;
        let cut = self
            .disk
            .power_cut_sparing(survival, spared)
            .map_err(of_the_simulation)?;
        let judged = (self.judge)(self.disk, Judged::AfterCut).and_then(|()| {
            self.disk.begin(None);
            (self.program)(self.disk)
                .map_err(|error| format!("the restart fails: {}", error.report()))?;
            (self.judge)(self.disk, Judged::AfterRestart)
        });
        Ok((cut, judged))
    }
}

/// The directory itself could not be put into the state that was asked for.
fn of_the_simulation(error: Error) -> PowerViolation {
    PowerViolation {
        what: format!("the simulation fails: {}", error.report()),
        steps: Vec::new(),
        cut: PowerCut::none(),
    }
}

/// The last changes of a process.
fn tail(what: &str, log: &[DiskOperation]) -> String {
    let changes = log.iter().filter(|one| one.kind.is_change());
    let mut last: Vec<_> = changes.rev().take(CHANGES_SHOWN).collect();
    last.reverse();
    last.iter().fold(
        format!("{what}; its last changes were"),
        |text, operation| format!("{text}\n  {operation}"),
    )
}
