//! SIGINT and SIGTERM stop the query cleanly; a second one ends the process at once.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use streamwriter::{Error, ErrorKind, StopHandle};

pub(crate) fn stop_on_signal(query: StopHandle) -> Result<(), Error> {
    let cannot =
        |error| Error::new(ErrorKind::Config, "cannot listen for signals").with_source(error);
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(cannot)?;
    std::thread::spawn(move || {
        for (number, signal) in signals.forever().enumerate() {
            if number > 0 {
                // As a shell reports it. Nothing is lost: the next run goes on where this one was.
                std::process::exit(128 + signal);
            }
            eprintln!("stopping: the batch in hand is given up or finished; once more to quit now");
            query.request_stop();
        }
    });
    Ok(())
}
