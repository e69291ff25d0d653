"""Compares the quickstart's output with its input, value by value, as other programs read it."""

import csv
import json
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

NUMBERS = {
    "year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time",
    "sched_arr_time", "arr_delay", "flight", "air_time", "distance", "hour", "minute",
}


def typed(row):
    """What a row of the CSV means: NA is null, number columns hold integers."""
    value = lambda key, text: None if text == "NA" else int(text) if key in NUMBERS else text
    return {key: value(key, text) for key, text in row.items()}


def csv_rows(directory):
    rows = []
    for path in sorted(Path(directory).glob("*.csv")):
        with open(path, newline="") as file:
            rows += [typed(row) for row in csv.DictReader(file)]
    return rows


def jsonl_rows(directory):
    return [
        json.loads(line)
        for path in sorted(Path(directory).glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def same(name, found, expected):
    key = lambda row: json.dumps(row, sort_keys=True)
    assert len(found) == len(expected), f"{name}: {len(found)} rows instead of {len(expected)}"
    assert sorted(found, key=key) == sorted(expected, key=key), f"{name}: other values"
    print(f"{name}: {len(found)} rows, all values equal")


def partitioned(output, names, expected):
    """The columns of the directories, origin and carrier, come back from their names."""
    for name, extension, format in ("parquet", "parquet", "parquet"), ("json lines", "jsonl", "json"):
        if format == "json":
            # Readers take its text for a timestamp.
            names = [column for column in names if column != "time_hour"]
            expected = [{column: row[column] for column in names} for row in expected]
        directory = output / f"{extension}-partitioned"
        table = ds.dataset(directory, format=format, partitioning="hive").to_table().select(names)
        same(f"{name}, partitioned, pyarrow", table.to_pylist(), expected)
        read = f"read_{format}('{directory}/**/*.{extension}', hive_partitioning=true)"
        relation = duckdb.sql(f"select {', '.join(names)} from {read}")
        found = [dict(zip(names, row)) for row in relation.fetchall()]
        same(f"{name}, partitioned, DuckDB", found, expected)


def main(source, output):
    expected = csv_rows(source)
    assert len(expected) > 2000
    output = Path(output)
    table = pq.read_table(output / "parquet")
    assert table.column_names == list(expected[0]), table.column_names
    for field in table.schema:
        wanted = pa.int32() if field.name in NUMBERS else pa.string()
        assert field.type == wanted, f"{field.name} is {field.type}"
    same("parquet, directory, pyarrow", table.to_pylist(), expected)
    relation = duckdb.sql(f"select * from read_parquet('{output}/parquet/*.parquet')")
    names = relation.columns
    same("parquet, glob, DuckDB", [dict(zip(names, row)) for row in relation.fetchall()], expected)
    partitioned(output, names, expected)
    same("csv", csv_rows(output / "csv"), expected)
    same("json lines", jsonl_rows(output / "jsonl"), expected)
    same("csv from json lines", csv_rows(output / "again"), expected)


main(*sys.argv[1:])
