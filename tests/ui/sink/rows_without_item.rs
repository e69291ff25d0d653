use streamwriter_derive::{CommitMessage, stream_writer};

#[derive(CommitMessage)]
struct Posted {
    rows: u64,
}

struct First;

#[stream_writer]
impl First {
    fn write(&self, rows: impl Iterator) -> Posted {
        Posted { rows: rows.count() as u64 }
    }
}

struct Second;

#[stream_writer]
impl Second {
    fn write<I: Send>(&self, rows: I) -> Posted {
        drop(rows);
        Posted { rows: 0 }
    }
}

fn main() {}
