//! What to do first after a start: a pure function of what was found (E2, E3, E6, B5).

use crate::error::{Error, ErrorKind, Result};
use crate::ids::BatchId;

/// The newest record of each kind, and what each part of the target remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) offsets: Option<BatchId>,
    pub(crate) prepared: Option<BatchId>,
    pub(crate) commits: Option<BatchId>,
    /// The batch that a person has had written again and that is not prepared anew (E3).
    pub(crate) revoked: Option<BatchId>,
    /// None for a sink without a target, several for one that commits to several places.
    pub(crate) targets: Vec<Part>,
}

/// One part of the target: where it is, and what it remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) location: Option<String>,
    pub(crate) memory: TargetFact,
}

/// What the target remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TargetFact {
    /// The sink has no memory of its own.
    NoMemory,
    /// No batch was ever committed to it.
    Nothing,
    /// Its newest batch, and whether it was committed from the `prepared` record in the journal.
    Newest { batch: BatchId, same_messages: bool },
    /// Its newest record is one that a late driver made from messages which a person has revoked
    /// since. It says nothing of what is there.
    Revoked,
}

/// What to do first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    /// Everything is committed: plan this batch.
    Plan(BatchId),
    /// This batch's rows are decided: write them (E2). Then write the batch after it, if its rows
    /// are decided already and a person has had this one written again (E3).
    Write {
        batch: BatchId,
        then_write: Option<BatchId>,
    },
    /// This batch's messages are decided: commit them, or only say so if `recorded` (E3). Then
    /// write the batch after it, if its rows are decided already (B5).
    Commit {
        batch: BatchId,
        recorded: bool,
        then_write: Option<BatchId>,
    },
}

/// Decides what to do first; refuses every state that the steps of a batch cannot leave.
///
/// The steps leave, for the last committed batch `c` and `n = c + 1`:
///
/// | newest `offsets` | newest `prepared` | the target has | first |
/// |---|---|---|---|
/// | c | c | c | plan n |
/// | n | c | c | write n |
/// | n | n | c or n | commit n |
/// | n + 1 | n | c or n | commit n, then write n + 1 |
///
/// A person's decision that n is written again takes `prepared` back to c, whatever the offsets.
///
/// Each part of a target must fit on its own. A crash between two of their records leaves one at n
/// and the other at c; n counts as recorded only if all of them have it.
pub(crate) fn resume(facts: &Facts) -> Result<Resume> {
    let Facts {
        offsets,
        prepared,
        commits,
        revoked,
        ref targets,
    } = *facts;
    let next = commits.map_or(BatchId::FIRST, BatchId::next);
    let after = next.next();
    let then_write = (offsets == Some(after)).then_some(after);
    let offsets_fit = offsets == Some(next) || then_write.is_some();
    let first = if revoked.is_some() {
        if revoked != Some(next) || prepared != commits || !offsets_fit {
            return Err(records_disagree(facts));
        }
        Resume::Write {
            batch: next,
            then_write,
        }
    } else if offsets == commits && prepared == commits {
        Resume::Plan(next)
    } else if offsets == Some(next) && prepared == commits {
        Resume::Write {
            batch: next,
            then_write: None,
        }
    } else if prepared == Some(next) && offsets_fit {
        let records =
            |part: &Part| matches!(part.memory, TargetFact::Newest { batch, .. } if batch == next);
        let recorded = !targets.is_empty() && targets.iter().all(records);
        Resume::Commit {
            batch: next,
            recorded,
            then_write,
        }
    } else {
        return Err(records_disagree(facts));
    };
    for part in targets {
        check_target(first, commits, part.memory).map_err(|error| match &part.location {
            Some(location) => error.at_path(location),
            None => error,
        })?;
    }
    Ok(first)
}

fn check_target(first: Resume, commits: Option<BatchId>, target: TargetFact) -> Result<()> {
    let (batch, same_messages) = match (target, commits) {
        (TargetFact::NoMemory | TargetFact::Revoked, _) | (TargetFact::Nothing, None) => {
            return Ok(());
        }
        (TargetFact::Nothing, Some(commits)) => return Err(target_behind(None, commits)),
        (
            TargetFact::Newest {
                batch,
                same_messages,
            },
            _,
        ) => (batch, same_messages),
    };
    let ahead_by_one = matches!(first, Resume::Commit { batch: next, .. } if batch == next);
    if commits.is_none_or(|commits| batch > commits) && !ahead_by_one {
        return Err(target_ahead(batch, commits));
    }
    if let Some(commits) = commits.filter(|commits| batch < *commits) {
        return Err(target_behind(Some(batch), commits));
    }
    if same_messages {
        Ok(())
    } else {
        Err(other_messages(batch))
    }
}

fn records_disagree(facts: &Facts) -> Error {
    let newest = |batch: Option<BatchId>| batch.map_or("none".to_owned(), |b| b.to_string());
    Error::new(
        ErrorKind::Corrupted,
        format!(
            "the records of the checkpoint contradict each other: newest offsets {}, prepared {}, \
             commits {}",
            newest(facts.offsets),
            newest(facts.prepared),
            newest(facts.commits),
        ),
    )
    .with_help("restore the missing records from a copy that is as new as the last run")
}

fn target_ahead(batch: BatchId, commits: Option<BatchId>) -> Error {
    let journal = commits.map_or("no batch".to_owned(), |batch| format!("batch {batch}"));
    Error::new(
        ErrorKind::Mismatch,
        format!("the target has batch {batch} of this query, the checkpoint only {journal}"),
    )
    .in_batch(batch)
    .with_help(
        "the checkpoint is an older copy or was reset: to resume restore the newest one; to take \
         the target over start with an empty checkpoint, the error prints the call; to start anew \
         choose an empty checkpoint and an empty target",
    )
}

fn target_behind(batch: Option<BatchId>, commits: BatchId) -> Error {
    let found = batch.map_or("no batch".to_owned(), |batch| format!("only batch {batch}"));
    Error::new(
        ErrorKind::Mismatch,
        format!("the checkpoint has committed batch {commits}, the target knows {found}"),
    )
    .in_batch(commits)
    .with_help(
        "the target was emptied, exchanged or restored from an older copy: to resume bring it \
         back; to go on with what it is now start with an empty checkpoint, which takes it over; \
         to start anew choose an empty checkpoint and an empty target",
    )
}

fn other_messages(batch: BatchId) -> Error {
    Error::new(
        ErrorKind::Mismatch,
        format!("the target's batch {batch} was committed from other messages than the journal's"),
    )
    .in_batch(batch)
    .with_help(
        "the checkpoint is a copy that went its own way: to resume use the one that wrote the \
         target last; to take the target over start with an empty checkpoint; to start anew choose \
         an empty checkpoint and an empty target",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: i64) -> Option<BatchId> {
        u64::try_from(number).ok().map(BatchId::new)
    }

    /// -1 stands for "none".
    fn decide(offsets: i64, prepared: i64, commits: i64, target: i64) -> Result<Resume> {
        decide_for([offsets, prepared, commits], &[remembers(target)])
    }

    fn remembers(target: i64) -> TargetFact {
        match id(target) {
            Some(batch) => TargetFact::Newest {
                batch,
                same_messages: true,
            },
            None => TargetFact::Nothing,
        }
    }

    fn parts_of(targets: &[TargetFact]) -> Vec<Part> {
        let part = |(number, memory): (usize, &TargetFact)| Part {
            location: Some(format!("/part-{number}")),
            memory: *memory,
        };
        targets.iter().enumerate().map(part).collect()
    }

    fn decide_for(records: [i64; 3], targets: &[TargetFact]) -> Result<Resume> {
        let [offsets, prepared, commits] = records.map(id);
        resume(&Facts {
            offsets,
            prepared,
            commits,
            revoked: None,
            targets: parts_of(targets),
        })
    }

    #[test]
    fn e3_a_batch_that_is_written_again_is_written_whatever_its_target_remembers_of_it() {
        for c in [-1, 0, 7] {
            let (n, after) = (c + 1, c + 2);
            for (offsets, target, then_write) in [
                (n, TargetFact::Revoked, None),
                (after, TargetFact::Revoked, id(after)),
                (n, remembers(c), None),
                (after, remembers(c), id(after)),
            ] {
                let facts = |prepared| Facts {
                    offsets: id(offsets),
                    prepared: id(prepared),
                    commits: id(c),
                    revoked: id(n),
                    targets: parts_of(&[target]),
                };
                let batch = id(n).unwrap();
                let expected = Resume::Write { batch, then_write };
                assert_eq!(resume(&facts(c)).unwrap(), expected);
                resume(&facts(n)).unwrap_err();
                resume(&Facts {
                    revoked: id(after),
                    ..facts(c)
                })
                .unwrap_err();
            }
        }
    }

    #[test]
    fn every_state_that_the_steps_leave_has_its_way_on() {
        for c in [-1, 0, 1, 7] {
            let (n, after) = (c + 1, c + 2);
            let batch = id(n).unwrap();
            let then = id(after);
            let commit = |recorded, then_write| Resume::Commit {
                batch,
                recorded,
                then_write,
            };
            assert_eq!(decide(c, c, c, c).unwrap(), Resume::Plan(batch));
            let write = Resume::Write {
                batch,
                then_write: None,
            };
            assert_eq!(decide(n, c, c, c).unwrap(), write);
            assert_eq!(decide(n, n, c, c).unwrap(), commit(false, None));
            assert_eq!(decide(n, n, c, n).unwrap(), commit(true, None));
            assert_eq!(decide(after, n, c, c).unwrap(), commit(false, then));
            assert_eq!(decide(after, n, c, n).unwrap(), commit(true, then));
        }
    }

    #[test]
    fn e6_e9_every_other_state_is_refused() {
        for offsets in -1..6 {
            for prepared in -1..6 {
                for commits in -1..6 {
                    for target in -1..6 {
                        let n = commits + 1;
                        let journal = match prepared {
                            prepared if prepared == commits => offsets == n || offsets == commits,
                            prepared => prepared == n && (offsets == n || offsets == n + 1),
                        };
                        let agrees = target == commits || (prepared == n && target == n);
                        let decided = decide(offsets, prepared, commits, target);
                        let case = (offsets, prepared, commits, target);
                        assert_eq!(decided.is_ok(), journal && agrees, "{case:?}: {decided:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn e6_a_target_committed_from_other_messages_is_refused() {
        for (offsets, prepared, commits, target) in [(3, 3, 3, 3), (4, 4, 3, 4), (4, 4, 3, 3)] {
            let target = TargetFact::Newest {
                batch: BatchId::new(target),
                same_messages: false,
            };
            let records = [offsets, prepared, commits];
            let error = decide_for(records, &[target]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Mismatch);
            // Also if it is the other part of two that fits, whichever comes first.
            for (targets, at_fault) in [
                ([target, remembers(commits)], "/part-0"),
                ([remembers(commits), target], "/part-1"),
                ([TargetFact::NoMemory, target], "/part-1"),
            ] {
                let error = decide_for(records, &targets).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Mismatch);
                assert_eq!(error.path(), Some(at_fault));
            }
        }
    }

    #[test]
    fn e3_e6_two_parts_fit_if_each_does_and_record_a_batch_if_both_do() {
        for offsets in -1..5 {
            for prepared in -1..5 {
                for commits in -1..5 {
                    let records = [offsets, prepared, commits];
                    for (first, second) in (-1..5).flat_map(|a| (-1..5).map(move |b| (a, b))) {
                        let alone =
                            [first, second].map(|one| decide_for(records, &[remembers(one)]));
                        let both = decide_for(records, &[remembers(first), remembers(second)]);
                        let case = (records, first, second);
                        assert_eq!(both.is_ok(), alone.iter().all(Result::is_ok), "{case:?}");
                        let Ok(Resume::Commit { recorded, .. }) = both else {
                            continue;
                        };
                        let n = commits + 1;
                        assert_eq!(recorded, first == n && second == n, "{case:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn e3_a_part_without_a_memory_has_never_recorded_a_batch() {
        let forgets = TargetFact::NoMemory;
        for targets in [
            vec![],
            vec![forgets],
            vec![forgets, remembers(4)],
            vec![remembers(4), forgets],
            vec![remembers(3), forgets],
        ] {
            let decided = decide_for([4, 4, 3], &targets).unwrap();
            let not_recorded = matches!(
                decided,
                Resume::Commit {
                    recorded: false,
                    ..
                }
            );
            assert!(not_recorded, "{targets:?}: {decided:?}");
        }
    }
}
