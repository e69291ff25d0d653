//! Schemas and record batches of Python, through Arrow's C data interface: no byte is copied.
//!
//! The only unsafe code of the project. What it relies on is what the interface promises: a capsule of
//! the right name holds a valid struct, whose release callback takes the GIL if it needs it.

use std::ptr::NonNull;

use arrow::array::StructArray;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow::record_batch::RecordBatch;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

/// Returns the schema of a Python object, such as a `pyarrow.Schema`.
pub(crate) fn schema_of(object: &Bound<'_, PyAny>) -> PyResult<SchemaRef> {
    let capsule = exported(object, "__arrow_c_schema__")?.cast_into::<PyCapsule>()?;
    let schema = take_schema(&capsule)?;
    let schema = Schema::try_from(&schema).map_err(|error| of_arrow(&error))?;
    Ok(schema.into())
}

/// Returns the batch of a Python object, such as a `pyarrow.RecordBatch`. Its buffers stay Python's
/// until the last use of them is dropped, on whatever thread.
pub(crate) fn batch_of(object: &Bound<'_, PyAny>) -> PyResult<RecordBatch> {
    let pair = exported(object, "__arrow_c_array__")?.cast_into::<PyTuple>()?;
    let schema = take_schema(&pair.get_item(0)?.cast_into::<PyCapsule>()?)?;
    let array = take_array(&pair.get_item(1)?.cast_into::<PyCapsule>()?)?;
    let data = import(array, &schema)?;
    if !matches!(data.data_type(), arrow::datatypes::DataType::Struct(_)) {
        let message = format!(
            "expected a record batch, got an array of {}",
            data.data_type()
        );
        return Err(PyTypeError::new_err(message));
    }
    if data.null_count() > 0 {
        return Err(PyValueError::new_err(
            "expected a record batch, got a struct array with nulls",
        ));
    }
    Ok(RecordBatch::from(StructArray::from(data)))
}

fn exported<'py>(object: &Bound<'py, PyAny>, method: &str) -> PyResult<Bound<'py, PyAny>> {
    if !object.hasattr(method)? {
        let class = object.get_type().fully_qualified_name()?;
        let message = format!(
            "expected Arrow data, got `{class}`, which has no `{method}`; pyarrow has it from \
             version 14 on"
        );
        return Err(PyTypeError::new_err(message));
    }
    object.call_method0(method)
}

fn of_arrow(error: &arrow::error::ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

fn released(what: &str) -> PyErr {
    PyValueError::new_err(format!("the {what} was taken out of its capsule before"))
}

/// Moves the schema out of its capsule.
#[expect(unsafe_code, reason = "the Arrow C data interface is pointers")]
fn take_schema(capsule: &Bound<'_, PyCapsule>) -> PyResult<FFI_ArrowSchema> {
    let pointer: NonNull<FFI_ArrowSchema> = capsule.pointer_checked(Some(c"arrow_schema"))?.cast();
    // SAFETY: a capsule of this name holds a valid `ArrowSchema`, which nobody else reads while the GIL is
    // held. `from_raw` leaves a released one behind, so the capsule's destructor does nothing.
    let schema = unsafe { FFI_ArrowSchema::from_raw(pointer.as_ptr()) };
    Ok(schema)
}

/// Moves the array out of its capsule.
#[expect(unsafe_code, reason = "the Arrow C data interface is pointers")]
fn take_array(capsule: &Bound<'_, PyCapsule>) -> PyResult<FFI_ArrowArray> {
    let pointer: NonNull<FFI_ArrowArray> = capsule.pointer_checked(Some(c"arrow_array"))?.cast();
    // SAFETY: as in `take_schema`.
    let array = unsafe { FFI_ArrowArray::from_raw(pointer.as_ptr()) };
    match array.is_released() {
        true => Err(released("array")),
        false => Ok(array),
    }
}

/// Takes the array over. Buffers whose alignment is less than Rust's types need are copied, such as
/// those of decimals that come from the JVM.
#[expect(unsafe_code, reason = "the Arrow C data interface is pointers")]
fn import(array: FFI_ArrowArray, schema: &FFI_ArrowSchema) -> PyResult<arrow::array::ArrayData> {
    // SAFETY: both came out of one call of `__arrow_c_array__`, which promises that the array is of the
    // schema, and neither is released.
    unsafe { from_ffi(array, schema) }.map_err(|error| of_arrow(&error))
}
