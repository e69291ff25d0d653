//! What another process of this program does, so that its memory can be measured alone.

use streamwriter::BoxError;

pub(crate) fn run(probe: &str) -> Result<(), BoxError> {
    Err(format!("no such probe: {probe}").into())
}
