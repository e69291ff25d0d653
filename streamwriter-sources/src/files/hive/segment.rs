//! One directory of a path, `city=Oslo`, as Hive, Spark and our sinks write it (F4).

use streamwriter_core::{Error, ErrorKind};

#[cfg(any(feature = "csv", feature = "jsonl"))]
use crate::files::field::Field;

/// What stands for a null.
const NO_VALUE: &str = "__HIVE_DEFAULT_PARTITION__";

/// The value of a column that the name of a directory holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DirectoryValue {
    /// The directory as it is called.
    pub(crate) directory: String,
    pub(crate) column: String,
    /// The value as text; none is null.
    pub(crate) text: Option<String>,
}

impl DirectoryValue {
    /// Reads the name of a directory; `None` if it holds no value.
    ///
    /// # Errors
    /// Why a name that holds a value cannot be read.
    pub(super) fn parse(directory: &str) -> Result<Option<Self>, &'static str> {
        let Some((column, value)) = directory.split_once('=') else {
            return Ok(None);
        };
        let text = match value {
            // Spark refuses it as well: it may be meant as a null or as an empty text.
            "" => return Err("it has no value behind the `=`"),
            NO_VALUE => None,
            value => Some(unescape(value)?),
        };
        Ok(Some(Self {
            directory: directory.to_owned(),
            column: unescape(column)?,
            text,
        }))
    }

    /// Returns the value as a field of a row.
    #[cfg(any(feature = "csv", feature = "jsonl"))]
    pub(crate) fn field(&self) -> Field<'_> {
        Field {
            text: self.text.as_deref().unwrap_or(NO_VALUE),
            null: self.text.is_none(),
        }
    }

    /// Says that no row of the file can have this value.
    pub(crate) fn unfit(&self, reason: &str) -> Error {
        let (directory, column) = (&self.directory, &self.column);
        let message = format!(
            "the directory {directory:?} does not fit the rows: column {column:?}: {reason}"
        );
        Error::new(ErrorKind::Row, message)
            .with_help(
                "let the column of the rows have a type that takes it, and start again; or rename \
                 the directory and start anew with another checkpoint and target",
            )
            .permanent()
    }
}

/// Takes back `%` and two hexadecimal digits; a `%` before anything else is itself, as for Spark.
///
/// The digits are bytes of UTF-8, as in URLs: Spark escapes ASCII only, others escape more.
fn unescape(name: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                digit(*high).zip(digit(*low)).map(|both| (both, after))
            }
            _ => None,
        };
        match escaped {
            Some(((high, low), after)) => {
                bytes.push(high << 4 | low);
                rest = after;
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| "what it escapes with `%` is not UTF-8")
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(directory: &str) -> Option<String> {
        DirectoryValue::parse(directory).unwrap().unwrap().text
    }

    proptest! {
        #[test]
        fn f4_any_text_comes_back_and_any_name_is_read_or_refused(
            text in "[^\0]+",
            name in any::<String>(),
        ) {
            let mut escaped = String::new();
            for character in text.chars() {
                match character {
                    '%' | '/' | '=' | ':' => escaped.push_str(&format!("%{:02X}", u32::from(character))),
                    _ => escaped.push(character),
                }
            }
            prop_assume!(escaped != NO_VALUE);
            let value = DirectoryValue::parse(&format!("a%3D={escaped}")).unwrap().unwrap();
            prop_assert_eq!((value.column.as_str(), value.text), ("a=", Some(text)));
            let _ = DirectoryValue::parse(&name);
        }
    }

    #[test]
    fn f4_values_are_unescaped_and_nulls_are_none() {
        for (directory, expected) in [
            ("a=Oslo", "Oslo"),
            ("a=2026-01-02 03%3A04%3A05", "2026-01-02 03:04:05"),
            ("a=..%2F..%2fetc", "../../etc"),
            ("a=b%3D1=2", "b=1=2"),
            ("a=100%25", "100%"),
            ("a=100%", "100%"),
            ("a=%zz%+1%", "%zz%+1%"),
            ("a=Troms%C3%B8 ø", "Tromsø ø"),
            (
                "a=__HIVE_DEFAULT_PARTITION__x",
                "__HIVE_DEFAULT_PARTITION__x",
            ),
        ] {
            assert_eq!(text(directory).as_deref(), Some(expected), "{directory}");
        }
        assert_eq!(text("a=__HIVE_DEFAULT_PARTITION__"), None);
        let column = DirectoryValue::parse("a%2Fb%3D=1").unwrap().unwrap().column;
        assert_eq!(column, "a/b=");
    }

    #[test]
    fn a_name_without_value_or_in_no_encoding_is_none() {
        assert_eq!(DirectoryValue::parse("Oslo"), Ok(None));
        assert!(DirectoryValue::parse("a=").is_err());
        assert!(DirectoryValue::parse("a=%FF").is_err());
        assert!(DirectoryValue::parse("%FF=a").is_err());
    }
}
