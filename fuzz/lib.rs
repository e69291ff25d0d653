//! What the fuzz targets share. `cargo +nightly fuzz run NAME` runs one, `.ci/fuzz` all of them.

pub use libfuzzer_sys;

pub mod targets;

/// Returns the target of that name.
pub fn target(name: &str) -> targets::Target {
    let found = targets::ALL.iter().find(|(of, _)| *of == name);
    found.expect("the name stands in targets.rs").1
}

/// The whole file of a target.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        $crate::libfuzzer_sys::fuzz_target!(|data: &[u8]| ($crate::target($name))(data));
    };
}
