//! The bytes of an input file, decompressed if its name says that they are compressed.

use std::fs::File;
#[cfg(any(feature = "gzip", feature = "zstd"))]
use std::io::BufReader;
use std::io::{self, Read, Seek, SeekFrom};

/// How the bytes of a file are compressed, by the end of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Plain,
    #[cfg(feature = "gzip")]
    Gzip,
    #[cfg(feature = "zstd")]
    Zstd,
}

impl Codec {
    /// The ends of names that say so, in lower case.
    const SUFFIXES: &[(&str, Self)] = &[
        #[cfg(feature = "gzip")]
        (".gz", Self::Gzip),
        #[cfg(feature = "zstd")]
        (".zst", Self::Zstd),
    ];

    /// Returns how a file of this name is compressed, and its name without what says so.
    pub(crate) fn of(name: &[u8]) -> (Self, &[u8]) {
        for (suffix, codec) in Self::SUFFIXES {
            let stem = name.len().checked_sub(suffix.len());
            let split = stem.and_then(|at| name.split_at_checked(at));
            if let Some((stem, tail)) = split
                && tail.eq_ignore_ascii_case(suffix.as_bytes())
            {
                return (*codec, stem);
            }
        }
        (Self::Plain, name)
    }

    /// Tells whether a file of this name is read from its beginning to its end only.
    pub(crate) fn is_compressed(name: &str) -> bool {
        Self::of(name.as_bytes()).0 != Self::Plain
    }
}

/// An open file. Positions count the bytes that come out of it.
///
/// A compressed file goes back by beginning anew, and forward by reading on: what is done once for a
/// bad row, and not for every row.
#[derive(Debug)]
pub(crate) struct Content {
    bytes: Bytes,
    position: u64,
    /// How many bytes have come out of the decoder; behind the position after a short way back.
    decoded: u64,
    /// The last of them, as many as are kept.
    recent: Vec<u8>,
    recent_max: usize,
}

enum Bytes {
    Plain(File),
    #[cfg(feature = "gzip")]
    Gzip(Box<flate2::read::MultiGzDecoder<BufReader<File>>>),
    #[cfg(feature = "zstd")]
    Zstd(zstd::Decoder<'static, BufReader<File>>),
}

impl Bytes {
    fn begin(codec: Codec, file: File) -> io::Result<Self> {
        Ok(match codec {
            Codec::Plain => Self::Plain(file),
            // Several members behind one another are one content, as for `gzip` and `zstd`.
            #[cfg(feature = "gzip")]
            Codec::Gzip => {
                let decoder = flate2::read::MultiGzDecoder::new(BufReader::new(file));
                Self::Gzip(Box::new(decoder))
            }
            #[cfg(feature = "zstd")]
            Codec::Zstd => Self::Zstd(zstd::Decoder::with_buffer(BufReader::new(file))?),
        })
    }

    fn codec(&self) -> Codec {
        match self {
            Self::Plain(_) => Codec::Plain,
            #[cfg(feature = "gzip")]
            Self::Gzip(_) => Codec::Gzip,
            #[cfg(feature = "zstd")]
            Self::Zstd(_) => Codec::Zstd,
        }
    }

    /// Returns the file if its bytes are the content.
    fn plain(&mut self) -> Option<&mut File> {
        match self {
            Self::Plain(file) => Some(file),
            #[cfg(feature = "gzip")]
            Self::Gzip(_) => None,
            #[cfg(feature = "zstd")]
            Self::Zstd(_) => None,
        }
    }

    fn file(&self) -> &File {
        match self {
            Self::Plain(file) => file,
            #[cfg(feature = "gzip")]
            Self::Gzip(decoder) => decoder.get_ref().get_ref(),
            #[cfg(feature = "zstd")]
            Self::Zstd(decoder) => decoder.get_ref().get_ref(),
        }
    }
}

impl Content {
    /// Begins a file at its first byte.
    pub(crate) fn new(file: File, name: &str) -> io::Result<Self> {
        let (codec, _) = Codec::of(name.as_bytes());
        Ok(Self {
            bytes: Bytes::begin(codec, file)?,
            position: 0,
            decoded: 0,
            recent: Vec::new(),
            recent_max: 0,
        })
    }

    /// Keeps so many bytes of a compressed file, so that going back by less needs no new beginning.
    pub(crate) fn keep_recent(mut self, bytes: usize) -> Self {
        self.recent_max = bytes;
        self
    }

    /// Tells whether nobody knows how long it is before it was read.
    pub(crate) fn is_compressed(&self) -> bool {
        self.bytes.codec() != Codec::Plain
    }

    /// Returns the file as it lies there.
    pub(crate) fn file(&self) -> &File {
        self.bytes.file()
    }

    fn begin_anew(&mut self) -> io::Result<()> {
        let mut file = self.file().try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        self.bytes = Bytes::begin(self.bytes.codec(), file)?;
        (self.position, self.decoded) = (0, 0);
        self.recent.clear();
        Ok(())
    }

    /// Returns the kept bytes from the position on.
    fn kept(&self) -> &[u8] {
        let back = usize::try_from(self.decoded - self.position).unwrap_or(usize::MAX);
        let from = self.recent.len().checked_sub(back);
        from.and_then(|from| self.recent.get(from..))
            .unwrap_or_default()
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.recent_max == 0 {
            return;
        }
        self.recent.extend_from_slice(bytes);
        // Not for every read: what is kept is moved only when it has doubled.
        if self.recent.len() > 2 * self.recent_max {
            let from = self.recent.len() - self.recent_max;
            self.recent.drain(..from);
        }
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position < self.decoded {
            let mut kept = self.kept();
            let count = kept.read(buffer)?;
            self.position += count as u64;
            return Ok(count);
        }
        let count = match &mut self.bytes {
            Bytes::Plain(file) => file.read(buffer)?,
            #[cfg(feature = "gzip")]
            Bytes::Gzip(decoder) => decoder.read(buffer).map_err(damaged)?,
            #[cfg(feature = "zstd")]
            Bytes::Zstd(decoder) => decoder.read(buffer).map_err(damaged)?,
        };
        if self.is_compressed() {
            self.keep(buffer.get(..count).unwrap_or_default());
        }
        self.position += count as u64;
        self.decoded = self.position;
        Ok(count)
    }
}

/// A content that ends in its middle is damage, not a plain file that has become shorter.
#[cfg(any(feature = "gzip", feature = "zstd"))]
fn damaged(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::InvalidData
        | io::ErrorKind::Other => io::Error::new(io::ErrorKind::InvalidData, error),
        _ => error,
    }
}

impl Seek for Content {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if let Some(file) = self.bytes.plain() {
            self.position = file.seek(to)?;
            self.decoded = self.position;
            return Ok(self.position);
        }
        let target = match to {
            SeekFrom::Start(target) => Some(target),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            // Nobody knows where that is.
            SeekFrom::End(_) => None,
        };
        let target = target.ok_or(io::ErrorKind::InvalidInput)?;
        if target < self.decoded.saturating_sub(self.recent.len() as u64) {
            self.begin_anew()?;
        } else if target < self.decoded {
            self.position = target;
            return Ok(target);
        }
        // Behind all that was kept.
        self.position = self.decoded;
        let forward = target - self.position;
        let skipped = io::copy(&mut self.by_ref().take(forward), &mut io::sink())?;
        match skipped == forward {
            true => Ok(target),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.codec().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_name_says_how_it_is_compressed() {
        assert_eq!(Codec::of(b"a.csv"), (Codec::Plain, &b"a.csv"[..]));
        assert_eq!(Codec::of(b"gz"), (Codec::Plain, &b"gz"[..]));
        #[cfg(feature = "gzip")]
        assert_eq!(Codec::of(b"a.csv.GZ"), (Codec::Gzip, &b"a.csv"[..]));
        #[cfg(feature = "zstd")]
        assert_eq!(Codec::of(b"a.csv.zst"), (Codec::Zstd, &b"a.csv"[..]));
    }
}
