//! What the attribute writes, as a person reads it.
//!
//! After a change that is meant, bless with `UPDATE_EXPECT=1 cargo test -p streamwriter-derive --lib`.

use expect_test::{ExpectFile, expect_file};
use proc_macro2::TokenStream;

#[track_caller]
fn check(args: &str, item: &str, expected: ExpectFile) {
    let parse = |text: &str| text.parse::<TokenStream>().expect("input parses");
    let output = super::expand(parse(args), parse(item));
    let file = syn::parse2(output).expect("output parses");
    expected.assert_eq(&prettyplease::unparse(&file));
}

#[test]
fn a_sink() {
    check(
        "guarantee = exactly_once, target = self.staging",
        r#"
        impl<T: Render> Webhook<T> {
            const LIMIT: usize = 3;

            fn helper(&self) {}

            fn write(&self, task: &TaskContext, rows: impl Rows<Item = T> + Send) -> Posted {
                todo!()
            }

            fn commit(&self, batch: BatchId, messages: &[Posted], totals: PostedTotals) -> io::Result<()> {
                todo!()
            }

            #[cfg(unix)]
            fn abort(&self, messages: Vec<Option<Posted>>, batch: u64) {}
        }
        "#,
        expect_file!["snapshots/sink.rs"],
    );
}

#[test]
fn a_sink_of_many_rows() {
    check(
        "name = \"lines\", crate = sw",
        r#"
        impl Lines {
            fn write<R, I>(&self, rows: I) -> Result<Posted, Trouble>
            where
                R: Display,
                I: Iterator<Item = R>,
            {
                todo!()
            }
        }
        "#,
        expect_file!["snapshots/sink_of_many_rows.rs"],
    );
}

#[test]
fn an_async_sink() {
    check(
        "crate = sw",
        r#"
        impl Webhook {
            async fn write(&self, rows: impl Rows<Item = String>) -> Result<Posted, Trouble> {
                todo!()
            }

            async fn commit(&self, batch: &BatchContext, totals: &PostedTotals) {
                todo!()
            }

            fn abort(&self, batch: u64) {}
        }
        "#,
        expect_file!["snapshots/async_sink.rs"],
    );
}

#[test]
fn a_struct() {
    check(
        "name = \"webhook\"",
        r#"
        pub struct Webhook {
            /// Where to post to.
            pub url: String,
            #[option(default = 2 * 50)]
            chunk: usize,
            #[option(secret, name = "auth-token")]
            token: Option<String>,
            #[option(skip)]
            sent: Counter,
        }
        "#,
        expect_file!["snapshots/options.rs"],
    );
}

#[test]
fn a_mistake() {
    check(
        "",
        "impl Webhook { fn write(&mut self, rows: impl Iterator<Item = u8>) {} }",
        expect_file!["snapshots/mistake.rs"],
    );
}

#[test]
fn a_block_is_read_without_its_bodies() {
    let tokens = r#"
        #[doc = "x"]
        impl<T> Sink<T> where T: Copy {
            const LIMIT: usize = { 1 };
            type Other = u8;
            pub const unsafe fn first() {}
            helpers! { fn hidden() {} }
            helpers!(fn hidden() {});
            #[inline] pub(crate) fn write(&self, rows: I) -> M { let x = ; @ while typing }
            fn last(self: &Self);
        }
    "#;
    let block = super::block::parse(tokens.parse().expect("tokens")).expect("block parses");
    let names: Vec<_> = block
        .methods
        .iter()
        .map(|method| method.sig.ident.to_string())
        .collect();
    assert_eq!(names, ["first", "write", "last"]);
}
