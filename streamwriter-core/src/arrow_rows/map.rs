//! Maps, in the order in which they iterate.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, MapArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};

use super::accept::other_type;
use super::column::{Column, ColumnBuilder, ListItem, cannot_build};
use super::list::{Spans, span};
use super::spec::{ColumnSpec, ColumnType, entries_field, fields};
use crate::message::{FieldError, FieldResult};

/// The columns inside a map.
struct Entry<K, V, As>(PhantomData<(K, V, As)>);

impl<K: Column, V: Column<As>, As> Entry<K, V, As> {
    const KEY: &'static ColumnSpec = &ColumnSpec::new(
        "key",
        {
            assert!(!K::NULLABLE, "the key of a map cannot be an Option");
            K::TYPE
        },
        false,
    );
    const VALUE: &'static ColumnSpec = &ColumnSpec::new("value", V::TYPE, V::NULLABLE);
}

/// Collects maps.
#[derive(Debug)]
pub struct MapBuilder<K, V> {
    keys: K,
    values: V,
    columns: [ColumnSpec; 2],
    spans: Spans,
}

/// A column of maps.
#[derive(Debug)]
pub struct MapReader<K, V> {
    keys: K,
    values: V,
    offsets: OffsetBuffer<i32>,
    nulls: Option<NullBuffer>,
}

macro_rules! map {
    ($map:ident<K, V $(, $state:ident)?> where $($bounds:tt)*) => {
        impl<K, V, As $(, $state)?> Column<As> for $map<K, V $(, $state)?>
        where
            K: Column,
            V: Column<As>,
            $($bounds)*
        {
            type Builder = MapBuilder<K::Builder, V::Builder>;
            type Reader = MapReader<K::Reader, V::Reader>;

            const TYPE: ColumnType =
                ColumnType::Map(Entry::<K, V, As>::KEY, Entry::<K, V, As>::VALUE);

            fn builder(rows: usize) -> Self::Builder {
                MapBuilder {
                    keys: K::builder(rows),
                    values: V::builder(rows),
                    columns: [*Entry::<K, V, As>::KEY, *Entry::<K, V, As>::VALUE],
                    spans: Spans::with_capacity(rows),
                }
            }

            fn append(value: &Self, builder: &mut Self::Builder) -> FieldResult<()> {
                for (index, (key, value)) in value.iter().enumerate() {
                    K::append(key, &mut builder.keys)
                        .map_err(|error| error.in_field("key").in_item(index))?;
                    V::append(value, &mut builder.values)
                        .map_err(|error| error.in_field("value").in_item(index))?;
                }
                builder.spans.append(value.len())
            }

            fn reader(array: &ArrayRef) -> FieldResult<Self::Reader> {
                map_reader::<K, V, As>(array)
            }

            fn read(reader: &Self::Reader, at: usize) -> FieldResult<Self> {
                let span = span(&reader.offsets, reader.nulls.as_ref(), at)?;
                let mut map = Self::default();
                for (index, entry) in span.enumerate() {
                    let key = K::read(&reader.keys, entry)
                        .map_err(|error| error.in_field("key").in_item(index))?;
                    let value = V::read(&reader.values, entry)
                        .map_err(|error| error.in_field("value").in_item(index))?;
                    if map.insert(key, value).is_some() {
                        return Err(FieldError::new("the map has this key twice").in_item(index));
                    }
                }
                Ok(map)
            }
        }

        impl<K, V, As $(, $state)?> ListItem<As> for $map<K, V $(, $state)?>
        where
            K: Column,
            V: Column<As>,
            $($bounds)*
        {
        }
    };
}

map!(BTreeMap<K, V> where K: Ord);
map!(HashMap<K, V, S> where K: Eq + Hash, S: BuildHasher + Default);

impl<K: ColumnBuilder, V: ColumnBuilder> ColumnBuilder for MapBuilder<K, V> {
    #[inline]
    fn append_null(&mut self) {
        self.spans.append_null();
    }

    fn finish(self) -> FieldResult<ArrayRef> {
        let columns = vec![self.keys.finish()?, self.values.finish()?];
        let entries =
            StructArray::try_new(fields(&self.columns), columns, None).map_err(cannot_build)?;
        let (offsets, nulls) = self.spans.finish();
        let field = Arc::new(entries_field(&self.columns));
        let map = MapArray::try_new(field, offsets, entries, nulls, false);
        Ok(Arc::new(map.map_err(cannot_build)?))
    }
}

/// What encloses a key or a value is named by its role; the array may call it otherwise.
fn map_reader<K: Column, V: Column<As>, As>(
    array: &ArrayRef,
) -> FieldResult<MapReader<K::Reader, V::Reader>> {
    let map = array
        .as_map_opt()
        .ok_or_else(|| other_type("a Map", array.data_type()))?;
    Ok(MapReader {
        keys: K::reader(map.keys()).map_err(|error| error.in_field("key"))?,
        values: V::reader(map.values()).map_err(|error| error.in_field("value"))?,
        offsets: map.offsets().clone(),
        nulls: map.nulls().cloned(),
    })
}
