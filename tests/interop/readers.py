"""Reads a target in the middle of a batch, as common readers do.

Freezes the quickstart at several instants of a batch of three files and reads its target with each
reader, as a directory and by patterns. Whatever a reader shows must be the rows of the published
files, no others, each once. What each way of reading comes to must be what docs/readers.md says;
`--update` writes it there.
"""

import csv
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.csv
import pyarrow.dataset as ds
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/readers.md"
BEGIN, END = "<!-- what the readers see: written by tests/interop/readers.py -->", "<!-- end -->"
FORMATS = {"parquet": "Parquet", "jsonl": "JSON lines", "csv": "CSV"}
INPUT = ROOT / "examples/data/flights"
COLUMNS = [
    "year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time",
    "sched_arr_time", "arr_delay", "carrier", "flight", "tailnum", "origin", "dest",
    "air_time", "distance", "hour", "minute",
]  # time_hour is left out: some readers make a timestamp of it.

# The first batch is whole at each but the first; the second one is in the middle.
INSTANTS = {
    "nothing is published yet": ("written@1", 0),
    "the second batch is staged": ("written@2", 3),
    "it is prepared": ("prepared@2", 3),
    "one of its three files is published": ("file-published@4", 4),
    "all three are": ("published@2", 6),
    "the target has recorded it": ("recorded@2", 6),
}

# How a way of reading can come out, over all instants.
RIGHT = "published files"
WRONG = "**reads what is not data**"
REFUSED = "error"
# And while there is no file yet.
NO_ROWS = "no rows"
NO_FILES = "error"


def main():
    began = time.monotonic()
    binary = ROOT / "target/release/examples/quickstart"
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(dir=memory))
    frozen = []
    try:
        for file_format in FORMATS:
            for instant, (point, published) in INSTANTS.items():
                frozen.append(Frozen(binary, folder, file_format, instant, point, published))
        expect_readable_input(frozen)
        readers, skipped = all_readers()
        found = {
            key: [(target, outcome(read, target)) for target in frozen if target.format == key[2]]
            for key, read in readers.items()
        }
    finally:
        for target in frozen:
            target.end()
        shutil.rmtree(folder)
    print_all(found)
    table = table_of(found)
    if "--update" in sys.argv:
        update(table)
    failed = differences(table, skipped)
    print(*failed, sep="\n")
    seconds = time.monotonic() - began
    print(f"{len(INSTANTS)} instants, {len(found)} ways of reading, in {seconds:.0f} s")
    ways = len(table) + len(skipped)
    print(f"readers: {ways - len(failed) - len(skipped)} passed, {len(failed)} failed, {len(skipped)} skipped")
    sys.exit(1 if failed else 0)


class Frozen:
    """A quickstart that has stopped itself at an instant."""

    def __init__(self, binary, folder, file_format, instant, point, published):
        self.format, self.instant, self.published = file_format, instant, published
        name = f"{file_format}-{point}"
        self.path = str(folder / name / "out")
        options = {
            "--sink": file_format, "--max-rows-per-batch": 300, "--executors": 3,
            "--min-partition-bytes": 1, "--output": self.path,
            "--checkpoint": folder / name / "checkpoint",
        }
        environment = dict(os.environ, STREAMWRITER_FAILPOINT=point.replace("@", "=stop@"))
        self.process = subprocess.Popen(
            [binary, *(str(part) for option in options.items() for part in option)],
            env=environment, stderr=subprocess.PIPE,
        )
        status = os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if status.si_code != os.CLD_STOPPED:
            sys.exit(f"{name}: it ended instead: {self.process.stderr.read().decode()}")

    def files(self):
        return sorted(glob.glob(f"{self.path}/*.{self.format}"))

    def rows(self):
        """The rows of the published files, each read on its own."""
        rows = Counter()
        for path in self.files():
            if self.format == "parquet":
                rows += counted(pq.ParquetFile(path).read().to_pylist())
            elif self.format == "csv":
                rows += csv_rows(path)
            else:
                rows += counted(json.loads(line) for line in Path(path).read_text().splitlines())
        return rows

    def end(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def counted(rows):
    text = lambda value: "NA" if value is None else str(value)
    # What is not data may lack the columns; it counts as rows all the same.
    return Counter(tuple(text(row.get(column)) for column in COLUMNS) for row in rows)


def csv_rows(path):
    with open(path, newline="") as file:
        return counted(csv.DictReader(file))


def expect_readable_input(frozen):
    """What is published is whole files of rows of the input, none of them twice."""
    rows_of_input = sum((csv_rows(path) for path in INPUT.glob("*.csv")), Counter())
    for target in frozen:
        name = f"{target.format}, {target.instant}"
        rows = target.rows()
        assert len(target.files()) == target.published, f"{name}: {target.files()}"
        assert not rows - rows_of_input, f"{name}: rows that the input has not"
        whole = {0: 0, 3: 300, 6: 600}.get(target.published)
        assert whole is None or rows.total() == whole, f"{name}: {rows.total()} rows"
        staged = glob.glob(f"{target.path}/_streamwriter/staging/*/*")
        assert len(staged) == (3 if target.published == 0 else 6 - target.published), staged


def all_readers():
    """Every way of reading, by reader, way and format; and the readers that are not here."""
    readers, skipped = {}, []
    for file_format in FORMATS:
        for make in (pyarrow_ways, duckdb_ways, polars_ways):
            reader, ways = make(file_format)
            readers |= {(reader, way, file_format): read for way, read in ways.items()}
    try:
        session = spark_session()
    except Exception as error:  # noqa: BLE001 - whatever keeps it from running
        print(f"skipped: Spark cannot run here: {error}")
        skipped.append("Spark")
    else:
        for file_format in FORMATS:
            ways = spark_ways(session, file_format)
            readers |= {("Spark", way, file_format): read for way, read in ways.items()}
    return readers, skipped


def patterns(file_format, read, *more):
    """The ways that are a path: the directory, files by their extension, everything."""
    endings = ["", f"/*.{file_format}", f"/**/*.{file_format}", *more]
    way = lambda ending: f"`DIR{ending}`".replace(f".{file_format}", ".EXT")
    return {way(ending): lambda path, ending=ending: read(path + ending) for ending in endings}


def pyarrow_ways(file_format):
    text = pyarrow.csv.ConvertOptions(
        column_types={column: "string" for column in COLUMNS}, strings_can_be_null=False
    )
    as_format = {
        "parquet": "parquet", "jsonl": "json", "csv": ds.CsvFileFormat(convert_options=text),
    }[file_format]
    rows = lambda place: counted(ds.dataset(place, format=as_format).to_table().to_pylist())

    def listed(path, pattern):
        return [one for one in glob.glob(f"{path}/{pattern}", recursive=True) if os.path.isfile(one)]

    return "pyarrow", {
        "`dataset(DIR)`": rows,
        "`dataset(glob(\"*.EXT\"))`": lambda path: rows(listed(path, f"*.{file_format}")),
        "`dataset(glob(\"**\"))`": lambda path: rows(listed(path, "**")),
    }


def duckdb_ways(file_format):
    call = {
        "parquet": "read_parquet('{}')", "jsonl": "read_json('{}')",
        "csv": "read_csv('{}', all_varchar = true)",
    }[file_format]

    def read(path):
        result = duckdb.execute(f"select * from {call.format(path)}")
        columns = [column[0] for column in result.description]
        return counted(dict(zip(columns, row)) for row in result.fetchall())

    return "DuckDB", patterns(file_format, read, "/**")


def polars_ways(file_format):
    scan = {
        "parquet": pl.scan_parquet, "jsonl": pl.scan_ndjson,
        "csv": lambda path: pl.scan_csv(path, infer_schema=False),
    }[file_format]
    read = lambda path: counted(scan(path).collect().to_dicts())
    return "Polars", patterns(file_format, read, "/**/*")


def spark_session():
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def spark_ways(session, file_format):
    def read(path, **options):
        reader = session.read.options(header=True, **options)
        frame = {"parquet": reader.parquet, "jsonl": reader.json, "csv": reader.csv}[file_format](path)
        return counted(row.asDict() for row in frame.collect())

    return {
        "`DIR`": read,
        "`DIR` with `recursiveFileLookup`": lambda path: read(path, recursiveFileLookup=True),
        "`DIR/*.EXT`": lambda path: read(f"{path}/*.{file_format}"),
        "`DIR/*`": lambda path: read(f"{path}/*"),
        "`DIR/*` with `recursiveFileLookup`": lambda path: read(f"{path}/*", recursiveFileLookup=True),
    }


def outcome(read, target):
    """What a reader shows of a target: rows that are right, others, or an error."""
    try:
        rows = read(target.path)
    except Exception as error:  # noqa: BLE001 - each reader has errors of its own
        return REFUSED, f"{type(error).__name__}: {str(error).splitlines()[0][:90]}"
    if rows == target.rows():
        return RIGHT, f"{rows.total()} rows"
    return WRONG, f"{rows.total()} rows instead of {target.rows().total()}"


def verdict(outcomes):
    """One verdict on a way of reading: while there is no file yet, and afterwards."""
    empty = [kind for target, (kind, _) in outcomes if target.published == 0]
    others = {kind for target, (kind, _) in outcomes if target.published > 0}
    at_first = {RIGHT: NO_ROWS, REFUSED: NO_FILES, WRONG: WRONG}[empty[0]]
    if WRONG in others:
        return WRONG, at_first
    return (RIGHT if others == {RIGHT} else REFUSED if others == {REFUSED} else str(others)), at_first


def print_all(found):
    for (reader, way, file_format), outcomes in found.items():
        for target, (kind, text) in outcomes:
            print(f"{reader} | {way} | {file_format} | {target.instant} | {kind}: {text}")


def table_of(found):
    """One line for a reader and a way, and for the formats that come out alike."""
    lines = {}
    for (reader, way, file_format), outcomes in found.items():
        lines.setdefault((reader, way), {}).setdefault(verdict(outcomes), []).append(FORMATS[file_format])
    order = ["pyarrow", "DuckDB", "Polars", "Spark"]
    return [
        f"| {reader} | {way} | {', '.join(formats)} | {after} | {first} |"
        for (reader, way), verdicts in sorted(lines.items(), key=lambda line: order.index(line[0][0]))
        for (after, first), formats in verdicts.items()
    ]


def written_table():
    text = PAGE.read_text()
    between = text[text.index(BEGIN) + len(BEGIN):text.index(END)]
    return [line for line in between.splitlines() if line.startswith("| ")][1:]


def differences(table, skipped):
    """Lines of the page that are not so, and lines that are not in the page."""
    written = [line for line in written_table() if not any(line.startswith(f"| {one} ") for one in skipped)]
    differ = [f"docs/readers.md says, and it is not so: {line}" for line in written if line not in table]
    return differ + [f"docs/readers.md does not say: {line}" for line in table if line not in written]


def update(table):
    text = PAGE.read_text()
    head = "| reader | way | formats | in the middle of a batch | before the first file |\n|---|---|---|---|---|\n"
    before, after = text[:text.index(BEGIN)], text[text.index(END):]
    PAGE.write_text(f"{before}{BEGIN}\n\n{head}" + "\n".join(table) + f"\n\n{after}")


main()
