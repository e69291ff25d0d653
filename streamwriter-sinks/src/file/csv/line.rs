//! One record of RFC 4180 as it grows.
//!
//! Not the csv crate's writer: that one quotes all fields alike, so an empty text and a missing value
//! would be the same to every reader.

use super::CsvQuoting;

/// The fields of a record, with what separates them.
#[derive(Debug)]
pub(super) struct Line {
    bytes: Vec<u8>,
    delimiter: u8,
    quoting: CsvQuoting,
    /// The record before is complete.
    is_over: bool,
}

impl Line {
    pub(super) fn new(delimiter: u8, quoting: CsvQuoting) -> Self {
        Self {
            bytes: Vec::new(),
            delimiter,
            quoting,
            is_over: true,
        }
    }

    /// Adds a missing value.
    pub(super) fn push_null(&mut self, null_value: &str) {
        match self.quoting == CsvQuoting::Always || self.must_quote(null_value) {
            true => self.push_quoted(null_value),
            false => self.push_plain(null_value),
        }
    }

    /// Adds a number. Its text may hold the delimiter, such as a dot.
    pub(super) fn push_number(&mut self, text: &str) {
        self.push_null(text);
    }

    /// Adds a text.
    pub(super) fn push_text(&mut self, text: &str) {
        let quote = match self.quoting {
            CsvQuoting::Necessary => false,
            CsvQuoting::NonNumeric => text.parse::<f64>().is_err(),
            CsvQuoting::Always => true,
        };
        match quote || text.is_empty() || self.must_quote(text) {
            true => self.push_quoted(text),
            false => self.push_plain(text),
        }
    }

    /// Adds a field in quotes, whatever it is.
    pub(super) fn push_quoted(&mut self, text: &str) {
        self.begin_field();
        self.bytes.push(b'"');
        for (number, part) in text.split('"').enumerate() {
            if number > 0 {
                self.bytes.extend_from_slice(b"\"\"");
            }
            self.bytes.extend_from_slice(part.as_bytes());
        }
        self.bytes.push(b'"');
    }

    /// Ends the record and returns it with its line end.
    pub(super) fn end(&mut self) -> &[u8] {
        if self.bytes.is_empty() {
            // Readers skip blank lines.
            self.bytes.extend_from_slice(b"\"\"");
        }
        self.bytes.push(b'\n');
        self.is_over = true;
        &self.bytes
    }

    fn push_plain(&mut self, text: &str) {
        self.begin_field();
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn begin_field(&mut self) {
        if self.is_over {
            self.bytes.clear();
            self.is_over = false;
        } else {
            self.bytes.push(self.delimiter);
        }
    }

    fn must_quote(&self, text: &str) -> bool {
        let special = |byte: u8| byte == self.delimiter || matches!(byte, b'"' | b'\r' | b'\n');
        text.bytes().any(special)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_empty_text_is_told_from_a_missing_value_and_no_line_is_blank() {
        let mut line = Line::new(b',', CsvQuoting::Necessary);
        line.push_null("");
        line.push_text("");
        line.push_null("");
        assert_eq!(line.end(), b",\"\",\n");
        line.push_null("");
        assert_eq!(line.end(), b"\"\"\n");
        line.push_text("a");
        assert_eq!(line.end(), b"a\n");
    }

    #[test]
    fn what_would_be_read_as_something_else_stands_in_quotes() {
        let field = |quoting, delimiter, text: &str| {
            let mut line = Line::new(delimiter, quoting);
            line.push_text(text);
            String::from_utf8(line.end().to_vec()).unwrap()
        };
        for plain in ["a", "a b", " ", "ä;|", "1.5", "#"] {
            assert_eq!(
                field(CsvQuoting::Necessary, b',', plain),
                format!("{plain}\n")
            );
        }
        for special in ["a,b", "a\nb", "a\rb", ""] {
            let quoted = format!("\"{special}\"\n");
            assert_eq!(field(CsvQuoting::Necessary, b',', special), quoted);
        }
        assert_eq!(field(CsvQuoting::Necessary, b';', "a,b"), "a,b\n");
        assert_eq!(
            field(CsvQuoting::Necessary, b',', "\"a\""),
            "\"\"\"a\"\"\"\n"
        );
        assert_eq!(field(CsvQuoting::NonNumeric, b',', "1e3"), "1e3\n");
        assert_eq!(field(CsvQuoting::NonNumeric, b',', "x"), "\"x\"\n");
        assert_eq!(field(CsvQuoting::Always, b',', "1"), "\"1\"\n");
        let mut line = Line::new(b'.', CsvQuoting::Necessary);
        line.push_number("1.5");
        assert_eq!(line.end(), b"\"1.5\"\n");
    }

    proptest! {
        /// The csv crate reads every record back as it was.
        #[test]
        fn any_texts_come_back(
            records in prop::collection::vec(prop::collection::vec(any::<String>(), 3), 1..4),
            delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|', b'a']),
            quoting in prop::sample::select(vec![
                CsvQuoting::Necessary, CsvQuoting::NonNumeric, CsvQuoting::Always,
            ]),
        ) {
            let mut bytes = Vec::new();
            let mut line = Line::new(delimiter, quoting);
            for record in &records {
                record.iter().for_each(|text| line.push_text(text));
                bytes.extend_from_slice(line.end());
            }
            let mut reader = ::csv::ReaderBuilder::new()
                .has_headers(false)
                .delimiter(delimiter)
                .from_reader(bytes.as_slice());
            let read: Vec<Vec<String>> = reader.deserialize().map(Result::unwrap).collect();
            prop_assert_eq!(read, records);
        }
    }
}
