//! How record batches become the rows that a sink takes.

use std::fmt;
use std::iter::{Once, once};
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{ArrayRef, new_empty_array};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;

use crate::arrow_rows::{RecordBatchRows, Row};
use crate::error::{Error, ErrorKind, Result};

/// Turns record batches into rows of one type.
pub trait BatchDecoder: Send + Sync + 'static {
    /// The type of the rows.
    type Row: Send + 'static;
    /// The rows of one batch.
    type Rows: Iterator<Item = Result<Self::Row>> + Send;

    /// Checks, before the first batch, that batches of this schema have such rows.
    ///
    /// # Errors
    /// [`Config`](ErrorKind::Config), naming every column that does not fit.
    fn check(schema: &SchemaRef) -> Result<()>;

    /// Returns the rows of a batch, in their order.
    ///
    /// # Errors
    /// [`Row`](ErrorKind::Row) if the batch has another schema than it should.
    fn rows(batch: RecordBatch) -> Result<Self::Rows>;
}

/// Hands record batches on as they are.
#[derive(Clone, Copy, Debug)]
pub struct WholeBatches;

impl BatchDecoder for WholeBatches {
    type Row = RecordBatch;
    type Rows = Once<Result<RecordBatch>>;

    fn check(_: &SchemaRef) -> Result<()> {
        Ok(())
    }

    fn rows(batch: RecordBatch) -> Result<Self::Rows> {
        Ok(once(Ok(batch)))
    }
}

/// Makes rows that derive [`Row`].
///
/// The columns are found by their names, as [`Row::rows_of`] says. A column that the row type does not
/// have is refused: it would be lost without a word.
pub struct DerivedRows<R>(PhantomData<fn() -> R>);

impl<R> fmt::Debug for DerivedRows<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivedRows")
    }
}

impl<R: Row + Send + 'static> BatchDecoder for DerivedRows<R>
where
    RecordBatchRows<R>: Send,
{
    type Row = R;
    type Rows = RecordBatchRows<R>;

    fn check(schema: &SchemaRef) -> Result<()> {
        let differences = differences::<R>(schema);
        if differences.is_empty() {
            return Ok(());
        }
        let row = std::any::type_name::<R>();
        let message = format!(
            "the schema does not fit rows of type `{row}`: {}",
            differences.join("; ")
        );
        Err(Error::new(ErrorKind::Config, message)
            .with_help(
                "select, rename and cast the columns so that they fit, or change the row type",
            )
            .permanent())
    }

    fn rows(batch: RecordBatch) -> Result<Self::Rows> {
        R::rows_of(&batch)
    }
}

/// Names every column that does not fit, in the order of the row type, and then those that it does
/// not have.
fn differences<R: Row>(found: &Schema) -> Vec<String> {
    let expected = R::schema();
    let mut differences = Vec::new();
    for (place, field) in expected.fields().iter().enumerate() {
        let name = field.name();
        let Ok(column) = found.field_with_name(name) else {
            let data_type = field.data_type();
            differences.push(format!("column `{name}` {data_type} is missing"));
            continue;
        };
        if !takes::<R>(&expected, place, column.data_type()) {
            differences.push(format!(
                "column `{name}` is {} instead of {}",
                column.data_type(),
                field.data_type()
            ));
        }
    }
    for column in found.fields() {
        let name = column.name();
        if expected.field_with_name(name).is_err() {
            let data_type = column.data_type();
            differences.push(format!(
                "column `{name}` {data_type} is not in the row type"
            ));
        }
    }
    differences
}

/// Tells whether a column of the row type can be read from one of this type, all others being right.
fn takes<R: Row>(expected: &SchemaRef, place: usize, found: &arrow::datatypes::DataType) -> bool {
    let fields = expected.fields().iter().enumerate();
    let fields = fields.map(|(at, field)| match at == place {
        true => Arc::new(field.as_ref().clone().with_data_type(found.clone())),
        false => Arc::clone(field),
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .map(|field| new_empty_array(field.data_type()))
        .collect();
    RecordBatch::try_new(schema, columns).is_ok_and(|batch| R::rows_of(&batch).is_ok())
}
