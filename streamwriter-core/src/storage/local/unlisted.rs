//! What a listing does not show: temporary files, empty directories, names that are not text (E7).

use std::path::{Path, PathBuf};

use super::{StorageError, StorePath, TEMPORARY_PREFIX, Unlisted, is_temporary, read_directory};
use crate::error::Result;

/// How the files of a probe are told apart. A storage that creates files only if they are absent
/// needs the first two.
pub(super) const PROBE_SUFFIXES: [&str; 4] = ["-1", "-2", "-3", "-4"];

/// The length of a UUID as text.
const UUID_LENGTH: usize = 36;

/// Looks through a directory, at any depth.
pub(super) fn below(directory: &Path, prefix: &StorePath) -> Result<Vec<Unlisted>> {
    let mut found = Vec::new();
    look_into(directory, prefix, &mut found)?;
    Ok(found)
}

/// Returns whether the directory holds nothing at all.
fn look_into(directory: &Path, prefix: &StorePath, found: &mut Vec<Unlisted>) -> Result<bool> {
    let mut empty = true;
    for entry in read_directory(directory)? {
        empty = false;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            found.push(Unlisted::NotText(entry.path().display().to_string()));
            continue;
        };
        let path = prefix.join(name)?;
        if is_probe(name) {
            found.push(Unlisted::Probe(path));
        } else if is_temporary(name) {
            found.push(Unlisted::Temporary(path));
        } else if entry.file_type().is_ok_and(|kind| kind.is_dir())
            && look_into(&entry.path(), &path, found)?
        {
            found.push(Unlisted::EmptyDirectory(path));
        }
    }
    Ok(empty)
}

/// Finds what probes have left that a crash cut short; nobody else gives such names.
pub(super) fn probes(root: &Path) -> Result<Vec<PathBuf>, StorageError> {
    let entries = read_directory(root)?;
    let left = entries
        .into_iter()
        .filter(|entry| entry.file_name().to_str().is_some_and(is_probe));
    Ok(left.map(|entry| entry.path()).collect())
}

fn is_probe(name: &str) -> bool {
    let Some(rest) = name
        .strip_prefix(TEMPORARY_PREFIX)
        .and_then(|name| name.strip_prefix("probe-"))
    else {
        return false;
    };
    let (id, suffix) = rest.split_at_checked(UUID_LENGTH).unwrap_or((rest, ""));
    uuid::Uuid::parse_str(id).is_ok() && (suffix.is_empty() || PROBE_SUFFIXES.contains(&suffix))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::storage::{LocalStorage, Storage};

    #[test]
    fn e7_a_probe_that_a_crash_cut_short_is_removed_and_a_foreign_temporary_file_stays() {
        let directory = tempfile::tempdir().unwrap();
        let id = uuid::Uuid::new_v4();
        let foreign = [
            ".tmp-foreign".to_owned(),
            format!(".tmp-{id}"),
            ".tmp-probe-1".to_owned(),
            format!(".tmp-probe-{id}-5"),
        ];
        let ours = ["", "-1", "-2", "-4"].map(|suffix| format!(".tmp-probe-{id}{suffix}"));
        for name in foreign.iter().chain(&ours) {
            fs::write(directory.path().join(name), "x").unwrap();
        }
        LocalStorage::new(directory.path())
            .unwrap()
            .probe()
            .unwrap();
        let mut left: Vec<String> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let mut foreign = foreign.to_vec();
        foreign.sort();
        assert_eq!(left, foreign);
    }

    #[cfg(unix)]
    #[test]
    fn e7_a_name_that_is_not_text_is_never_taken_for_another_one() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let directory = tempfile::tempdir().unwrap();
        let storage = LocalStorage::new(directory.path()).unwrap();
        // Made into text, both names would read "a\u{fffd}", a name that exists.
        let mangled = directory.path().join(OsStr::from_bytes(b"a\xff"));
        fs::create_dir(&mangled).unwrap();
        fs::write(mangled.join("file"), "foreign").unwrap();
        fs::write(
            directory.path().join(OsStr::from_bytes(b"b\xff")),
            "foreign",
        )
        .unwrap();
        fs::create_dir(directory.path().join("a\u{fffd}")).unwrap();
        fs::write(directory.path().join("a\u{fffd}/other"), "ours").unwrap();
        let listed = storage.list(&StorePath::root()).unwrap();
        let paths: Vec<&str> = listed.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, ["a\u{fffd}/other"]);
        let unlisted = storage.unlisted(&StorePath::root()).unwrap();
        let not_text = |found: &Unlisted| matches!(found, Unlisted::NotText(_));
        assert!(
            unlisted.len() == 2 && unlisted.iter().all(not_text),
            "{unlisted:?}"
        );
    }

    #[test]
    fn e7_temporary_files_and_empty_directories_are_found_at_any_depth() {
        let directory = tempfile::tempdir().unwrap();
        let storage = LocalStorage::new(directory.path()).unwrap();
        fs::create_dir_all(directory.path().join("a/b/c")).unwrap();
        fs::create_dir_all(directory.path().join("a/d")).unwrap();
        fs::write(directory.path().join("a/d/.tmp-1"), "torn").unwrap();
        let mut found = storage.unlisted(&StorePath::root()).unwrap();
        found.sort();
        let path = |text: &str| StorePath::parse(text).unwrap();
        let expected = [
            Unlisted::Temporary(path("a/d/.tmp-1")),
            Unlisted::EmptyDirectory(path("a/b/c")),
        ];
        assert_eq!(found, expected);
        assert!(storage.unlisted(&path("none")).unwrap().is_empty());
    }
}
