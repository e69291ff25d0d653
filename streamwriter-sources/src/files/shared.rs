//! What every source over a [`Directory`](super::Directory) has in common, written once.

/// The options that all of them have.
macro_rules! directory_options {
    () => {
        /// Says that directories inside are entered, whatever they are called; by default they are not.
        ///
        /// Those whose names begin with `.` or `_` never are, so that a target of a file sink can be
        /// read, with its `_streamwriter` in it. What the directories are called says nothing about the
        /// rows: for `city=Oslo/` write [`partitioned_by`](Self::partitioned_by), beside which this says
        /// nothing more. A file is known by its
        /// path below the directory, so one that is moved is another one. A symbolic link to a directory
        /// is an error that names it.
        pub fn recursive(mut self, recursive: bool) -> Self {
            self.directory.options.layout.recursive = recursive;
            self
        }

        /// Names the columns that directories hold, outermost first: `["city", "year"]` for
        /// `city=Oslo/year=2026/`; none by default. It is the counterpart of a sink's `partition_by`.
        ///
        /// Every file has to lie in directories of exactly these columns, in this order; one that lies
        /// anywhere else, also in directories of other columns or at another depth, fails the query by
        /// its name. Values are unescaped as Spark escapes them (`%2F`), and
        /// `__HIVE_DEFAULT_PARTITION__` is null. A column that is in the file as well is an error.
        /// Directories whose names begin with `.` or `_` are not entered.
        ///
        /// Columns are declared and not discovered, because a stream does not know what comes later: what
        /// is there at one start may have other columns than what is there at the next, and a file in the
        /// wrong place would give nulls without a word. Names that no directory can have are refused at
        /// the start.
        pub fn partitioned_by(mut self, columns: impl IntoIterator<Item: Into<String>>) -> Self {
            let columns = columns.into_iter().map(Into::into);
            self.directory.options.layout.columns = columns.collect();
            self
        }

        /// Sets which files are read, by the ends of their names; upper or lower case.
        ///
        /// The defaults are above. An empty list is refused at the start.
        pub fn extensions(mut self, extensions: impl IntoIterator<Item: Into<String>>) -> Self {
            self.directory.options.set_extensions(extensions);
            self
        }

        /// Sets how many bytes of input a partition has at least, if its batch has them; the default
        /// is 1 MiB. Each partition makes a file of its own, so a small value makes many small files.
        ///
        /// A batch that is planned keeps its partitions. 0 is refused at the start.
        pub fn partition_bytes_min(mut self, bytes: u64) -> Self {
            self.directory.options.partition_bytes_min = bytes;
            self
        }
    };
}

/// The options of those whose rows may be bad ones.
#[cfg(any(feature = "csv", feature = "jsonl"))]
macro_rules! bad_row_options {
    () => {
        /// Sets what happens to rows that do not fit; the default is [`BadRows::Fail`](crate::BadRows::Fail).
        pub fn bad_rows(mut self, policy: $crate::files::BadRows) -> Self {
            self.directory.options.bad_rows = policy;
            self
        }

        /// Sets how long a row may be in bytes; a longer one is a bad row. The default is 16 MiB.
        ///
        /// It keeps a row that has no end from reading the rest of the file into memory. 0 is refused at
        /// the start.
        pub fn record_bytes_max(mut self, bytes: usize) -> Self {
            self.directory.options.record_bytes_max = bytes;
            self
        }
    };
}

/// The part of a [`Source`](streamwriter_core::Source) that the directory does, whatever the format.
macro_rules! source_of_directory {
    ($format:literal) => {
        $crate::files::shared::source_of_directory!($format, |_, _| Ok(None));
    };
    // `columns` says which columns of a file are held to those of the first one.
    ($format:literal, $columns:expr) => {
        type Offset = $crate::files::FilesOffset;
        type Partition = $crate::files::FilesPartition;

        fn description(&self) -> String {
            self.directory.description($format)
        }

        fn sets_aside(&self) -> bool {
            self.directory.sets_aside()
        }

        fn start(
            &self,
            context: &streamwriter_core::SourceContext,
        ) -> Result<(), streamwriter_core::BoxError> {
            self.check_options()?;
            Ok(self.directory.start(context)?)
        }

        fn resumed(
            &self,
            _: streamwriter_core::BatchId,
            plan: &streamwriter_core::Plan<Self::Offset, Self::Partition>,
        ) -> Result<(), streamwriter_core::BoxError> {
            self.directory.resumed(plan);
            Ok(())
        }

        fn freeze(&self) -> Result<(), streamwriter_core::BoxError> {
            Ok(self.directory.freeze()?)
        }

        fn measures(&self) -> &'static [streamwriter_core::Measure] {
            $crate::files::MEASURES
        }

        fn gathered(
            &self,
            start: Option<&Self::Offset>,
            limits: &streamwriter_core::PlanLimits,
        ) -> Result<streamwriter_core::Gathered, streamwriter_core::BoxError> {
            Ok(self.directory.gathered(start, limits)?)
        }

        fn plan(
            &self,
            start: Option<&Self::Offset>,
            limits: &streamwriter_core::PlanLimits,
        ) -> Result<
            Option<streamwriter_core::Plan<Self::Offset, Self::Partition>>,
            streamwriter_core::BoxError,
        > {
            let columns_of = |file: &$crate::files::FileIdentity| $columns(self, file);
            Ok(self
                .directory
                .plan(self.framing(), columns_of, start, limits)?)
        }

        fn accept(
            &self,
            batch: streamwriter_core::BatchId,
            counts: &streamwriter_core::ReadCounts,
        ) -> Result<(), streamwriter_core::BoxError> {
            Ok(self.directory.accept(batch, counts)?)
        }

        fn committed(
            &self,
            batch: streamwriter_core::BatchId,
            plan: &streamwriter_core::Plan<Self::Offset, Self::Partition>,
        ) -> Result<(), streamwriter_core::BoxError> {
            Ok(self.directory.committed(batch, plan)?)
        }
    };
}

#[cfg(any(feature = "csv", feature = "jsonl"))]
pub(crate) use bad_row_options;
pub(crate) use {directory_options, source_of_directory};
