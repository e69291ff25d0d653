"""How fast our Parquet sink is on Spark, beside what else there is: one session, interleaved, medians.

Each run is one AvailableNow batch of all rows, `local[2]`; its time is Spark's `addBatch`: read, write,
commit. Prints a table and the ratios of issue 5, and writes all to `target/spark/bench.json`.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/spark"))
os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), os.environ["STREAMWRITER_SITE"]])
os.environ.update(PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
sys.path[:0] = os.environ["PYTHONPATH"].split(os.pathsep)

import baselines  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
import pyspark_streamwriter  # noqa: E402
from processes import command_of, members  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

SCHEMA = "id bigint, ts timestamp, name string, value double"
TICKS = os.sysconf("SC_CLK_TCK")
# Name, format, options. The first two write nothing: the source alone, and what Arrow to Python costs.
SINKS = [
    ("the source alone (Spark's noop)", "noop", {}),
    ("draining the pipe (our noop)", "streamwriter_noop", {}),
    ("our Parquet sink", "streamwriter_parquet", {"compression": "snappy"}),
    ("our Parquet sink, as it comes (zstd)", "streamwriter_parquet", {}),
    ("Spark's Parquet sink", "parquet", {"compression": "snappy"}),
    ("pyarrow in an Arrow writer", "python_arrow", {}),
    ("a Python row writer to Parquet", "python_rows", {}),
    ("a Python row writer to JSON lines", "python_lines", {}),
]
DRAIN, OURS, SPARK, PYARROW, ROWS, LINES = (SINKS[place][0] for place in (1, 2, 4, 5, 6, 7))
# Nothing is learned from waiting for them more often.
SLOW = {ROWS: 3, LINES: 2}


def main():
    told = arguments()
    source = make_source(Path(told.folder) / f"in-{told.rows}", told.rows)
    spark = session()
    bench = Bench(spark, source, Path(told.folder), told.rows)
    try:
        for number in range(told.warm_up):
            bench.round(f"warm-up {number + 1}", [sink for sink in SINKS if sink[0] not in SLOW], keep=False)
        for number in range(told.rounds):
            bench.round(f"round {number + 1}", [sink for sink in SINKS if number < SLOW.get(sink[0], told.rounds)])
    finally:
        spark.stop()
    report(bench, told)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--folder", default=str(ROOT / "target/spark/bench"))
    return parser.parse_args()


def make_source(folder, rows, files=8):
    """The same rows each time, in files that Spark reads as two tasks."""
    if folder.exists():
        return folder
    draft = folder.with_suffix(".tmp")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    chance = random.Random(1)
    for number in range(files):
        count = rows // files
        first = number * count
        table = pa.table({
            "id": pa.array(range(first, first + count), pa.int64()),
            "ts": pa.array([1_700_000_000_000_000 + 1_000 * i for i in range(first, first + count)], pa.timestamp("us", "UTC")),
            "name": pa.array([f"name-{chance.randrange(10_000)}" for _ in range(count)]),
            "value": pa.array([chance.random() for _ in range(count)]),
        })
        pq.write_table(table, draft / f"{number}.parquet", row_group_size=count)
    draft.rename(folder)
    return folder


def session():
    conf = {
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.driver.memory": "3g", "spark.driver.host": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
    }
    builder = SparkSession.builder.master("local[2]").appName("streamwriter-bench")
    for key, value in conf.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    pyspark_streamwriter.register(spark)
    spark.dataSource.register(baselines.PyArrow)
    spark.dataSource.register(baselines.PythonRows)
    spark.dataSource.register(baselines.PythonLines)
    return spark


class Cpu:
    """Seconds of processor time: of the virtual machine, of its Python workers, and of everybody else."""

    def __init__(self):
        ours = {pid: seconds_of(pid) for pid in members(os.getsid(0))}
        workers = [pid for pid in ours if "pyspark" in command_of(pid) and "daemon" in command_of(pid)]
        self.workers = sum(ours[pid] for pid in workers)
        self.machine = sum(ours[pid] for pid in ours if "SparkSubmit" in command_of(pid))
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        user, nice, system, _idle, _wait, irq, softirq, steal = fields
        self.others = (user + nice + system + irq + softirq + steal) / TICKS - sum(ours.values())

    def since(self, before):
        return {name: getattr(self, name) - getattr(before, name) for name in ("machine", "workers", "others")}


def seconds_of(pid):
    """Own time and that of children which have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return sum(int(field) for field in fields[11:13]) / TICKS


class Bench:
    def __init__(self, spark, source, folder, rows):
        self.spark, self.source, self.folder, self.rows = spark, source, folder, rows
        self.runs = {name: [] for name, _, _ in SINKS}

    def round(self, label, sinks, keep=True):
        sinks = random.Random(label).sample(sinks, len(sinks))
        for name, format, options in sinks:
            run = self.run(format, options)
            if keep:
                self.runs[name].append(run)
            print(f"{label}: {name}: {run['seconds']:.2f} s, others {run['others'] / run['wall']:.2f} cores", flush=True)

    def run(self, format, options):
        work = self.folder / "run"
        shutil.rmtree(work, ignore_errors=True)
        target = {} if format in ("noop", "streamwriter_noop") else {"path": str(work / "out")}
        before, began = Cpu(), time.monotonic()
        query = (
            self.spark.readStream.schema(SCHEMA).parquet(str(self.source))
            .writeStream.format(format).options(**options, **target)
            .option("checkpointLocation", str(work / "checkpoint")).trigger(availableNow=True).start()
        )
        query.awaitTermination()
        wall = time.monotonic() - began
        cpu = Cpu().since(before)
        [batch] = [one for one in query.recentProgress if one["numInputRows"]]
        assert batch["numInputRows"] == self.rows, batch["numInputRows"]
        if target and format != "python_lines":
            self.expect_rows(work / "out")
        return {"seconds": batch["durationMs"]["addBatch"] / 1000, "wall": wall, **cpu}

    def expect_rows(self, target):
        written = sum(pq.read_metadata(path).num_rows for path in target.rglob("*.parquet"))
        assert written == self.rows, f"{written} rows in {target}"


def quiet(runs):
    """Runs in which others took no more than a quarter of a core; all, if those are too few."""
    calm = [run for run in runs if run["others"] / run["wall"] <= 0.25]
    return calm if len(calm) >= min(5, len(runs)) else runs


def report(bench, told):
    kept = {name: quiet(runs) for name, runs in bench.runs.items() if runs}
    median = lambda name, what: statistics.median(run[what] for run in kept[name])
    print(f"\n{told.rows:,} rows, local[2], one batch; medians of what others left quiet\n")
    print("| sink | s (least) | rows/s | JVM CPU-s | Python CPU-s | runs |\n|---|---|---|---|---|---|")
    for name, runs in kept.items():
        seconds, least = median(name, "seconds"), min(run["seconds"] for run in runs)
        print(
            f"| {name} | {seconds:.2f} ({least:.2f}) | {told.rows / seconds:,.0f} | {median(name, 'machine'):.2f} "
            f"| {median(name, 'workers'):.2f} | {len(runs)} of {len(bench.runs[name])} |"
        )
    speed = lambda name: 1 / median(name, "seconds")
    ratios = {
        "of draining the pipe (at least 0.85)": speed(OURS) / speed(DRAIN),
        "of Spark's Parquet sink": speed(OURS) / speed(SPARK),
        "of pyarrow in an Arrow writer (at least 1, less noise)": speed(OURS) / speed(PYARROW),
        "of a Python row writer to JSON lines (at least 10)": speed(OURS) / speed(LINES),
        "of a Python row writer to Parquet, in batches of 10,000": speed(OURS) / speed(ROWS),
    }
    print()
    for what, ratio in ratios.items():
        print(f"our Parquet sink: {ratio:.2f} {what}")
    own = 1e9 * (median(OURS, "workers") - median(DRAIN, "workers")) / told.rows
    print(f"own CPU: {own:.0f} ns a row beyond draining; beside a bare ArrowWriter: `cargo bench --bench cluster_task`")
    if any(len(quiet(runs)) == len(runs) and any(run["others"] / run["wall"] > 0.25 for run in runs) for runs in bench.runs.values()):
        print("the machine was busy: take nothing of this for more than an order of size")
    told = {"rows": told.rows, "ratios": ratios, "own_ns_per_row": own, "runs": bench.runs}
    (ROOT / "target/spark/bench.json").write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
