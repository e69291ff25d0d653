use streamwriter_derive::CommitMessage;

#[derive(CommitMessage)]
struct Posted {
    #[message(sum)]
    name: String,
    #[message(rows)]
    rows: bool,
}

fn main() {}
