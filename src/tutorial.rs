//! A tutorial: a sink of your own, step by step.
//!
//! It builds a sink that writes lines of text into a directory. It begins with the obvious one, shows
//! what is wrong with it, and ends with one that keeps every row once through any crash. There is nothing
//! on this page but documentation, and every example on it runs as a test.
//!
//! 1. [A naive sink](#1-a-naive-sink)
//! 2. [Why it doubles rows](#2-why-it-doubles-rows)
//! 3. [Stage, and tell the driver](#3-stage-and-tell-the-driver)
//! 4. [Commit and abort](#4-commit-and-abort)
//! 5. [What the engine does in a crash](#5-what-the-engine-does-in-a-crash)
//! 6. [Options](#6-options)
//! 7. [Let the suite try to break it](#7-let-the-suite-try-to-break-it)
//! 8. [Reading it back](#8-reading-it-back)
//! 9. [Where to go from here](#9-where-to-go-from-here)
//!
//! Rule numbers such as W8 are those of the contract, `docs/contract.md` in the repository.
//!
//! # 1. A naive sink
//!
//! A sink needs one method, `write`. It gets the rows of one *partition*, which is a share of a
//! *micro-batch*. `#[stream_writer]` on the impl block makes a sink of it:
//!
//! ```
//! use std::fs::{self, OpenOptions};
//! use std::io::Write;
//! use std::path::PathBuf;
//! use streamwriter::prelude::*;
//!
//! struct Append { file: PathBuf }
//!
//! #[stream_writer(name = "append")]
//! impl Append {
//!     fn write(&self, rows: impl Iterator<Item = String>) -> Result<(), BoxError> {
//!         let mut file = OpenOptions::new().append(true).create(true).open(&self.file)?;
//!         for row in rows {
//!             writeln!(file, "{row}")?;
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # fn main() -> Result<(), BoxError> {
//! # let directory = tempfile::tempdir()?;
//! # let file = directory.path().join("poem.txt");
//! let query = stream(Memory::new(["to be", "or not"].map(String::from)))
//!     .write_to(Append { file: file.clone() })
//!     .no_checkpoint()
//!     .trigger(Trigger::AvailableNow) // what is there now, then end
//!     .start()?;
//! query.await_termination()?;
//!
//! assert_eq!(fs::read_to_string(file)?, "to be\nor not\n");
//! # Ok(())
//! # }
//! ```
//!
//! `write` may return an error of any type; [`BoxError`](crate::BoxError) takes them all. It takes
//! `&self`, because the tasks of a batch run at the same time and share the sink (W11).
//!
//! # 2. Why it doubles rows
//!
//! A task that fails is tried again, up to four times in all (W7). Let the disk be full for a moment, in
//! the first attempt, after two rows:
//!
//! ```
//! # use std::fs::{self, OpenOptions};
//! # use std::io::Write;
//! # use std::path::PathBuf;
//! # use streamwriter::prelude::*;
//! # struct Append { file: PathBuf }
//! #[stream_writer(name = "append")]
//! impl Append {
//!     fn write(
//!         &self,
//!         rows: impl Rows<Item = String>,
//!         task: &TaskContext,
//!     ) -> Result<(), BoxError> {
//!         let mut file = OpenOptions::new().append(true).create(true).open(&self.file)?;
//!         for row in rows {
//!             writeln!(file, "{row}")?;
//!             if row == "or not" && task.attempt().get() == 0 {
//!                 return Err("no space left".into());
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # fn main() -> Result<(), BoxError> {
//! # let directory = tempfile::tempdir()?;
//! # let file = directory.path().join("poem.txt");
//! stream(Memory::new(["to be", "or not", "to be"].map(String::from)))
//!     .write_to(Append { file: file.clone() })
//!     .no_checkpoint()
//!     .trigger(Trigger::AvailableNow)
//!     .start()?
//!     .await_termination()?;
//!
//! // What the first attempt has written is still there.
//! assert_eq!(fs::read_to_string(file)?, "to be\nor not\nto be\nor not\nto be\n");
//! # Ok(())
//! # }
//! ```
//!
//! The query ended well, and two rows are there twice. A crash does the same on a larger scale: after
//! the restart the whole batch is written again. And a reader that looks in between sees rows of a batch
//! that may still fail.
//!
//! No sink can avoid this by being careful in `write`. A `write` never knows whether it is the last one for
//! its rows. So what it does has to be **invisible** until somebody decides that the batch is complete.
//! That somebody is the driver, and the decision is `commit`.
//!
//! # 3. Stage, and tell the driver
//!
//! [`Staging`](crate::Staging) gives out files that no reader sees.
//! [`staging.file(…)`](crate::Staging::file) begins one under a name that is different for each attempt, so
//! tries never meet. `finish()` makes it durable and returns what it is: a
//! [`StagedObject`](crate::StagedObject) with name, size and checksum.
//!
//! The driver has to hear of that file. What a task tells the driver is its *message*, a type that you
//! write and derive:
//!
//! ```
//! use std::io::Write;
//! use streamwriter::{StagedObject, prelude::*};
//!
//! #[derive(CommitMessage)]
//! struct Lines {
//!     #[message(rows)]                  // shown in the query's progress
//!     rows: u64,
//!     #[message(files)]
//!     files: Vec<StagedObject>,
//! }
//!
//! struct TextFiles { staging: Staging }
//!
//! impl TextFiles {
//!     fn write_lines(
//!         &self,
//!         mut rows: impl Rows<Item = String>,
//!         task: &TaskContext,
//!     ) -> Result<Lines, BoxError> {
//!         let mut file = self.staging.file(task, None, 0, "txt")?; // the task's file number 0
//!         for row in rows.by_ref() {
//!             writeln!(file, "{row}")?;
//!         }
//!         rows.require_complete()?;     // before anything is finished
//!         Ok(Lines { rows: rows.read(), files: vec![file.finish()?] })
//!     }
//! }
//! ```
//!
//! Three things to note:
//!
//! - **`require_complete`**. If the source fails in the middle of the partition, or the task is cancelled,
//!   the rows simply end. That looks like the end of the data, and this call tells the difference (W8). Take
//!   [`Rows`](crate::Rows) in the place of `Iterator` to have it.
//! - **Read all rows.** A `write` that returns `Ok` with rows left unread fails its task, because rows that
//!   nobody read are rows lost. [`rows.skip_rest()`](crate::Rows::skip_rest) says that it is on purpose
//!   (W9).
//! - **The message is data.** It is stored in the checkpoint before `commit`, and may be read by another
//!   process, perhaps by the next release of your program (W12). So it says *what was done*, such as the names
//!   of files; a connection or a handle in a field of the sink would be gone by then (W11).
//!
//! # 4. Commit and abort
//!
//! `commit` is called when every task of the batch has succeeded and all messages are durable. It makes the
//! batch visible. `abort` is called when a task has failed for good, before any of that; it cleans up.
//!
//! ```
//! # use std::io::Write;
//! # use streamwriter::{StagedObject, prelude::*};
//! # #[derive(CommitMessage)]
//! # struct Lines { #[message(rows)] rows: u64, #[message(files)] files: Vec<StagedObject> }
//! # struct TextFiles { staging: Staging }
//! #[stream_writer(name = "text", guarantee = exactly_once, target = self.staging)]
//! impl TextFiles {
//!     fn write(
//!         &self,
//!         mut rows: impl Rows<Item = String>,
//!         task: &TaskContext,
//!     ) -> Result<Lines, BoxError> {
//!         // … as above …
//! #       let mut file = self.staging.file(task, None, 0, "txt")?;
//! #       for row in rows.by_ref() { writeln!(file, "{row}")?; }
//! #       if task.attempt().get() == 0 { return Err("no space left".into()); }
//! #       rows.require_complete()?;
//! #       Ok(Lines { rows: rows.read(), files: vec![file.finish()?] })
//!     }
//!
//!     // One value for the whole batch: rows are summed, lists are joined. The derive makes it.
//!     fn commit(&self, all: LinesTotals, batch: &BatchContext) -> Result<(), Error> {
//!         self.staging.publish(&all.files, batch)
//!     }
//!
//!     // One entry for each partition, `None` where a task failed or never ran.
//!     fn abort(&self, messages: Vec<Option<Lines>>, batch: &BatchContext) -> Result<(), Error> {
//!         messages
//!             .iter()
//!             .flatten()
//!             .try_for_each(|lines| self.staging.discard(&lines.files, batch))
//!     }
//! }
//!
//! # fn main() -> Result<(), BoxError> {
//! # let place = tempfile::tempdir()?;
//! # let (lines, checkpoint) = (place.path().join("lines"), place.path().join("checkpoint"));
//! let query = stream(Memory::new(["to be", "or not", "to be"].map(String::from)))
//!     .write_to(TextFiles { staging: Staging::new(&lines)? })
//!     .checkpoint(checkpoint)               // where the decisions are kept
//!     .trigger(Trigger::AvailableNow)
//!     .start()?;
//! assert_eq!(query.guarantee(), Guarantee::ExactlyOnce);
//! query.await_termination()?;
//! # let text: Vec<String> = std::fs::read_dir(&lines)?
//! #     .map(|entry| entry.map(|entry| entry.path()))
//! #     .collect::<Result<Vec<_>, _>>()?
//! #     .iter()
//! #     .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
//! #     .map(std::fs::read_to_string)
//! #     .collect::<Result<_, _>>()?;
//! # assert_eq!(text, ["to be\nor not\nto be\n"]);
//! # Ok(())
//! # }
//! ```
//!
//! Let the first attempt fail here as it did above (the test of this page does): its file was never finished,
//! no message names it, and nobody has seen it. What is published is what the messages name, and nothing else (F3).
//!
//! - **`guarantee = exactly_once` is a promise of yours.** It says that what `write` does is invisible until
//!   `commit`, and that `commit` may be repeated with the effect of one call (E4).
//!   [`publish`](crate::Staging::publish) keeps the second half: a file that is published already counts as
//!   done. Without the key a sink counts as at-least-once.
//! - **`target = self.staging`** lets the target remember which query it belongs to, and which batch it has.
//!   With that a checkpoint that was reset, copied or exchanged is an error, where it would be a silent second
//!   copy of the rows (E6).
//! - **`abort` is a courtesy.** It saves disk space early. A process that dies calls no `abort`, and what it
//!   leaves is swept by a later start (E7). So leave `abort` out if there is nothing to save.
//!
//! # 5. What the engine does in a crash
//!
//! The steps of batch N, each durable before the next begins:
//!
//! | step | what it decides |
//! |---|---|
//! | `offsets/N` | which rows batch N is |
//! | the tasks write | nothing: all of it is staged |
//! | `prepared/N` | the messages; from here on the batch only goes forward |
//! | `commit` | nothing new: it publishes what the messages name |
//! | `commits/N` | that N is done |
//!
//! After a crash the next start looks which of these records are there. Without `prepared/N` the batch is
//! written again, from the same offsets. With it no row is read again: `commit` gets the **stored**
//! messages, with [`batch.replay()`](crate::BatchContext::replay) set.
//!
//! You can watch that. This sink fails in its first `commit`, as if the power were cut there:
//!
//! ```
//! # use std::io::Write;
//! # use streamwriter::{ErrorKind, StagedObject, prelude::*};
//! # #[derive(CommitMessage)]
//! # struct Lines { #[message(rows)] rows: u64, #[message(files)] files: Vec<StagedObject> }
//! # struct TextFiles { staging: Staging }
//! # #[stream_writer(name = "text", guarantee = exactly_once, target = self.staging)]
//! # impl TextFiles {
//! #   fn write(&self, mut rows: impl Rows<Item = String>, task: &TaskContext) -> Result<Lines, BoxError> {
//! #       let mut file = self.staging.file(task, None, 0, "txt")?;
//! #       for row in rows.by_ref() { writeln!(file, "{row}")?; }
//! #       rows.require_complete()?;
//! #       Ok(Lines { rows: rows.read(), files: vec![file.finish()?] })
//! #   }
//! fn commit(&self, all: LinesTotals, batch: &BatchContext) -> Result<(), BoxError> {
//!     if !batch.replay() {
//!         return Err("the power is cut".into());
//!     }
//!     Ok(self.staging.publish(&all.files, batch)?)
//! }
//! # }
//! # fn published(directory: &std::path::Path) -> std::io::Result<usize> {
//! #     let names = std::fs::read_dir(directory)?
//! #         .map(|entry| entry.map(|entry| entry.file_name()))
//! #         .collect::<Result<Vec<_>, _>>()?;
//! #     Ok(names.iter().filter(|name| name.to_string_lossy().ends_with(".txt")).count())
//! # }
//! # fn main() -> Result<(), BoxError> {
//! # let place = tempfile::tempdir()?;
//! # let (lines, checkpoint) = (place.path().join("lines"), place.path().join("checkpoint"));
//! # let start = || -> Result<_, Error> {
//! #     stream(Memory::new(["to be", "or not"].map(String::from)))
//! #         .write_to(TextFiles { staging: Staging::new(&lines)? })
//! #         .checkpoint(&checkpoint)
//! #         .trigger(Trigger::AvailableNow)
//! #         .start()?
//! #         .await_termination()
//! # };
//!
//! let error = start().unwrap_err();            // the query ends with the error …
//! assert_eq!(error.kind(), ErrorKind::Commit); // … and `abort` is not called
//! assert_eq!(published(&lines)?, 0);
//!
//! start()?;                                    // the same program, started again
//! assert_eq!(published(&lines)?, 1);
//! # Ok(())
//! # }
//! ```
//!
//! Note what did *not* happen after the failure: no `abort`. A commit that failed may have taken effect, so a
//! clean-up could destroy rows that readers have seen (W5).
//! `docs/guarantees.md` goes through every instant.
//!
//! # 6. Options
//!
//! A sink that others use has options. `#[stream_writer]` on the **struct** makes a constructor and
//! options by name of its fields. Names ignore upper and lower case. A field of a type of your own says how it
//! is read from text, as the directory does here:
//!
//! ```
//! use streamwriter::{OptionMap, OptionValue, SinkOptions, prelude::*};
//!
//! /// A directory in which files become visible with their batch.
//! struct Directory(Staging);
//!
//! impl OptionValue for Directory {
//!     const TYPE_NAME: &'static str = "directory";
//!
//!     fn parse_option(text: &str) -> Result<Self, String> {
//!         Staging::new(text).map(Self).map_err(|error| error.to_string())
//!     }
//! }
//!
//! #[stream_writer(name = "text")]
//! struct TextFiles {
//!     /// Where the files go.
//!     directory: Directory,
//!     /// What stands between two lines.
//!     #[option(default = "\n")]
//!     separator: String,
//! }
//!
//! # use std::io::Write;
//! # #[derive(CommitMessage)]
//! # struct Lines { #[message(rows)] rows: u64, #[message(files)] files: Vec<streamwriter::StagedObject> }
//! #[stream_writer(guarantee = exactly_once, target = self.directory.0)] // the name is the struct's
//! impl TextFiles {
//!     // … write, commit and abort, with `self.directory.0` for the staging …
//! #   fn write(&self, mut rows: impl Rows<Item = String>, task: &TaskContext) -> Result<Lines, BoxError> {
//! #       let mut file = self.directory.0.file(task, None, 0, "txt")?;
//! #       for row in rows.by_ref() { write!(file, "{row}{}", self.separator)?; }
//! #       rows.require_complete()?;
//! #       Ok(Lines { rows: rows.read(), files: vec![file.finish()?] })
//! #   }
//! #   fn commit(&self, all: LinesTotals, batch: &BatchContext) -> Result<(), Error> {
//! #       self.directory.0.publish(&all.files, batch)
//! #   }
//! }
//!
//! # fn main() -> Result<(), Error> {
//! // In Rust: the required options in order, the others by name.
//! let sink = TextFiles { separator: "; ".into(), ..TextFiles::new(Directory(Staging::new("lines")?)) };
//! # assert_eq!(sink.separator, "; ");
//!
//! // From text, such as a configuration file.
//! let options = OptionMap::from([("Directory", "lines"), ("SEPARATOR", "; ")]);
//! let sink = TextFiles::from_options(&options)?;
//! # assert_eq!(sink.separator, "; ");
//!
//! // What is wrong is an error that says what there is.
//! let wrong = OptionMap::from([("directory", "lines"), ("seperator", "; ")]);
//! let error = TextFiles::from_options(&wrong).map(drop).unwrap_err();
//! assert!(error.to_string().contains("did you mean `separator`?"), "{error}");
//! # Ok(())
//! # }
//! ```
//!
//! `#[option(secret)]` keeps a value out of `Debug` and errors. All keys stand with
//! [`#[stream_writer]`](macro@crate::stream_writer).
//!
//! # 7. Let the suite try to break it
//!
//! Nobody checks a promise by reading. The feature `testing` has a suite that runs real queries into your
//! sink and makes them fail at every step: with an error, a panic, a lost answer, `kill -9`, a power cut, a
//! driver that wakes up late. After each restart it compares what a reader sees with the rows that went in.
//! Say how the sink is made, how a row is made from a number, and how a reader reads:
//!
//! ```toml
//! [dev-dependencies]
//! streamwriter = { version = "0.1", features = ["testing"] }
//! ```
//! ```
//! # #[cfg(feature = "testing")] mod example {
//! # use std::io::Write;
//! # use streamwriter::{StagedObject, prelude::*};
//! # #[derive(CommitMessage)]
//! # pub struct Lines { #[message(rows)] rows: u64, #[message(files)] files: Vec<StagedObject> }
//! # pub struct TextFiles { staging: Staging }
//! # #[stream_writer(name = "text", guarantee = exactly_once, target = self.staging)]
//! # impl TextFiles {
//! #   fn write(&self, mut rows: impl Rows<Item = String>, task: &TaskContext) -> Result<Lines, BoxError> {
//! #       let mut file = self.staging.file(task, None, 0, "txt")?;
//! #       for row in rows.by_ref() { writeln!(file, "{row}")?; }
//! #       rows.require_complete()?;
//! #       Ok(Lines { rows: rows.read(), files: vec![file.finish()?] })
//! #   }
//! #   fn commit(&self, all: LinesTotals, batch: &BatchContext) -> Result<(), Error> {
//! #       self.staging.publish(&all.files, batch)
//! #   }
//! # }
//! use std::{fs, path::Path};
//! use streamwriter::testing::conformance::Conformance;
//!
//! fn text_files() -> Conformance<TextFiles, String> {
//!     Conformance::of_rows(
//!         |number| number.to_string(),                                      // a row for each number
//!         |place| Ok::<_, Error>(TextFiles { staging: Staging::over(place.storage()?) }),
//!         |place| read_numbers(&place.directory()),                         // what a reader sees now
//!     )
//! }
//!
//! fn read_numbers(directory: &Path) -> Result<Vec<u64>, BoxError> {
//!     let mut numbers = Vec::new();
//!     let Ok(entries) = fs::read_dir(directory) else { return Ok(numbers) }; // not there yet
//!     for entry in entries {
//!         let path = entry?.path();
//!         if path.extension().is_some_and(|extension| extension == "txt") {
//!             for line in fs::read_to_string(path)?.lines() {
//!                 numbers.push(line.parse()?);
//!             }
//!         }
//!     }
//!     Ok(numbers)
//! }
//!
//! streamwriter::sink_conformance! { mod the_text_files: text_files() } // one #[test] for each check
//! # pub fn one_check() {
//! #     use streamwriter::testing::conformance::{Check, examine};
//! #     examine(&text_files(), Check::CommitAgain, "tutorial").unwrap();
//! # }
//! # }
//! # fn main() { #[cfg(feature = "testing")] example::one_check(); }
//! ```
//!
//! Let it examine the naive sink of the first step, and it fails with the shortest sequence of events that
//! shows rows too early:
//!
//! ```
//! # #[cfg(feature = "testing")] fn main() {
//! # use std::{fs, fs::OpenOptions, io::Write, path::PathBuf};
//! # use streamwriter::prelude::*;
//! # struct Append { file: PathBuf }
//! # #[stream_writer(name = "append")]
//! # impl Append {
//! #     fn write(&self, rows: impl Iterator<Item = String>) -> Result<(), BoxError> {
//! #         let mut file = OpenOptions::new().append(true).create(true).open(&self.file)?;
//! #         for row in rows { writeln!(file, "{row}")?; }
//! #         Ok(())
//! #     }
//! # }
//! use streamwriter::testing::conformance::{Check, Conformance, examine};
//!
//! let naive = Conformance::of_rows(
//!     |number| number.to_string(),
//!     |place| Ok::<_, Error>(Append { file: place.directory().with_extension("txt") }),
//!     |place| {
//!         let text = fs::read_to_string(place.directory().with_extension("txt"));
//!         text.unwrap_or_default().lines().map(str::parse).collect::<Result<Vec<u64>, _>>()
//!     },
//! );
//! let failure = examine(&naive, Check::ReaderAtEveryStep, "tutorial").unwrap_err();
//! assert!(failure.violation.contains("shows, of a batch that is not prepared"), "{failure}");
//! # fs::remove_dir_all(&failure.folder).unwrap();
//! # }
//! # #[cfg(not(feature = "testing"))] fn main() {}
//! ```
//!
//! It prints the lives of the query that led there, and the folder in which they can be looked at:
//!
//! ```text
//! row 3 shows, of a batch that is not prepared, before create prepared/00000000000000000000.json (operation 3)
//!   11 rows, 4 a batch, in 1 partitions:
//!   life 1: 2 executors; Fail before Prepared of batch 1
//!   …
//! ```
//!
//! [`testing::write_rows`](crate::testing::write_rows) calls `write` alone, for small unit tests.
//!
//! # 8. Reading it back
//!
//! A target is a plain directory. Readers list `*.txt` and see complete, published files only; what begins
//! with `_` is not data:
//!
//! ```text
//! lines/
//!   part-b0000000000-p00000-f0000-5f0c….txt      batch 0, partition 0, file 0
//!   part-b0000000001-p00000-f0000-5f0c….txt
//!   _streamwriter/                                whose target this is, which batches it has, staged files
//! ```
//!
//! Name the files by their extension, as `lines/*.txt`. A pattern such as `lines/**` names staged files as
//! well. The files of one batch get their names one after another, so a reader may see some of them before the
//! others (F1); a partition without rows leaves an empty file with the sink above, and none with the
//! prebuilt ones.
//!
//! # 9. Where to go from here
//!
//! - **Is there one already?** [`ParquetSink`](crate::ParquetSink), [`FileSink`](crate::FileSink) and the other
//!   prebuilt sinks have a page each in `docs/sinks/`.
//! - **Several sinks of one stream**: [`FanOut`](crate::FanOut). Each batch reaches all of its members or
//!   none.
//! - **Rows that do not fit**: [`SetAside`](crate::SetAside) around your sink keeps them, with the reasons.
//! - **A closure is enough**: [`ForEach`](crate::ForEach), [`ForEachPartition`](crate::ForEachPartition),
//!   [`ForEachBatch`](crate::ForEachBatch).
//! - **A service that is async**: with the feature `tokio` the three methods may be `async fn`; see
//!   [`#[stream_writer]`](macro@crate::stream_writer) and `cargo run --example webhook`.
//! - **Columns from your own types**: [`#[derive(Row)]`](trait@crate::Row) makes an Arrow schema and builders.
//! - **A database**: `cargo run --example postgres_sink`. Its `commit` writes rows, query and batch id in one
//!   transaction, so a repeated commit finds its own trace. A [`Target`](crate::Target) of your own says which
//!   batch is there.
//! - **Coming from Spark**: `docs/migrating-from-pyspark.md`, line by line.
