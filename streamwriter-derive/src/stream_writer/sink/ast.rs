//! The methods of a sink and what their arguments are for, told by the types.

use syn::{FnArg, Generics, PatType, Receiver, ReturnType, Type};

use super::rows::{RowsArg, rows_arg};
use crate::ctxt::Ctxt;
use crate::stream_writer::args::Args;
use crate::stream_writer::block::{Block, Method};
use crate::types;

/// An impl block with `#[stream_writer]`.
pub(crate) struct Sink<'a> {
    pub(crate) block: &'a Block,
    pub(crate) args: &'a Args,
    pub(crate) write: Option<Write<'a>>,
    pub(crate) commit: Option<Finish<'a>>,
    pub(crate) abort: Option<Finish<'a>>,
    /// `fn guarantee(&self) -> Guarantee`, if there is one.
    pub(crate) guarantee: Option<&'a Method>,
    /// `fn description(&self) -> String`, if there is one.
    pub(crate) description: Option<&'a Method>,
}

/// The method `write`.
pub(crate) struct Write<'a> {
    pub(crate) method: &'a Method,
    pub(crate) args: Vec<WriteArg>,
    /// The rows, if the argument for them was found.
    pub(crate) rows: Option<RowsArg>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteArg {
    Rows,
    Task,
}

/// The method `commit` or `abort`.
pub(crate) struct Finish<'a> {
    pub(crate) method: &'a Method,
    pub(crate) args: Vec<FinishArg<'a>>,
}

pub(crate) enum FinishArg<'a> {
    /// `&BatchContext`
    Batch,
    /// `BatchId`
    BatchId,
    /// `u64`
    BatchNumber,
    /// A type whose name ends in `Totals`, or a reference to one.
    Totals { reference: bool },
    /// `&[M]` or `&[Option<M>]`: the slice.
    Slice(&'a Type),
    /// Anything else that messages can be turned into, or a reference to it.
    Messages { ty: &'a Type, reference: bool },
}

impl<'a> Sink<'a> {
    pub(crate) fn from_block(cx: &Ctxt, block: &'a Block, args: &'a Args) -> Self {
        let finish = |name| {
            let method = block.method(name)?;
            Some(Finish::from_method(cx, method))
        };
        let returning = |name, ty| {
            let method = block.method(name)?;
            returns(method, ty).then_some(method)
        };
        Self {
            block,
            args,
            write: block
                .method("write")
                .map(|method| Write::from_method(cx, method)),
            commit: finish("commit"),
            abort: finish("abort"),
            guarantee: returning("guarantee", "Guarantee"),
            description: returning("description", "String"),
        }
    }
}

/// Tells whether a method takes nothing but `&self` and returns a type of this name.
fn returns(method: &Method, name: &str) -> bool {
    let inputs = &method.sig.inputs;
    let only_self = inputs.len() == 1 && method.sig.receiver().is_some();
    let ReturnType::Type(_, ty) = &method.sig.output else {
        return false;
    };
    only_self && types::last_segment(ty).is_some_and(|segment| segment.ident == name)
}

/// Returns the arguments after `self`.
fn typed_args(method: &Method) -> impl Iterator<Item = &PatType> {
    method.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(typed),
        FnArg::Receiver(_) => None,
    })
}

impl Method {
    pub(crate) fn receiver(&self) -> Option<&Receiver> {
        self.sig.inputs.iter().find_map(|input| match input {
            FnArg::Receiver(receiver) => Some(receiver),
            FnArg::Typed(_) => None,
        })
    }

    /// Returns the type after `->`.
    pub(crate) fn output(&self) -> Type {
        match &self.sig.output {
            ReturnType::Type(_, ty) => (**ty).clone(),
            ReturnType::Default => syn::parse_quote!(()),
        }
    }
}

impl<'a> Write<'a> {
    fn from_method(cx: &Ctxt, method: &'a Method) -> Self {
        let mut write = Self {
            method,
            args: Vec::new(),
            rows: None,
        };
        let mut rows_tried = false;
        for arg in typed_args(method) {
            if is_task(cx, &arg.ty) {
                if write.args.contains(&WriteArg::Task) {
                    cx.error(&arg.ty, "the task is given twice: keep one");
                }
                write.args.push(WriteArg::Task);
            } else if let Some(rows) = rows_arg(cx, &arg.ty, &method.sig.generics) {
                if rows_tried {
                    cx.error(&arg.ty, "the rows are given twice: keep one");
                }
                rows_tried = true;
                write.args.push(WriteArg::Rows);
                write.rows = rows.ok();
            } else {
                cx.error(
                    &arg.ty,
                    "`write` takes `rows: impl Iterator<Item = YourRow>` (or `impl Rows<Item = \
                     YourRow>`) and, if you like, `task: &TaskContext`; put anything else into \
                     fields of the sink",
                );
                // One error is enough: the rows may be what this argument is meant for.
                rows_tried = true;
            }
        }
        if !rows_tried {
            cx.error(
                &method.sig.ident,
                "`write` needs the rows: add `rows: impl Iterator<Item = YourRow>`",
            );
        }
        write
    }

    /// Returns the type parameters that belong to the row type.
    pub(crate) fn row_generics(&self) -> Generics {
        self.rows
            .as_ref()
            .map(|rows| rows.row_generics(&self.method.sig.generics))
            .unwrap_or_default()
    }
}

fn is_task(cx: &Ctxt, ty: &Type) -> bool {
    context_arg(cx, ty, "TaskContext")
}

/// Recognises a context, which is taken by reference.
fn context_arg(cx: &Ctxt, ty: &Type, name: &str) -> bool {
    let is = |ty: &Type| types::last_segment(ty).is_some_and(|segment| segment.ident == name);
    match types::plain(ty) {
        Type::Reference(reference) if is(&reference.elem) => {
            if let Some(mutability) = reference.mutability {
                cx.error(mutability, format!("write `&{name}`: it cannot be changed"));
            }
            true
        }
        other if is(other) => {
            cx.error(other, format!("write `&{name}`: it belongs to the engine"));
            true
        }
        _ => false,
    }
}

impl<'a> Finish<'a> {
    fn from_method(cx: &Ctxt, method: &'a Method) -> Self {
        let (mut batch, mut totals, mut messages) = (false, false, false);
        let mut args = Vec::new();
        for arg in typed_args(method) {
            let found = FinishArg::from_type(cx, &arg.ty);
            let (seen, what) = match &found {
                FinishArg::Batch | FinishArg::BatchId | FinishArg::BatchNumber => {
                    (&mut batch, "batch is")
                }
                FinishArg::Totals { .. } => (&mut totals, "totals are"),
                FinishArg::Slice(_) | FinishArg::Messages { .. } => (&mut messages, "messages are"),
            };
            if *seen {
                cx.error(&arg.ty, format!("the {what} given twice: keep one"));
            }
            *seen = true;
            args.push(found);
        }
        Self { method, args }
    }
}

impl<'a> FinishArg<'a> {
    fn from_type(cx: &Ctxt, ty: &'a Type) -> Self {
        if context_arg(cx, ty, "BatchContext") {
            return Self::Batch;
        }
        let ty = types::plain(ty);
        if let Type::Reference(reference) = ty {
            let inner = types::plain(&reference.elem);
            if let Some(mutability) = reference.mutability {
                cx.error(mutability, "write `&`, or take the messages as `Vec`");
            }
            return match inner {
                Type::Slice(_) => Self::Slice(inner),
                ty => match Self::from_owned(cx, ty) {
                    Self::Totals { .. } => Self::Totals { reference: true },
                    Self::Messages { ty, .. } => Self::Messages {
                        ty,
                        reference: true,
                    },
                    other => {
                        cx.error(reference.and_token, "take this argument by value");
                        other
                    }
                },
            };
        }
        Self::from_owned(cx, ty)
    }

    fn from_owned(cx: &Ctxt, ty: &'a Type) -> Self {
        let messages = Self::Messages {
            ty,
            reference: false,
        };
        let Some(segment) = types::last_segment(ty) else {
            return messages;
        };
        match segment.ident.to_string().as_str() {
            "BatchId" => Self::BatchId,
            "u64" => Self::BatchNumber,
            name if types::is_integer(ty) => {
                cx.error(
                    ty,
                    format!("a batch id is a `u64` or a `BatchId`, not a `{name}`"),
                );
                Self::BatchNumber
            }
            name if name.ends_with("Totals") => Self::Totals { reference: false },
            _ => messages,
        }
    }
}
