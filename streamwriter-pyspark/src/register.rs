//! Puts a sink into a registry by what its rows are.
//!
//! The four traits are tried in this order, by how many references a call has to take away:
//! [`RegisterFactory`], [`RegisterBatches`], [`RegisterDerived`], [`RegisterDecoded`]. The last one takes
//! anything, so what does not fit it is an error that says what to write.

use std::fmt;
use std::marker::PhantomData;

use arrow::record_batch::RecordBatch;
use streamwriter_core::__private::SinkRow;
use streamwriter_core::{
    BatchDecoder, DerivedRows, Result, Row, SinkFactory, SinkOptions, SinkRegistry, WriteRows,
};

/// Stands for a sink, or for the options of one.
pub struct Probe<W>(PhantomData<fn() -> W>);

impl<W> Probe<W> {
    /// Makes one.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<W> Default for Probe<W> {
    fn default() -> Self {
        Self::new()
    }
}

impl<W> fmt::Debug for Probe<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

/// Options of which a sink is made.
pub trait RegisterFactory {
    /// Adds the sink.
    ///
    /// # Errors
    /// Its name is taken.
    fn register(&self, registry: &mut SinkRegistry) -> Result<()>;
}

impl<W: SinkFactory> RegisterFactory for &&&Probe<W> {
    fn register(&self, registry: &mut SinkRegistry) -> Result<()> {
        registry.register_factory::<W>().map(drop)
    }
}

/// A sink of record batches.
pub trait RegisterBatches {
    /// Adds the sink.
    ///
    /// # Errors
    /// Its name is taken.
    fn register(&self, registry: &mut SinkRegistry) -> Result<()>;
}

impl<W> RegisterBatches for &&Probe<W>
where
    W: SinkOptions + SinkRow<Row = RecordBatch> + WriteRows<RecordBatch>,
{
    fn register(&self, registry: &mut SinkRegistry) -> Result<()> {
        registry.register::<W>().map(drop)
    }
}

/// A sink of rows that derive [`Row`].
pub trait RegisterDerived {
    /// Adds the sink.
    ///
    /// # Errors
    /// Its name is taken.
    fn register(&self, registry: &mut SinkRegistry) -> Result<()>;
}

impl<W, R> RegisterDerived for &Probe<W>
where
    W: SinkOptions + SinkRow<Row = R> + WriteRows<R>,
    R: Row + Send + 'static,
    DerivedRows<R>: BatchDecoder<Row = R>,
{
    fn register(&self, registry: &mut SinkRegistry) -> Result<()> {
        registry.register_rows::<W, R>().map(drop)
    }
}

/// A sink of rows that something else makes of record batches: serde.
pub trait RegisterDecoded<W> {
    /// Adds the sink.
    ///
    /// # Errors
    /// Its name is taken.
    fn register(&self, registry: &mut SinkRegistry) -> Result<()>
    where
        W: SinkOptions + SinkRow + WriteRows<<W as SinkRow>::Row>,
        <W as SinkRow>::Row: RowOfSpark;
}

impl<W> RegisterDecoded<W> for Probe<W> {
    fn register(&self, registry: &mut SinkRegistry) -> Result<()>
    where
        W: SinkOptions + SinkRow + WriteRows<<W as SinkRow>::Row>,
        <W as SinkRow>::Row: RowOfSpark,
    {
        let decoder = PhantomData::<<<W as SinkRow>::Row as RowOfSpark>::Decoder>;
        register_with::<W, _>(registry, decoder)
    }
}

fn register_with<W, D>(registry: &mut SinkRegistry, _: PhantomData<D>) -> Result<()>
where
    D: BatchDecoder,
    W: SinkOptions + WriteRows<D::Row>,
{
    registry.register_with::<W, D>().map(drop)
}

/// Rows that can be made of what Spark hands over.
#[diagnostic::on_unimplemented(
    message = "rows of type `{Self}` cannot be made of what Spark hands over",
    note = "derive `Row` of streamwriter or `Deserialize` of serde for `{Self}`, or write \
            `RecordBatch`es"
)]
pub trait RowOfSpark: Sized + Send + 'static {
    /// What makes them.
    type Decoder: BatchDecoder<Row = Self>;
}

#[cfg(feature = "serde")]
impl<R> RowOfSpark for R
where
    R: streamwriter_core::__private::serde::de::DeserializeOwned + Send + 'static,
{
    type Decoder = streamwriter_sinks::SerdeRows<R>;
}
