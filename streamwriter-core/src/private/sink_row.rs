//! Which rows a sink takes, for who has only its type.

/// Names the rows of a sink; `#[stream_writer]` on its impl block implements it, if there is one type.
///
/// The rows are a parameter, and not an associated type: they may be private where the sink is public.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what its rows are",
    note = "add `#[stream_writer]` to the impl block with `write`, and take one type of rows there",
    note = "a sink that is made by a `SinkFactory` is exported by its options"
)]
pub trait SinkRow<R> {}
