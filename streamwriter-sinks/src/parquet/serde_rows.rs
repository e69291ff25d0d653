//! Columns from any type that serde can write, with the schema found from the type.

use std::any::{TypeId, type_name};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_arrow::ArrayBuilder;
use serde_arrow::schema::{SchemaLike, TracingOptions};
use streamwriter_core::{BoxError, Error, ErrorKind, Result};

use super::encoding::{Columns, Encoding};

/// Takes rows that serde can write and read, field by field.
///
/// The schema is found once, from the type alone, when the query starts: `Option` fields are
/// nullable and all others are not, integers and floats keep their width, strings are `Utf8`
/// (also those that look like dates), lists are `List`, structs are `Struct`, maps are `Map`, and
/// enums without data are dictionaries of strings. These are the rules of rows that derive `Row`
/// ([`Derived`](super::Derived)), as far as serde says enough. A type that says too little, such as
/// `serde_json::Value`, needs a schema of its own:
/// [`ParquetSink::schema`](super::ParquetSink::schema).
#[derive(Debug, Default)]
pub struct ViaSerde {
    given: Option<SchemaRef>,
    /// The schema of the row type that was seen last; a query has one.
    found: Mutex<Option<(TypeId, SchemaRef)>>,
}

impl ViaSerde {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn with_schema(schema: SchemaRef) -> Self {
        Self {
            given: Some(schema),
            found: Mutex::default(),
        }
    }

    fn schema_of<R: DeserializeOwned + 'static>(&self) -> Result<SchemaRef> {
        if let Some(schema) = &self.given {
            return Ok(Arc::clone(schema));
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match &*found {
            Some((of, schema)) if *of == TypeId::of::<R>() => Ok(Arc::clone(schema)),
            _ => {
                let schema = trace::<R>()?;
                *found = Some((TypeId::of::<R>(), Arc::clone(&schema)));
                Ok(schema)
            }
        }
    }
}

/// Finds the schema of a row type.
pub(crate) fn trace<R: DeserializeOwned>() -> Result<SchemaRef> {
    let options = TracingOptions::default()
        .allow_null_fields(true)
        .map_as_struct(false)
        .strings_as_large_utf8(false)
        .bytes_as_large_binary(false)
        .sequence_as_large_list(false)
        .enums_without_data_as_strings(true);
    let fields = Vec::<FieldRef>::from_type::<R>(options).map_err(no_schema::<R>)?;
    Ok(Arc::new(Schema::new(fields)))
}

fn no_schema<R>(error: serde_arrow::Error) -> Error {
    Error::new(
        ErrorKind::Config,
        format!("rows of type `{}` have no Parquet schema", type_name::<R>()),
    )
    .with_source(error)
    .with_help("give a schema with `ParquetSink::schema`, or change the field that is named")
    .permanent()
}

impl<R: Serialize + DeserializeOwned + Send + 'static> Encoding<R> for ViaSerde {
    type Columns = SerdeColumns;

    fn schema(&self) -> Result<SchemaRef> {
        self.schema_of::<R>()
    }

    fn columns(&self) -> Result<SerdeColumns> {
        let schema = self.schema_of::<R>()?;
        let builder = ArrayBuilder::from_arrow(schema.fields()).map_err(no_schema::<R>)?;
        Ok(SerdeColumns {
            builder,
            schema,
            rows: 0,
        })
    }
}

/// The columns of [`ViaSerde`].
#[derive(Debug)]
pub struct SerdeColumns {
    builder: ArrayBuilder,
    schema: SchemaRef,
    rows: usize,
}

impl<R: Serialize> Columns<R> for SerdeColumns {
    fn push(&mut self, row: R) -> Result<(), BoxError> {
        self.builder.push(&row)?;
        self.rows += 1;
        Ok(())
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn take(&mut self) -> Result<RecordBatch, BoxError> {
        self.rows = 0;
        let columns = self.builder.to_arrow()?;
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}
