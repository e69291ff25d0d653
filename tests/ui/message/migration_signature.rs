use streamwriter_derive::CommitMessage;

#[derive(CommitMessage)]
#[message(version = 2, migrate_from = migrate)]
struct Posted;

fn migrate(version: u32) -> Posted {
    let _ = version;
    Posted
}

fn main() {}
