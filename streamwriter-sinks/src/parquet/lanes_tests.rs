//! Which lane a thread works at, and who frees what is encoded.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;

use super::lanes::{Lanes, Leaf};

fn numbers() -> ArrayRef {
    Arc::new(Int32Array::from(vec![1; 10]))
}

/// Three lanes, with so many steps of `numbers` handed in.
fn lanes(steps: usize, numbers: &ArrayRef) -> Lanes {
    let field = Arc::new(Field::new("number", DataType::Int32, false));
    let schema = Arc::new(Schema::new(vec![Arc::clone(&field); 3]));
    let writer = ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
    let factory = writer.into_serialized_writer().unwrap().1;
    let mut lanes = Lanes::default();
    lanes.begin(factory.create_column_writers(0).unwrap());
    for _ in 0..steps {
        let leaf = || Leaf::Whole(Arc::clone(&field), Arc::clone(numbers));
        lanes.encode((0..3).map(|_| leaf()).collect(), 30);
    }
    lanes
}

/// The lanes that a thread works at, one after another.
fn worked(lanes: &mut Lanes, steps: usize) -> Vec<usize> {
    let mut last = None;
    let step = |_| {
        let work = lanes.take(last)?;
        last = Some(work.lane());
        lanes.give_back(work.run());
        last
    };
    (0..steps).map_while(step).collect()
}

#[test]
fn a_thread_stays_in_its_lane_and_goes_where_most_is_left() {
    let mut lanes = lanes(3, &numbers());
    let other = lanes.take(Some(2)).unwrap();
    assert_eq!(other.lane(), 2);
    assert_eq!(worked(&mut lanes, 4), [0, 0, 0, 1]);
    lanes.give_back(other.run());
    assert_eq!(worked(&mut lanes, 9), [1, 1, 2, 2]);
    assert!(lanes.is_idle());
}

#[test]
fn a_lane_that_another_thread_works_at_is_passed_over() {
    let mut lanes = lanes(2, &numbers());
    let lane = |_| lanes.take(Some(0)).map(|work| work.lane());
    assert_eq!([0; 4].map(lane), [Some(0), Some(1), Some(2), None]);
}

#[test]
fn what_is_encoded_waits_for_the_thread_that_made_it() {
    let numbers = numbers();
    let mut lanes = lanes(2, &numbers);
    assert_eq!(worked(&mut lanes, 6).len(), 6);
    assert_eq!(Arc::strong_count(&numbers), 7);
    assert_eq!(lanes.spent().len(), 6);
    assert_eq!(Arc::strong_count(&numbers), 1);
}

#[test]
fn nothing_that_is_encoded_outlives_its_row_group() {
    let numbers = numbers();
    for close in [false, true] {
        let mut lanes = lanes(1, &numbers);
        if close {
            lanes.close();
        }
        worked(&mut lanes, 6);
        let columns = match close {
            true => lanes.chunks().len(),
            false => lanes.end().len(),
        };
        assert_eq!((columns, Arc::strong_count(&numbers)), (3, 1));
    }
}
