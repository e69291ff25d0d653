"""Exactly-once Parquet and file sinks for Spark, written in Rust."""

from pyspark.sql import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceStreamWriter, DataSourceWriter
from pyspark.sql.types import StructType

__all__ = [
    "Csv",
    "DefaultSource",
    "JsonLines",
    "Noop",
    "Parquet",
    "Stdout",
    "StreamwriterError",
    "Text",
    "register",
]

class StreamwriterError(RuntimeError):
    """An error of a sink: the whole report of what went wrong, where, and what to do."""

    kind: str
    """One word, such as "config" or "storage"."""
    retryable: bool
    """Whether another attempt may succeed."""
    def __init__(self, message: str, kind: str = "config", retryable: bool = False) -> None: ...

class _Sink(DataSource):
    @classmethod
    def name(cls) -> str: ...
    def streamWriter(self, schema: StructType, overwrite: bool) -> DataSourceStreamWriter: ...
    def writer(self, schema: StructType, overwrite: bool) -> DataSourceWriter: ...

class Parquet(_Sink):
    """Writes Parquet files: format("streamwriter_parquet")."""

class JsonLines(_Sink):
    """Writes each row as a line of JSON: format("streamwriter_jsonl")."""

class Csv(_Sink):
    """Writes rows as comma-separated values: format("streamwriter_csv")."""

class Text(_Sink):
    """Writes the one text of each row as a line: format("streamwriter_text")."""

class Stdout(_Sink):
    """Prints the first rows of each batch: format("streamwriter_stdout")."""

class Noop(_Sink):
    """Reads all rows, counts them, and discards them: format("streamwriter_noop")."""

class DefaultSource(_Sink):
    """Writes to the sink that the option `sink` names: format("streamwriter")."""

def register(spark: SparkSession) -> None:
    """Makes all sinks of this module known to a session, so that format("...") finds them."""

