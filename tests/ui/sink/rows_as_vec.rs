use streamwriter_derive::{CommitMessage, stream_writer};

#[derive(CommitMessage)]
struct Posted {
    rows: u64,
}

struct Webhook;

#[stream_writer]
impl Webhook {
    fn write(&self, rows: Vec<String>) -> Posted {
        Posted { rows: rows.len() as u64 }
    }
}

fn main() {}
