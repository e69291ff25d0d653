//! The sinks that there are, by name.

use std::collections::BTreeMap;
use std::fmt;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

use super::decode::{BatchDecoder, DerivedRows, WholeBatches};
use super::factory::{SinkFactory, SinkRequest};
use super::sink::AnySink;
use crate::arrow_rows::Row;
use crate::engine::{caught, own_or};
use crate::error::{Error, ErrorKind, Result};
use crate::options::{OptionMap, OptionSpec, SinkOptions, nearest};
use crate::writer::WriteRows;

/// Sinks by name: the prebuilt ones (`prebuilt_sinks()`), your own, or both.
///
/// Names ignore upper and lower case. A sink made here takes Arrow record batches; one whose rows are a
/// type of its own gets them decoded.
///
/// ```
/// use streamwriter_core::SinkRegistry;
///
/// let sinks = SinkRegistry::new(); // then `register_rows::<Webhook, Order>()` and the like
/// let error = sinks.format("webhook").option("url", "http://localhost").build();
/// assert_eq!(
///     error.unwrap_err().to_string(),
///     "there is no sink `webhook`; no sink is registered"
/// );
/// ```
///
/// `docs/sinks/by-name.md` has an example with a sink of one's own.
#[derive(Debug, Default)]
pub struct SinkRegistry {
    /// By lower-case name.
    formats: BTreeMap<String, SinkFormat>,
    /// Lower-case names of formats by other lower-case names.
    aliases: BTreeMap<String, String>,
}

/// A sink that can be made by name.
pub struct SinkFormat {
    name: &'static str,
    doc: &'static str,
    options: &'static [OptionSpec],
    overwrites: bool,
    open: Box<Open>,
}

type Open = dyn Fn(&OptionMap, &SinkRequest) -> Result<AnySink> + Send + Sync;

impl SinkRegistry {
    /// Makes a registry without sinks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a sink that takes record batches. One whose rows are of a type of their own is added by
    /// [`register_rows`](Self::register_rows) or [`register_with`](Self::register_with).
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if its name is taken.
    pub fn register<W>(&mut self) -> Result<&mut Self>
    where
        W: SinkOptions + WriteRows<RecordBatch>,
    {
        self.register_with::<W, WholeBatches>()
    }

    /// Adds a sink that takes rows which derive [`Row`].
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if its name is taken.
    pub fn register_rows<W, R>(&mut self) -> Result<&mut Self>
    where
        W: SinkOptions + WriteRows<R>,
        R: Row + Send + 'static,
        DerivedRows<R>: BatchDecoder<Row = R>,
    {
        self.register_with::<W, DerivedRows<R>>()
    }

    /// Adds a sink that takes rows which a decoder makes.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if its name is taken.
    pub fn register_with<W, D>(&mut self) -> Result<&mut Self>
    where
        D: BatchDecoder,
        W: SinkOptions + WriteRows<D::Row>,
    {
        self.add(SinkFormat {
            name: W::NAME,
            doc: W::DOC,
            options: W::OPTIONS,
            overwrites: false,
            open: Box::new(|options, request| {
                let sink = W::from_options(options)?;
                Ok(AnySink::decoding::<W, D>(sink, request.schema.clone()))
            }),
        })
    }

    /// Adds a sink that is made by a factory.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if its name is taken.
    pub fn register_factory<F: SinkFactory>(&mut self) -> Result<&mut Self> {
        self.add(SinkFormat {
            name: F::NAME,
            doc: F::DOC,
            options: F::OPTIONS,
            overwrites: F::OVERWRITES,
            open: Box::new(|options, request| {
                let sink = F::from_options(options)?.open(request)?;
                let schema = request.schema.clone();
                Ok(AnySink::decoding::<F::Sink, F::Decoder>(sink, schema))
            }),
        })
    }

    /// Adds another name for a sink that is there, such as `json` for `jsonl`.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config) if the name is taken, or there is no such sink.
    pub fn alias(&mut self, name: &str, of: &str) -> Result<&mut Self> {
        let of = self.find(of)?.name.to_lowercase();
        self.expect_free(name)?;
        self.aliases.insert(name.to_lowercase(), of);
        Ok(self)
    }

    /// Returns the sinks that there are, by name.
    pub fn formats(&self) -> impl Iterator<Item = &SinkFormat> {
        self.formats.values()
    }

    /// Returns the other names of a sink.
    pub fn aliases_of(&self, format: &SinkFormat) -> impl Iterator<Item = &str> {
        let name = format.name.to_lowercase();
        let aliases = self.aliases.iter().filter(move |(_, of)| **of == name);
        aliases.map(|(alias, _)| alias.as_str())
    }

    /// Returns the sink of a name.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config): there is none; the error lists those that there are.
    pub fn find(&self, name: &str) -> Result<&SinkFormat> {
        let key = name.to_lowercase();
        let key = self.aliases.get(&key).unwrap_or(&key);
        self.formats.get(key).ok_or_else(|| self.unknown(name))
    }

    /// Begins to make the sink of a name. That there is none is said by
    /// [`build`](SinkBuilder::build).
    pub fn format(&self, name: &str) -> SinkBuilder<'_> {
        SinkBuilder {
            registry: self,
            name: name.to_owned(),
            options: OptionMap::new(),
            schema: None,
            overwrite: false,
        }
    }

    /// Returns a display of all sinks with their options for people: a list to print.
    #[must_use]
    pub fn help(&self) -> RegistryHelp<'_> {
        RegistryHelp(self)
    }

    fn add(&mut self, format: SinkFormat) -> Result<&mut Self> {
        self.expect_free(format.name)?;
        self.formats.insert(format.name.to_lowercase(), format);
        Ok(self)
    }

    fn expect_free(&self, name: &str) -> Result<()> {
        let key = name.to_lowercase();
        if !self.formats.contains_key(&key) && !self.aliases.contains_key(&key) {
            return Ok(());
        }
        let message = format!("there is a sink `{name}` already");
        Err(Error::new(ErrorKind::Config, message).with_help("give the other one another name"))
    }

    fn unknown(&self, name: &str) -> Error {
        let known = self.formats.values().map(|format| format.name);
        let known = known.chain(self.aliases.keys().map(String::as_str));
        let help = nearest(name, known, "the sinks are", "no sink is registered");
        Error::new(ErrorKind::Config, format!("there is no sink `{name}`")).with_help(help)
    }
}

impl SinkFormat {
    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns what the sink does, from the documentation of its struct.
    #[must_use]
    pub fn doc(&self) -> &'static str {
        self.doc
    }

    /// Returns the options, in the order of the struct.
    #[must_use]
    pub fn options(&self) -> &'static [OptionSpec] {
        self.options
    }

    /// Tells whether the sink can replace what its target holds.
    #[must_use]
    pub fn overwrites(&self) -> bool {
        self.overwrites
    }

    /// Returns a display of the sink and its options for people, a line each.
    #[must_use]
    pub fn help(&self) -> SinkHelp<'_> {
        SinkHelp(self)
    }

    fn open(&self, options: &OptionMap, request: &SinkRequest) -> Result<AnySink> {
        if request.overwrite && !self.overwrites {
            let message = "the sink adds to what its target holds and cannot replace it";
            return Err(
                Error::new(ErrorKind::Unsupported, message).with_help("write in append mode")
            );
        }
        (self.open)(options, request)
    }
}

impl fmt::Debug for SinkFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkFormat")
            .field("name", &self.name)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Prints a sink and its options; see [`SinkFormat::help`].
#[derive(Debug)]
pub struct SinkHelp<'f>(&'f SinkFormat);

impl fmt::Display for SinkHelp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = self.0;
        writeln!(f, "{}: {}", format.name, format.doc)?;
        let width = format.options.iter().map(|option| option.name.len()).max();
        let width = width.unwrap_or_default();
        for option in format.options {
            let of_type = option.type_name;
            let absent = match option.default {
                _ if option.required => "; required".to_owned(),
                Some("") => "; empty by default".to_owned(),
                Some(default) => format!("; `{default}` by default"),
                None => "; optional".to_owned(),
            };
            let secret = if option.secret { "; secret" } else { "" };
            writeln!(
                f,
                "  {:width$}  {} ({of_type}{absent}{secret})",
                option.name, option.doc
            )?;
        }
        Ok(())
    }
}

/// Prints all sinks and their options; see [`SinkRegistry::help`].
#[derive(Debug)]
pub struct RegistryHelp<'r>(&'r SinkRegistry);

impl fmt::Display for RegistryHelp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, format) in self.0.formats().enumerate() {
            if place > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", format.help())?;
            for alias in self.0.aliases_of(format) {
                writeln!(f, "  also called `{alias}`")?;
            }
        }
        Ok(())
    }
}

/// Collects what a sink is made of; from [`SinkRegistry::format`].
#[derive(Debug)]
#[must_use]
pub struct SinkBuilder<'r> {
    registry: &'r SinkRegistry,
    name: String,
    options: OptionMap,
    schema: Option<SchemaRef>,
    overwrite: bool,
}

impl SinkBuilder<'_> {
    /// Sets an option; one that was set before is replaced. Names ignore upper and lower case.
    pub fn option(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.options.set(name, value.to_string());
        self
    }

    /// Sets several options.
    pub fn options<K, V>(mut self, options: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        self.options.extend(options);
        self
    }

    /// Sets the schema of the record batches; it must be known.
    pub fn schema(mut self, schema: impl Into<SchemaRef>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// Sets whether each batch replaces what the target holds, as in Spark's complete mode; it does not
    /// by default.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Makes the sink.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config): there is no sink of this name, an option is unknown, missing,
    /// does not parse or makes no sense, the schema is not given, or the sink does not take it.
    /// [`Unsupported`](ErrorKind::Unsupported): the sink cannot overwrite.
    /// [`Panic`](ErrorKind::Panic): a sink of your own panicked as it was made or checked.
    pub fn build(self) -> Result<AnySink> {
        let format = self.registry.find(&self.name)?;
        let open = || {
            let schema = self.schema.ok_or_else(no_schema)?;
            let mut request = SinkRequest::new(schema);
            request.overwrite = self.overwrite;
            let sink = caught("making the sink", || format.open(&self.options, &request))??;
            caught("check_rows", || sink.check_rows())?
                .map_err(|error| own_or(error, ErrorKind::Config, "the sink refuses the rows"))?;
            Ok(sink)
        };
        open().map_err(|error: Error| error.of_sink(format.name))
    }
}

fn no_schema() -> Error {
    Error::new(
        ErrorKind::Config,
        "the schema of the record batches is not given",
    )
    .with_help("add `.schema(schema)`")
}
