//! Which file of a checkpoint or target it is, and what must become of damage to it.

use std::path::Path;

use super::bench::{NEWEST, Specimen, Step};
use super::harm::{Harm, How};

/// What a file is to the next start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Query,
    NewestRun,
    OldRun,
    /// Of the batch in hand, or of the newest two that are committed.
    Offsets,
    Prepared,
    Commits,
    /// Records of batches before those, which nothing is decided from (E5).
    OldRecord,
    Segment,
    /// The locks: not records.
    Lock,
    Owner,
    NewestCommitted,
    OldCommitted,
    /// A staged file that `prepared` names.
    Staged,
    /// A staged file that no record names.
    Leftover,
    /// A published file of a batch that is prepared and not recorded.
    PublishedPending,
    /// A published file of a batch that is done: data, not ours to look at again.
    Published,
}

impl Kind {
    pub(super) fn of(path: &Path, specimen: &Specimen) -> Self {
        let text = path.to_str().unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let number = || name.get(..20).and_then(|digits| digits.parse::<u64>().ok());
        let acted_on = |kind| {
            // The newest two committed batches, and what comes after them.
            if number().unwrap() + 1 >= specimen.committed() {
                kind
            } else {
                Self::OldRecord
            }
        };
        let is_newest = || {
            let siblings = specimen.tree.files.keys();
            let mut siblings = siblings.filter(|one| one.parent() == path.parent());
            siblings.next_back().is_some_and(|newest| newest == path)
        };
        match text.split('/').collect::<Vec<_>>()[..] {
            ["checkpoint", "query.json"] => Self::Query,
            ["checkpoint", "lock"] | ["target", "_streamwriter", "lock"] => Self::Lock,
            ["checkpoint", "runs", _] if is_newest() => Self::NewestRun,
            ["checkpoint", "runs", _] => Self::OldRun,
            ["checkpoint", "offsets", _] => acted_on(Self::Offsets),
            ["checkpoint", "prepared", _] => acted_on(Self::Prepared),
            ["checkpoint", "commits", _] => acted_on(Self::Commits),
            ["checkpoint", "source", "taken", _] => Self::Segment,
            ["target", "_streamwriter", "owner"] => Self::Owner,
            ["target", "_streamwriter", "committed", _] if is_newest() => Self::NewestCommitted,
            ["target", "_streamwriter", "committed", _] => Self::OldCommitted,
            ["target", "_streamwriter", "staging", ..] if specimen.step == Step::Prepared => {
                Self::Staged
            }
            ["target", "_streamwriter", "staging", ..] => Self::Leftover,
            ["target", name] if name.starts_with(&format!("part-b{NEWEST:010}")) => {
                match specimen.step {
                    Step::Published => Self::PublishedPending,
                    _ => Self::Published,
                }
            }
            ["target", _] => Self::Published,
            _ => panic!("what is {text}?"),
        }
    }

    /// Whether the next start decides anything from the file: then no damage of it goes unnoticed.
    pub(super) fn is_acted_on(self) -> bool {
        !matches!(
            self,
            Self::OldRun
                | Self::OldRecord
                | Self::Lock
                | Self::OldCommitted
                | Self::Leftover
                | Self::Published
        )
    }
}

/// What must come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// An error that names the file.
    Refused,
    /// The rows are right, and nothing else happens.
    Right,
    /// One of the two.
    Either,
}

/// What must come of damage to a file.
pub(super) fn expected(kind: Kind, harm: &Harm) -> Expected {
    match harm {
        // A record that is missing whole may look like a crash before it was written; the rows
        // decide. Which of those are noticed is listed by the tests of missing files.
        Harm::Missing | Harm::Directory | Harm::FullDirectory => Expected::Either,
        _ if kind.is_acted_on() => Expected::Refused,
        _ => Expected::Right,
    }
}

/// What an error must name: the file, or what contradicts it where that is all there is to see.
pub(super) fn names(kind: Kind, harm: &Harm, path: &Path) -> Vec<String> {
    // Relative to checkpoint or target.
    let own: std::path::PathBuf = path.components().skip(1).collect();
    let mut names = vec![own.display().to_string()];
    let is_gone = matches!(harm, Harm::Missing | Harm::Directory | Harm::FullDirectory);
    let is_foreign = matches!(
        harm,
        Harm::Replaced {
            how: How::OfAnotherCheckpoint,
            ..
        }
    );
    match kind {
        // Checkpoint and target contradict each other, and either may be the wrong one (E6).
        Kind::Query if is_foreign => names.push("the target belongs to query".to_owned()),
        Kind::Owner if is_foreign => names.push("the target belongs to query".to_owned()),
        Kind::Owner if is_gone => names.push("the target does not know it".to_owned()),
        Kind::NewestCommitted if is_gone => names.push("the target knows".to_owned()),
        Kind::Offsets | Kind::Prepared | Kind::Commits if is_gone => {
            names.push("the target has batch".to_owned());
            names.push("the checkpoint has lost the record".to_owned());
        }
        // The journal knows how many files were read, and the segments hold fewer.
        Kind::Segment if is_gone => names.push("checkpoint/source/taken".to_owned()),
        _ => {}
    }
    names
}
