"""What a kill in the middle leaves for whoever reads the directory, and what another run makes of it."""

import statistics

import duckdb
import inputs
from contestants import OURS, SPARK, TOOLS
from measured import kill, measure

# Of the time that the whole process takes. Spark spends the first half of it on starting.
MOMENTS = {OURS: (0.3, 0.5, 0.7, 0.9), "Polars": (0.4, 0.6, 0.8), "DuckDB": (0.4, 0.6, 0.8), "pyarrow": (0.4, 0.6, 0.8), SPARK: (0.7, 0.85)}


def play(bench, work, seen):
    source = inputs.make(bench.folder, work.format, work.rows)
    for tool in TOOLS:
        runs = bench.runs.get((work.name, tool.name), {}).get("whole")
        for moment in MOMENTS.get(tool.name, ()) if runs else ():
            after = moment * statistics.median(run["wall"] for run in runs)
            seen.append({"tool": tool.name, "after": after, **once(bench, tool, work, source, after)})
            print(f"{work.name}: {tool.name}: {seen[-1]}", flush=True)


def once(bench, tool, work, source, after):
    log = bench.fresh()
    command = tool.call(work, source, bench.place, None if tool.streams else 1)
    running = kill(command, log, after)
    killed = look(bench.place / "out", source)
    again = measure(command, log)
    return {"running": running, "killed": killed, "again": look(bench.place / "out", source), "again_wall": again["wall"]}


def look(target, source):
    """As a reader does that knows nothing of the tool: all `*.parquet` that there are."""
    expected = inputs.sums_of(source)
    if not any(target.glob("*.parquet")):
        return "no file"
    try:
        found = inputs.sums(target)
    except duckdb.Error:
        return "a torn file: an error"
    if found == expected:
        return "each row once"
    if found["rows"] < expected["rows"]:
        return f"{found['rows'] / expected['rows']:.0%} of the rows"
    return f"{found['rows'] / expected['rows'] - 1:.0%} of the rows doubled"
