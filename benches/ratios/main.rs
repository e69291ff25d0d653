//! How fast streamwriter is, as ratios against what it is compared with, in one process and interleaved.
//!
//! ```bash
//! cargo bench --bench ratios                  # all of it
//! cargo bench --bench ratios -- parquet       # the cases whose names hold a word
//! cargo bench --bench ratios -- --scale 0.1   # with a tenth of the rows
//! ```
//!
//! Prints a table, and writes `target/ratios/ratios.json` and `target/ratios/ratios.svg`. Each case has a
//! bound (`docs/performance.md` says where it comes from); one that is missed is printed as missed and
//! fails nothing, since wall time on a shared machine is no test. `-- --instructions` counts instructions
//! instead, and fails if a hot path takes more of them than before.

mod arguments;
mod case;
mod cases;
mod hand;
mod instructions;
mod measure;
mod plot;
mod probe;
mod query;
mod report;
mod rows;

use streamwriter::BoxError;

use arguments::Arguments;
use case::Setting;

fn main() -> Result<(), BoxError> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    if let Some(probe) = &arguments.probe {
        return probe::run(probe);
    }
    if arguments.instructions {
        return instructions::run(arguments.bless);
    }
    let setting = Setting::new(arguments.scale)?;
    let mut results = Vec::new();
    println!("{}", report::heading(&setting));
    for case in cases::all() {
        if !arguments.wants(case.name) {
            continue;
        }
        let result = case.run(&setting)?;
        println!("{}", report::line(&result));
        results.push(result);
    }
    report::write(&setting, &results)
}
