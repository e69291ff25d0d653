//! Shapes without columns.

use streamwriter_derive::Row;

#[derive(Row)]
struct Unit;

#[derive(Row)]
struct Empty {}

#[derive(Row)]
struct Skipped {
    #[row(skip)]
    id: u64,
}

#[derive(Row)]
struct Pair(u64, u64);

#[derive(Row)]
enum Never {}

#[derive(Row)]
enum Payment {
    Cash,
    Card(String),
    Other { name: String },
}

#[derive(Row)]
union Either {
    a: u32,
    b: f32,
}

#[derive(Row)]
struct Borrowed<'a> {
    name: &'a str,
}

fn main() {}
