//! Columns into row groups: the one place that decides where a row group ends.

use std::io::Write;
use std::mem;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::errors::{ParquetError, Result};
use parquet::file::writer::SerializedFileWriter;

use super::crew::Crew;
use super::dictionaries::ColumnWriters;
use super::errand::Pending;
use super::footprint::{COLUMN_AT_END, FILE, Footprint};
use super::gauge::Gauge;
use super::lanes::Leaf;
use super::sizes::{PER_COLUMN, encoded_max};
use crate::rolling::Memory;

/// How large a row group may become.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How many rows it has at most.
    pub(super) rows: usize,
    /// How many encoded bytes it has at most, about.
    pub(super) bytes: usize,
    /// How much memory its columns may keep, about.
    pub(super) memory: usize,
    /// What the columns need that they do not count.
    pub(super) footprint: Footprint,
}

/// A Parquet file as it is written: what an `ArrowWriter` makes of the same batches, byte for byte, but for the
/// dictionaries that [`ColumnWriters`] leave out.
///
/// With a [`Crew`] the columns are encoded by several threads. Where a row group ends depends on how large
/// its columns have become, so it asks them. Since that waits for all threads, it asks only if the limit
/// might be reached, as far as can be said from the rows alone; what it decides is the same.
pub(super) struct RowGroups<'c, W: Write + Send> {
    file: Place<W>,
    /// How many row groups were completed.
    completed: usize,
    /// How many columns a row group has, once there was one.
    leaves_each: usize,
    columns: ColumnWriters,
    schema: SchemaRef,
    limits: Limits,
    crew: Option<&'c Crew<'c>>,
    open: Option<Open>,
}

/// Where the file is.
enum Place<W: Write + Send> {
    Here(SerializedFileWriter<W>),
    /// With the crew, which appends a row group to it while the next one is being filled.
    Away(Pending<Result<SerializedFileWriter<W>>>),
    /// Lost in an error.
    Gone,
}

/// The row group that is being filled.
struct Open {
    /// None while the crew has them.
    writers: Vec<ArrowColumnWriter>,
    is_shared: bool,
    leaves: usize,
    rows: usize,
    encoded: Gauge,
    memory: Gauge,
    footprint: Footprint,
}

impl<'c, W: Write + Send + 'static> RowGroups<'c, W> {
    /// Goes on where a writer that has not written anything is. For `settled` columns a person has
    /// decided on a dictionary.
    pub(super) fn new(
        writer: ArrowWriter<W>,
        schema: SchemaRef,
        limits: Limits,
        settled: &[(String, bool)],
        crew: Option<&'c Crew<'c>>,
    ) -> Result<Self> {
        let (file, usual) = writer.into_serialized_writer()?;
        let columns = ColumnWriters::new(&file, usual, Arc::clone(&schema), settled);
        Ok(Self {
            file: Place::Here(file),
            completed: 0,
            leaves_each: 0,
            columns,
            schema,
            limits,
            crew,
            open: None,
        })
    }

    /// Writes columns, into one row group or several.
    pub(super) fn write(&mut self, columns: &RecordBatch) -> Result<()> {
        let mut at = 0;
        while at < columns.num_rows() {
            let left = columns.num_rows() - at;
            let slice = columns.slice(at, left);
            let rows = self.room_for(&slice)?;
            self.add(&slice.slice(0, rows))?;
            at += rows;
        }
        Ok(())
    }

    /// Completes the row group that is being filled.
    pub(super) fn flush(&mut self) -> Result<()> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let chunks = open.close(self.crew)?;
        self.here()?;
        self.completed += 1;
        self.file = match mem::replace(&mut self.file, Place::Gone) {
            Place::Here(file) => match self.crew.filter(|crew| crew.is_staffed()) {
                Some(crew) => Place::Away(crew.send(move || append(file, chunks))),
                None => Place::Here(append(file, chunks)?),
            },
            elsewhere => elsewhere,
        };
        Ok(())
    }

    /// Returns the file, once every completed row group is in it.
    fn here(&mut self) -> Result<&mut SerializedFileWriter<W>> {
        self.file = match (mem::replace(&mut self.file, Place::Gone), self.crew) {
            (Place::Away(pending), Some(crew)) => {
                Place::Here(crew.fetch(pending).ok_or_else(gone)??)
            }
            (place, _) => place,
        };
        match &mut self.file {
            Place::Here(file) => Ok(file),
            _ => Err(gone()),
        }
    }

    /// Completes the file.
    pub(super) fn into_inner(mut self) -> Result<W> {
        self.flush()?;
        self.here()?;
        match self.file {
            Place::Here(file) => file.into_inner(),
            _ => Err(gone()),
        }
    }

    /// Tells whether what has left the writer, and its estimate of the row group that is being filled,
    /// are this much.
    pub(super) fn has_reached(&mut self, bytes: u64) -> Result<bool> {
        let written = self.here()?.bytes_written();
        let open = match &mut self.open {
            None => 0,
            Some(open) if ((written.saturating_add(open.encoded.at_most())) as u64) < bytes => {
                return Ok(false);
            }
            Some(open) => open.measure(self.crew)?,
        };
        Ok((written.saturating_add(open)) as u64 >= bytes)
    }

    /// Returns how much memory the file keeps, as far as its columns are at hand.
    pub(super) fn memory(&self) -> Memory {
        let columns = self.leaves_each.saturating_mul(self.completed);
        Memory {
            fixed: FILE + columns.saturating_mul(COLUMN_AT_END),
            flushable: self
                .open
                .as_ref()
                .map_or(0, |open| open.footprint.of(&open.writers, open.rows)),
        }
    }

    /// Returns how many of these rows, the first of them, go into the row group that is being filled; at
    /// least one. Begins another one if that is full.
    fn room_for(&mut self, columns: &RecordBatch) -> Result<usize> {
        loop {
            let open = match &mut self.open {
                Some(open) => open,
                none => {
                    let writers = self.columns.begin(self.completed, columns)?;
                    self.leaves_each = writers.len();
                    none.insert(Open::new(writers, self.limits.footprint))
                }
            };
            let rows = columns
                .num_rows()
                .min(self.limits.rows.saturating_sub(open.rows));
            if open.rows == 0 {
                return Ok(rows);
            }
            let bytes = self.limits.bytes;
            if room(open.encoded.at_most(), open.rows, bytes) >= rows {
                return Ok(rows);
            }
            let room = room(open.measure(self.crew)?, open.rows, bytes);
            if room > 0 {
                return Ok(rows.min(room));
            }
            self.flush()?;
        }
    }

    /// Adds rows to the row group that is being filled, and completes it if it is full then.
    fn add(&mut self, columns: &RecordBatch) -> Result<()> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        open.add(columns, &self.schema, self.crew)?;
        let is_full = open.rows >= self.limits.rows
            || (open.encoded.at_most() >= self.limits.bytes
                && open.measure(self.crew)? >= self.limits.bytes)
            || (open.memory.at_most() >= self.limits.memory
                && open.measure_memory(self.crew)? >= self.limits.memory);
        if is_full {
            self.flush()?;
        }
        Ok(())
    }
}

fn append<W: Write + Send>(
    mut file: SerializedFileWriter<W>,
    chunks: Vec<ArrowColumnChunk>,
) -> Result<SerializedFileWriter<W>> {
    let mut row_group = file.next_row_group()?;
    for chunk in chunks {
        chunk.append_to_row_group(&mut row_group)?;
    }
    row_group.close()?;
    Ok(file)
}

fn gone() -> ParquetError {
    ParquetError::General("an earlier error has ended the file".to_owned())
}

/// Returns how many rows fit into a row group that has so many in so many bytes, by their mean size.
fn room(bytes: usize, rows: usize, bytes_max: usize) -> usize {
    let Some(left) = bytes_max.checked_sub(bytes).filter(|left| *left > 0) else {
        return 0;
    };
    let mean = bytes.checked_div(rows).unwrap_or(0);
    left.checked_div(mean).unwrap_or(usize::MAX)
}

impl Open {
    fn new(writers: Vec<ArrowColumnWriter>, footprint: Footprint) -> Self {
        Self {
            leaves: writers.len(),
            writers,
            is_shared: false,
            rows: 0,
            encoded: Gauge::default(),
            memory: Gauge::default(),
            footprint,
        }
    }

    fn add(
        &mut self,
        columns: &RecordBatch,
        schema: &SchemaRef,
        crew: Option<&Crew<'_>>,
    ) -> Result<()> {
        self.rows += columns.num_rows();
        let Some(crew) = crew else {
            self.encoded.grow(usize::MAX, 0);
            return self.encode(columns, schema);
        };
        let bytes = encoded_max(columns);
        self.encoded.grow(bytes, self.leaves * PER_COLUMN);
        // Tables of hashes and their growth beside the values.
        let once = 2 * PER_COLUMN + self.footprint.column_max();
        self.memory
            .grow(bytes.saturating_mul(3), self.leaves * once);
        if !crew.has_help(self.leaves) {
            return self.encode(columns, schema);
        }
        self.share(crew);
        hand_in(columns, schema, bytes, crew)
    }

    fn share(&mut self, crew: &Crew<'_>) {
        if !self.is_shared {
            self.is_shared = true;
            crew.begin(mem::take(&mut self.writers));
        }
    }

    fn encode(&mut self, columns: &RecordBatch, schema: &SchemaRef) -> Result<()> {
        let mut writers = self.writers.iter_mut();
        for (field, column) in schema.fields().iter().zip(columns.columns()) {
            for leaf in compute_leaves(field, column)? {
                let writer = writers.next().ok_or_else(more_leaves_than_columns)?;
                writer.write(&leaf)?;
            }
        }
        Ok(())
    }

    /// Returns the estimate of the encoded size. Waits for the crew, unless nothing was added since.
    fn measure(&mut self, crew: Option<&Crew<'_>>) -> Result<usize> {
        if let Some(exact) = self.encoded.exact() {
            return Ok(exact);
        }
        self.take_back(crew)?;
        let each = self.writers.iter();
        let encoded = each.map(ArrowColumnWriter::get_estimated_total_bytes).sum();
        self.encoded.set(encoded);
        Ok(encoded)
    }

    /// Returns how much memory the columns keep, likewise.
    fn measure_memory(&mut self, crew: Option<&Crew<'_>>) -> Result<usize> {
        if let Some(exact) = self.memory.exact() {
            return Ok(exact);
        }
        self.take_back(crew)?;
        let memory = self.footprint.of(&self.writers, self.rows);
        self.memory.set(memory);
        Ok(memory)
    }

    fn take_back(&mut self, crew: Option<&Crew<'_>>) -> Result<()> {
        if let Some(crew) = crew.filter(|_| self.is_shared) {
            self.writers = crew.end()?;
            self.is_shared = false;
        }
        Ok(())
    }

    fn close(mut self, crew: Option<&Crew<'_>>) -> Result<Vec<ArrowColumnChunk>> {
        match crew {
            Some(crew) if crew.is_staffed() => {
                self.share(crew);
                crew.close()
            }
            _ => self
                .writers
                .into_iter()
                .map(ArrowColumnWriter::close)
                .collect(),
        }
    }
}

/// Gives rows to the crew. An error of the levels comes behind those of the columns before.
fn hand_in(columns: &RecordBatch, schema: &SchemaRef, bytes: usize, crew: &Crew<'_>) -> Result<()> {
    let mut leaves = Vec::with_capacity(columns.num_columns());
    for (field, column) in schema.fields().iter().zip(columns.columns()) {
        if !field.data_type().is_nested() {
            leaves.push(Leaf::Whole(Arc::clone(field), Arc::clone(column)));
            continue;
        }
        match compute_leaves(field, column) {
            Ok(of_column) => leaves.extend(of_column.into_iter().map(Leaf::Part)),
            Err(error) => {
                crew.encode(leaves, bytes)?;
                crew.end()?;
                return Err(error);
            }
        }
    }
    crew.encode(leaves, bytes)
}

fn more_leaves_than_columns() -> ParquetError {
    ParquetError::General("there are more columns than the schema has".to_owned())
}
