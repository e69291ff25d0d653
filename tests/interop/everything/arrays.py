"""Arrow columns from the neutral form, so that other programs can write what we wrote."""

import struct
from decimal import Decimal

import pyarrow as pa
import pyarrow.types as is_

import by_pyarrow
from truth import NANOS


def table_of(truth, columns=None):
    """Returns the columns of a truth as an Arrow table, of the types that their kinds name."""
    names = [name for name in truth.kinds if columns is None or name in columns]
    arrays = [array_of(by_pyarrow.TYPES[truth.kinds[name]], truth.cells[name]) for name in names]
    return pa.table(arrays, names=names)


def array_of(kind, cells):
    if is_.is_date32(kind) or is_.is_time32(kind):
        numbers = pa.int32()
    elif is_.is_timestamp(kind) or is_.is_time64(kind) or is_.is_duration(kind):
        numbers = pa.int64()
    else:
        return pa.array([value(kind, cell) for cell in cells], kind)
    per = NANOS[kind.unit] if hasattr(kind, "unit") and not is_.is_date32(kind) else 1
    return pa.array([None if cell is None else int(cell) // per for cell in cells], numbers).cast(kind)


def value(kind, cell):
    """Returns a cell as the Python value that pyarrow makes a value of this type of."""
    if cell is None:
        return None
    if is_.is_boolean(kind):
        return cell == "true"
    if is_.is_integer(kind):
        return int(cell)
    if is_.is_floating(kind):
        shape = ">d" if kind == pa.float64() else ">f"
        return float("nan") if cell == "NaN" else struct.unpack(shape, bytes.fromhex(cell))[0]
    if is_.is_decimal(kind):
        return Decimal(f"{cell}e-{kind.scale}")
    if is_.is_binary(kind) or is_.is_fixed_size_binary(kind):
        return bytes.fromhex(cell)
    if is_.is_list(kind):
        return [value(kind.value_type, item) for item in cell]
    if is_.is_map(kind):
        return [(value(kind.key_type, key), value(kind.item_type, item)) for key, item in cell]
    if is_.is_struct(kind):
        return {field.name: value(field.type, cell[field.name]) for field in kind}
    return cell
