//! The twin for power cuts: a sink whose message names a file that it has not synced.

use std::io::Write;

use streamwriter::testing::conformance::Conformance;
use streamwriter::{
    BatchContext, BoxError, Error, Guarantee, Rows, StagedFiles, Staging, StreamWriter, Target,
    TaskContext, WriteRows,
};

use super::read;

pub(super) struct Unsynced(Staging);

pub(super) fn unsynced() -> Conformance<Unsynced, u64> {
    Conformance::new(
        |place| Ok::<_, Error>(Unsynced(Staging::over(place.storage()?))),
        |place| read::text(&place.directory()),
    )
}

impl StreamWriter for Unsynced {
    type Message = StagedFiles;
    type Error = BoxError;

    fn name(&self) -> &str {
        "unsynced"
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
}

impl WriteRows<u64> for Unsynced {
    fn write(
        &self,
        mut rows: impl Rows<Item = u64> + Send,
        task: &TaskContext,
    ) -> Result<StagedFiles, BoxError> {
        let text: String = rows.by_ref().map(|row| format!("{row}\n")).collect();
        rows.require_complete()?;
        // The identity of a file that was synced …
        let mut file = self.0.file(task, None, 0, "txt")?;
        file.write_all(text.as_bytes())?;
        let object = file.finish()?;
        // … and in its place one of the same bytes that is not.
        let storage = self.0.storage();
        storage.discard(&object.staged)?;
        let mut upload = storage.stage(&object.staged, &object.path)?;
        upload.write_all(text.as_bytes())?;
        std::mem::forget(upload);
        Ok(StagedFiles::new(rows.read(), vec![object]))
    }
}
