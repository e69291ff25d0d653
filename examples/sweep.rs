//! Shows what lies in a target of files and is not published, why it stays or goes, and what is
//! prepared and not committed; then removes what goes, unless it is only to be shown.
//!
//! ```bash
//! cargo run --example sweep -- --checkpoint state/orders --target lake/orders --dry-run
//! ```
//!
//! A query sweeps its target by itself. This is for a query that is not started any more, and for
//! people who wonder what all those files are.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use streamwriter::{Error, Staging, Upkeep};

#[derive(Debug, Parser)]
struct Args {
    /// The checkpoint of the query.
    #[arg(long, value_name = "DIR")]
    checkpoint: PathBuf,

    /// The directory that the query writes to.
    #[arg(long, value_name = "DIR")]
    target: PathBuf,

    /// Only show what would be done. Works beside a running query, and says so then.
    #[arg(long)]
    dry_run: bool,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", error.report());
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Error> {
    let staging = Staging::new(&args.target)?;
    let upkeep = Upkeep::new(&args.checkpoint, &staging)?;
    print!("{}", upkeep.look()?);
    if args.dry_run {
        println!("nothing was changed");
    } else {
        let swept = upkeep.sweep()?;
        println!("{} staged files were removed", swept.removed);
    }
    Ok(())
}
