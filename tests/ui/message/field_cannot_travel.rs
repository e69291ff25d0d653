use streamwriter_derive::CommitMessage;

#[derive(CommitMessage)]
struct Posted {
    rows: u64,
    handle: std::sync::Mutex<u64>,
}

fn main() {}
