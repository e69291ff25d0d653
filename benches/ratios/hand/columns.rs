//! Arrow builders by hand.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use streamwriter::BoxError;

use crate::rows::Trip;

pub(crate) struct Columns {
    schema: SchemaRef,
    rows: usize,
    id: Int64Builder,
    began: Int64Builder,
    fare: Float64Builder,
    passengers: Int32Builder,
    city: StringBuilder,
    car: StringBuilder,
    note: StringBuilder,
}

impl Columns {
    pub(crate) fn new() -> Self {
        let schema = Schema::new(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("began", DataType::Int64, false),
            Field::new("fare", DataType::Float64, false),
            Field::new("passengers", DataType::Int32, false),
            Field::new("city", DataType::Utf8, false),
            Field::new("car", DataType::Utf8, false),
            Field::new("note", DataType::Utf8, true),
        ]);
        Self {
            schema: Arc::new(schema),
            rows: 0,
            id: Int64Builder::new(),
            began: Int64Builder::new(),
            fare: Float64Builder::new(),
            passengers: Int32Builder::new(),
            city: StringBuilder::new(),
            car: StringBuilder::new(),
            note: StringBuilder::new(),
        }
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    #[inline]
    pub(crate) fn push(&mut self, row: &Trip) {
        self.rows += 1;
        self.id.append_value(row.id);
        self.began.append_value(row.began);
        self.fare.append_value(row.fare);
        self.passengers.append_value(row.passengers);
        self.city.append_value(&row.city);
        self.car.append_value(&row.car);
        self.note.append_option(row.note.as_deref());
    }

    pub(crate) fn take(&mut self) -> Result<RecordBatch, BoxError> {
        self.rows = 0;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.id.finish()),
            Arc::new(self.began.finish()),
            Arc::new(self.fare.finish()),
            Arc::new(self.passengers.finish()),
            Arc::new(self.city.finish()),
            Arc::new(self.car.finish()),
            Arc::new(self.note.finish()),
        ];
        Ok(RecordBatch::try_new(self.schema(), columns)?)
    }
}
