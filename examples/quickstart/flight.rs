//! The row: one flight that left New York.

use serde::{Deserialize, Serialize};

/// The columns of the flights data, in their order. What may be missing is an `Option`: a flight
/// that was cancelled has no departure.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Flight {
    year: i32,
    month: i32,
    day: i32,
    dep_time: Option<i32>,
    sched_dep_time: i32,
    dep_delay: Option<i32>,
    arr_time: Option<i32>,
    sched_arr_time: i32,
    arr_delay: Option<i32>,
    carrier: String,
    flight: i32,
    tailnum: Option<String>,
    origin: String,
    dest: String,
    air_time: Option<i32>,
    distance: i32,
    hour: i32,
    minute: i32,
    time_hour: String,
}
