//! Options of sinks by name: what a command line, a registry or Spark hands over as text.

mod value;

use std::collections::BTreeMap;
use std::fmt;

use crate::error::{Error, ErrorKind, Result};

pub use value::OptionValue;

/// Describes one option of a sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OptionSpec {
    /// The name; upper and lower case mean the same.
    pub name: &'static str,
    /// What kind of value it takes, such as `integer`.
    pub type_name: &'static str,
    /// The default as text, if there is one.
    pub default: Option<&'static str>,
    /// Whether it must be given.
    pub required: bool,
    /// Whether its value must not be shown.
    pub secret: bool,
    /// What it means.
    pub doc: &'static str,
}

impl OptionSpec {
    /// Describes an option that may be left out and has no default.
    #[must_use]
    pub const fn new(name: &'static str, type_name: &'static str) -> Self {
        Self {
            name,
            type_name,
            default: None,
            required: false,
            secret: false,
            doc: "",
        }
    }

    /// Sets the default's text.
    #[must_use]
    pub const fn with_default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// Makes the option one that must be given.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Makes the option one whose value is never shown.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Sets what the option means.
    #[must_use]
    pub const fn with_doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }
}

/// Options as text by name; the names ignore upper and lower case, as on Spark.
///
/// `Debug` shows names only: any value may be a secret.
///
/// ```
/// use streamwriter_core::OptionMap;
///
/// let mut options = OptionMap::from([("url", "http://localhost")]);
/// options.set("maxRows", "100");
/// assert_eq!(options.get("MAXROWS"), Some("100"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct OptionMap {
    /// By lower-case name: the name as it was given, and the value.
    entries: BTreeMap<String, (String, String)>,
}

impl OptionMap {
    /// Makes a map without options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an option; the value that was there before is gone.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        let name = name.into();
        self.entries
            .insert(name.to_lowercase(), (name, value.into()));
        self
    }

    /// Returns the text of an option.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.entries
            .get(&name.to_lowercase())
            .map(|(_, value)| value.as_str())
    }

    /// Returns the names as they were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.values().map(|(name, _)| name.as_str())
    }
}

impl fmt::Debug for OptionMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.names().map(|name| (name, format_args!("...")));
        // One entry at a time: `format_args!` does not live long enough for `entries`.
        let mut map = f.debug_map();
        for (name, value) in shown {
            map.entry(&name, &value);
        }
        map.finish()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for OptionMap {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<K: Into<String>, V: Into<String>> Extend<(K, V)> for OptionMap {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (name, value) in entries {
            self.set(name, value);
        }
    }
}

impl<K: Into<String>, V: Into<String>, const N: usize> From<[(K, V); N]> for OptionMap {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

/// A sink that can be made from options; `#[stream_writer]` on a struct implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made from options",
    note = "add `#[stream_writer(name = \"...\")]` to the struct"
)]
pub trait SinkOptions: Sized {
    /// The name of the sink, as people write it.
    const NAME: &'static str;

    /// What the sink does, from the documentation of the struct.
    const DOC: &'static str;

    /// The options, in the order of the fields.
    const OPTIONS: &'static [OptionSpec];

    /// Makes the sink.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config): a name that is not an option, a required option that is
    /// missing, a value that does not parse. Secrets are not in the message.
    fn from_options(options: &OptionMap) -> Result<Self>;
}

/// Reads options that have been checked against their descriptions.
#[derive(Debug)]
pub struct OptionReader<'o> {
    options: &'o OptionMap,
    specs: &'static [OptionSpec],
}

impl<'o> OptionReader<'o> {
    /// Checks the names.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config): a name that is not an option, or required ones missing.
    pub fn new(options: &'o OptionMap, specs: &'static [OptionSpec]) -> Result<Self> {
        let known = |name: &str| specs.iter().any(|spec| same_name(spec.name, name));
        if let Some(name) = options.names().find(|name| !known(name)) {
            return Err(unknown_option(name, specs));
        }
        let missing: Vec<String> = specs
            .iter()
            .filter(|spec| spec.required && options.get(spec.name).is_none())
            .map(|spec| format!("`{}` ({})", spec.name, spec.type_name))
            .collect();
        if !missing.is_empty() {
            let message = format!("required options are missing: {}", missing.join(", "));
            return Err(Error::new(ErrorKind::Config, message).with_help(known_options(specs)));
        }
        Ok(Self { options, specs })
    }

    /// Reads an option, or returns `None` if it is not given.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if the text does not parse.
    pub fn get<T: OptionValue>(&self, name: &str) -> Result<Option<T>> {
        self.get_with(name, T::parse_option)
    }

    /// Reads an option that must be given.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if the text does not parse or is not there.
    pub fn required<T: OptionValue>(&self, name: &str) -> Result<T> {
        self.required_with(name, T::parse_option)
    }

    /// Reads an option with a function, or returns `None` if it is not given.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) with the reason that the function returns; for a secret,
    /// without it.
    pub fn get_with<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>> {
        let Some(text) = self.options.get(name) else {
            return Ok(None);
        };
        parse(text).map(Some).map_err(|reason| {
            let spec = self.spec(name);
            let type_name = spec.map_or("a value", |spec| spec.type_name);
            let message = if spec.is_some_and(|spec| spec.secret) {
                format!(
                    "option `{name}` does not parse as {type_name}; its value is a secret and \
                     not shown"
                )
            } else {
                format!("option `{name}` does not parse as {type_name}: {text:?}: {reason}")
            };
            Error::new(ErrorKind::Config, message)
        })
    }

    /// Reads an option that must be given with a function.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) as [`get_with`](Self::get_with), or if it is not there.
    pub fn required_with<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T> {
        self.get_with(name, parse)?.ok_or_else(|| {
            let message = format!("required options are missing: `{name}`");
            Error::new(ErrorKind::Config, message)
        })
    }

    fn spec(&self, name: &str) -> Option<&'static OptionSpec> {
        self.specs.iter().find(|spec| same_name(spec.name, name))
    }
}

fn same_name(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

fn known_options(specs: &[OptionSpec]) -> String {
    let names: Vec<String> = specs
        .iter()
        .map(|spec| format!("`{}`", spec.name))
        .collect();
    format!("the options are {}", names.join(", "))
}

fn unknown_option(name: &str, specs: &[OptionSpec]) -> Error {
    let known = specs.iter().map(|spec| spec.name);
    let help = nearest(name, known, "the options are", "there are no options");
    Error::new(ErrorKind::Config, format!("unknown option `{name}`")).with_help(help)
}

/// Says which of the known names a person may have meant, and which there are.
pub(crate) fn nearest<'n>(
    name: &str,
    known: impl Iterator<Item = &'n str>,
    there_are: &str,
    there_are_none: &str,
) -> String {
    let known: Vec<&str> = known.collect();
    let nearest = known
        .iter()
        .map(|known| (edit_distance(name, known), *known))
        .min();
    let mut help = match nearest {
        Some((distance, nearest)) if distance <= nearest.chars().count() / 2 => {
            format!("did you mean `{nearest}`? ")
        }
        _ => String::new(),
    };
    let quoted: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
    help += &match known.is_empty() {
        true => there_are_none.to_owned(),
        false => format!("{there_are} {}", quoted.join(", ")),
    };
    help
}

/// Counts the characters to insert, remove or replace to get from one name to the other.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (b, &up) in b.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(a != *b)).min(up + 1).min(left + 1);
            diagonal = up;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
