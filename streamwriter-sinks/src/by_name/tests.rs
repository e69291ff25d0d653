//! Guards the options of the sinks by name: defaults, values, errors, and that each has an effect.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use streamwriter_core::testing::{Pretend, write_rows};
use streamwriter_core::{
    CommitMessage, ErrorKind, OptionMap, Result, SinkFactory, SinkRequest, StreamWriter,
};

use super::*;

fn schema() -> SchemaRef {
    let fields = [
        ("id", DataType::Int64),
        ("day", DataType::Date32),
        ("text", DataType::Utf8),
    ];
    let fields = fields.map(|(name, of_type)| Field::new(name, of_type, true));
    Arc::new(Schema::new(fields.to_vec()))
}

/// A path that is there on every machine, and is never written to.
fn path() -> String {
    std::env::temp_dir().join("never").display().to_string()
}

fn open<F: SinkFactory>(options: OptionMap) -> Result<F::Sink> {
    F::from_options(&options)?.open(&SinkRequest::new(schema()))
}

fn required<F: SinkFactory>() -> OptionMap {
    let mut options = OptionMap::new();
    if F::OPTIONS.iter().any(|option| option.name == "path") {
        options.set("path", path());
    }
    options
}

/// The text of each default is the default, and no option is without effect.
fn check_options<F: SinkFactory<Sink: Debug>>(values: &[(&str, &str)]) {
    let plain = format!("{:?}", open::<F>(required::<F>()).unwrap());
    for option in F::OPTIONS {
        let name = option.name;
        assert!(!option.doc.is_empty(), "{name} is not documented");
        if let Some(default) = option.default {
            let mut options = required::<F>();
            options.set(name, default);
            let same = format!("{:?}", open::<F>(options).unwrap());
            assert_eq!(same, plain, "{name} = {default}");
        }
        let given = values.iter().filter(|(given, _)| *given == name);
        let mut tried = 0;
        for (_, value) in given {
            tried += 1;
            let mut options = required::<F>();
            // A level needs a compression that has some.
            if name == "compressionLevel" {
                options.set("compression", "gzip");
            }
            let without = format!("{:?}", open::<F>(options.clone()).unwrap());
            options.set(name, *value);
            let with = format!("{:?}", open::<F>(options).unwrap());
            assert_ne!(with, without, "{name} = {value} changes nothing");
        }
        assert!(tried > 0 || name == "path", "{name} is not tried");
    }
    for (name, _) in values {
        let known = F::OPTIONS.iter().any(|option| option.name == *name);
        assert!(known, "{name} is no option");
    }
}

const OF_FILES: [(&str, &str); 6] = [
    ("compression", "gzip"),
    ("compressionLevel", "9"),
    ("maxRowsPerFile", "10"),
    ("maxBytesPerFile", "10 MiB"),
    ("partitionBy", "day, id"),
    ("maxOpenFiles", "3"),
];

#[test]
#[cfg(feature = "jsonl")]
fn each_option_of_jsonl_has_its_default_and_an_effect() {
    check_options::<file::JsonLinesOptions>(&OF_FILES);
}

#[test]
fn each_option_of_text_has_its_default_and_an_effect() {
    let request = |options: OptionMap| {
        let schema = Schema::new(vec![Field::new("text", DataType::Utf8, true)]);
        file::TextOptions::from_options(&options)?.open(&SinkRequest::new(schema))
    };
    use streamwriter_core::SinkOptions as _;
    let mut options = required::<file::TextOptions>();
    let plain = format!("{:?}", request(options.clone()).unwrap());
    options.set("compression", "zstd");
    assert_ne!(format!("{:?}", request(options).unwrap()), plain);
}

#[test]
#[cfg(feature = "csv")]
fn each_option_of_csv_has_its_default_and_an_effect() {
    let mut values = OF_FILES.to_vec();
    values.extend([
        ("header", "false"),
        ("delimiter", "\\t"),
        ("delimiter", ";"),
        ("quoting", "Always"),
        ("quoting", "nonNumeric"),
        ("nullValue", "NA"),
    ]);
    check_options::<file::CsvOptions>(&values);
}

#[test]
#[cfg(feature = "parquet")]
fn each_option_of_parquet_has_its_default_and_an_effect() {
    let mut values = OF_FILES.to_vec();
    values.extend([
        ("compression", "SNAPPY"),
        ("compression", "lz4"),
        ("compression", "none"),
        ("rowGroupRows", "5"),
        ("rowGroupBytes", "64m"),
        ("memoryBudget", "256m"),
        ("pageRows", "7"),
        ("pageBytes", "64 KiB"),
        ("batchRows", "9"),
        ("statistics", "rowGroup"),
        ("statistics", "none"),
        ("dictionary", "false"),
        ("noDictionary", "text"),
        ("dictionaryBytes", "2MiB"),
        ("bloomFilters", "id"),
        ("sortedBy", "day desc, id"),
        ("metadata", "team=lake, stage=raw"),
    ]);
    check_options::<parquet::ParquetOptions>(&values);
}

#[test]
fn stdout_is_described_and_shows_what_it_is_told_to() {
    let sinks = prebuilt_sinks().unwrap();
    for style in ["table", "vertical", "csv", "JSON"] {
        let sink = sinks
            .format("console")
            .option("style", style)
            .option("numrows", 5)
            .option("truncate", 0)
            .option("width", 80)
            .option("batchHeader", false)
            .schema(schema())
            .build()
            .unwrap();
        assert_eq!(sink.name(), "stdout");
    }
    for option in stdout_options() {
        assert!(!option.doc.is_empty());
    }
}

fn stdout_options() -> &'static [streamwriter_core::OptionSpec] {
    use streamwriter_core::SinkOptions as _;
    stdout::StdoutOptions::OPTIONS
}

fn refused(name: &str, options: &[(&str, &str)], schema: SchemaRef) -> String {
    let sinks = prebuilt_sinks().unwrap();
    let builder = sinks.format(name).options(options.iter().copied());
    let built = builder.option("path", path()).schema(schema).build();
    let error = built.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert_eq!(error.sink(), Some(name), "{error}");
    error.to_string()
}

#[test]
fn what_cannot_be_is_refused_before_a_row_is_read() {
    let of = |name: &str, options: &[(&str, &str)]| refused(name, options, schema());
    let all = [
        of("jsonl", &[("compression", "lzma")]),
        of(
            "jsonl",
            &[("compression", "gzip"), ("compressionLevel", "10")],
        ),
        of(
            "jsonl",
            &[("compression", "gzip"), ("compressionLevel", "-1")],
        ),
        of("jsonl", &[("compressionLevel", "1")]),
        of("jsonl", &[("maxBytesPerFile", "1 TB")]),
        of("jsonl", &[("maxBytesPerFile", "99999999999GiB")]),
        of("jsonl", &[("partitionBy", "dya")]),
        of("csv", &[("delimiter", "ab")]),
        of("csv", &[("delimiter", "\"")]),
        of("csv", &[("sep", ";")]),
        of("text", &[]),
        of("text", &[("partitionBy", "day, text")]),
        of("parquet", &[("metadata", "team")]),
        of("parquet", &[("bloomFilters", "idd")]),
        of(
            "parquet",
            &[("compression", "snappy"), ("compressionLevel", "1")],
        ),
        of("parquet", &[("maxRowsPerFile", "0")]),
        of("parquet", &[("pageBytes", "0")]),
    ];
    let expected = [
        r#"option `compression` does not parse as one of none, gzip, zstd: "lzma": it is none of them (sink jsonl)"#,
        "gzip has no level 10 (sink jsonl); choose 0 to 9",
        "gzip has no level -1 (sink jsonl); choose 0 or more",
        "compression none has no levels, so none is 1 (sink jsonl); leave compressionLevel out",
        r#"option `maxBytesPerFile` does not parse as bytes: "1 TB": write a whole number, alone or with KiB, MiB or GiB, as in 128MiB (sink jsonl)"#,
        r#"option `maxBytesPerFile` does not parse as bytes: "99999999999GiB": this is too much (sink jsonl)"#,
        "partitionBy names a column `dya` that there is not (sink jsonl); the columns are `id`, `day`, `text`",
        r#"option `delimiter` does not parse as ASCII character: "ab": write one ASCII character, or \t for a tab (sink csv)"#,
        "not a CSV delimiter: '\\\"' (sink csv); choose an ASCII character that is no quote and no line end",
        "unknown option `sep` (sink csv); the options are `path`, `header`, `delimiter`, `quoting`, `nullValue`, `compression`, `compressionLevel`, `maxRowsPerFile`, `maxBytesPerFile`, `partitionBy`, `maxOpenFiles`",
        "plain text needs one column of text: there are `id`, `day`, `text` (sink text); select one column of text, beside those of partitionBy",
        "plain text needs one column of text: column `id` is Int64 (sink text); select one column of text, beside those of partitionBy",
        r#"option `metadata` has "team", which is no pair (sink parquet); write key=value"#,
        "bloom_filter names column `idd`, and the rows have none of that name (sink parquet); name one of `id`, `day`, `text`",
        "compression snappy has no levels, so none is 1 (sink parquet); leave compressionLevel out",
        r#"option `maxRowsPerFile` does not parse as integer: "0": it must be at least 1 (sink parquet)"#,
        r#"option `pageBytes` does not parse as bytes: "0": it must be at least 1 (sink parquet)"#,
    ];
    for (found, expected) in all.iter().zip(expected) {
        assert_eq!(found, expected);
    }
}

#[test]
fn columns_without_a_form_are_refused_by_name() {
    let point = DataType::Struct(Fields::from(vec![Field::new("x", DataType::Int8, true)]));
    let nested = Arc::new(Schema::new(vec![Field::new("point", point, true)]));
    let text = refused("csv", &[], Arc::clone(&nested));
    assert!(text.contains("column `point` is Struct"), "{text}");
    assert!(text.contains("write JSON lines or Parquet"), "{text}");

    let fields = |of_type| {
        vec![
            Field::new("a", DataType::Utf8, true),
            Field::new("x", of_type, true),
        ]
    };
    for of_type in [
        DataType::Float64,
        DataType::Binary,
        DataType::new_list(DataType::Int8, true),
    ] {
        for name in ["jsonl", "csv", "text", "parquet"] {
            let schema = Arc::new(Schema::new(fields(of_type.clone())));
            let text = refused(name, &[("partitionBy", "x")], schema);
            assert!(
                text.contains("partitioned by column `x`, which is"),
                "{text}"
            );
        }
    }

    let twice = vec![Field::new("a", DataType::Int8, true); 2];
    let text = refused("jsonl", &[], Arc::new(Schema::new(twice)));
    assert!(text.contains("two columns `a`"), "{text}");

    let ends = DataType::RunEndEncoded(
        Arc::new(Field::new("run_ends", DataType::Int32, false)),
        Arc::new(Field::new("values", DataType::Int8, true)),
    );
    let list = DataType::new_list(ends, true);
    let runs = Arc::new(Schema::new(vec![Field::new("runs", list, true)]));
    let text = refused("jsonl", &[], runs);
    assert!(text.contains("column `runs[]` is RunEndEncoded"), "{text}");
}

#[test]
fn noop_counts_rows_and_not_batches() {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let batch = RecordBatch::try_from_iter([("id", numbers)]).unwrap();
    let sinks = prebuilt_sinks().unwrap();
    let sink = sinks.format("noop").schema(batch.schema()).build().unwrap();
    let task = Pretend::default().task();
    let message = write_rows(&sink, [batch.clone(), batch], &task).unwrap();
    assert_eq!(message.metrics().rows, Some(6));
}

#[test]
fn the_help_has_every_sink_with_its_options_and_other_names() {
    let sinks = prebuilt_sinks().unwrap();
    let help = sinks.help().to_string();
    for format in sinks.formats() {
        assert!(help.contains(&format.help().to_string()), "{help}");
    }
    assert!(help.contains("  also called `console`\n\ntext: "), "{help}");
    assert!(
        help.contains("(one of page, rowGroup, none; `page` by default)")
            && help.contains("(integer; optional)"),
        "{help}"
    );
}

/// The pages of the sinks have the options that there are, by their names.
#[test]
fn the_pages_name_every_option() {
    let pages = [
        ("parquet", include_str!("../../../docs/sinks/parquet.md")),
        ("jsonl", include_str!("../../../docs/sinks/file.md")),
        ("csv", include_str!("../../../docs/sinks/file.md")),
        ("text", include_str!("../../../docs/sinks/file.md")),
        ("stdout", include_str!("../../../docs/sinks/stdout.md")),
        ("noop", include_str!("../../../docs/sinks/noop.md")),
    ];
    let sinks = prebuilt_sinks().unwrap();
    for format in sinks.formats() {
        let page = pages.iter().find(|(name, _)| *name == format.name());
        let (_, page) = page.unwrap_or_else(|| panic!("{} has no page", format.name()));
        let named = format!("`format(\"{}\")`", format.name());
        assert!(page.contains(&named), "{named}");
        for option in format.options() {
            let named = format!("`{}`", option.name);
            assert!(page.contains(&named), "{}: {named}", format.name());
        }
    }
}
