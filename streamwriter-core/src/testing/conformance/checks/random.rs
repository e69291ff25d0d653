//! Random sequences of lives, shrunk to the shortest that fails.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::super::examiner::{Examiner, Failure};
use super::super::faults::{Action, Fault, Life, Shape, Step};
use crate::testing::When;
use crate::writer::WriteRows;

/// Sequences, unless `STREAMWRITER_CASES` says otherwise.
const CASES: u32 = 40;

pub(super) fn sequences<W, R>(examiner: &mut Examiner<'_, W, R>) -> Result<(), Failure>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let seed = from_environment("STREAMWRITER_SEED").unwrap_or_else(random_seed);
    let cases = from_environment("STREAMWRITER_CASES").unwrap_or(CASES);
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed_bytes(seed));
    let mut runner = TestRunner::new_with_rng(config, rng);
    let examiner = RefCell::new(examiner);
    let outcome = runner.run(&(shape(), lives()), |(shape, lives)| {
        examiner
            .borrow_mut()
            .case_that_may_be_spared(shape, &lives)
            .map(|_| ())
            .map_err(|failure| {
                // Only the shortest sequence's folder is for looking at.
                let _ = std::fs::remove_dir_all(&failure.folder);
                TestCaseError::fail(failure.violation)
            })
    });
    let (violation, (shape, lives)) = match outcome {
        Ok(()) => return Ok(()),
        Err(TestError::Fail(violation, shortest)) => (violation.to_string(), shortest),
        Err(TestError::Abort(why)) => (why.to_string(), (Shape::default(), Vec::new())),
    };
    let examiner = examiner.into_inner();
    let lives = shortest(examiner, shape, lives);
    let failure = match examiner.case_that_may_be_spared(shape, &lives) {
        Err(failure) => failure,
        // It depends on how threads meet, and does not show again.
        Ok(_) => examiner.begin(shape, &lives)?.failed(0, violation),
    };
    Err(Failure {
        seed: Some(seed),
        ..failure
    })
}

/// Leaves out lives and faults as long as what is left still fails.
///
/// The strategy's own shrinking leaves out before it simplifies, and never again after it.
fn shortest<W, R>(examiner: &mut Examiner<'_, W, R>, shape: Shape, lives: Vec<Life>) -> Vec<Life>
where
    W: WriteRows<R>,
    R: Send + 'static,
{
    let mut fails = |lives: &[Life]| match examiner.case_that_may_be_spared(shape, lives) {
        Ok(_) => false,
        Err(failure) => {
            let _ = std::fs::remove_dir_all(&failure.folder);
            true
        }
    };
    let mut shortest = lives;
    while let Some(shorter) = shorter(&shortest).into_iter().find(|lives| fails(lives)) {
        shortest = shorter;
    }
    shortest
}

/// Every sequence with one life or one fault fewer.
fn shorter(lives: &[Life]) -> Vec<Vec<Life>> {
    let without_life = (0..lives.len()).map(|life| {
        let mut lives = lives.to_vec();
        lives.remove(life);
        lives
    });
    let faults = lives
        .iter()
        .enumerate()
        .flat_map(|(life, Life { faults, .. })| (0..faults.len()).map(move |fault| (life, fault)));
    let without_fault = faults.map(|(life, fault)| {
        let mut lives = lives.to_vec();
        if let Some(life) = lives.get_mut(life) {
            life.faults.remove(fault);
        }
        lives
    });
    without_life.chain(without_fault).collect()
}

fn from_environment<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

fn random_seed() -> u64 {
    let (seed, _) = uuid::Uuid::new_v4().as_u64_pair();
    seed
}

fn seed_bytes(seed: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(seed.to_le_bytes()) {
        *to = from;
    }
    bytes
}

fn shape() -> impl Strategy<Value = Shape> {
    (0u64..14, 1u64..6, 1u32..5).prop_map(|(rows, per_batch, partitions)| Shape {
        rows,
        per_batch,
        partitions,
    })
}

fn lives() -> impl Strategy<Value = Vec<Life>> {
    let faults = prop::collection::vec(fault(), 0..3);
    let life = (faults, 1usize..4, 1u32..4, any::<bool>()).prop_map(
        |(faults, executors, attempts, overlaps)| Life {
            faults,
            executors,
            attempts,
            overlaps,
            ..Life::default()
        },
    );
    prop::collection::vec(life, 0..5)
}

fn fault() -> impl Strategy<Value = Fault> {
    let step = prop_oneof![
        4 => prop::sample::select(Step::OF_A_BATCH.to_vec()),
        1 => prop::sample::select(Step::OF_A_START.to_vec()),
        1 => Just(Step::Abort),
        3 => (0u64..80).prop_map(Step::Operation),
        3 => (0u64..80).prop_map(Step::OperationsFrom),
    ];
    let action = prop::sample::select(vec![
        Action::Fail,
        Action::FailForGood,
        Action::Panic,
        Action::SourceFails,
        Action::LeaveUnread,
        Action::BeSlow,
    ]);
    let when = prop::sample::select(vec![When::Before, When::After]);
    let times = prop::sample::select(vec![1, u32::MAX]);
    (step, action, when, times, 0u64..4, 0u32..4).prop_map(
        |(step, action, when, times, batch, partition)| Fault {
            step,
            action,
            when,
            times,
            batch,
            partition,
        },
    )
}
