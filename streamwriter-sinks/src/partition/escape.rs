//! Names and values as one segment of a path, as Spark writes them.

use std::fmt::Write;

/// What stands for a value that is null or empty, as in Hive and Spark.
pub(super) const NO_VALUE: &str = "__HIVE_DEFAULT_PARTITION__";

/// The characters beside the control characters that Spark's `escapePathName` escapes.
const ESCAPED: &str = "\"#%'*/:=?\\{[]^";

/// Tells whether Spark writes a character as `%` and two hexadecimal digits.
///
/// Spark leaves a NUL as it is; none comes here, since no path can hold one.
fn is_escaped(character: char) -> bool {
    character.is_ascii_control() || ESCAPED.contains(character)
}

/// Appends a name or value so that it is a part of one segment.
pub(super) fn push_escaped(segment: &mut String, text: &str) {
    for character in text.chars() {
        if is_escaped(character) {
            // Writing to a string cannot fail.
            let _ = write!(segment, "%{:02X}", u32::from(character));
        } else {
            segment.push(character);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(text: &str) -> String {
        let mut segment = String::new();
        push_escaped(&mut segment, text);
        segment
    }

    /// Reads a segment as Spark's `unescapePathName` does.
    fn unescaped(segment: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = segment.as_bytes();
        while let [first, after @ ..] = rest {
            let code = (*first == b'%')
                .then(|| after.get(..2))
                .flatten()
                .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
            match code {
                Some(code) => {
                    bytes.push(code);
                    rest = &after[2..];
                }
                None => {
                    bytes.push(*first);
                    rest = after;
                }
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    /// The characters of `ExternalCatalogUtils.charToEscape`, from 0 to 127.
    const ESCAPED_BY_SPARK: [bool; 128] = {
        let mut table = [false; 128];
        let mut control = 1;
        while control < 0x20 {
            table[control] = true;
            control += 1;
        }
        let others = b"\"#%'*/:=?\\\x7f{[]^";
        let mut at = 0;
        while at < others.len() {
            table[others[at] as usize] = true;
            at += 1;
        }
        table
    };

    #[test]
    fn f4_every_ascii_character_is_escaped_as_spark_does_it() {
        for (code, expected) in ESCAPED_BY_SPARK.iter().enumerate().skip(1) {
            let character = char::from(u8::try_from(code).unwrap());
            let text = if *expected {
                format!("%{code:02X}")
            } else {
                character.to_string()
            };
            assert_eq!(escaped(&character.to_string()), text, "{code:#04x}");
        }
        assert_eq!(
            escaped("\u{80}ÿé日 }<>|~&+;,$!@`"),
            "\u{80}ÿé日 }<>|~&+;,$!@`"
        );
        assert_eq!(escaped("2026-01-02 03:04:05"), "2026-01-02 03%3A04%3A05");
    }

    proptest! {
        #[test]
        fn f4_any_text_comes_back_and_is_a_part_of_one_segment(text in "[^\0]*") {
            let segment = escaped(&text);
            prop_assert!(!segment.contains(['/', '\\', '\n', '\r', '=']));
            prop_assert_eq!(unescaped(&segment), text);
        }
    }
}
