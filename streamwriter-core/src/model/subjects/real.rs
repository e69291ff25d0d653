#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "each check uses a part of a file"
)]

#[path = "../../engine/attempt.rs"]
mod attempt;
#[path = "../../engine/board.rs"]
mod board;
#[path = "../../query/control.rs"]
mod control;
#[path = "../../query/listeners.rs"]
mod listeners;
#[path = "../../engine/tasks.rs"]
mod tasks;

#[path = "../checks/board.rs"]
pub(in crate::model) mod board_check;
#[path = "../checks/control.rs"]
pub(in crate::model) mod control_check;
#[path = "../checks/listeners.rs"]
pub(in crate::model) mod listeners_check;
#[path = "../checks/tasks.rs"]
pub(in crate::model) mod tasks_check;
