//! The fuzz targets by name. Also a module of the integration tests, which run each over its corpus.

use std::collections::BTreeMap;

use streamwriter::CommitMessage;
use streamwriter_core::__fuzz as core;
use streamwriter_sinks::__fuzz as sinks;
use streamwriter_sources::__fuzz as sources;

/// A target: it panics if a property does not hold of these bytes.
pub type Target = fn(&[u8]);

/// All targets; each has a file in `fuzz_targets/` and a folder in `corpus/`.
pub const ALL: [(&str, Target); 12] = [
    ("csv", sources::csv),
    ("journal_records", core::journal_records),
    ("json_lines", sources::json_lines),
    ("lock_holders", core::lock_holders),
    ("messages", messages),
    ("names", sinks::names),
    ("option_values", core::option_values),
    ("positions", sources::positions),
    ("segments", sources::segments),
    ("store_paths", core::store_paths),
    ("target_records", sinks::target_records),
    ("derived_messages", derived_messages),
];

/// Messages of the prebuilt sinks.
fn messages(data: &[u8]) {
    sinks::messages(data);
}

/// A message with fields of every kind.
#[derive(Debug, Default, CommitMessage)]
#[message(name = "everything")]
struct Everything {
    #[message(rows)]
    number: u64,
    #[message(bytes)]
    bytes: u64,
    #[message(min)]
    small: i8,
    #[message(max)]
    ratio: f64,
    #[message(append)]
    text: String,
    flag: bool,
    maybe: Option<u32>,
    list: Vec<i64>,
    map: BTreeMap<String, u16>,
    nested: Option<Nested>,
    choice: Choice,
}

#[derive(Debug, Default, CommitMessage)]
struct Nested {
    pair: (u8, char),
}

#[derive(Debug, Default, CommitMessage)]
#[message(name = "choice")]
enum Choice {
    #[default]
    Nothing,
    One(u64),
    Named {
        name: String,
    },
}

/// Messages that the derive makes.
fn derived_messages(data: &[u8]) {
    core::messages_of::<Everything>(data);
    core::messages_of::<Choice>(data);
}
