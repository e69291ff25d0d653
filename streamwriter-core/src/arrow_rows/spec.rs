//! The schema as a constant.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};

/// Describes a column: its name, its type, and whether it may hold nulls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    name: &'static str,
    column_type: ColumnType,
    nullable: bool,
}

/// The type of a column, known at compile time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnType {
    /// `true` or `false`.
    Boolean,
    /// Signed, 8 bits.
    Int8,
    /// Signed, 16 bits.
    Int16,
    /// Signed, 32 bits.
    Int32,
    /// Signed, 64 bits.
    Int64,
    /// Unsigned, 8 bits.
    UInt8,
    /// Unsigned, 16 bits.
    UInt16,
    /// Unsigned, 32 bits.
    UInt32,
    /// Unsigned, 64 bits.
    UInt64,
    /// A float of 32 bits.
    Float32,
    /// A float of 64 bits.
    Float64,
    /// A number of this many decimal digits, of which so many stand behind the point.
    Decimal128(u8, i8),
    /// Text.
    Utf8,
    /// Bytes.
    Binary,
    /// This many bytes.
    FixedSizeBinary(i32),
    /// Days since 1970-01-01.
    Date32,
    /// A time of day, in seconds or milliseconds.
    Time32(TimeUnit),
    /// A time of day, in microseconds or nanoseconds.
    Time64(TimeUnit),
    /// A date with a time of day, without a zone.
    LocalTimestamp(TimeUnit),
    /// An instant, shown in UTC.
    UtcTimestamp(TimeUnit),
    /// A length of time.
    Duration(TimeUnit),
    /// Names from a fixed list, by number.
    Enum,
    /// Any number of values.
    List(&'static ColumnSpec),
    /// Keys with values.
    Map(&'static ColumnSpec, &'static ColumnSpec),
    /// Columns side by side.
    Struct(&'static [ColumnSpec]),
}

impl ColumnSpec {
    /// Describes a column.
    #[must_use]
    pub const fn new(name: &'static str, column_type: ColumnType, nullable: bool) -> Self {
        Self {
            name,
            column_type,
            nullable,
        }
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the type.
    #[must_use]
    pub const fn column_type(&self) -> ColumnType {
        self.column_type
    }

    /// Tells whether the column may hold nulls.
    #[must_use]
    pub const fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// Returns the column as Arrow describes it.
    #[must_use]
    pub fn field(&self) -> Field {
        Field::new(self.name, self.column_type.data_type(), self.nullable)
    }
}

impl ColumnType {
    /// Returns the type as Arrow names it.
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int8 => DataType::Int8,
            Self::Int16 => DataType::Int16,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::UInt8 => DataType::UInt8,
            Self::UInt16 => DataType::UInt16,
            Self::UInt32 => DataType::UInt32,
            Self::UInt64 => DataType::UInt64,
            Self::Float32 => DataType::Float32,
            Self::Float64 => DataType::Float64,
            Self::Decimal128(precision, scale) => DataType::Decimal128(precision, scale),
            Self::Utf8 => DataType::Utf8,
            Self::Binary => DataType::Binary,
            Self::FixedSizeBinary(length) => DataType::FixedSizeBinary(length),
            Self::Date32 => DataType::Date32,
            Self::Time32(unit) => DataType::Time32(unit),
            Self::Time64(unit) => DataType::Time64(unit),
            Self::LocalTimestamp(unit) => DataType::Timestamp(unit, None),
            Self::UtcTimestamp(unit) => DataType::Timestamp(unit, Some("UTC".into())),
            Self::Duration(unit) => DataType::Duration(unit),
            Self::Enum => {
                DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8))
            }
            Self::List(item) => DataType::List(Arc::new(item.field())),
            Self::Map(key, value) => DataType::Map(Arc::new(entries_field(&[*key, *value])), false),
            Self::Struct(columns) => DataType::Struct(fields(columns)),
        }
    }
}

/// Returns columns as Arrow describes them.
pub(super) fn fields(columns: &[ColumnSpec]) -> Fields {
    columns.iter().map(ColumnSpec::field).collect()
}

/// Returns the field of a map that holds its keys and values.
pub(super) fn entries_field(columns: &[ColumnSpec]) -> Field {
    Field::new("entries", DataType::Struct(fields(columns)), false)
}
