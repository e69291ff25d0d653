"""The input: the same rows each time, as Parquet, CSV and JSON lines, in eight files each."""

import json
import os
import shutil
from collections import Counter

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FILES = 8
FORMATS = {
    "csv": "FORMAT csv, HEADER true",
    "jsonl": "FORMAT json",
}
SUMS = """SELECT count(*) AS rows, sum(id)::BIGINT AS ids, sum(quantity)::BIGINT AS quantities,
  sum(round(price * 1000)::BIGINT)::BIGINT AS prices, sum(length(symbol))::BIGINT AS symbols FROM """


def make(folder, format, rows):
    """Returns the directory of the files; they are made once."""
    made = folder / f"{format}-{rows}"
    if made.exists():
        return made
    draft = made.with_suffix(".tmp")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    expected = Counter()
    for number in range(FILES):
        trades = table(number, rows // FILES)
        expected.update(the_row(duckdb.sql(f"{SUMS} trades")))
        if format == "parquet":
            pq.write_table(trades, draft / f"{number}.parquet")
        else:
            duckdb.sql(f"COPY trades TO '{draft}/{number}.{format}' ({FORMATS[format]})")
    made.with_name(f"{made.name}.json").write_text(json.dumps(expected))
    draft.rename(made)
    return made


def table(number, count):
    chance = np.random.default_rng(number)
    symbols = pa.array([f"SYM{symbol}" for symbol in range(10_000)])
    return pa.table({
        "id": pa.array(np.arange(count) + number * count, pa.int64()),
        "price": pa.array(chance.integers(0, 10_000_000, count) / 1000),
        "quantity": pa.array(chance.integers(1, 1_000, count), pa.int32()),
        "symbol": symbols.take(pa.array(chance.integers(0, 10_000, count))),
    })


def repeated(made, times):
    """The same files so many times: a stream of equal batches, for those that go on while they are warm."""
    links = made.with_name(f"{made.name}-x{times}")
    if not links.exists():
        draft = links.with_suffix(".tmp")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        for time in range(times):
            for file in sorted(made.iterdir()):
                os.link(file, draft / f"{time}-{file.name}")
        draft.rename(links)
    return links

def sums(directory):
    """What any reader of the directory finds, in figures that do not depend on the order."""
    return the_row(duckdb.sql(f"{SUMS} read_parquet('{directory}/*.parquet')"))


def the_row(found):
    [values] = found.fetchall()
    return dict(zip(found.columns, values))


def sums_of(made):
    """What has to be found."""
    return json.loads(made.with_name(f"{made.name}.json").read_text())
