//! Where panics happened: what catches one is not told.

use std::collections::VecDeque;
use std::panic::{self, PanicHookInfo};
use std::sync::{Mutex, Once, PoisonError};

/// How many of the last panics are remembered.
const REMEMBERED: usize = 16;

struct Panicked {
    text: String,
    place: String,
}

static LAST: Mutex<VecDeque<Panicked>> = Mutex::new(VecDeque::new());

/// Remembers panics from now on. A hook belongs to one extension module: others have a standard library
/// of their own.
pub(crate) fn remember() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            push(info);
            previous(info);
        }));
    });
}

fn push(info: &PanicHookInfo<'_>) {
    let Some(place) = info.location() else {
        return;
    };
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if last.len() == REMEMBERED {
        last.pop_front();
    }
    last.push_back(Panicked {
        text: info.payload_as_str().unwrap_or_default().to_owned(),
        place: place.to_string(),
    });
}

/// Returns the place, such as `src/lib.rs:12:9`, of the newest panic that a report tells of.
pub(crate) fn place_of(report: &str) -> Option<String> {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let found = last
        .iter()
        .rposition(|panicked| report.contains(&panicked.text))?;
    last.remove(found).map(|panicked| panicked.place)
}
