use streamwriter_derive::{CommitMessage, stream_writer};

#[derive(CommitMessage)]
struct Posted {
    rows: u64,
}

struct Webhook;

#[stream_writer]
impl Webhook {
    async fn write(&self, rows: impl Iterator<Item = String>) -> Posted {
        Posted { rows: rows.count() as u64 }
    }

    async fn commit(&self, messages: Vec<Posted>) {
        drop(messages);
    }
}

fn main() {}
