use streamwriter_derive::CommitMessage;

#[derive(CommitMessage)]
struct Posted<'a> {
    name: &'a str,
}

fn main() {}
