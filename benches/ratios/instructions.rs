//! Instructions a row, counted by valgrind: what wall time on a shared machine cannot guard.
//!
//! Each case runs as a process of its own under callgrind, with some rows and with twice as many; the
//! difference is what rows cost, without the start. Held to `instructions.json` are the ratios to the
//! hand-written code, which is counted in the same way and changes with compiler and libraries as ours does.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};
use streamwriter::BoxError;

use crate::cases::counted::{self, CountedCase};

/// How much more than before is too much.
const TOLERANCE: f64 = 1.03;

/// What is counted for a case.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Counted {
    ours: f64,
    by_hand: f64,
    ratio: f64,
}

/// How what is counted now stands to what was counted before.
#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Same,
    Better,
    Worse,
    New,
}

impl Verdict {
    /// Both the count and the ratio must have changed: a compiler makes other code of the same source in
    /// another folder, by up to 2 % on either side, and another compiler changes both sides.
    fn of(now: &Counted, before: Option<&Counted>) -> Self {
        let Some(before) = before else {
            return Self::New;
        };
        let grown = (now.ours / before.ours).min(now.ratio / before.ratio);
        let shrunk = (before.ours / now.ours).min(before.ratio / now.ratio);
        if grown > TOLERANCE {
            Self::Worse
        } else if shrunk > TOLERANCE {
            Self::Better
        } else {
            Self::Same
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::New => "not counted before",
        }
    }

    /// A gain is only told: it may be another compiler's.
    fn fails(self) -> bool {
        matches!(self, Self::Worse | Self::New)
    }
}

/// Counts all cases, and holds them to what was counted before; with `bless` that is written anew.
pub(crate) fn run(bless: bool) -> Result<(), BoxError> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return skip("valgrind is not installed: no instructions are counted");
    }
    let before = expected()?;
    let mut now = BTreeMap::new();
    let mut worse = Vec::new();
    println!("| case | ours | by hand | | ratio | before | |\n|---|---|---|---|---|---|---|");
    for case in counted::all() {
        let place = tempfile::tempdir()?;
        counted::prepare(case, place.path())?;
        let (ours, by_hand) = (
            per_row(case, "ours", place.path())?,
            per_row(case, "hand", place.path())?,
        );
        let counted = Counted {
            ours: ours.round(),
            by_hand: by_hand.round(),
            ratio: (ours / by_hand * 1e4).round() / 1e4,
        };
        let old = before.get(case.name);
        let verdict = Verdict::of(&counted, old);
        println!(
            "| {} | {ours:.0} | {by_hand:.0} | instructions a {} | {:.3} | {} | {} |",
            case.name,
            case.unit,
            counted.ratio,
            old.map_or("-".to_owned(), |old| format!("{:.3}", old.ratio)),
            verdict.word()
        );
        if verdict.fails() {
            worse.push(format!("{} ({})", case.name, verdict.word()));
        }
        now.insert(case.name.to_owned(), counted);
    }
    if bless {
        fs::write(file(), serde_json::to_string_pretty(&now)? + "\n")?;
        return Ok(());
    }
    if worse.is_empty() {
        return Ok(());
    }
    Err(format!(
        "more instructions than {} says, by over {:.0} %: {}. Where that is meant, count anew: \
         cargo bench --bench ratios -- --instructions --bless",
        file().display(),
        (TOLERANCE - 1.0) * 100.0,
        worse.join(", ")
    )
    .into())
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/ratios/instructions.json")
}

fn expected() -> Result<BTreeMap<String, Counted>, BoxError> {
    match fs::read_to_string(file()) {
        Ok(text) => Ok(serde_json::from_str(&text)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(error.into()),
    }
}

/// Says what cannot be done here, also to CI.
fn skip(what: &str) -> Result<(), BoxError> {
    use std::io::Write as _;
    println!("SKIPPED: {what}");
    if let Some(list) = std::env::var_os("STREAMWRITER_SKIPPED") {
        let mut list = fs::File::options().append(true).create(true).open(list)?;
        writeln!(list, "{what}")?;
    }
    Ok(())
}

/// What one row more takes.
fn per_row(case: &CountedCase, side: &str, place: &Path) -> Result<f64, BoxError> {
    let (some, twice) = (
        count(case.name, side, place, case.rows)?,
        count(case.name, side, place, 2 * case.rows)?,
    );
    Ok((twice as f64 - some as f64) / case.rows as f64)
}

/// Runs one side of a case under callgrind; returns how many instructions it took.
fn count(case: &str, side: &str, place: &Path, rows: u64) -> Result<u64, BoxError> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args([
            "--probe",
            &format!("counted|{case}|{side}|{rows}|{}", place.display()),
        ])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text
        .lines()
        .find_map(|line| line.split_once("Collected :")?.1.split_whitespace().next());
    match collected {
        Some(number) if output.status.success() => Ok(number.parse()?),
        _ => Err(format!("{case}, {side}: {text}").into()),
    }
}
