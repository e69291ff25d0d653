//! The table as bars: how far each case is ahead of its bound, or behind.

use std::fmt::Write as _;

use crate::case::CaseResult;
use crate::report;

const BAR_HEIGHT: usize = 22;
const NAMES_WIDTH: usize = 380;
/// The length of a bar that meets its bound exactly.
const UNIT_WIDTH: f64 = 240.0;
/// Bars are cut off here, as times of the bound.
const SHOWN_MAX: f64 = 2.0;

pub(crate) fn svg(results: &[CaseResult]) -> String {
    let judged: Vec<_> = results
        .iter()
        .filter_map(|result| Some((result, result.bound.reached(result.outcome.value)?)))
        .collect();
    let (width, height) = (NAMES_WIDTH + 660, (judged.len() + 2) * BAR_HEIGHT);
    let line = NAMES_WIDTH as f64 + UNIT_WIDTH;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    for (number, (result, reached)) in judged.iter().enumerate() {
        let y = (number + 1) * BAR_HEIGHT;
        let length = reached.clamp(0.0, SHOWN_MAX) * UNIT_WIDTH;
        let fill = if *reached >= 1.0 { "#4a7" } else { "#c55" };
        let text = y + BAR_HEIGHT / 2 + 3;
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{NAMES_WIDTH}\" y=\"{}\" width=\"{length:.0}\" height=\"{}\" fill=\"{fill}\"/>\
             <text x=\"{:.0}\" y=\"{text}\">{} ({})</text>",
            NAMES_WIDTH - 8,
            escaped(result.name),
            y + 3,
            BAR_HEIGHT - 6,
            NAMES_WIDTH as f64 + length + 6.0,
            escaped(&report::value(result.outcome.value, result.unit)),
            escaped(&report::bound(result)),
        );
    }
    let _ = writeln!(
        svg,
        "<line x1=\"{line}\" x2=\"{line}\" y1=\"{BAR_HEIGHT}\" y2=\"{height}\" stroke=\"black\"/>\n</svg>"
    );
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
