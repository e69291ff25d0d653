//! Partition directories (F4): the columns that make them, and the text of their values.

mod columns;
mod directory;
mod escape;

pub(crate) use columns::PartitionBy;
pub(crate) use directory::write_directory;
