//! The files of a task: when one is full, how many are open at once, and which numbers they get.

mod layout;
mod open_files;
#[cfg(test)]
mod tests;

pub(crate) use layout::Layout;
pub(crate) use open_files::{OpenFiles, TaskFile};
