use streamwriter_derive::{CommitMessage, stream_writer};

#[derive(CommitMessage)]
struct Posted {
    rows: u64,
}

use streamwriter_core::WriteRows;

struct Webhook;

#[stream_writer]
impl Webhook {
    fn write(&mut self, rows: impl Iterator<Item = String>) -> Posted {
        Posted { rows: rows.count() as u64 }
    }
}

fn write_to<R>(_: Vec<R>, _: impl WriteRows<R>) {}

fn use_it() {
    write_to(vec![String::new()], Webhook);
}

fn main() {}
