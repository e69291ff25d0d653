use streamwriter_derive::CommitMessage;

use std::collections::BTreeMap;

#[derive(CommitMessage)]
struct Posted {
    pairs: BTreeMap<(u8, u8), u64>,
}

fn main() {}
