//! Which columns make the directories.

use std::collections::HashSet;

use streamwriter_core::{Error, ErrorKind, Result};

use super::directory::SEGMENT_BYTES_MAX;
use super::escape::push_escaped;

/// The columns of `partition_by`, in the order of the directories.
#[derive(Clone, Debug, Default)]
pub(crate) struct PartitionBy {
    columns: Vec<PartitionColumn>,
}

#[derive(Clone, Debug)]
pub(crate) struct PartitionColumn {
    pub(crate) name: String,
    /// The name as it begins a segment, with the `=`.
    pub(super) prefix: String,
}

impl PartitionBy {
    pub(crate) fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let columns = names.into_iter().map(|name| {
            let name = name.into();
            let mut prefix = String::new();
            push_escaped(&mut prefix, &name);
            prefix.push('=');
            PartitionColumn { name, prefix }
        });
        Self {
            columns: columns.collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    pub(crate) fn columns(&self) -> &[PartitionColumn] {
        &self.columns
    }

    /// Returns the place of a column among the directories, if it is one.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Refuses names under which no reader would find the directory.
    pub(crate) fn check(&self) -> Result<()> {
        let mut seen = HashSet::new();
        for column in &self.columns {
            let name = &column.name;
            let refused = |why: &str, help: &str| {
                let message = format!("rows cannot be partitioned by column {name:?}: {why}");
                Err(Error::new(ErrorKind::Config, message).with_help(help.to_owned()))
            };
            if name.is_empty() || name.contains('\0') {
                return refused("its name cannot be a part of a path", "rename the column");
            }
            if name.starts_with(['_', '.']) {
                return refused(
                    "readers skip directories whose names begin like that",
                    "rename the column, or give the rows named fields",
                );
            }
            if column.prefix.len() >= SEGMENT_BYTES_MAX {
                return refused("its name is too long for a path", "rename the column");
            }
            if !seen.insert(name) {
                return refused("it is given twice", "give each column once");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f4_a_column_whose_directories_no_reader_would_find_is_refused() {
        PartitionBy::new(["city", "a=b/../c", "%"]).check().unwrap();
        let long = "x".repeat(SEGMENT_BYTES_MAX);
        for bad in [
            vec![""],
            vec!["a\0b"],
            vec!["_1"],
            vec!["_streamwriter"],
            vec![".."],
            vec![".hidden"],
            vec![long.as_str()],
            vec!["city", "year", "city"],
        ] {
            let named = bad.last().copied().unwrap_or_default();
            let error = PartitionBy::new(bad.clone()).check().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{bad:?}");
            assert!(error.to_string().contains(&format!("{named:?}")), "{error}");
        }
    }
}
