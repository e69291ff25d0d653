//! E3, E6 and E7: the ways out that a person chooses. A target handed from one query to another, a
//! batch whose files are not as its messages name them, and what lies there that nobody publishes.

mod former;
mod gated;
mod repair;
mod repair_crashes;
mod repair_refused;
mod repair_zombies;
mod sweep;
mod take_over;
mod take_over_crashes;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use streamwriter::testing::{FaultStorage, When};
use streamwriter::{
    BatchContext, Error, Guarantee, LocalStorage, QuerySummary, Rows, SharedStorage, StagedFiles,
    Staging, StorePath, StreamWriter, Target, TaskContext, Trigger, WriteRows, stream,
};

use crate::support::Numbers;

/// What the second query adds to its numbers, so that its rows are told from the first one's.
pub(crate) const OTHER: u64 = 1000;

pub(crate) fn local(directory: &Path) -> SharedStorage {
    LocalStorage::shared(directory).unwrap()
}

/// A folder in memory where there is one: thousands of syncs to a disk take minutes.
pub(crate) fn memory_directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

type Hook = Arc<dyn Fn(&BatchContext) + Send + Sync>;

/// A file sink of one's own over staging, two files for each partition, with hooks in its commit.
#[derive(Clone)]
pub(crate) struct Lines {
    staging: Arc<Staging>,
    description: String,
    directory: Option<StorePath>,
    before_publish: Hook,
    after_publish: Hook,
}

impl Lines {
    pub(crate) fn over(storage: SharedStorage) -> Self {
        Self {
            staging: Arc::new(Staging::over(storage)),
            description: "lines lake".to_owned(),
            directory: None,
            before_publish: Arc::new(|_| {}),
            after_publish: Arc::new(|_| {}),
        }
    }

    /// Writes into a directory below the target, which nothing but a publication touches.
    pub(crate) fn into_directory(mut self, directory: &str) -> Self {
        self.directory = Some(StorePath::parse(directory).unwrap());
        self
    }

    pub(crate) fn before_publish(
        mut self,
        run: impl Fn(&BatchContext) + Send + Sync + 'static,
    ) -> Self {
        self.before_publish = Arc::new(run);
        self
    }

    pub(crate) fn after_publish(
        mut self,
        run: impl Fn(&BatchContext) + Send + Sync + 'static,
    ) -> Self {
        self.after_publish = Arc::new(run);
        self
    }
}

impl StreamWriter for Lines {
    type Message = StagedFiles;
    type Error = Error;

    fn name(&self) -> &str {
        "lines"
    }

    fn description(&self) -> String {
        self.description.clone()
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce
    }

    fn target(&self) -> Option<&dyn Target> {
        Some(&*self.staging)
    }

    fn commit(&self, messages: Vec<StagedFiles>, batch: &BatchContext) -> Result<(), Error> {
        (self.before_publish)(batch);
        self.staging.publish(&StagedFiles::all(messages), batch)?;
        (self.after_publish)(batch);
        Ok(())
    }

    fn abort(&self, messages: Vec<Option<StagedFiles>>, batch: &BatchContext) -> Result<(), Error> {
        let files = StagedFiles::all(messages.into_iter().flatten());
        self.staging.discard(&files, batch)
    }
}

impl WriteRows<u64> for Lines {
    fn write(
        &self,
        mut rows: impl Rows<Item = u64> + Send,
        task: &TaskContext,
    ) -> Result<StagedFiles, Error> {
        use std::io::Write as _;
        let mut file = self.staging.file(task, self.directory.as_ref(), 0, "txt")?;
        for row in rows.by_ref() {
            writeln!(file, "{row}").unwrap();
        }
        rows.require_complete()?;
        Ok(StagedFiles::new(rows.read(), vec![file.finish()?]))
    }
}

/// Which query a test starts, and what it starts it with.
#[derive(Clone)]
pub(crate) struct Start {
    pub(crate) rows: u64,
    /// Added to each number.
    pub(crate) base: u64,
    pub(crate) take_over: bool,
    pub(crate) from: Option<String>,
}

impl Start {
    /// The query whose rows are 0, 1, 2, …
    pub(crate) fn first(rows: u64) -> Self {
        Self {
            rows,
            base: 0,
            take_over: false,
            from: None,
        }
    }

    /// The query whose rows are 1000, 1001, 1002, …
    pub(crate) fn other(rows: u64) -> Self {
        Self {
            base: OTHER,
            ..Self::first(rows)
        }
    }

    pub(crate) fn from(mut self, former: impl Into<String>) -> Self {
        self.from = Some(former.into());
        self
    }

    pub(crate) fn taking_the_lock(mut self) -> Self {
        self.take_over = true;
        self
    }

    /// Runs the query over everything that is there.
    pub(crate) fn run(
        &self,
        sink: Lines,
        checkpoint: SharedStorage,
    ) -> Result<QuerySummary, Error> {
        let base = self.base;
        let query = stream(Numbers::new(self.rows))
            .map(move |row| row + base)
            .write_to(sink)
            .checkpoint(checkpoint)
            .trigger(Trigger::AvailableNow)
            .executors(1)
            .keep_batches(2)
            .task_retry_delay(Duration::ZERO)
            .take_over(self.take_over);
        let query = match &self.from {
            Some(former) => query.take_over_target_from(former),
            None => query,
        };
        query.start()?.await_termination()
    }
}

/// A target and the checkpoints of queries that write to it.
pub(crate) struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            directory: memory_directory(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn target(&self) -> SharedStorage {
        local(&self.path("target"))
    }

    pub(crate) fn checkpoint(&self, name: &str) -> SharedStorage {
        local(&self.path(name))
    }

    pub(crate) fn sink(&self) -> Lines {
        Lines::over(self.target())
    }

    /// Runs a query with the checkpoint of that name to its end.
    pub(crate) fn run(&self, start: &Start, checkpoint: &str) -> Result<QuerySummary, Error> {
        start.run(self.sink(), self.checkpoint(checkpoint))
    }

    /// What a reader that lists `*.txt` sees, sorted. No file is there in part.
    pub(crate) fn rows(&self) -> Vec<u64> {
        let mut rows: Vec<u64> = self.published().values().flatten().copied().collect();
        rows.sort_unstable();
        rows
    }

    /// The rows of each published file.
    pub(crate) fn published(&self) -> BTreeMap<String, Vec<u64>> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(self.path("target")).into_iter().flatten() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name.ends_with(".txt") {
                let text = fs::read_to_string(entry.path()).unwrap();
                assert!(text.ends_with('\n'), "a part of {name} is visible");
                let rows = text.lines().map(|line| line.parse().unwrap()).collect();
                files.insert(name, rows);
            }
        }
        files
    }

    /// The staged files of all queries, below `staging/`.
    pub(crate) fn staged(&self) -> Vec<String> {
        files_below(&self.path("target/_streamwriter/staging"))
    }

    pub(crate) fn withdrawn(&self) -> Vec<String> {
        files_below(&self.path("target/_streamwriter/withdrawn"))
    }
}

/// The files below a directory, by their paths there.
pub(crate) fn files_below(directory: &Path) -> Vec<String> {
    fn collect(directory: &Path, prefix: &str, found: &mut Vec<String>) {
        for entry in fs::read_dir(directory).into_iter().flatten() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                collect(&entry.path(), &format!("{name}/"), found);
            } else {
                found.push(name);
            }
        }
    }
    let mut found = Vec::new();
    collect(directory, "", &mut found);
    found.sort();
    found
}

/// The numbers of a query, each once.
pub(crate) fn numbers(base: u64, count: u64) -> Vec<u64> {
    (base..base + count).collect()
}

/// The rows of two queries, each once.
pub(crate) fn of_both(first: u64, other: u64) -> Vec<u64> {
    let mut rows = numbers(0, first);
    rows.extend(numbers(OTHER, other));
    rows
}

/// The number of the first durable step of a clean run, in checkpoint and target alike, that has
/// this text in it.
pub(crate) fn step_of(start: &Start, text: &str) -> u64 {
    let place = Place::new();
    let target = FaultStorage::counting(place.target());
    let journal = target.and(place.checkpoint("a"));
    start
        .run(Lines::over(target.shared()), journal.shared())
        .unwrap();
    let log = target.log();
    let step = log.iter().position(|step| step.contains(text));
    step.unwrap_or_else(|| panic!("no {text} in {log:?}")) as u64
}

/// Runs a query with one fault in checkpoint or target; returns whether it struck, the steps, and
/// how the query ended.
pub(crate) fn run_with_fault(
    place: &Place,
    start: &Start,
    checkpoint: &str,
    at: u64,
    when: When,
) -> (bool, Vec<String>, Result<(), Error>) {
    let target = FaultStorage::failing(place.target(), at, when);
    let journal = target.and(place.checkpoint(checkpoint));
    let outcome = start.run(Lines::over(target.shared()), journal.shared());
    (target.operations() > at, target.log(), outcome.map(|_| ()))
}

/// A query with the checkpoint `a` that has two batches whole and one prepared; it died when it had
/// published one of the two files of that.
pub(crate) fn died_in_publication() -> Place {
    let place = Place::new();
    let start = Start::first(30);
    let at = step_of(&start, "publish part-b0000000002-p00001");
    run_with_fault(&place, &start, "a", at, When::Before)
        .2
        .unwrap_err();
    assert_eq!((place.rows().len(), place.staged().len()), (25, 1));
    place
}

/// Holds a driver at a point until the test lets it go on.
pub(crate) struct Gate {
    reached: Receiver<()>,
    go_on: Sender<()>,
}

impl Gate {
    /// Returns a gate and what the driver calls; only the first call waits.
    pub(crate) fn new() -> (Self, impl Fn() + Send + Sync + 'static) {
        let (reached_sender, reached) = channel();
        let (go_on, go_on_receiver) = channel();
        let waiting = Mutex::new(Some((reached_sender, go_on_receiver)));
        let pass = move || {
            let waiting = waiting.lock().unwrap().take();
            if let Some((reached, go_on)) = waiting {
                reached.send(()).unwrap();
                let _: Result<(), _> = go_on.recv_timeout(Duration::from_secs(120));
            }
        };
        (Self { reached, go_on }, pass)
    }

    pub(crate) fn wait(&self) {
        self.reached.recv_timeout(Duration::from_secs(120)).unwrap();
    }

    pub(crate) fn open(&self) {
        self.go_on.send(()).unwrap();
    }
}

/// Copies a folder that a test may change.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
