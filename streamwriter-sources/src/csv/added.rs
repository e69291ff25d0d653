//! The columns that the directories of a file add to its records.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::row::{Fields, NamedFields};
use crate::files::decode_error::DecodeError;
use crate::files::hive::DirectoryValue;

/// The columns that come from the directories, one after another.
pub(super) struct Added<'r> {
    values: &'r [DirectoryValue],
    index: usize,
}

impl<'r> Added<'r> {
    pub(super) fn new(values: &'r [DirectoryValue]) -> Self {
        Self { values, index: 0 }
    }

    /// Returns how many have been read.
    pub(super) fn read(&self) -> usize {
        self.index
    }

    fn name(&self) -> Option<&'r str> {
        let value = self.values.get(self.index)?;
        Some(value.column.as_str())
    }

    /// Reads the value before which one stands.
    fn next_value<S: DeserializeSeed<'r>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError> {
        let index = self.index;
        let Some(value) = self.values.get(index) else {
            return Ok(None);
        };
        self.index += 1;
        seed.deserialize(value.field())
            .map(Some)
            .map_err(|error| error.of_directory(index))
    }
}

/// The fields of a record and what the directories add, in order.
pub(super) struct UnnamedAndAdded<'f, 'r> {
    pub(super) fields: &'f mut Fields<'r>,
    pub(super) added: &'f mut Added<'r>,
}

impl<'r> SeqAccess<'r> for UnnamedAndAdded<'_, 'r> {
    type Error = DecodeError;

    fn next_element_seed<S: DeserializeSeed<'r>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError> {
        match self.fields.is_at_end() {
            false => self.fields.next_value(seed),
            true => self.added.next_value(seed),
        }
    }
}

/// The fields of a record and what the directories add, with the names of their columns.
pub(super) struct NamedAndAdded<'r> {
    fields: NamedFields<'r>,
    added: Added<'r>,
    /// Whether the last key was of the directories.
    is_added: bool,
}

impl<'r> NamedAndAdded<'r> {
    pub(super) fn new(fields: NamedFields<'r>, values: &'r [DirectoryValue]) -> Self {
        Self {
            fields,
            added: Added::new(values),
            is_added: false,
        }
    }
}

impl<'r> MapAccess<'r> for NamedAndAdded<'r> {
    type Error = DecodeError;

    fn next_key_seed<S: DeserializeSeed<'r>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError> {
        if self.fields.has_next() {
            return self.fields.next_key_seed(seed);
        }
        self.is_added = true;
        let Some(name) = self.added.name() else {
            return Ok(None);
        };
        let name = BorrowedStrDeserializer::new(name);
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'r>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, DecodeError> {
        if !self.is_added {
            return self.fields.next_value_seed(seed);
        }
        let value = self.added.next_value(seed)?;
        value.ok_or_else(|| DecodeError::value("a value was asked for before its column"))
    }
}
