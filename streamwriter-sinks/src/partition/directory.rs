//! The directory of a row.

use super::PartitionBy;
use super::escape::{NO_VALUE, push_escaped};

/// How long the name of a directory may be: what common file systems take.
pub(super) const SEGMENT_BYTES_MAX: usize = 255;

/// How long the path of a directory below the target may be: half of what Linux takes, so that the
/// target's own path and the file name have room.
const DIRECTORY_BYTES_MAX: usize = 2048;

/// Why a row has no directory.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DirectoryError {
    #[error("column `{column}` has the value {value}, and a NUL cannot be a part of a path")]
    Nul { column: String, value: String },
    #[error(
        "column `{column}` has the value {value}, whose directory would have a name of {bytes} bytes \
         where file systems take {SEGMENT_BYTES_MAX}"
    )]
    TooLong {
        column: String,
        value: String,
        bytes: usize,
    },
    #[error(
        "column `{column}` has the value {value}, which makes the path of the directory longer than \
         {DIRECTORY_BYTES_MAX} bytes"
    )]
    Deep { column: String, value: String },
}

/// Writes the directory of a row, `a=1/b=2`, for its values in the order of the columns.
///
/// A value is one segment whatever it holds: `/` is escaped, and what is left of a `..` follows the
/// column's name.
pub(crate) fn write_directory<'v>(
    directory: &mut String,
    by: &PartitionBy,
    values: impl IntoIterator<Item = Option<&'v str>>,
) -> Result<(), DirectoryError> {
    directory.clear();
    for (column, value) in by.columns().iter().zip(values) {
        if !directory.is_empty() {
            directory.push('/');
        }
        let start = directory.len();
        let value = value.unwrap_or_default();
        directory.push_str(&column.prefix);
        match value {
            "" => directory.push_str(NO_VALUE),
            value => push_escaped(directory, value),
        }
        let bytes = directory.len() - start;
        let (name, shown) = (|| column.name.clone(), || shown(value));
        if value.contains('\0') {
            let (column, value) = (name(), shown());
            return Err(DirectoryError::Nul { column, value });
        }
        if bytes > SEGMENT_BYTES_MAX {
            let (column, value) = (name(), shown());
            return Err(DirectoryError::TooLong {
                column,
                value,
                bytes,
            });
        }
        if directory.len() > DIRECTORY_BYTES_MAX {
            let (column, value) = (name(), shown());
            return Err(DirectoryError::Deep { column, value });
        }
    }
    Ok(())
}

/// Shows the beginning of a value, on one line.
fn shown(value: &str) -> String {
    let mut characters = value.chars();
    let beginning: String = characters.by_ref().take(40).collect();
    match characters.next() {
        None => format!("{beginning:?}"),
        Some(_) => format!("{beginning:?}…"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use streamwriter_core::StorePath;

    use super::*;

    fn directory(columns: &[&str], values: &[Option<&str>]) -> Result<String, DirectoryError> {
        let mut directory = "left over".to_owned();
        let by = PartitionBy::new(columns.iter().copied());
        write_directory(&mut directory, &by, values.iter().copied())?;
        Ok(directory)
    }

    #[test]
    fn f4_nulls_and_empty_texts_share_a_directory_and_no_value_makes_another_one() {
        let of = |value| directory(&["a", "b"], &[value, Some("x")]).unwrap();
        assert_eq!(of(None), "a=__HIVE_DEFAULT_PARTITION__/b=x");
        assert_eq!(of(Some("")), of(None));
        assert_eq!(of(Some("..")), "a=../b=x");
        assert_eq!(of(Some("../../etc/passwd")), "a=..%2F..%2Fetc%2Fpasswd/b=x");
        assert_eq!(of(Some("/")), "a=%2F/b=x");
        assert_eq!(of(Some("b=1")), "a=b%3D1/b=x");
        assert_eq!(directory(&["a/b="], &[Some("1")]).unwrap(), "a%2Fb%3D=1");
        assert_eq!(directory(&[], &[]).unwrap(), "");
    }

    #[test]
    fn f4_a_value_that_no_file_system_takes_is_named_with_its_column() {
        let just = "x".repeat(SEGMENT_BYTES_MAX - "city=".len());
        directory(&["city"], &[Some(&just)]).unwrap();
        for (bad, part) in [
            (format!("{just}x"), "256 bytes"),
            ("é/".repeat(60), "305 bytes"),
            ("a\0b".to_owned(), "NUL"),
        ] {
            let error = directory(&["city"], &[Some(&bad)]).unwrap_err().to_string();
            assert!(error.contains("`city`") && error.contains(part), "{error}");
            let beginning: String = bad.chars().take(2).collect();
            assert!(
                error.contains(&beginning.escape_debug().to_string()),
                "{error}"
            );
            assert!(!error.contains('\0') && error.len() < 250, "{error}");
        }
        let names: Vec<_> = (0..10).map(|number| format!("c{number}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let value = "y".repeat(240);
        let error = directory(&names, &[Some(value.as_str()); 10]).unwrap_err();
        assert!(error.to_string().contains("`c8`"), "{error}");
    }

    proptest! {
        #[test]
        fn f4_any_value_is_one_segment_below_the_target(value in any::<String>()) {
            if let Ok(directory) = directory(&["a", "b"], &[Some(&value), None]) {
                let path = StorePath::parse(directory).unwrap();
                prop_assert_eq!(path.parent().parent(), StorePath::root());
                prop_assert!(path.parent().as_str().starts_with("a="));
            } else {
                prop_assert!(value.contains('\0') || value.len() > 80);
            }
        }
    }
}
