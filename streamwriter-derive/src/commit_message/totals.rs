//! The companion struct that holds the totals of a batch.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericParam, Generics, Ident, Type, parse_quote};

use super::ast::{Field, Message};
use super::attr::Total;
use super::expand::{bounded_generics, total_doc};
use crate::types;

/// Generates the companion and its impls, if any field has a total.
pub(crate) fn expand(message: &Message<'_>, private: &TokenStream) -> Option<TokenStream> {
    let item = stand_in(message)?;
    let default = default_impl(message, private);
    let clone = clone_impl(message);
    let debug = debug_impl(message);
    let eq = partial_eq_impl(message);
    let from_messages = from_messages_impl(message, private);
    Some(quote!(#item #default #clone #debug #eq #from_messages))
}

fn ident(message: &Message<'_>) -> Ident {
    format_ident!("{}Totals", message.original.ident)
}

/// Returns the type of the totals; `()` if no field has one.
pub(crate) fn type_of(message: &Message<'_>) -> TokenStream {
    if message.total_fields().is_empty() {
        return quote!(());
    }
    let ident = ident(message);
    let generics = generics(message);
    let (_, type_generics, _) = generics.split_for_impl();
    quote!(#ident #type_generics)
}

/// Returns the parameters that the totals mention, with the bounds they were declared with.
fn generics(message: &Message<'_>) -> Generics {
    let fields = message.total_fields();
    let all = &message.original.generics;
    let mentioned = |ident: &Ident| {
        fields
            .iter()
            .any(|(field, _)| types::mentions(&field.original.ty, ident))
    };
    let ident_of = |param: &GenericParam| match param {
        GenericParam::Type(param) => Some(param.ident.clone()),
        GenericParam::Const(param) => Some(param.ident.clone()),
        GenericParam::Lifetime(_) => None,
    };
    let (kept, dropped): (Vec<_>, Vec<_>) = all
        .params
        .iter()
        .cloned()
        .partition(|param| ident_of(param).is_some_and(|ident| mentioned(&ident)));
    let mut generics = Generics::default();
    generics.params.extend(kept);
    if let Some(clause) = &all.where_clause {
        let kept = clause.predicates.iter().filter(|predicate| {
            !dropped
                .iter()
                .filter_map(ident_of)
                .any(|ident| types::mentions(predicate, &ident))
        });
        let kept: Vec<_> = kept.cloned().collect();
        if !kept.is_empty() {
            generics.make_where_clause().predicates.extend(kept);
        }
    }
    generics
}

/// Returns the type of what a total adds up, keeps or collects.
fn item_type<'a>(field: &Field<'a>, total: Total) -> &'a Type {
    let ty = &field.original.ty;
    let wraps: &[&str] = match total {
        Total::Sum => &[],
        Total::Min | Total::Max => &["Option"],
        Total::Append => &["Vec", "Option"],
    };
    let inside = wraps.iter().find_map(|name| types::argument_of(ty, name));
    inside.unwrap_or(ty)
}

/// Returns the type of a total.
fn total_type(field: &Field<'_>, total: Total) -> TokenStream {
    let item = item_type(field, total);
    match total {
        Total::Sum => quote!(#item),
        Total::Min | Total::Max => quote!(::core::option::Option<#item>),
        Total::Append => quote!(::std::vec::Vec<#item>),
    }
}

/// Generates the struct alone; a message with errors elsewhere gets no more.
pub(crate) fn stand_in(message: &Message<'_>) -> Option<TokenStream> {
    let fields = message.total_fields();
    if fields.is_empty() {
        return None;
    }
    let ident = ident(message);
    let visibility = &message.original.vis;
    let generics = generics(message);
    let where_clause = &generics.where_clause;
    let doc = format!(
        "What the [`{}`] messages of a batch add up to.",
        message.original.ident
    );
    let fields = fields.iter().map(|(field, total)| {
        let (visibility, member) = (&field.original.vis, &field.member);
        let ty = total_type(field, *total);
        let doc = total_doc(field, *total);
        quote!(#[doc = #doc] #visibility #member: #ty,)
    });
    Some(quote! {
        #[doc = #doc]
        #[allow(dead_code)]
        #visibility struct #ident #generics #where_clause {
            #(#fields)*
        }
    })
}

fn default_impl(message: &Message<'_>, private: &TokenStream) -> TokenStream {
    let ident = ident(message);
    let mut generics = generics(message);
    bound_sums(message, &mut generics, private);
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let fields = message.total_fields().into_iter().map(|(field, total)| {
        let (member, ty) = (&field.member, &field.original.ty);
        let empty = match total {
            Total::Sum => quote_spanned!(ty.span()=> <#ty as #private::Summable>::ZERO),
            Total::Min | Total::Max => quote!(::core::option::Option::None),
            Total::Append => quote!(::std::vec::Vec::new()),
        };
        quote!(#member: #empty,)
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics ::core::default::Default for #ident #type_generics #where_clause {
            fn default() -> Self {
                Self { #(#fields)* }
            }
        }
    }
}

/// Returns the companion's generics with one bound for the type of each field.
///
/// With a lifetime in front, a bound that does not hold is no error; the impl is just not there.
/// So a companion with a field that has no `Debug` is a companion without `Debug`.
fn generics_where_each(message: &Message<'_>, bound: &TokenStream) -> Generics {
    let mut generics = generics(message);
    let clause = generics.make_where_clause();
    for (field, total) in message.total_fields() {
        let ty = total_type(field, total);
        clause
            .predicates
            .push(parse_quote!(for<'__trivial> #ty: #bound));
    }
    generics
}

fn clone_impl(message: &Message<'_>) -> TokenStream {
    let ident = ident(message);
    let generics = generics_where_each(message, &quote!(::core::clone::Clone));
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let fields = message.total_fields();
    let member = fields.iter().map(|(field, _)| &field.member);
    let from = member.clone();
    quote! {
        #[automatically_derived]
        impl #impl_generics ::core::clone::Clone for #ident #type_generics #where_clause {
            fn clone(&self) -> Self {
                Self { #(#member: ::core::clone::Clone::clone(&self.#from),)* }
            }
        }
    }
}

fn debug_impl(message: &Message<'_>) -> TokenStream {
    let ident = ident(message);
    let generics = generics_where_each(message, &quote!(::core::fmt::Debug));
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let text = ident.to_string();
    let fields = message.total_fields();
    let name = fields.iter().map(|(field, _)| field.name());
    let member = fields.iter().map(|(field, _)| &field.member);
    quote! {
        #[automatically_derived]
        impl #impl_generics ::core::fmt::Debug for #ident #type_generics #where_clause {
            fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                __f.debug_struct(#text)#(.field(#name, &self.#member))*.finish()
            }
        }
    }
}

fn partial_eq_impl(message: &Message<'_>) -> TokenStream {
    let ident = ident(message);
    let generics = generics_where_each(message, &quote!(::core::cmp::PartialEq));
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let fields = message.total_fields();
    let member: Vec<_> = fields.iter().map(|(field, _)| &field.member).collect();
    quote! {
        #[automatically_derived]
        impl #impl_generics ::core::cmp::PartialEq for #ident #type_generics #where_clause {
            fn eq(&self, __other: &Self) -> bool {
                #(self.#member == __other.#member)&&*
            }
        }
    }
}

/// Lets `commit` take the totals by any name of their type.
fn from_messages_impl(message: &Message<'_>, private: &TokenStream) -> TokenStream {
    let ident = &message.original.ident;
    let mut generics = bounded_generics(message, private);
    bound_generic_totals(message, &mut generics, private);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = message.original.generics.split_for_impl();
    let totals = type_of(message);
    quote! {
        #[automatically_derived]
        impl #impl_generics #private::FromMessages<#ident #type_generics> for #totals
        #where_clause
        {
            fn from_messages(
                __messages: ::std::vec::Vec<::core::option::Option<#ident #type_generics>>,
            ) -> Self {
                #private::totals_of_some(&__messages)
            }
        }
    }
}

/// Adds the bounds that totals need of the message's parameters.
pub(crate) fn bound_generic_totals(
    message: &Message<'_>,
    generics: &mut Generics,
    private: &TokenStream,
) {
    bound_sums(message, generics, private);
    for (field, total) in message.total_fields() {
        let item = item_type(field, total);
        let bound = match total {
            Total::Sum => continue,
            Total::Min | Total::Max => {
                quote!(#item: ::core::cmp::PartialOrd + ::core::clone::Clone)
            }
            Total::Append => quote!(#item: ::core::clone::Clone),
        };
        if is_generic(message, field) {
            generics
                .make_where_clause()
                .predicates
                .push(parse_quote!(#bound));
        }
    }
}

fn bound_sums(message: &Message<'_>, generics: &mut Generics, private: &TokenStream) {
    for (field, total) in message.total_fields() {
        let ty = &field.original.ty;
        if total == Total::Sum && is_generic(message, field) {
            let clause = generics.make_where_clause();
            clause
                .predicates
                .push(parse_quote!(#ty: #private::Summable));
        }
    }
}

fn is_generic(message: &Message<'_>, field: &Field<'_>) -> bool {
    message
        .original
        .generics
        .type_params()
        .any(|param| types::mentions(&field.original.ty, &param.ident))
}

/// Generates the method that adds one message.
pub(crate) fn add_to(message: &Message<'_>, private: &TokenStream) -> Option<TokenStream> {
    let fields = message.total_fields();
    if fields.is_empty() {
        return None;
    }
    let add = fields
        .iter()
        .map(|(field, total)| add_field(field, *total, private));
    Some(quote! {
        fn add_to(&self, __totals: &mut Self::Totals) {
            #(#add)*
        }
    })
}

fn add_field(field: &Field<'_>, total: Total, private: &TokenStream) -> TokenStream {
    let (member, ty) = (&field.member, &field.original.ty);
    let is = |name: &str| types::argument_of(ty, name).is_some();
    let keep = match total {
        Total::Sum => {
            let add = quote_spanned!(ty.span()=> <#ty as #private::Summable>::add_saturating);
            return quote!(#add(&mut __totals.#member, &self.#member););
        }
        Total::Append if is("Vec") || is("Option") => {
            return quote! {
                ::core::iter::Extend::extend(
                    &mut __totals.#member,
                    ::core::iter::Iterator::cloned(self.#member.iter()),
                );
            };
        }
        Total::Append => {
            return quote!(__totals.#member.push(::core::clone::Clone::clone(&self.#member)););
        }
        Total::Min => quote_spanned!(ty.span()=> #private::keep_min),
        Total::Max => quote_spanned!(ty.span()=> #private::keep_max),
    };
    if is("Option") {
        return quote! {
            if let ::core::option::Option::Some(__value) = &self.#member {
                #keep(&mut __totals.#member, __value);
            }
        };
    }
    quote!(#keep(&mut __totals.#member, &self.#member);)
}
