//! What the tasks have rendered, and the page that the driver makes of it.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use streamwriter_core::{BatchId, MessageMetrics};

use super::table::TableRows;
use super::{Style, csv, fit, vertical};
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

/// How a batch is laid out.
pub(super) struct Page {
    pub(super) style: Style,
    /// How many rows are shown at most.
    pub(super) rows: usize,
    /// How many columns of the terminal a table may take.
    pub(super) width: Option<usize>,
    pub(super) batch_header: bool,
}

impl Page {
    /// Makes the text of a batch: header, the first rows over all partitions, and what is left out.
    ///
    /// `heading` is the names of the columns that were printed last, for CSV.
    pub(super) fn of(
        &self,
        messages: Vec<Rendered>,
        batch: BatchId,
        heading: &mut Option<Vec<String>>,
    ) -> String {
        let rows: u64 = messages.iter().map(|message| message.rows).sum();
        let mut table = TableRows::default();
        let mut lines = Vec::new();
        for message in messages {
            match message.shown {
                Shown::Table(rows) => table.append(rows),
                Shown::Lines(rows) => lines.extend(rows.0),
            }
        }
        table.keep(self.rows);
        lines.truncate(self.rows);
        if self.batch_header {
            *heading = None;
        }
        let (body, note) = match self.style {
            Style::Table => fit::table(&table, self.width),
            Style::Vertical => (vertical::render(&table), None),
            Style::Csv => (csv::render(&table, heading), None),
            Style::Json => (lines.into_iter().map(|line| line + "\n").collect(), None),
        };
        if self.batch_header {
            self.with_header(batch, &body, note, rows)
        } else {
            body
        }
    }

    fn with_header(&self, batch: BatchId, body: &str, note: Option<String>, rows: u64) -> String {
        let mut text = format!("{RULE}\nBatch: {batch}\n{RULE}\n{body}");
        if let Some(note) = note {
            text.push_str(&note);
            text.push('\n');
        }
        let plural = if self.rows == 1 { "" } else { "s" };
        if rows > self.rows as u64 {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "only showing top {} row{plural}", self.rows);
        }
        text.push('\n');
        text
    }
}
