//! Rows as lines of their own, one for each column.

use super::escape;
use super::table::TableRows;

/// Draws each row below its number, counted from 0 as Spark does.
pub(super) fn render(table: &TableRows) -> String {
    let names: Vec<String> = table
        .columns()
        .iter()
        .map(|name| escape::cell(name, None))
        .collect();
    let of_names = names.iter().map(|name| escape::width(name)).max();
    let of_names = of_names.unwrap_or(0);
    let cells = table.rows().flatten();
    let of_cells = cells.map(|cell| escape::width(cell.text())).max();
    let width = of_names + of_cells.unwrap_or(0) + 5;
    let mut text = String::new();
    for (number, row) in table.rows().enumerate() {
        let title = format!("-RECORD {number}");
        let rule = "-".repeat(width.saturating_sub(title.len()));
        text.push_str(&format!("{title}{rule}\n"));
        for (name, cell) in names.iter().zip(row) {
            let space = " ".repeat(of_names.saturating_sub(escape::width(name)));
            text.push_str(&format!(" {name}{space} | {}\n", cell.text()));
        }
    }
    text
}
