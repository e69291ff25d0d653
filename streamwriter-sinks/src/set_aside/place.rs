//! The driver's half: a target of its own for the files with the rows that do not fit.

use std::sync::Arc;

use streamwriter_core::{
    BatchContext, Error, Guarantee, Result, StagedObject, StreamWriter, Target,
};

use super::message::SetAsideFiles;
use crate::staging::Staging;

/// Publishes the files of rows that were set aside.
#[derive(Debug)]
pub(crate) struct Place {
    // Shared with the tasks, each of which holds on to it while it collects.
    pub(super) staging: Arc<Staging>,
}

impl Place {
    pub(super) fn over(staging: Staging) -> Self {
        Self {
            staging: Arc::new(staging),
        }
    }
}

impl StreamWriter for Place {
    type Message = SetAsideFiles;
    type Error = Error;

    fn name(&self) -> &str {
        "rows set aside in"
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce
    }

    fn target(&self) -> Option<&dyn Target> {
        Some(&*self.staging)
    }

    fn commit(&self, messages: Vec<SetAsideFiles>, batch: &BatchContext) -> Result<()> {
        self.staging.publish(&files_of(messages), batch)
    }

    fn abort(&self, messages: Vec<Option<SetAsideFiles>>, batch: &BatchContext) -> Result<()> {
        let messages = messages.into_iter().flatten();
        self.staging.discard(&files_of(messages), batch)
    }
}

fn files_of(messages: impl IntoIterator<Item = SetAsideFiles>) -> Vec<StagedObject> {
    messages
        .into_iter()
        .flat_map(|message| message.files)
        .collect()
}
