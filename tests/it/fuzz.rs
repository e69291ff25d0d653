//! E9, F5 and W12: what must hold of every decoder, over the corpus of the fuzz targets and over
//! seeded mutations of it. `.ci/fuzz` runs the same targets with coverage.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[allow(unreachable_pub, reason = "it is a module of the fuzz crate, too")]
#[path = "../../fuzz/targets.rs"]
mod targets;

use targets::{ALL, Target};

/// Mutations of each target, unless the environment gives a time for all of them.
const MUTATIONS: u32 = 400;
/// Mutated inputs are not made longer than this.
const BYTES_MAX: usize = 1024;

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            (path, bytes)
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{name} has no corpus");
    files
}

/// Runs a target on one input; a property that does not hold shows the input.
fn try_one(name: &str, target: Target, input: &[u8], what: &str) {
    let held = catch_unwind(AssertUnwindSafe(|| target(input)));
    if held.is_err() {
        panic!("{name}: {what}: {input:?}");
    }
}

#[test]
fn e9_f5_w12_every_decoder_holds_over_its_corpus() {
    let mut inputs = 0;
    for (name, target) in ALL {
        for (path, input) in corpus(name) {
            try_one(name, target, &input, &path.display().to_string());
            inputs += 1;
        }
    }
    println!("{inputs} inputs of {} targets", ALL.len());
}

#[test]
fn every_fuzz_target_has_its_file_and_its_corpus_and_no_other_has() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    let names: BTreeSet<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    let listed = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(fuzz.join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .map(|name| name.trim_end_matches(".rs").to_owned())
            .collect()
    };
    assert_eq!(listed("fuzz_targets"), names);
    assert_eq!(listed("corpus"), names);
    for name in &names {
        let file = fs::read_to_string(fuzz.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(
            file.contains(&format!("target!(\"{name}\")")),
            "{name}: {file}"
        );
        assert!(
            manifest.contains(&format!("name = \"{name}\"")),
            "{name} is no binary"
        );
    }
}

#[test]
fn e9_f5_w12_every_decoder_holds_over_seeded_mutations_of_its_corpus() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed: u64 = number("STREAMWRITER_SEED").unwrap_or(20_130_101);
    let seconds: Option<u64> = number("STREAMWRITER_FUZZ_SECONDS");
    println!("STREAMWRITER_SEED={seed} STREAMWRITER_FUZZ_SECONDS={seconds:?}");
    for (name, target) in ALL {
        let inputs: Vec<Vec<u8>> = corpus(name).into_iter().map(|(_, bytes)| bytes).collect();
        let mut random = Random::new(seed, name);
        let each = seconds.map(|seconds| Duration::from_secs(seconds) / ALL.len() as u32);
        let (began, mut runs) = (Instant::now(), 0);
        while each.map_or(runs < MUTATIONS, |each| began.elapsed() < each) {
            let input = random.mutated(&inputs);
            try_one(name, target, &input, &format!("seed {seed}, run {runs}"));
            runs += 1;
        }
        println!("{name}: {runs} mutations, nothing found");
    }
}

/// Marsaglia's xorshift64 (2003), and what a fuzzer does to its inputs.
struct Random(u64);

impl Random {
    fn new(seed: u64, name: &str) -> Self {
        let mixed = name.bytes().fold(seed, |sum, byte| {
            sum.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(byte)
        });
        Self(mixed | 1)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end.max(1)
    }

    fn mutated(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut input = inputs[self.below(inputs.len())].clone();
        for _ in 0..=self.below(4) {
            let at = self.below(input.len() + 1);
            match self.below(6) {
                0 if at < input.len() => input[at] ^= 1 << self.below(8),
                1 => input.truncate(at),
                2 => {
                    // What formats are made of.
                    let parts: [&[u8]; 12] = [
                        b"\n", b"\r\n", b"\"", b"\"\"", b",", b"\\", b"0", b"{", b"]", b"/", b"-",
                        b"\xff",
                    ];
                    let part = parts[self.below(parts.len())];
                    input.splice(at..at, part.iter().copied());
                }
                3 => {
                    let end = at + self.below(input.len() - at + 1);
                    input.drain(at..end);
                }
                4 => {
                    let other = &inputs[self.below(inputs.len())];
                    let from = self.below(other.len() + 1);
                    input.truncate(at);
                    input.extend_from_slice(&other[from..]);
                }
                _ => {
                    let end = at + self.below(input.len() - at + 1);
                    let piece = input[at..end].to_vec();
                    input.splice(at..at, piece);
                }
            }
            input.truncate(BYTES_MAX);
        }
        input
    }
}
