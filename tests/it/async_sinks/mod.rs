//! Sinks with `async fn`: W2, W4, W6, W7 and Q2 as for plain ones.

mod files;
mod query;

pub(crate) use files::AsyncFiles;
