//! streamwriter
extern crate self as streamwriter;
pub use streamwriter_core::*;
