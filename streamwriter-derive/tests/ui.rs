//! What people see when they get it wrong: one error, at the smallest token, with what to write
//! instead.
//!
//! The expected messages belong to the toolchain in `rust-toolchain.toml`. After a change that is
//! meant, bless them all with `TRYBUILD=overwrite cargo test -p streamwriter-derive --test ui`.

#[test]
fn errors_say_what_to_write() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("../tests/ui/*/*.rs");
}
