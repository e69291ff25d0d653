use streamwriter_derive::CommitMessage;

#[derive(CommitMessage)]
struct Posted(#[message(sum)] u64);

fn main() {}
