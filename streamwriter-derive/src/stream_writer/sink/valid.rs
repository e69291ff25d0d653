//! Rules about the block and the signatures.

use syn::{GenericParam, ReceiverKind, Safety, Type};

use super::ast::{Sink, Write};
use crate::ctxt::Ctxt;
use crate::stream_writer::block::{Block, Method};
use crate::types;

/// Reports blocks that no sink can be made of; `false` if it is one.
pub(crate) fn check_block(cx: &Ctxt, block: &Block) -> bool {
    if let Some(of_trait) = &block.of_trait {
        cx.error(
            of_trait,
            "`#[stream_writer]` belongs on an impl of the sink's own methods: \
             `impl YourSink { fn write(...) }`",
        );
        return false;
    }
    check_lifetimes(cx, block)
}

/// Reports a sink that borrows. The traits need `'static`, so a stand-in would be an error too.
fn check_lifetimes(cx: &Ctxt, block: &Block) -> bool {
    const MESSAGE: &str = "a query shares its sink with threads of its own, so the sink owns its \
                           data: use `String`, `Arc` or `Box` instead of a reference";
    let mut params = block.generics.lifetimes().peekable();
    if let Some(param) = params.peek() {
        cx.error(param, MESSAGE);
        return false;
    }
    if let Some(lifetime) = types::borrowed_lifetime(&block.self_ty) {
        cx.error(lifetime, MESSAGE);
        return false;
    }
    true
}

/// Reports everything about the methods that their arguments do not say.
pub(crate) fn check(cx: &Ctxt, sink: &Sink<'_>) {
    match &sink.write {
        None => cx.error(
            &sink.block.self_ty,
            "a sink needs `fn write(&self, rows: impl Iterator<Item = YourRow>) -> YourMessage` \
             in this block",
        ),
        Some(write) => {
            check_method(
                cx,
                write.method,
                "several tasks call `write` at the same time",
            );
            check_write_generics(cx, write);
        }
    }
    for finish in [&sink.commit, &sink.abort].into_iter().flatten() {
        check_method(cx, finish.method, "the sink is shared with the tasks");
        for param in &finish.method.sig.generics.params {
            if !matches!(param, GenericParam::Lifetime(_)) {
                cx.error(
                    param,
                    "the engine cannot know what this parameter is: use the message type",
                );
            }
        }
    }
    check_twice(cx, sink);
    for method in [sink.guarantee, sink.description].into_iter().flatten() {
        if let Some(token) = &method.sig.asyncness {
            cx.error(
                token,
                "the engine asks for this before it runs anything: remove `async`",
            );
        }
    }
    if let (Some(_), Some(key)) = (sink.guarantee, sink.args.guarantee.key()) {
        cx.error(
            key,
            "`fn guarantee` in this block says it too: keep one of them",
        );
    }
}

fn check_method(cx: &Ctxt, method: &Method, why_shared: &str) {
    let sig = &method.sig;
    if let Safety::Unsafe(token) = &sig.safety {
        cx.error(
            token,
            "the engine calls this from safe code: remove `unsafe`",
        );
    }
    match method.receiver() {
        None => cx.error(
            &sig.ident,
            format!("`{}` works on the sink: take `&self` first", sig.ident),
        ),
        Some(receiver) => {
            let shared = match &receiver.kind {
                ReceiverKind::Reference(_, _, mutability) => mutability.is_none(),
                ReceiverKind::Typed(_, ty) => is_shared_self(ty),
                _ => false,
            };
            if !shared {
                cx.error(
                    receiver,
                    format!(
                        "{why_shared}, so it is `&self`; what must be remembered goes into the \
                         message"
                    ),
                );
            }
        }
    }
    if let Type::ImplTrait(found) = types::plain(&method.output()) {
        cx.error(found, "name the type that is returned");
    }
}

fn is_shared_self(ty: &Type) -> bool {
    match types::plain(ty) {
        Type::Reference(reference) if reference.mutability.is_none() => {
            types::last_segment(&reference.elem).is_some_and(|segment| segment.ident == "Self")
        }
        _ => false,
    }
}

fn check_write_generics(cx: &Ctxt, write: &Write<'_>) {
    let Some(rows) = &write.rows else {
        return;
    };
    let row_generics = write.row_generics();
    for param in &row_generics.params {
        let ident = match param {
            GenericParam::Type(param) => &param.ident,
            GenericParam::Const(param) => &param.ident,
            GenericParam::Lifetime(_) => continue,
        };
        if !types::mentions(&rows.row, ident) {
            cx.error(
                param,
                "the rows do not say what this parameter is: use it in the row type, \
                 or make it a parameter of the sink",
            );
        } else if types::mentions(&write.method.sig.output, ident) {
            cx.error(
                &write.method.sig.output,
                format!(
                    "a sink has one message type, so it cannot depend on the row type `{ident}`"
                ),
            );
        }
    }
}

fn check_twice(cx: &Ctxt, sink: &Sink<'_>) {
    for name in ["write", "commit", "abort"] {
        let named = sink.block.methods.iter();
        let more = named.filter(|method| method.sig.ident == name).skip(1);
        for method in more.filter(|method| method.cfg_attrs().next().is_some()) {
            cx.error(
                &method.sig.ident,
                format!("there is a `{name}` already: put `#[cfg]` inside its body instead"),
            );
        }
    }
}
