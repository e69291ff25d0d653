//! When a directory need not be listed again: nothing can have come since everything in it was seen.

use std::path::Path;
use std::time::{Duration, Instant};

/// How long a directory's time must have stood still before it says that nothing has come: far more than a
/// tick of the file systems that are asked.
const SETTLED_AFTER: Duration = Duration::from_secs(3);

/// Which directory it is, and when its entries have changed last.
///
/// It is the change time, which nobody can set: a program that copies directories puts the modification
/// time back to what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Changed {
    device: u64,
    inode: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Changed {
    /// Looks at a directory; `None` where its time cannot be relied on, or there is none.
    #[cfg(target_os = "linux")]
    pub(super) fn of(directory: &Path) -> Option<Self> {
        use std::os::linux::fs::MetadataExt as _;
        let file_system = rustix::fs::statfs(directory).ok()?.f_type;
        if !TOLD_BY
            .iter()
            .any(|(magic, _)| *magic == file_system as u32)
        {
            return None;
        }
        let metadata = std::fs::metadata(directory).ok()?;
        Some(Self {
            device: metadata.st_dev(),
            inode: metadata.st_ino(),
            seconds: metadata.st_ctime(),
            nanoseconds: metadata.st_ctime_nsec(),
        })
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn of(_directory: &Path) -> Option<Self> {
        None
    }
}

/// The file systems that tell each change of a directory at once, by their numbers in Linux's `magic.h`.
///
/// Not among them: those of a network, which may answer with what they have remembered, and those of a
/// program (FUSE), of which some show an object store and keep no time for a directory.
#[cfg(target_os = "linux")]
const TOLD_BY: &[(u32, &str)] = &[
    (0xEF53, "ext2, ext3, ext4"),
    (0x5846_5342, "XFS"),
    (0x9123_683E, "Btrfs"),
    (0xF2F5_2010, "F2FS"),
    (0x0102_1994, "tmpfs"),
];

/// What the listings so far say about the next one.
///
/// A file that comes while a directory is listed may leave its time as it was, if the clock of the file
/// system has not ticked. So a listing counts only if the time had stood still for longer than any
/// tick when it began. The interval is measured here; the two clocks are never compared.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    /// The newest time that was seen, and when it was seen first.
    seen: Option<(Changed, Instant)>,
    /// Whether a listing that left nothing out began when that time had settled.
    settled: bool,
    /// Whether the last listing left nothing out.
    complete: bool,
    #[cfg(test)]
    pub(super) listings: u64,
}

impl Quiet {
    /// Tells whether everything that there is has been seen; called before each listing.
    ///
    /// In a stream that is `frozen`, what comes later is not wanted.
    pub(super) fn holds(&mut self, changed: Option<Changed>, now: Instant, frozen: bool) -> bool {
        if self.seen.map(|(seen, _)| seen) != changed {
            self.seen = changed.map(|changed| (changed, now));
            self.settled = false;
        }
        (self.complete && frozen) || (self.settled && changed.is_some())
    }

    /// Remembers a listing that began at `began`, after [`holds`](Self::holds) was asked; it is `complete`
    /// if no name that is wanted was left out.
    pub(super) fn listed(&mut self, began: Instant, complete: bool) {
        let stood = |(_, first): (Changed, Instant)| {
            began.saturating_duration_since(first) >= SETTLED_AFTER
        };
        #[cfg(test)]
        {
            self.listings += 1;
        }
        self.complete = complete;
        self.settled = complete && self.seen.is_some_and(stood);
    }

    /// Forgets it all: files that were seen are to be found again.
    pub(super) fn forget(&mut self) {
        (self.seen, self.settled, self.complete) = (None, false, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EARLY: Option<Changed> = changed(1);
    const LATE: Option<Changed> = changed(2);

    const fn changed(seconds: i64) -> Option<Changed> {
        Some(Changed {
            device: 1,
            inode: 1,
            seconds,
            nanoseconds: 0,
        })
    }

    /// Asks, and lists if need be; returns whether it listed.
    fn look(quiet: &mut Quiet, changed: Option<Changed>, now: Instant, complete: bool) -> bool {
        if quiet.holds(changed, now, false) {
            return false;
        }
        quiet.listed(now, complete);
        true
    }

    #[test]
    fn a_directory_is_listed_until_its_time_has_stood_still() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut quiet = Quiet::default();
        let mut listed =
            |changed, second, complete| look(&mut quiet, changed, at(second), complete);
        assert!(listed(EARLY, 0, true));
        assert!(
            listed(EARLY, 2, true),
            "a file may have come in the same tick"
        );
        assert!(
            listed(EARLY, 4, false),
            "settled, but something was left out"
        );
        assert!(listed(EARLY, 5, true));
        assert!(!listed(EARLY, 6, true));
        assert!(listed(LATE, 7, true), "something has come");
        assert!(
            listed(EARLY, 60, true),
            "a clock that was set back is another time"
        );
        assert!(
            listed(None, 70, true) && listed(None, 80, true),
            "no time, no rest"
        );
    }

    #[test]
    fn what_is_frozen_is_listed_once() {
        let now = Instant::now();
        let mut quiet = Quiet::default();
        quiet.listed(now, false);
        assert!(
            !quiet.holds(EARLY, now, true),
            "there is more than was listed"
        );
        quiet.listed(now, true);
        assert!(quiet.holds(LATE, now, true));
        quiet.forget();
        assert!(!quiet.holds(LATE, now, true));
    }
}

#[cfg(all(test, target_os = "linux"))]
mod linux_tests {
    use std::fs;

    use super::*;

    #[test]
    fn each_change_of_the_entries_is_told_and_a_time_that_is_put_back_hides_none() {
        let directory = tempfile::tempdir().unwrap();
        let look = || Changed::of(directory.path());
        if look().is_none() {
            println!("the temporary directory lies on a file system that is not asked");
            return;
        }
        let modified = fs::metadata(directory.path()).unwrap().modified().unwrap();
        let mut seen = look();
        let file = directory.path().join("a");
        let changes: [&dyn Fn(); 4] = [
            &|| fs::write(&file, "1").unwrap(),
            &|| fs::rename(&file, directory.path().join("b")).unwrap(),
            &|| fs::remove_file(directory.path().join("b")).unwrap(),
            &|| {
                fs::write(&file, "1").unwrap();
                let itself = fs::File::open(directory.path()).unwrap();
                itself.set_modified(modified).unwrap();
            },
        ];
        for (number, change) in changes.iter().enumerate() {
            std::thread::sleep(Duration::from_millis(20));
            change();
            let now = look();
            assert_ne!(now, seen, "change {number}");
            seen = now;
        }
    }
}
