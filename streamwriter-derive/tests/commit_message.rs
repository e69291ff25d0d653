//! Messages through the real envelope: what is derived decodes what it has encoded, and nothing else.

#![deny(warnings)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use streamwriter_core::serde_json::{Value, json};
use streamwriter_core::testing::{decode_message, encode_message, round_trip};
use streamwriter_core::{CommitMessage, Error, ErrorKind, MessageField, MessageMetrics, totals};
use streamwriter_derive::CommitMessage;

#[derive(Clone, Debug, PartialEq, CommitMessage)]
#[message(name = "posted", version = 2, migrate_from = migrate)]
struct Posted {
    /// How many.
    #[message(rows)]
    rows: u64,
    #[message(bytes)]
    bytes: u64,
    #[message(files)]
    files: Vec<File>,
    #[message(min)]
    first: Option<i64>,
    #[message(max)]
    slowest: f64,
    #[message(append)]
    r#type: String,
    note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, CommitMessage)]
struct File {
    name: String,
    size: u64,
}

fn migrate(version: u32, body: Value) -> Result<Posted, Error> {
    assert_eq!(version, 1);
    let rows = u64::from_value(body)?;
    Ok(posted(rows))
}

fn posted(rows: u64) -> Posted {
    Posted {
        rows,
        bytes: rows.saturating_mul(10),
        files: vec![File {
            name: format!("f{rows}"),
            size: rows,
        }],
        first: None,
        slowest: 0.5,
        r#type: "t".to_owned(),
        note: None,
    }
}

#[track_caller]
fn returns<M: CommitMessage + PartialEq + Debug>(message: &M) {
    assert_eq!(&round_trip(message).unwrap(), message);
}

#[track_caller]
fn body<M: CommitMessage>(message: &M) -> Value {
    message.to_body().unwrap()
}

#[track_caller]
fn refused<M: CommitMessage + Debug>(body: Value) -> String {
    let error = M::from_body(body).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Message);
    error.to_string()
}

#[test]
fn the_envelope_has_name_and_version() {
    let text = encode_message(&posted(1), usize::MAX).unwrap();
    let value: Value = streamwriter_core::serde_json::from_str(&text).unwrap();
    assert_eq!(value["type"], "posted");
    assert_eq!(value["version"], 2);
    assert_eq!(value["body"]["files"], json!([{"name": "f1", "size": 1}]));
    assert_eq!(value["body"]["type"], "t");
    assert_eq!(value["body"]["note"], Value::Null);
    returns(&posted(1));
    assert_eq!((File::TYPE, File::VERSION), ("File", 1));
}

#[test]
fn an_older_version_goes_through_the_migration() {
    let old = r#"{"type": "posted", "version": 1, "body": 7}"#;
    assert_eq!(decode_message::<Posted>(old).unwrap(), posted(7));
    let new = r#"{"type": "posted", "version": 3, "body": 7}"#;
    assert!(decode_message::<Posted>(new).is_err());
    let other = r#"{"type": "File", "version": 1, "body": 7}"#;
    assert!(decode_message::<Posted>(other).is_err());
    let unmigrated = r#"{"type": "File", "version": 0, "body": 7}"#;
    assert!(decode_message::<File>(unmigrated).is_err());
}

#[test]
fn roles_feed_metrics_and_totals() {
    let metrics = MessageMetrics::default()
        .with_rows(3)
        .with_bytes(30)
        .with_files(1);
    assert_eq!(posted(3).metrics(), metrics);

    let messages = [
        posted(1),
        Posted {
            first: Some(5),
            slowest: f64::NAN,
            ..posted(u64::MAX)
        },
        Posted {
            first: Some(-5),
            slowest: 2.5,
            ..posted(3)
        },
    ];
    let all: PostedTotals = totals(&messages);
    assert_eq!(all.rows, u64::MAX);
    assert_eq!(all.files.len(), 3);
    assert_eq!(all.first, Some(-5));
    assert_eq!(all.slowest, Some(2.5));
    assert_eq!(all.r#type, ["t", "t", "t"]);
    assert_eq!(all.clone(), all);
    assert!(format!("{all:?}").starts_with("PostedTotals { rows: 18446744073709551615, bytes:"));
    let none = totals::<Posted>([]);
    assert_eq!((none.rows, none.first), (0, None));
}

#[test]
fn errors_name_the_path_of_the_field() {
    let mut wrong = body(&posted(1));
    wrong["files"][0]["size"] = json!("big");
    assert_eq!(
        refused::<Posted>(wrong.clone()),
        "field `files[0].size`: expected an integer from 0 to 18446744073709551615, \
         found the string \"big\""
    );
    wrong["files"][0] = json!({"name": "a"});
    assert_eq!(
        refused::<Posted>(wrong.clone()),
        "field `files[0].size`: missing"
    );
    wrong["files"][0] = json!({"name": "a", "size": 1, "sise": 2});
    assert_eq!(
        refused::<Posted>(wrong),
        "field `files[0].sise`: unknown; the fields are `name`, `size`"
    );
}

#[test]
fn a_missing_option_is_an_error() {
    let mut wrong = body(&posted(1));
    wrong.as_object_mut().unwrap().remove("note");
    assert_eq!(refused::<Posted>(wrong), "field `note`: missing");
}

#[derive(Debug, PartialEq, CommitMessage)]
struct Unit;

#[derive(Debug, PartialEq, CommitMessage)]
struct Braces {}

#[derive(Debug, PartialEq, CommitMessage)]
struct Parens();

#[derive(Debug, PartialEq, CommitMessage)]
struct Newtype(Option<Unit>);

#[derive(Debug, PartialEq, CommitMessage)]
struct Pair(#[message(rows)] u32, f32);

#[test]
fn every_shape_of_a_struct_returns() {
    returns(&Unit);
    returns(&Braces {});
    returns(&Parens());
    returns(&Newtype(None));
    returns(&Newtype(Some(Unit)));
    returns(&Pair(1, f32::MIN_POSITIVE));
    assert_eq!(Pair(4, 0.0).metrics().rows, Some(4));
    assert_eq!(body(&Pair(1, 2.0)), json!([1, 2.0]));
    assert_eq!(body(&Unit), Value::Null);
    assert_eq!(
        refused::<Unit>(json!(1)),
        "expected null, found the number 1"
    );
    assert_eq!(
        refused::<Braces>(json!({"a": 1})),
        "field `a`: unknown; the fields are "
    );
    assert_eq!(
        refused::<Pair>(json!([1, "x"])),
        "field `[1]`: expected a number, found the string \"x\""
    );
}

#[derive(Debug, PartialEq, CommitMessage)]
enum Outcome {
    Nothing,
    Wrote(#[message(files)] Vec<File>),
    Skipped(u8, u8),
    Failed {
        #[message(rows)]
        at: u64,
        r#type: String,
        causes: Vec<Outcome>,
    },
}

#[test]
fn every_shape_of_a_variant_returns() {
    let failed = Outcome::Failed {
        at: 3,
        r#type: "x".to_owned(),
        causes: vec![Outcome::Nothing, Outcome::Skipped(1, 2)],
    };
    assert_eq!(failed.metrics(), MessageMetrics::default().with_rows(3));
    assert_eq!(Outcome::Wrote(vec![]).metrics().files, Some(0));
    assert_eq!(Outcome::Nothing.metrics(), MessageMetrics::default());
    returns(&failed);
    returns(&Outcome::Wrote(vec![]));
    returns(&Outcome::Nothing);
    assert_eq!(body(&Outcome::Nothing), json!("Nothing"));
    assert_eq!(body(&Outcome::Skipped(1, 2)), json!({"Skipped": [1, 2]}));
    assert_eq!(
        refused::<Outcome>(
            json!({"Failed": {"at": 1, "type": "x", "causes": [{"Skipped": [0, 999]}]}})
        ),
        "field `Failed.causes[0].Skipped[1]`: expected an integer from 0 to 255, \
         found the number 999"
    );
    assert_eq!(
        refused::<Outcome>(json!({"Nothing": null})),
        "expected one of \"Nothing\", {\"Wrote\": ...}, {\"Skipped\": ...}, {\"Failed\": ...}, \
         found {\"Nothing\": ...}"
    );
    assert!(refused::<Outcome>(json!("Wrote")).ends_with("found the string \"Wrote\""));
}

#[derive(Debug, PartialEq, CommitMessage)]
struct Tree {
    name: String,
    left: Option<Box<Tree>>,
    others: Vec<Self>,
}

#[test]
fn recursive_messages_return() {
    let leaf = |name: &str| Tree {
        name: name.to_owned(),
        left: None,
        others: Vec::new(),
    };
    returns(&Tree {
        left: Some(Box::new(leaf("l"))),
        others: vec![leaf("a"), leaf("b")],
        ..leaf("root")
    });
}

#[test]
fn a_message_too_deep_to_be_read_again_fails_in_its_task() {
    let mut tree = Tree {
        name: String::new(),
        left: None,
        others: Vec::new(),
    };
    for _ in 0..200 {
        tree = Tree {
            name: String::new(),
            left: Some(Box::new(tree)),
            others: Vec::new(),
        };
    }
    let error = encode_message(&tree, usize::MAX).unwrap_err();
    assert!(error.to_string().contains("cannot be decoded"), "{error}");
    assert!(error.is_permanent());
}

#[derive(Debug, PartialEq, CommitMessage)]
struct Generic<T, K, S, const N: usize>
where
    K: Ord + streamwriter_core::MessageKey,
{
    #[message(sum)]
    total: T,
    #[message(append)]
    list: Vec<K>,
    map: BTreeMap<K, [u8; N]>,
    #[message(serde)]
    through_serde: S,
    marker: PhantomData<fn() -> T>,
}

#[test]
fn generic_messages_return() {
    let message = Generic::<u8, String, Vec<(u8, char)>, 2> {
        total: 200,
        list: vec!["a".to_owned()],
        map: BTreeMap::from([("k".to_owned(), [1, 2])]),
        through_serde: vec![(1, 'x')],
        marker: PhantomData,
    };
    returns(&message);
    let sum: GenericTotals<u8, String> = totals([&message, &message]);
    assert_eq!((sum.total, sum.list.len()), (255, 2));
}

/// A type that serde knows and we do not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Foreign {
    a: u8,
}

/// The derive clashes with none of serde's.
#[derive(Debug, PartialEq, Serialize, Deserialize, CommitMessage)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct Both {
    #[serde(rename = "elsewhere")]
    #[message(serde, append)]
    foreign: Foreign,
    own: u8,
}

#[test]
fn serde_fields_go_through_serde_and_others_do_not() {
    let both = Both {
        foreign: Foreign { a: 1 },
        own: 2,
    };
    returns(&both);
    assert_eq!(body(&both), json!({"foreign": {"a": 1}, "own": 2}));
    let error = Both::from_body(json!({"foreign": {"b": 1}, "own": 2})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "field `foreign`: expected what serde has written, found an object of 1 fields"
    );
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "missing field `a`");
    let sum = totals([&both]);
    assert_eq!(sum.foreign, [Foreign { a: 1 }]);
}

/// Neither `Debug` nor `PartialEq`: the companion goes without them.
#[derive(Clone, CommitMessage)]
struct Opaque(u8);

#[derive(CommitMessage)]
struct HoldsOpaque {
    #[message(append)]
    opaque: Opaque,
}

#[test]
fn totals_of_a_field_without_debug_compile() {
    let sum = totals([&HoldsOpaque { opaque: Opaque(1) }]);
    assert_eq!(sum.clone().opaque.len(), 1);
}
