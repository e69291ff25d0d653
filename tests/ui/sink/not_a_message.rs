use streamwriter_derive::{CommitMessage, stream_writer};

#[derive(CommitMessage)]
struct Posted {
    rows: u64,
}

struct Plain;

#[stream_writer]
impl Plain {
    fn write(&self, rows: impl Iterator<Item = String>) -> usize {
        rows.count()
    }
}

struct InResult;

struct NotDerived;

#[stream_writer]
impl InResult {
    fn write(&self, rows: impl Iterator<Item = String>) -> std::io::Result<NotDerived> {
        rows.for_each(drop);
        Ok(NotDerived)
    }
}

fn main() {}
