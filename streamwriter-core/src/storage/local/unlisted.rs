//! What a listing does not show: temporary files, empty directories, names that are not text (E7).

use std::ffi::OsStr;
use std::path::Path;

use super::temporary::is_of_a_probe;
use super::{LocalStorage, StorePath, Unlisted, is_temporary};
use crate::error::Result;

impl LocalStorage {
    /// Looks through a directory, at any depth; returns whether it holds nothing at all.
    pub(super) fn unlisted_into(
        &self,
        directory: &Path,
        prefix: &StorePath,
        found: &mut Vec<Unlisted>,
    ) -> Result<bool> {
        let mut empty = true;
        for file in self.read_directory(directory)? {
            empty = false;
            let Some(name) = file.file_name().and_then(OsStr::to_str) else {
                found.push(Unlisted::NotText(file.display().to_string()));
                continue;
            };
            let path = prefix.join(name)?;
            if is_of_a_probe(name) {
                found.push(Unlisted::Probe(path));
            } else if is_temporary(name) {
                found.push(Unlisted::Temporary(path));
            } else if self.is_directory(&file)? && self.unlisted_into(&file, &path, found)? {
                found.push(Unlisted::EmptyDirectory(path));
            }
        }
        Ok(empty)
    }
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
        let other = uuid::Uuid::new_v4();
        let ours = [id, other].map(|id| format!(".tmp-probe-{id}"));
        for name in foreign.iter().chain(&ours) {
            fs::write(directory.path().join(name), "x").unwrap();
        }
        LocalStorage::new(directory.path())
            .unwrap()
            .probe(&StorePath::root())
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
