//! The impls of a sink's struct. Nothing here can fail.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, GenericParam, Lit, WhereClause, parse_quote};

use super::ast::{Absent, OptionField, SinkStruct};
use super::attr::Default;
use crate::krate::krate;
use crate::types;

pub(crate) fn expand(sink: &SinkStruct<'_>) -> TokenStream {
    let krate = krate(sink.args.krate.get());
    let private = quote!(#krate::__private);
    let fields = sink.fields.iter().map(|field| {
        let ident = field.ident;
        let value = match field.absent() {
            Absent::Required => {
                let ty = &field.original.ty;
                quote!(::core::convert::Into::<#ty>::into(#ident))
            }
            absent => absent_value(field, &absent),
        };
        quote!(#ident: #value,)
    });
    let inherent = inherent_impl(sink, &quote!(Self { #(#fields)* }));
    let options = sink_options_impl(sink, &private);
    let debug = sink.has_secret().then(|| debug_impl(sink));
    quote!(#inherent #options #debug)
}

/// Generates the name and `new`.
pub(crate) fn inherent_impl(sink: &SinkStruct<'_>, new: &TokenStream) -> TokenStream {
    let item = sink.original;
    let (ident, visibility) = (&item.ident, &item.vis);
    let (impl_generics, type_generics, where_clause) = item.generics.split_for_impl();
    let name = sink.args.name.get().map(|name| {
        quote! {
            #[doc(hidden)]
            #[allow(dead_code)]
            #visibility const __STREAM_WRITER_NAME: ::core::option::Option<&'static str> =
                ::core::option::Option::Some(#name);
        }
    });
    let parameters = sink.required().map(parameter);
    let where_default = default_bounds(sink);
    let doc = match sink.required().next() {
        Some(_) => "Makes the sink from its required options; the others have their defaults.",
        None => "Makes the sink; all options have their defaults.",
    };
    quote! {
        impl #impl_generics #ident #type_generics #where_clause {
            #name

            #[doc = #doc]
            #[must_use]
            #[allow(
                dead_code,
                unused_variables,
                clippy::new_without_default,
                clippy::too_many_arguments,
            )]
            #visibility fn new(#(#parameters),*) -> Self #where_default {
                #new
            }
        }
    }
}

/// Returns a parameter of `new`; text and paths convert, numbers would lose their inference.
fn parameter(field: &OptionField<'_>) -> TokenStream {
    let (ident, ty) = (field.ident, &field.original.ty);
    let converts = types::last_segment(ty)
        .is_some_and(|segment| segment.ident == "String" || segment.ident == "PathBuf");
    match converts {
        true => quote!(#ident: impl ::core::convert::Into<#ty>),
        false => quote!(#ident: #ty),
    }
}

fn absent_value(field: &OptionField<'_>, absent: &Absent<'_>) -> TokenStream {
    let ty = &field.original.ty;
    match absent {
        Absent::Required | Absent::None => quote!(::core::option::Option::None),
        Absent::Default(Default::Trait) => {
            quote_spanned!(ty.span()=> <#ty as ::core::default::Default>::default())
        }
        Absent::Default(Default::Expr(expr)) => match **expr {
            // So that text needs no `.to_owned()`.
            Expr::Lit(ExprLit {
                lit: Lit::Str(_), ..
            }) => quote!(::core::convert::Into::<#ty>::into(#expr)),
            _ => quote!(#expr),
        },
    }
}

fn sink_options_impl(sink: &SinkStruct<'_>, private: &TokenStream) -> TokenStream {
    let item = sink.original;
    let ident = &item.ident;
    let mut generics = item.generics.clone();
    bound_fields(sink, &mut generics, private);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = item.generics.split_for_impl();
    let (name, doc) = (sink.name(), sink.doc());
    let specs = sink.options().map(|field| spec(field, private));
    let fields = sink.fields.iter().map(|field| {
        let ident = field.ident;
        let value = read_option(field, private);
        quote!(#ident: #value,)
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics #private::SinkOptions for #ident #type_generics #where_clause {
            const NAME: &'static str = #name;
            const DOC: &'static str = #doc;
            const OPTIONS: &'static [#private::OptionSpec] = &[#(#specs),*];

            fn from_options(__options: &#private::OptionMap) -> #private::Result<Self> {
                let __reader = #private::OptionReader::new(
                    __options,
                    <Self as #private::SinkOptions>::OPTIONS,
                )?;
                ::core::result::Result::Ok(Self { #(#fields)* })
            }
        }
    }
}

/// Adds the bounds that reading the fields needs of the struct's parameters.
fn bound_fields(sink: &SinkStruct<'_>, generics: &mut syn::Generics, private: &TokenStream) {
    let defaults = default_bounds(sink);
    let clause = generics.make_where_clause();
    clause.predicates.extend(defaults.predicates);
    for field in sink.options().filter(|field| is_generic(sink, field)) {
        let ty = &field.original.ty;
        clause
            .predicates
            .push(parse_quote!(#ty: #private::OptionValue));
    }
}

/// Returns the bounds that the defaults need of the struct's parameters.
fn default_bounds(sink: &SinkStruct<'_>) -> WhereClause {
    let mut clause: WhereClause = parse_quote!(where);
    for field in sink.fields.iter().filter(|field| is_generic(sink, field)) {
        let ty = &field.original.ty;
        if matches!(field.absent(), Absent::Default(Default::Trait)) {
            clause
                .predicates
                .push(parse_quote!(#ty: ::core::default::Default));
        }
    }
    clause
}

fn is_generic(sink: &SinkStruct<'_>, field: &OptionField<'_>) -> bool {
    let mut params = sink.original.generics.type_params();
    params.any(|param| types::mentions(&field.original.ty, &param.ident))
}

fn spec(field: &OptionField<'_>, private: &TokenStream) -> TokenStream {
    let (name, doc, ty) = (field.name(), field.doc(), &field.original.ty);
    let type_name = quote_spanned!(ty.span()=> <#ty as #private::OptionValue>::TYPE_NAME);
    let absent = match field.absent() {
        Absent::Required => quote!(.required()),
        Absent::None => TokenStream::new(),
        // A default of a secret is a secret too.
        Absent::Default(_) if field.attrs.secret.is_set() => TokenStream::new(),
        Absent::Default(default) => {
            let given = field.attrs.default_text.get();
            let text = given.map_or_else(|| default.text(), syn::LitStr::value);
            quote!(.with_default(#text))
        }
    };
    let secret = field.attrs.secret.is_set().then(|| quote!(.secret()));
    let doc = (!doc.is_empty()).then(|| quote!(.with_doc(#doc)));
    quote!(#private::OptionSpec::new(#name, #type_name) #absent #secret #doc)
}

fn read_option(field: &OptionField<'_>, private: &TokenStream) -> TokenStream {
    let absent = field.absent();
    if field.attrs.skip.is_set() {
        return absent_value(field, &absent);
    }
    let (name, ty) = (field.name(), &field.original.ty);
    // A closure: a function as argument would repeat the error of a type that is no option.
    let parse = quote_spanned!(ty.span()=> <#ty as #private::OptionValue>::parse_option);
    let parse = quote!(|__text| #parse(__text));
    match absent {
        Absent::Required => {
            quote!(__reader.required_with(#name, #parse)?)
        }
        absent => {
            let value = absent_value(field, &absent);
            quote! {
                match __reader.get_with(#name, #parse)? {
                    ::core::option::Option::Some(__value) => __value,
                    ::core::option::Option::None => #value,
                }
            }
        }
    }
}

/// Generates a `Debug` that hides the secrets; skipped fields may have none and are left out.
fn debug_impl(sink: &SinkStruct<'_>) -> TokenStream {
    let item = sink.original;
    let ident = &item.ident;
    let mut generics = item.generics.clone();
    for param in &mut generics.params {
        if let GenericParam::Type(param) = param {
            param.bounds.push(parse_quote!(::core::fmt::Debug));
        }
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = item.generics.split_for_impl();
    let text = ident.unraw().to_string();
    let fields = sink.fields.iter().filter_map(|field| {
        let (ident, name) = (field.ident, field.ident.unraw().to_string());
        if field.attrs.secret.is_set() {
            Some(quote!(.field(#name, &::core::format_args!("<secret>"))))
        } else if field.attrs.skip.is_set() {
            None
        } else {
            Some(quote!(.field(#name, &self.#ident)))
        }
    });
    let finish = match sink.options().count() == sink.fields.len() {
        true => format_ident!("finish"),
        false => format_ident!("finish_non_exhaustive"),
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics ::core::fmt::Debug for #ident #type_generics #where_clause {
            fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                __f.debug_struct(#text)#(#fields)*.#finish()
            }
        }
    }
}
