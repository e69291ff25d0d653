//! Directories inside of the directory: which are entered, and the columns that their names hold.

#[cfg(feature = "jsonl")]
mod joined;
mod layout;
mod segment;

#[cfg(test)]
#[cfg(all(feature = "csv", feature = "jsonl"))]
mod tests;

#[cfg(feature = "jsonl")]
pub(crate) use joined::{Refused, parse_joined};
pub(crate) use layout::Layout;
pub(crate) use segment::DirectoryValue;
