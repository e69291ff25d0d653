//! The model check of what runs on several threads: the board, the tasks, stop and end, listeners.
//!
//! `.ci/model` builds it, with the cfg `streamwriter_model`: [`crate::sync`] is then made of locks,
//! threads and a time whose order a scheduler decides. Small cases are run in every order that
//! leaves a fixed one at most so many times, larger ones in many random orders. What is run is the code
//! that ships, from its own files; what surrounds it is scripted.
//!
//! Every property has a twin in `twins/`: a patch that plants a bug into those files. The check
//! must reject each of them.

mod cases;
mod checks;
mod history;
mod message;
mod schedulers;
mod search;
mod subjects;

use search::Search;

#[test]
fn w3_w4_w7_the_board_hands_out_each_task_once_in_every_order() {
    subjects::real::board_check::check(&mut Search::thorough("board"));
}

#[test]
fn w2_w6_w8_w9_a_message_counts_only_if_its_attempt_was_whole_in_every_order() {
    subjects::real::tasks_check::check(&mut Search::thorough("tasks"));
}

#[test]
fn q2_a_stop_and_an_end_are_never_missed_in_every_order() {
    subjects::real::control_check::check(&mut Search::thorough("control"));
}

#[test]
fn q3_listeners_hear_the_end_last_and_never_hold_up_the_driver_in_every_order() {
    subjects::real::listeners_check::check(&mut Search::thorough("listeners"));
}

#[test]
fn q2_w4_a_query_stopped_at_any_moment_ends_with_each_batch_whole_or_aborted() {
    checks::query::check(&mut Search::thorough("query"));
}

#[test]
fn each_twin_is_rejected() {
    let missed: Vec<&str> = subjects::TWINS
        .iter()
        .filter(|(name, check)| !Search::rejects(name, check))
        .map(|(name, _)| *name)
        .collect();
    assert!(!subjects::TWINS.is_empty(), "there are no twins");
    assert!(missed.is_empty(), "not rejected: {missed:?}");
}
