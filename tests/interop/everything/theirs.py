"""Files that other programs write, for our sources to read."""

import shutil

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

import by_spark
from arrays import table_of
from expected import finite
from truth import Truth

CSV_NULL = "(null)"


def write_all(to, types, plain, flat, with_spark):
    """Writes each table by each writer; returns which columns are in which directory."""
    shutil.rmtree(to, ignore_errors=True)
    written = {}

    def parquet(name, truth, write):
        directory = to / "parquet" / name
        directory.mkdir(parents=True)
        write(table_of(truth), directory / "x.parquet")
        written[f"parquet/{name}"] = [column for column in truth.kinds if column != "id"]

    pyarrow_parquet(parquet, types)
    duckdb_parquet(parquet, types)
    polars_parquet(parquet, types)
    if with_spark:
        spark_parquet(parquet, types)

    def text(file_format, name, truth, extension, write):
        columns = [column for column in truth.kinds if column != "id"]
        for column in columns:
            directory = to / file_format / name / column
            directory.mkdir(parents=True)
            write(table_of(truth, ["id", column]), directory / f"x.{extension}")
        written[f"{file_format}/{name}"] = columns

    duckdb_text(text, plain, flat)
    polars_text(text, plain, flat)
    pyarrow_text(text, flat)
    if with_spark:
        spark_text(text, plain, flat)
    return written


def only(truth, kinds):
    return truth.but([name for name, kind in truth.kinds.items() if name != "id" and not kinds(kind)])


def with_finite(truth):
    """Returns the table with nulls for the numbers that JSON has not."""
    is_float = lambda column: truth.kinds[column].startswith("float")
    cells = {
        column: [finite(cell) for cell in cells] if is_float(column) else cells
        for column, cells in truth.cells.items()
    }
    return Truth(truth.kinds, cells)


def pyarrow_parquet(parquet, types):
    write = lambda **options: lambda table, path: pq.write_table(table, path, **options)
    nanos = lambda kind: kind in ("local(ns)", "utc(ns)")
    parquet("pyarrow", types, write())
    parquet("pyarrow without its schema", types, write(store_schema=False))
    parquet("pyarrow v1, no dictionary", only(types, lambda kind: not nanos(kind) and kind != "time(ns)"),
            write(version="1.0", use_dictionary=False, compression="gzip"))
    encodings = {
        **{name: "DELTA_BINARY_PACKED" for name in ("id", "i32", "i64", "date", "utc_us")},
        **{name: "DELTA_BYTE_ARRAY" for name in ("text", "bytes")}, "fixed": "BYTE_STREAM_SPLIT",
        **{name: "BYTE_STREAM_SPLIT" for name in ("f32", "f64")},
    }
    parquet("pyarrow v2 pages, delta", types, write(
        data_page_version="2.0", use_dictionary=False, column_encoding=encodings, compression="zstd"))
    parquet("pyarrow INT96", only(types, nanos), write(use_deprecated_int96_timestamps=True))
    parquet("pyarrow lz4", types, write(compression="lz4", row_group_size=5, data_page_size=64))
    parquet("pyarrow brotli", only(types, lambda kind: kind == "text"), write(compression="brotli"))
    parquet("pyarrow large and views", only(types, lambda kind: kind in LARGE), lambda table, path: pq.write_table(
        table.cast(pa.schema([(field.name, LARGE.get(types.kinds[field.name], field.type)) for field in table.schema])),
        path))


LARGE = {
    "text": pa.large_string(), "bytes": pa.large_binary(), "list of text": pa.large_list(pa.large_string()),
    "list of int64": pa.large_list(pa.int64()), "list of list": pa.large_list(pa.large_list(pa.large_string())),
}


def duckdb_parquet(parquet, types):
    def registered(more):
        def copy(table, path):
            connection = duckdb.connect()
            connection.register("rows", table)
            connection.execute(f"copy (select * from rows order by id) to '{path}' (format parquet{more})")
        return copy

    # It writes a duration as a Parquet interval, which has no negative ones.
    types = only(types, lambda kind: not kind.startswith("duration"))
    parquet("DuckDB", types, registered(""))
    parquet("DuckDB v2", types, registered(", parquet_version v2, compression zstd"))


def polars_parquet(parquet, types):
    parquet("Polars", types, lambda table, path: pl.from_arrow(table).write_parquet(path))
    parquet("Polars snappy", types, lambda table, path: pl.from_arrow(table).write_parquet(path, compression="snappy"))


# Of the others Spark has no type.
SPARK = (
    "bool", "int8", "int16", "int32", "int64", "float32", "float64", "text", "bytes", "enum", "date",
    "local(us)", "utc(us)", "decimal(9, 2)", "decimal(18, 6)", "decimal(38, 10)", "decimal(38, 38)",
    "decimal(5, 0)", "list of int64", "list of text", "list of list", "struct", "list of struct",
    "map of text", "local text", "utc text", "date text",
)


def spark_frame(table):
    def known(kind):
        signed = {pa.uint32(): pa.int64(), pa.uint64(): pa.decimal128(20, 0)}
        return pa.string() if pa.types.is_dictionary(kind) else signed.get(kind, kind)

    schema = pa.schema([(field.name, known(field.type)) for field in table.schema])
    # Without it, a time without a zone becomes an instant.
    with by_spark.setting("spark.sql.timestampType", "TIMESTAMP_NTZ"):
        return by_spark.session.createDataFrame(table.cast(schema)).coalesce(1)


def moved(path):
    """Spark writes a directory: its only data file becomes `path`."""
    made = path.with_suffix(".spark")
    part, = [one for one in made.glob("part-*")]
    part.rename(path)
    shutil.rmtree(made)


def spark_parquet(parquet, types):
    def write(**settings):
        def run(table, path):
            options = {key: settings[key] for key in settings if key.startswith("parquet.")}
            for key, value in settings.items():
                by_spark.session.conf.set(key, value)
            spark_frame(table).write.options(**options).parquet(str(path.with_suffix(".spark")))
            moved(path)
        return run

    spark = only(types, lambda kind: kind in SPARK)
    kind_of_time = "spark.sql.parquet.outputTimestampType"
    parquet("Spark", spark, write(**{kind_of_time: "TIMESTAMP_MICROS"}))
    parquet("Spark v2", spark, write(**{"parquet.writer.version": "v2"}))
    instants = only(types, lambda kind: kind in ("utc(ms)", "utc(us)"))
    parquet("Spark millis", only(types, lambda kind: kind == "utc(ms)"), write(**{kind_of_time: "TIMESTAMP_MILLIS"}))
    parquet("Spark INT96", instants, write(**{kind_of_time: "INT96"}))


def duckdb_text(text, plain, flat):
    def write(options):
        def copy(table, path):
            connection = duckdb.connect()
            connection.execute("set TimeZone = 'Asia/Tokyo'")
            connection.register("rows", table)
            connection.execute(f"copy (select * from rows order by id) to '{path}' ({options})")
        return copy

    csv = f"format csv, header true, nullstr '{CSV_NULL}'"
    one = lambda truth: only(truth, lambda kind: kind == "text")
    text("jsonl", "DuckDB", with_finite(plain), "jsonl", write("format json"))
    text("jsonl", "DuckDB NaN", only(plain, lambda kind: kind == "float64"), "jsonl", write("format json"))
    text("jsonl", "DuckDB gzip", one(plain), "jsonl.gz", write("format json, compression gzip"))
    text("jsonl", "DuckDB zstd", one(plain), "jsonl.zst", write("format json, compression zstd"))
    text("csv", "DuckDB", flat, "csv", write(csv))
    text("csv", "DuckDB gzip", one(flat), "csv.gz", write(f"{csv}, compression gzip"))
    text("csv", "DuckDB zstd", one(flat), "csv.zst", write(f"{csv}, compression zstd"))


def polars_text(text, plain, flat):
    # A key of a JSON object is a text, and it makes none of numbers.
    json = only(plain, lambda kind: kind != "map of uint32")
    text("jsonl", "Polars", json, "jsonl", lambda table, path: pl.from_arrow(table).write_ndjson(path))
    text("csv", "Polars", flat, "csv", lambda table, path: pl.from_arrow(table).write_csv(path, null_value=CSV_NULL))


def pyarrow_text(text, flat):
    def compressed(codec):
        def write(table, path):
            with pa.CompressedOutputStream(str(path), codec) as file:
                pyarrow.csv.write_csv(table, file)
        return write

    one = only(flat, lambda kind: kind == "text")
    # It cannot write dictionaries.
    decoded = lambda table: pa.table([
        column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in table.columns
    ], names=table.column_names)
    text("csv", "pyarrow", flat, "csv", lambda table, path: pyarrow.csv.write_csv(decoded(table), path))
    text("csv", "pyarrow gzip", one, "csv.gz", compressed("gzip"))
    text("csv", "pyarrow zstd", one, "csv.zst", compressed("zstd"))


def spark_text(text, plain, flat):
    """One file for all columns, since each takes Spark half a second."""
    def write(file_format, truth, made, **options):
        truth = only(truth, lambda kind: kind in SPARK)

        def run(table, path):
            if not made:
                writer = spark_frame(table_of(truth)).write.options(**options)
                getattr(writer, file_format)(str(path.with_suffix(".spark")))
                moved(path)
                made.append(path)
            else:
                shutil.copy(made[0], path)
        return truth, run

    # By default it writes milliseconds, cuts spaces off, and leaves out the seconds of old time zones.
    form = "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"
    times = {"timestampFormat": f"{form}XXXXX", "timestampNTZFormat": form}
    csv = {
        "header": True, "nullValue": CSV_NULL, "emptyValue": "", "escape": '"',
        "ignoreLeadingWhiteSpace": False, "ignoreTrailingWhiteSpace": False,
    }
    truth, run = write("json", with_finite(plain), [], ignoreNullFields=False, **times)
    text("jsonl", "Spark", truth, "jsonl", run)
    truth, run = write("csv", flat, [], **csv, **times)
    text("csv", "Spark", truth, "csv", run)
    truth, run = write("json", only(plain, lambda kind: kind == "float64"), [])
    text("jsonl", "Spark NaN", truth, "jsonl", run)
