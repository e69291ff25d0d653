"""Reading and writing by pyarrow."""

import glob

import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset as ds
import pyarrow.json
import pyarrow.parquet as pq

NAME = "pyarrow"

PLACE = pa.struct([
    ("name", pa.string()),
    ("inner", pa.struct([("at", pa.float64()), ("tags", pa.list_(pa.string()))])),
])

# What the kinds of columns are.
TYPES = {
    "bool": pa.bool_(),
    **{f"{sign}int{bits}": getattr(pa, f"{sign}int{bits}")() for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "float32": pa.float32(), "float64": pa.float64(),
    "text": pa.string(), "bytes": pa.binary(), "fixed(4)": pa.binary(4),
    "enum": pa.dictionary(pa.uint32(), pa.string()),
    "date": pa.date32(),
    "time(s)": pa.time32("s"), "time(ms)": pa.time32("ms"),
    "time(us)": pa.time64("us"), "time(ns)": pa.time64("ns"),
    **{f"local({unit})": pa.timestamp(unit) for unit in ("s", "ms", "us", "ns")},
    **{f"utc({unit})": pa.timestamp(unit, "UTC") for unit in ("s", "ms", "us", "ns")},
    **{f"duration({unit})": pa.duration(unit) for unit in ("s", "ms", "us", "ns")},
    **{f"decimal({p}, {s})": pa.decimal128(p, s) for p, s in ((9, 2), (18, 6), (38, 10), (38, 38), (5, 0))},
    "list of int64": pa.list_(pa.int64()),
    "list of text": pa.list_(pa.string()),
    "list of enum": pa.list_(pa.dictionary(pa.uint32(), pa.string())),
    "list of list": pa.list_(pa.list_(pa.string())),
    "struct": PLACE,
    "list of struct": pa.list_(PLACE),
    "map of text": pa.map_(pa.string(), pa.int32()),
    "map of uint32": pa.map_(pa.uint32(), PLACE),
    "date text": pa.date32(), "time text": pa.time64("us"),
    "local text": pa.timestamp("us"), "utc text": pa.timestamp("us", "UTC"),
}


def name_of(kind):
    """Returns the name of a type without those of its items, and without what may be null."""
    if pa.types.is_map(kind):
        return f"map<{name_of(kind.key_type)}, {name_of(kind.item_type)}>"
    if pa.types.is_list(kind):
        return f"list<{name_of(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{field.name}: {name_of(field.type)}' for field in kind)}>"
    if pa.types.is_dictionary(kind):
        return f"dictionary<{kind.index_type}, {kind.value_type}>"
    return str(kind)


def result(table):
    return {field.name: name_of(field.type) for field in table.schema}, table


def parquet(directory, told=None):
    return result(ds.dataset(directory, format="parquet").to_table())


def json_lines(directory, extension, told, all_columns):
    options = pyarrow.json.ParseOptions(
        explicit_schema=pa.schema(list(told.items())), unexpected_field_behavior="ignore"
    )
    tables = [pyarrow.json.read_json(path, parse_options=options) for path in files(directory, extension)]
    return result(pa.concat_tables(tables))


def csv(directory, extension, told, all_columns, null):
    convert = pyarrow.csv.ConvertOptions(
        column_types=told, include_columns=list(told), null_values=[null], strings_can_be_null=True,
    )
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    tables = [
        pyarrow.csv.read_csv(path, convert_options=convert, parse_options=parse)
        for path in files(directory, extension)
    ]
    return result(pa.concat_tables(tables))


def files(directory, extension):
    return sorted(glob.glob(f"{directory}/*.{extension}"))


def partitioned(directory, file_format, told, all_columns, zone):
    by = ds.partitioning(pa.schema([*told.items()]), flavor="hive") if told else "hive"
    name = {"jsonl": "json"}.get(file_format, file_format)
    return result(ds.dataset(directory, format=name, partitioning=by).to_table())
