//! Which sink a cluster asks for.

use arrow::datatypes::SchemaRef;

use crate::options::OptionMap;

/// Which sink a cluster asks for, and with what.
#[derive(Clone, Debug)]
pub struct ClusterRequest {
    /// The name of the sink in its registry.
    pub sink: String,
    /// The options: those of the sink, those of the bridge, and what the cluster adds by itself. Names
    /// ignore upper and lower case.
    pub options: OptionMap,
    /// The schema of the record batches.
    pub schema: SchemaRef,
    /// Whether each batch is to replace what the target holds, as in Spark's complete mode.
    pub overwrite: bool,
}
