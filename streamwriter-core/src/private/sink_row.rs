//! Which rows a sink takes, for who has only its type.

/// Names the rows of a sink; `#[stream_writer]` on its impl block implements it, if there is one type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what its rows are",
    label = "not a sink with one type of rows",
    note = "add `#[stream_writer]` to the impl block with `write`, and name one type of rows there; a sink \
            that is made by a `SinkFactory` is exported by its options"
)]
pub trait SinkRow {
    /// The rows.
    type Row;
}
