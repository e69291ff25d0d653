"""Our partition directories beside those that Spark makes for the same values."""

import shutil
from pathlib import Path

import by_spark
from arrays import table_of
from check import ZONE, Verdict
from theirs import spark_frame
from truth import Truth

TABLE = "Names of partition directories"


def compare(ours, to):
    """Spark writes the same rows; the names of each column must be the same."""
    shutil.rmtree(to, ignore_errors=True)
    truth = Truth.read(ours, "parts")
    our_names = names_in(ours / "partitioned/parquet")
    in_utc = names_in(written(truth, to / "utc", "UTC"))
    elsewhere = names_in(written(truth, to / "elsewhere", ZONE))
    for column, kind in truth.kinds.items():
        if column == "id":
            continue
        failures = []
        if in_utc[column] != our_names[column]:
            failures.append(f"only ours {our_names[column] - in_utc[column]}, only Spark's {in_utc[column] - our_names[column]}")
        verdict = Verdict("the same", None, failures)
        if kind == "utc(us)":
            verdict = Verdict("the same in UTC", "Spark prints an instant in the zone of its session", failures)
            if elsewhere[column] == our_names[column]:
                failures.append("expected to depend on the zone of the session, and does not")
        elif elsewhere[column] != in_utc[column]:
            failures.append(f"depends on the zone of the session: {elsewhere[column] - in_utc[column]}")
        yield (TABLE, "type", kind, "Spark"), column, verdict


def written(truth, to, zone):
    """Spark has no integers without a sign and writes the largest ones as decimals."""
    columns = [column for column in truth.kinds if column != "id"]
    with by_spark.setting("spark.sql.session.timeZone", zone):
        spark_frame(table_of(truth)).write.partitionBy(*columns).parquet(str(to))
    return to


def names_in(directory):
    """Returns the names of the directories of each column."""
    names = {}
    for path in Path(directory).rglob("*.parquet"):
        for part in path.relative_to(directory).parts[:-1]:
            names.setdefault(part.split("=", 1)[0], set()).add(part)
    return names
