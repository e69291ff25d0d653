//! E6: the place for bad rows may be added to a query when the first of them has come, exchanged
//! and taken away again, and a batch that is prepared insists on its own.

use std::fs;

use streamwriter::{
    BadRows, BatchContext, BoxError, Error, ErrorKind, FileSink, Guarantee, JsonLines, LockHolder,
    QuerySummary, Rows, SetAside, StorePath, StreamWriter, Target, TaskContext, WriteRows,
};

use super::{Bench, Told, drain};

fn source(bench: &Bench, rule: BadRows) -> JsonLines<u64> {
    JsonLines::directory(bench.path("in"))
        .unwrap()
        .bad_rows(rule)
}

const ASIDE: BadRows = BadRows::SetAside { limit: 10 };

fn plain(bench: &Bench) -> impl WriteRows<u64> + use<> {
    FileSink::json_lines(bench.path("data")).unwrap()
}

fn placed(bench: &Bench, place: &str) -> impl WriteRows<u64> + use<> {
    SetAside::new(plain(bench), bench.path(place)).unwrap()
}

fn run(bench: &Bench, rule: BadRows, sink: impl WriteRows<u64>) -> Result<QuerySummary, Error> {
    let state = bench.storage("state");
    drain(source(bench, rule), sink, state, &Told::default())
}

/// A sink whose commit fails before it has begun, so that the batch stays prepared.
struct Stuck<W>(W);

impl<W: StreamWriter> StreamWriter for Stuck<W> {
    type Message = W::Message;
    type Error = BoxError;

    fn name(&self) -> &str {
        self.0.name()
    }

    fn takes_set_aside(&self) -> bool {
        self.0.takes_set_aside()
    }

    fn guarantee(&self) -> Guarantee {
        self.0.guarantee()
    }

    fn target(&self) -> Option<&dyn Target> {
        self.0.target()
    }

    fn description(&self) -> String {
        self.0.description()
    }

    fn commit(&self, _: Vec<W::Message>, _: &BatchContext) -> Result<(), BoxError> {
        Err("stuck".into())
    }
}

impl<W: WriteRows<u64>> WriteRows<u64> for Stuck<W> {
    fn write(
        &self,
        rows: impl Rows<Item = u64> + Send,
        task: &TaskContext,
    ) -> Result<W::Message, BoxError> {
        self.0.write(rows, task).map_err(Into::into)
    }
}

fn raws_in(bench: &Bench, place: &str) -> String {
    let files = bench.published(place, ".rejected");
    files
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn e6_a_query_that_met_a_bad_row_goes_on_with_a_place_for_it() {
    let bench = Bench::new();
    bench.put("a.jsonl", "1\n2\n");
    run(&bench, BadRows::Fail, plain(&bench)).unwrap();
    bench.put("b.jsonl", "3\nx\n");
    let error = run(&bench, BadRows::Fail, plain(&bench)).unwrap_err();
    let help = error.help().unwrap();
    assert!(
        help.contains("BadRows::SetAside") && help.contains("SetAside::new"),
        "{help}"
    );
    assert_eq!(
        run(&bench, ASIDE, placed(&bench, "aside"))
            .unwrap()
            .set_aside_rows,
        1
    );
    assert_eq!(
        (bench.data(), bench.raws()),
        (vec!["1".into(), "2".into(), "3".into()], vec!["x".into()])
    );

    // Another place from now on; what lies in the first one stays.
    bench.put("c.jsonl", "y\n");
    run(&bench, ASIDE, placed(&bench, "elsewhere")).unwrap();
    assert_eq!(
        (raws_in(&bench, "aside"), raws_in(&bench, "elsewhere")),
        ("x\n".into(), "y\n".into())
    );
    // None for a while, and the first one again, which has missed two batches.
    bench.put("d.jsonl", "4\n");
    run(&bench, BadRows::Fail, plain(&bench)).unwrap();
    bench.put("e.jsonl", "5\nz\n");
    run(&bench, ASIDE, placed(&bench, "aside")).unwrap();
    assert_eq!(bench.data(), ["1", "2", "3", "4", "5"]);
    assert_eq!(bench.raws(), ["x", "z"]);
}

#[test]
fn e3_a_prepared_batch_insists_on_the_place_that_it_has_staged_in() {
    let bench = Bench::new();
    bench.put("a.jsonl", "1\nx\n");
    run(&bench, ASIDE, Stuck(placed(&bench, "aside"))).unwrap_err();
    let error = run(&bench, ASIDE, placed(&bench, "elsewhere")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let named = error.path().unwrap();
    assert!(
        named.starts_with(bench.path("elsewhere").to_str().unwrap()),
        "{error}"
    );
    // Without a place the messages cannot be read, and say so.
    let error = run(&bench, BadRows::Fail, plain(&bench)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Message);
    assert!(error.message().contains("`streamwriter.both`"), "{error}");
    assert!(
        error
            .help()
            .unwrap()
            .contains("until its last batch is committed"),
        "{error}"
    );
    run(&bench, ASIDE, placed(&bench, "aside")).unwrap();
    assert_eq!(
        (bench.data(), bench.raws()),
        (vec!["1".to_owned()], vec!["x".to_owned()])
    );
    assert_eq!(bench.staged_files(), 0);
}

#[test]
fn w12_a_batch_prepared_without_a_place_is_finished_without_one() {
    let bench = Bench::new();
    bench.put("a.jsonl", "1\n");
    run(&bench, BadRows::Fail, Stuck(plain(&bench))).unwrap_err();
    let error = run(&bench, ASIDE, placed(&bench, "aside")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Message);
    assert!(
        error.message().contains("`streamwriter.staged-files`"),
        "{error}"
    );
    run(&bench, BadRows::Fail, plain(&bench)).unwrap();
    run(&bench, ASIDE, placed(&bench, "aside")).unwrap();
    assert_eq!(bench.data(), ["1"]);
}

#[test]
fn e5_e6_a_place_belongs_to_one_query_and_to_one_driver() {
    let bench = Bench::new();
    bench.put("a.jsonl", "x\n");
    run(&bench, ASIDE, placed(&bench, "aside")).unwrap();
    // Another query with data of its own.
    let other = SetAside::new(
        FileSink::json_lines(bench.path("data-2")).unwrap(),
        bench.path("aside"),
    );
    let other = drain(
        source(&bench, ASIDE),
        other.unwrap(),
        bench.storage("state-2"),
        &Told::default(),
    );
    let error = other.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert_eq!(error.path(), Some(bench.path("aside").to_str().unwrap()));
    // It chooses another place and needs nothing else anew.
    let again = SetAside::new(
        FileSink::json_lines(bench.path("data-2")).unwrap(),
        bench.path("aside-2"),
    );
    drain(
        source(&bench, ASIDE),
        again.unwrap(),
        bench.storage("state-2"),
        &Told::default(),
    )
    .unwrap();
    assert_eq!(raws_in(&bench, "aside-2"), "x\n");
    // A live driver holds the place as well as the data.
    let path = StorePath::parse("_streamwriter/lock").unwrap();
    let place = bench.storage("aside");
    let lock = place
        .lock(&path, &LockHolder::this_process(), false)
        .unwrap();
    let error = run(&bench, ASIDE, placed(&bench, "aside")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert!(
        error
            .path()
            .unwrap()
            .starts_with(bench.path("aside").to_str().unwrap()),
        "{error}"
    );
    drop(lock);
    run(&bench, ASIDE, placed(&bench, "aside")).unwrap();
}
