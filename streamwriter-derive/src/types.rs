//! Questions about types as they are written.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::Visit;
use syn::{GenericArgument, Ident, Lifetime, Path, PathArguments, PathSegment, Type};

/// Returns the type without the invisible groups and parentheses around it.
pub(crate) fn plain(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => plain(&group.elem),
        Type::Paren(paren) => plain(&paren.elem),
        other => other,
    }
}

/// Returns the last segment of a type that is a path: `Vec<u8>` of `std::vec::Vec<u8>`.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match plain(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

/// Tells whether the last segment of a path has this name.
pub(crate) fn ends_with(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|last| last.ident == name)
}

/// Returns `T` of `Name<T>`.
pub(crate) fn argument_of<'t>(ty: &'t Type, name: &str) -> Option<&'t Type> {
    let segment = last_segment(ty).filter(|segment| segment.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// Tells whether the type is one of the integers of the language.
pub(crate) fn is_integer(ty: &Type) -> bool {
    const INTEGERS: [&str; 12] = [
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
    ];
    last_segment(ty).is_some_and(|segment| INTEGERS.iter().any(|name| segment.ident == name))
}

/// Returns the first lifetime in a type that is not `'static`.
pub(crate) fn borrowed_lifetime(ty: &Type) -> Option<&Lifetime> {
    struct First<'t>(Option<&'t Lifetime>);
    impl<'t> Visit<'t> for First<'t> {
        fn visit_lifetime(&mut self, lifetime: &'t Lifetime) {
            if lifetime.ident != "static" {
                self.0.get_or_insert(lifetime);
            }
        }
    }
    let mut first = First(None);
    first.visit_type(ty);
    first.0
}

/// Tells whether an identifier occurs anywhere in the tokens.
pub(crate) fn mentions(tokens: &impl ToTokens, ident: &Ident) -> bool {
    any_ident(tokens.to_token_stream(), &|found| found == ident)
}

fn any_ident(tokens: TokenStream, test: &dyn Fn(&Ident) -> bool) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => test(&ident),
        TokenTree::Group(group) => any_ident(group.stream(), test),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
