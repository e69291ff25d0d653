//! What is refused at start, and with which way out.

use std::time::Duration;

use streamwriter::{
    Channel, Error, ErrorKind, Iter, JsonLines, Memory, MemorySink, QueryBuilder, Source, stream,
};

fn refused<S: Source<Row = u64>>(
    source: S,
    with: impl FnOnce(QueryBuilder<S, MemorySink<u64>>) -> QueryBuilder<S, MemorySink<u64>>,
) -> Error {
    let query = stream(source).write_to(MemorySink::default());
    let error = with(query).no_checkpoint().start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    error
}

#[track_caller]
fn says(error: &Error, message: &str, help: &str) {
    assert!(error.to_string().contains(message), "{error}");
    assert!(
        error.help().is_some_and(|text| text.contains(help)),
        "{error}"
    );
}

#[test]
fn q1_a_source_that_cannot_tell_what_waits_is_refused_by_name() {
    let numbers = || Iter::new([1_u64]);
    for error in [
        refused(numbers(), |query| query.min_rows_per_batch(2)),
        refused(numbers(), |query| {
            query.max_batch_delay(Duration::from_secs(1))
        }),
        refused(numbers(), |query| {
            query.batch_when_idle_for(Duration::from_secs(1))
        }),
    ] {
        says(
            &error,
            "the source iterator cannot tell",
            "Trigger::Interval",
        );
    }
}

#[test]
fn q1_a_source_that_cannot_tell_it_in_that_unit_is_refused_with_those_that_it_has() {
    let directory = tempfile::tempdir().unwrap();
    let files = JsonLines::<u64>::directory(directory.path()).unwrap();
    let error = refused(files, |query| query.min_rows_per_batch(2));
    let place = directory.path().display().to_string();
    says(&error, &place, "min_bytes_per_batch or min_files_per_batch");
    says(&error, "how many rows", "instead of min_rows_per_batch");
    let error = refused(Channel::new(1).1, |query| query.min_bytes_per_batch(2));
    says(&error, "the source channel", "write min_rows_per_batch");
    let error = refused(Memory::new([1]), |query| query.min_files_per_batch(2));
    says(&error, "the source memory", "write min_rows_per_batch");
}

#[test]
fn q1_numbers_that_make_no_sense_are_refused_by_name() {
    type Query = QueryBuilder<Memory<u64>, MemorySink<u64>>;
    type With = fn(Query) -> Query;
    let cases: [(&str, With); 7] = [
        ("min_rows_per_batch is 0", |q| q.min_rows_per_batch(0)),
        ("min_bytes_per_batch is 0", |q| q.min_bytes_per_batch(0)),
        ("min_files_per_batch is 0", |q| q.min_files_per_batch(0)),
        ("max_batch_delay is zero", |q| {
            q.max_batch_delay(Duration::ZERO)
        }),
        ("batch_when_idle_for is zero", |q| {
            q.batch_when_idle_for(Duration::ZERO)
        }),
        (
            "min_rows_per_batch is 9, and max_rows_per_batch is 8",
            |q| q.min_rows_per_batch(9).max_rows_per_batch(8),
        ),
        (
            "min_files_per_batch is 9, and max_files_per_batch is 8",
            |q| q.min_files_per_batch(9).max_files_per_batch(8),
        ),
    ];
    for (message, with) in cases {
        let error = refused(Memory::new([1]), with);
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.help().is_some());
    }
}
