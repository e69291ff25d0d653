"""What comes back otherwise than it was written, by table and reader."""

import by_polars
import by_pyarrow
import by_spark
from expected import Changed, InUtc, Refused, Same, as_double, finite, no_empty, text_of, units

pa, pl = by_pyarrow.pa, by_polars.pl

SECONDS = "Parquet has no unit of seconds, so the file says whole numbers: choose `ms`"
NO_DURATION = "Parquet has no durations, so the file says whole numbers of the unit"
NO_TIME = "Spark has its type TIME only with `spark.sql.timeType.enabled`"
NO_MILLIS = "Spark takes no times of a day in milliseconds: choose `us`"
NO_NANOS = "Spark has no nanoseconds"
TEXT_KEYS = "JSON has no keys but texts, and it makes no numbers of them"
NOT_FINITE = "JSON has no NaN and no infinity: `null`"

TIME_TYPE = ("spark.sql.timeType.enabled", "true")

seconds = lambda kind: {
    "time(s)": Changed(units("s"), SECONDS, kind["int32"]),
    "local(s)": Changed(units("s"), SECONDS, kind["int64"]),
    "utc(s)": Changed(units("s"), SECONDS, kind["int64"]),
}

PARQUET = {
    "pyarrow": seconds({"int32": "int32", "int64": "int64"}),
    "DuckDB": seconds({"int32": "INTEGER", "int64": "BIGINT"}) | {
        **{f"duration({unit})": Changed(units(unit), NO_DURATION, "BIGINT") for unit in ("s", "ms", "us")},
        "duration(ns)": Same("BIGINT", NO_DURATION),
    },
    "Polars": {},
    "Spark": seconds({"int32": "int", "int64": "bigint"}) | {
        "time(ms)": Refused("Illegal Parquet type", NO_MILLIS),
        "time(us)": Refused("UNSUPPORTED_TIME_TYPE", NO_TIME, setting=TIME_TYPE, type="time(6)"),
        "time(ns)": Refused("UNSUPPORTED_TIME_TYPE", NO_TIME, setting=TIME_TYPE, type="time(9)"),
        "local(ns)": Refused("Illegal Parquet type", NO_NANOS),
        "utc(ns)": Refused("Illegal Parquet type", NO_NANOS),
        **{f"duration({unit})": Changed(units(unit), NO_DURATION, "bigint") for unit in ("s", "ms", "us")},
        "duration(ns)": Same("bigint", NO_DURATION),
    },
}

not_finite = {"float32": Changed(finite, NOT_FINITE), "float64": Changed(finite, NOT_FINITE)}
ISO = {
    "date text": text_of("date"), "time text": text_of("time"),
    "local text": text_of("local", "T"), "utc text": text_of("utc", "T", "Z"),
}

JSON_LINES = {
    "pyarrow": not_finite | {
        "enum": Refused("is not supported", "its JSON reader makes no dictionaries", pa.string()),
        "date text": Refused("changed from number", "its JSON reader makes no dates", pa.string(), change=ISO["date text"]),
        "time text": Refused("changed from number", "its JSON reader makes no times", pa.string(), change=ISO["time text"]),
        "map of text": Refused("is not supported", "its JSON reader makes no maps"),
        "map of uint32": Refused("is not supported", "its JSON reader makes no maps"),
    },
    "DuckDB": not_finite,
    "Polars": not_finite | {
        **{kind: Refused("unexpected dtype", "its JSON reader panics on small integers", pl.Int64)
           for kind in ("int8", "int16", "uint8", "uint16")},
        "time text": Refused("unexpected dtype", "its JSON reader panics on times", pl.String, change=ISO["time text"]),
        "map of uint32": Refused("keys must be String", TEXT_KEYS, pl.Map(pl.String, by_polars.PLACE)),
    },
    "Spark": not_finite | {
        "time text": Refused("UNSUPPORTED_TIME_TYPE", NO_TIME, setting=TIME_TYPE),
        "map of uint32": Refused("only contain STRING as a key", TEXT_KEYS, f"map<string,{by_spark.PLACE}>"),
    },
}

CSV = {
    "pyarrow": {"enum": Refused("only supported for int32", "its CSV reader makes dictionaries of another index type",
                                pa.dictionary(pa.int32(), pa.string()))},
    "DuckDB": {},
    "Polars": {},
    "Spark": {
        "time text": Refused("UNSUPPORTED_TIME_TYPE", NO_TIME, setting=TIME_TYPE),
    },
}

# Partition directories. Guessed: the reader is told nothing.
EMPTY = "an empty text is null: both are `__HIVE_DEFAULT_PARTITION__`"
GUESSED_TEXT = "it guesses a text: tell it the type"
GUESSED_FLOAT = "it guesses a float: tell it the type"
ZONE = "the name says the time in UTC without a zone, and it takes it for one of the session"


def guessed(text, kinds, same):
    """Texts of these kinds, as the names of the directories say them, and the others as listed."""
    changes = {kind: Changed(change_of(kind), GUESSED_TEXT, text) for kind in kinds}
    return changes | {"text": Changed(no_empty, EMPTY)} | {kind: Same(name) for kind, name in same.items()}


def change_of(kind):
    return ISO[kind] if kind in ISO else text_of(kind)


TIMES = ["local(us)", "utc(us)", "local text", "utc text"]
DECIMALS = ["decimal(9, 2)", "decimal(38, 10)"]
DATES = ["date", "date text"]
TIME = ["time(us)", "time text"]

GUESSED = {
    "pyarrow": guessed("string", TIMES + DECIMALS + DATES + TIME, {
        "bool": "string", "int8": "int32", "int64": "string", "uint64": "string", "enum": "string"}),
    "DuckDB": guessed("VARCHAR", TIMES + DECIMALS + TIME, {
        "bool": "VARCHAR", "int8": "BIGINT", "uint64": "VARCHAR"}),
    "Polars": guessed("String", TIMES + DATES + TIME, {
        "int8": "Int64", "uint64": "Int128", "enum": "String"}) | {
        kind: Changed(as_double(kind), GUESSED_FLOAT, "Float64") for kind in DECIMALS},
    "Spark": guessed("string", TIMES, {"bool": "string", "int8": "int"}) | {
        kind: Changed(as_double(kind), GUESSED_FLOAT, "double") for kind in DECIMALS},
}
TOLD = {
    "pyarrow": {
        "text": Changed(no_empty, EMPTY),
        "enum": Refused("No dictionary provided", "it makes no dictionaries of names", pa.string()),
        **{kind: Refused("constructing scalars", "it makes no decimals of names", pa.string(), change=text_of(kind))
           for kind in DECIMALS},
    },
    "DuckDB": {"text": Changed(no_empty, EMPTY), "utc(us)": InUtc(ZONE)},
    "Polars": {
        "text": Changed(no_empty, EMPTY),
        "time(us)": Refused("time when reading CSV", "it makes no times of names", pl.String, change=text_of("time")),
    },
    "Spark": {"text": Changed(no_empty, EMPTY), "utc(us)": InUtc(ZONE)},
}

# What other programs wrote, as our sources read it.
FINER = "it writes a finer unit: declare that one"
NO_SECONDS = "it writes seconds as milliseconds: declare `ms`"
EMPTY_FIELD = "an empty field is `None` for an `Option`"

pyarrow_parquet = {kind: Refused(r"is \w+\(ms", NO_SECONDS) for kind in ("time(s)", "local(s)", "utc(s)")}
duckdb_parquet = {
    kind: Refused(r"is \w+\(µs", FINER) for kind in ("time(s)", "time(ms)", "local(s)", "utc(s)", "utc(ms)")
}
polars_parquet = {
    **{kind: Refused(r"is \w+\(ms", FINER) for kind in ("duration(s)", "local(s)", "utc(s)")},
    **{kind: Refused(r"is Time64\(ns\)", FINER) for kind in ("time(s)", "time(ms)", "time(us)")},
}
THEIRS = {
    "parquet/pyarrow": pyarrow_parquet,
    "parquet/pyarrow lz4": pyarrow_parquet,
    "parquet/pyarrow v2 pages, delta": pyarrow_parquet,
    "parquet/pyarrow without its schema": pyarrow_parquet | {
        f"duration({unit})": Refused("is Int64 instead of Duration", NO_DURATION) for unit in ("s", "ms", "us", "ns")},
    "parquet/pyarrow v1, no dictionary": pyarrow_parquet | {
        kind: Refused("Int64", "format version 1.0 has no 32-bit integers without a sign")
        for kind in ("uint32", "map of uint32")},
    "parquet/pyarrow brotli": {"text": Refused("(?i)brotli", "we leave Brotli out")},
    "parquet/DuckDB": duckdb_parquet,
    "parquet/DuckDB v2": duckdb_parquet,
    "parquet/Polars": polars_parquet,
    "parquet/Polars snappy": polars_parquet,
    "parquet/Spark INT96": {
        "utc(ms)": Refused(r"is Timestamp\(.s\) instead", "INT96 is read as microseconds")},
    **{f"jsonl/{name}": not_finite for name in ("DuckDB", "Polars", "Spark")},
    "jsonl/DuckDB NaN": {"float64": Refused("expected value", "it writes `nan`, which is not JSON")},
    "jsonl/Spark NaN": {"float64": Refused("string \"NaN\"", "it writes the text `NaN`")},
    **{f"csv/{name}": {"text": Changed(no_empty, EMPTY_FIELD)} for name in (
        "pyarrow", "pyarrow gzip", "pyarrow zstd", "DuckDB", "DuckDB gzip", "DuckDB zstd", "Polars", "Spark")},
}

# Compressed text files that a reader does not take.
COMPRESSED = {"pyarrow": {}, "DuckDB": {}, "Polars": {}, "Spark": {}}
