"""Reading and writing by Spark."""

import os
import sys
from contextlib import contextmanager

NAME = "Spark"
ZONE = "Asia/Tokyo"

PLACE = "struct<name:string,inner:struct<at:double,tags:array<string>>>"

TYPES = {
    "bool": "boolean",
    "int8": "tinyint", "int16": "smallint", "int32": "int", "int64": "bigint",
    "uint8": "smallint", "uint16": "int", "uint32": "bigint", "uint64": "decimal(20,0)",
    "float32": "float", "float64": "double",
    "text": "string", "bytes": "binary", "fixed(4)": "binary", "enum": "string",
    "date": "date", **{f"time({unit})": "time(6)" for unit in ("s", "ms", "us", "ns")},
    **{f"local({unit})": "timestamp_ntz" for unit in ("s", "ms", "us", "ns")},
    **{f"utc({unit})": "timestamp" for unit in ("s", "ms", "us", "ns")},
    **{f"duration({unit})": "bigint" for unit in ("s", "ms", "us", "ns")},
    **{f"decimal({p}, {s})": f"decimal({p},{s})" for p, s in ((9, 2), (18, 6), (38, 10), (38, 38), (5, 0))},
    "list of int64": "array<bigint>", "list of text": "array<string>", "list of enum": "array<string>",
    "list of list": "array<array<string>>",
    "struct": PLACE, "list of struct": f"array<{PLACE}>",
    "map of text": "map<string,int>", "map of uint32": f"map<bigint,{PLACE}>",
    "date text": "date", "time text": "time(6)", "local text": "timestamp_ntz", "utc text": "timestamp",
}

session = None


def start():
    """Starts Spark in another zone than UTC; raises where it cannot run."""
    global session
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": ZONE, "spark.sql.shuffle.partitions": "1",
        "spark.driver.extraJavaOptions": "-Duser.timezone=America/New_York",
    }
    builder = SparkSession.builder.master("local[1]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")


@contextmanager
def setting(key, value):
    before = session.conf.get(key, None)
    session.conf.set(key, value)
    try:
        yield
    finally:
        session.conf.unset(key) if before is None else session.conf.set(key, before)


def name_of(kind):
    return kind


def result(frame):
    return {field.name: field.dataType.simpleString() for field in frame.schema}, frame.toArrow()


def columns(told):
    return ", ".join(f"`{name}` {kind}" for name, kind in told.items())


def parquet(directory, told=None):
    reader = session.read.schema(columns(told)) if told else session.read
    return result(reader.parquet(str(directory)))


def json_lines(directory, extension, told, all_columns):
    reader = session.read.option("mode", "FAILFAST").schema(columns(told))
    return result(reader.json(f"{directory}/*.{extension}"))


def csv(directory, extension, told, all_columns, null):
    told = {name: told.get(name, "string") for name in all_columns}
    options = {
        "mode": "FAILFAST", "header": True, "nullValue": null, "emptyValue": "", "multiLine": True,
        "escape": '"', "lineSep": "\n", "maxCharsPerColumn": -1,
        "nanValue": "NaN", "positiveInf": "inf", "negativeInf": "-inf",
    }
    return result(session.read.options(**options).schema(columns(told)).csv(f"{directory}/*.{extension}"))


def partitioned(directory, file_format, told, all_columns, zone):
    with setting("spark.sql.session.timeZone", zone):
        reader = session.read.options(header=True)
        reader = reader.schema(columns({"id": "bigint", **told})) if told else reader
        read = {"parquet": reader.parquet, "jsonl": reader.json, "csv": reader.csv}[file_format]
        return result(read(str(directory)))
