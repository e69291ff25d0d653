use streamwriter_derive::CommitMessage;

#[derive(CommitMessage)]
#[message(version = 0)]
struct Zero;

#[derive(CommitMessage)]
#[message(migrate_from = migrate)]
struct One;

#[derive(CommitMessage)]
#[message(version = "2")]
struct Text;

fn main() {}
