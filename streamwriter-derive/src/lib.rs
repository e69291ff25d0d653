//! The macros of streamwriter.

mod commit_message;
mod stream_writer;

mod ctxt;
mod krate;
mod once;
mod types;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a type a commit message.
#[proc_macro_derive(CommitMessage, attributes(message))]
pub fn derive_commit_message(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    commit_message::derive(&input).into()
}

/// Makes a sink.
#[proc_macro_attribute]
pub fn stream_writer(args: TokenStream, item: TokenStream) -> TokenStream {
    stream_writer::expand(args.into(), item.into()).into()
}
