//! Columns of types that are none.

use super::column::Column;
use crate::error::BoxError;
use crate::message::{FieldError, FieldResult};

/// Turns a type of anywhere into one that is a [`Column`], and back: `#[row(with = Codec)]`.
///
/// The codec stands for the whole type of the field, an `Option` around it included. Encoding
/// makes an intermediate value for each row.
///
/// ```
/// use streamwriter_core::{BoxError, ColumnCodec};
///
/// /// Paths as text.
/// struct PathText;
///
/// impl ColumnCodec<std::path::PathBuf> for PathText {
///     type Column = String;
///
///     fn encode(path: &std::path::PathBuf) -> Result<String, BoxError> {
///         Ok(path.to_str().ok_or("the path is not UTF-8")?.to_owned())
///     }
///
///     fn decode(text: String) -> Result<std::path::PathBuf, BoxError> {
///         Ok(text.into())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not turn `{T}` into a column",
    note = "implement `ColumnCodec<{T}>` for it: the type of the column, `encode` and `decode`"
)]
pub trait ColumnCodec<T> {
    /// The type that stands in the column.
    type Column: Column;

    /// Returns the value for the column.
    ///
    /// # Errors
    /// The value has no place in the column; the row is bad then.
    fn encode(value: &T) -> Result<Self::Column, BoxError>;

    /// Returns the value of the row.
    ///
    /// # Errors
    /// The column holds what no row wrote.
    fn decode(column: Self::Column) -> Result<T, BoxError>;
}

/// Makes the reason of a codec the error of its field.
///
/// # Errors
/// The codec's own.
#[inline]
pub fn by_codec<C>(result: Result<C, BoxError>) -> FieldResult<C> {
    result.map_err(failed)
}

/// The reason stands in the message: it is what the person who wrote the codec has to say.
#[cold]
fn failed(error: BoxError) -> FieldError {
    FieldError::new(error.to_string()).with_source(error)
}
