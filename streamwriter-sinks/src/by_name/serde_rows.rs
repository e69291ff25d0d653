//! Rows that serde reads from record batches.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::vec;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use serde::de::DeserializeOwned;
use streamwriter_core::{BatchDecoder, Error, ErrorKind, Result};

use crate::parquet::schema_by_serde;

/// Makes rows that derive serde's `Deserialize`, through serde_arrow: for
/// [`SinkRegistry::register_with`](streamwriter_core::SinkRegistry::register_with).
///
/// A batch becomes rows as a whole, so one whose row does not fit is an error as a whole. Rows that
/// derive `Row` are read one by one, with errors that name row and column. Before the first batch
/// the names of the columns are held to the fields, if serde says which there are: one that is missing,
/// or that the row type does not have, is refused.
pub struct SerdeRows<R>(PhantomData<fn() -> R>);

impl<R> fmt::Debug for SerdeRows<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SerdeRows")
    }
}

impl<R: DeserializeOwned + Send + 'static> BatchDecoder for SerdeRows<R> {
    type Row = R;
    type Rows = RowsOfVec<R>;

    fn check(found: &SchemaRef) -> Result<()> {
        // A type that says nothing about its fields, such as a JSON value, takes what comes.
        let Ok(expected) = schema_by_serde::<R>() else {
            return Ok(());
        };
        let missing = expected
            .fields()
            .iter()
            .filter(|field| found.field_with_name(field.name()).is_err() && !field.is_nullable())
            .map(|field| format!("column `{}` {} is missing", field.name(), field.data_type()));
        let further = found
            .fields()
            .iter()
            .filter(|field| expected.field_with_name(field.name()).is_err())
            .map(|field| format!("column `{}` is not in the row type", field.name()));
        let differences: Vec<String> = missing.chain(further).collect();
        if differences.is_empty() {
            return Ok(());
        }
        let message = format!(
            "the schema does not fit rows of type `{}`: {}",
            type_name::<R>(),
            differences.join("; ")
        );
        Err(Error::new(ErrorKind::Config, message)
            .with_help("select and rename the columns so that they fit, or change the row type")
            .permanent())
    }

    fn rows(batch: RecordBatch) -> Result<RowsOfVec<R>> {
        let rows = serde_arrow::from_record_batch::<Vec<R>>(&batch).map_err(|error| {
            let row = type_name::<R>();
            let message = format!("the batch does not hold rows of type `{row}`: {error}");
            Error::new(ErrorKind::Row, message)
                .with_source(error)
                .permanent()
        })?;
        Ok(RowsOfVec(rows.into_iter()))
    }
}

/// The rows of one record batch; from [`SerdeRows`].
#[derive(Debug)]
pub struct RowsOfVec<R>(vec::IntoIter<R>);

impl<R> Iterator for RowsOfVec<R> {
    type Item = Result<R>;

    fn next(&mut self) -> Option<Result<R>> {
        self.0.next().map(Ok)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}
