//! A sink of one's own over `Staging` that uses all of it: several files per task, in directories.

use std::io::Write;

use streamwriter::{
    BatchContext, BoxError, Error, Guarantee, Rows, StagedFiles, Staging, StorePath, StreamWriter,
    Target, TaskContext, WriteRows,
};

/// Writes each row into a file of its own, in a directory for its remainder by two.
pub(super) struct ManyFiles(pub(super) Staging);

impl StreamWriter for ManyFiles {
    type Message = StagedFiles;
    type Error = BoxError;

    fn name(&self) -> &str {
        "many files"
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce
    }

    fn target(&self) -> Option<&dyn Target> {
        Some(&self.0)
    }

    fn commit(&self, messages: Vec<StagedFiles>, batch: &BatchContext) -> Result<(), BoxError> {
        Ok(self.0.publish(&StagedFiles::all(messages), batch)?)
    }

    fn abort(
        &self,
        messages: Vec<Option<StagedFiles>>,
        batch: &BatchContext,
    ) -> Result<(), BoxError> {
        let files = StagedFiles::all(messages.into_iter().flatten());
        Ok(self.0.discard(&files, batch)?)
    }
}

impl WriteRows<u64> for ManyFiles {
    fn write(
        &self,
        mut rows: impl Rows<Item = u64> + Send,
        task: &TaskContext,
    ) -> Result<StagedFiles, BoxError> {
        let mut staged = Vec::new();
        for (row, number) in rows.by_ref().zip(0..) {
            let directory = StorePath::parse(format!("remainder={}", row % 2))?;
            let mut file = self.0.file(task, Some(&directory), number, "txt")?;
            writeln!(file, "{row}")?;
            staged.push(file);
        }
        rows.require_complete()?;
        let files: Result<_, Error> = staged.into_iter().map(|file| file.finish()).collect();
        Ok(StagedFiles::new(rows.read(), files?))
    }
}
