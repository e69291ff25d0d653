//! The files of a task: when one is full, how many are open at once, and which numbers they get.

mod layout;
mod memory;
mod open_files;
#[cfg(test)]
mod tests;

pub(crate) use layout::Layout;
pub(crate) use memory::Memory;
#[cfg(feature = "parquet")]
pub(crate) use open_files::SMALL_BUFFER_BYTES;
pub(crate) use open_files::{OpenFiles, TaskFile};
