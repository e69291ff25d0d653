//! The trait impls that call the user's methods. Nothing here can fail.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Generics, Type, parse_quote};

use super::ast::{Finish, FinishArg, Sink, Write, WriteArg};
use crate::krate::krate;
use crate::stream_writer::block::Method;
use crate::stream_writer::snake_case;
use crate::types;

pub(crate) fn expand(sink: &Sink<'_>) -> TokenStream {
    let krate = krate(sink.args.krate.get());
    let private = quote!(#krate::__private);
    let driver = stream_writer_impl(sink, &private);
    let executors = sink.write.as_ref().map(|write| {
        let rows = write_rows_impl(sink, write, &private);
        let row = sink_row_impl(sink, write, &private);
        quote!(#rows #row)
    });
    quote!(#driver #executors)
}

/// Returns the generics of the impls.
///
/// A generic sink is one for those parameters that can be shared between threads; others are an
/// error where the sink is used.
pub(crate) fn generics(sink: &Sink<'_>) -> Generics {
    let mut generics = sink.block.generics.clone();
    if generics.type_params().next().is_some() {
        let self_ty = &sink.block.self_ty;
        generics.make_where_clause().predicates.push(parse_quote!(
            #self_ty: ::core::marker::Send + ::core::marker::Sync + 'static
        ));
    }
    generics
}

/// Returns the conditions under which there is a sink.
///
/// IMPORTANT: where `write` is not compiled, a call of it would be one of the trait's `write`,
/// which is the caller.
fn write_cfg<'s>(sink: &'s Sink<'_>) -> impl Iterator<Item = &'s Attribute> {
    let write = sink.write.iter();
    write.flat_map(|write| write.method.cfg_attrs())
}

fn stream_writer_impl(sink: &Sink<'_>, private: &TokenStream) -> TokenStream {
    let self_ty = &sink.block.self_ty;
    let generics = generics(sink);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let message = sink
        .write
        .as_ref()
        .map_or_else(|| quote!(()), |write| message_type(write, private));
    let name = name(sink, private);
    let description = description(sink);
    let guarantee = guarantee(sink, private);
    let target = target(sink, private);
    let commit = sink
        .commit
        .as_ref()
        .map(|commit| finish(commit, true, private));
    let abort = sink
        .abort
        .as_ref()
        .map(|abort| finish(abort, false, private));
    let cfg = write_cfg(sink);
    quote! {
        #(#cfg)*
        #[automatically_derived]
        impl #impl_generics #private::StreamWriter for #self_ty #where_clause {
            type Message = #message;
            type Error = #private::BoxError;

            #name
            #description
            #guarantee
            #target
            #commit
            #abort
        }
    }
}

/// Returns `M` if the output is written as `Result<M, ..>`.
///
/// Any other output is told apart by its type. This one could be too, but a type that is no
/// message is a clearer error when it stands alone.
fn ok_type(output: &Type) -> Option<&Type> {
    types::argument_of(output, "Result")
}

fn message_type(write: &Write<'_>, private: &TokenStream) -> TokenStream {
    let output = write.method.output();
    match ok_type(&output) {
        Some(message) => quote!(#message),
        None => quote_spanned!(output.span()=> <#output as #private::WriteOutput>::Message),
    }
}

pub(crate) fn name(sink: &Sink<'_>, private: &TokenStream) -> TokenStream {
    let body = if let Some(name) = sink.args.name.get() {
        quote!(#name)
    } else {
        let fallback = types::last_segment(&sink.block.self_ty).map_or_else(
            || "sink".to_owned(),
            |last| snake_case(&last.ident.to_string()),
        );
        quote! {
            #[allow(unused_imports)]
            use #private::NamelessWriter as _;
            match Self::__STREAM_WRITER_NAME {
                ::core::option::Option::Some(__name) => __name,
                ::core::option::Option::None => #fallback,
            }
        }
    };
    quote! {
        fn name(&self) -> &str {
            #body
        }
    }
}

fn description(sink: &Sink<'_>) -> Option<TokenStream> {
    let cfg = sink.description?.cfg_attrs();
    Some(quote! {
        #(#cfg)*
        fn description(&self) -> ::std::string::String {
            Self::description(self)
        }
    })
}

fn guarantee(sink: &Sink<'_>, private: &TokenStream) -> Option<TokenStream> {
    let cfg: Vec<_> = sink
        .guarantee
        .iter()
        .flat_map(|method| method.cfg_attrs())
        .collect();
    let body = match (sink.args.guarantee.get(), sink.guarantee) {
        (Some(declared), _) => declared.path(private),
        (None, Some(_)) => quote!(Self::guarantee(self)),
        (None, None) => return None,
    };
    Some(quote! {
        #(#cfg)*
        fn guarantee(&self) -> #private::Guarantee {
            #body
        }
    })
}

fn target(sink: &Sink<'_>, private: &TokenStream) -> Option<TokenStream> {
    let target = sink.args.target.get()?;
    let reference = quote_spanned!(target.span()=> &(#target));
    Some(quote! {
        #[allow(unused_parens)]
        fn target(&self) -> ::core::option::Option<&dyn #private::Target> {
            ::core::option::Option::Some(#reference)
        }
    })
}

/// Generates `commit` (all messages are there) or `abort`.
fn finish(finish: &Finish<'_>, all: bool, private: &TokenStream) -> TokenStream {
    let method = &finish.method.sig.ident;
    let cfg = finish.method.cfg_attrs();
    let message = quote!(<Self as #private::StreamWriter>::Message);
    let (list, by_partition) = if all {
        (quote!(#message), quote!(#private::all_some(__messages)))
    } else {
        (quote!(::core::option::Option<#message>), quote!(__messages))
    };
    // IMPORTANT: totals borrow the messages, so they come before what takes them away.
    let (first, then): (Vec<_>, Vec<_>) = finish
        .args
        .iter()
        .enumerate()
        .partition(|(_, arg)| matches!(arg, FinishArg::Totals { .. }));
    let bindings = first
        .into_iter()
        .chain(then)
        .filter_map(|(index, arg)| finish_binding(index, arg, &message, private));
    let arguments = finish
        .args
        .iter()
        .enumerate()
        .map(|(index, arg)| finish_argument(index, arg));
    let output = finish.method.output();
    let into_output = quote_spanned! {output.span()=>
        <#output as #private::CommitOutput>::into_output
    };
    let call = quote!(Self::#method(self, #(#arguments),*));
    let call = awaited(finish.method, call, Context::Batch, private);
    quote! {
        #(#cfg)*
        #[allow(unused_variables)]
        fn #method(
            &self,
            __messages: ::std::vec::Vec<#list>,
            __batch: &#private::BatchContext,
        ) -> ::core::result::Result<(), #private::BoxError> {
            let __messages: ::std::vec::Vec<::core::option::Option<#message>> = #by_partition;
            #(#bindings)*
            #into_output(#call)
        }
    }
}

/// What an `async` method works for, which says when it is cut short.
#[derive(Clone, Copy)]
enum Context {
    Task,
    Batch,
}

/// Makes the call of an `async fn` one that waits for its output; leaves that of another as it is.
fn awaited(
    method: &Method,
    call: TokenStream,
    context: Context,
    private: &TokenStream,
) -> TokenStream {
    let Some(token) = &method.sig.asyncness else {
        return call;
    };
    // Without the feature `tokio` there is an error, and it points at `async`.
    let place = token.span();
    let future = quote_spanned!(place=> __future);
    let wait = match context {
        Context::Task => quote_spanned!(place=> #private::block_on_task(__task, #future)),
        Context::Batch => quote_spanned!(place=> #private::block_on_batch(__batch, #future)),
    };
    quote! {
        {
            let __future = #call;
            match #wait {
                ::core::result::Result::Ok(__output) => __output,
                ::core::result::Result::Err(__error) => {
                    return ::core::result::Result::Err(
                        ::core::convert::Into::<#private::BoxError>::into(__error)
                    );
                }
            }
        }
    }
}

/// Makes the local that holds an argument, if it needs one.
fn finish_binding(
    index: usize,
    arg: &FinishArg<'_>,
    message: &TokenStream,
    private: &TokenStream,
) -> Option<TokenStream> {
    let local = format_ident!("__arg_{index}");
    match arg {
        FinishArg::Batch | FinishArg::BatchId | FinishArg::BatchNumber => None,
        FinishArg::Totals { .. } => Some(quote! {
            let #local = #private::totals_of_some::<#message>(&__messages);
        }),
        FinishArg::Slice(ty) => Some(quote_spanned! {ty.span()=>
            let #local = <#ty as #private::BorrowMessages<#message>>::own_messages(__messages);
            let #local: &#ty = ::core::borrow::Borrow::borrow(&#local);
        }),
        FinishArg::Messages { ty, .. } => {
            let from = quote_spanned! {ty.span()=>
                <#ty as #private::FromMessages<#message>>::from_messages
            };
            Some(quote!(let #local = #from(__messages);))
        }
    }
}

fn finish_argument(index: usize, arg: &FinishArg<'_>) -> TokenStream {
    let local = format_ident!("__arg_{index}");
    match arg {
        FinishArg::Batch => quote!(__batch),
        FinishArg::BatchId => quote!(__batch.batch_id()),
        FinishArg::BatchNumber => quote!(__batch.batch_id().get()),
        FinishArg::Totals { reference: true }
        | FinishArg::Messages {
            reference: true, ..
        } => quote!(&#local),
        FinishArg::Slice(_)
        | FinishArg::Totals { reference: false }
        | FinishArg::Messages {
            reference: false, ..
        } => quote!(#local),
    }
}

fn write_rows_impl(sink: &Sink<'_>, write: &Write<'_>, private: &TokenStream) -> TokenStream {
    let Some(rows) = &write.rows else {
        return TokenStream::new();
    };
    let self_ty = &sink.block.self_ty;
    let row = &rows.row;
    let mut generics = generics(sink);
    let of_row = write.row_generics();
    generics.params.extend(of_row.params);
    if let Some(clause) = of_row.where_clause {
        let all = generics.make_where_clause();
        all.predicates.extend(clause.predicates);
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let mutable = rows.by_mut.then(|| quote!(mut));
    let arguments = write.args.iter().map(|arg| match arg {
        WriteArg::Task => quote!(__task),
        WriteArg::Rows if rows.by_mut => quote!(&mut __rows),
        WriteArg::Rows => quote!(__rows),
    });
    let call = quote!(Self::write(self, #(#arguments),*));
    let call = awaited(write.method, call, Context::Task, private);
    let body = write_body(write, &call, private);
    let output = write.method.output();
    let message = quote_spanned!(output.span()=> <Self as #private::StreamWriter>::Message);
    // "But it takes rows of this type" points at the type of the row.
    let place = Span::call_site().located_at(row.span());
    let cfg = write_cfg(sink);
    quote_spanned! {place=>
        #(#cfg)*
        #[automatically_derived]
        impl #impl_generics #private::WriteRows<#row> for #self_ty #where_clause {
            fn write(
                &self,
                #mutable __rows: impl #private::Rows<Item = #row> + ::core::marker::Send,
                __task: &#private::TaskContext,
            ) -> ::core::result::Result<#message, #private::BoxError> {
                #body
            }
        }
    }
}

/// Says which rows the sink takes, unless it takes many kinds.
fn sink_row_impl(sink: &Sink<'_>, write: &Write<'_>, private: &TokenStream) -> TokenStream {
    let Some(rows) = &write.rows else {
        return TokenStream::new();
    };
    if !write.row_generics().params.is_empty() {
        return TokenStream::new();
    }
    let self_ty = &sink.block.self_ty;
    let row = &rows.row;
    let generics = generics(sink);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let cfg = write_cfg(sink);
    quote! {
        #(#cfg)*
        #[automatically_derived]
        impl #impl_generics #private::SinkRow<#row> for #self_ty #where_clause {}
    }
}

fn write_body(write: &Write<'_>, call: &TokenStream, private: &TokenStream) -> TokenStream {
    let output = write.method.output();
    if ok_type(&output).is_some() {
        let error = quote_spanned! {output.span()=>
            ::core::result::Result::Err(__error) => ::core::result::Result::Err(
                ::core::convert::Into::<#private::BoxError>::into(__error)
            )
        };
        return quote! {
            match #call {
                ::core::result::Result::Ok(__message) => ::core::result::Result::Ok(__message),
                #error,
            }
        };
    }
    let into_output = quote_spanned! {output.span()=>
        <#output as #private::WriteOutput>::into_output
    };
    quote!(#into_output(#call))
}
