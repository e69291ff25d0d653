"""What people write today: sinks in Python, which write Parquet as ours does, and publish it in `commit`."""

import json
import os
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql.datasource import (
    DataSource,
    DataSourceStreamArrowWriter,
    DataSourceStreamWriter,
    WriterCommitMessage,
)


class Written(WriterCommitMessage):
    def __init__(self, name):
        self.name = name


class Files:
    """Stages, syncs and renames: no record of the batch, so not exactly-once."""

    def __init__(self, options, schema):
        self.path, self.schema = options["path"], schema
        self.codec = options.get("compression", "snappy")

    def save(self, batches):
        name = f"{uuid.uuid4()}.parquet"
        os.makedirs(f"{self.path}/_staged", exist_ok=True)
        with open(f"{self.path}/_staged/{name}", "wb") as file:
            writer = None
            for batch in batches:
                writer = writer or pq.ParquetWriter(file, batch.schema, compression=self.codec)
                writer.write_batch(batch)
            if writer:
                writer.close()
            file.flush()
            os.fsync(file.fileno())
        return Written(name)

    def commit(self, messages, batchId):
        for message in messages:
            os.rename(f"{self.path}/_staged/{message.name}", f"{self.path}/{message.name}")

    def abort(self, messages, batchId):
        pass


class ArrowFiles(Files, DataSourceStreamArrowWriter):
    def write(self, iterator):
        return self.save(iterator)


class RowFiles(Files, DataSourceStreamWriter):
    def write(self, iterator):
        return self.save(self.batches_of(iterator))

    def batches_of(self, rows, count=10_000):
        names = [field.name for field in self.schema]
        some = []
        for row in rows:
            some.append(row)
            if len(some) == count:
                yield self.batch_of(some, names)
                some = []
        if some:
            yield self.batch_of(some, names)

    def batch_of(self, rows, names):
        columns = [pa.array([row[place] for row in rows]) for place in range(len(names))]
        return pa.RecordBatch.from_arrays(columns, names=names)


class PyArrow(DataSource):
    @classmethod
    def name(cls):
        return "python_arrow"

    def streamWriter(self, schema, overwrite):
        return ArrowFiles(self.options, schema)


class PythonRows(DataSource):
    @classmethod
    def name(cls):
        return "python_rows"

    def streamWriter(self, schema, overwrite):
        return RowFiles(self.options, schema)


class LineFiles(Files, DataSourceStreamWriter):
    """A line of JSON for each row, as in PySpark's own example."""

    def write(self, iterator):
        name = f"{uuid.uuid4()}.jsonl"
        os.makedirs(f"{self.path}/_staged", exist_ok=True)
        with open(f"{self.path}/_staged/{name}", "w") as file:
            for row in iterator:
                file.write(json.dumps(row.asDict(), default=str) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return Written(name)


class PythonLines(DataSource):
    @classmethod
    def name(cls):
        return "python_lines"

    def streamWriter(self, schema, overwrite):
        return LineFiles(self.options, schema)
