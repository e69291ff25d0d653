use streamwriter_derive::{CommitMessage, stream_writer};

#[derive(CommitMessage)]
struct Posted {
    rows: u64,
}

struct Webhook;

struct Trouble;

#[stream_writer]
impl Webhook {
    fn write(&self, rows: impl Iterator<Item = String>) -> Result<Posted, Trouble> {
        rows.for_each(drop);
        Err(Trouble)
    }
}

fn main() {}
