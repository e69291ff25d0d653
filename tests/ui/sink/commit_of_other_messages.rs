use streamwriter_derive::{CommitMessage, stream_writer};

#[derive(CommitMessage)]
struct Posted {
    rows: u64,
}

struct Webhook;

#[stream_writer]
impl Webhook {
    fn write(&self, rows: impl Iterator<Item = String>) -> Posted {
        Posted { rows: rows.count() as u64 }
    }

    fn commit(&self, messages: Vec<String>) {
        drop(messages);
    }

    fn abort(&self, messages: &[String]) {
        let _ = messages;
    }
}

fn main() {}
