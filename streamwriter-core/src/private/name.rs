//! How a sink's name crosses from the struct to the impl.

/// What a writer without a name of its own falls back to.
///
/// `#[stream_writer(name = "...")]` on a struct makes an inherent constant of the same name, and
/// an inherent constant hides that of a trait.
pub trait NamelessWriter {
    /// No name.
    const __STREAM_WRITER_NAME: Option<&'static str> = None;
}

impl<T: ?Sized> NamelessWriter for T {}
