//! Sinks made from options, and the literals that keep working beside them.

#![deny(warnings)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::PathBuf;
use std::time::Duration;

use streamwriter_core::{ErrorKind, OptionMap, SinkOptions, StreamWriter};
use streamwriter_derive::stream_writer;

/// Posts rows to a URL.
#[stream_writer(name = "webhook")]
#[derive(Clone, PartialEq)]
struct Webhook {
    /// Where to post to.
    #[option(name = "endpoint")]
    url: String,
    /// Rows per request.
    #[option(default = 100)]
    chunk: usize,
    #[option(default = Duration::from_secs(30))]
    timeout: Duration,
    #[option(default = "POST")]
    method: String,
    #[option(default)]
    gzip: bool,
    /// Sent as a header,
    /// if there is one.
    #[option(secret)]
    token: Option<String>,
    headers: Vec<String>,
    #[option(skip)]
    sent: Unprintable,
    #[option(skip, default = 7)]
    retries: u8,
}

#[derive(Clone, Default, PartialEq)]
struct Unprintable;

#[stream_writer]
impl Webhook {
    fn write(&self, rows: impl Iterator<Item = String>) {
        rows.for_each(drop);
    }
}

#[test]
fn new_takes_what_is_required_in_order() {
    let sink = Webhook::new("http://x", vec!["a".to_owned()]);
    assert_eq!((sink.url.as_str(), sink.headers.len()), ("http://x", 1));
    assert_eq!(
        (sink.chunk, sink.method.as_str(), sink.gzip),
        (100, "POST", false)
    );
    assert_eq!((sink.timeout, sink.retries), (Duration::from_secs(30), 7));
    let other = Webhook {
        chunk: 10,
        ..Webhook::new("http://x", vec![])
    };
    assert_eq!(other.chunk, 10);
}

#[test]
fn the_name_crosses_from_the_struct_to_the_impl() {
    assert_eq!(StreamWriter::name(&Webhook::new("", vec![])), "webhook");
}

#[test]
fn options_are_described() {
    let names: Vec<_> = Webhook::OPTIONS.iter().map(|spec| spec.name).collect();
    assert_eq!(
        names,
        [
            "endpoint", "chunk", "timeout", "method", "gzip", "token", "headers"
        ]
    );
    let [url, chunk, timeout, method, gzip, token, headers] = Webhook::OPTIONS else {
        panic!("seven options");
    };
    assert!(url.required && headers.required && !chunk.required);
    assert_eq!((url.doc, url.type_name), ("Where to post to.", "string"));
    assert_eq!(chunk.default, Some("100"));
    assert_eq!(timeout.default, Some("Duration::from_secs(30)"));
    assert_eq!(method.default, Some("POST"));
    assert_eq!(gzip.default, Some("the default of its type"));
    assert!(token.secret && token.default.is_none());
    assert_eq!(token.doc, "Sent as a header, if there is one.");
}

#[test]
fn a_sink_is_made_from_text() {
    let options = OptionMap::from([
        ("ENDPOINT", "http://x"),
        ("chunk", "5"),
        ("timeout", "500ms"),
        ("headers", "a, b"),
        ("token", "hunter2"),
    ]);
    let sink = Webhook::from_options(&options).unwrap();
    let expected = Webhook {
        chunk: 5,
        timeout: Duration::from_millis(500),
        token: Some("hunter2".to_owned()),
        ..Webhook::new("http://x", vec!["a".to_owned(), "b".to_owned()])
    };
    assert!(sink == expected);
    assert_eq!(
        format!("{sink:?}"),
        "Webhook { url: \"http://x\", chunk: 5, timeout: 500ms, method: \"POST\", gzip: false, \
         token: <secret>, headers: [\"a\", \"b\"], .. }"
    );
}

#[test]
fn wrong_options_are_config_errors() {
    let error = |options: OptionMap| {
        let error = Webhook::from_options(&options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        error.to_string()
    };
    let missing = error(OptionMap::new());
    assert!(
        missing.starts_with(
            "required options are missing: `endpoint` (string), `headers` (list of strings); the \
             options are `endpoint`, `"
        ),
        "{missing}"
    );
    assert!(error(OptionMap::from([("sent", "1")])).starts_with("unknown option `sent`"));
    let wrong = [("endpoint", "x"), ("headers", ""), ("chunk", "many")];
    assert!(error(OptionMap::from(wrong)).starts_with("option `chunk` does not parse as integer"));
}

#[stream_writer(name = "unit")]
#[derive(Clone, Copy, Debug, Default)]
struct Unit;

#[stream_writer]
#[derive(Debug)]
struct Generic<T, U>
where
    T: Clone,
{
    path: PathBuf,
    first: T,
    second: Option<T>,
    #[option(skip)]
    rest: U,
}

#[stream_writer(name = "generic")]
impl<T: Clone, U> Generic<T, U> {
    fn write(&self, rows: impl Iterator<Item = T>) {
        rows.for_each(drop);
    }
}

#[stream_writer]
impl Unit {
    fn write(&self, rows: impl Iterator<Item = u8>) {
        rows.for_each(drop);
    }
}

#[test]
fn unit_and_generic_structs_are_made() {
    let unit: Unit = Unit::new();
    assert_eq!(StreamWriter::name(&unit), "unit");
    assert!(Unit::OPTIONS.is_empty());
    assert!(Unit::from_options(&OptionMap::new()).is_ok());

    let made =
        Generic::<u8, Vec<u8>>::from_options(&OptionMap::from([("path", "/x"), ("first", "3")]));
    let made = made.unwrap();
    assert_eq!((made.first, made.second), (3, None));
    assert!(made.rest.is_empty());
    assert_eq!(made.path, PathBuf::from("/x"));
    assert_eq!(StreamWriter::name(&made), "generic");
}
