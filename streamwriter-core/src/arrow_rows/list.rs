//! Lists.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::builder::NullBufferBuilder;
use arrow::array::{Array, ArrayRef, AsArray, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::accept::other_type;
use super::column::{Column, ColumnBuilder, ListItem, cannot_build, null_found};
use super::spec::{ColumnSpec, ColumnType};
use crate::message::{FieldError, FieldResult};

/// The column inside a list.
struct Item<T, As>(PhantomData<(T, As)>);

impl<T: Column<As>, As> Item<T, As> {
    const SPEC: &'static ColumnSpec = &ColumnSpec::new("element", T::TYPE, T::NULLABLE);
}

/// Collects lists.
#[derive(Debug)]
pub struct ListBuilder<B> {
    items: B,
    item: &'static ColumnSpec,
    spans: Spans,
}

/// A column of lists.
#[derive(Debug)]
pub struct ListReader<R> {
    items: R,
    offsets: OffsetBuffer<i32>,
    nulls: Option<NullBuffer>,
}

impl<T: ListItem<As>, As> Column<As> for Vec<T> {
    type Builder = ListBuilder<T::Builder>;
    type Reader = ListReader<T::Reader>;

    const TYPE: ColumnType = ColumnType::List(Item::<T, As>::SPEC);

    fn builder(rows: usize) -> Self::Builder {
        ListBuilder {
            items: T::builder(rows),
            item: Item::<T, As>::SPEC,
            spans: Spans::with_capacity(rows),
        }
    }

    #[inline]
    fn append(value: &Self, builder: &mut Self::Builder) -> FieldResult<()> {
        for (index, item) in value.iter().enumerate() {
            T::append(item, &mut builder.items).map_err(|error| error.in_item(index))?;
        }
        builder.spans.append(value.len())
    }

    fn reader(array: &ArrayRef) -> FieldResult<Self::Reader> {
        let list = list_of(array)?;
        Ok(ListReader {
            items: T::reader(list.values()).map_err(|error| error.in_field("element"))?,
            offsets: list.offsets().clone(),
            nulls: list.nulls().cloned(),
        })
    }

    fn read(reader: &Self::Reader, at: usize) -> FieldResult<Self> {
        let span = span(&reader.offsets, reader.nulls.as_ref(), at)?;
        let start = span.start;
        let read = |item| {
            T::read(&reader.items, item).map_err(|error: FieldError| error.in_item(item - start))
        };
        span.map(read).collect()
    }
}

impl<T: ListItem<As>, As> ListItem<As> for Vec<T> {}

impl<B: ColumnBuilder> ColumnBuilder for ListBuilder<B> {
    #[inline]
    fn append_null(&mut self) {
        self.spans.append_null();
    }

    fn finish(self) -> FieldResult<ArrayRef> {
        let items = self.items.finish()?;
        let (offsets, nulls) = self.spans.finish();
        let list = ListArray::try_new(Arc::new(self.item.field()), offsets, items, nulls);
        Ok(Arc::new(list.map_err(cannot_build)?))
    }
}

/// Which items belong to which row.
#[derive(Debug)]
pub(super) struct Spans {
    /// Where each row starts, and where the last one ends; never falls.
    offsets: Vec<i32>,
    end: i32,
    valid: NullBufferBuilder,
}

impl Spans {
    pub(super) fn with_capacity(rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows.saturating_add(1));
        offsets.push(0);
        Self {
            offsets,
            end: 0,
            valid: NullBufferBuilder::new(rows),
        }
    }

    #[inline]
    pub(super) fn append(&mut self, items: usize) -> FieldResult<()> {
        let items = i32::try_from(items).ok();
        self.end = items
            .and_then(|items| self.end.checked_add(items))
            .ok_or_else(too_many)?;
        self.offsets.push(self.end);
        self.valid.append_non_null();
        Ok(())
    }

    #[inline]
    pub(super) fn append_null(&mut self) {
        self.offsets.push(self.end);
        self.valid.append_null();
    }

    pub(super) fn finish(mut self) -> (OffsetBuffer<i32>, Option<NullBuffer>) {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        (offsets, self.valid.finish())
    }
}

#[cold]
fn too_many() -> FieldError {
    FieldError::new(
        "the lists of a column of one batch hold at most 2147483647 items: make batches of fewer \
         rows",
    )
}

/// Returns the items of a row that is not null.
#[inline]
pub(super) fn span(
    offsets: &OffsetBuffer<i32>,
    nulls: Option<&NullBuffer>,
    at: usize,
) -> FieldResult<Range<usize>> {
    if nulls.is_some_and(|nulls| nulls.is_null(at)) {
        return Err(null_found());
    }
    match (offsets.get(at), offsets.get(at + 1)) {
        (Some(start), Some(end)) => Ok(*start as usize..*end as usize),
        _ => Err(FieldError::new(format!("there is no row {at}"))),
    }
}

/// Returns the array as lists; large lists and those of a fixed size hold the same values.
fn list_of(array: &ArrayRef) -> FieldResult<ListArray> {
    let found = array.data_type();
    let array = match found {
        DataType::List(_) => ArrayRef::clone(array),
        DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            cast(array, &DataType::List(Arc::clone(item))).map_err(|error| {
                FieldError::new(format!("{found} does not fit into a List")).with_source(error)
            })?
        }
        _ => return Err(other_type("a List", found)),
    };
    let list = array.as_list_opt().cloned();
    list.ok_or_else(|| other_type("a List", array.data_type()))
}
