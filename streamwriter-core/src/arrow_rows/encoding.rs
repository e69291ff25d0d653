//! How a value stands in its column, where there is a choice: the parameter of
//! [`Column`](crate::Column).
//!
//! `#[derive(Row)]` chooses by the attribute of the field.

/// The usual way: no attribute. Times are in microseconds.
#[derive(Debug)]
pub enum Plain {}

/// `#[row(unit = "s")]`
#[derive(Debug)]
pub enum Seconds {}

/// `#[row(unit = "ms")]`
#[derive(Debug)]
pub enum Millis {}

/// `#[row(unit = "us")]`, the default of times.
#[derive(Debug)]
pub enum Micros {}

/// `#[row(unit = "ns")]`
#[derive(Debug)]
pub enum Nanos {}

/// `#[row(decimal(PRECISION, SCALE))]`: an integer that counts units of 10 to the power of
/// -`SCALE`, with at most `PRECISION` decimal digits.
#[derive(Debug)]
pub enum Decimal<const PRECISION: u8, const SCALE: i8> {}
