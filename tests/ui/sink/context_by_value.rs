use streamwriter_derive::{CommitMessage, stream_writer};

#[derive(CommitMessage)]
struct Posted {
    rows: u64,
}

use streamwriter_core::{BatchContext, TaskContext};

struct Webhook;

#[stream_writer]
impl Webhook {
    fn write(&self, rows: impl Iterator<Item = String>, task: TaskContext) -> Posted {
        drop(task);
        Posted { rows: rows.count() as u64 }
    }

    fn commit(&self, batch: &mut BatchContext) {
        let _ = batch;
    }
}

fn main() {}
