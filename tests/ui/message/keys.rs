use streamwriter_derive::CommitMessage;

#[derive(CommitMessage)]
#[message(name = "", name = "posted", label = "x", sum)]
struct Posted {
    #[message(rows, rows, size(3))]
    rows: u64,
    #[message(bytes = 3, files)]
    bytes: u64,
    #[message(sum, min)]
    both: u64,
}

#[derive(CommitMessage)]
enum Outcome {
    #[message(name = "none")]
    Nothing,
}

fn main() {}
