//! Which directories are entered, and where a file has to lie.

use std::collections::HashSet;
use std::path::Path;

use streamwriter_core::{Error, ErrorKind, Result};

use super::segment::DirectoryValue;
use crate::plain::config;

/// What the directories inside of the directory are to a source.
///
/// The columns are declared, not discovered: what is there at a start says nothing about what comes
/// later, and a restart that discovers another set would read the rest of a stream as other rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    /// Whether directories are entered whatever they are called.
    pub(crate) recursive: bool,
    /// The columns that the directories hold, outermost first.
    pub(crate) columns: Vec<String>,
}

impl Layout {
    /// Tells whether directories are entered at all.
    pub(crate) fn is_nested(&self) -> bool {
        self.recursive || !self.columns.is_empty()
    }

    /// Refuses columns that no directory could hold.
    pub(crate) fn validate(&self) -> Result<()> {
        let mut seen = HashSet::new();
        for column in &self.columns {
            let refused = |why: &str, help: &str| {
                let message = format!("directories cannot hold the column {column:?}: {why}");
                Err(config(message, help))
            };
            if column.is_empty() || column.contains('\0') {
                return refused("its name cannot be a part of a path", "correct the name");
            }
            if column.starts_with(['_', '.']) {
                return refused(
                    "directories whose names begin like that are not entered",
                    "correct the name, or rename the directories",
                );
            }
            if !seen.insert(column) {
                return refused("it is given twice", "give each column once");
            }
        }
        Ok(())
    }

    /// Returns what the directories of a file say, in the order of the columns.
    ///
    /// # Errors
    /// [`Source`](ErrorKind::Source) if the file lies anywhere else than the source expects.
    pub(crate) fn values(&self, root: &Path, file: &str) -> Result<Vec<DirectoryValue>> {
        let at = |error: Error| Err(error.at_path(root.join(file).display().to_string()));
        let directories = file.rsplit_once('/').map(|(directories, _)| directories);
        if self.columns.is_empty() {
            return match directories {
                Some(_) if !self.recursive => at(not_entered()),
                _ => Ok(Vec::new()),
            };
        }
        let mut segments = directories.into_iter().flat_map(|all| all.split('/'));
        let mut values = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let value = segments.next().map(DirectoryValue::parse).transpose();
            match value {
                Ok(Some(Some(value))) if value.column == *column => values.push(value),
                Ok(_) => return at(self.misplaced(directories)),
                Err(why) => return at(self.unreadable(column, why)),
            }
        }
        match segments.next() {
            Some(_) => at(self.misplaced(directories)),
            None => Ok(values),
        }
    }

    fn misplaced(&self, found: Option<&str>) -> Error {
        let expected: Vec<String> = self.columns.iter().map(|one| format!("{one}=…")).collect();
        let expected = expected.join("/");
        let found = match found {
            Some(directories) => format!("in {directories:?}"),
            None => "in none".to_owned(),
        };
        misplaced(format!(
            "an input file does not lie in the directories that hold its columns, `{expected}`, but \
             {found}"
        ))
    }

    fn unreadable(&self, column: &str, why: &str) -> Error {
        misplaced(format!(
            "the directory of an input file cannot be read as a value of column {column:?}: {why}"
        ))
    }
}

fn misplaced(message: String) -> Error {
    Error::new(ErrorKind::Source, message)
        .with_help(
            "move it to where it belongs, or put `_` before its name or that of a directory to have \
             it ignored; if the columns are others, correct `.partitioned_by([…])`; if the \
             directories hold none, write `.recursive(true)` instead; then start again",
        )
        .permanent()
}

/// A program that once entered directories has planned this file, and does so no longer.
fn not_entered() -> Error {
    let message = "the journal names an input file in a directory inside, and none is entered";
    Error::new(ErrorKind::Source, message)
        .with_help(
            "write `.partitioned_by([…])` or `.recursive(true)` as when the checkpoint was made, \
             and start again",
        )
        .permanent()
}
