use streamwriter_derive::{CommitMessage, stream_writer};

#[derive(CommitMessage)]
struct Posted {
    rows: u64,
}

struct Webhook;

#[stream_writer]
impl Webhook {
    fn write(&self, rows: impl Iterator<Item = String>, limit: u32) -> Posted {
        Posted { rows: rows.take(limit as usize).count() as u64 }
    }
}

fn main() {}
