use streamwriter_derive::CommitMessage;

#[derive(CommitMessage)]
enum Outcome {
    Nothing,
    Wrote {
        #[message(rows)]
        rows: u64,
        #[message(sum)]
        cost: u64,
    },
}

fn main() {}
