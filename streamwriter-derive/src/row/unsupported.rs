//! Types that are known to be no column, with what would work.
//!
//! Only what the name says for sure: all else is left to the compiler, which knows types.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{GenericArgument, Ident, PathArguments, Type};

use crate::types::{argument_of, last_segment, plain};

/// A type inside a field, and what to write instead.
pub(crate) struct Unsupported {
    pub(crate) tokens: TokenStream,
    pub(crate) help: String,
}

/// Looks for a type that is no column in the type of a field of `row`.
pub(crate) fn find(ty: &Type, row: &Ident, decimal: bool) -> Option<Unsupported> {
    let ty = plain(ty);
    let help = match ty {
        Type::Path(_) => return of_path(ty, row, decimal),
        Type::Reference(reference) => borrowed(&reference.elem),
        Type::Tuple(tuple) if tuple.elems.is_empty() => {
            "a value without content has no column: remove the field, or `#[row(skip)]` it".into()
        }
        Type::Tuple(_) => {
            "columns have names, and the parts of a tuple have none: use a struct with \
             `#[derive(Row)]`"
                .into()
        }
        Type::Array(array) if is_ident(&array.elem, "u8") => return None,
        Type::Array(array) => format!(
            "use `Vec<{}>`: only bytes, `[u8; N]`, have a column of a fixed length",
            text(&array.elem)
        ),
        Type::Ptr(_) | Type::FnPtr(_) | Type::TraitObject(_) => {
            "this is no data: `#[row(skip)]` it, or give a codec with `#[row(with = Codec)]`".into()
        }
        _ => return None,
    };
    Some(Unsupported {
        tokens: ty.to_token_stream(),
        help,
    })
}

fn of_path(ty: &Type, row: &Ident, decimal: bool) -> Option<Unsupported> {
    let segment = last_segment(ty)?;
    let name = segment.ident.to_string();
    let alone = matches!(ty, Type::Path(path) if path.path.segments.len() == 1);
    let help = match name.as_str() {
        "Option" if argument_of(ty, "Option").is_some_and(is_option) => {
            Some("a column has one kind of null: use one `Option`".to_owned())
        }
        _ if alone && segment.ident == *row => Some(
            "a column cannot contain itself: keep the parts in rows of their own, with an id"
                .to_owned(),
        ),
        _ if alone && !segment.arguments.is_none() => other_container(&name),
        _ if alone => scalar(&name, decimal),
        _ => None,
    };
    let help = help.or_else(|| foreign(&name));
    if let Some(help) = help {
        return Some(Unsupported {
            tokens: ty.to_token_stream(),
            help,
        });
    }
    match (name.as_str(), &segment.arguments) {
        (
            "Option" | "Vec" | "Box" | "HashMap" | "BTreeMap",
            PathArguments::AngleBracketed(list),
        ) => list.args.iter().find_map(|argument| match argument {
            GenericArgument::Type(ty) => find(ty, row, decimal),
            _ => None,
        }),
        _ => None,
    }
}

fn is_option(ty: &Type) -> bool {
    argument_of(ty, "Option").is_some()
}

/// Types of the language.
fn scalar(name: &str, decimal: bool) -> Option<String> {
    let help = match name {
        "usize" => "its size depends on the machine: use `u64`",
        "isize" => "its size depends on the machine: use `i64`",
        "u128" => "use `i128` with `#[row(decimal(38, 0))]`, or `u64`",
        "i128" if !decimal => "say how many digits there are: `#[row(decimal(38, 0))]`",
        "char" => "use `String`",
        "f16" => "use `f32`",
        "f128" => "use `f64`",
        "str" => "use `String`",
        _ => return None,
    };
    Some(help.to_owned())
}

fn other_container(name: &str) -> Option<String> {
    let help = match name {
        "HashSet" | "BTreeSet" | "VecDeque" => "use a `Vec`",
        "Rc" | "Arc" => "a row owns its data: use the type inside, or a `Box`",
        "DateTime" => "use `jiff::Timestamp`, or give a codec with `#[row(with = Codec)]`",
        "Cow" => "a row owns its data: use `String` or `Vec<u8>`",
        _ => return None,
    };
    Some(help.to_owned())
}

/// Types of other libraries that have a counterpart.
fn foreign(name: &str) -> Option<String> {
    let help = match name {
        "PathBuf" | "OsString" => "use `String`, or give a codec with `#[row(with = Codec)]`",
        "Zoned" => "a column has one zone: use `jiff::Timestamp`, and a `String` for the zone",
        "NaiveDate" => "use `jiff::civil::Date`, or give a codec with `#[row(with = Codec)]`",
        "NaiveTime" => "use `jiff::civil::Time`, or give a codec with `#[row(with = Codec)]`",
        "NaiveDateTime" => {
            "use `jiff::civil::DateTime`, or give a codec with `#[row(with = Codec)]`"
        }
        _ => return None,
    };
    Some(help.to_owned())
}

fn borrowed(inside: &Type) -> String {
    let owned = match plain(inside) {
        ty if is_ident(ty, "str") => "String".to_owned(),
        Type::Slice(slice) => format!("Vec<{}>", text(&slice.elem)),
        ty => text(ty),
    };
    format!("a row owns its data, because it is read back from columns: use `{owned}`")
}

fn is_ident(ty: &Type, name: &str) -> bool {
    matches!(plain(ty), Type::Path(path) if path.path.is_ident(name))
}

/// Returns a type as people write it, near enough.
fn text(ty: &Type) -> String {
    ty.to_token_stream().to_string().replace(' ', "")
}
