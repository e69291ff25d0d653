"""Who is measured, and how each is called."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Tool:
    """`streams`: it goes on from a checkpoint, so that its batches are its passes."""

    name: str
    command: tuple
    streams: bool = False
    # What is learned from five batches of all rows is learned from four of a quarter each.
    slow: bool = False
    codecs: tuple = ("zstd", "snappy")
    formats: tuple = ("parquet", "csv", "jsonl")
    survives: str = "no: begins anew, torn files meanwhile"

    def takes(self, work):
        return work.format in self.formats and work.codec in self.codecs

    def call(self, work, source, place, more):
        """`more` is how many files a batch has, or how many passes there are."""
        state = [str(place / "checkpoint")] if self.streams else []
        more = [] if more is None else [str(more)]
        return [*self.command, work.format, str(source), str(place / "out"), *state, work.codec, *more]


@dataclass(frozen=True)
class Workload:
    name: str
    format: str
    codec: str
    rows: int


def script(name, *words):
    return (sys.executable, str(HERE / "tools" / f"with_{name}.py"), *words)


def workloads(rows, rows_of_text):
    return [
        Workload("Parquet to Parquet, zstd", "parquet", "zstd", rows),
        Workload("Parquet to Parquet, snappy", "parquet", "snappy", rows),
        Workload("CSV to Parquet, zstd", "csv", "zstd", rows_of_text),
        Workload("JSON lines to Parquet, zstd", "jsonl", "zstd", rows_of_text),
    ]


OURS, SPARK = "streamwriter", "Spark's own sink"
IN_PYTHON = {"streams": True, "codecs": ("zstd",), "formats": ("parquet",), "survives": "no: doubles after a kill in commit"}
TOOLS = [
    Tool(OURS, (os.environ.get("STREAMWRITER_OURS", ""),), streams=True, survives="yes: each row once, for any reader"),
    Tool("Polars", script("polars")),
    Tool("DuckDB", script("duckdb")),
    Tool("pyarrow", script("pyarrow")),
    Tool(SPARK, script("spark", "parquet"), streams=True, survives="only for readers of its _spark_metadata"),
    Tool("PySpark, Arrow writer in Python", script("spark", "python_arrow"), **IN_PYTHON),
    Tool("PySpark, row writer in Python", script("spark", "python_rows"), slow=True, **IN_PYTHON),
]
