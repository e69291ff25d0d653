//! How text files are compressed.

use streamwriter_core::Result;
#[cfg(any(feature = "gzip", feature = "zstd"))]
use streamwriter_core::{Error, ErrorKind};

/// How the files of a [`FileSink`](super::FileSink) are compressed.
///
/// Each file is one complete stream, and says so in its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileCompression {
    /// Not at all.
    #[default]
    None,
    /// Gzip, level 0 (none) to 9 (small); files such as `*.jsonl.gz`. Takes some 300 KiB of memory
    /// for each open file.
    #[cfg(feature = "gzip")]
    Gzip(u32),
    /// Zstandard with a checksum, level 1 (quick) to 22 (small); files such as `*.jsonl.zst`. Takes
    /// a few MiB of memory for each open file at level 3, and hundreds at the highest levels.
    #[cfg(feature = "zstd")]
    Zstd(i32),
}

impl FileCompression {
    pub(super) fn check(self) -> Result<()> {
        match self {
            #[cfg(feature = "gzip")]
            Self::Gzip(level) if level > 9 => Err(no_level("gzip", level, "0 to 9")),
            #[cfg(feature = "zstd")]
            Self::Zstd(level) if !(1..=22).contains(&level) => {
                Err(no_level("zstd", level, "1 to 22"))
            }
            _ => Ok(()),
        }
    }

    /// Returns the extension of files whose plain ones have this one.
    pub(super) fn extension(self, plain: &str) -> String {
        match self {
            Self::None => plain.to_owned(),
            #[cfg(feature = "gzip")]
            Self::Gzip(_) => format!("{plain}.gz"),
            #[cfg(feature = "zstd")]
            Self::Zstd(_) => format!("{plain}.zst"),
        }
    }
}

#[cfg(any(feature = "gzip", feature = "zstd"))]
fn no_level(name: &str, level: impl std::fmt::Display, levels: &str) -> Error {
    Error::new(ErrorKind::Config, format!("{name} has no level {level}"))
        .with_help(format!("choose {levels}"))
}
