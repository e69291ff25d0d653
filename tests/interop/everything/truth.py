"""What was written, and what a reader shows, in one neutral form: see `cell.rs` for it."""

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.types as is_

NANOS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


@dataclass
class Truth:
    """A table: the kind of each column, and its cells in the order of `id`."""

    kinds: dict
    cells: dict

    @staticmethod
    def read(directory, name):
        text = json.loads((Path(directory) / "truth" / f"{name}.json").read_text())
        kinds = dict(text["columns"])
        rows = sorted(text["rows"], key=lambda row: int(row["id"]))
        return Truth(kinds, {column: [row[column] for row in rows] for column in kinds})

    def but(self, columns):
        """Returns the columns without these."""
        kept = [column for column in self.kinds if column not in columns]
        return Truth({one: self.kinds[one] for one in kept}, {one: self.cells[one] for one in kept})


def cells_of(column):
    """Returns the cells of an Arrow column; what it stands for says its type alone."""
    if isinstance(column, pa.ChunkedArray):
        return [cell for chunk in column.chunks for cell in cells_of(chunk)]
    if isinstance(column, pa.ExtensionArray):
        return cells_of(column.storage)
    kind = column.type
    if is_.is_dictionary(kind):
        return cells_of(column.dictionary_decode())
    if is_.is_struct(kind):
        fields = [cells_of(column.field(at)) for at in range(kind.num_fields)]
        names = [kind.field(at).name for at in range(kind.num_fields)]
        rows = [dict(zip(names, row)) for row in zip(*fields)]
        return masked(column, rows)
    if is_.is_map(kind):
        keys, items = cells_of(column.keys), cells_of(column.items)
        return spans(column, [list(pair) for pair in zip(keys, items)])
    if is_.is_list(kind) or is_.is_large_list(kind):
        return spans(column, cells_of(column.values))
    return [None if value is None else scalar(kind, value) for value in plain(column).to_pylist()]


def masked(column, rows):
    return [row if is_there else None for row, is_there in zip(rows, column.is_valid().to_pylist())]


def spans(column, items):
    """Cuts the items of a list column; its offsets are those of the whole array."""
    offsets = column.offsets.to_pylist()
    return masked(column, [items[first:last] for first, last in zip(offsets, offsets[1:])])


def plain(column):
    """Returns a column that becomes Python values without loss."""
    kind = column.type
    if is_.is_time32(kind):
        return column.cast(pa.int32())
    if is_.is_date32(kind):
        return column.cast(pa.int32())
    if is_.is_timestamp(kind) or is_.is_time64(kind) or is_.is_duration(kind) or is_.is_date64(kind):
        return column.cast(pa.int64())
    return column


def scalar(kind, value):
    if is_.is_boolean(kind):
        return "true" if value else "false"
    if is_.is_floating(kind):
        if math.isnan(value):
            return "NaN"
        return struct.pack(">d" if kind == pa.float64() else ">f", value).hex()
    if is_.is_decimal(kind):
        sign, digits, exponent = value.as_tuple()
        number = int("".join(map(str, digits))) * 10 ** (exponent + kind.scale)
        return str(-number if sign else number)
    if is_.is_timestamp(kind) or is_.is_time(kind) or is_.is_duration(kind):
        return str(value * NANOS[kind.unit])
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
