//! An impl block, read as far as the signatures of its methods.
//!
//! Bodies stay tokens: a body that is being typed and does not parse yet is the compiler's to
//! report, and editors keep completing inside it.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Generics, Signature, Token, Type, Visibility, braced};

/// An impl block.
pub(crate) struct Block {
    pub(crate) generics: Generics,
    /// The trait, if it is an impl of one.
    pub(crate) of_trait: Option<Type>,
    pub(crate) self_ty: Type,
    pub(crate) methods: Vec<Method>,
}

/// A function of the block.
pub(crate) struct Method {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) sig: Signature,
}

impl Block {
    /// Returns the function with this name.
    pub(crate) fn method(&self, name: &str) -> Option<&Method> {
        self.methods.iter().find(|method| method.sig.ident == name)
    }
}

impl Method {
    /// Returns the conditions under which the function exists.
    pub(crate) fn cfg_attrs(&self) -> impl Iterator<Item = &Attribute> {
        self.attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
    }
}

impl Parse for Block {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Attribute::parse_outer(input)?;
        input.parse::<Option<Token![unsafe]>>()?;
        input.parse::<Token![impl]>()?;
        let mut generics: Generics = input.parse()?;
        let first: Type = input.parse()?;
        let (of_trait, self_ty) = match input.parse::<Option<Token![for]>>()? {
            Some(_) => (Some(first), input.parse()?),
            None => (None, first),
        };
        generics.where_clause = input.parse()?;
        let content;
        braced!(content in input);
        Attribute::parse_inner(&content)?;
        let mut methods = Vec::new();
        while !content.is_empty() {
            methods.extend(method_or_other(&content)?);
        }
        Ok(Self {
            generics,
            of_trait,
            self_ty,
            methods,
        })
    }
}

/// Reads one item; `None` if it is no function.
fn method_or_other(input: ParseStream<'_>) -> syn::Result<Option<Method>> {
    let attrs = Attribute::parse_outer(input)?;
    input.parse::<Visibility>()?;
    if input.fork().parse::<Signature>().is_err() {
        // The value of a constant may have braces; its end is the `;`.
        let has_value = input.peek(Token![const]) || input.peek(Token![type]);
        skip_item(input, !has_value)?;
        return Ok(None);
    }
    let sig = input.parse()?;
    skip_item(input, true)?;
    Ok(Some(Method { attrs, sig }))
}

/// Steps over an item up to its `;`, or up to its braces if those end it.
fn skip_item(input: ParseStream<'_>, braces_end: bool) -> syn::Result<()> {
    while !input.is_empty() {
        match input.parse::<TokenTree>()? {
            TokenTree::Punct(punct) if punct.as_char() == ';' => break,
            TokenTree::Group(group) if braces_end && group.delimiter() == Delimiter::Brace => {
                break;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Parses a block without losing the tokens.
pub(crate) fn parse(item: TokenStream) -> syn::Result<Block> {
    syn::parse2(item)
}
