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

// Asked before anything runs.
struct Asked;

#[stream_writer]
impl Asked {
    async fn guarantee(&self) -> streamwriter_core::Guarantee {
        streamwriter_core::Guarantee::AtLeastOnce
    }

    fn write(&self, rows: impl Iterator<Item = String>) {
        rows.for_each(drop);
    }
}

fn main() {}
