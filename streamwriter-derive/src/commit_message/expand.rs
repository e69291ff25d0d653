//! The generated code. Nothing here can fail.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{GenericParam, Generics, Member, parse_quote};

use super::ast::{Body, Field, Message, Shape, Style, Variant};
use super::attr::Total;
use super::totals;
use crate::krate::krate;
use crate::types;

pub(crate) fn expand(message: &Message<'_>) -> TokenStream {
    let krate = krate(message.attrs.krate.get());
    let private = quote!(#krate::__private);
    let field_impl = message_field_impl(message, &private);
    let message_impl = commit_message_impl(message, &private);
    let totals = totals::expand(message, &private);
    quote!(#field_impl #message_impl #totals)
}

/// Returns the name of the message: the one given, or that of the type.
pub(crate) fn type_name(message: &Message<'_>) -> String {
    match message.attrs.name.get() {
        Some(name) => name.value(),
        None => message.original.ident.unraw().to_string(),
    }
}

/// Returns the generics of the impls: with the bounds that the fields need of the parameters.
pub(crate) fn bounded_generics(message: &Message<'_>, private: &TokenStream) -> Generics {
    let mut generics = message.original.generics.clone();
    for param in &mut generics.params {
        let GenericParam::Type(param) = param else {
            continue;
        };
        let mut fields = message
            .fields()
            .filter(|field| types::mentions(&field.original.ty, &param.ident))
            .map(|field| field.attrs.serde.is_set())
            .collect::<Vec<_>>();
        fields.sort_unstable();
        fields.dedup();
        for through_serde in fields {
            if through_serde {
                param.bounds.push(parse_quote!(#private::serde::Serialize));
                param
                    .bounds
                    .push(parse_quote!(#private::serde::de::DeserializeOwned));
            } else {
                param.bounds.push(parse_quote!(#private::MessageField));
            }
        }
        param.bounds.push(parse_quote!(::core::marker::Send));
        param.bounds.push(parse_quote!('static));
    }
    generics
}

fn message_field_impl(message: &Message<'_>, private: &TokenStream) -> TokenStream {
    let ident = &message.original.ident;
    let generics = bounded_generics(message, private);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = message.original.generics.split_for_impl();
    let (encode, decode) = match &message.shape {
        Shape::Struct(body) => (
            encode_body(body, &self_access, private),
            decode_body(body, &quote!(Self), &quote!(__value), private),
        ),
        Shape::Enum(variants) => (
            encode_enum(variants, private),
            decode_enum(variants, private),
        ),
    };
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #impl_generics #private::MessageField for #ident #type_generics #where_clause {
            fn to_value(&self) -> #private::FieldResult<#private::Value> {
                #encode
            }

            fn from_value(__value: #private::Value) -> #private::FieldResult<Self> {
                #decode
            }
        }
    }
}

fn commit_message_impl(message: &Message<'_>, private: &TokenStream) -> TokenStream {
    let ident = &message.original.ident;
    let mut generics = bounded_generics(message, private);
    totals::bound_generic_totals(message, &mut generics, private);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = message.original.generics.split_for_impl();
    let name = type_name(message);
    let version = message.attrs.version();
    let totals = totals::type_of(message);
    let migrate_from = migrate_from(message, private);
    let metrics = metrics(message, private);
    let add_to = totals::add_to(message, private);
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #impl_generics #private::CommitMessage for #ident #type_generics #where_clause {
            type Totals = #totals;
            const TYPE: &'static str = #name;
            const VERSION: u32 = #version;

            fn to_body(&self) -> #private::Result<#private::Value> {
                ::core::result::Result::map_err(
                    <Self as #private::MessageField>::to_value(self),
                    ::core::convert::Into::into,
                )
            }

            fn from_body(__body: #private::Value) -> #private::Result<Self> {
                ::core::result::Result::map_err(
                    <Self as #private::MessageField>::from_value(__body),
                    ::core::convert::Into::into,
                )
            }

            #migrate_from
            #metrics
            #add_to
        }
    }
}

fn migrate_from(message: &Message<'_>, private: &TokenStream) -> Option<TokenStream> {
    let path = message.attrs.migrate_from.get()?;
    let call = quote_spanned!(path.span()=> #path(__version, __body));
    Some(quote! {
        fn migrate_from(__version: u32, __body: #private::Value) -> #private::Result<Self> {
            #call
        }
    })
}

/// Where the value of a field is while a message is encoded.
type Access<'f> = &'f dyn Fn(&Field<'_>) -> TokenStream;

fn self_access(field: &Field<'_>) -> TokenStream {
    let member = &field.member;
    quote!(&self.#member)
}

/// Returns the local that a pattern binds a field to.
fn local(field: &Field<'_>) -> Ident {
    match &field.member {
        Member::Named(ident) => format_ident!("__field_{}", ident.unraw()),
        Member::Unnamed(index) => format_ident!("__field_{}", index.index),
    }
}

fn local_access(field: &Field<'_>) -> TokenStream {
    local(field).into_token_stream()
}

/// Returns the function that encodes or decodes a field.
///
/// Both are named in the same way and at the field's type, so that a type that cannot travel is
/// one error, there.
fn convert(field: &Field<'_>, direction: &str, private: &TokenStream) -> TokenStream {
    let ty = &field.original.ty;
    let method = format_ident!("{direction}");
    if field.attrs.serde.is_set() {
        let function = format_ident!("serde_{direction}");
        quote_spanned!(ty.span()=> #private::#function::<#ty>)
    } else {
        quote_spanned!(ty.span()=> <#ty as #private::MessageField>::#method)
    }
}

fn encode_body(body: &Body<'_>, access: Access<'_>, private: &TokenStream) -> TokenStream {
    let encoded = body.fields.iter().map(|field| {
        let to_value = convert(field, "to_value", private);
        let value = access(field);
        quote!(#to_value(#value))
    });
    match body.style {
        Style::Unit => quote!(::core::result::Result::Ok(#private::Value::Null)),
        Style::Newtype => quote!(#(#encoded)*),
        Style::Tuple => {
            let index = 0_usize..;
            quote! {
                let mut __array = #private::ArrayBuilder::new();
                #(__array.put(#index, #encoded)?;)*
                ::core::result::Result::Ok(__array.finish())
            }
        }
        Style::Named => {
            let name = body.fields.iter().map(Field::name);
            quote! {
                let mut __object = #private::ObjectBuilder::new();
                #(__object.put(#name, #encoded)?;)*
                ::core::result::Result::Ok(__object.finish())
            }
        }
    }
}

fn decode_body(
    body: &Body<'_>,
    constructor: &TokenStream,
    value: &TokenStream,
    private: &TokenStream,
) -> TokenStream {
    let member: Vec<_> = body.fields.iter().map(|field| &field.member).collect();
    let from_value: Vec<_> = body
        .fields
        .iter()
        .map(|field| convert(field, "from_value", private))
        .collect();
    match body.style {
        Style::Unit => quote! {
            <() as #private::MessageField>::from_value(#value)?;
            ::core::result::Result::Ok(#constructor)
        },
        Style::Newtype => quote! {
            ::core::result::Result::Ok(#constructor { #(#member: #from_value(#value)?),* })
        },
        Style::Tuple => {
            let length = body.fields.len();
            let index: Vec<usize> = (0..length).collect();
            quote! {
                let mut __items = #private::Items::open(#value, #length)?;
                ::core::result::Result::Ok(#constructor {
                    #(#member: #private::at_item(#index, #from_value(__items.take(#index)?))?,)*
                })
            }
        }
        Style::Named => {
            let name: Vec<_> = body.fields.iter().map(Field::name).collect();
            let mutable = (!name.is_empty()).then(|| quote!(mut));
            let fields = match name.is_empty() {
                true => quote!(_),
                false => quote!(#mutable __fields),
            };
            quote! {
                let #fields = #private::Fields::open(#value, &[#(#name),*])?;
                ::core::result::Result::Ok(#constructor {
                    #(#member: #private::at_field(#name, #from_value(__fields.take(#name)?))?,)*
                })
            }
        }
    }
}

/// Returns the pattern of a variant with the fields that `bind` asks for.
fn variant_pattern(variant: &Variant<'_>, bind: impl Fn(&Field<'_>) -> bool) -> TokenStream {
    let ident = &variant.original.ident;
    let bound = variant.body.fields.iter().filter(|field| bind(field));
    let bindings = bound.map(|field| {
        let (member, local) = (&field.member, local(field));
        quote!(#member: #local)
    });
    quote!(Self::#ident { #(#bindings,)* .. })
}

fn encode_enum(variants: &[Variant<'_>], private: &TokenStream) -> TokenStream {
    let arms = variants.iter().map(|variant| {
        let name = variant.name();
        let pattern = variant_pattern(variant, |_| true);
        if variant.body.style == Style::Unit {
            return quote!(#pattern => ::core::result::Result::Ok(#private::bare_variant(#name)),);
        }
        let body = encode_body(&variant.body, &local_access, private);
        quote!(#pattern => #private::wrap_variant(#name, || { #body }),)
    });
    quote!(match self { #(#arms)* })
}

fn decode_enum(variants: &[Variant<'_>], private: &TokenStream) -> TokenStream {
    let shapes = variants.iter().map(|variant| {
        let name = variant.name();
        let fields = variant.body.style != Style::Unit;
        quote!((#name, #fields))
    });
    let arms = variants.iter().map(|variant| {
        let name = variant.name();
        let ident = &variant.original.ident;
        let constructor = quote!(Self::#ident);
        if variant.body.style == Style::Unit {
            return quote!(#name => ::core::result::Result::Ok(#constructor),);
        }
        let body = decode_body(&variant.body, &constructor, &quote!(__body), private);
        quote!(#name => #private::in_variant(#name, || { #body }),)
    });
    let unused = variants
        .iter()
        .all(|variant| variant.body.style == Style::Unit);
    let body = match unused {
        true => quote!(_),
        false => quote!(__body),
    };
    quote! {
        let (__name, #body) = #private::open_variant(__value, &[#(#shapes),*])?;
        match __name {
            #(#arms)*
            __other => ::core::result::Result::Err(#private::no_such_variant(__other)),
        }
    }
}

fn metrics(message: &Message<'_>, private: &TokenStream) -> Option<TokenStream> {
    if !message.fields().any(|field| field.attrs.role.is_set()) {
        return None;
    }
    let body = match &message.shape {
        Shape::Struct(body) => metrics_of(body, &self_access, private),
        Shape::Enum(variants) => {
            let arms = variants.iter().map(|variant| {
                let pattern = variant_pattern(variant, |field| field.attrs.role.is_set());
                let metrics = metrics_of(&variant.body, &local_access, private);
                quote!(#pattern => #metrics,)
            });
            quote!(match self { #(#arms)* })
        }
    };
    Some(quote! {
        fn metrics(&self) -> #private::MessageMetrics {
            #body
        }
    })
}

fn metrics_of(body: &Body<'_>, access: Access<'_>, private: &TokenStream) -> TokenStream {
    let setters = body.fields.iter().filter_map(|field| {
        let role = field.attrs.role.get()?;
        let ty = &field.original.ty;
        let setter = format_ident!("with_{}", role.as_str());
        let count = quote_spanned!(ty.span()=> <#ty as #private::Countable>::count);
        let value = access(field);
        Some(quote!(.#setter(#count(#value))))
    });
    quote!(<#private::MessageMetrics as ::core::default::Default>::default() #(#setters)*)
}

/// Returns what the documentation of a total says.
pub(crate) fn total_doc(field: &Field<'_>, total: Total) -> String {
    let name = field.name();
    match total {
        Total::Sum => format!("The sum of `{name}` over all messages."),
        Total::Min => format!("The smallest `{name}` of all messages; `None` without any."),
        Total::Max => format!("The largest `{name}` of all messages; `None` without any."),
        Total::Append => format!("The `{name}` of all messages, in partition order."),
    }
}
