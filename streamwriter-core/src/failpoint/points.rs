//! The list of the points: what has happened at each, and what has not.

/// A point between two steps, where a test can kill or stop the process.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Failpoint {
    /// The name to write into `STREAMWRITER_FAILPOINT`.
    pub name: &'static str,
    /// What has happened when it is passed.
    pub done: &'static str,
    /// What comes next and has not happened.
    pub open: &'static str,
}

const fn point(name: &'static str, done: &'static str, open: &'static str) -> Failpoint {
    Failpoint { name, done, open }
}

/// Every point, in the order in which a query passes them: first those of a start, then those of a
/// batch `N`. Those that hold for one file or record of several are passed once for each.
///
/// `record-unnamed`, `publishing` and `file-published` are points of the local storage and of
/// staging; a sink without them does not pass them.
pub const FAILPOINTS: &[Failpoint] = &[
    point(
        "query",
        "the checkpoint is locked, and `query.json` names its query",
        "the target is neither locked nor claimed",
    ),
    point(
        "claimed",
        "the target is locked and claimed for the query",
        "the run is not recorded, so an earlier run is not fenced off",
    ),
    point(
        "run",
        "`runs/G` is there: every earlier run is fenced off",
        "nothing was read from the journal",
    ),
    point(
        "recovered",
        "what comes first is decided, and old records are purged",
        "the source has not started",
    ),
    point(
        "resumed",
        "the source was told of the newest committed batch, and leftovers are swept",
        "no batch was entered",
    ),
    point(
        "planned",
        "the rows of N are chosen in memory",
        "no record names them",
    ),
    point(
        "record-unnamed",
        "the bytes of a record are durable under a temporary name",
        "the record has no name",
    ),
    point(
        "offsets-unfenced",
        "`offsets/N` is there",
        "the driver has not looked for a newer run since",
    ),
    point(
        "offsets",
        "`offsets/N` is there, and no newer run was",
        "no task has begun",
    ),
    point(
        "file-begun",
        "a task has begun a staged file",
        "nothing is in it",
    ),
    point(
        "task",
        "a task has finished, and its files are staged",
        "other tasks may be running",
    ),
    point(
        "written",
        "every task has finished",
        "no record names what they staged",
    ),
    point(
        "prepared-unfenced",
        "`prepared/N` is there",
        "the driver has not looked for a newer run since",
    ),
    point(
        "prepared",
        "`prepared/N` is there, and no newer run was",
        "`commit` was not called",
    ),
    point(
        "publishing",
        "`commit` has looked for a newer run and found none",
        "none of its next files is published",
    ),
    point(
        "file-published",
        "one file has its final name",
        "its directory is not synced, and the files after it are not published",
    ),
    point(
        "published",
        "`commit` has returned, and every file has its final name",
        "the target does not record N",
    ),
    point(
        "recorded",
        "the target records N, by this run or an earlier one",
        "`commits/N` is not there",
    ),
    point(
        "commits-unfenced",
        "`commits/N` is there",
        "the driver has not looked for a newer run since",
    ),
    point(
        "committed",
        "`commits/N` is there, and no newer run was",
        "the source was not told",
    ),
    point(
        "told",
        "the source was told that N is done",
        "old records are not purged, and leftovers not swept",
    ),
    point(
        "record-purged",
        "one record of an old batch is gone",
        "others of the same batch may be there",
    ),
    point(
        "leftover-swept",
        "one staged file of an earlier run is gone",
        "others may be there",
    ),
];
