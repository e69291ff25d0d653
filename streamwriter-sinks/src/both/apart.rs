//! Tells whether two targets lie in one another: neither could then tell its files from the other's.

use std::path::{Component, Path, PathBuf};

use streamwriter_core::Target;

/// Finds a place of one target that is one of the other, or lies in it or around it.
///
/// A target that is several is asked place by place.
pub(crate) fn overlap(one: &dyn Target, other: &dyn Target) -> Option<(String, String)> {
    let (ones, others) = (places(one), places(other));
    let pairs = ones
        .iter()
        .flat_map(|one| others.iter().map(move |other| (one, other)));
    let mut found = pairs.filter(|(one, other)| lie_in_one_another(one, other));
    found
        .next()
        .map(|(one, other)| (one.clone(), other.clone()))
}

fn places(target: &dyn Target) -> Vec<String> {
    let parts = target.parts();
    if parts.is_empty() {
        return vec![target.location()];
    }
    parts.into_iter().flatten().flat_map(places).collect()
}

/// Tells whether one of two locations is the other or lies inside of it.
pub(crate) fn lie_in_one_another(one: &str, other: &str) -> bool {
    let (one, other) = (resolved(one), resolved(other));
    one.starts_with(&other) || other.starts_with(&one)
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
