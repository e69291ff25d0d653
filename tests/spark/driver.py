"""One Spark driver: does what JSON lines on standard input say, and answers on the file descriptor given.

Everything that Spark prints goes to standard error. `streams` are numbered in the order of their start.
"""

import json
import os
import sys
import time
import traceback

import pyarrow as pa
from pyspark.sql import SparkSession

import pyspark_streamwriter
import streamwriter_hooks

SCHEMA = "id bigint, file string, text string, amount double, day date, at timestamp"

CSV = {
    "header": True, "nullValue": "\\N", "emptyValue": "", "multiLine": True, "escape": '"', "lineSep": "\n",
    "mode": "FAILFAST",
}


class Driver:
    def __init__(self, spark):
        self.spark, self.streams = spark, []

    def start(self, source, format, options, checkpoint, max_files=2, trigger=None, mode="append",
              transform=None, name=None, for_each_batch=None, hidden=False, any_schema=False):
        rows = TRANSFORMS[transform](self.rows_of(source, max_files, any_schema))
        writer = rows.writeStream.outputMode(mode)
        if hidden:
            # An option goes to the sink as well; what is set in the session does not.
            parent, name = checkpoint.rsplit("/", 1)
            self.spark.conf.set("spark.sql.streaming.checkpointLocation", parent)
        else:
            writer = writer.option("checkpointLocation", checkpoint)
        writer = writer.trigger(**trigger) if trigger else writer
        writer = writer.queryName(name) if name else writer
        if for_each_batch:
            writer = writer.foreachBatch(batch_writer(format, options, for_each_batch))
        else:
            writer = writer.format(format).options(**options)
        self.streams.append(writer.start())
        stream = self.streams[-1]
        return {"stream": len(self.streams) - 1, "id": str(stream.id), "run": str(stream.runId)}

    def make_types(self, into, columns):
        """Writes a source with more types, by Spark itself."""
        frame = self.spark.range(-20, 60, 1, 2).selectExpr("id", *columns)
        frame.write.parquet(into)
        return {"schema": frame.schema.simpleString()}

    def rows_of(self, source, max_files, any_schema=False):
        if source == "rate":
            return self.spark.readStream.format("rate").load()
        schema = self.spark.read.parquet(source).schema if any_schema else SCHEMA
        return self.spark.readStream.schema(schema).option("maxFilesPerTrigger", max_files).parquet(source)

    def wait(self, stream, within):
        """Waits until a query has ended, and says how."""
        query, error = self.streams[stream], None
        try:
            ended = query.awaitTermination(within)
        except Exception as raised:  # noqa: BLE001 - whatever it is, it is the answer
            ended, error = True, str(raised)
        return {"ended": ended, "error": error, **self.progress(stream)}

    def progress(self, stream):
        query = self.streams[stream]
        batches = [(one["batchId"], one["numInputRows"]) for one in query.recentProgress if one["numInputRows"]]
        return {"active": query.isActive, "message": query.status["message"], "batches": batches}

    def stop(self, stream):
        began = time.monotonic()
        self.streams[stream].stop()
        return {"seconds": time.monotonic() - began}

    def stop_all(self):
        for stream in self.spark.streams.active:
            stream.stop()
        return {}

    def write(self, source, format, options, mode="append", partitions=2):
        """Writes all rows of the source as a batch job."""
        try:
            frame = self.spark.read.schema(SCHEMA).parquet(source).repartition(partitions)
            writer = frame.write.format(format).options(**options)
            (writer.mode(mode) if mode else writer).save()
        except Exception as raised:  # noqa: BLE001
            return {"error": str(raised)}
        return {"error": None}

    def read(self, path, into, format="parquet"):
        """Reads a target as Spark does, into an Arrow file."""
        reader = self.spark.read if format == "parquet" else self.spark.read.schema(SCHEMA)
        reader = reader.options(**CSV) if format == "csv" else reader
        frame = reader.format(format).load(path)
        table = frame.toArrow()
        with pa.OSFile(into, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        return {"rows": table.num_rows, "schema": frame.schema.simpleString()}

    def parallelism(self):
        return {"cores": self.spark.sparkContext.defaultParallelism}

    def conf(self, key, value):
        self.spark.conf.set(key, value)
        return {}


TRANSFORMS = {
    None: lambda rows: rows,
    "no rows": lambda rows: rows.where("id < 0"),
    "totals": lambda rows: rows.groupBy("file").count(),
    "one partition": lambda rows: rows.coalesce(1),
}


def batch_writer(format, options, told):
    def save(frame, batch):
        job = {"jobId": told["job"].format(batch=batch)} if "job" in told else {}
        frame.write.format(format).options(**options, **job).mode("append").save()
    return save


def session(master, conf):
    builder = SparkSession.builder.master(master).appName("streamwriter")
    builder = builder.config("spark.sql.timeType.enabled", "true")
    # Its default, INT96, says nothing of a zone.
    builder = builder.config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    for key, value in conf.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    spark.dataSource.register(streamwriter_hooks.Hooked)
    pyspark_streamwriter.register(spark)
    return spark


def main():
    answers = os.fdopen(int(sys.argv[1]), "w", buffering=1)
    driver = None
    for line in sys.stdin:
        call = json.loads(line)
        name, arguments = call["call"], call["with"]
        try:
            if name == "session":
                driver = Driver(session(**arguments))
                answer = {"ok": driver.parallelism()}
            else:
                answer = {"ok": getattr(driver, name)(**arguments)}
        except Exception:  # noqa: BLE001 - the caller decides
            answer = {"failed": traceback.format_exc()}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
