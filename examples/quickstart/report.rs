//! What a person sees: a progress bar on a terminal, plain lines otherwise, and a summary.

use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use streamwriter::{BatchOrigin, QueryEvent, QuerySummary, StreamingQueryProgress};

use crate::args::{Args, SinkKind};

pub(crate) struct Report {
    bar: ProgressBar,
    files: &'static str,
    input: String,
    sink: SinkKind,
    output: PathBuf,
    set_aside: Option<PathBuf>,
    checkpoint: PathBuf,
}

impl Report {
    pub(crate) fn new(args: &Args) -> Self {
        let bar = ProgressBar::new(input_bytes(&args.input));
        let template = "{bar:40} {bytes}/{total_bytes}  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self {
            bar,
            files: args.format.files(),
            input: args.input.display().to_string(),
            sink: args.sink,
            output: args.output(),
            set_aside: args.set_aside.clone(),
            checkpoint: args.checkpoint(),
        }
    }

    /// Shows each batch as it is committed.
    pub(crate) fn listener(&self) -> impl FnMut(&QueryEvent) + Send + 'static {
        let bar = self.bar.clone();
        let on_terminal = !bar.is_hidden();
        let mut rows = 0;
        move |event| {
            let QueryEvent::Progress(progress) = event else {
                return;
            };
            rows += progress.num_input_rows;
            if on_terminal {
                bar.inc(progress.source.num_input_bytes);
                let (batch, rows) = (progress.batch_id, HumanCount(rows));
                bar.set_message(format!("batch {batch}, {rows} rows"));
            } else {
                eprintln!("{}", line(progress));
            }
        }
    }

    pub(crate) fn finish(&self, summary: &QuerySummary) {
        self.bar.finish_and_clear();
        match (summary.batches, summary.last_batch, summary.stopped) {
            (_, _, true) => self.stopped(summary),
            (0, Some(last), _) => {
                eprintln!(
                    "Nothing new: every row up to batch {last} is {}",
                    self.target()
                );
                eprintln!("(delete {} to begin anew)", self.memory());
            }
            (0, None, _) => eprintln!("Nothing there yet: no {} in {}", self.files, self.input),
            _ => self.done(summary),
        }
    }

    fn done(&self, summary: &QuerySummary) {
        let seconds = summary.duration.as_secs_f64();
        let rate = (summary.input_rows as f64 / seconds.max(1e-9)) as u64;
        eprintln!(
            "{} in {}, {}, in {} ({} rows/s)",
            counted(summary.output_rows, "row", "rows"),
            counted(summary.batches, "batch", "batches"),
            summary.guarantee,
            short(summary.duration),
            HumanCount(rate),
        );
        eprintln!("  output      {}{}", self.place(), written(summary));
        if let Some(set_aside) = &self.set_aside {
            eprintln!(
                "  set aside   {} ({})",
                set_aside.display(),
                counted(summary.set_aside_rows, "row", "rows")
            );
        }
        eprintln!(
            "  checkpoint  {} (run {})",
            self.checkpoint.display(),
            summary.run
        );
        if self.sink == SinkKind::Parquet && summary.output_files > 0 {
            let path = self.output.display();
            eprintln!(
                "  look at it  python3 -c \"import pyarrow.parquet as p; print(p.read_table('{path}'))\""
            );
        }
    }

    fn stopped(&self, summary: &QuerySummary) {
        eprintln!(
            "Stopped after {}; rows of this run {}: {}",
            counted(summary.batches, "batch", "batches"),
            self.target(),
            HumanCount(summary.output_rows),
        );
        eprintln!("Start it again and it goes on from there.");
    }

    fn place(&self) -> String {
        match self.sink {
            SinkKind::Stdout => "the terminal".to_owned(),
            _ => self.output.display().to_string(),
        }
    }

    fn target(&self) -> String {
        let preposition = if self.sink == SinkKind::Stdout {
            "on"
        } else {
            "in"
        };
        format!("{preposition} {}", self.place())
    }

    /// What knows which rows are done.
    fn memory(&self) -> String {
        let checkpoint = self.checkpoint.display();
        match self.sink {
            SinkKind::Stdout => checkpoint.to_string(),
            _ => format!("{checkpoint} and {}", self.output.display()),
        }
    }
}

fn written(summary: &QuerySummary) -> String {
    if summary.output_files == 0 {
        return String::new();
    }
    let files = counted(summary.output_files, "file", "files");
    format!(" ({files}, {})", HumanBytes(summary.output_bytes))
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        HumanCount(count),
        if count == 1 { one } else { many }
    )
}

fn line(progress: &StreamingQueryProgress) -> String {
    let how = match progress.origin {
        BatchOrigin::Rewritten => ", written again as an earlier run did not finish it",
        BatchOrigin::RolledForward => ", its commit finished for an earlier run",
        _ => "",
    };
    let took = short(Duration::from_millis(progress.batch_duration));
    format!(
        "batch {}: {} in {took}{how}",
        progress.batch_id,
        counted(progress.num_input_rows, "row", "rows")
    )
}

fn short(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        return format!("{} ms", duration.as_millis());
    }
    format!("{:.1} s", duration.as_secs_f64())
}

/// The size of the input, for the length of the bar. A directory that cannot be read is the
/// query's to report.
fn input_bytes(directory: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return 0;
    };
    entries
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .map(|metadata| metadata.len())
        .sum()
}
