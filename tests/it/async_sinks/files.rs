//! A sink of async file operations, without any helper of ours but the target.

use std::path::PathBuf;

use streamwriter::{
    BatchContext, BoxError, CommitMessage, Rows, Staging, TaskContext, stream_writer,
};
use tokio::fs;
use tokio::io::AsyncWriteExt;

/// Writes `*.txt`, a number on each line. Its own files wait in `_waiting`; the target under
/// `staging` is a memory only.
pub(crate) struct AsyncFiles {
    directory: PathBuf,
    memory: Staging,
}

/// A file that waits, and the name that it gets.
#[derive(Clone, Debug, CommitMessage)]
pub(crate) struct Waiting {
    #[message(rows)]
    rows: u64,
    waits: String,
    name: String,
}

impl AsyncFiles {
    pub(crate) fn new(directory: PathBuf, memory: Staging) -> Self {
        Self { directory, memory }
    }

    fn waiting(&self) -> PathBuf {
        self.directory.join("_waiting")
    }

    async fn sync(&self, directory: PathBuf) -> Result<(), std::io::Error> {
        fs::File::open(directory).await?.sync_all().await
    }

    /// Removes what crashed tries of batches up to this one have left.
    async fn sweep(&self, batch: &BatchContext) -> Result<(), BoxError> {
        let mut entries = fs::read_dir(self.waiting()).await?;
        while let Some(entry) = entries.next_entry().await? {
            let name = entry.file_name().to_string_lossy().into_owned();
            let of = name.split('.').next().and_then(|of| of.parse::<u64>().ok());
            if of.is_some_and(|of| of <= batch.batch_id().get()) {
                // Another driver may have been faster.
                let _ = fs::remove_file(entry.path()).await;
            }
        }
        Ok(())
    }
}

#[stream_writer(guarantee = exactly_once, target = self.memory)]
impl AsyncFiles {
    async fn write(
        &self,
        mut rows: impl Rows<Item = u64>,
        task: &TaskContext,
    ) -> Result<Waiting, BoxError> {
        let (batch, partition) = (task.batch_id(), task.partition());
        let waits = format!("{batch}.{}.{partition}.{}", task.run(), task.attempt());
        let name = format!("b{batch}-p{partition}.txt");
        fs::create_dir_all(self.waiting()).await?;
        let mut file = fs::File::create(self.waiting().join(&waits)).await?;
        for row in rows.by_ref() {
            file.write_all(format!("{row}\n").as_bytes()).await?;
        }
        rows.require_complete()?;
        file.sync_all().await?;
        self.sync(self.waiting()).await?;
        let rows = rows.read();
        Ok(Waiting { rows, waits, name })
    }

    async fn commit(&self, messages: Vec<Waiting>, batch: &BatchContext) -> Result<(), BoxError> {
        for message in &messages {
            batch.check_current()?;
            let name = self.directory.join(&message.name);
            match fs::rename(self.waiting().join(&message.waits), &name).await {
                Err(_) if fs::try_exists(&name).await? => {}
                renamed => renamed?,
            }
        }
        self.sync(self.directory.clone()).await?;
        self.sweep(batch).await
    }

    // Mixed with plain methods on purpose.
    fn abort(&self, messages: Vec<Option<Waiting>>) {
        for message in messages.into_iter().flatten() {
            let _ = std::fs::remove_file(self.waiting().join(message.waits));
        }
    }
}
