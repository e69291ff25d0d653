//! A Python module of sinks: what `export!` makes, and what to call for a module of another kind.

use std::ffi::CString;
use std::fmt::Write;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use streamwriter_core::{BRIDGE_OPTIONS, Error, OptionSpec, Result, SinkFormat, SinkRegistry};

use crate::native::Sinks;
use crate::panics;

/// Python that makes the classes; it runs in the namespace of the module, so that Spark finds the classes
/// there by their names in any process.
const SHIM: &str = include_str!("shim.py");

/// The sinks of a Python module, each a class that Spark takes as a data source.
///
/// [`export!`](crate::export) makes one by itself. A module of another kind, such as one that offers the
/// prebuilt sinks under names of its own, calls this from its `#[pymodule]`.
#[derive(Debug, Default)]
pub struct Exports {
    registry: SinkRegistry,
    classes: Vec<Class>,
    chooser: Option<String>,
}

#[derive(Debug)]
struct Class {
    class: String,
    sink: String,
    name: String,
}

impl Exports {
    /// Makes a module without sinks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a module that has sinks by name, and no class yet.
    #[must_use]
    pub fn of(registry: SinkRegistry) -> Self {
        Self {
            registry,
            ..Self::default()
        }
    }

    /// Adds a sink and its class; `register` puts it into the registry, and returns its name.
    ///
    /// # Errors
    /// [`Config`](streamwriter_core::ErrorKind::Config) if there is a sink of this name.
    pub fn add(
        &mut self,
        class: &str,
        register: impl FnOnce(&mut SinkRegistry) -> Result<&'static str>,
    ) -> Result<&mut Self> {
        let name = register(&mut self.registry)?;
        self.class(class, name, name)
    }

    /// Adds a class for a sink of the registry, under a name that `format(...)` takes.
    ///
    /// # Errors
    /// [`Config`](streamwriter_core::ErrorKind::Config) if there is no such sink.
    pub fn class(&mut self, class: &str, sink: &str, name: &str) -> Result<&mut Self> {
        self.registry.find(sink)?;
        self.classes.push(Class {
            class: class.to_owned(),
            sink: sink.to_owned(),
            name: name.to_owned(),
        });
        Ok(self)
    }

    /// Makes `DefaultSource` one that takes any sink of the registry, in the option `sink`, instead of the
    /// first class.
    pub fn choose(&mut self, name: &str) -> &mut Self {
        self.chooser = Some(name.to_owned());
        self
    }

    /// Puts the classes into the module.
    ///
    /// # Errors
    /// Those of Python, such as that there is no PySpark.
    pub fn install(self, module: &Bound<'_, PyModule>) -> PyResult<()> {
        panics::remember();
        let py = module.py();
        let classes = self.classes.iter().map(|class| self.described(class));
        let classes = classes.collect::<Result<Vec<_>>>().map_err(of_rust)?;
        let chooser = self.chooser.clone().map(|name| (name, self.chooser_doc()));
        let names = module.dict();
        names.set_item("_sinks", Bound::new(py, Sinks::new(self.registry))?)?;
        let shim = CString::new(SHIM)?;
        py.run(&shim, Some(&names), None)?;
        module.getattr("_export")?.call1((classes, chooser))?;
        Ok(())
    }

    fn described(&self, class: &Class) -> Result<(String, String, String, String)> {
        let doc = class_doc(self.registry.find(&class.sink)?, &class.name);
        let Class { class, sink, name } = class;
        Ok((class.clone(), sink.clone(), name.clone(), doc))
    }

    fn chooser_doc(&self) -> String {
        let mut doc =
            "Writes to the sink that the option `sink` names; the other options are those of the \
                       sink.\n\nSinks:\n"
                .to_owned();
        for format in self.registry.formats() {
            line(&mut doc, format.name(), first_line(format.doc()));
        }
        doc
    }
}

/// Makes the module of `export!`.
///
/// # Errors
/// Two sinks have one name; and those of Python.
pub fn install(
    exports: impl FnOnce(&mut Exports) -> Result<()>,
    module: &Bound<'_, PyModule>,
) -> PyResult<()> {
    let mut of_module = Exports::new();
    exports(&mut of_module).map_err(of_rust)?;
    of_module.install(module)
}

/// Tells whether no two names are the same for Spark, which ignores upper and lower case; at compile time.
#[must_use]
pub const fn all_differ(names: &[&str]) -> bool {
    let mut rest = names;
    while let [first, others @ ..] = rest {
        let mut following = others;
        while let [other, after @ ..] = following {
            if first.eq_ignore_ascii_case(other) {
                return false;
            }
            following = after;
        }
        rest = others;
    }
    true
}

fn of_rust(error: Error) -> PyErr {
    PyRuntimeError::new_err(error.report().to_string())
}

/// What `help()` shows of a class.
fn class_doc(format: &SinkFormat, name: &str) -> String {
    let mut doc = format!(
        "{}\n\nUse: df.writeStream.format(\"{name}\"), df.write.format(\"{name}\").mode(\"append\")\n",
        format.doc().trim()
    );
    options(&mut doc, "Options", format.options());
    options(&mut doc, "Options of every sink on Spark", BRIDGE_OPTIONS);
    doc
}

fn options(doc: &mut String, title: &str, options: &[OptionSpec]) {
    if options.is_empty() {
        return;
    }
    line(doc, &format!("\n{title}:"), "");
    for option in options {
        let absent = match option.default {
            _ if option.required => "required".to_owned(),
            Some("") => "empty by default".to_owned(),
            Some(default) => format!("default {default}"),
            None => "optional".to_owned(),
        };
        let secret = if option.secret { ", secret" } else { "" };
        let head = format!("    {}", option.name);
        line(
            doc,
            &head,
            &format!("{} ({absent}{secret})", option.type_name),
        );
        line(doc, &format!("        {}", option.doc.trim()), "");
    }
}

fn first_line(doc: &str) -> &str {
    doc.trim().lines().next().unwrap_or_default()
}

fn line(doc: &mut String, head: &str, rest: &str) {
    let colon = if rest.is_empty() { "" } else { ": " };
    // Writing to a string does not fail.
    let _ = writeln!(doc, "{head}{colon}{rest}");
}
