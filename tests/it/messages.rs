//! W12 through the whole engine: a stored message that the restarted program cannot read is an error
//! that names type, version and batch, and the batch stays as it is until one can.

use streamwriter::prelude::*;
use streamwriter::{ErrorKind, Target};

use crate::support::{Numbers, Scripted, drain};

/// The next release's message: renamed by mistake.
#[derive(CommitMessage)]
#[message(name = "renamed")]
struct Renamed {
    #[message(rows)]
    rows: u64,
}

/// The next release's message: of a version that forgot to say how to read the old one.
#[derive(CommitMessage)]
#[message(name = "written", version = 2)]
struct NewVersion {
    #[message(rows)]
    rows: u64,
}

struct NextRelease<M> {
    target: Scripted,
    message: fn(u64) -> M,
}

#[stream_writer(name = "scripted", guarantee = exactly_once, target = self.target)]
impl<M: CommitMessage> NextRelease<M> {
    fn description(&self) -> String {
        Target::location(&self.target)
    }

    fn write(&self, rows: impl Iterator<Item = u64>) -> Result<M, BoxError> {
        Ok((self.message)(rows.count() as u64))
    }
}

fn restart<M: CommitMessage>(
    checkpoint: &std::path::Path,
    target: Scripted,
    message: fn(u64) -> M,
) -> Error {
    stream(Numbers::new(10))
        .write_to(NextRelease { target, message })
        .checkpoint(checkpoint)
        .trigger(Trigger::AvailableNow)
        .start()
        .map(|_| ())
        .unwrap_err()
}

#[test]
fn w12_a_stored_message_of_another_type_or_version_is_named_and_waits_for_who_can_read_it() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Scripted::new().before_commit(|_| Err("crash".into()));
    drain(Numbers::new(10), sink.clone(), directory.path()).unwrap_err();

    let error = restart(directory.path(), sink.restarted(), |rows| Renamed { rows });
    assert_eq!(error.kind(), ErrorKind::Message);
    assert_eq!(error.batch().unwrap().get(), 0);
    let report = error.report().to_string();
    assert!(
        report.contains("`written`") && report.contains("`renamed`"),
        "{report}"
    );

    let error = restart(directory.path(), sink.restarted(), |rows| NewVersion {
        rows,
    });
    let report = error.report().to_string();
    assert!(
        report.contains("`written`") && report.contains("version 1"),
        "{report}"
    );

    drain(Numbers::new(10), sink.restarted(), directory.path()).unwrap();
    assert_eq!(sink.rows(), (0..10).collect::<Vec<_>>());
}
