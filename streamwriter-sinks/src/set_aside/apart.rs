//! Makes sure that set-aside rows do not lie among the data, nor the data among them (F1).

use std::path::{Component, Path, PathBuf};

use streamwriter_core::{Error, ErrorKind, Result};

/// Refuses two locations of which one is the other or lies inside of it.
pub(super) fn expect_apart(data: &str, aside: &str) -> Result<()> {
    let (data_path, aside_path) = (resolved(data), resolved(aside));
    if !data_path.starts_with(&aside_path) && !aside_path.starts_with(&data_path) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        format!("the rows that are set aside and the data ({data}) lie in one another"),
    )
    .at_path(aside)
    .with_help("choose a directory for them beside the data, such as its name with `-set-aside`"))
}

/// Resolves the links of a local path, as far as it exists; takes any other location as it is.
fn resolved(location: &str) -> PathBuf {
    let path = Path::new(location);
    if !path.is_absolute() {
        return path.to_owned();
    }
    let found = path
        .ancestors()
        .find_map(|there| Some((there, there.canonicalize().ok()?)));
    match found {
        Some((there, real)) => below(real, path.strip_prefix(there).unwrap_or(path)),
        None => path.to_owned(),
    }
}

/// Goes down a path that does not exist, so that no part of it is a link.
fn below(mut from: PathBuf, path: &Path) -> PathBuf {
    for component in path.components() {
        match component {
            Component::ParentDir => {
                from.pop();
            }
            component => from.push(component),
        }
    }
    from
}
