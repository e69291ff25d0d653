# Runs once in the namespace of an extension module, where `_sinks` is already. Spark pickles a class by the
# name of its module, so all classes have to stand here.

import datetime as _datetime
import itertools as _itertools
import sys as _sys
import traceback as _traceback
import uuid as _uuid

from pyspark.sql import datasource as _spark

# PySpark hands over whole Arrow batches where it can, and rows where it cannot.
_BATCHES = getattr(_spark, "DataSourceArrowWriter", None)
_STREAM_BATCHES = getattr(_spark, "DataSourceStreamArrowWriter", None)

# How many rows become one batch where rows are handed over.
_ROWS = 10_000


class StreamwriterError(RuntimeError):
    """An error of a sink: the whole report of what went wrong, where, and what to do.

    kind: one word, such as "config" or "storage".
    retryable: whether another attempt may succeed.
    """

    def __init__(self, message, kind="config", retryable=False):
        super().__init__(message)
        self.kind = kind
        self.retryable = retryable

    def __reduce__(self):
        return type(self), (self.args[0], self.kind, self.retryable)


_sinks.raise_as(StreamwriterError)


class _Message(_spark.WriterCommitMessage):
    """What a task tells the driver."""

    def __init__(self, payload):
        self.payload = payload


def _payload(message):
    if message is None:
        return None
    if not isinstance(message, _Message):
        raise StreamwriterError(
            f"a commit message is a {type(message).__name__} instead of one of {__name__}", "message"
        )
    return message.payload


class _Open:
    """A sink that each process opens anew: what is pickled are names, options and the schema."""

    def __init__(self, sink, options, schema, overwrite):
        self._sink, self._options, self._overwrite = sink, options, overwrite
        self._types = getattr(schema, "fields", None)
        self._schema = _arrow_schema(schema)
        self._opened = None

    def __getstate__(self):
        return dict(self.__dict__, _opened=None)

    def _open(self):
        if self._opened is None:
            self._opened = _sinks.open(self._sink, self._options, self._schema, self._overwrite)
        return self._opened

    def _check(self):
        self._open().check()
        return self

    def _write(self, query, run, batch, context, iterator, batches):
        if not batches:
            iterator = _batches_of_rows(iterator, self._types, self._schema)
        written = self._open().write(
            query,
            run,
            batch,
            context.partitionId(),
            context.attemptNumber(),
            context.taskAttemptId(),
            iterator,
        )
        return _Message(written)

    def _commit(self, messages, batch):
        # An open sink holds the lock of its target, and the next commit is another writer's.
        try:
            done = self._open().commit(batch, [_payload(message) for message in messages])
            if done != "published":
                what = "the job" if batch is None else f"batch {batch}"
                print(f"{__name__}: {what} was written again: {done}, these files are dropped", file=_sys.stderr)
        finally:
            self._opened = None

    def _abort(self, messages, batch):
        # An exception here would hide the one that is the cause of the abort.
        try:
            self._open().abort(batch, [_payload(message) for message in messages])
        except Exception:
            print(f"{__name__}: the clean-up after a failed write failed:", file=_sys.stderr)
            _traceback.print_exc()
        finally:
            self._opened = None


class _StreamWriter(_Open, _STREAM_BATCHES or _spark.DataSourceStreamWriter):
    def write(self, iterator):
        context = _task()
        query = _told(context, "sql.streaming.queryId")
        run = _told(context, "spark.jobGroup.id")
        batch = int(_told(context, "streaming.sql.batchId"))
        return self._write(query, run, batch, context, iterator, _STREAM_BATCHES)

    def commit(self, messages, batchId):
        self._commit(messages, batchId)

    def abort(self, messages, batchId):
        self._abort(messages, batchId)


class _JobWriter(_Open, _BATCHES or _spark.DataSourceWriter):
    def __init__(self, *request):
        super().__init__(*request)
        self._job = self._open().job_id()
        self._run = str(_uuid.uuid4())

    def write(self, iterator):
        return self._write(self._job, self._run, None, _task(), iterator, _BATCHES)

    def commit(self, messages):
        self._commit(messages, None)

    def abort(self, messages):
        self._abort(messages, None)


def _task():
    from pyspark import TaskContext

    context = TaskContext.get()
    if context is None:
        raise StreamwriterError(
            "there is no TaskContext, so the task does not know which partition it writes; "
            "write from a task of Spark",
            "unsupported",
        )
    return context


def _told(context, name):
    value = context.getLocalProperty(name)
    if not value:
        raise StreamwriterError(
            f"Spark does not tell `{name}`, without which the rows cannot be told from those of "
            "another batch; PySpark 4.0 to 4.3 do",
            "unsupported",
        )
    return value


class _Source(_spark.DataSource):
    _sink = None
    _name = None

    @classmethod
    def name(cls):
        return cls._name

    def schema(self):
        raise StreamwriterError(f"`{self._name}` writes: there is nothing to read", "unsupported")

    def _request(self, schema, overwrite):
        return self._sink, dict(self.options), schema, overwrite

    def streamWriter(self, schema, overwrite):
        return _StreamWriter(*self._request(schema, overwrite))._check()

    def writer(self, schema, overwrite):
        return _JobWriter(*self._request(schema, overwrite))._check()


class _Chooser(_Source):
    def _request(self, schema, overwrite):
        options = dict(self.options)
        given = [name for name in options if name.lower() == "sink"]
        if not given:
            raise StreamwriterError(
                f"the option `sink` says which sink `{self._name}` writes to; add .option(\"sink\", ...)"
            )
        return options.pop(given[0]), options, schema, overwrite


def _export(classes, chooser):
    module, sources = globals(), []
    for class_name, sink, name, doc in classes:
        own = {"__module__": __name__, "__doc__": doc, "_sink": sink, "_name": name}
        module[class_name] = type(class_name, (_Source,), own)
        sources.append(module[class_name])
    if chooser is None:
        module["DefaultSource"] = sources[0]
    else:
        own = {"__module__": __name__, "__doc__": chooser[1], "_name": chooser[0]}
        module["DefaultSource"] = type("DefaultSource", (_Chooser,), own)
        sources.append(module["DefaultSource"])
    module["_sources"] = sources
    module["__all__"] = [source.__name__ for source in sources] + [
        "StreamwriterError", "register", "repair", "survey", "sweep"
    ]
    if "DefaultSource" not in module["__all__"]:
        module["__all__"].append("DefaultSource")


def register(spark):
    """Makes all sinks of this module known to a session, so that format("...") finds them."""
    for source in _sources:
        try:
            spark.dataSource.register(source)
        except Exception as error:
            # Some versions of Spark refuse the one that they have found by themselves.
            if source is not DefaultSource or "DATA_SOURCE_ALREADY_EXISTS" not in str(error):
                raise


# What a person does about a query that is not running.


def repair(sink, schema, options, batch=None, decision=None, query=None):
    """Tells which batch is recorded and not published, and what became of its files; decides about it.

    A commit fails, at every start, if a file of the batch is neither staged nor as it should be: somebody
    has taken it away too early, or something else lies under its name. Put it back, or decide, while the
    query is not running, with the number of the batch and one of two decisions:

    "accept_as_published": the rows of the file are where they belong; the others are published.
    "write_again": what the batch has published goes out of sight, and Spark writes it once more.

    sink: its name, as in format("..."). schema, options: those of the query. query: its id, which may be
    left out if the options name the `checkpointLocation`. Returns what there is, as text.
    """
    return _for_people(sink, schema, options).repair(query, batch, decision)


def survey(sink, schema, options, query=None):
    """Lists what lies in the target unpublished, and why, as text; changes nothing."""
    return _for_people(sink, schema, options).survey(query)


def sweep(sink, schema, options, query=None):
    """Removes what `survey` says goes, as each commit does by itself; returns how many files went and how
    many stay for now."""
    return _for_people(sink, schema, options).sweep(query)


def _for_people(sink, schema, options):
    names = {source._name.lower(): source._sink for source in _sources if source._sink}
    return _sinks.open(names.get(sink.lower(), sink), dict(options), _arrow_schema(schema), False)


# Schemas


def _arrow_schema(schema):
    """Returns the Arrow schema of what Spark declares, or refuses what has no form in it."""
    import pyarrow as pa

    if isinstance(schema, pa.Schema):
        return schema
    refused = []
    fields = [_field(field.name, field.dataType, field.nullable, refused, field.name) for field in schema]
    if refused:
        raise StreamwriterError(
            "the sink cannot take " + "; ".join(refused) + "; cast or leave out these columns before the "
            "write, for example to a string"
        )
    return pa.schema(fields)


def _field(name, data_type, nullable, refused, path):
    import pyarrow as pa

    arrow = _arrow_type(data_type, refused, path)
    # What is refused gets any type: the schema is not used.
    return pa.field(name, pa.int8() if arrow is None else arrow, nullable)


def _arrow_type(data_type, refused, path):
    import pyarrow as pa

    kind = type(data_type).__name__
    if kind in _PLAIN:
        return _PLAIN[kind](pa)
    if kind == "DecimalType":
        return pa.decimal128(data_type.precision, data_type.scale)
    if kind == "ArrayType":
        item = (data_type.elementType, data_type.containsNull, refused, path + ".element")
        return pa.list_(_field("element", *item))
    if kind == "MapType":
        key = _field("key", data_type.keyType, False, refused, path + ".key")
        value = (data_type.valueType, data_type.valueContainsNull, refused, path + ".value")
        return pa.map_(key, _field("value", *value))
    if kind == "StructType":
        names = [field.name for field in data_type]
        if len(set(names)) < len(names):
            refused.append(f"column `{path}`, which has two fields of one name")
            return None
        return pa.struct(
            [
                _field(field.name, field.dataType, field.nullable, refused, f"{path}.{field.name}")
                for field in data_type
            ]
        )
    of_type = getattr(data_type, "simpleString", lambda: kind)()
    refused.append(f"column `{path}` of type {of_type}")
    return None


_PLAIN = {
    "NullType": lambda pa: pa.null(),
    "BooleanType": lambda pa: pa.bool_(),
    "ByteType": lambda pa: pa.int8(),
    "ShortType": lambda pa: pa.int16(),
    "IntegerType": lambda pa: pa.int32(),
    "LongType": lambda pa: pa.int64(),
    "FloatType": lambda pa: pa.float32(),
    "DoubleType": lambda pa: pa.float64(),
    "StringType": lambda pa: pa.string(),
    "CharType": lambda pa: pa.string(),
    "VarcharType": lambda pa: pa.string(),
    "BinaryType": lambda pa: pa.binary(),
    "DateType": lambda pa: pa.date32(),
    # An instant is the same in every zone, and a writer does not learn the zone of the session.
    "TimestampType": lambda pa: pa.timestamp("us", "UTC"),
    "TimestampNTZType": lambda pa: pa.timestamp("us"),
    # Of microseconds, as Spark keeps and reads it; it hands over nanoseconds.
    "TimeType": lambda pa: pa.time64("us"),
}
# Intervals are not among them: what is written of them, Spark reads as plain integers.


# Rows, where PySpark hands over no batches


def _batches_of_rows(rows, fields, schema):
    import pyarrow as pa

    convert = [_converter(field.dataType) for field in fields]
    rows = iter(rows)
    while True:
        some = list(_itertools.islice(rows, _ROWS))
        if not some:
            return
        columns = []
        for place, field in enumerate(schema):
            values = [row[place] for row in some]
            if convert[place] is not None:
                values = [None if value is None else convert[place](value) for value in values]
            columns.append(pa.array(values, field.type))
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _converter(data_type):
    """Returns what makes a value one that pyarrow takes, or None if it is one already."""
    kind = type(data_type).__name__
    if kind == "TimestampType":
        # PySpark made it local time of this process, without a zone; `fold` tells the two hours apart
        # that a clock shows twice.
        return lambda value: value.astimezone(_datetime.timezone.utc)
    if kind == "BinaryType":
        return bytes
    if kind == "ArrayType":
        item = _or_none(_converter(data_type.elementType))
        return lambda values: [item(value) for value in values]
    if kind == "MapType":
        of_key = _or_none(_converter(data_type.keyType))
        of_value = _or_none(_converter(data_type.valueType))
        return lambda pairs: [(of_key(key), of_value(value)) for key, value in pairs.items()]
    if kind == "StructType":
        parts = [(field.name, _or_none(_converter(field.dataType))) for field in data_type]
        return lambda row: {name: of_part(part) for (name, of_part), part in zip(parts, row)}
    return None


def _or_none(convert):
    if convert is None:
        return lambda value: value
    return lambda value: None if value is None else convert(value)
