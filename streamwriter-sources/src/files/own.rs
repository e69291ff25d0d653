//! Files that the query itself has published where it reads: it would read its rows for ever.

use std::path::Path;

use streamwriter_core::{Error, ErrorKind, QueryId, Result};

/// What a target of files keeps for itself.
const TARGET: &str = "_streamwriter";

/// Refuses a file that this query has published, in a target that lies here.
///
/// The name alone does not say so: a corrected copy of rows that were set aside may keep it, but lies in no
/// target.
pub(super) fn expect_foreign(root: &Path, name: &str, query: QueryId) -> Result<()> {
    let (directory, file) = name.rsplit_once('/').unwrap_or(("", name));
    if !(file.starts_with("part-b") && file.contains(&format!("-{query}."))) {
        return Ok(());
    }
    let directory = root.join(directory);
    let inside = directory
        .ancestors()
        .take_while(|one| one.starts_with(root));
    let mut inside = inside.filter(|one| one.join(TARGET).join("owner").is_file());
    let Some(target) = inside.next() else {
        return Ok(());
    };
    let message = "this query reads the directory that it writes to: the file is one that it has \
                   published itself";
    Err(Error::new(ErrorKind::Config, message)
        .at_path(root.join(name).display().to_string())
        .with_help(format!(
            "move what it has published out of {}, and start anew with a target that lies elsewhere",
            target.display()
        ))
        .permanent())
}
