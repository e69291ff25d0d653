use streamwriter_derive::{CommitMessage, stream_writer};

#[derive(CommitMessage)]
struct Posted {
    rows: u64,
}

struct Webhook;

#[stream_writer]
impl Webhook {
    fn write<'a>(&self, rows: impl Iterator<Item = &'a str>) -> Posted {
        Posted { rows: rows.count() as u64 }
    }
}

fn main() {}
