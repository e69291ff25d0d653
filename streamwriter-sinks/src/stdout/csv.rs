//! Rows as CSV for people: RFC 4180, with control characters escaped.

use super::escape;
use super::table::{TableCell, TableRows};

/// Draws the rows, below the names of the columns if they are others than those of `heading`.
pub(super) fn render(table: &TableRows, heading: &mut Option<Vec<String>>) -> String {
    let mut text = String::new();
    if table.is_empty() {
        return text;
    }
    if heading.as_deref() != Some(table.columns()) {
        let names = table.columns().iter().map(|name| escape::cell(name, None));
        push_line(&mut text, names.map(|name| quoted(&name)));
        *heading = Some(table.columns().to_vec());
    }
    for row in table.rows() {
        push_line(&mut text, row.map(field));
    }
    text
}

fn field(cell: &TableCell) -> String {
    match cell {
        TableCell::Null => String::new(),
        TableCell::Number(text) | TableCell::Text(text) => quoted(text),
    }
}

/// Quotes what would be read as something else. There is no line break: it was escaped.
fn quoted(text: &str) -> String {
    let is_plain = !text.is_empty() && text.trim() == text && !text.contains([',', '"']);
    if is_plain {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn push_line(text: &mut String, fields: impl Iterator<Item = String>) {
    text.push_str(&fields.collect::<Vec<_>>().join(","));
    text.push('\n');
}
