//! Directories inside: which are entered, what they add to the rows, and what is named instead of guessed.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use streamwriter_core::{BoxError, Error, ErrorKind, QueryId, Source, SourceContext};

use crate::files::tests::{context, drain, error_of, limits, put, read_plan};
use crate::files::{FilesOffset, FilesPartition, set_aside_tests};
use crate::{BadRows, Csv, JsonLines};

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Sale {
    id: u64,
    city: Option<String>,
    year: i16,
}

fn sale(id: u64, city: Option<&str>, year: i16) -> Sale {
    let city = city.map(str::to_owned);
    Sale { id, city, year }
}

fn put_in(dir: &Path, path: &str, text: &str, second: u64) {
    fs::create_dir_all(dir.join(path).parent().unwrap()).unwrap();
    put(dir, path, text, second);
}

fn all<S>(source: &S) -> Result<Vec<S::Row>, Error>
where
    S: Source<Offset = FilesOffset, Partition = FilesPartition>,
    S::Row: PartialEq + Debug,
{
    let read = || -> Result<Vec<S::Row>, BoxError> {
        source.start(&SourceContext::new(QueryId::random(), None))?;
        Ok(drain(source, &limits(None, None, None))?.concat_rows())
    };
    read().map_err(|error| error_of::<()>(Err(error)))
}

trait ConcatRows<R> {
    fn concat_rows(self) -> Vec<R>;
}

impl<R> ConcatRows<R> for Vec<Vec<R>> {
    fn concat_rows(self) -> Vec<R> {
        self.into_iter().flatten().collect()
    }
}

fn json<R: DeserializeOwned>(dir: &Path) -> JsonLines<R> {
    let source = JsonLines::directory(dir).unwrap();
    source.partitioned_by(["city", "year"])
}

fn csv<R: DeserializeOwned>(dir: &Path) -> Csv<R> {
    let source = Csv::directory(dir).unwrap();
    source.partitioned_by(["city", "year"])
}

#[test]
fn f4_directories_become_columns_of_csv_and_json_rows() {
    let dir = tempfile::tempdir().unwrap();
    let of = |city: &str, year, ending| format!("city={city}/year={year}/part.{ending}");
    for (second, city) in ["Oslo", "__HIVE_DEFAULT_PARTITION__", "a%2Fb%3D%25", "007"]
        .into_iter()
        .enumerate()
    {
        let second = second as u64;
        let (csv, json) = (of(city, 2026, "csv"), of(city, 2026, "jsonl"));
        put_in(dir.path(), &csv, &format!("id\n{second}\n"), second);
        put_in(dir.path(), &json, &format!("{{\"id\":{second}}}\n"), second);
    }
    let expected = [
        sale(0, Some("Oslo"), 2026),
        sale(1, None, 2026),
        sale(2, Some("a/b=%"), 2026),
        sale(3, Some("007"), 2026),
    ];
    assert_eq!(all(&csv::<Sale>(dir.path())).unwrap(), expected);
    assert_eq!(all(&json::<Sale>(dir.path())).unwrap(), expected);
}

#[test]
fn rows_without_names_and_of_any_type_get_the_columns_of_directories_last() {
    let dir = tempfile::tempdir().unwrap();
    put_in(dir.path(), "city=a%20b/year=7/1.csv", "1,x\n", 1);
    put_in(
        dir.path(),
        "city=a%20b/year=7/1.jsonl",
        "{\"\\u0069d\":1}\n",
        1,
    );
    type Row = (u8, String, String, Option<u8>);
    let rows: Vec<Row> = all(&csv(dir.path()).header(false)).unwrap();
    assert_eq!(rows, [(1, "x".to_owned(), "a b".to_owned(), Some(7))]);
    let named = csv::<BTreeMap<String, String>>(dir.path()).header(false);
    let rows = all(&named.columns(["id", "what"])).unwrap();
    let expected = [("city", "a b"), ("id", "1"), ("what", "x"), ("year", "7")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(rows, [BTreeMap::from(expected)]);
    let rows: Vec<Value> = all(&json(dir.path())).unwrap();
    assert_eq!(rows, [json!({ "id": 1, "city": "a b", "year": 7 })]);
    // A single value and a tuple without room for them are errors, not rows with columns lost.
    let error = all(&csv::<(u8, String, String)>(dir.path()).header(false)).unwrap_err();
    assert!(error.to_string().contains("there are 4 columns"), "{error}");
    let error = all(&json::<Vec<u8>>(dir.path())).unwrap_err();
    assert!(error.to_string().contains("invalid type: map"), "{error}");
    put_in(dir.path(), "city=a%20b/year=7/1.jsonl", "[1]\n", 1);
    let error = all(&json::<Sale>(dir.path())).unwrap_err();
    assert!(
        error.to_string().contains("expected an object, to which"),
        "{error}"
    );
}

#[test]
fn a_file_in_another_place_is_named_before_anything_is_planned() {
    for path in [
        "1",
        "city=Oslo/1",
        "city=Oslo/year=2026/day=1/1",
        "year=2026/city=Oslo/1",
        "city=Oslo/month=1/1",
        "City=Oslo/year=2026/1",
        "city=Oslo/2026/1",
        "city=Oslo/year=/1",
        "city=%FF/year=1/1",
    ] {
        let dir = tempfile::tempdir().unwrap();
        put_in(dir.path(), "city=Oslo/year=2026/0.csv", "id\n1\n", 1);
        put_in(dir.path(), &format!("{path}.csv"), "id\n1\n", 9);
        let source = csv::<Sale>(dir.path());
        let error = error_of(source.plan(None, &limits(None, None, Some(1))));
        assert_eq!(error.kind(), ErrorKind::Source, "{path}");
        assert!(error.is_permanent(), "{path}");
        assert!(
            error.path().unwrap().ends_with(&format!("{path}.csv")),
            "{error}"
        );
        assert!(error.help().unwrap().contains("partitioned_by"), "{error}");
    }
}

#[test]
fn what_begins_with_a_dot_or_underscore_is_never_entered() {
    let dir = tempfile::tempdir().unwrap();
    for hidden in [
        "_streamwriter/staged",
        ".tmp/city=Oslo/year=1",
        "city=Oslo/_old",
        "city=Oslo/.x",
    ] {
        put_in(dir.path(), &format!("{hidden}/1.csv"), "id\n1\n", 1);
    }
    put_in(dir.path(), "city=Oslo/year=2/_1.csv", "id\n1\n", 1);
    put_in(dir.path(), "city=Oslo/year=2/2.csv", "id\n2\n", 1);
    let expected = [sale(2, Some("Oslo"), 2)];
    assert_eq!(all(&csv::<Sale>(dir.path())).unwrap(), expected);
    let recursive = Csv::<(u64,)>::directory(dir.path())
        .unwrap()
        .recursive(true);
    assert_eq!(all(&recursive).unwrap(), [(2,)]);
    let flat = Csv::<(u64,)>::directory(dir.path()).unwrap();
    assert!(all(&flat).unwrap().is_empty());
}

#[test]
fn a_recursive_source_takes_files_at_any_depth_by_their_paths() {
    let dir = tempfile::tempdir().unwrap();
    let checkpoint = tempfile::tempdir().unwrap();
    for (second, path) in [(3, "1"), (2, "a/1"), (2, "a.jsonl/1"), (1, "a/b/c/1")] {
        put_in(
            dir.path(),
            &format!("{path}.jsonl"),
            &format!("\"{path}\"\n"),
            second,
        );
    }
    let source = || {
        JsonLines::<String>::directory(dir.path())
            .unwrap()
            .recursive(true)
    };
    let context = context(checkpoint.path(), QueryId::random());
    let before = source();
    before.start(&context).unwrap();
    let rows = drain(&before, &limits(None, None, Some(1))).unwrap();
    assert_eq!(rows.concat_rows(), ["a/b/c/1", "a.jsonl/1", "a/1", "1"]);
    // A restart knows them by their paths.
    put_in(dir.path(), "b/1.jsonl", "\"b/1\"\n", 0);
    let after = source();
    after.start(&context).unwrap();
    let start: FilesOffset =
        serde_json::from_value(json!({ "files": 4, "partial": null })).unwrap();
    let plan = after
        .plan(Some(&start), &limits(None, None, None))
        .unwrap()
        .unwrap();
    let files: Vec<&str> = plan.partitions[0]
        .ranges()
        .iter()
        .map(|one| one.file().path())
        .collect();
    assert_eq!(files, ["b/1.jsonl"]);
}

#[test]
fn a_checkpoint_of_a_source_that_entered_no_directories_goes_on_with_those() {
    let dir = tempfile::tempdir().unwrap();
    let checkpoint = tempfile::tempdir().unwrap();
    let context = context(checkpoint.path(), QueryId::random());
    let source = |recursive| {
        let source = JsonLines::<u8>::directory(dir.path()).unwrap();
        let source = source.recursive(recursive);
        source.start(&context).unwrap();
        source
    };
    put_in(dir.path(), "1.jsonl", "1\n", 1);
    put_in(dir.path(), "a/2.jsonl", "2\n", 1);
    let rows = drain(&source(false), &limits(None, None, None)).unwrap();
    assert_eq!(rows.concat_rows(), [1]);
    let start: FilesOffset =
        serde_json::from_value(json!({ "files": 1, "partial": null })).unwrap();
    let after = source(true);
    let plan = after.plan(Some(&start), &limits(None, None, None));
    assert_eq!(read_plan(&after, &plan.unwrap().unwrap()).unwrap(), [2]);
}

#[test]
fn f5_a_row_set_aside_is_named_with_its_directories() {
    let dir = tempfile::tempdir().unwrap();
    put_in(dir.path(), "city=Oslo/year=1/1.jsonl", "{\"id\":1}\nx\n", 1);
    let source = json::<Sale>(dir.path()).bad_rows(set_aside_tests::ALL);
    let plan = source.plan(None, &limits(None, None, None));
    let (rows, shelf) = set_aside_tests::read(&source, &plan.unwrap().unwrap()).unwrap();
    assert_eq!(rows, [sale(1, Some("Oslo"), 1)]);
    let kept = shelf.rows();
    let [kept] = kept.as_slice() else {
        panic!("{kept:?}")
    };
    assert!(
        kept.source.ends_with("/city=Oslo/year=1/1.jsonl"),
        "{kept:?}"
    );
}

#[test]
fn a_program_that_no_longer_enters_directories_cannot_read_a_logged_plan() {
    let dir = tempfile::tempdir().unwrap();
    put_in(dir.path(), "city=Oslo/year=2/1.jsonl", "{\"id\":1}\n", 1);
    let plan = json::<Value>(dir.path()).plan(None, &limits(None, None, None));
    let plan = plan.unwrap().unwrap();
    let task = streamwriter_core::testing::Pretend::default().task();
    let flat = JsonLines::<Value>::directory(dir.path()).unwrap();
    let error = error_of(flat.open(&plan.partitions[0], &task));
    assert!(
        error
            .message()
            .contains("names an input file in a directory inside"),
        "{error}"
    );
    let other = flat.partitioned_by(["town", "year"]);
    let error = error_of(other.open(&plan.partitions[0], &task));
    assert!(error.message().contains("`town=…/year=…`"), "{error}");
}

#[test]
fn a_value_of_a_directory_that_does_not_fit_is_no_bad_row() {
    let drop = BadRows::Drop { limit: 100 };
    for (directories, reason) in [
        (
            "city=Oslo/year=MMXX",
            "column \"year\": \"MMXX\" is not a number of type i16",
        ),
        (
            "city=Oslo/year=40000",
            "\"40000\" is not a number of type i16",
        ),
        (
            "city=Oslo/year=__HIVE_DEFAULT_PARTITION__",
            "is not an `Option`",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        put_in(dir.path(), &format!("{directories}/1.csv"), "id\n1\n", 1);
        put_in(
            dir.path(),
            &format!("{directories}/1.jsonl"),
            "{\"id\":1}\n",
            1,
        );
        let of_csv = all(&csv::<Sale>(dir.path()).bad_rows(drop)).unwrap_err();
        let of_json = all(&json::<Sale>(dir.path()).bad_rows(drop)).unwrap_err();
        for error in [of_csv, of_json] {
            assert_eq!(error.kind(), ErrorKind::Row);
            assert!(error.is_permanent());
            assert!(error.message().contains(reason), "{error}");
            assert!(!error.message().contains("at line"), "{error}");
            assert!(error.path().unwrap().contains(directories), "{error}");
        }
    }
}

#[test]
fn a_column_in_the_file_and_in_its_directory_is_named() {
    let dir = tempfile::tempdir().unwrap();
    put_in(dir.path(), "city=Oslo/year=1/1.csv", "id,year\n1,2\n", 1);
    put_in(
        dir.path(),
        "city=Oslo/year=1/1.jsonl",
        "{\"id\":1,\"y\\u0065ar\":2}\n{\"id\":2}\n",
        1,
    );
    let error = all(&csv::<BTreeMap<String, String>>(dir.path())).unwrap_err();
    let text = "the column \"year\" is in the file as well as in its directory \"year=1\"";
    assert!(error.message().contains(text), "{error}");
    let error = all(&json::<Value>(dir.path())).unwrap_err();
    let text = "the column \"year\" is in the line as well as in its directory";
    assert!(error.message().contains(text), "{error}");
    // Of JSON each line is for itself.
    let rest = json::<Value>(dir.path()).bad_rows(BadRows::Drop { limit: 1 });
    assert_eq!(
        all(&rest).unwrap(),
        [json!({ "id": 2, "city": "Oslo", "year": 1 })]
    );
}

#[test]
fn a_bad_row_and_a_missing_column_are_named_with_the_path_below_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    put_in(dir.path(), "city=Oslo/year=1/1.csv", "id\nx\n", 1);
    let error = all(&csv::<Sale>(dir.path())).unwrap_err();
    assert!(
        error.message().contains("line 2, byte 3, column \"id\""),
        "{error}"
    );
    assert!(
        error.path().unwrap().ends_with("/city=Oslo/year=1/1.csv"),
        "{error}"
    );
    put_in(dir.path(), "city=Oslo/year=1/1.csv", "no\n1\n", 1);
    let error = all(&csv::<Sale>(dir.path())).unwrap_err();
    assert!(
        error
            .message()
            .contains("has the columns no, and its directories city, year"),
        "{error}"
    );
}

#[test]
fn columns_that_no_directory_can_hold_are_refused_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    for bad in [
        vec![""],
        vec!["_x"],
        vec![".x"],
        vec!["a\0"],
        vec!["a", "b", "a"],
    ] {
        let source = JsonLines::<Value>::directory(dir.path()).unwrap();
        let error = all(&source.partitioned_by(bad.clone())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{bad:?}");
    }
    let refused = |source: Csv<Sale>| all(&source).unwrap_err().kind() == ErrorKind::Config;
    assert!(refused(csv(dir.path()).columns(["id", "year"])));
    assert!(refused(csv(dir.path()).columns(["id", "id"])));
    assert!(refused(csv(dir.path()).header(false).flexible(true)));
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_to_a_directory_is_named_and_one_to_a_file_is_read() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    put_in(dir.path(), "a/1.jsonl", "1\n", 1);
    symlink("1.jsonl", dir.path().join("a/2.jsonl")).unwrap();
    symlink("nowhere", dir.path().join("a/3.jsonl")).unwrap();
    symlink("..", dir.path().join("a/_up")).unwrap();
    let source = || {
        JsonLines::<u8>::directory(dir.path())
            .unwrap()
            .recursive(true)
    };
    assert_eq!(all(&source()).unwrap(), [1, 1]);
    symlink("..", dir.path().join("a/up")).unwrap();
    let error = all(&source()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Source);
    assert!(error.path().unwrap().ends_with("a/up"), "{error}");
    // A source that enters none does not look.
    let flat = JsonLines::<u8>::directory(dir.path()).unwrap();
    assert!(all(&flat).unwrap().is_empty());
}

#[test]
fn directories_that_nest_too_deep_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let deep = |depth| vec!["d"; depth].join("/");
    let source = || {
        JsonLines::<u8>::directory(dir.path())
            .unwrap()
            .recursive(true)
    };
    put_in(dir.path(), &format!("{}/1.jsonl", deep(64)), "1\n", 1);
    assert_eq!(all(&source()).unwrap(), [1]);
    put_in(dir.path(), &format!("{}/1.jsonl", deep(65)), "1\n", 1);
    let error = all(&source()).unwrap_err();
    assert!(error.message().contains("64 deep"), "{error}");
}
