//! Enums without data, as names by number.

use std::sync::Arc;

use arrow::array::builder::UInt32Builder;
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, StringArray};
use arrow::datatypes::UInt32Type;

use super::accept::{array_as, other_type};
use super::column::{ColumnBuilder, cannot_build, not_null};
use super::spec::ColumnType;
use crate::message::{FieldError, FieldResult};

/// Collects the numbers of variants.
#[derive(Debug)]
pub struct EnumBuilder {
    numbers: UInt32Builder,
    names: &'static [&'static str],
}

/// A column of names that are all known.
#[derive(Debug)]
pub struct EnumReader {
    array: DictionaryArray<UInt32Type>,
    /// The variant of each entry of the dictionary; none for a name that no variant has.
    variants: Vec<Option<u32>>,
}

impl EnumBuilder {
    /// Makes an empty builder; the dictionary holds all names, in the order of the enum.
    #[must_use]
    pub fn new(names: &'static [&'static str], rows: usize) -> Self {
        Self {
            numbers: UInt32Builder::with_capacity(rows),
            names,
        }
    }

    /// Appends a variant by its number.
    #[inline]
    pub fn append(&mut self, number: u32) {
        self.numbers.append_value(number);
    }
}

impl ColumnBuilder for EnumBuilder {
    #[inline]
    fn append_null(&mut self) {
        self.numbers.append_null();
    }

    fn finish(mut self) -> FieldResult<ArrayRef> {
        let names = Arc::new(StringArray::from_iter_values(self.names));
        let numbers = UInt32Builder::finish(&mut self.numbers);
        let array = DictionaryArray::try_new(numbers, names);
        Ok(Arc::new(array.map_err(cannot_build)?))
    }
}

impl EnumReader {
    /// Takes a dictionary of names, or the names themselves.
    ///
    /// # Errors
    /// The array has another type.
    pub fn new(array: &ArrayRef, names: &[&str]) -> FieldResult<Self> {
        let array = array_as(array, ColumnType::Enum)?;
        let array = array
            .as_dictionary_opt::<UInt32Type>()
            .ok_or_else(|| other_type("names", array.data_type()))?
            .clone();
        let entries = array
            .values()
            .as_string_opt::<i32>()
            .ok_or_else(|| other_type("names", array.values().data_type()))?;
        let number_of = |entry: Option<&str>| {
            let number = names.iter().position(|name| entry == Some(*name))?;
            u32::try_from(number).ok()
        };
        let variants = entries.iter().map(number_of).collect();
        Ok(Self { array, variants })
    }

    /// Returns the number of the variant at an index.
    ///
    /// # Errors
    /// A null, or a name that no variant has.
    #[inline]
    pub fn number(&self, at: usize, names: &[&str]) -> FieldResult<u32> {
        not_null(self.array.keys(), at)?;
        let entry = self.array.keys().value(at) as usize;
        match self.variants.get(entry) {
            Some(Some(number)) => Ok(*number),
            _ => Err(self.no_variant(entry, names)),
        }
    }

    #[cold]
    fn no_variant(&self, entry: usize, names: &[&str]) -> FieldError {
        let entries = self.array.values().as_string_opt::<i32>();
        let found = match entries {
            Some(entries) if entry < entries.len() && entries.is_valid(entry) => {
                format!("{:?}", entries.value(entry))
            }
            _ => "null".to_owned(),
        };
        let names = names.join(", ");
        FieldError::new(format!("expected one of {names}, found {found}"))
    }
}
