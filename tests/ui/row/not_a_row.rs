//! A column is no row.

use streamwriter_core::Row;
use streamwriter_derive::Row;

#[derive(Row)]
enum Payment {
    Cash,
}

struct Plain;

fn write<R: Row>() {}

fn main() {
    write::<Payment>();
    write::<Plain>();
}
