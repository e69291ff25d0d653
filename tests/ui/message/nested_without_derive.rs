use streamwriter_derive::CommitMessage;

struct File;

#[derive(CommitMessage)]
enum Posted {
    Nothing,
    Files(Vec<File>),
}

fn main() {}
