//! The lines of the table, in their order.

mod arrow_batches;
pub(crate) mod counted;
mod engine;
mod growth;
mod journal;
mod one_row;
mod text_in;
mod text_out;
mod typed_parquet;
pub(crate) mod wide;

use crate::case::Case;

pub(crate) fn all() -> impl Iterator<Item = Case> {
    let groups = [
        typed_parquet::cases(),
        text_in::cases(),
        text_out::cases(),
        arrow_batches::cases(),
        engine::cases(),
        one_row::cases(),
        journal::cases(),
        growth::cases(),
        wide::cases(),
    ];
    groups.into_iter().flatten()
}
