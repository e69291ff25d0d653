//! Partition directories (F4): the columns that make them, and the text of their values.

#[cfg(feature = "arrow")]
mod arrow_types;
mod columns;
mod directory;
mod escape;

#[cfg(feature = "arrow")]
pub(crate) use arrow_types::expect_one_text;
pub(crate) use columns::PartitionBy;
pub(crate) use directory::write_directory;
