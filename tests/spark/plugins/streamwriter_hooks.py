"""A data source around ours that stops, fails or tells at named points; tests register it as `hooked`.

A point is `commit-before.b1` or `write-rows.b1.p0.a0` (batch, partition, attempt). What happens there is
said by files in the folder of the option `hooks`: `hold-<pattern>` waits until the file is gone,
`fail-<pattern>` raises. Each process leaves `at-<point>~<pid>` behind when it comes to a point.
"""

import fnmatch
import os
import time

from pyspark import TaskContext
from pyspark.sql.datasource import DataSource, DataSourceArrowWriter

try:
    from pyspark.sql.datasource import DataSourceStreamArrowWriter
except ImportError:
    from pyspark.sql.datasource import DataSourceStreamWriter as DataSourceStreamArrowWriter

import pyspark_streamwriter


class Hooks:
    def __init__(self, folder):
        self.folder = folder

    def at(self, point):
        open(f"{self.folder}/at-{point}~{os.getpid()}", "w").close()
        while self.told("hold", point):
            time.sleep(0.02)
        if self.told("fail", point):
            raise RuntimeError(f"a hook fails at {point}")

    def told(self, action, point):
        names = [name[5:] for name in os.listdir(self.folder) if name.startswith(f"{action}-")]
        return any(fnmatch.fnmatchcase(point, pattern) for pattern in names)


class Hooked(DataSource):
    """Our data source behind hooks."""

    @classmethod
    def name(cls):
        return "hooked"

    def streamWriter(self, schema, overwrite):
        inner, hooks = self.inside()
        hooks.at("plan")
        return HookedWriter(inner.streamWriter(schema=schema, overwrite=overwrite), hooks)

    def writer(self, schema, overwrite):
        inner, hooks = self.inside()
        return HookedJob(inner.writer(schema=schema, overwrite=overwrite), hooks)

    def inside(self):
        options = {key: value for key, value in dict(self.options).items() if key != "hooks"}
        return pyspark_streamwriter.DefaultSource(type(self.options)(options)), Hooks(self.options["hooks"])


class HookedWriter(DataSourceStreamArrowWriter):
    def __init__(self, inner, hooks):
        self.inner, self.hooks = inner, hooks

    def write(self, iterator):
        task = TaskContext.get()
        batch = task.getLocalProperty("streaming.sql.batchId")
        place = f"b{batch}.p{task.partitionId()}.a{task.attemptNumber()}"
        self.hooks.at(f"write-begin.{place}")
        message = self.inner.write(self.watched(iterator, place))
        self.hooks.at(f"write-end.{place}")
        return message

    def watched(self, rows, place):
        """Passes the rows on, with a point behind the first of them."""
        for number, batch in enumerate(rows):
            yield batch
            if number == 0:
                self.hooks.at(f"write-rows.{place}")

    def commit(self, messages, batchId):
        self.hooks.at(f"commit-before.b{batchId}")
        self.inner.commit(messages, batchId)
        self.hooks.at(f"commit-after.b{batchId}")

    def abort(self, messages, batchId):
        given = sum(message is not None for message in messages)
        self.hooks.at(f"abort-before.b{batchId}.{given}of{len(messages)}")
        self.inner.abort(messages, batchId)
        self.hooks.at(f"abort-after.b{batchId}")


class HookedJob(DataSourceArrowWriter):
    def __init__(self, inner, hooks):
        self.inner, self.hooks = inner, hooks

    def write(self, iterator):
        task = TaskContext.get()
        self.hooks.at(f"job-write.p{task.partitionId()}.a{task.attemptNumber()}")
        return self.inner.write(iterator)

    def commit(self, messages):
        self.hooks.at("job-commit-before")
        self.inner.commit(messages)
        self.hooks.at("job-commit-after")

    def abort(self, messages):
        self.inner.abort(messages)
        self.hooks.at("job-abort-after")
