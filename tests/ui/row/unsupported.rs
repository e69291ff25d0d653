//! One error for each field, with what would work.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use streamwriter_derive::Row;

struct DateTime<Zone>(Zone);

struct Utc;

#[derive(Row)]
struct Trip {
    size: usize,
    offset: Option<isize>,
    wide: Vec<i128>,
    wider: u128,
    letter: char,
    name: &'static str,
    bytes: &'static [u8],
    place: (f64, f64),
    nothing: (),
    matrix: [f64; 9],
    tags: HashSet<String>,
    shared: Arc<String>,
    file: PathBuf,
    at: Option<DateTime<Utc>>,
    maybe: Option<Option<u8>>,
    parts: Vec<Trip>,
    call: fn(),
}

fn main() {}
