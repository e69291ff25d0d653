//! What the derive writes, as a person reads it.
//!
//! After a change that is meant, bless with `UPDATE_EXPECT=1 cargo test -p streamwriter-derive --lib`.

use expect_test::{ExpectFile, expect_file};

#[track_caller]
fn check(input: &str, expected: ExpectFile) {
    let input = syn::parse_str(input).expect("input parses");
    let file = syn::parse2(super::derive(&input)).expect("output parses");
    expected.assert_eq(&prettyplease::unparse(&file));
}

#[test]
fn a_struct() {
    check(
        r#"
        #[message(name = "posted", version = 2, migrate_from = older::posted)]
        pub(crate) struct Posted {
            #[message(rows)]
            pub rows: u64,
            #[message(files)]
            files: Vec<StagedObject>,
            #[message(min)]
            first: Option<Timestamp>,
            #[message(serde)]
            schema: Schema,
            r#type: String,
        }
        "#,
        expect_file!["snapshots/struct.rs"],
    );
}

#[test]
fn an_enum() {
    check(
        r#"
        enum Outcome {
            Nothing,
            Wrote(#[message(rows)] u64),
            Pair(u8, u8),
            Failed { at: u64 },
        }
        "#,
        expect_file!["snapshots/enum.rs"],
    );
}

#[test]
fn a_generic_struct_of_a_renamed_crate() {
    check(
        r#"
        #[message(crate = "sw")]
        struct Held<T, const N: usize>(T, [u8; N]) where T: Copy;
        "#,
        expect_file!["snapshots/generic.rs"],
    );
}

#[test]
fn a_mistake() {
    check(
        r#"
        struct Posted {
            #[message(rows, column)]
            rows: u64,
        }
        "#,
        expect_file!["snapshots/mistake.rs"],
    );
}
