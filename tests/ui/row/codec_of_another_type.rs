//! A codec that is not one for the field.

use streamwriter_core::{BoxError, ColumnCodec};
use streamwriter_derive::Row;

struct Text;

impl ColumnCodec<std::path::PathBuf> for Text {
    type Column = String;

    fn encode(path: &std::path::PathBuf) -> Result<String, BoxError> {
        Ok(path.display().to_string())
    }

    fn decode(text: String) -> Result<std::path::PathBuf, BoxError> {
        Ok(text.into())
    }
}

#[derive(Row)]
struct Trip {
    #[row(with = Text)]
    id: u64,
}

fn main() {}
