use streamwriter_derive::CommitMessage;

use streamwriter_core::{CommitMessage as Message, totals};

#[derive(CommitMessage)]
#[message(label = "only this is an error")]
struct Posted {
    #[message(rows)]
    rows: u64,
}

fn needs_a_message<M: Message>(messages: &[M]) {
    totals(messages);
}

fn use_it(messages: &[Posted], totals: PostedTotals) -> u64 {
    needs_a_message(messages);
    totals.rows
}

fn main() {}
