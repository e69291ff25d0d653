//! `format("stdout")`

use streamwriter_core::{Result, SinkFactory, SinkRequest};
use streamwriter_derive::stream_writer;

use super::values::words;
use crate::arrow_row::ArrowRows;
use crate::stdout::Stdout;

words! {
    /// How rows are shown.
    Style: "table" => Table, "vertical" => Vertical, "csv" => Csv, "json" => Json
}

/// Prints the first rows of each batch to the standard output.
#[stream_writer(name = "stdout")]
#[derive(Debug)]
pub(super) struct StdoutOptions {
    /// How rows are shown: as a table, each on lines of its own, or as lines of CSV or JSON.
    #[option(default = Style::Table, default_text = "table")]
    style: Style,
    /// How many rows of a batch are shown.
    #[option(name = "numRows", default = 20)]
    num_rows: usize,
    /// How many columns of the terminal a cell may take; 0 shows cells in full.
    #[option(default = 20)]
    truncate: usize,
    /// How many columns of the terminal a table may take, 0 for no bound; its width by default.
    width: Option<usize>,
    /// Whether the number of the batch stands above its rows.
    #[option(name = "batchHeader", default = true)]
    batch_header: bool,
}

impl SinkFactory for StdoutOptions {
    type Decoder = ArrowRows;
    type Sink = Stdout;

    /// What is printed stays; each batch of a complete table is printed whole, as Spark's console
    /// does.
    const OVERWRITES: bool = true;

    fn open(self, _: &SinkRequest) -> Result<Stdout> {
        let sink = match self.style {
            Style::Table => Stdout::table(),
            Style::Vertical => Stdout::vertical(),
            Style::Csv => Stdout::csv(),
            Style::Json => Stdout::json(),
        };
        let cell_width = Some(self.truncate).filter(|width| *width > 0);
        let sink = sink
            .rows(self.num_rows)
            .truncate(cell_width)
            .batch_header(self.batch_header);
        Ok(match self.width {
            Some(width) => sink.width(Some(width).filter(|width| *width > 0)),
            None => sink,
        })
    }
}
