//! Errors of Rust as exceptions of Python.

use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use streamwriter_core::{Error, ErrorKind, Result};

use crate::panics;

/// Runs what knows no Python, without the GIL. A panic is an error.
pub(crate) fn detached<T: Send>(
    py: Python<'_>,
    run: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    py.detach(|| {
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| {
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            let text = text.unwrap_or("the panic carries no text");
            Err(Error::new(ErrorKind::Panic, format!("panicked: {text}")))
        })
    })
}

/// Makes an exception of the class `StreamwriterError`.
///
/// What the iterator of the rows raised is its cause; what is no `Exception`, such as
/// `KeyboardInterrupt`, stays what it is.
pub(crate) fn exception(
    class: &Bound<'_, PyAny>,
    error: &Error,
    of_iterator: Option<PyErr>,
) -> PyErr {
    let py = class.py();
    if let Some(raised) = of_iterator.as_ref()
        && !raised.is_instance_of::<PyException>(py)
    {
        return raised.clone_ref(py);
    }
    let mut text = error.report().to_string();
    if has_panic(error)
        && let Some(place) = panics::place_of(&text)
    {
        text = format!("{}\nthe panic was at {place}", text.trim_end());
    }
    let arguments = (
        text.trim_end(),
        error.kind().as_str(),
        !error.is_permanent(),
    );
    let exception = match class.call1(arguments) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    };
    if of_iterator.is_some() {
        exception.set_cause(py, of_iterator);
    }
    exception
}

/// Tells whether a panic is in the chain.
fn has_panic(error: &Error) -> bool {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        let kind = error.downcast_ref::<Error>().map(Error::kind);
        if kind == Some(ErrorKind::Panic) {
            return true;
        }
        next = error.source();
    }
    false
}
