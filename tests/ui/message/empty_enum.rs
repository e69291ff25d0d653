use streamwriter_derive::CommitMessage;

#[derive(CommitMessage)]
enum Never {}

fn main() {}
