use super::*;
use std::path::PathBuf;
use std::time::Duration;

const SPECS: &[OptionSpec] = &[
    OptionSpec::new("url", "string").required(),
    OptionSpec::new("maxRows", "integer").with_default("100"),
    OptionSpec::new("token", "integer").secret(),
];

fn text(error: &Error) -> String {
    assert_eq!(error.kind(), ErrorKind::Config);
    error.to_string()
}

#[test]
fn an_unknown_option_names_the_nearest_and_all() {
    let options = OptionMap::from([("url", "x"), ("maxrow", "1")]);
    let error = OptionReader::new(&options, SPECS).unwrap_err();
    assert_eq!(
        text(&error),
        "unknown option `maxrow`; did you mean `maxRows`? the options are `url`, `maxRows`, `token`"
    );
    let options = OptionMap::from([("somethingElse", "1")]);
    let error = OptionReader::new(&options, SPECS).unwrap_err();
    assert!(!text(&error).contains("did you mean"));
}

#[test]
fn missing_options_are_named_together() {
    let error = OptionReader::new(&OptionMap::new(), SPECS).unwrap_err();
    assert_eq!(
        text(&error),
        "required options are missing: `url` (string); the options are `url`, `maxRows`, `token`"
    );
}

#[test]
fn names_ignore_upper_and_lower_case() {
    let options = OptionMap::from([("URL", "x"), ("maxrows", "7")]);
    let reader = OptionReader::new(&options, SPECS).unwrap();
    assert_eq!(reader.required::<String>("url").unwrap(), "x");
    assert_eq!(reader.get::<u32>("maxRows").unwrap(), Some(7));
    assert_eq!(reader.get::<u32>("token").unwrap(), None);
}

#[test]
fn a_secret_is_in_no_error_and_in_no_debug_output() {
    let options = OptionMap::from([("url", "x"), ("token", "hunter2")]);
    let reader = OptionReader::new(&options, SPECS).unwrap();
    let error = reader.get::<u32>("token").unwrap_err();
    assert!(text(&error).contains("option `token` does not parse as integer"));
    assert!(!format!("{error:?}").contains("hunter2"));
    assert!(!format!("{reader:?}").contains("hunter2"));
}

#[test]
fn a_bad_value_is_shown_with_the_reason() {
    let options = OptionMap::from([("url", "x"), ("maxRows", "many")]);
    let reader = OptionReader::new(&options, SPECS).unwrap();
    assert_eq!(
        text(&reader.get::<u32>("maxRows").unwrap_err()),
        "option `maxRows` does not parse as integer: \"many\": write a whole number, 0 to 4294967295"
    );
}

#[test]
fn values_are_read_from_text() {
    assert_eq!(bool::parse_option(" TRUE "), Ok(true));
    assert!(bool::parse_option("1").is_err());
    assert_eq!(
        Duration::parse_option("500ms"),
        Ok(Duration::from_millis(500))
    );
    assert_eq!(Duration::parse_option("2 s"), Ok(Duration::from_secs(2)));
    assert_eq!(
        Duration::parse_option("1d"),
        Ok(Duration::from_secs(86_400))
    );
    for bad in ["", "5", "s", "-1s", "1.5s", "1w", "18446744073709551615d"] {
        assert!(Duration::parse_option(bad).is_err(), "{bad:?}");
    }
    assert_eq!(
        Vec::<String>::parse_option("a, b,,c").unwrap(),
        ["a", "b", "", "c"]
    );
    assert!(Vec::<String>::parse_option(" ").unwrap().is_empty());
    assert!(PathBuf::parse_option("").is_err());
    assert_eq!(Option::<u8>::parse_option("3"), Ok(Some(3)));
}

#[test]
fn edit_distance_counts_insertions_removals_and_replacements() {
    assert_eq!(edit_distance("", "abc"), 3);
    assert_eq!(edit_distance("kitten", "sitting"), 3);
    assert_eq!(edit_distance("MaxRows", "maxrows"), 0);
}
