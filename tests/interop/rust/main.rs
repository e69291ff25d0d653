//! The Rust side of `tests/interop/every_type.py`: writes tables of every type, and reads those that
//! other programs wrote. `.ci/interop` runs it; `cargo test` alone does not build it.
//!
//! ```bash
//! cargo test --workspace --all-features --test interop -- write DIRECTORY
//! cargo test --workspace --all-features --test interop -- read DIRECTORY
//! ```

mod arrow_cells;
mod as_text;
mod cell;
mod edges;
mod read;
mod values;
mod write;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["write", to] => write::write_all(Path::new(to)),
        ["read", from] => read::read_all(Path::new(from)),
        _ => Err("usage: write DIRECTORY | read DIRECTORY".into()),
    };
    let Err(error) = done else {
        return ExitCode::SUCCESS;
    };
    match error.downcast_ref::<streamwriter::Error>() {
        Some(error) => eprintln!("{}", error.report()),
        None => eprintln!("{error}"),
    }
    ExitCode::FAILURE
}
