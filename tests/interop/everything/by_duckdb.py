"""Reading and writing by DuckDB."""

import duckdb
import pyarrow as pa

NAME = "DuckDB"

PLACE = 'STRUCT("name" VARCHAR, "inner" STRUCT("at" DOUBLE, tags VARCHAR[]))'

TYPES = {
    "bool": "BOOLEAN",
    "int8": "TINYINT", "int16": "SMALLINT", "int32": "INTEGER", "int64": "BIGINT",
    "uint8": "UTINYINT", "uint16": "USMALLINT", "uint32": "UINTEGER", "uint64": "UBIGINT",
    "float32": "FLOAT", "float64": "DOUBLE",
    "text": "VARCHAR", "bytes": "BLOB", "fixed(4)": "BLOB", "enum": "VARCHAR",
    "date": "DATE", "time(s)": "TIME", "time(ms)": "TIME", "time(us)": "TIME", "time(ns)": "TIME_NS",
    "local(s)": "TIMESTAMP", "local(ms)": "TIMESTAMP", "local(us)": "TIMESTAMP", "local(ns)": "TIMESTAMP_NS",
    **{f"utc({unit})": "TIMESTAMP WITH TIME ZONE" for unit in ("s", "ms", "us")}, "utc(ns)": "TIMESTAMPTZ_NS",
    **{f"duration({unit})": "BIGINT" for unit in ("s", "ms", "us", "ns")},
    **{f"decimal({p}, {s})": f"DECIMAL({p},{s})" for p, s in ((9, 2), (18, 6), (38, 10), (38, 38), (5, 0))},
    "list of int64": "BIGINT[]", "list of text": "VARCHAR[]", "list of enum": "VARCHAR[]",
    "list of list": "VARCHAR[][]",
    "struct": PLACE, "list of struct": f"{PLACE}[]",
    "map of text": "MAP(VARCHAR, INTEGER)", "map of uint32": f"MAP(UINTEGER, {PLACE})",
    "date text": "DATE", "time text": "TIME", "local text": "TIMESTAMP", "utc text": "TIMESTAMP WITH TIME ZONE",
}


def name_of(kind):
    return kind


def result(query, zone="Asia/Tokyo"):
    connection = duckdb.connect()
    connection.execute(f"SET TimeZone = '{zone}'")
    relation = connection.sql(query)
    types = {name: str(kind) for name, kind in zip(relation.columns, relation.types)}
    return types, relation.arrow().read_all()


def columns(told):
    return "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in told.items()) + "}"


def parquet(directory, told=None):
    return result(f"select * from read_parquet('{directory}/*.parquet')")


def json_lines(directory, extension, told, all_columns):
    return result(
        f"select * from read_json('{directory}/*.{extension}', format = 'newline_delimited', "
        f"columns = {columns(told)})"
    )


def csv(directory, extension, told, all_columns, null):
    told = {name: told.get(name, "VARCHAR") for name in all_columns}
    return result(
        f"select * from read_csv('{directory}/*.{extension}', header = true, nullstr = '{null}', "
        f"quote = '\"', escape = '\"', delim = ',', columns = {columns(told)})"
    )


def partitioned(directory, file_format, told, all_columns, zone):
    function = {"parquet": "read_parquet", "jsonl": "read_json", "csv": "read_csv"}[file_format]
    more = f", hive_types = {columns(told)}" if told else ""
    query = f"select * from {function}('{directory}/**/*.{file_format}', hive_partitioning = true{more})"
    return result(query, zone)
