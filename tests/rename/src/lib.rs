//! The runtime is called `sw` here, and once more `crate::reexported`.
//!
//! A library that hides the runtime behind its own name writes `crate = "..."`; a plain rename in
//! `Cargo.toml` needs nothing.

/// What a library that re-exports the runtime would offer.
pub mod reexported {
    #[doc(hidden)]
    pub use sw::__private;
}

/// Found by reading `Cargo.toml`.
pub mod found {
    use streamwriter_derive::{CommitMessage, stream_writer};

    /// A message.
    #[derive(Debug, PartialEq, CommitMessage)]
    pub struct Posted {
        /// Rows.
        #[message(rows)]
        pub rows: u64,
        /// What the rows were.
        #[message(append)]
        pub kind: Kind,
    }

    /// A message inside a message.
    #[derive(Clone, Debug, PartialEq, CommitMessage)]
    pub enum Kind {
        /// Small.
        Small,
        /// Large, and how large.
        Large(u8),
    }

    /// A sink.
    #[stream_writer(name = "renamed")]
    pub struct Sink {
        #[option(secret, default = "hunter2")]
        token: String,
    }

    #[stream_writer]
    impl Sink {
        fn write(&self, rows: impl Iterator<Item = u8>) -> Posted {
            Posted {
                rows: rows.map(u64::from).sum(),
                kind: Kind::Large(u8::from(self.token.is_empty())),
            }
        }

        fn commit(&self, totals: PostedTotals, _: u64) -> Result<(), String> {
            if totals.rows == 6 {
                return Ok(());
            }
            Err(format!("{totals:?}"))
        }
    }
}

/// Told by `crate = "..."`.
pub mod told {
    use streamwriter_derive::{CommitMessage, stream_writer};

    /// A message.
    #[derive(Debug, PartialEq, CommitMessage)]
    #[message(crate = "crate::reexported")]
    pub struct Posted {
        /// Rows.
        #[message(sum)]
        pub rows: u64,
    }

    /// A sink.
    #[stream_writer(name = "told", crate = "crate::reexported")]
    #[derive(Debug)]
    pub struct Sink {
        /// An option.
        #[option(default)]
        pub limit: Option<u8>,
    }

    #[stream_writer(crate = crate::reexported)]
    impl Sink {
        fn write(&self, rows: impl Iterator<Item = u8>) -> Posted {
            Posted {
                rows: rows.map(u64::from).sum::<u64>() + u64::from(self.limit.unwrap_or(0)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sw::testing::{Pretend, round_trip, write_rows};
    use sw::{OptionMap, SinkOptions, StreamWriter};

    use super::{found, told};

    #[test]
    fn a_renamed_runtime_is_found() {
        let pretend = Pretend::default();
        let sink = found::Sink::from_options(&OptionMap::new()).unwrap();
        let message = write_rows(&sink, [1, 2, 3], &pretend.task()).unwrap();
        assert_eq!(round_trip(&message).unwrap(), message);
        StreamWriter::commit(&sink, vec![message], &pretend.batch()).unwrap();
        assert_eq!(StreamWriter::name(&sink), "renamed");
        assert_eq!(format!("{sink:?}"), "Sink { token: <secret> }");
    }

    #[test]
    fn a_reexported_runtime_is_told() {
        let sink = told::Sink::new();
        let message = write_rows(&sink, [1, 2, 3], &Pretend::default().task()).unwrap();
        assert_eq!(round_trip(&message).unwrap().rows, 6);
        assert_eq!(StreamWriter::name(&sink), "told");
    }
}
