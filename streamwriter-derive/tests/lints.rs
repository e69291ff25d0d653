//! Generated code is quiet in crates that are strict, and needs no name in scope.

#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]
#![no_implicit_prelude]
#![allow(non_camel_case_types, reason = "shadowing is the point")]

use ::core::convert::From;
use ::core::iter::Iterator;
use ::std::vec::Vec;
use ::streamwriter_derive::{CommitMessage, Row, stream_writer};

/// Names that careless generated code would pick up.
pub mod shadows {
    /// Not the one of the prelude.
    #[derive(Debug)]
    pub struct Result;
    /// Not the one of the prelude.
    #[derive(Debug)]
    pub struct Option;
    /// Not the one of the prelude.
    #[derive(Debug)]
    pub struct Ok;
    /// Not the one of the prelude.
    #[derive(Debug)]
    pub struct Some;
    /// Not the crate.
    pub mod core {}
    /// Not the crate.
    pub mod std {}
    /// Not the crate.
    pub mod streamwriter_core {}
}

#[allow(unused_imports, reason = "only there to be in the way")]
use shadows::{Ok, Option, Result, Some, core, std, streamwriter_core};

/// A message of each kind of field.
#[derive(CommitMessage, Debug)]
#[message(name = "strict")]
pub struct Strict {
    /// Rows.
    #[message(rows)]
    pub rows: u64,
    /// Names.
    #[message(append)]
    pub names: Vec<u8>,
    /// The least.
    #[message(min)]
    pub least: ::core::option::Option<u8>,
    #[message(serde)]
    hidden: bool,
}

/// A message without fields.
#[derive(CommitMessage, Debug)]
pub struct Nothing();

/// A message without fields.
#[derive(CommitMessage, Debug)]
pub struct Braces {}

/// Variants.
#[derive(CommitMessage, Debug)]
pub enum Variants {
    /// Without fields.
    Unit,
    /// Without fields.
    Parens(),
    /// Without fields.
    Braces {},
    /// With fields.
    Tuple(u8, #[message(rows)] u8),
}

/// One variant.
#[derive(CommitMessage, Debug)]
pub enum One {
    /// Without fields.
    Unit,
}

/// Private.
#[derive(CommitMessage)]
struct Private {
    #[message(sum)]
    _sum: u8,
}

/// A row of each kind of field.
#[derive(Row, Debug)]
pub struct Columns<T> {
    /// Its kind.
    pub kind: ::core::option::Option<Kind>,
    /// Its items.
    pub items: Vec<T>,
    #[row(unit = "ms")]
    at: ::std::time::SystemTime,
    #[row(decimal(10, 2))]
    fare: i64,
    #[row(with = Text)]
    text: bool,
    /// Not too complex by itself.
    pub map: ::core::option::Option<
        ::std::collections::BTreeMap<::std::string::String, ::core::option::Option<Vec<u8>>>,
    >,
    /// No column.
    #[row(skip)]
    pub seen: u8,
    #[allow(deprecated, reason = "on purpose")]
    old: Old,
    private: PrivateRow,
}

/// Names.
#[derive(Row, Debug)]
pub enum Kind {
    /// One.
    None,
    /// Another.
    #[deprecated]
    Ok,
}

/// One name.
#[derive(Row, Debug)]
pub enum Only {
    /// The one.
    Err,
}

/// A column.
#[derive(Row, Debug)]
#[deprecated]
pub struct Old(u8);

/// A column of a type that nobody sees.
#[derive(Row, Debug)]
pub struct Hidden(PrivateRow);

#[derive(Row, Debug)]
struct PrivateRow {
    id: u8,
}

/// A codec.
#[derive(Debug)]
pub struct Text;

impl ::streamwriter_core::ColumnCodec<bool> for Text {
    type Column = u8;

    fn encode(value: &bool) -> ::core::result::Result<u8, ::streamwriter_core::BoxError> {
        ::core::result::Result::Ok(u8::from(*value))
    }

    fn decode(column: u8) -> ::core::result::Result<bool, ::streamwriter_core::BoxError> {
        ::core::result::Result::Ok(column == 1)
    }
}

/// A sink with a secret.
#[stream_writer(name = "strict")]
pub struct Sink {
    /// Where to.
    pub url: ::std::string::String,
    #[option(secret)]
    token: ::core::option::Option<::std::string::String>,
    #[option(default = 3)]
    retries: u8,
}

#[stream_writer(guarantee = at_least_once)]
impl Sink {
    fn write(&self, rows: impl Iterator<Item = u8>) -> Strict {
        Strict {
            rows: u64::from(self.retries) + rows.map(u64::from).sum::<u64>(),
            names: Vec::new(),
            least: ::core::option::Option::None,
            hidden: self.token.is_some(),
        }
    }

    #[allow(clippy::unused_self, reason = "a sink that counts")]
    fn commit(&self, totals: StrictTotals, messages: Vec<Strict>) {
        ::core::mem::drop((totals, messages));
    }

    #[cfg(any())]
    fn abort(&self) {}
}

/// A sink that this build does not have.
#[derive(Debug)]
pub struct Elsewhere;

#[stream_writer]
impl Elsewhere {
    #[cfg(any())]
    fn write(&self, rows: impl Iterator<Item = u8>) {}
}

#[test]
fn the_private_message_is_used() {
    let message = Private { _sum: 1 };
    let totals = ::streamwriter_core::totals([&message]);
    ::core::assert!(totals == ::core::clone::Clone::clone(&totals));
}
