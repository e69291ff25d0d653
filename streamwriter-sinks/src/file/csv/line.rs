//! One record of RFC 4180 as it grows.
//!
//! Not the csv crate's writer: that one quotes all fields alike, so an empty text and a missing value
//! would be the same to every reader.

use super::CsvQuoting;

/// How fields are written.
#[derive(Debug)]
pub(super) struct Fields {
    delimiter: u8,
    quoting: CsvQuoting,
    /// Which bytes put a field in quotes.
    special: [bool; 256],
    /// No number has a special byte in it.
    numbers_are_plain: bool,
}

impl Fields {
    pub(super) fn new(delimiter: u8, quoting: CsvQuoting) -> Self {
        let is_special = |byte: u8| byte == delimiter || matches!(byte, b'"' | b'\r' | b'\n');
        Self {
            delimiter,
            quoting,
            special: std::array::from_fn(|byte| u8::try_from(byte).is_ok_and(is_special)),
            // Letters stand in `NaN`, `inf` and `1e300`.
            numbers_are_plain: quoting != CsvQuoting::Always
                && !delimiter.is_ascii_alphanumeric()
                && !matches!(delimiter, b'+' | b'-' | b'.'),
        }
    }

    /// Begins a record behind what is there.
    #[inline]
    pub(super) fn begin<'l>(&'l self, bytes: &'l mut Vec<u8>) -> Line<'l> {
        Line {
            start: bytes.len(),
            fields: self,
            bytes,
            is_empty: true,
        }
    }

    #[inline]
    fn must_quote(&self, text: &str) -> bool {
        let special = |byte: u8| self.special.get(usize::from(byte)).copied();
        text.bytes().any(|byte| special(byte).unwrap_or(true))
    }
}

/// The record that is being written.
#[derive(Debug)]
pub(super) struct Line<'l> {
    fields: &'l Fields,
    bytes: &'l mut Vec<u8>,
    start: usize,
    /// It has no field yet.
    is_empty: bool,
}

impl Line<'_> {
    /// Adds a missing value.
    pub(super) fn push_null(&mut self, null_value: &str) {
        let always = self.fields.quoting == CsvQuoting::Always;
        match always || self.fields.must_quote(null_value) {
            true => self.push_quoted(null_value),
            false => self.push_plain(null_value),
        }
    }

    /// Adds a number. Its text may hold the delimiter, such as a dot.
    #[inline]
    pub(super) fn push_number(&mut self, text: &str) {
        match self.fields.numbers_are_plain {
            true => self.push_plain(text),
            false => self.push_null(text),
        }
    }

    /// Adds a text.
    #[inline]
    pub(super) fn push_text(&mut self, text: &str) {
        let quote = match self.fields.quoting {
            CsvQuoting::Necessary => false,
            CsvQuoting::NonNumeric => text.parse::<f64>().is_err(),
            CsvQuoting::Always => true,
        };
        match quote || text.is_empty() || self.fields.must_quote(text) {
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

    /// Ends the record.
    #[inline]
    pub(super) fn end(self) {
        if self.bytes.len() == self.start {
            // Readers skip blank lines.
            self.bytes.extend_from_slice(b"\"\"");
        }
        self.bytes.push(b'\n');
    }

    #[inline]
    fn push_plain(&mut self, text: &str) {
        self.begin_field();
        self.bytes.extend_from_slice(text.as_bytes());
    }

    #[inline]
    fn begin_field(&mut self) {
        if !std::mem::take(&mut self.is_empty) {
            self.bytes.push(self.fields.delimiter);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_empty_text_is_told_from_a_missing_value_and_no_line_is_blank() {
        let (fields, mut bytes) = (Fields::new(b',', CsvQuoting::Necessary), Vec::new());
        let mut line = fields.begin(&mut bytes);
        line.push_null("");
        line.push_text("");
        line.push_null("");
        line.end();
        let mut line = fields.begin(&mut bytes);
        line.push_null("");
        line.end();
        let mut line = fields.begin(&mut bytes);
        line.push_text("a");
        line.end();
        assert_eq!(bytes, b",\"\",\n\"\"\na\n");
    }

    #[test]
    fn what_would_be_read_as_something_else_stands_in_quotes() {
        let field = |quoting, delimiter, text: &str| {
            let (fields, mut bytes) = (Fields::new(delimiter, quoting), Vec::new());
            let mut line = fields.begin(&mut bytes);
            line.push_text(text);
            line.end();
            String::from_utf8(bytes).unwrap()
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
        for (delimiter, number) in [(b'.', "1.5"), (b'-', "-1"), (b'e', "1e300"), (b'N', "NaN")] {
            let (fields, mut bytes) = (Fields::new(delimiter, CsvQuoting::Necessary), Vec::new());
            let mut line = fields.begin(&mut bytes);
            line.push_number(number);
            line.end();
            assert_eq!(bytes, format!("\"{number}\"\n").into_bytes());
        }
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
            let fields = Fields::new(delimiter, quoting);
            for record in &records {
                let mut line = fields.begin(&mut bytes);
                record.iter().for_each(|text| line.push_text(text));
                line.end();
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
