"""The rows of the scenarios: known files in a known order, and what a target must hold of them."""

import datetime
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset as ds
import pyarrow.parquet as pq

SCHEMA = pa.schema([
    ("id", pa.int64()), ("file", pa.string()), ("text", pa.string()), ("amount", pa.float64()),
    ("day", pa.date32()), ("at", pa.timestamp("us", tz="UTC")),
])
TEXTS = ["plain", None, "", "Ærø, 'quoted' \"twice\"", "line\nbreak", "\\N is not null", "日本", "tab\tand,comma"]
NOON = datetime.datetime(2026, 3, 29, 0, 30, tzinfo=datetime.timezone.utc)


def table(first, count, name):
    """Rows `first..first+count`; each column has nulls, and no two rows are equal."""
    ids = range(first, first + count)
    return pa.table({
        "id": list(ids),
        "file": [name] * count,
        "text": [text if (text := TEXTS[i % 8]) in (None, "") else f"{text} {i}" for i in ids],
        "amount": [None if i % 7 == 3 else i / 8 - 100 for i in ids],
        "day": [None if i % 11 == 5 else datetime.date(1969, 12, 30) + datetime.timedelta(i % 400) for i in ids],
        "at": [None if i % 13 == 6 else NOON + datetime.timedelta(seconds=i, microseconds=i % 1000) for i in ids],
    }, schema=SCHEMA)


def add_files(folder, files, rows=500):
    """Adds files to a source; their times put them into the order of their numbers."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    begun = len(list(folder.glob("*.parquet")))
    for number in range(begun, begun + files):
        name = f"in-{number:04}"
        hidden = folder / f".{name}.tmp"
        pq.write_table(table(number * rows, rows, name), hidden)
        os.utime(hidden, (1_700_000_000 + number, 1_700_000_000 + number))
        hidden.rename(folder / f"{name}.parquet")


def of_source(folder):
    return pa.concat_tables(pq.read_table(path) for path in sorted(Path(folder).glob("*.parquet")))


def by_pyarrow(target, format="parquet"):
    """Reads the files of a target as pyarrow does, which skips names that begin with `_` or `.`."""
    if format == "jsonl":
        return pa.concat_tables([SCHEMA.empty_table(), *map(json_rows, data_files(target))])
    if format == "csv":
        convert = pa.csv.ConvertOptions(
            column_types=SCHEMA, null_values=["\\N"], strings_can_be_null=True, quoted_strings_can_be_null=False,
        )
        parse = pa.csv.ParseOptions(newlines_in_values=True)
        parts = [pa.csv.read_csv(path, parse_options=parse, convert_options=convert) for path in data_files(target)]
        return pa.concat_tables(parts) if parts else SCHEMA.empty_table()
    if not data_files(target):
        return SCHEMA.empty_table()
    hive = ds.partitioning(pa.schema([("file", pa.string())]), flavor="hive")
    return ds.dataset(str(target), format="parquet", partitioning=hive).to_table()


def json_rows(path):
    parsed = [json.loads(line) for line in path.read_text().split("\n") if line]
    columns = {name: pa.array([row[name] for row in parsed]) for name in SCHEMA.names}
    return pa.table({name: column.cast(SCHEMA.field(name).type) for name, column in columns.items()}, schema=SCHEMA)


def data_files(target):
    """Published files: those that a reader of the directory meets."""
    found = []
    for folder, folders, names in os.walk(target):
        folders[:] = [name for name in folders if not name.startswith(("_", "."))]
        found += [Path(folder, name) for name in names if not name.startswith(("_", "."))]
    return sorted(found)


def difference(found, wanted, times=1):
    """Says in what rows differ, one by one; nothing if each is there as often as it should."""
    missing = set(wanted.schema.names) ^ set(found.schema.names)
    if missing:
        return f"columns {sorted(missing)} are only on one side"
    found = found.select(wanted.schema.names).cast(wanted.schema).sort_by("id").to_pylist()
    wanted = [row for row in wanted.sort_by("id").to_pylist() for _ in range(times)]
    if found == wanted:
        return None
    counts = lambda rows: {row["id"]: 0 for row in rows}
    seen, due = counts(found), counts(wanted)
    for row in found:
        seen[row["id"]] += 1
    lost = sorted(set(due) - set(seen))
    extra = sorted(id for id, count in seen.items() if count > (times if id in due else 0))
    if lost or extra:
        return f"{len(lost)} rows lost (first {lost[:1]}), {len(extra)} too often (first {extra[:1]})"
    first = next((pair for pair in zip(found, wanted) if pair[0] != pair[1]), None)
    return f"a row is {first[0]} instead of {first[1]}" if first else f"{len(found)} rows instead of {len(wanted)}"


def make_oldest(folder, number):
    """Gives a file a time before all others but those of the first batches, so that a listing finds it earlier."""
    path = Path(folder, f"in-{number:04}.parquet")
    os.utime(path, (1_700_000_005.5, 1_700_000_005.5))
