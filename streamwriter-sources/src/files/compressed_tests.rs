//! Compressed files give the rows of the plain ones, with the same positions; one that is damaged or
//! cut short is named.

use std::fs;
use std::io::Write;
use std::path::Path;

use proptest::prelude::*;
use serde::Deserialize;
use streamwriter_core::{ErrorKind, Source};

use super::content::Content;
use super::set_aside_tests::{ALL, Kept, json, read};
use super::tests::{drain, error_of, limits, put, read_plan};
use super::*;
use crate::{Csv, JsonLines};

const CODECS: [&str; 2] = ["gz", "zst"];

/// Compresses pieces, each as a member of its own, as `cat a.gz b.gz` leaves them.
fn compressed(codec: &str, pieces: &[&[u8]]) -> Vec<u8> {
    let mut all = Vec::new();
    for piece in pieces {
        match codec {
            "gz" => {
                let level = flate2::Compression::default();
                let mut encoder = flate2::write::GzEncoder::new(&mut all, level);
                encoder.write_all(piece).unwrap();
                encoder.finish().unwrap();
            }
            _ => {
                let mut encoder = zstd::Encoder::new(&mut all, 1).unwrap();
                encoder.include_checksum(true).unwrap();
                encoder.write_all(piece).unwrap();
                encoder.finish().unwrap();
            }
        }
    }
    all
}

#[derive(Debug, PartialEq, Deserialize)]
struct Flight {
    carrier: String,
    delay: Option<f64>,
}

fn flights(dir: &Path) -> Csv<Flight> {
    Csv::directory(dir).unwrap().null_values(["NA"])
}

#[test]
fn compressed_files_give_the_rows_of_the_plain_ones() {
    let text = "\u{feff}carrier,delay\r\n\"U\nA\",1.5\nAA,NA\n";
    let plain = tempfile::tempdir().unwrap();
    put(plain.path(), "1.csv", text.as_bytes(), 1);
    let expected = drain(&flights(plain.path()), &limits(None, None, None)).unwrap();
    assert_eq!(expected[0].len(), 2);
    for codec in CODECS {
        for cut in [0, 1, 5, 20, text.len()] {
            let dir = tempfile::tempdir().unwrap();
            let (head, tail) = text.as_bytes().split_at(cut);
            let name = format!("1.csv.{codec}");
            put(dir.path(), &name, compressed(codec, &[head, tail]), 1);
            let found = drain(&flights(dir.path()), &limits(None, None, None)).unwrap();
            assert_eq!(found, expected, "{codec} cut at {cut}");
        }
    }
}

#[test]
fn a_compressed_file_is_never_cut_and_its_name_tells_what_is_in_it() {
    let lines: String = (0..2000).map(|n| format!("{n}\n")).collect();
    for codec in CODECS {
        let dir = tempfile::tempdir().unwrap();
        for file in 0..3 {
            let bytes = compressed(codec, &[lines.as_bytes()]);
            put(dir.path(), &format!("{file}.jsonl.{codec}"), &bytes, file);
        }
        put(dir.path(), &format!("other.txt.{codec}"), b"not ours", 9);
        let source = || {
            JsonLines::<u64>::directory(dir.path())
                .unwrap()
                .partition_bytes_min(1)
        };
        // Rows are not known before they are read: a file is a batch.
        for limits in [limits(Some(10), None, None), limits(None, Some(1), None)] {
            let source = source();
            let (mut start, mut batches) = (None, 0);
            while let Some(plan) = source.plan(start.as_ref(), &limits).unwrap() {
                assert_eq!(plan.partitions.len(), 1);
                assert_eq!(read_plan(&source, &plan).unwrap().len(), 2000);
                source
                    .committed(streamwriter_core::BatchId::new(batches), &plan)
                    .unwrap();
                start = Some(plan.end);
                batches += 1;
            }
            assert_eq!(batches, 3);
        }
        let plan = source()
            .plan(None, &limits(None, None, None))
            .unwrap()
            .unwrap();
        assert_eq!(plan.partitions.len(), 3, "one for each file");
        assert_eq!(read_plan(&source(), &plan).unwrap().len(), 6000);
    }
}

#[test]
fn e9_a_damaged_or_cut_short_file_is_named_and_none_of_its_rows_count() {
    let lines: String = (0..2000).map(|n| format!("{n}\n")).collect();
    for codec in CODECS {
        let whole = compressed(codec, &[lines.as_bytes()]);
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 0x10;
        for (what, bytes) in [
            ("cut short", &whole[..whole.len() / 2]),
            ("without its last byte", &whole[..whole.len() - 1]),
            ("with a bit flipped", &flipped),
            ("not compressed at all", lines.as_bytes()),
        ] {
            let dir = tempfile::tempdir().unwrap();
            put(dir.path(), &format!("1.jsonl.{codec}"), bytes, 1);
            let source = JsonLines::<u64>::directory(dir.path()).unwrap();
            let plan = source
                .plan(None, &limits(None, None, None))
                .unwrap()
                .unwrap();
            let read = read_plan(&source, &plan);
            let error = error_of(read);
            let text = error.to_string();
            // What comes out in front of the checksum may be no number.
            let of_row = error.kind() == ErrorKind::Row && what == "with a bit flipped";
            assert!(
                of_row || text.contains("is damaged or ends too early"),
                "{codec} {what}: {text}"
            );
            assert!(error.is_permanent(), "{codec} {what}: {text}");
            assert!(
                error.path().unwrap().ends_with(codec),
                "{codec} {what}: {text}"
            );
        }
    }
}

#[test]
fn f5_a_bad_row_is_named_by_its_place_in_the_content() {
    let dir = tempfile::tempdir().unwrap();
    let text = "1\n\n2\nx\n3\n";
    put(
        dir.path(),
        "1.jsonl.gz",
        compressed("gz", &[text.as_bytes()]),
        1,
    );
    let source = json(dir.path(), BadRows::Fail);
    let plan = source
        .plan(None, &limits(None, None, None))
        .unwrap()
        .unwrap();
    let error = error_of(read_plan(&source, &plan));
    assert!(error.to_string().contains("line 4, byte 5"), "{error}");
    // A file that was exchanged is still noticed.
    put(dir.path(), "1.jsonl.gz", compressed("gz", &[b"1\n"]), 2);
    let error = error_of(read_plan(&source, &plan));
    assert!(error.to_string().contains("has changed since"), "{error}");
}

proptest! {
    #[test]
    fn f5_what_is_set_aside_of_a_compressed_file_is_that_of_the_plain_one(
        lines in prop::collection::vec("[0-9x \"{\r]{0,6}", 0..20),
        cut in 0..1000_usize,
        codec in prop::sample::select(CODECS.to_vec()),
    ) {
        let text = lines.join("\n");
        let (plain, packed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        put(plain.path(), "1.jsonl", text.as_bytes(), 1);
        let (head, tail) = text.as_bytes().split_at(cut.min(text.len()));
        put(packed.path(), &format!("1.jsonl.{codec}"), compressed(codec, &[head, tail]), 1);
        let read_in = |dir: &Path| {
            let source = json(dir, ALL);
            let plan = source.plan(None, &limits(None, None, None)).unwrap();
            plan.map(|plan| {
                let (rows, shelf) = read(&source, &plan).unwrap();
                let mut kept: Vec<Kept> = shelf.rows();
                kept.iter_mut().for_each(|kept| kept.source.clear());
                (rows, kept)
            })
        };
        let (expected, found) = (read_in(plain.path()), read_in(packed.path()));
        // A file without bytes is no batch; a compressed one always has some.
        prop_assert_eq!(expected.unwrap_or_default(), found.unwrap_or_default());
        fs::remove_dir_all(plain.path()).unwrap();
    }
}

#[test]
fn an_extension_may_name_the_compression_itself() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "1.jsonl.gz", compressed("gz", &[b"1\n"]), 1);
    put(dir.path(), "2.jsonl", b"2\n", 2);
    let source = || JsonLines::<u64>::directory(dir.path()).unwrap();
    let rows = |source| drain(&source, &limits(None, None, None)).unwrap();
    assert_eq!(rows(source()), [[1, 2]]);
    assert_eq!(rows(source().extensions(["jsonl.gz"])), [[1]]);
}

proptest! {
    #[test]
    fn a_content_is_read_from_any_place_to_any_other(
        length in 0..200_usize,
        steps in prop::collection::vec((0..220_u64, 0..40_usize), 1..20),
        kept in prop::sample::select(vec![0, 1, 7, 1000]),
        codec in prop::sample::select(CODECS.to_vec()),
    ) {
        use std::io::{Read, Seek, SeekFrom};

        let bytes: Vec<u8> = (0..length).map(|n| n as u8).collect();
        let dir = tempfile::tempdir().unwrap();
        let name = format!("1.{codec}");
        fs::write(dir.path().join(&name), compressed(codec, &[&bytes])).unwrap();
        let file = fs::File::open(dir.path().join(&name)).unwrap();
        let mut content = Content::new(file, &name).unwrap().keep_recent(kept);
        for (to, count) in steps {
            let there = usize::try_from(to).unwrap();
            let sought = content.seek(SeekFrom::Start(to));
            prop_assert_eq!(sought.is_ok(), there <= length);
            if there <= length {
                let mut found = Vec::new();
                content.by_ref().take(count as u64).read_to_end(&mut found).unwrap();
                prop_assert_eq!(&found, &bytes[there..(there + count).min(length)]);
            }
        }
    }
}
