//! The target of two sinks: each call goes to both, and each part remembers for itself (E6).

use streamwriter_core::{
    BatchId, Error, ErrorKind, FileFinding, Leftover, QueryId, Result, Revision, Run,
    StoredMessage, StreamWriter, Sweep, SweepScope, Target, TargetClaim, TargetRecord, Withdrawal,
};

use super::{Both, overlap, together};

impl<A: StreamWriter, B: StreamWriter> Both<A, B> {
    /// Calls both targets, as far as there are any; the second only if the first agrees.
    fn each(&self, mut call: impl FnMut(&dyn Target) -> Result<()>) -> Result<()> {
        let targets = [self.first.target(), self.second.target()];
        targets
            .into_iter()
            .flatten()
            .try_for_each(|target| call(target).map_err(|error| error.at_path(target.location())))
    }
}

impl<A: StreamWriter, B: StreamWriter> Target for Both<A, B> {
    fn location(&self) -> String {
        let targets = [self.first.target(), self.second.target()];
        let locations: Vec<_> = targets
            .into_iter()
            .flatten()
            .map(Target::location)
            .collect();
        locations.join(" and ")
    }

    fn parts(&self) -> Vec<Option<&dyn Target>> {
        vec![self.first.target(), self.second.target()]
    }

    /// Checks both, and that neither would take the files of the other for its own (F1).
    fn check(&self) -> Result<()> {
        self.each(|target| target.check())?;
        let (Some(first), Some(second)) = (self.first.target(), self.second.target()) else {
            return Ok(());
        };
        let Some((one, other)) = overlap(first, second) else {
            return Ok(());
        };
        Err(Error::new(
            ErrorKind::Config,
            format!("two sinks of one stream lie in one another: the other is in {one}"),
        )
        .at_path(other)
        .with_help("give each sink a directory of its own, none in that of another"))
    }

    fn open(&self, claim: &TargetClaim) -> Result<()> {
        self.each(|target| target.open(claim))
    }

    /// Returns the older of the two records: what both have. Nothing, if one has nothing or cannot
    /// tell.
    fn last_committed(&self, query: QueryId) -> Result<Option<TargetRecord>> {
        let (Some(first), Some(second)) = (self.first.target(), self.second.target()) else {
            return Ok(None);
        };
        let records = (first.last_committed(query)?, second.last_committed(query)?);
        Ok(match records {
            (Some(first), Some(second)) if second.batch < first.batch => Some(second),
            (Some(first), Some(_)) => Some(first),
            _ => None,
        })
    }

    fn record(&self, record: &TargetRecord) -> Result<()> {
        self.each(|target| target.record(record))
    }

    fn record_revision(&self, record: &TargetRecord, revision: Revision) -> Result<()> {
        self.each(|target| target.record_revision(record, revision))
    }

    /// Lists those of both, each with the location in front.
    fn leftovers(&self, scope: &SweepScope) -> Result<Vec<Leftover>> {
        let mut leftovers = Vec::new();
        self.each(|target| {
            let location = target.location();
            let found = target.leftovers(scope)?.into_iter();
            leftovers.extend(found.map(|mut leftover| {
                leftover.path = format!("{location}/{}", leftover.path);
                leftover
            }));
            Ok(())
        })?;
        Ok(leftovers)
    }

    /// Asks each about its own part of the messages; of a sink whose target cannot tell, or that has
    /// none, nothing is known.
    fn inspect(&self, messages: &[StoredMessage]) -> Result<Vec<FileFinding>> {
        let mut found = Vec::new();
        for (number, target) in [self.first.target(), self.second.target()]
            .iter()
            .enumerate()
        {
            let Some(target) = target else { continue };
            let of_this = messages.iter().map(|message| part(message, number));
            let of_this = of_this.collect::<Result<Vec<_>>>()?;
            match target.inspect(&of_this) {
                Err(error) if error.kind() == ErrorKind::Unsupported => {}
                files => found.extend(files?),
            }
        }
        Ok(found)
    }

    fn can_withdraw(&self) -> bool {
        let targets = [self.first.target(), self.second.target()];
        targets
            .iter()
            .all(|target| target.is_some_and(Target::can_withdraw))
    }

    fn withdraw(&self, withdrawal: &Withdrawal) -> Result<u64> {
        let mut moved = 0;
        self.each(|target| {
            moved += target.withdraw(withdrawal)?;
            Ok(())
        })?;
        Ok(moved)
    }

    /// Sweeps both, also if one of them fails.
    fn sweep(&self, query: QueryId, run: Run, through: BatchId) -> Result<Sweep> {
        let (mut found, mut outcome) = (Sweep::default(), Ok(()));
        let targets = [self.first.target(), self.second.target()];
        for target in targets.into_iter().flatten() {
            match target.sweep(query, run, through) {
                Ok(sweep) => {
                    found.removed += sweep.removed;
                    found.remaining += sweep.remaining;
                }
                Err(error) => {
                    outcome = together(outcome, Err(error.at_path(target.location())));
                }
            }
        }
        outcome.map(|()| found)
    }
}

fn part(message: &StoredMessage, number: usize) -> Result<StoredMessage> {
    message.parts().into_iter().nth(number).ok_or_else(|| {
        Error::new(
            ErrorKind::Message,
            "a stored message is not that of two sinks",
        )
    })
}
