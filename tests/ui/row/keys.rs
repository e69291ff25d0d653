//! Keys that do not exist, stand in the wrong place, twice, or against each other.

use streamwriter_derive::Row;

#[derive(Row)]
#[row(rename_all = "snake", skip)]
struct Trip {
    #[row(name = "id")]
    id: u64,
    #[row(skip = true)]
    seen: u64,
    #[row(skip, rename = "f")]
    fare: u64,
    #[row(unit = "min")]
    start: std::time::SystemTime,
    #[row(unit = "ms", with = Codec)]
    end: std::time::SystemTime,
    #[row(decimal)]
    tip: i128,
    #[row(decimal(39, 0))]
    tax: i128,
    #[row(decimal(2, 3))]
    sum: i64,
    #[row(rename = "a", rename = "b")]
    twice: u64,
}

#[derive(Row)]
enum Payment {
    #[row(skip)]
    Cash,
    Card,
}

#[derive(Row)]
#[row(rename_all = "lowercase")]
struct Id(#[row(rename = "id")] u64);

fn main() {}
