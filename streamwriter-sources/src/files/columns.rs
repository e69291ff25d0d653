//! Holds the columns of a file to those of the first one (F5, B2).
//!
//! Which file was the first, and what it had, stands in the offset of each batch from then on. So a restart
//! compares with the same columns, and what is planned does not depend on it.

use std::path::Path;

use streamwriter_core::{Error, ErrorKind, Result};

use super::position::{FileIdentity, FileRange};

/// Returns the columns that later files are held to, after a batch of these ranges.
///
/// `columns_of` says which columns a file names, if that is compared at all.
///
/// # Errors
/// [`Source`](ErrorKind::Source) names the first file that has others, before anything is planned of it.
pub(super) fn after(
    mut first: Option<Vec<String>>,
    ranges: &[FileRange],
    root: &Path,
    columns_of: impl Fn(&FileIdentity) -> Result<Option<Vec<String>>>,
) -> Result<Option<Vec<String>>> {
    for range in ranges.iter().filter(|range| range.start() == 0) {
        let Some(found) = columns_of(range.file())? else {
            continue;
        };
        match &first {
            None => first = Some(found),
            Some(first) => {
                if let Some(differences) = differences(&found, first) {
                    return Err(drifted(&differences, &found, first, root, range.file()));
                }
            }
        }
    }
    Ok(first)
}

/// Says which columns are too many and which too few, in any order; `None` if they are the same.
pub(crate) fn differences(found: &[String], expected: &[String]) -> Option<String> {
    let (further, missing) = (without(found, expected), without(expected, found));
    let differences: Vec<String> = [("further", further), ("missing", missing)]
        .into_iter()
        .filter(|(_, columns)| !columns.is_empty())
        .map(|(what, columns)| format!("{what}: {}", list(&columns)))
        .collect();
    (!differences.is_empty()).then(|| differences.join("; "))
}

/// Returns the names of one list that have no counterpart in the other, each as often as it is too many.
fn without(names: &[String], others: &[String]) -> Vec<String> {
    let mut others: Vec<&String> = others.iter().collect();
    let is_further = |name: &&String| match others.iter().position(|other| other == name) {
        Some(at) => {
            others.swap_remove(at);
            false
        }
        None => true,
    };
    names.iter().filter(is_further).cloned().collect()
}

/// Lists columns for a person, without what would steer a terminal.
pub(crate) fn list(columns: &[String]) -> String {
    let columns: Vec<String> = columns
        .iter()
        .map(|name| name.escape_debug().to_string())
        .collect();
    columns.join(", ")
}

fn drifted(
    differences: &str,
    found: &[String],
    first: &[String],
    root: &Path,
    file: &FileIdentity,
) -> Error {
    let message = format!(
        "an input file has other columns than the first file of the stream ({differences}); it has {}; \
         the first one had {}",
        list(found),
        list(first)
    );
    Error::new(ErrorKind::Source, message)
        .at_path(root.join(file.path()).display().to_string())
        .with_help(
            "take the columns of each file as they come with `.schema_drift(SchemaDrift::Adapt)`, or \
             declare those that every file has from now on with `.columns([…])`, or correct the file; \
             then start again",
        )
        .permanent()
}
