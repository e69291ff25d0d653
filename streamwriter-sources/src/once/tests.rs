//! What a channel says is waiting.

use streamwriter_core::{PlanLimits, QueryId, Source, SourceContext};

use super::Channel;

fn limits(rows: Option<u64>) -> PlanLimits {
    let mut limits = PlanLimits::unbounded(1);
    limits.rows = rows;
    limits
}

#[test]
fn q1_rows_that_are_not_planned_wait() {
    let (sender, source) = Channel::new(4);
    let gathered = |start, most| {
        let gathered = source.gathered(start, &limits(most)).unwrap();
        (gathered.rows, gathered.full)
    };
    assert_eq!(gathered(None, Some(3)), (0, false));
    (0..3).for_each(|row| sender.send(row).unwrap());
    assert_eq!(gathered(None, None), (3, false));
    assert_eq!(gathered(None, Some(3)), (3, true));
    sender.send(3).unwrap();
    assert_eq!(gathered(None, None), (4, true));
    let plan = source.plan(None, &limits(Some(2))).unwrap().unwrap();
    // B5: the batch before need not be committed.
    assert_eq!(gathered(Some(&plan.end), None), (2, false));
}

#[test]
fn b2_rows_of_a_plan_that_came_to_nothing_do_not_wait_again() {
    let context = SourceContext::new(QueryId::random(), None);
    let (sender, source) = Channel::new(4);
    source.start(&context).unwrap();
    sender.send(1).unwrap();
    let plan = source.plan(None, &limits(None)).unwrap().unwrap();
    // Its record was not written. The next query begins at the same place, before anything is planned.
    let again = source.again();
    again.start(&context).unwrap();
    assert!(again.gathered(None, &limits(None)).unwrap().full);
    assert_eq!(again.plan(None, &limits(None)).unwrap(), Some(plan));

    // What a task has had is given up instead, before anything is counted.
    let task = streamwriter_core::testing::Pretend::default().task();
    let plan = again.plan(None, &limits(None)).unwrap().unwrap();
    drop(again.open(&plan.partitions[0], &task).unwrap());
    let third = again.again();
    third.start(&context).unwrap();
    assert!(third.gathered(None, &limits(None)).unwrap().is_nothing());
}
