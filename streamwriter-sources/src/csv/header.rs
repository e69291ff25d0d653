//! What is said about the columns of a file before its rows: by its first record, by the program, and by
//! its directories.

use streamwriter_core::{Error, Result};

use super::decode::{CsvOptions, Framed};
use crate::files::columns::{differences, list};
use crate::files::decode_error::shape_error;
use crate::files::hive::DirectoryValue;

/// The columns of one file.
#[derive(Debug, Default)]
pub(crate) struct Header {
    /// The names of the columns, if there are any.
    pub(super) names: Option<Vec<String>>,
    /// How many there are in the file.
    pub(super) columns: usize,
    /// The columns that follow those of the file, from its directories.
    pub(super) values: Vec<DirectoryValue>,
}

impl Header {
    /// Takes over the first record of a file.
    ///
    /// # Errors
    /// [`Row`](streamwriter_core::ErrorKind::Row) if it cannot be a header, or if its columns are not
    /// those that were declared.
    pub(super) fn read(
        first: &Framed<'_>,
        options: &CsvOptions,
        values: Vec<DirectoryValue>,
    ) -> Result<Self> {
        let unusable = |reason: &str| {
            shape_error(
                format!("the header cannot be read: {reason}"),
                "write `.header(false)` if the files have none, or correct the file's first line and \
                 start anew with another checkpoint and target",
            )
        };
        let (named, declared) = (options.header, &options.columns);
        let names = match first {
            // Without rows there is nothing to compare.
            Framed::End => None,
            Framed::TooLong if named => return Err(unusable("it is too long")),
            Framed::Unclosed if named => return Err(unusable("a quote is not closed")),
            Framed::Record(text, ends) if named => {
                Some(names(text, ends).ok_or_else(|| unusable("it is not UTF-8"))?)
            }
            Framed::Record(_, ends) if ends.len() != declared.len() && !declared.is_empty() => {
                if !options.flexible {
                    return Err(another_width(ends.len(), declared));
                }
                Some(declared.clone())
            }
            _ => (!declared.is_empty()).then(|| declared.clone()),
        };
        if let Some(names) = names.as_ref().filter(|_| named) {
            expect_declared(names, declared)?;
            expect_in_one_place(names, &values)?;
        }
        let columns = match (first, &names) {
            (Framed::Record(_, ends), _) => ends.len(),
            (_, Some(names)) => names.len(),
            (_, None) => 0,
        };
        Ok(Self {
            names,
            columns,
            values,
        })
    }

    /// Names a column for a person.
    pub(super) fn column(&self, index: usize) -> String {
        match self.names.as_ref().and_then(|names| names.get(index)) {
            Some(name) => format!("{name:?}"),
            None => (index + 1).to_string(),
        }
    }

    /// Lists the columns for a person.
    pub(super) fn list(&self) -> String {
        let mut list = match &self.names {
            Some(names) => list(names),
            None => format!("1 to {}", self.columns),
        };
        if !self.values.is_empty() {
            let columns: Vec<&str> = self.values.iter().map(|one| one.column.as_str()).collect();
            list = format!("{list}, and its directories {}", columns.join(", "));
        }
        list
    }

    /// Says that a value of the directories fits no row.
    pub(super) fn unfit(&self, index: usize, reason: &str) -> Error {
        match self.values.get(index) {
            Some(value) => value.unfit(reason),
            None => shape_error(reason, "rename the directory"),
        }
    }
}

/// Returns the fields of a record, if they are UTF-8.
pub(super) fn names(text: &[u8], ends: &[usize]) -> Option<Vec<String>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut start = 0;
    ends.iter()
        .map(|&end| {
            Some(
                text.get(std::mem::replace(&mut start, end)..end)?
                    .to_owned(),
            )
        })
        .collect()
}

const AS_THEY_COME: &str = "correct `.columns([…])`, or leave it out to take the columns of each file as they \
     come, and start again; or correct the file and start anew with another checkpoint and target";

/// Compares the columns of a file with those that were declared, in any order.
fn expect_declared(names: &[String], declared: &[String]) -> Result<()> {
    if declared.is_empty() {
        return Ok(());
    }
    let Some(differences) = differences(names, declared) else {
        return Ok(());
    };
    let message = format!(
        "the columns of the file are not those declared ({differences}); the file has {}; declared are {}",
        list(names),
        list(declared)
    );
    Err(shape_error(message, AS_THEY_COME))
}

fn another_width(found: usize, declared: &[String]) -> Error {
    let message = format!(
        "the first row of the file has {found} columns; declared are {}: {}",
        declared.len(),
        declared.join(", ")
    );
    shape_error(message, AS_THEY_COME)
}

fn expect_in_one_place(names: &[String], values: &[DirectoryValue]) -> Result<()> {
    match values.iter().find(|value| names.contains(&value.column)) {
        None => Ok(()),
        Some(value) => Err(shape_error(
            format!(
                "the column {:?} is in the file as well as in its directory {:?}",
                value.column, value.directory
            ),
            "take it out of the file or out of the directories, and start anew with another \
             checkpoint and target; to leave the directories out of the rows, write \
             `.recursive(true)` instead of `.partitioned_by([…])`",
        )),
    }
}
