//! Keeps the panics of the script out of the output: they are thousands, and none says anything.

use std::sync::Once;

use super::script::PANIC_TEXT;

/// Lets every panic be reported as before, except those that the script makes.
pub(super) fn quiet_scripted_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let text = panic.payload().downcast_ref::<String>();
            if text.is_none_or(|text| text != PANIC_TEXT) {
                report(panic);
            }
        }));
    });
}
