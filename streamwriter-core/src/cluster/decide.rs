//! What to do with a batch that a cluster asks to commit: a pure function of what was found (E2, E3, E6).

use super::source::{ClusterPlan, rows_of, same_rows};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::BatchId;

/// What the journal knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// The batch that is to come next: the one in hand, or the one after the newest committed.
    pub(super) next: BatchId,
    /// The rows of that batch, if they are recorded, and whether its messages are.
    pub(super) in_hand: Option<(ClusterPlan, bool)>,
    /// The rows of the batch that is asked for, if it is committed and its record is kept.
    pub(super) earlier: Option<ClusterPlan>,
}

/// What to do with the messages of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nobody has recorded messages: these count.
    Record,
    /// Others are recorded: those count, and these are dropped.
    RollForward,
    /// The batch is committed: these are dropped.
    Drop,
}

/// Decides; refuses whatever would lose or double rows.
///
/// | the batch asked for is | and its record | then |
/// |---|---|---|
/// | the next | is not there | record these messages |
/// | the next | is of the same rows, without messages | record these messages |
/// | the next | is of the same rows, with messages | roll those forward, drop these |
/// | before the next | is of the same rows | drop these |
/// | any of them | is of other rows, or forgotten | refused |
/// | after the next | | refused |
pub(super) fn decide(asked: &ClusterPlan, known: &Known) -> Result<Step> {
    let batch = asked.end.batch;
    if batch > known.next {
        return Err(gap(batch, known.next));
    }
    if batch < known.next {
        return match &known.earlier {
            None => Err(forgotten(batch, known.next)),
            Some(earlier) if same_rows(asked, earlier) => Ok(Step::Drop),
            Some(earlier) => Err(other_rows(asked, earlier, "is committed")),
        };
    }
    match &known.in_hand {
        None => Ok(Step::Record),
        Some((recorded, prepared)) if same_rows(asked, recorded) => Ok(match prepared {
            true => Step::RollForward,
            false => Step::Record,
        }),
        Some((recorded, _)) => Err(other_rows(asked, recorded, "is recorded")),
    }
}

fn gap(batch: BatchId, next: BatchId) -> Error {
    let (message, help) = match next.previous() {
        None => (
            format!("the query begins with batch {batch} here, and not with batch 0"),
            "the target was emptied or exchanged, or the query has had another sink: to resume \
             bring the target back; to start anew choose an empty checkpoint",
        ),
        Some(newest) => (
            format!(
                "batch {batch} is to be committed, and the newest one here is batch {newest}: the \
                 rows of batch {next} would be missing"
            ),
            "the cluster's checkpoint says that it is done, the target does not: bring back the \
             target or the checkpoint that belong together",
        ),
    };
    Error::new(ErrorKind::Mismatch, message)
        .in_batch(batch)
        .with_help(help)
}

fn forgotten(batch: BatchId, next: BatchId) -> Error {
    let message = format!(
        "batch {batch} was committed long ago, the next one is batch {next}, and the journal does not \
         hold any more which rows it was"
    );
    Error::new(ErrorKind::Mismatch, message)
        .in_batch(batch)
        .with_help(
            "the checkpoint is an old copy or was reset: to resume restore the newest one; to start \
             anew choose an empty checkpoint and an empty target",
        )
}

fn other_rows(asked: &ClusterPlan, recorded: &ClusterPlan, how: &str) -> Error {
    let batch = asked.end.batch;
    let found = match (&asked.end.offsets, &recorded.end.offsets) {
        (Some(asked), Some(recorded)) => {
            format!(
                "the offsets of the cluster's checkpoint have the digest {asked}, those recorded {recorded}"
            )
        }
        _ => format!(
            "it has {} now, {} were recorded",
            counted(asked),
            counted(recorded)
        ),
    };
    let message = format!("batch {batch} {how} with other rows: {found}");
    Error::new(ErrorKind::Mismatch, message)
        .in_batch(batch)
        .with_help(
            "the checkpoint was reset or changed, or is another copy: to resume restore the one that \
             belongs to the target; to start anew choose an empty checkpoint and an empty target",
        )
}

fn counted(plan: &ClusterPlan) -> String {
    let rows: Vec<String> = plan
        .partitions
        .iter()
        .map(|of| of.rows.to_string())
        .collect();
    match rows.len() {
        0..=8 => format!(
            "{} rows in partitions of {}",
            rows_of(plan),
            rows.join(", ")
        ),
        partitions => format!("{} rows in {partitions} partitions", rows_of(plan)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::{ClusterOffset, PartitionRows};
    use super::*;

    fn plan(batch: u64, offsets: Option<&str>, rows: &[u64]) -> ClusterPlan {
        let partitions = rows.iter().map(|rows| PartitionRows { rows: *rows });
        ClusterPlan {
            end: ClusterOffset {
                batch: BatchId::new(batch),
                offsets: offsets.map(str::to_owned),
            },
            partitions: partitions.collect(),
            rows: None,
        }
    }

    fn known(
        next: u64,
        in_hand: Option<(ClusterPlan, bool)>,
        earlier: Option<ClusterPlan>,
    ) -> Known {
        Known {
            next: BatchId::new(next),
            in_hand,
            earlier,
        }
    }

    #[test]
    fn e3_every_row_of_the_table() {
        let asked = plan(3, Some("a"), &[1, 2]);
        let other_cut = plan(3, Some("a"), &[3]);
        let unread = plan(3, None, &[1, 2]);
        for (facts, step) in [
            (known(3, None, None), Step::Record),
            (known(3, Some((asked.clone(), false)), None), Step::Record),
            (
                known(3, Some((asked.clone(), true)), None),
                Step::RollForward,
            ),
            // The digest decides; without one of the two, the rows do.
            (
                known(3, Some((other_cut.clone(), true)), None),
                Step::RollForward,
            ),
            (
                known(3, Some((unread.clone(), true)), None),
                Step::RollForward,
            ),
            (known(4, None, Some(asked.clone())), Step::Drop),
            (known(9, None, Some(unread)), Step::Drop),
        ] {
            assert_eq!(decide(&asked, &facts).unwrap(), step, "{facts:?}");
        }
    }

    #[test]
    fn e6_whatever_would_lose_or_double_rows_is_refused_by_name() {
        let asked = plan(3, Some("a"), &[1, 2]);
        let other = plan(3, Some("b"), &[1, 2]);
        let fewer = plan(3, None, &[1, 1]);
        let other_cut = plan(3, None, &[2, 1]);
        let fewer_in_one = plan(3, None, &[2]);
        for (facts, why) in [
            (known(2, None, None), "rows of batch 2 would be missing"),
            (known(0, None, None), "begins with batch 3 here"),
            (
                known(3, Some((other.clone(), true)), None),
                "is recorded with other rows",
            ),
            (
                known(3, Some((other.clone(), false)), None),
                "is recorded with other rows",
            ),
            (
                known(3, Some((fewer, true)), None),
                "3 rows in partitions of 1, 2 now, 2 rows in partitions of 1, 1 were",
            ),
            (
                known(3, Some((other_cut, true)), None),
                "of 1, 2 now, 3 rows in partitions of 2, 1",
            ),
            (
                known(4, None, Some(fewer_in_one)),
                "of 1, 2 now, 2 rows in partitions of 2 were",
            ),
            (known(4, None, Some(other)), "is committed with other rows"),
            (known(400, None, None), "was committed long ago"),
        ] {
            let error = decide(&asked, &facts).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Mismatch);
            assert!(error.to_string().contains(why), "{error}");
            assert_eq!(error.batch(), Some(BatchId::new(3)));
        }
    }
}
