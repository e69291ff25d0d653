//! How generated code names the runtime.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Ident, Path};

/// The facade first: who depends on it may not depend on core.
const RUNTIMES: [&str; 2] = ["streamwriter", "streamwriter-core"];

/// Returns the path of the runtime: the one given, or what the user's Cargo.toml calls it.
pub(crate) fn krate(given: Option<&Path>) -> TokenStream {
    if let Some(path) = given {
        return path.to_token_stream();
    }
    let name = RUNTIMES
        .iter()
        .find_map(|package| found(package))
        .unwrap_or_else(|| "streamwriter".to_owned());
    let name = Ident::new(&name, Span::call_site());
    quote!(::#name)
}

/// Returns the name under which a package is a dependency.
///
/// `Itself` also stands for the package's own tests, examples and doctests, which see it by its
/// name; inside its library `extern crate self as streamwriter` does.
fn found(package: &str) -> Option<String> {
    match crate_name(package).ok()? {
        FoundCrate::Itself => Some(package.replace('-', "_")),
        FoundCrate::Name(name) => Some(name),
    }
}
