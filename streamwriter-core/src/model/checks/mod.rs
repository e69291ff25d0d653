//! The checks that need the whole crate. The others belong to their subjects: each is compiled for
//! the real code and for every twin of it.

pub(super) mod query;
