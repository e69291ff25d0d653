//! What the tasks have rendered, and the page that the driver makes of it.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use streamwriter_core::{BatchId, MessageMetrics};

use super::table::TableRows;
use crate::message::commit_message;

/// The commit message of [`Stdout`](super::Stdout): the first rows of a partition, rendered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rendered {
    pub(super) rows: u64,
    pub(super) shown: Shown,
}

/// The rows to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Shown {
    Table(TableRows),
    Lines(Lines),
}

/// Rows as lines of JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Lines(pub(super) Vec<String>);

commit_message!(Rendered, "streamwriter.rendered", |message| {
    MessageMetrics::default().with_rows(message.rows)
});

const RULE: &str = "-------------------------------------------";

/// Makes the text of a batch: header, the first rows over all partitions, and what is left out.
pub(super) fn page(messages: Vec<Rendered>, batch: BatchId, rows_max: usize) -> String {
    let rows: u64 = messages.iter().map(|message| message.rows).sum();
    let mut table = TableRows::default();
    let mut lines = Vec::new();
    for message in messages {
        match message.shown {
            Shown::Table(rows) => table.append(rows),
            Shown::Lines(rows) => lines.extend(rows.0),
        }
    }
    let mut text = format!("{RULE}\nBatch: {batch}\n{RULE}\n");
    text.push_str(&table.render(rows_max));
    for line in lines.iter().take(rows_max) {
        text.push_str(line);
        text.push('\n');
    }
    let plural = if rows_max == 1 { "" } else { "s" };
    if rows > rows_max as u64 {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "only showing top {rows_max} row{plural}");
    }
    text.push('\n');
    text
}
