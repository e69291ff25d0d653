use streamwriter_derive::CommitMessage;

#[derive(CommitMessage)]
struct Posted {
    #[message(rows)]
    rows: u64,
    #[message(rows)]
    more: u64,
}

fn main() {}
