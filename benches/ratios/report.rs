//! The table, and the same as JSON.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use streamwriter::BoxError;

use crate::case::{Bound, CaseResult, Setting};
use crate::measure::ROUNDS;
use crate::plot;

pub(crate) fn heading(setting: &Setting) -> String {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "medians of {ROUNDS} interleaved rounds, {threads} processors, rows x {}\n\n\
         | case | value | bound | | ours | beside |\n|---|---|---|---|---|---|",
        setting.scale
    )
}

pub(crate) fn line(result: &CaseResult) -> String {
    let outcome = &result.outcome;
    format!(
        "| {} | {} | {} | {} | {} | {} |",
        result.name,
        value(outcome.value, result.unit),
        bound(result),
        verdict(result),
        outcome.ours,
        outcome.baseline
    )
}

pub(crate) fn value(value: f64, unit: &str) -> String {
    let digits = if value.abs() < 100.0 { 2 } else { 0 };
    format!("{value:.digits$} {unit}").trim_end().to_owned()
}

pub(crate) fn bound(result: &CaseResult) -> String {
    match result.bound {
        Bound::AtLeast(bound) => format!("≥ {bound} {}", result.unit).trim_end().to_owned(),
        Bound::AtMost(bound) => format!("≤ {bound} {}", result.unit).trim_end().to_owned(),
        Bound::None => String::new(),
    }
}

pub(crate) fn verdict(result: &CaseResult) -> &'static str {
    match result.bound.is_met(result.outcome.value) {
        Some(true) => "met",
        Some(false) => "missed",
        None => "",
    }
}

/// Writes the results beside the build, and says where.
pub(crate) fn write(setting: &Setting, results: &[CaseResult]) -> Result<(), BoxError> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/ratios");
    fs::create_dir_all(&directory)?;
    let report = json!({
        "rounds": ROUNDS,
        "scale": setting.scale,
        "cases": results.iter().map(as_json).collect::<Vec<_>>(),
    });
    fs::write(
        directory.join("ratios.json"),
        serde_json::to_string_pretty(&report)?,
    )?;
    fs::write(directory.join("ratios.svg"), plot::svg(results))?;
    let judged = results
        .iter()
        .filter_map(|result| result.bound.is_met(result.outcome.value));
    let (mut met, mut missed) = (0, 0);
    judged.for_each(|is_met| if is_met { met += 1 } else { missed += 1 });
    println!(
        "\n{met} met, {missed} missed; written to {}",
        directory.display()
    );
    Ok(())
}

fn as_json(result: &CaseResult) -> Value {
    let (at_least, at_most) = match result.bound {
        Bound::AtLeast(bound) => (Some(bound), None),
        Bound::AtMost(bound) => (None, Some(bound)),
        Bound::None => (None, None),
    };
    json!({
        "case": result.name,
        "value": result.outcome.value,
        "unit": result.unit,
        "at_least": at_least,
        "at_most": at_most,
        "met": result.bound.is_met(result.outcome.value),
        "ours": result.outcome.ours,
        "beside": result.outcome.baseline,
        "rounds": result.outcome.rounds,
    })
}
