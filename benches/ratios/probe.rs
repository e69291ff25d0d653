//! What another process of this program does, so that its memory is that of the work alone.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use streamwriter::prelude::*;

use crate::case::{Outcome, Setting};
use crate::cases::{counted, wide};
use crate::measure::median;
use crate::query::{self, Shape};
use crate::rows::{Made, Trip};

/// The bytes of ten gigabytes of these rows as JSON lines.
const LONG_RUN_ROWS: u64 = 80_000_000;

/// Has another process do something; it prints value, what was measured and what it is compared with.
pub(crate) fn ask(probe: &str) -> Result<Outcome, BoxError> {
    let answer = Command::new(std::env::current_exe()?)
        .args(["--probe", probe])
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8(answer.stdout)?;
    let mut parts = text.trim().split('|');
    let (Some(value), Some(ours), Some(baseline)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err(format!("the probe `{probe}` says: {text}").into());
    };
    Ok(Outcome {
        value: value.parse()?,
        ours: ours.to_owned(),
        baseline: baseline.to_owned(),
        rounds: Vec::new(),
    })
}

pub(crate) fn run(probe: &str) -> Result<(), BoxError> {
    if let Some(case) = probe.strip_prefix("counted|") {
        return counted::run(case);
    }
    match probe.split_once(' ') {
        Some(("memory", scale)) => memory(&Setting::new(scale.parse()?)?),
        Some(("wide", scale)) => wide::run(&Setting::new(scale.parse()?)?),
        _ => Err(format!("no such probe: {probe}").into()),
    }
}

/// Copies rows into JSON lines for long and looks at its own memory meanwhile.
fn memory(setting: &Setting) -> Result<(), BoxError> {
    let rows = setting.rows(LONG_RUN_ROWS);
    let is_over = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let watch = scope.spawn(|| watch(&is_over));
        let run = setting.in_folder(|place| {
            let sink = FileSink::json_lines(place.join("out"))?;
            let source = Made::new(rows, Trip::of).partitions(2);
            let shape = Shape {
                executors: 2,
                batch_rows: Some(1_000_000),
            };
            query::run(place, source, sink, shape, rows)
        });
        is_over.store(true, Ordering::Relaxed);
        run.map(|_| watch.join().unwrap_or_default())
    })?;
    let part = (seen.len() / 10).max(1);
    let early = median(
        &seen
            .iter()
            .copied()
            .skip(part)
            .take(part)
            .collect::<Vec<_>>(),
    );
    let late = median(&seen.iter().copied().rev().take(part).collect::<Vec<_>>());
    println!("{}|{late:.1} MB|{early:.1} MB", late / early);
    Ok(())
}

/// Returns the resident memory in megabytes, again and again.
fn watch(is_over: &AtomicBool) -> Vec<f64> {
    let mut seen = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        seen.extend(memory_of_this("VmRSS:"));
        std::thread::sleep(Duration::from_millis(20));
    }
    seen
}

/// Returns a figure of this process's memory in megabytes.
pub(crate) fn memory_of_this(figure: &str) -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(figure))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0 / 1e6)
}
