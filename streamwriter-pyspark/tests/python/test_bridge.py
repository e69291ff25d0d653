"""The bridge between PySpark and Rust: types, refusals, errors, pickling, batch writes.

Needs the wheels `pyspark_streamwriter` and `pyspark_bridge_sinks`, PySpark, pyarrow and Java:
    python -m unittest streamwriter-pyspark/tests/python/test_bridge.py
"""

import datetime
import decimal
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable

import pyarrow as pa  # noqa: E402
import pyspark  # noqa: E402
import pyspark_bridge_sinks as odd  # noqa: E402
import pyspark_streamwriter as ours  # noqa: E402
from pyspark.sql import SparkSession, datasource, types as T  # noqa: E402

ZONE = "America/New_York"
VERSION = tuple(int(part) for part in pyspark.__version__.split(".")[:2])
HAS_BATCHES = hasattr(datasource, "DataSourceStreamArrowWriter")
FORMATS = {"parquet": "streamwriter_parquet", "noop": "streamwriter_noop"}


def setUpModule():
    global spark
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.session.timeZone", ZONE)
    builder = builder.config("spark.sql.shuffle.partitions", "2").config("spark.sql.timeType.enabled", "true")
    spark = builder.config("spark.sql.execution.pyspark.udf.faulthandler.enabled", "true").getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    ours.register(spark)
    odd.register(spark)


def tearDownModule():
    spark.stop()


class Case(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="bridge-")
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.place, *parts)

    def stream(self, frame):
        """Returns a stream of the rows of a frame, through Spark's own files."""
        frame.write.mode("overwrite").parquet(self.path("source"))
        return spark.readStream.schema(frame.schema).parquet(self.path("source"))

    def run_stream(self, frame, name, mode="append", **options):
        writer = frame.writeStream.format(name).outputMode(mode).trigger(availableNow=True)
        writer = writer.option("checkpointLocation", self.path("checkpoint"))
        query = writer.options(**options).start()
        try:
            query.awaitTermination(120)
        finally:
            query.stop()

    def fails(self, run, *texts):
        with self.assertRaises(Exception) as raised:
            run()
        for text in texts:
            self.assertIn(text, str(raised.exception))
        return str(raised.exception)

    def same(self, left, right):
        self.assertEqual(left.exceptAll(right).count(), 0)
        self.assertEqual(right.exceptAll(left).count(), 0)


# Every type with nulls, and the nested ones with every type that a conversion touches.
PLAIN = {
    "tiny": "cast(id % 100 as tinyint)",
    "small": "cast(id as smallint)",
    "whole": "cast(id as int)",
    "long": "id * 1000000007",
    "single": "cast(id / 7 as float)",
    "double": "case when id % 5 = 0 then double('NaN') else id / 7 end",
    "yes": "id % 2 = 0",
    "text": "concat('é', id)",
    "bytes": "cast(concat('b', id) as binary)",
    "day": "date_add(date'1969-12-20', cast(id as int))",
    "instant": "timestamp_micros(1667710800000000 + id * 600000001)",
    "before": "timestamp_micros(-62135596800000000 + 200000000000000 + id)",
    "clock": "cast(timestamp_ntz'2021-03-14 02:30:00' as timestamp_ntz) + make_dt_interval(0, 0, cast(id as int))",
    "d2": "cast(id % 9 / 10 as decimal(2,1))",
    "d9": "cast(id / 7 as decimal(9,4))",
    "d18": "cast(id / 7 as decimal(18,10))",
    "d38": "cast(id as decimal(38,18)) / 7",
    "wide": "cast('99999999999999999999999999999999999999' as decimal(38,0)) - id",
}
NESTED = {
    "list": "array(id, null, id + 1)",
    "instants": "array(timestamp_seconds(id), null)",
    "lists": "array(array(concat('x', id)), array(), null)",
    "pairs": "map(concat('k', id), timestamp_seconds(id), 'n', null)",
    "part": "named_struct('a', id, 'b', array(named_struct('at', timestamp_seconds(id), 'raw', cast('r' as binary))))",
    "by_day": "map(date'2020-01-01', named_struct('d', cast(id as decimal(20,3))))",
    "empty": "map()",
}


def frame_of(columns, rows=300):
    shown = [
        f"case when id % 4 = 3 then null else {expression} end as {name}"
        for name, expression in columns.items()
    ]
    return spark.range(0, rows, 1, 3).selectExpr("id", *shown)


class Types(Case):
    def test_plain_values_come_back_equal(self):
        frame = frame_of(PLAIN)
        self.run_stream(self.stream(frame), FORMATS["parquet"], path=self.path("out"))
        back = spark.read.parquet(self.path("out"))
        self.same(back.select(frame.columns), frame)
        self.assertEqual({f.name: f.dataType for f in back.schema}, {f.name: f.dataType for f in frame.schema})

    def test_nested_values_come_back_equal(self):
        columns = {name: of for name, of in NESTED.items() if name != "empty"}
        frame = frame_of(columns)
        frame.write.format(FORMATS["parquet"]).mode("append").save(self.path("out"))
        back = spark.read.parquet(self.path("out")).select(frame.columns)
        as_text = ["id"] + [f"to_json(struct({name})) as {name}" for name in columns]
        self.same(back.selectExpr(*as_text), frame.selectExpr(*as_text))

    def test_the_hour_that_a_clock_shows_twice_stays_two_instants(self):
        seconds = [1667710800 + step * 1800 for step in range(8)]
        frame = spark.createDataFrame([(at,) for at in seconds], "at long").selectExpr("at", "timestamp_seconds(at) as t")
        frame.write.format(FORMATS["parquet"]).mode("append").save(self.path("out"))
        back = spark.read.parquet(self.path("out")).selectExpr("at", "unix_seconds(t) as t").collect()
        self.assertEqual(sorted((row.at, row.t) for row in back), [(at, at) for at in seconds])

    def test_a_schema_is_declared_in_utc_whatever_the_zone(self):
        frame = spark.range(2).selectExpr("timestamp_seconds(id) as t", "timestamp_ntz'2020-01-01 00:00:00' as n")
        frame.write.format("bridge_made").mode("append").option("file", self.path("told")).save()
        with open(self.path("told"), encoding="utf-8") as file:
            types = json.load(file)["types"]
        self.assertEqual(types, ['t Timestamp(µs, "UTC")', "n Timestamp(µs)"])

    @unittest.skipIf(VERSION < (4, 1), "no time type")
    def test_a_time_comes_back_equal(self):
        frame = spark.range(4).selectExpr("id", "case when id = 3 then null else time'10:11:12.123456' end as t")
        frame.write.format(FORMATS["parquet"]).mode("append").save(self.path("out"))
        self.same(spark.read.parquet(self.path("out")), frame)

    def test_what_has_no_form_in_arrow_is_refused_by_name_before_any_row(self):
        refused = {
            "v": "parse_json('1')",
            "c": "make_interval(1, 2)",
            "ym": "make_ym_interval(1, 2)",
            "dt": "make_dt_interval(1, 2)",
            "part": "named_struct('v', array(parse_json('2')))",
        }
        for name, expression in refused.items():
            frame = spark.range(1).selectExpr(f"{expression} as {name}")
            write = frame.write.format("bridge_typed").mode("append").option("file", self.path("f"))
            with self.subTest(name):
                text = self.fails(write.save)
                self.assertTrue(f"column `{name}" in text or "INTERVAL" in text.upper(), text)
                self.assertFalse(os.path.exists(self.path("f")))

    def test_all_refused_columns_are_named_at_once(self):
        schema = T.StructType([T.StructField("a", T.VariantType()), T.StructField("b", T.ArrayType(T.VariantType()))])
        with self.assertRaises(ours.StreamwriterError) as raised:
            ours.Noop({}).streamWriter(schema, False)
        self.assertIn("column `a`", str(raised.exception))
        self.assertIn("column `b.element`", str(raised.exception))


class Starts(Case):
    def test_options_are_checked_on_the_driver(self):
        frame = spark.range(1)
        for options, texts in [
            ({"colour": "red"}, ["colour", "the options are"]),
            ({"compression": "zip"}, ["compression", "zstd"]),
            ({"path": "relative"}, ["absolute"]),
            ({}, ["required options are missing", "path"]),
        ]:
            with self.subTest(options):
                given = dict({"path": self.path("out")}, **options) if options else {}
                with self.assertRaises(ours.StreamwriterError) as raised:
                    ours.Parquet(given).streamWriter(frame.schema, False)
                for text in texts:
                    self.assertIn(text, str(raised.exception))
                self.assertEqual((raised.exception.kind, raised.exception.args[0]), ("config", str(raised.exception)))
        self.fails(
            lambda: self.run_stream(self.stream(frame), FORMATS["parquet"], path=self.path("out"), colour="red"),
            "unknown option `colour`",
        )
        self.assertFalse(os.path.exists(self.path("out")))

    def test_complete_mode_is_refused_unless_the_sink_can_replace(self):
        counts = self.stream(spark.range(9)).groupBy().count()
        refused = lambda: self.run_stream(counts, FORMATS["parquet"], "complete", path=self.path("out"))  # noqa: E731
        self.fails(refused, "write in append mode")
        self.assertFalse(os.path.exists(self.path("out")))
        self.setUp()
        counts = self.stream(spark.range(9)).groupBy().count()
        self.run_stream(counts, "bridge_made", "complete", file=self.path("told"))
        with open(self.path("told"), encoding="utf-8") as file:
            self.assertTrue(json.load(file)["overwrite"])

    def test_the_default_source_is_found_without_registration(self):
        script = (
            "from pyspark.sql import SparkSession\n"
            "s = SparkSession.builder.master('local[1]').config('spark.ui.enabled', 'false').getOrCreate()\n"
            f"w = s.range(5).write.format('streamwriter').option('SINK', 'jsonl').mode('append').save({self.path('out')!r})\n"
            f"s.range(5).write.format('bridge_odd').option('how', 'well').mode('append').save()\n"
            f"print('rows', s.read.json({self.path('out')!r}).count())\n"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
        self.assertIn("rows 5", done.stdout, done.stderr)

    def test_a_choice_of_no_sink_is_named(self):
        self.fails(spark.range(1).write.format("streamwriter").mode("append").save, "the option `sink`")
        self.fails(
            spark.range(1).write.format("streamwriter").option("sink", "parket").mode("append").save,
            "there is no sink `parket`", "did you mean `parquet`",
        )

    def test_a_row_type_that_does_not_fit_names_every_column(self):
        frame = spark.range(1).selectExpr("cast(id as string) as id", "1 as more")
        write = frame.write.format("bridge_typed").option("file", self.path("f")).mode("append")
        self.fails(write.save, "column `id` is Utf8", "column `item`", "column `more`")


class Errors(Case):
    def write(self, how, frame=None, **options):
        frame = spark.range(100) if frame is None else frame
        return lambda: frame.write.format("bridge_odd").options(how=how, **options).mode("append").save()

    def test_a_panic_is_an_exception_with_its_text_and_place(self):
        text = self.fails(self.write("panic"), "StreamwriterError", "boom")
        self.assertRegex(text, r"the panic was at \S*lib\.rs:\d+:\d+")
        self.fails(self.write("panic-commit"), "no commit")

    def test_a_panic_while_a_stream_commits_or_aborts_does_not_hide_anything(self):
        self.fails(lambda: self.run_stream(self.stream(spark.range(5)), "bridge_odd", how="panic-commit"), "no commit")

    def test_errors_tell_their_whole_report(self):
        self.fails(self.write("fail"), "the service is down")
        self.fails(self.write("refuse"), "row 3 is too large", "make it smaller")
        self.fails(self.write("unread"), "unread")

    def test_what_the_iterator_raises_is_the_cause(self):
        def odd_rows():
            yield pa.RecordBatch.from_pydict({"id": pa.array([1], pa.int64())})
            raise KeyError("from the iterator")

        opened = open_sink({"how": "well"})
        with self.assertRaises(odd.StreamwriterError) as raised:
            write(opened, odd_rows())
        self.assertIsInstance(raised.exception.__cause__, KeyError)
        self.assertIn("from the iterator", str(raised.exception))

        def interrupted():
            raise KeyboardInterrupt
            yield

        with self.assertRaises(KeyboardInterrupt):
            write(opened, interrupted())

    def test_what_is_no_batch_is_named(self):
        opened = open_sink({"how": "well"})
        for what, text in [
            ([1], "no `__arrow_c_array__`"),
            ([pa.array([1])], "expected a record batch"),
            ([pa.RecordBatch.from_pydict({"no": [1]})], "`no`, and `id`"),
            ([pa.RecordBatch.from_pydict({"id": ["x"]})], "column `id` of a batch is Utf8"),
        ]:
            with self.subTest(text), self.assertRaises(odd.StreamwriterError) as raised:
                write(opened, what)
            self.assertIn(text, str(raised.exception))

    def test_secrets_are_not_told(self):
        text = self.fails(self.write("panic", password="hunter2"))
        self.assertNotIn("hunter2", text)

    def test_an_abort_never_raises(self):
        schema = T.StructType([T.StructField("id", T.LongType())])
        writer = odd.Odd({"how": "panic-abort"}).streamWriter(schema, False)
        self.assertIsNone(writer.abort([None], 0))
        self.assertIsNone(writer.abort([datasource.WriterCommitMessage()], 0))

    def test_an_unknown_message_is_named(self):
        schema = T.StructType([T.StructField("id", T.LongType())])
        writer = odd.Odd({"how": "well"}).streamWriter(schema, False)
        with self.assertRaises(odd.StreamwriterError) as raised:
            writer.commit([datasource.WriterCommitMessage()], 0)
        self.assertIn("WriterCommitMessage", str(raised.exception))
        with self.assertRaises(odd.StreamwriterError):
            writer.commit([None, None], 0)

    def test_a_task_outside_of_spark_is_refused(self):
        schema = T.StructType([T.StructField("id", T.LongType())])
        writer = odd.Odd({"how": "well"}).streamWriter(schema, False)
        with self.assertRaises(odd.StreamwriterError) as raised:
            writer.write(iter([]))
        self.assertIn("TaskContext", str(raised.exception))


def open_sink(options, schema=None):
    schema = schema or pa.schema([pa.field("id", pa.int64(), False)])
    return odd.Odd(options).writer(schema, False)._open()


def write(opened, batches, attempt=0):
    return opened.write(opened.job_id(), "run", None, 0, attempt, attempt, iter(batches))


class Threads(Case):
    def test_batches_that_another_thread_drops_do_not_deadlock(self):
        """Their buffers are Python's, so the drop takes the GIL, which `write` must not hold."""
        schema = pa.schema([pa.field("id", pa.int64(), False)])
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, schema) as stream:
            for _ in range(500):
                stream.write_batch(pa.RecordBatch.from_arrays([pa.array(range(50))], schema=schema))
        path = self.path("stream")
        with open(path, "wb") as file:
            file.write(sink.getvalue())
        # In a process of its own: where the GIL is held for ever, nothing else runs to say so.
        script = (
            "import pyarrow as pa, pyspark_bridge_sinks as odd\n"
            "schema = pa.schema([pa.field('id', pa.int64(), False)])\n"
            "opened = odd.Odd({'how': 'elsewhere'}).writer(schema, False)._open()\n"
            f"file = open({path!r}, 'rb', buffering=0)\n"
            "batches = pa.ipc.open_stream(pa.PythonFile(file))\n"
            "print(len(opened.write(opened.job_id(), 'run', None, 0, 0, 0, batches)) > 0)\n"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stdout, "True\n", done.stderr)

    def test_other_threads_run_while_a_sink_writes(self):
        opened, ticks, stop = open_sink({"how": "well"}), [], threading.Event()

        def tick():
            while not stop.wait(0.001):
                ticks.append(1)

        def slow():
            for _ in range(10):
                threading.Event().wait(0.01)
                yield pa.RecordBatch.from_arrays([pa.array([1])], schema=pa.schema([pa.field("id", pa.int64(), False)]))

        thread = threading.Thread(target=tick)
        thread.start()
        write(opened, slow())
        stop.set()
        thread.join()
        self.assertTrue(ticks)


class Buffers(Case):
    def test_a_misaligned_decimal_is_read_right(self):
        values = [decimal.Decimal(number) / 100 for number in range(1000)] + [None]
        array = pa.array(values, pa.decimal128(38, 2))
        data = array.buffers()[1].to_pybytes()
        moved = pa.py_buffer(b"\0" * 8 + data).slice(8)
        self.assertEqual(moved.address % 16, 8)
        array = pa.Array.from_buffers(array.type, len(array), [array.buffers()[0], moved])
        schema = pa.schema([pa.field("d", array.type)])
        writer = ours.Parquet({"path": self.path("out")}).writer(schema, False)
        opened = writer._open()
        message = opened.write(writer._job, "run", None, 0, 0, 0, iter([pa.RecordBatch.from_arrays([array], schema=schema)]))
        opened.commit(None, [message])
        back = [row.d for row in spark.read.parquet(self.path("out")).collect()]
        self.assertEqual(back, values)


class Pickling(Case):
    def test_classes_and_writers_go_by_reference(self):
        from pyspark.cloudpickle import dumps

        for source in (ours.Parquet, ours.DefaultSource, odd.Odd, odd.DefaultSource):
            with self.subTest(source):
                pickled = dumps(source)
                self.assertLess(len(pickled), 200)
                self.assertIs(pickle.loads(pickled), source)
        writer = ours.Noop({}).streamWriter(spark.range(1).schema, False)
        again = pickle.loads(dumps(writer))
        self.assertEqual(again._sink, "noop")
        self.assertIsNone(again._opened)
        error = pickle.loads(pickle.dumps(ours.StreamwriterError("text", "row", True)))
        self.assertEqual((str(error), error.kind, error.retryable), ("text", "row", True))

    def test_the_job_is_the_same_for_all_its_tasks(self):
        writer = ours.Noop({}).writer(spark.range(1).schema, False)
        again = pickle.loads(pickle.dumps(writer))
        self.assertEqual((again._job, again._run), (writer._job, writer._run))
        named = [ours.Noop({"jobid": "nightly"}).writer(spark.range(1).schema, False)._job for _ in range(2)]
        self.assertEqual(named[0], named[1])

    def test_help_shows_the_options(self):
        self.assertIn("compression: ", ours.Parquet.__doc__)
        self.assertIn("checkpointLocation", ours.Parquet.__doc__)
        self.assertIn("parquet", ours.DefaultSource.__doc__)


class Rows(Case):
    def rows(self, name):
        frame = spark.range(0, 7, 1, 2).selectExpr("id", "case when id = 2 then null else concat('i', id) end as item")
        frame.write.format(name).option("file", self.path("lines")).mode("append").save()
        with open(self.path("lines"), encoding="utf-8") as file:
            return sorted(file.read().splitlines())

    def test_rows_by_derive_and_by_serde_are_the_same(self):
        expected = [f'{i} Some("i{i}")' if i != 2 else "2 None" for i in range(7)]
        self.assertEqual(self.rows("bridge_typed"), expected)
        os.remove(self.path("lines"))
        self.assertEqual(self.rows("bridge_serde"), expected)

    def test_batches_of_a_stream_come_once_each(self):
        frame = spark.range(0, 25_000, 1, 3).selectExpr("id", "cast(id as string) as s")
        self.run_stream(self.stream(frame), FORMATS["parquet"], path=self.path("out"))
        self.same(spark.read.parquet(self.path("out")), frame)

    def test_empty_partitions_and_no_rows_commit(self):
        spark.range(0).write.format(FORMATS["parquet"]).mode("append").save(self.path("out"))
        self.run_stream(self.stream(spark.range(3).where("id > 5")), FORMATS["noop"])


class RowFallback(unittest.TestCase):
    """What PySpark 4.0 hands over, on any version."""

    def test_values_of_rows_become_those_of_batches(self):
        from pyspark.sql import Row

        utc = datetime.timezone.utc
        instant = datetime.datetime(2022, 11, 6, 5, 30, tzinfo=utc)
        schema = T.StructType(
            [
                T.StructField("t", T.TimestampType()),
                T.StructField("n", T.TimestampNTZType()),
                T.StructField("b", T.BinaryType()),
                T.StructField("m", T.MapType(T.StringType(), T.ArrayType(T.TimestampType()))),
                T.StructField("s", T.StructType([T.StructField("x", T.DecimalType(5, 2)), T.StructField("y", T.TimestampType())])),
            ]
        )
        native = sys.modules[ours.Parquet.__module__]
        arrow = native._arrow_schema(schema)
        local = instant.astimezone().replace(tzinfo=None)
        row = (
            local,
            datetime.datetime(2021, 1, 1),
            bytearray(b"x"),
            {"k": [local, None]},
            Row(x=decimal.Decimal("1.50"), y=local),
        )
        rows = [Row(*row), Row(*[None] * 5)] * 7500
        batches = list(native._batches_of_rows(iter(rows), schema.fields, arrow))
        self.assertEqual([batch.num_rows for batch in batches], [10_000, 5_000])
        found = batches[0].to_pylist()
        self.assertEqual(found[0]["t"], instant)
        self.assertEqual(found[0]["n"], datetime.datetime(2021, 1, 1))
        self.assertEqual(found[0]["b"], b"x")
        self.assertEqual(found[0]["m"], [("k", [instant, None])])
        self.assertEqual(found[0]["s"], {"x": decimal.Decimal("1.50"), "y": instant})
        self.assertEqual(set(found[1].values()), {None})
        self.assertEqual(batches[0].schema, arrow)
        self.assertEqual(list(native._batches_of_rows(iter([]), schema.fields, arrow)), [])

    def test_the_base_classes_are_those_of_this_pyspark(self):
        writer = ours.Noop({}).streamWriter(T.StructType([T.StructField("id", T.LongType())]), False)
        base = datasource.DataSourceStreamArrowWriter if HAS_BATCHES else datasource.DataSourceStreamWriter
        self.assertIsInstance(writer, base)


if __name__ == "__main__":
    unittest.main()
