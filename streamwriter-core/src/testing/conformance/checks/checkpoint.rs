//! Checkpoints that are not what the target remembers (E6).

use std::fs;
use std::io;
use std::path::Path;

use super::super::examiner::{Case, Examiner, Failure};
use super::super::faults::{Life, Shape};
use super::super::life::{Ended, live};
use super::super::oracle;
use super::super::place::{Place, checkpoint_of};
use super::super::script::Script;
use crate::error::ErrorKind;
use crate::writer::WriteRows;

pub(super) fn backwards<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    if !examiner.has_target {
        examiner.skip("a sink without a target does not notice a checkpoint that went backwards");
        return Ok(());
    }
    let shape = Shape::default();
    let early = Life {
        available: Some(shape.per_batch),
        ..Life::default()
    };
    let lives = [early, Life::default(), Life::default()];
    for exchange in [Exchange::OlderCopy, Exchange::Reset, Exchange::EmptyTarget] {
        let case = examiner.begin(shape, &lives)?;
        let [first, second, refused] = &lives;
        examiner.life(&case, 0, first)?;
        exchange
            .prepare(&case)
            .map_err(|error| case.failed(0, error.to_string()))?;
        examiner.life(&case, 1, second)?;
        let done = exchange
            .make(&case)
            .map_err(|error| case.failed(1, error.to_string()))?;
        if !done {
            examiner.skip("the target is not a directory that could be emptied");
            continue;
        }
        expect_refusal(examiner, &case, refused, exchange)?;
        exchange
            .undo(&case)
            .map_err(|error| case.failed(2, error.to_string()))?;
        examiner.finish(case)?;
    }
    Ok(())
}

fn expect_refusal<W, R>(
    examiner: &mut Examiner<'_, W, R>,
    case: &Case,
    life: &Life,
    exchange: Exchange,
) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let script = Script::new(&[], case.shape);
    let ended = live(examiner.subject, &case.setting(), life, &script);
    examiner.report.lives += 1;
    let refused = matches!(&ended, Ended::Badly(error) if error.kind() == ErrorKind::Mismatch);
    if !refused {
        let violation = format!("E6: {exchange:?} is not refused: {}", ended.describe());
        return Err(case.failed(2, violation));
    }
    if exchange == Exchange::EmptyTarget {
        return Ok(());
    }
    oracle::check_end(
        examiner.subject,
        case.root(),
        case.shape,
        examiner.guarantee,
    )
    .map_err(|violation| case.failed(2, violation))
}

/// What is exchanged behind the query's back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exchange {
    /// The checkpoint is restored from an older copy.
    OlderCopy,
    /// The checkpoint is removed, so that the query begins anew.
    Reset,
    /// The target is emptied.
    EmptyTarget,
}

impl Exchange {
    /// Runs between the first and the second life.
    fn prepare(self, case: &Case) -> io::Result<()> {
        match self {
            Self::OlderCopy => copy(&checkpoint_of(case.root()), &aside(case, "older")),
            Self::Reset | Self::EmptyTarget => Ok(()),
        }
    }

    /// Makes the exchange; returns whether there was anything to exchange.
    fn make(self, case: &Case) -> io::Result<bool> {
        let checkpoint = checkpoint_of(case.root());
        match self {
            Self::OlderCopy => {
                fs::rename(&checkpoint, aside(case, "newest"))?;
                copy(&aside(case, "older"), &checkpoint)?;
            }
            Self::Reset => fs::rename(&checkpoint, aside(case, "newest"))?,
            Self::EmptyTarget => {
                let target = directory(case);
                if !target.is_dir() {
                    return Ok(false);
                }
                fs::rename(&target, aside(case, "newest"))?;
                fs::create_dir(&target)?;
            }
        }
        Ok(true)
    }

    /// Puts back what was there.
    fn undo(self, case: &Case) -> io::Result<()> {
        let place = match self {
            Self::OlderCopy | Self::Reset => checkpoint_of(case.root()),
            Self::EmptyTarget => directory(case),
        };
        fs::remove_dir_all(&place)?;
        fs::rename(aside(case, "newest"), place)
    }
}

fn directory(case: &Case) -> std::path::PathBuf {
    Place::plain(case.root()).directory()
}

fn aside(case: &Case, name: &str) -> std::path::PathBuf {
    case.root().join(name)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
