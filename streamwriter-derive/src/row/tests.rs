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
        #[row(rename_all = "camelCase")]
        pub(crate) struct Trip {
            #[row(rename = "ID")]
            pub id: u64,
            #[row(unit = "ms")]
            picked_up: Option<Timestamp>,
            #[row(decimal(10, 2))]
            fare: i128,
            #[row(with = codecs::Text)]
            route: PathBuf,
            #[row(skip)]
            seen: Instant,
            r#type: String,
        }
        "#,
        expect_file!["snapshots/struct.rs"],
    );
}

#[test]
fn a_newtype() {
    check(
        r#"struct Id(#[row(unit = "s")] Timestamp);"#,
        expect_file!["snapshots/newtype.rs"],
    );
}

#[test]
fn an_enum() {
    check(
        r#"
        #[row(rename_all = "kebab-case")]
        enum Payment { CreditCard, #[row(rename = "$")] Cash }
        "#,
        expect_file!["snapshots/enum.rs"],
    );
}

#[test]
fn a_generic_struct_of_a_renamed_crate() {
    check(
        r#"
        #[row(crate = "sw")]
        struct Held<T, const N: usize> where T: Copy { items: Vec<T>, key: [u8; N] }
        "#,
        expect_file!["snapshots/generic.rs"],
    );
}

#[test]
fn a_mistake() {
    check(
        "struct Trip { id: usize, #[row(rename)] fare: f64 }",
        expect_file!["snapshots/mistake.rs"],
    );
}
