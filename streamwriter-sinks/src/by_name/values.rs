//! Values of options.

use std::fmt;

use streamwriter_core::{Error, ErrorKind, OptionValue, Result};

/// A number of bytes: a whole number, with a unit if it is not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bytes(pub(super) u64);

impl OptionValue for Bytes {
    const TYPE_NAME: &'static str = "bytes";

    fn parse_option(text: &str) -> Result<Self, String> {
        const HELP: &str = "write a whole number, alone or with KiB, MiB or GiB, as in 128MiB";
        let text = text.trim();
        let unit_at = text.find(|char: char| !char.is_ascii_digit());
        let (number, unit) = text.split_at(unit_at.unwrap_or(text.len()));
        let number: u64 = number.parse().map_err(|_| HELP.to_owned())?;
        // Spark's `128m` is binary as well.
        let factor = match unit.trim_start().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kib" | "k" | "kb" => 1 << 10,
            "mib" | "m" | "mb" => 1 << 20,
            "gib" | "g" | "gb" => 1 << 30,
            _ => return Err(HELP.to_owned()),
        };
        let bytes = number.checked_mul(factor);
        bytes.map(Self).ok_or_else(|| "this is too much".to_owned())
    }
}

#[cfg(feature = "parquet")]
impl Bytes {
    /// Returns the number as a size in memory.
    pub(super) fn in_memory(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// How many of something there may be at most: at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AtLeastOne<N>(pub(super) N);

impl<N: OptionValue + From<u8> + PartialEq> OptionValue for AtLeastOne<N> {
    const TYPE_NAME: &'static str = N::TYPE_NAME;

    fn parse_option(text: &str) -> Result<Self, String> {
        let number = N::parse_option(text)?;
        if number == N::from(0) {
            return Err("it must be at least 1".to_owned());
        }
        Ok(Self(number))
    }
}

impl From<u8> for Bytes {
    fn from(bytes: u8) -> Self {
        Self(bytes.into())
    }
}

/// A value that is one of a few words, in upper or lower case.
macro_rules! words {
    (
        $(#[$doc:meta])*
        $name:ident: $first:literal => $first_variant:ident, $($word:literal => $variant:ident),*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum $name {
            $first_variant, $($variant),*
        }

        impl streamwriter_core::OptionValue for $name {
            const TYPE_NAME: &'static str = concat!("one of ", $first $(, ", ", $word)*);

            fn parse_option(text: &str) -> Result<Self, String> {
                match text.trim() {
                    text if text.eq_ignore_ascii_case($first) => Ok(Self::$first_variant),
                    $(text if text.eq_ignore_ascii_case($word) => Ok(Self::$variant),)*
                    _ => Err("it is none of them".to_owned()),
                }
            }
        }
    };
}
pub(super) use words;

/// An ASCII character.
#[cfg(feature = "csv")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ascii(pub(super) u8);

#[cfg(feature = "csv")]
impl OptionValue for Ascii {
    const TYPE_NAME: &'static str = "ASCII character";

    fn parse_option(text: &str) -> Result<Self, String> {
        // A tab cannot be typed everywhere.
        match (text, text.as_bytes()) {
            ("\\t", _) => Ok(Self(b'\t')),
            (_, [byte]) if byte.is_ascii() => Ok(Self(*byte)),
            _ => Err("write one ASCII character, or \\t for a tab".to_owned()),
        }
    }
}

/// Returns the level of a compression, if it has levels.
pub(super) fn level<N: TryFrom<i32>>(name: &str, given: Option<i32>, default: N) -> Result<N> {
    let Some(level) = given else {
        return Ok(default);
    };
    N::try_from(level).map_err(|_| {
        let message = format!("{name} has no level {level}");
        Error::new(ErrorKind::Config, message).with_help("choose 0 or more")
    })
}

/// Refuses a level where there are none.
pub(super) fn no_level(compression: impl fmt::Display, given: Option<i32>) -> Result<()> {
    match given {
        None => Ok(()),
        Some(level) => {
            let message = format!("compression {compression} has no levels, so none is {level}");
            Err(Error::new(ErrorKind::Config, message).with_help("leave compressionLevel out"))
        }
    }
}
