//! Two columns, or two variants, of one name.

use streamwriter_derive::Row;

#[derive(Row)]
#[row(rename_all = "camelCase")]
struct Trip {
    fare_total: f64,
    #[row(rename = "fareTotal")]
    other: f64,
}

#[derive(Row)]
#[row(rename_all = "lowercase")]
enum Payment {
    Cash,
    CASH,
}

fn main() {}
