//! Which sink a cluster asks for, and the options that are the bridge's own.

use arrow::datatypes::SchemaRef;

use crate::error::{Error, ErrorKind, Result};
use crate::ids::QueryId;
use crate::message::MESSAGE_BYTES_MAX;
use crate::options::{OptionMap, OptionReader, OptionSpec};

/// Which sink a cluster asks for, and with what.
#[derive(Clone, Debug)]
pub struct ClusterRequest {
    /// The name of the sink in its registry.
    pub sink: String,
    /// The options: those of the sink, [`BRIDGE_OPTIONS`], and what the cluster adds by itself. Names
    /// ignore upper and lower case.
    pub options: OptionMap,
    /// The schema of the record batches.
    pub schema: SchemaRef,
    /// Whether each batch is to replace what the target holds, as in Spark's complete mode.
    pub overwrite: bool,
}

/// The options that every sink has on a cluster, beside its own.
pub const BRIDGE_OPTIONS: &[OptionSpec] = &[
    OptionSpec::new("checkpointLocation", "directory").with_doc(
        "The checkpoint of the streaming query; given as an option, and not only in the session's \
         configuration, the record of a batch holds the digest of its offsets.",
    ),
    OptionSpec::new("journalLocation", "directory").with_doc(
        "Where the journal lies; inside of the target by default. All nodes must reach it. A sink \
         without a target of files needs it to be exactly-once.",
    ),
    OptionSpec::new("takeOver", "boolean")
        .with_default("false")
        .with_doc("Takes the locks from a driver that holds them, such as a stopped process."),
    OptionSpec::new("takeOverTargetFrom", "query id")
        .with_doc("The query that owns the target and is to own it no longer."),
    OptionSpec::new("maxMessageBytes", "integer")
        .with_default("1048576")
        .with_doc("The longest commit message of a task; it grows with the number of its files."),
    OptionSpec::new("jobId", "string")
        .with_doc("Names a batch write: whatever is written again under the same id counts once."),
];

/// What a cluster passes on of a query and no sink asks for.
const OF_THE_CLUSTER: &[&str] = &["queryname"];

/// The values of [`BRIDGE_OPTIONS`].
#[derive(Clone, Debug)]
pub(super) struct BridgeOptions {
    pub(super) checkpoint: Option<String>,
    pub(super) journal: Option<String>,
    pub(super) take_over: bool,
    pub(super) take_over_target_from: Option<QueryId>,
    pub(super) message_bytes_max: usize,
    pub(super) job_id: Option<String>,
}

impl BridgeOptions {
    /// Takes the bridge's options away from those of the sink, and makes local paths of `file:` URIs.
    pub(super) fn split(options: &OptionMap) -> Result<(Self, OptionMap)> {
        let (mut own, mut of_sink) = (OptionMap::new(), OptionMap::new());
        for name in options.names() {
            let value = options.get(name).unwrap_or_default();
            let is = |other: &str| other.eq_ignore_ascii_case(name);
            if BRIDGE_OPTIONS.iter().any(|spec| is(spec.name)) {
                own.set(name, value);
            } else if is("path") {
                of_sink.set(name, local_path("path", value)?);
            } else if !OF_THE_CLUSTER.iter().any(|known| is(known)) {
                of_sink.set(name, value);
            }
        }
        let reader = OptionReader::new(&own, BRIDGE_OPTIONS)?;
        let text = |name: &str| own.get(name).map(str::to_owned);
        let journal = text("journalLocation");
        let bridge = Self {
            checkpoint: text("checkpointLocation"),
            journal: journal
                .map(|path| local_path("journalLocation", &path))
                .transpose()?,
            take_over: reader.get("takeOver")?.unwrap_or_default(),
            take_over_target_from: text("takeOverTargetFrom")
                .map(|id| query_id(&id))
                .transpose()?,
            message_bytes_max: reader.get("maxMessageBytes")?.unwrap_or(MESSAGE_BYTES_MAX),
            job_id: text("jobId"),
        };
        Ok((bridge, of_sink))
    }
}

fn query_id(text: &str) -> Result<QueryId> {
    text.parse().map_err(|error| {
        let message = format!("option `takeOverTargetFrom` is {text:?}, which is no query id");
        Error::new(ErrorKind::Config, message)
            .with_help("copy the id of the target's owner from the error that refused this query")
            .with_source(error)
    })
}

/// Returns the local path of an absolute path or `file:` URI.
///
/// A relative path would be another directory in each process, and another scheme is a storage that
/// this one is not.
fn local_path(option: &str, given: &str) -> Result<String> {
    let refused = |what: &str, help: &str| {
        let message = format!("option `{option}` is {given:?}, which {what}");
        Err(Error::new(ErrorKind::Config, message).with_help(help))
    };
    let path = match scheme_of(given) {
        None => given,
        Some("file") => given.get("file:".len()..).unwrap_or_default(),
        Some(_) => {
            return refused(
                "is no place on a file system",
                "name a directory that all nodes have mounted",
            );
        }
    };
    let path = match path.strip_prefix("//") {
        // An authority is empty, or this machine.
        Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest),
        None => path,
    };
    if path.starts_with('/') {
        return Ok(path.to_owned());
    }
    refused(
        "is not absolute: each process of a cluster has a working directory of its own",
        "begin it with `/`",
    )
}

/// Returns the scheme of a URI, such as `hdfs`.
pub(super) fn scheme_of(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme.then_some(scheme)
}

/// Returns the local path of the query's checkpoint, if it is on a file system.
pub(super) fn local_checkpoint(given: &str) -> Option<String> {
    local_path("checkpointLocation", given).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sink_sees_its_own_options_only_and_paths_are_local() {
        let given = [
            ("PATH", "file:///data/lake"),
            ("queryName", "q"),
            ("checkpointlocation", "hdfs://h/c"),
            ("compression", "zstd"),
            ("takeover", "true"),
            ("jobid", "j"),
        ];
        let (bridge, sink) = BridgeOptions::split(&OptionMap::from(given)).unwrap();
        assert_eq!(sink.get("path"), Some("/data/lake"));
        assert_eq!(sink.names().count(), 2);
        assert!(bridge.take_over);
        assert_eq!(bridge.job_id.as_deref(), Some("j"));
        let default = BRIDGE_OPTIONS
            .iter()
            .find(|spec| spec.name == "maxMessageBytes");
        let default = default.and_then(|spec| spec.default?.parse().ok());
        assert_eq!(Some(bridge.message_bytes_max), default);
        assert_eq!(bridge.checkpoint.as_deref(), Some("hdfs://h/c"));
        assert_eq!(local_checkpoint("hdfs://h/c"), None);
        for (given, path) in [
            ("/a b", Some("/a b")),
            ("file:/a", Some("/a")),
            ("file://localhost/a", Some("/a")),
            ("file://host/a", None),
            ("a/b", None),
            ("s3a://bucket/a", None),
            ("", None),
        ] {
            assert_eq!(local_path("path", given).ok().as_deref(), path, "{given}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (name, value) in [
            ("takeOver", "perhaps"),
            ("takeOverTargetFrom", "me"),
            ("journalLocation", "s3://b"),
            ("path", "lake"),
        ] {
            let error = BridgeOptions::split(&OptionMap::from([(name, value)])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
