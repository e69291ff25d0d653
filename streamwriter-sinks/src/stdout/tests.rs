//! Guards what a person sees: committed batches only, whole tables, nothing that steers a terminal.

use std::sync::Arc;

use serde::Serialize;
use streamwriter_core::testing::{Pretend, round_trip, write_rows, write_rows_cut_off};
use streamwriter_core::{BatchId, CommitMessage};

use super::*;

#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Screen {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Clone, Serialize)]
struct Trip {
    id: u32,
    city: &'static str,
    fare: Option<f64>,
    stops: Vec<u8>,
}

fn trips() -> Vec<Trip> {
    let trip = |id, city, fare, stops| Trip {
        id,
        city,
        fare,
        stops,
    };
    vec![
        trip(1, "東京", Some(2.5), vec![1, 2]),
        trip(20, "a\u{1b}[2J", None, vec![]),
    ]
}

fn shown<R: Serialize + Send>(sink: Stdout, partitions: Vec<Vec<R>>) -> String {
    let screen = Screen::default();
    let sink = sink.print_to(screen.clone());
    let pretend = Pretend {
        batch: BatchId::new(3),
        ..Pretend::default()
    };
    let write = |rows| round_trip(&write_rows(&sink, rows, &pretend.task()).unwrap()).unwrap();
    let messages: Vec<Rendered> = partitions.into_iter().map(write).collect();
    assert_eq!(screen.text(), "", "nothing is shown before the commit");
    sink.commit(messages, &pretend.batch()).unwrap();
    screen.text()
}

#[test]
fn a_batch_is_a_table_with_aligned_columns() {
    let expected = r"-------------------------------------------
Batch: 3
-------------------------------------------
+--+----------+----+-----+
|id|city      |fare|stops|
+--+----------+----+-----+
| 1|東京      | 2.5|[1,2]|
|20|a\u{1b}[2J|NULL|[]   |
+--+----------+----+-----+

";
    assert_eq!(shown(Stdout::table(), vec![trips()]), expected);
}

#[test]
fn the_first_rows_over_all_partitions_are_shown_and_cells_are_cut() {
    let text = shown(
        Stdout::table().rows(3).truncate(5),
        vec![vec!["123456", "b"], vec!["c", "d", "e"]],
    );
    let rows: Vec<&str> = text.lines().skip(3).collect();
    let expected = [
        "+-----+",
        "|value|",
        "+-----+",
        "|12...|",
        "|b    |",
        "|c    |",
        "+-----+",
        "only showing top 3 rows",
        "",
    ];
    assert_eq!(rows, expected);
    let text = shown(Stdout::table().truncate(None), vec![vec!["x".repeat(300)]]);
    assert!(text.contains(&"x".repeat(300)));
}

#[test]
fn rows_with_different_columns_share_one_table() {
    use std::collections::BTreeMap;
    let text = shown(
        Stdout::table(),
        vec![
            vec![BTreeMap::from([("a", 1), ("b", 2)])],
            vec![BTreeMap::from([("b", 3), ("c", 4)])],
        ],
    );
    let rows: Vec<&str> = text.lines().skip(4).take(4).collect();
    assert_eq!(
        rows,
        [
            "|   a|b|   c|",
            "+----+-+----+",
            "|   1|2|NULL|",
            "|NULL|3|   4|"
        ]
    );
}

#[test]
fn long_and_strange_column_names_are_kept_apart() {
    use std::collections::BTreeMap;
    let (one, two) = ("x".repeat(30) + "1", "x".repeat(30) + "2");
    let row = BTreeMap::from([(one.as_str(), 7), (two.as_str(), 8), ("\u{7}", 9)]);
    let text = shown(Stdout::table().truncate(5), vec![vec![row]]);
    assert!(text.contains(&one) && text.contains(&two), "{text}");
    assert!(text.contains(r"\u{7}") && !text.contains('\u{7}'), "{text}");
    for cell in ["7|", "8|", "9|"] {
        assert!(text.contains(cell), "{text}");
    }
}

#[test]
fn a_vertical_row_has_a_line_for_each_column() {
    let text = shown(Stdout::vertical(), vec![trips()]);
    let rows: Vec<&str> = text.lines().skip(3).collect();
    let expected = [
        "-RECORD 0-----------",
        " id    | 1",
        " city  | 東京",
        " fare  | 2.5",
        " stops | [1,2]",
        "-RECORD 1-----------",
        " id    | 20",
        r" city  | a\u{1b}[2J",
        " fare  | NULL",
        " stops | []",
        "",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn csv_quotes_what_it_must_and_holds_no_control_characters() {
    let text = shown(Stdout::csv(), vec![trips()]);
    let rows: Vec<&str> = text.lines().skip(3).collect();
    let expected = [
        "id,city,fare,stops",
        "1,東京,2.5,\"[1,2]\"",
        r"20,a\u{1b}[2J,,[]",
        "",
    ];
    assert_eq!(rows, expected);
    let strange = [
        ("", Some("a\"b")),
        (" x", None),
        ("a,b\n", Some("")),
        ("123456789012345678901234567890", Some("not cut")),
    ];
    let text = shown(Stdout::csv(), vec![strange.to_vec()]);
    let rows: Vec<&str> = text.lines().skip(4).take(4).collect();
    let expected = [
        "\"\",\"a\"\"b\"",
        "\" x\",",
        "\"a,b\\n\",\"\"",
        "123456789012345678901234567890,not cut",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn without_batch_headers_only_rows_are_printed_and_new_columns_are_named() {
    use std::collections::BTreeMap;
    let screen = Screen::default();
    let sink = Stdout::csv().batch_header(false).print_to(screen.clone());
    let pretend = Pretend::default();
    for (column, value) in [("a", 1), ("a", 2), ("b", 3)] {
        let rows = [BTreeMap::from([(column, value)])];
        let message = write_rows(&sink, rows, &pretend.task()).unwrap();
        sink.commit(vec![message], &pretend.batch()).unwrap();
    }
    assert_eq!(screen.text(), "a\n1\n2\nb\n3\n");
    let text = shown(
        Stdout::json().batch_header(false).rows(usize::MAX),
        vec![vec![1, 2], vec![3]],
    );
    assert_eq!(text, "1\n2\n3\n");
}

#[test]
fn a_table_is_no_wider_than_it_may_be() {
    let row = ("東京".repeat(6), "x".repeat(40), 7, "y".repeat(40));
    for width in [100, 60, 40, 20, 12] {
        let sink = Stdout::table().truncate(None).width(width);
        let text = shown(sink, vec![vec![row.clone()]]);
        let table: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with(['|', '+']))
            .collect();
        assert_eq!(table.len(), 5);
        let wide = escape::width(table[0]);
        assert!(wide <= width, "{text}");
        assert!(
            table.iter().all(|line| escape::width(line) == wide),
            "{text}"
        );
    }
    let text = shown(
        Stdout::table().width(12),
        vec![vec![("x".repeat(9), "y".repeat(9), 7)]],
    );
    assert!(text.contains("only showing 2 of 3 columns"), "{text}");
}

#[test]
fn json_lines_stay_json_and_hold_no_control_characters() {
    let text = shown(Stdout::json(), vec![vec![trips()[1].clone()]]);
    let line = text.lines().nth(3).unwrap();
    assert_eq!(
        line,
        r#"{"id":20,"city":"a\u001b[2J","fare":null,"stops":[]}"#
    );
    assert!(serde_json::from_str::<serde_json::Value>(line).is_ok());
}

#[test]
fn a_batch_without_rows_shows_its_number() {
    let text = shown::<u8>(Stdout::table(), vec![vec![], vec![]]);
    assert_eq!(text.lines().count(), 4);
    assert!(text.contains("Batch: 3"));
}

#[test]
fn a_closed_pipe_ends_the_query_cleanly() {
    let sink = Stdout::table().print_to(Closed);
    let pretend = Pretend::default();
    let message = write_rows(&sink, [1], &pretend.task()).unwrap();
    let error = sink.commit(vec![message], &pretend.batch()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stopped);
}

#[test]
fn all_rows_are_read_and_counted_and_a_cut_off_partition_is_none() {
    let sink = Stdout::table().rows(2);
    let task = Pretend::default().task();
    let message = write_rows(&sink, 0..1000, &task).unwrap();
    assert_eq!(message.metrics().rows, Some(1000));
    let error = write_rows_cut_off(&sink, 0..1000, &task).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CutOff);
}
