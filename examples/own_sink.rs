//! Shows a sink of your own in twenty lines: text files, exactly once.
//!
//! It is the example of PySpark's `DataSourceStreamWriter` page, done right. There, `write` appends
//! to the shared file at once, so a task that is tried again doubles its rows, and a batch that
//! fails leaves some of its own behind. Here `write` stages a file that nobody sees, the message
//! names it, and `commit` publishes it.

use std::io::Write;

use streamwriter::prelude::*;
use streamwriter::{Memory, StagedObject, Staging};

/// What a finished task tells the driver.
#[derive(CommitMessage)]
pub(crate) struct Lines {
    #[message(rows)]
    rows: u64,
    #[message(files)]
    files: Vec<StagedObject>,
}

/// Writes each partition of a batch as one text file.
pub(crate) struct TextFiles {
    pub(crate) staging: Staging,
}

#[stream_writer(name = "text", guarantee = exactly_once, target = self.staging)]
impl TextFiles {
    fn write(
        &self,
        mut rows: impl Rows<Item = String>,
        task: &TaskContext,
    ) -> Result<Lines, BoxError> {
        let mut file = self.staging.file(task, None, 0, "txt")?;
        for row in rows.by_ref() {
            writeln!(file, "{row}")?;
        }
        // A source that failed looks like the end of the rows.
        rows.require_complete()?;
        Ok(Lines {
            rows: rows.read(),
            files: vec![file.finish()?],
        })
    }

    fn commit(&self, messages: LinesTotals, batch: &BatchContext) -> Result<(), Error> {
        println!("batch {}: {} rows", batch.batch_id(), messages.rows);
        self.staging.publish(&messages.files, batch)
    }

    fn abort(&self, messages: Vec<Option<Lines>>, batch: &BatchContext) -> Result<(), Error> {
        messages
            .iter()
            .flatten()
            .try_for_each(|lines| self.staging.discard(&lines.files, batch))
    }
}

fn main() -> Result<(), Error> {
    let poem = [
        "Two roads diverged in a yellow wood,",
        "And sorry I could not travel both",
    ];
    let query = stream(Memory::new(poem.map(String::from)))
        .map(|line| line.to_uppercase())
        .write_to(TextFiles {
            staging: Staging::new("target/own_sink/poem")?,
        })
        .checkpoint("target/own_sink/checkpoint")
        .trigger(Trigger::AvailableNow)
        .start()?;
    println!("{}", query.await_termination()?);
    Ok(())
}
