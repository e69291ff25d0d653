use streamwriter_derive::{CommitMessage, stream_writer};

#[derive(CommitMessage)]
struct Posted {
    rows: u64,
}

struct Webhook;

#[stream_writer]
impl Webhook {
    fn write(&self, rows: impl DoubleEndedIterator<Item = String> + Clone) -> Posted {
        Posted { rows: rows.rev().count() as u64 }
    }
}

fn main() {}
