//! The macros of streamwriter: [`macro@CommitMessage`], [`macro@stream_writer`] and [`macro@Row`].
//!
//! The facade crate `streamwriter` re-exports them, and most people use them from there. The
//! examples on this page name the runtime `streamwriter_core`; with the facade, read
//! `streamwriter` instead.
//!
//! ```
//! use streamwriter_derive::{CommitMessage, stream_writer};
//!
//! struct Order {
//!     id: u64,
//! }
//!
//! // What a task tells the driver.
//! #[derive(CommitMessage)]
//! struct Posted {
//!     #[message(rows)]
//!     rows: u64,
//! }
//!
//! struct Webhook;
//!
//! #[stream_writer]
//! impl Webhook {
//!     fn write(&self, rows: impl Iterator<Item = Order>) -> std::io::Result<Posted> {
//!         let mut posted = Posted { rows: 0 };
//!         for order in rows {
//!             post(order.id)?;
//!             posted.rows += 1;
//!         }
//!         Ok(posted)
//!     }
//!
//!     fn commit(&self, totals: PostedTotals, batch: u64) {
//!         println!("batch {batch}: {} orders", totals.rows);
//!     }
//! }
//! # fn post(_: u64) -> std::io::Result<()> { Ok(()) }
//! # use streamwriter_core::{StreamWriter, testing::{Pretend, write_rows}};
//! # let pretend = Pretend::default();
//! # let message = write_rows(&Webhook, [Order { id: 1 }], &pretend.task()).unwrap();
//! # assert_eq!(message.rows, 1);
//! # StreamWriter::commit(&Webhook, vec![message], &pretend.batch()).unwrap();
//! ```
//!
//! # Where the generated code finds the runtime
//!
//! The macros read the `Cargo.toml` of the crate that uses them: a dependency on `streamwriter`
//! comes first, then one on `streamwriter-core`; a renamed dependency is found by its new name. A
//! crate that has the runtime from somewhere else says where with `crate = "some::path"`, which
//! every macro here takes. Dependencies and dev-dependencies look alike to the macros, so a library
//! that depends on core and *tests* with the facade needs `crate = "streamwriter_core"`.
//!
//! # Errors
//!
//! All mistakes of an item are reported in one build, each at the token that is wrong.

#![warn(clippy::print_stdout, reason = "a library does not print")]

mod commit_message;
mod row;
mod stream_writer;

mod export;

mod ctxt;
mod krate;
mod once;
mod types;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct or an enum a commit message: what a task tells the driver, and what the journal
/// keeps until the batch is committed.
///
/// It implements `CommitMessage`, and `MessageField`, so that messages nest. Needed of the type:
/// it owns its data (no lifetime parameters), and every field can travel. Numbers, text, paths,
/// times, `Option`, `Box`, `Vec`, `VecDeque`, arrays, tuples, maps, sets, the ids of streamwriter
/// and other messages can; anything that serde can read and write back can with
/// [`#[message(serde)]`](#fields). Type parameters get the bounds they need. The type needs no
/// derive of serde's, and may have them.
///
/// # Encoding
///
/// JSON inside an envelope `{"type": .., "version": .., "body": ..}`. A struct with named fields is
/// an object, a tuple struct an array, a struct of one unnamed field is that field, a unit struct
/// `null`. A variant without fields is its name as a string, any other an object with its name as
/// the only key. Floats come back bit for bit, `NaN` and infinities too; 128-bit integers are
/// strings; `Some` is its content, or `{"some": content}` where that would be ambiguous.
///
/// Decoding accepts exactly that: an unknown field, a missing field (also an `Option`) and a number
/// out of range are errors that name the field by its path, such as `files[3].size`. There is never
/// a default value (rule W12).
///
/// ```
/// use streamwriter_core::testing::{decode_message, encode_message};
/// use streamwriter_derive::CommitMessage;
///
/// #[derive(Debug, PartialEq, CommitMessage)]
/// enum Outcome {
///     Nothing,
///     Wrote { files: Vec<File>, mean: Option<f64> },
/// }
///
/// #[derive(Debug, PartialEq, CommitMessage)]
/// struct File {
///     name: String,
///     size: u64,
/// }
///
/// # fn main() -> streamwriter_core::Result<()> {
/// let file = File { name: "a".into(), size: 3 };
/// let outcome = Outcome::Wrote { files: vec![file], mean: Some(f64::INFINITY) };
/// let text = encode_message(&outcome, 1000)?;
/// assert_eq!(
///     text,
///     r#"{"type":"Outcome","version":1,"body":{"Wrote":{"files":[{"name":"a","size":3}],"mean":"Infinity"}}}"#
/// );
/// assert_eq!(decode_message::<Outcome>(&text)?, outcome);
///
/// let wrong = decode_message::<Outcome>(&text.replace("3", "-3")).unwrap_err();
/// assert!(wrong.report().to_string().contains("field `Wrote.files[0].size`"));
/// # Ok(())
/// # }
/// ```
///
/// # The type
///
/// `#[message(...)]` on the struct or enum takes:
///
/// | Key | Meaning |
/// |---|---|
/// | `name = "posted"` | The stable name in the journal; by default the Rust name. Give one before you rename the type. |
/// | `version = 2` | The version of the fields, from 1 (the default). Raise it with every change of the fields. |
/// | `migrate_from = path` | A function `fn(version: u32, body: Value) -> Result<Self, Error>` that decodes older versions. |
/// | `crate = "path"` | Where the runtime is, if not in `Cargo.toml`. |
///
/// A crash between a batch's messages and its commit leaves the messages in the journal, and the
/// next start, perhaps of the next release, has to read them. An older version goes to
/// `migrate_from`; without one, and for a newer version, the start ends with an error that says so.
///
/// ```
/// use streamwriter_core::serde_json::Value;
/// use streamwriter_core::{CommitMessage as _, Error, ErrorKind};
/// use streamwriter_core::testing::decode_message;
/// use streamwriter_derive::CommitMessage;
///
/// #[derive(CommitMessage)]
/// #[message(name = "posted", version = 2, migrate_from = older)]
/// struct Posted {
///     rows: u64,
///     failed: u64,
/// }
///
/// #[derive(CommitMessage)]
/// struct PostedV1 {
///     rows: u64,
/// }
///
/// fn older(version: u32, body: Value) -> Result<Posted, Error> {
///     match version {
///         1 => {
///             let old = PostedV1::from_body(body)?;
///             Ok(Posted { rows: old.rows, failed: 0 })
///         }
///         other => Err(Error::new(ErrorKind::Message, format!("no version {other} was released"))),
///     }
/// }
///
/// let stored = r#"{"type": "posted", "version": 1, "body": {"rows": 7}}"#;
/// assert_eq!(decode_message::<Posted>(stored).unwrap().rows, 7);
/// ```
///
/// # Fields
///
/// `#[message(...)]` on a field takes one role, one total and `serde`, in any combination:
///
/// | Key | Meaning |
/// |---|---|
/// | `rows` | Role: the number of rows written, for progress. |
/// | `bytes` | Role: the number of bytes written. |
/// | `files` | Role: the number of files written; a `Vec` counts by its length. |
/// | `sum` | Total: the sum, for integers, floats and `Duration`; it stays at the limit instead of overflowing. |
/// | `min`, `max` | Total: the smallest, the largest; `None` and `NaN` do not take part. |
/// | `append` | Total: all values in partition order; a `Vec` or an `Option` adds its items. |
/// | `serde` | The field is encoded by its `Serialize` and decoded by its `Deserialize`. What serde turns into `null`, such as `NaN`, does not come back. |
///
/// A role on a named integer field implies `sum`, and `files` on a `Vec` implies `append`. If any
/// field has a total, there is a companion struct, `PostedTotals` for `Posted`, with a field of the
/// same name for each total: `sum` keeps the type, `min` and `max` make an `Option`, `append` a
/// `Vec`. A `commit` can take it instead of the messages or beside them; `totals(&messages)` adds
/// up by hand. Tuple structs and enums have roles and no totals.
///
/// ```
/// use streamwriter_core::{CommitMessage as _, totals};
/// use streamwriter_derive::CommitMessage;
///
/// #[derive(CommitMessage)]
/// struct Posted {
///     #[message(rows)] // and `sum`
///     rows: u64,
///     #[message(files)] // and `append`
///     files: Vec<String>,
///     #[message(max)]
///     latest: Option<i64>,
///     #[message(serde)]
///     schema: serde_json::Map<String, serde_json::Value>,
/// }
/// # use streamwriter_core::serde_json;
///
/// let posted = |rows, file: &str, latest| Posted {
///     rows,
///     files: vec![file.to_owned()],
///     latest,
///     schema: Default::default(),
/// };
/// let messages = [posted(1, "a", None), posted(2, "b", Some(5))];
/// let all: PostedTotals = totals(&messages);
/// assert_eq!((all.rows, all.latest), (3, Some(5)));
/// assert_eq!(all.files, ["a", "b"]);
/// assert_eq!(messages[1].metrics().files, Some(1));
/// ```
#[proc_macro_derive(CommitMessage, attributes(message))]
pub fn derive_commit_message(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    commit_message::derive(&input).into()
}

/// Makes a struct a row with Arrow columns: its schema, its column builders, and the way back from
/// a record batch.
///
/// It implements `Row` and `Column` for a struct with named fields, so rows nest; and `Column`
/// alone for an enum without data (a dictionary of the names) and for a struct of one unnamed
/// field (the column of the field). The docs of `Row` have the table of all types. The type owns
/// its data, and needs no derive of serde's. Feature `arrow` of the runtime.
///
/// A row is appended to its columns by reference, field by field, without an intermediate value.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use jiff::Timestamp;
/// use streamwriter_core::{Row as _, RowBuilder};
/// use streamwriter_derive::Row;
///
/// #[derive(Clone, Debug, PartialEq, Row)]
/// struct Trip {
///     id: u64,
///     #[row(unit = "ms")]
///     picked_up: Timestamp,
///     #[row(decimal(10, 2))]
///     fare_cents: i128,
///     payment: Option<Payment>,
///     stops: Vec<Stop>,
///     tags: BTreeMap<String, String>,
/// }
///
/// #[derive(Clone, Debug, PartialEq, Row)]
/// #[row(rename_all = "snake_case")]
/// enum Payment {
///     Cash,
///     CreditCard,
/// }
///
/// #[derive(Clone, Debug, PartialEq, Row)]
/// struct Stop {
///     name: String,
///     #[row(rename = "lon")]
///     longitude: f64,
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let trip = Trip {
///     id: 1,
///     picked_up: "2024-01-01T08:00:00Z".parse()?,
///     fare_cents: 1250,
///     payment: Some(Payment::CreditCard),
///     stops: vec![Stop { name: "Market".into(), longitude: 13.4 }],
///     tags: BTreeMap::new(),
/// };
/// let mut rows = RowBuilder::with_capacity(1);
/// rows.push(&trip)?;
/// let batch = rows.finish()?;
/// assert_eq!(batch.schema(), Trip::schema());
///
/// let read: Result<Vec<Trip>, _> = Trip::rows_of(&batch)?.collect();
/// assert_eq!(read?, [trip]);
/// # Ok(())
/// # }
/// ```
///
/// # The type
///
/// `#[row(...)]` on the struct or enum takes:
///
/// | Key | Meaning |
/// |---|---|
/// | `rename_all = "camelCase"` | How the names of columns, or of variants, are written; the cases are those of serde. |
/// | `crate = "path"` | Where the runtime is, if not in `Cargo.toml`. |
///
/// Type parameters get the bounds that the fields need. Attributes of serde are not read: a type
/// that is a row in both ways says so twice.
///
/// # Fields
///
/// `#[row(...)]` on a field takes:
///
/// | Key | Meaning |
/// |---|---|
/// | `rename = "name"` | The name of the column; also on a variant. |
/// | `skip` | There is no column; on the way back the field is `Default::default()`. |
/// | `unit = "ms"` | The unit of times: `s`, `ms`, `us` (the default) or `ns`. |
/// | `decimal(10, 2)` | An `i128` or `i64` is a decimal of 10 digits, two of them behind the point. |
/// | `with = Codec` | The field is what a `ColumnCodec` makes of it; the codec stands for the whole type, an `Option` included. |
#[proc_macro_derive(Row, attributes(row))]
pub fn derive_row(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    row::derive(&input).into()
}

/// Makes a sink out of an impl block; on a struct, makes its constructor and its options.
///
/// # On an impl block
///
/// The block stays as it is, with all its helpers and constants. What the attribute adds are impls
/// of `StreamWriter` and `WriteRows` that call the methods `write`, `commit` and `abort` of the
/// block. All take `&self`, since tasks run at the same time; arguments are recognised by their
/// types, come in any order and can be left out.
///
/// | Method | Arguments | Returns |
/// |---|---|---|
/// | `write` | the rows; `&TaskContext` | the message, or a `Result` of it; nothing if there is nothing to tell |
/// | `commit`, `abort` (both optional) | the messages, the totals, the batch | nothing, or a `Result` of nothing |
///
/// - **Rows**: `impl Iterator<Item = Order>`, or `impl Rows<Item = Order>` to ask how they ended and
///   to skip the rest; also `+ Send`, `&mut impl ..`, `&mut dyn Iterator<Item = Order>` and a type
///   parameter `I: Iterator<Item = Order>`. A `write` that is generic over the row,
///   `fn write<R: Display>(&self, rows: impl Iterator<Item = R>)`, makes a sink for many rows.
/// - **Messages**: `Vec<Posted>` or `&[Posted]`, in `abort` only those of tasks that finished;
///   `Vec<Option<Posted>>` or `&[Option<Posted>]`, one per partition.
/// - **Totals**: what the derive calls `PostedTotals`; beside the messages if its name ends in
///   `Totals`.
/// - **Batch**: `&BatchContext`, `BatchId`, or its number as `u64`.
/// - **Errors**: anything that `?` turns into `Box<dyn Error + Send + Sync>`; the methods may have
///   different ones. Type and causes stay, so `Permanent` is seen (rule W7).
///
/// The methods stand in this block: one in another block is a helper that the engine does not call.
/// Aliases such as `io::Result<Posted>` work: messages and errors are told apart by type. Two more
/// methods are used if they are there: `fn guarantee(&self) -> Guarantee` and
/// `fn description(&self) -> String`. A generic block, `impl<T: Render> Webhook<T>`, is a sink for
/// every `T` that makes it `Send + Sync + 'static`.
///
/// ```
/// use std::io;
/// use streamwriter_core::{BatchContext, End, Rows, TaskContext};
/// use streamwriter_derive::{CommitMessage, stream_writer};
///
/// #[derive(CommitMessage)]
/// struct Uploaded {
///     #[message(rows)]
///     rows: u64,
///     key: String,
/// }
///
/// struct Uploads;
///
/// #[stream_writer(name = "uploads", guarantee = exactly_once)]
/// impl Uploads {
///     fn write(&self, task: &TaskContext, mut rows: impl Rows<Item = String>) -> io::Result<Uploaded> {
///         let key = format!("{}-{}", task.batch_id(), task.partition());
///         let text: String = (&mut rows).collect();
///         // A source that fails looks like the end of the data (rule W8).
///         if rows.end() == End::Complete {
///             self.upload_invisibly(&key, &text)?;
///         }
///         Ok(Uploaded { rows: rows.read(), key })
///     }
///
///     fn commit(&self, messages: &[Uploaded], totals: UploadedTotals, batch: &BatchContext) -> io::Result<()> {
///         println!("batch {}: {} rows", batch.batch_id(), totals.rows);
///         messages.iter().try_for_each(|message| self.make_visible(&message.key))
///     }
///
///     fn abort(&self, messages: Vec<Uploaded>) -> Result<(), String> {
///         messages.iter().try_for_each(|message| self.remove(&message.key))
///     }
///
///     # fn upload_invisibly(&self, _: &str, _: &str) -> io::Result<()> { Ok(()) }
///     # fn make_visible(&self, _: &str) -> io::Result<()> { Ok(()) }
///     # fn remove(&self, _: &str) -> Result<(), String> { Ok(()) }
///     // ... and helpers.
/// }
/// # use streamwriter_core::{Guarantee, StreamWriter};
/// # assert_eq!(StreamWriter::name(&Uploads), "uploads");
/// # assert_eq!(StreamWriter::guarantee(&Uploads), Guarantee::ExactlyOnce);
/// ```
///
/// The attribute takes:
///
/// | Key | Meaning |
/// |---|---|
/// | `name = "webhook"` | The name of the sink; without it that of the struct's attribute, or the type's name as `snake_case`. |
/// | `guarantee = exactly_once` | A promise, see below; also `at_least_once` (the default) and `at_most_once`. |
/// | `target = self.staging` | An expression of a type that is a `Target`: the memory that notices a checkpoint that went backwards or was exchanged (rule E6). |
/// | `crate = "path"` | Where the runtime is, if not in `Cargo.toml`. |
///
/// `guarantee = exactly_once` **is a promise that nobody checks** (rule E4): what `write` does is
/// invisible to readers until `commit`; and `commit` with the same batch and messages may be
/// repeated, also by another process after a crash in its middle, with the effect of one call. A
/// sink that sends in `write` and promises this doubles rows after a crash. The staging helper
/// keeps both promises for files.
///
/// # `async fn`
///
/// With the feature `tokio` each of the three may be an `async fn`, alone or together. It runs on the
/// thread that would run a plain one, so its future need not be `Send`, no more tasks run at once than
/// there are executors, and a panic is an error of its task or commit (W6). Beside it the query has a
/// tokio runtime, with timers and sockets, that begins with the first call and ends with the query.
///
/// - A `write` that waits when its task is cancelled, by a failure elsewhere or the task timeout, is
///   dropped where it waits, at most 10 ms later (W7). What it must undo belongs into a `Drop`. A
///   `commit` or an `abort` runs to its end.
/// - The rows are read as in a plain `write`: `rows.next()` does not wait in the async sense, and while
///   the source reads, the future does not wait for anything else. A source that blocks on a runtime of
///   its own cannot be read there.
/// - What a method spawns and does not wait for goes on behind it, without the engine: it is in no
///   message, its errors are nobody's, and it ends with the query at the latest. So wait for what was
///   spawned, with a `JoinSet`; and leave no rows of the attempt with it.
///
/// ```text
/// #[stream_writer]
/// impl Webhook {
///     async fn write(&self, rows: impl Rows<Item = Order>) -> Result<Posted, reqwest::Error> {
///         for order in rows.by_ref() {
///             self.client.post(&self.url).json(&order).send().await?.error_for_status()?;
///         }
///         ...
///     }
/// }
/// ```
///
/// # On a struct
///
/// The fields become options. The struct keeps exactly its fields, so literals go on working, also
/// with `..Webhook::new(url)`. What the attribute adds:
///
/// - `Webhook::new(..)` with the required options in the order of the fields; `String` and
///   `PathBuf` take whatever converts into them.
/// - `SinkOptions`: the name, the doc comment, the description of the options, and `from_options`, which makes the sink from
///   text by name. Names ignore upper and lower case; unknown, missing and unreadable options are
///   errors with the kind `Config`.
/// - the name, for the impl.
/// - a `Debug` that hides the secrets, if there are any. A `#[derive(Debug)]` below the attribute is
///   an error then; one above it cannot be seen and ends in E0119, "conflicting implementations".
///
/// A field without `#[option]` is required, unless it is an `Option`, which is `None` if it is not
/// given. `#[option(...)]` takes:
///
/// | Key | Meaning |
/// |---|---|
/// | `default = 100` | Not required; the expression is its value. A string literal converts. |
/// | `default` | Not required; `Default::default()`. |
/// | `default_text = "30s"` | How people are shown the default, if the expression is not how they would write it. |
/// | `name = "maxRows"` | Another name than that of the field. |
/// | `secret` | Never printed: not by `Debug`, not in errors, not as a default. |
/// | `skip` | Not an option: it has its `Default`, or `default = ...`. |
///
/// Fields are read through `OptionValue`: integers, floats, `bool`, `String`, `PathBuf`, `Duration`
/// (`500ms`, `2s`), `Option` of these, `Vec<String>` (commas between), or your own types.
///
/// ```
/// use std::time::Duration;
/// use streamwriter_core::{OptionMap, SinkOptions, StreamWriter};
/// use streamwriter_derive::stream_writer;
///
/// #[stream_writer(name = "webhook")]
/// struct Webhook {
///     /// Where to post to.
///     url: String,
///     /// Rows per request.
///     #[option(default = 100)]
///     chunk: usize,
///     #[option(default = Duration::from_secs(30), default_text = "30s")]
///     timeout: Duration,
///     #[option(secret)]
///     token: Option<String>,
/// }
///
/// #[stream_writer]
/// impl Webhook {
///     fn write(&self, rows: impl Iterator<Item = String>) {
///         rows.for_each(drop);
///     }
/// }
///
/// # fn main() -> streamwriter_core::Result<()> {
/// let by_hand = Webhook { chunk: 10, ..Webhook::new("http://localhost") };
/// assert_eq!(StreamWriter::name(&by_hand), "webhook");
///
/// let options = OptionMap::from([("URL", "http://localhost"), ("timeout", "500ms"), ("token", "x")]);
/// let by_name = Webhook::from_options(&options)?;
/// assert_eq!(
///     format!("{by_name:?}"),
///     r#"Webhook { url: "http://localhost", chunk: 100, timeout: 500ms, token: <secret> }"#
/// );
///
/// let wrong = Webhook::from_options(&OptionMap::from([("uri", "x")])).unwrap_err();
/// assert_eq!(
///     wrong.to_string(),
///     "unknown option `uri`; did you mean `url`? the options are `url`, `chunk`, `timeout`, `token`"
/// );
/// assert_eq!(Webhook::OPTIONS[1].doc, "Rows per request.");
/// assert_eq!(Webhook::OPTIONS[2].default, Some("30s"));
/// # Ok(())
/// # }
/// ```
///
/// `new` cannot be left out. A struct with a `new` of its own has no attribute, and its name stands
/// on the impl: `#[stream_writer(name = "webhook")] impl Webhook { .. }`.
#[proc_macro_attribute]
pub fn stream_writer(args: TokenStream, item: TokenStream) -> TokenStream {
    stream_writer::expand(args.into(), item.into()).into()
}

/// Makes a crate the Python module of its sinks, for PySpark: `export! { Webhook, Other }`.
///
/// The crate is a `cdylib` and depends on `streamwriter-pyspark`, which re-exports this macro. The module
/// has the name of the crate, a class for each sink with the name of its struct, and `DefaultSource`, the
/// first of them: if the name of the crate begins with `pyspark_`, Spark finds that one by itself. What
/// `format(...)` takes is the `name = "..."` of the sink.
///
/// A sink is a struct with `#[stream_writer(name = "...")]` whose impl has `#[stream_writer]` and one type
/// of rows: record batches, a type that derives `Row`, or one that derives serde's `Deserialize`. Options
/// of which a `SinkFactory` makes a sink are exported as well.
///
/// In the crate's own unit tests there is no module, so that they need no Python.
#[proc_macro]
pub fn export(input: TokenStream) -> TokenStream {
    export::expand(input.into()).into()
}
