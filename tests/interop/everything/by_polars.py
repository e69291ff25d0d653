"""Reading and writing by Polars."""

import polars as pl

NAME = "Polars"

PLACE = pl.Struct({
    "name": pl.String, "inner": pl.Struct({"at": pl.Float64, "tags": pl.List(pl.String)}),
})
TYPES = {
    "bool": pl.Boolean,
    **{f"{kind.lower()}{bits}": getattr(pl, f"{kind}{bits}") for kind in ("Int", "UInt") for bits in (8, 16, 32, 64)},
    "float32": pl.Float32, "float64": pl.Float64,
    "text": pl.String, "bytes": pl.Binary, "fixed(4)": pl.Binary, "enum": pl.Categorical,
    "date": pl.Date, **{f"time({unit})": pl.Time for unit in ("s", "ms", "us", "ns")},
    **{f"local({unit})": pl.Datetime("ms" if unit == "s" else unit) for unit in ("s", "ms", "us", "ns")},
    **{f"utc({unit})": pl.Datetime("ms" if unit == "s" else unit, "UTC") for unit in ("s", "ms", "us", "ns")},
    **{f"duration({unit})": pl.Duration("ms" if unit == "s" else unit) for unit in ("s", "ms", "us", "ns")},
    **{f"decimal({p}, {s})": pl.Decimal(p, s) for p, s in ((9, 2), (18, 6), (38, 10), (38, 38), (5, 0))},
    "list of int64": pl.List(pl.Int64), "list of text": pl.List(pl.String),
    "list of enum": pl.List(pl.Categorical), "list of list": pl.List(pl.List(pl.String)),
    "struct": PLACE, "list of struct": pl.List(PLACE),
    "map of text": pl.Map(pl.String, pl.Int32), "map of uint32": pl.Map(pl.UInt32, PLACE),
    "date text": pl.Date, "time text": pl.Time, "local text": pl.Datetime("us"), "utc text": pl.Datetime("us", "UTC"),
}


def name_of(kind):
    return str(kind() if isinstance(kind, type) else kind)


def result(frame):
    types = {name: str(kind) for name, kind in frame.schema.items()}
    # Arrow has no such integers.
    return types, frame.cast({pl.Int128: pl.Decimal(38, 0)}).to_arrow()


def parquet(directory, told=None):
    return result(pl.read_parquet(f"{directory}/*.parquet"))


def json_lines(directory, extension, told, all_columns):
    return result(pl.scan_ndjson(f"{directory}/*.{extension}", schema=told).collect())


def csv(directory, extension, told, all_columns, null):
    schema = {name: told.get(name, pl.String) for name in all_columns}
    scanned = pl.scan_csv(f"{directory}/*.{extension}", schema=schema, null_values=[null])
    return result(scanned.select(list(told)).collect())


def partitioned(directory, file_format, told, all_columns, zone):
    # It wants to know all columns or none; guessing, it stops at the first time of day.
    schema = {name: told.get(name, pl.String) for name in all_columns if name != "id"} if told else None
    scanned = pl.scan_parquet(
        f"{directory}/**/*.parquet", hive_partitioning=True, hive_schema=schema, try_parse_hive_dates=bool(told),
    )
    return result(scanned.collect())
