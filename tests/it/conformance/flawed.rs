//! A sink that is written without any helper of ours, and can be made wrong in one way at a time.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use streamwriter::testing::conformance::{Conformance, Place};
use streamwriter::{
    BatchContext, BatchId, BoxError, CommitMessage, Error, ErrorKind, Guarantee, LocalStorage,
    QueryId, Rows, Run, Storage, StorageLock, StorePath, StreamWriter, Sweep, Target, TargetClaim,
    TargetRecord, TaskContext, WriteRows,
};

use super::read;

/// What is wrong with the sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Nothing,
    /// Rows show before their batch is prepared.
    PublishesInWrite,
    /// The rows travel in the message, and a commit that is repeated adds them again.
    AppendsInCommit,
    /// A commit that is called again with stored messages does nothing.
    SkipsReplays,
    /// What a failed or stopped batch has staged is published.
    PublishesInAbort,
    /// One name for all attempts of a task, and what is there counts as done.
    TrustsAnEarlierAttempt,
    /// Rows that are left unread are given up.
    SkipsTheRest,
    /// A file gets its last bytes when its name has been there for a while.
    PublishesInTwoSteps,
    /// The rows stay in the sink's own memory (W11).
    RemembersInAField,
    /// The target lets any query in.
    LetsAnyQueryIn,
    /// Nothing that a crash leaves is ever removed.
    NeverSweeps,
    /// Files are named by the thread that writes them.
    NamesFilesByThread,
    /// A staged file without a message is published with the next commit.
    PublishesWhatLiesThere,
}

/// Where the rows of a task wait, and how the file will be called.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Staged {
    staged: String,
    name: String,
    rows: u64,
    text: Option<String>,
}

impl CommitMessage for Staged {
    type Totals = ();
    const TYPE: &'static str = "flawed.staged";

    fn to_body(&self) -> Result<Value, Error> {
        serde_json::to_value(self)
            .map_err(|e| Error::new(ErrorKind::Message, "no JSON").with_source(e))
    }

    fn from_body(body: Value) -> Result<Self, Error> {
        serde_json::from_value(body)
            .map_err(|e| Error::new(ErrorKind::Message, "another shape").with_source(e))
    }
}

pub(super) struct Flawed {
    flaw: Flaw,
    directory: PathBuf,
    storage: LocalStorage,
    lock: Mutex<Option<Box<dyn StorageLock>>>,
    memory: Mutex<BTreeMap<String, String>>,
}

/// The sink with a flaw, ready to be examined.
pub(super) fn subject(flaw: Flaw) -> Conformance<Flawed, u64> {
    Conformance::new(
        move |place| Flawed::new(flaw, place),
        |place| read::text(&place.directory()),
    )
    .leftovers(|place| Ok::<_, BoxError>(names_in(&place.directory().join("_staged"))))
}

impl Flawed {
    fn new(flaw: Flaw, place: &Place) -> Result<Self, Error> {
        Ok(Self {
            flaw,
            directory: place.directory(),
            storage: LocalStorage::new(place.directory())?,
            lock: Mutex::default(),
            memory: Mutex::default(),
        })
    }

    fn staged(&self) -> PathBuf {
        self.directory.join("_staged")
    }

    fn record_path(&self, batch: u64) -> PathBuf {
        self.directory.join("_records").join(format!("{batch:020}"))
    }

    fn names(&self, task: &TaskContext) -> (String, String) {
        let (batch, partition) = (task.batch_id(), task.partition());
        let staged = match self.flaw {
            Flaw::TrustsAnEarlierAttempt => format!("{batch}.{partition}"),
            _ => format!("{batch}.{}.{partition}.{}", task.run(), task.attempt()),
        };
        let name = match self.flaw {
            Flaw::NamesFilesByThread => {
                let thread = std::thread::current();
                format!("b{batch}-{}.txt", thread.name().unwrap())
            }
            _ => format!("b{batch}-p{partition}.txt"),
        };
        (staged, name)
    }

    fn stage(&self, staged: &str, name: &str, text: &str) -> Result<(), BoxError> {
        if self.flaw == Flaw::RemembersInAField {
            self.memory
                .lock()
                .unwrap()
                .insert(staged.to_owned(), text.to_owned());
            return Ok(());
        }
        if self.flaw == Flaw::AppendsInCommit {
            return Ok(());
        }
        if self.flaw == Flaw::PublishesInWrite {
            return Ok(fs::write(self.directory.join(name), text)?);
        }
        fs::create_dir_all(self.staged())?;
        let path = self.staged().join(staged);
        if self.flaw == Flaw::TrustsAnEarlierAttempt && path.exists() {
            return Ok(());
        }
        Ok(fs::write(path, text)?)
    }

    fn publish(&self, message: &Staged, batch: &BatchContext) -> Result<(), BoxError> {
        let (staged, name) = (
            self.staged().join(&message.staged),
            self.directory.join(&message.name),
        );
        match self.flaw {
            Flaw::PublishesInWrite => return Ok(()),
            Flaw::RemembersInAField => {
                let memory = self.memory.lock().unwrap();
                let text = memory
                    .get(&message.staged)
                    .ok_or("it is not in my memory")?;
                return Ok(fs::write(name, text)?);
            }
            Flaw::AppendsInCommit => {
                let path = self.directory.join("all.txt");
                let mut all = OpenOptions::new().append(true).create(true).open(path)?;
                let text = message.text.as_deref().unwrap_or_default();
                return Ok(all.write_all(text.as_bytes())?);
            }
            Flaw::PublishesInTwoSteps => {
                let text = fs::read(&staged)?;
                fs::write(&name, text.strip_suffix(b"\n").unwrap_or(&text))?;
                return Ok(());
            }
            _ => {}
        }
        batch.check_current()?;
        match fs::rename(&staged, &name) {
            Err(_) if name.exists() => Ok(()),
            renamed => Ok(renamed?),
        }
    }

    /// Publishes every staged file of a batch, named by a message or not.
    fn publish_all_of(&self, batch: &BatchContext) -> Result<(), BoxError> {
        for staged in names_in(&self.staged()) {
            if staged.starts_with(&format!("{}.", batch.batch_id())) {
                fs::rename(
                    self.staged().join(&staged),
                    self.directory.join(format!("{staged}.txt")),
                )?;
            }
        }
        Ok(())
    }

    fn finish_two_steps(&self, batch: u64) -> Result<(), Error> {
        let failed =
            |e: std::io::Error| Error::new(ErrorKind::Storage, "cannot finish").with_source(e);
        for name in names_in(&self.directory) {
            let path = self.directory.join(&name);
            if name.starts_with(&format!("b{batch}-")) {
                let text = fs::read_to_string(&path).map_err(failed)?;
                if !text.is_empty() && !text.ends_with('\n') {
                    fs::write(path, text + "\n").map_err(failed)?;
                }
            }
        }
        let staged = names_in(&self.staged());
        for staged in staged
            .iter()
            .filter(|name| name.starts_with(&format!("{batch}.")))
        {
            fs::remove_file(self.staged().join(staged)).map_err(failed)?;
        }
        Ok(())
    }
}

fn names_in(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

impl StreamWriter for Flawed {
    type Message = Staged;
    type Error = BoxError;

    fn name(&self) -> &str {
        "flawed"
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce
    }

    fn target(&self) -> Option<&dyn Target> {
        Some(self)
    }

    fn commit(&self, messages: Vec<Staged>, batch: &BatchContext) -> Result<(), BoxError> {
        if self.flaw == Flaw::SkipsReplays && batch.replay() {
            return Ok(());
        }
        if self.flaw == Flaw::PublishesWhatLiesThere {
            return self.publish_all_of(batch);
        }
        messages
            .iter()
            .filter(|message| message.rows > 0)
            .try_for_each(|message| self.publish(message, batch))
    }

    fn abort(&self, messages: Vec<Option<Staged>>, batch: &BatchContext) -> Result<(), BoxError> {
        for message in messages
            .into_iter()
            .flatten()
            .filter(|message| message.rows > 0)
        {
            if self.flaw == Flaw::PublishesInAbort {
                self.publish(&message, batch)?;
            } else {
                let _ = fs::remove_file(self.staged().join(message.staged));
            }
        }
        Ok(())
    }
}

impl WriteRows<u64> for Flawed {
    fn write(
        &self,
        mut rows: impl Rows<Item = u64> + Send,
        task: &TaskContext,
    ) -> Result<Staged, BoxError> {
        let (staged, name) = self.names(task);
        let mut text = String::new();
        for row in rows.by_ref() {
            text.push_str(&format!("{row}\n"));
        }
        if self.flaw != Flaw::TrustsAnEarlierAttempt {
            rows.require_complete()?;
        }
        if self.flaw == Flaw::SkipsTheRest {
            task.skip_rest();
        }
        let rows = rows.read();
        if rows > 0 {
            self.stage(&staged, &name, &text)?;
        }
        let text = (self.flaw == Flaw::AppendsInCommit).then_some(text);
        Ok(Staged {
            staged,
            name,
            rows,
            text,
        })
    }
}

fn mismatch(what: &str) -> Error {
    Error::new(ErrorKind::Mismatch, what)
}

impl Target for Flawed {
    fn location(&self) -> String {
        self.directory.display().to_string()
    }

    fn open(&self, claim: &TargetClaim) -> Result<(), Error> {
        self.storage.probe(&StorePath::root())?;
        let failed =
            |e: std::io::Error| Error::new(ErrorKind::Storage, "cannot open").with_source(e);
        fs::create_dir_all(self.directory.join("_records")).map_err(failed)?;
        let owner = self.directory.join("_owner");
        let found = fs::read_to_string(&owner).ok();
        let lets_in = matches!(self.flaw, Flaw::LetsAnyQueryIn);
        match found {
            _ if lets_in => {}
            None if claim.claimed_before => return Err(mismatch("it was emptied")),
            Some(found) if found != claim.query.to_string() => {
                return Err(mismatch("it is another query's"));
            }
            _ => {}
        }
        if !lets_in {
            let path = StorePath::parse("_lock")?;
            let lock = self.storage.lock(&path, &claim.holder, claim.take_over)?;
            *self.lock.lock().unwrap() = Some(lock);
        }
        fs::write(owner, claim.query.to_string()).map_err(failed)
    }

    fn last_committed(&self, query: QueryId) -> Result<Option<TargetRecord>, Error> {
        let records = names_in(&self.directory.join("_records"));
        let Some(newest) = records.iter().max() else {
            return Ok(None);
        };
        let text = fs::read(self.directory.join("_records").join(newest)).unwrap();
        let record: TargetRecord = serde_json::from_slice(&text).unwrap();
        Ok((record.query == query).then_some(record))
    }

    fn record(&self, record: &TargetRecord) -> Result<(), Error> {
        if self.flaw == Flaw::PublishesInTwoSteps {
            self.finish_two_steps(record.batch.get())?;
        }
        let text = serde_json::to_string(record).unwrap();
        fs::write(self.record_path(record.batch.get()), text)
            .map_err(|e| Error::new(ErrorKind::Storage, "cannot record").with_source(e))
    }

    fn sweep(&self, _: QueryId, run: Run, through: BatchId) -> Result<Sweep, Error> {
        if self.flaw == Flaw::NeverSweeps {
            return Ok(Sweep::default());
        }
        let (mut removed, mut remaining) = (0, 0);
        for name in names_in(&self.staged()) {
            let numbers: Vec<u64> = name.split('.').map(|part| part.parse().unwrap()).collect();
            let swept = numbers[0] <= through.get() && numbers[1] < run.get();
            match swept {
                true => {
                    let _ = fs::remove_file(self.staged().join(name));
                    removed += 1;
                }
                false => remaining += 1,
            }
        }
        Ok(Sweep::new(removed, remaining))
    }
}
