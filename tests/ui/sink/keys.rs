use streamwriter_derive::{CommitMessage, stream_writer};

#[derive(CommitMessage)]
struct Posted {
    rows: u64,
}

use streamwriter_core::Guarantee;

struct Webhook;

#[stream_writer(name = "a", name = "b", guarantee = perfect, colour = "red")]
impl Webhook {
    fn write(&self, rows: impl Iterator<Item = String>) -> Posted {
        Posted { rows: rows.count() as u64 }
    }
}

struct Twice;

#[stream_writer(guarantee = exactly_once)]
impl Twice {
    fn write(&self, rows: impl Iterator<Item = String>) -> Posted {
        Posted { rows: rows.count() as u64 }
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::AtLeastOnce
    }
}

fn main() {}
