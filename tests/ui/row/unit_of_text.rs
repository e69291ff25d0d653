//! Units and decimals belong to types that have them.

use streamwriter_derive::Row;

#[derive(Row)]
struct Trip {
    #[row(unit = "ms")]
    name: String,
    #[row(decimal(10, 2))]
    fare: f64,
}

fn main() {}
