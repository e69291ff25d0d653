//! Keeps data from steering the terminal: control characters are shown, never sent.

use unicode_width::UnicodeWidthStr;

/// How many characters one column of the terminal may take: combining marks have no width, and
/// without a limit a cell of them would have no end.
const CHARS_PER_COLUMN: usize = 8;

/// Tells whether a character moves the cursor, colours, or reverses the text around it.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
        )
}

/// Escapes a cell and cuts it to a width, marked by `...` where there is room for that.
pub(super) fn cell(text: &str, width_max: Option<usize>) -> String {
    let Some(max) = width_max else {
        return text.chars().fold(String::new(), push_escaped);
    };
    let mut shown = String::new();
    let mut kept = 0;
    let room = max.saturating_sub(if max < 4 { 0 } else { 3 });
    for (read, c) in text.chars().enumerate() {
        let before = shown.len();
        shown = push_escaped(shown, c);
        let width = UnicodeWidthStr::width(shown.as_str());
        if width <= room {
            kept = shown.len();
        }
        if width > max || read >= max.saturating_mul(CHARS_PER_COLUMN) {
            shown.truncate(kept.min(before));
            shown.push_str(if max < 4 { "" } else { "..." });
            return shown;
        }
    }
    shown
}

/// Cuts a text that is escaped already to a width.
pub(super) fn cut(text: &str, width_max: usize) -> String {
    if width(text) <= width_max {
        return text.to_owned();
    }
    cell(text, Some(width_max))
}

/// Escapes a line of JSON so that it stays the same JSON: what is unsafe stands in strings only.
pub(super) fn json(line: &str) -> String {
    line.chars().fold(String::new(), |mut shown, c| {
        if is_unsafe(c) {
            shown.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            shown.push(c);
        }
        shown
    })
}

fn push_escaped(mut shown: String, c: char) -> String {
    if is_unsafe(c) {
        shown.extend(c.escape_default());
    } else {
        shown.push(c);
    }
    shown
}

/// Returns how many columns of a terminal a text takes.
pub(super) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_never_sent() {
        let nasty = "a\u{1b}[31m\r\n\u{7}\u{7f}\u{9b}\u{202e}b\0";
        let shown = cell(nasty, None);
        assert!(!shown.chars().any(is_unsafe), "{shown:?}");
        assert_eq!(shown, r"a\u{1b}[31m\r\n\u{7}\u{7f}\u{9b}\u{202e}b\u{0}");
        let line = serde_json::to_string(nasty).unwrap();
        let shown = json(&line);
        assert!(!shown.chars().any(is_unsafe), "{shown:?}");
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), nasty);
    }

    #[test]
    fn cells_are_cut_by_their_width_on_the_terminal() {
        assert_eq!(cell("12345678", Some(8)), "12345678");
        assert_eq!(cell("123456789", Some(8)), "12345...");
        assert_eq!(cell("123456789", Some(3)), "123");
        assert_eq!(cell("表表表表表", Some(8)), "表表...");
        assert_eq!(cell("\n\n\n\n\n", Some(8)), r"\n\n...");
        let marks = "\u{301}".repeat(10_000);
        assert!(cell(&marks, Some(8)).chars().count() < 100);
    }
}
