use streamwriter_derive::CommitMessage;

#[derive(CommitMessage)]
union Posted {
    rows: u64,
    bytes: u64,
}

fn main() {}
