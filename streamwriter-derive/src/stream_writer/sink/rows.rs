//! The argument that takes the rows, and the type of a row in it.

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{
    AngleBracketedGenericArguments, GenericArgument, GenericParam, Generics, Ident, PathArguments,
    Token, TraitBound, Type, TypeParamBound, WherePredicate,
};

use crate::ctxt::Ctxt;
use crate::types;

/// How `write` takes its rows.
pub(crate) struct RowsArg {
    /// The type of a row.
    pub(crate) row: Type,
    /// The rows are borrowed: `&mut impl Iterator`, `&mut dyn Iterator`.
    pub(crate) by_mut: bool,
    /// The type parameter of `write` that stands for the rows.
    pub(crate) param: Option<Ident>,
}

/// The argument is meant for the rows, and what is wrong with it has been reported.
pub(crate) struct Reported;

type Bounds = Punctuated<TypeParamBound, Token![+]>;

impl RowsArg {
    /// Returns the type parameters of `write` that do not stand for the rows, with their bounds.
    pub(crate) fn row_generics(&self, of_write: &Generics) -> Generics {
        let is_rows = |ident: &Ident| self.param.as_ref() == Some(ident);
        let mut generics = Generics::default();
        let params = of_write.params.iter().filter(|param| match param {
            GenericParam::Type(param) => !is_rows(&param.ident),
            GenericParam::Const(_) => true,
            GenericParam::Lifetime(_) => false,
        });
        generics.params.extend(params.cloned());
        let predicates = of_write
            .where_clause
            .iter()
            .flat_map(|clause| &clause.predicates);
        for predicate in predicates {
            let kept = match predicate {
                WherePredicate::Type(predicate) => !self
                    .param
                    .as_ref()
                    .is_some_and(|param| types::mentions(&predicate.bounded_ty, param)),
                _ => false,
            };
            if kept {
                let clause = generics.make_where_clause();
                clause.predicates.push(predicate.clone());
            }
        }
        generics
    }
}

/// Recognises the rows; `None` if the type is not meant for them.
pub(crate) fn rows_arg(
    cx: &Ctxt,
    ty: &Type,
    generics: &Generics,
) -> Option<Result<RowsArg, Reported>> {
    let ty = types::plain(ty);
    match ty {
        Type::Reference(reference) if reference.mutability.is_some() => {
            let rows = rows_arg(cx, &reference.elem, generics)?;
            Some(rows.map(|rows| RowsArg {
                by_mut: true,
                ..rows
            }))
        }
        Type::ImplTrait(found) => Some(from_bounds(cx, [&found.bounds], ty, None)),
        Type::TraitObject(found) => Some(from_bounds(cx, [&found.bounds], ty, None)),
        Type::Path(path) => match path
            .path
            .get_ident()
            .and_then(|ident| param(generics, ident))
        {
            Some((ident, bounds)) => Some(from_bounds(cx, bounds, ty, Some(ident))),
            None => from_collection(cx, ty),
        },
        Type::Reference(reference) => match types::plain(&reference.elem) {
            Type::Slice(slice) => Some(Err(say_iterator(cx, ty, &slice.elem))),
            _ => None,
        },
        _ => None,
    }
}

/// Recognises a collection of rows, to say what to write instead.
fn from_collection(cx: &Ctxt, ty: &Type) -> Option<Result<RowsArg, Reported>> {
    let row = types::argument_of(ty, "Vec").or_else(|| types::argument_of(ty, "VecDeque"))?;
    Some(Err(say_iterator(cx, ty, row)))
}

fn say_iterator(cx: &Ctxt, ty: &Type, row: &Type) -> Reported {
    let row = row.to_token_stream();
    cx.error(
        ty,
        format!("rows arrive one by one: write `impl Iterator<Item = {row}>`"),
    );
    Reported
}

/// Returns a type parameter with all its bounds.
fn param<'g>(generics: &'g Generics, ident: &Ident) -> Option<(Ident, Vec<&'g Bounds>)> {
    let param = generics.type_params().find(|param| param.ident == *ident)?;
    let mut bounds = vec![&param.bounds];
    let predicates = generics
        .where_clause
        .iter()
        .flat_map(|clause| &clause.predicates);
    bounds.extend(predicates.filter_map(|predicate| match predicate {
        WherePredicate::Type(predicate) => match types::plain(&predicate.bounded_ty) {
            Type::Path(path) if path.path.is_ident(ident) => Some(&predicate.bounds),
            _ => None,
        },
        _ => None,
    }));
    Some((param.ident.clone(), bounds))
}

fn from_bounds<'b>(
    cx: &Ctxt,
    bounds: impl IntoIterator<Item = &'b Bounds>,
    ty: &Type,
    param: Option<Ident>,
) -> Result<RowsArg, Reported> {
    let mut row = None;
    let mut reported = false;
    for bound in bounds.into_iter().flatten() {
        match check_bound(cx, bound) {
            Ok(Some(found)) => row = Some(found),
            Ok(None) => {}
            Err(Reported) => reported = true,
        }
    }
    match row {
        Some(row) if !reported => {
            let row = check_row(cx, row)?;
            Ok(RowsArg {
                row,
                by_mut: false,
                param,
            })
        }
        _ if reported => Err(Reported),
        _ => {
            cx.error(
                ty,
                "say what the rows are: `impl Iterator<Item = YourRow>` or \
                 `impl Rows<Item = YourRow>`",
            );
            Err(Reported)
        }
    }
}

/// Returns the row type, if this bound names it.
fn check_bound<'b>(cx: &Ctxt, bound: &'b TypeParamBound) -> Result<Option<&'b Type>, Reported> {
    match bound {
        TypeParamBound::Trait(bound) => check_trait(cx, bound),
        TypeParamBound::Lifetime(lifetime) if lifetime.ident != "_" => {
            cx.error(
                lifetime,
                "the rows live as long as the task: leave the lifetime out",
            );
            Err(Reported)
        }
        _ => Ok(None),
    }
}

fn check_trait<'b>(cx: &Ctxt, bound: &'b TraitBound) -> Result<Option<&'b Type>, Reported> {
    let Some(last) = bound.path.segments.last() else {
        return Ok(None);
    };
    match last.ident.to_string().as_str() {
        "Iterator" | "Rows" | "IntoIterator" => {
            let item = match &last.arguments {
                PathArguments::AngleBracketed(arguments) => item_of(arguments),
                _ => None,
            };
            if item.is_none() && last.ident != "Rows" {
                cx.error(
                    bound,
                    format!("say what a row is: `{}<Item = YourRow>`", last.ident),
                );
                return Err(Reported);
            }
            Ok(item)
        }
        "Send" | "Sized" => Ok(None),
        other => {
            cx.error(
                bound,
                format!(
                    "the rows are read once, forwards, on one thread; they cannot be `{other}`: \
                     leave it out"
                ),
            );
            Err(Reported)
        }
    }
}

fn item_of(arguments: &AngleBracketedGenericArguments) -> Option<&Type> {
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(assoc) if assoc.ident == "Item" => Some(&assoc.ty),
        _ => None,
    })
}

fn check_row(cx: &Ctxt, row: &Type) -> Result<Type, Reported> {
    match types::plain(row) {
        Type::ImplTrait(found) => cx.error(
            found,
            "give the row type a name: `fn write<R: ...>(&self, rows: impl Iterator<Item = R>)`",
        ),
        Type::Reference(reference)
            if reference
                .lifetime
                .as_ref()
                .is_none_or(|lifetime| lifetime.ident != "static") =>
        {
            cx.error(
                reference,
                "`write` gets rows of its own: use a type without the reference, \
                 such as `String` for `&str`",
            );
        }
        _ => return Ok(row.clone()),
    }
    Err(Reported)
}
