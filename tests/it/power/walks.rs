//! Many lives of one query, each ended by another fault, some by a power cut; shrunk by proptest.

use proptest::prelude::*;
use streamwriter::testing::{DiskError, DiskFault, Survival};

use super::bench::{expect_no_row_twice, good_disk, numbers, overlapping, restart, seeds, tail};

/// What ends a life.
#[derive(Clone, Copy, Debug)]
struct Life {
    /// The share of a whole run, in thousandths, after which the fault strikes.
    after: u64,
    fault: Fault,
    /// The seed of a power cut after it, or none for a restart on what is there.
    cut: Option<u64>,
    /// Whether batches overlap in it (B5).
    overlaps: bool,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    Stop,
    Tear(usize),
    Fail(DiskError),
    FailAfter(DiskError),
    FailLook(DiskError),
}

impl Life {
    fn fault(self) -> DiskFault {
        // About as many changes as a whole run has, and somewhat more than it has looks.
        let at = self.after * 210 / 1000;
        match self.fault {
            Fault::Stop => DiskFault::stop(at),
            Fault::Tear(bytes) => DiskFault::stop(at).tearing(bytes),
            Fault::Fail(error) => DiskFault::fail(at, error),
            Fault::FailAfter(error) => DiskFault::fail(at, error).after_its_effect(),
            Fault::FailLook(error) => DiskFault::fail_look(at, error),
        }
    }
}

fn lives() -> impl Strategy<Value = Vec<Life>> {
    let error = || prop::sample::select(DiskError::ALL.to_vec());
    let fault = prop_oneof![
        4 => Just(Fault::Stop),
        1 => (0..400_usize).prop_map(Fault::Tear),
        1 => error().prop_map(Fault::Fail),
        1 => error().prop_map(Fault::FailAfter),
        1 => error().prop_map(Fault::FailLook),
    ];
    let cut = prop::option::of(0..1000_u64);
    let life =
        (0..1000_u64, fault, cut, any::<bool>()).prop_map(|(after, fault, cut, overlaps)| Life {
            after,
            fault,
            cut,
            overlaps,
        });
    prop::collection::vec(life, 2..7)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 50 * seeds() as u32,
        // The lives that are printed are all that it takes to see a failure again.
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn e1_e8_every_row_is_there_once_after_any_number_of_lives(
        lives in lives(),
        renames in any::<bool>(),
    ) {
        let (_directory, mut disk) = good_disk();
        if !renames {
            disk = disk.without_exclusive_rename();
        }
        let mut story = Vec::new();
        for life in &lives {
            disk.begin(Some(life.fault()));
            let ended = match life.overlaps {
                true => overlapping(&disk),
                false => numbers(&disk),
            };
            let steps = tail(&format!("{life:?} ends: {ended:?}"), &disk.log());
            let cut = life.cut.map(|seed| disk.power_cut(Survival::Seeded(seed)).unwrap());
            story.push(format!("{steps}\n{}", cut.map_or("kill".to_owned(), |cut| cut.to_string())));
            if let Err(violation) = expect_no_row_twice(&disk) {
                prop_assert!(false, "{violation}\n{}", story.join("\n"));
            }
        }
        if let Err(violation) = restart(&disk) {
            prop_assert!(false, "{violation}\n{}", story.join("\n"));
        }
    }
}
