//! Values of options, read from text.

use std::path::PathBuf;
use std::time::Duration;

/// A value that can be read from the text of an option.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from the text of an option",
    label = "not an option",
    note = "implement `OptionValue` for it, or mark the field `#[option(skip)]` and give it a default"
)]
pub trait OptionValue: Sized {
    /// What kind of value it is, for people: `integer`, `duration`.
    const TYPE_NAME: &'static str;

    /// Reads the text.
    ///
    /// # Errors
    /// Why it does not fit. The reason does not repeat the text, which may be a secret.
    fn parse_option(text: &str) -> Result<Self, String>;
}

macro_rules! numbers {
    ($name:literal, $help:literal: $($number:ty),*) => {$(
        impl OptionValue for $number {
            const TYPE_NAME: &'static str = $name;

            fn parse_option(text: &str) -> Result<Self, String> {
                let help = |_| format!($help, least = <$number>::MIN, most = <$number>::MAX);
                text.trim().parse().map_err(help)
            }
        }
    )*};
}
numbers!("integer", "write a whole number, {least} to {most}": u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);
numbers!("number", "write a number, as in 1.5 or 2e-3; {least:e} to {most:e}": f32, f64);

impl OptionValue for bool {
    const TYPE_NAME: &'static str = "boolean";

    fn parse_option(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("write true or false".to_owned()),
        }
    }
}

impl OptionValue for String {
    const TYPE_NAME: &'static str = "string";

    fn parse_option(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl OptionValue for PathBuf {
    const TYPE_NAME: &'static str = "path";

    fn parse_option(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("a path cannot be empty".to_owned()),
            text => Ok(text.into()),
        }
    }
}

/// A whole number with a unit: `500ms`, `2s`, `5m`, `1h`, `7d`; also `us` and `ns`.
impl OptionValue for Duration {
    const TYPE_NAME: &'static str = "duration";

    fn parse_option(text: &str) -> Result<Self, String> {
        const HELP: &str = "write a whole number and one of ns, us, ms, s, m, h, d, as in 500ms";
        let text = text.trim();
        let unit_at = text
            .find(|char: char| !char.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(unit_at);
        let number: u64 = number.parse().map_err(|_| HELP.to_owned())?;
        let seconds = |seconds: u64| number.checked_mul(seconds).map(Self::from_secs);
        let duration = match unit.trim_start() {
            "ns" => Some(Self::from_nanos(number)),
            "us" => Some(Self::from_micros(number)),
            "ms" => Some(Self::from_millis(number)),
            "s" => seconds(1),
            "m" => seconds(60),
            "h" => seconds(60 * 60),
            "d" => seconds(24 * 60 * 60),
            _ => return Err(HELP.to_owned()),
        };
        duration.ok_or_else(|| "this is too long".to_owned())
    }
}

/// An option that is not given is `None`; one that is given is always `Some`.
impl<T: OptionValue> OptionValue for Option<T> {
    const TYPE_NAME: &'static str = T::TYPE_NAME;

    fn parse_option(text: &str) -> Result<Self, String> {
        T::parse_option(text).map(Some)
    }
}

/// Parts between commas, without the spaces around them; no text is no parts.
impl OptionValue for Vec<String> {
    const TYPE_NAME: &'static str = "list of strings";

    fn parse_option(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::new());
        }
        Ok(text.split(',').map(|part| part.trim().to_owned()).collect())
    }
}
