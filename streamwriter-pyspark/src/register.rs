//! Puts a sink into a registry by what its rows are.
//!
//! [`Pick`] is either the options of a factory or a sink, whose rows are then inferred: there is one
//! [`SinkRow`] for it. Of the traits that follow, a call takes the first that fits, by how many references
//! it has to take away. The last one takes anything, so what does not fit it is an error that says what to
//! write.

use std::fmt;
use std::marker::PhantomData;

use arrow::record_batch::RecordBatch;
use streamwriter_core::__private::SinkRow;
use streamwriter_core::{
    BatchDecoder, DerivedRows, Result, Row, SinkFactory, SinkOptions, SinkRegistry, WriteRows,
};

/// Stands for a sink, or for the options of one.
pub struct Pick<W>(PhantomData<fn() -> W>);

/// Stands for the options of a sink.
pub struct OfFactory<W>(PhantomData<fn() -> W>);

/// Stands for a sink and its rows.
pub struct OfRows<W, R>(PhantomData<fn() -> (W, R)>);

impl<W> Pick<W> {
    /// Makes one.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<W> Default for Pick<W> {
    fn default() -> Self {
        Self::new()
    }
}

impl<W> fmt::Debug for Pick<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pick")
    }
}

impl<W> fmt::Debug for OfFactory<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfFactory")
    }
}

impl<W, R> fmt::Debug for OfRows<W, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfRows")
    }
}

/// Picks options of which a sink is made.
pub trait PickFactory<W> {
    /// Returns what registers the sink.
    fn pick(&self) -> OfFactory<W>;
}

impl<W: SinkFactory> PickFactory<W> for &Pick<W> {
    fn pick(&self) -> OfFactory<W> {
        OfFactory(PhantomData)
    }
}

/// Picks a sink.
pub trait PickSink<W> {
    /// Returns what registers the sink.
    fn pick<R>(&self) -> OfRows<W, R>
    where
        W: SinkRow<R>;
}

impl<W> PickSink<W> for Pick<W> {
    fn pick<R>(&self) -> OfRows<W, R>
    where
        W: SinkRow<R>,
    {
        OfRows(PhantomData)
    }
}

impl<W: SinkFactory> OfFactory<W> {
    /// Adds the sink, and returns its name.
    ///
    /// # Errors
    /// The name is taken.
    pub fn register(&self, registry: &mut SinkRegistry) -> Result<&'static str> {
        registry.register_factory::<W>()?;
        Ok(W::NAME)
    }
}

/// A sink of record batches.
pub trait RegisterBatches {
    /// Adds the sink, and returns its name.
    ///
    /// # Errors
    /// The name is taken.
    fn register(&self, registry: &mut SinkRegistry) -> Result<&'static str>;
}

impl<W> RegisterBatches for &&OfRows<W, RecordBatch>
where
    W: SinkOptions + WriteRows<RecordBatch>,
{
    fn register(&self, registry: &mut SinkRegistry) -> Result<&'static str> {
        registry.register::<W>()?;
        Ok(W::NAME)
    }
}

/// A sink of rows that derive [`Row`].
pub trait RegisterDerived {
    /// Adds the sink, and returns its name.
    ///
    /// # Errors
    /// The name is taken.
    fn register(&self, registry: &mut SinkRegistry) -> Result<&'static str>;
}

impl<W, R> RegisterDerived for &OfRows<W, R>
where
    W: SinkOptions + WriteRows<R>,
    R: Row + Send + 'static,
    DerivedRows<R>: BatchDecoder<Row = R>,
{
    fn register(&self, registry: &mut SinkRegistry) -> Result<&'static str> {
        registry.register_rows::<W, R>()?;
        Ok(W::NAME)
    }
}

/// A sink of rows that something else makes of record batches: serde.
pub trait RegisterDecoded<W, R> {
    /// Adds the sink, and returns its name.
    ///
    /// # Errors
    /// The name is taken.
    fn register(&self, registry: &mut SinkRegistry) -> Result<&'static str>
    where
        W: SinkOptions + WriteRows<R>,
        R: RowOfSpark;
}

impl<W, R> RegisterDecoded<W, R> for OfRows<W, R> {
    fn register(&self, registry: &mut SinkRegistry) -> Result<&'static str>
    where
        W: SinkOptions + WriteRows<R>,
        R: RowOfSpark,
    {
        registry.register_with::<W, R::Decoder>()?;
        Ok(W::NAME)
    }
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
