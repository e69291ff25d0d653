//! A type that the derive does not know by its name: one error, at the type.

use streamwriter_derive::Row;

struct Place;

#[derive(Row)]
struct Trip {
    id: u64,
    from: Place,
    stops: Vec<Place>,
}

fn main() {}
