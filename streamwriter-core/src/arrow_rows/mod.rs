//! Rows as Arrow columns, and back.
//!
//! A [`Row`] is a struct with `#[derive(Row)]`; each of its fields is a [`Column`]. Everything is
//! decided by types at compile time: a row is appended to its builders by reference, without an
//! intermediate value and without dynamic dispatch, and the schema is a constant
//! ([`Row::COLUMNS`]). `types.md` has the table of types; it is part of the docs of [`Row`].

mod column;
pub mod encoding;
mod row;
mod spec;

mod accept;
mod boxed;
mod bytes;
mod codec;
mod decimal;
mod enums;
mod list;
mod map;
mod numbers;
mod option;
mod structs;
mod text;
mod times;
mod units;

#[cfg(test)]
mod tests;

pub use codec::ColumnCodec;
pub use column::{Column, ColumnBuilder, ListItem};
pub use row::{RecordBatchRows, Row, RowBuilder};
pub use spec::{ColumnSpec, ColumnType};

/// What `#[derive(Row)]` calls.
pub mod generated {
    pub use super::codec::{ColumnCodec, by_codec};
    pub use super::column::{Column, ColumnBuilder, ListItem};
    pub use super::encoding::{Decimal, Micros, Millis, Nanos, Plain, Seconds};
    pub use super::enums::{EnumBuilder, EnumReader};
    pub use super::row::Row;
    pub use super::spec::{ColumnSpec, ColumnType};
    pub use super::structs::{StructColumns, StructReader, finish_struct};
    pub use arrow::array::ArrayRef;
    pub use arrow::array::builder::NullBufferBuilder;
}
