//! What the quickstart reads: the flights of this repository, in many small files, as CSV and as
//! JSON lines, and their rows as the output must hold them.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Map, Value};

/// A folder that lasts as long as the test process.
pub(crate) struct Input {
    _directory: tempfile::TempDir,
    root: PathBuf,
    pub(crate) rows: Rows,
}

/// The rows of an input, each with the number of times that it is there.
#[derive(Default)]
pub(crate) struct Rows {
    numbers: HashMap<String, usize>,
    pub(crate) times: Vec<u32>,
    pub(crate) total: usize,
}

impl Rows {
    fn add(&mut self, row: String) {
        let number = *self.numbers.entry(row).or_insert(self.times.len());
        if number == self.times.len() {
            self.times.push(0);
        }
        self.times[number] += 1;
        self.total += 1;
    }

    pub(crate) fn number_of(&self, row: &str) -> Option<usize> {
        self.numbers.get(row).copied()
    }

    pub(crate) fn text_of(&self, number: usize) -> &str {
        let row = self.numbers.iter().find(|(_, found)| **found == number);
        row.map_or("?", |(row, _)| row)
    }
}

impl Input {
    /// Three days in 24 files: 2,699 rows.
    pub(crate) fn whole() -> &'static Self {
        static INPUT: OnceLock<Input> = OnceLock::new();
        INPUT.get_or_init(|| Self::make(24, usize::MAX))
    }

    /// A part of it in 40 files: 360 rows.
    pub(crate) fn small() -> &'static Self {
        static INPUT: OnceLock<Input> = OnceLock::new();
        INPUT.get_or_init(|| Self::make(40, 360))
    }

    /// The directory with the files of a format, `csv` or `jsonl`.
    pub(crate) fn directory(&self, format: &str) -> PathBuf {
        self.root.join(format)
    }

    fn make(files: usize, rows_max: usize) -> Self {
        let directory = super::quickstart::memory_directory();
        let root = directory.path().to_owned();
        let (header, records) = shipped_records();
        let records = &records[..records.len().min(rows_max)];
        let mut rows = Rows::default();
        for format in ["csv", "jsonl"] {
            fs::create_dir(root.join(format)).unwrap();
        }
        for (number, part) in records.chunks(records.len().div_ceil(files)).enumerate() {
            let name = |format: &str| root.join(format).join(format!("{number:02}.{format}"));
            let mut csv = csv::Writer::from_path(name("csv")).unwrap();
            csv.write_record(&header).unwrap();
            let mut lines = fs::File::create(name("jsonl")).unwrap();
            for record in part {
                csv.write_record(record).unwrap();
                let row = typed_row(header.iter().zip(record));
                writeln!(lines, "{}", Value::Object(row.clone())).unwrap();
                rows.add(canonical(row).unwrap());
            }
            csv.flush().unwrap();
        }
        Self {
            _directory: directory,
            root,
            rows,
        }
    }
}

fn shipped_records() -> (Vec<String>, Vec<Vec<String>>) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/flights");
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let (mut header, mut records) = (Vec::new(), Vec::new());
    let owned = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
    for path in paths {
        let mut reader = csv::Reader::from_path(path).unwrap();
        header = owned(reader.headers().unwrap());
        records.extend(reader.records().map(|record| owned(&record.unwrap())));
    }
    (header, records)
}

/// What a row of CSV means: NA is null, and all but five columns hold whole numbers.
pub(crate) fn typed_row<'r>(
    fields: impl IntoIterator<Item = (&'r String, &'r String)>,
) -> Map<String, Value> {
    let fields: BTreeMap<&String, &String> = fields.into_iter().collect();
    fields
        .into_iter()
        .map(|(column, text)| (column.clone(), typed(column, text)))
        .collect()
}

fn typed(column: &str, text: &str) -> Value {
    let is_text = ["carrier", "tailnum", "origin", "dest", "time_hour"].contains(&column);
    match text {
        "NA" => Value::Null,
        _ if is_text => Value::from(text),
        // A part of a row has no number here; it is then no row of the input, and named as such.
        _ => text
            .parse::<i64>()
            .map_or_else(|_| Value::from(text), Value::from),
    }
}

/// A row as one text, the same whatever file it was in.
pub(crate) fn canonical(row: Map<String, Value>) -> Result<String, String> {
    if row.len() != 19 {
        return Err(format!("a row has {} of 19 columns", row.len()));
    }
    Ok(Value::Object(row).to_string())
}
