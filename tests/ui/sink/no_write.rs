use streamwriter_derive::{CommitMessage, stream_writer};

#[derive(CommitMessage)]
struct Posted {
    rows: u64,
}

struct Webhook;

#[stream_writer(name = "webhook")]
impl Webhook {
    fn commit(&self, messages: Vec<Posted>) {
        drop(messages);
    }
}

fn main() {}
