"""Medians, ratios to ours, and the tables of them."""

import json
import statistics

from contestants import OURS, TOOLS

# A run in which others took more of the machine than this, in cores, counts only if there are too few without.
BUSY, FEWEST = 0.25, 3


def write(bench, works, killed, path):
    results = {"workloads": {}, "kills": killed}
    noisy = False
    for work in works:
        runs = {tool.name: bench.runs.get((work.name, tool.name), {}) for tool in TOOLS}
        rows = {name: medians(runs) for name, runs in runs.items() if "whole" in runs}
        noisy |= any(row["others"] > BUSY for row in rows.values())
        results["workloads"][work.name] = {"rows": work.rows, "tools": rows}
        table(work, rows)
    table_of_kills(killed)
    if noisy:
        print("\nThe machine was busy: take wall times for an order of size, and the ratios of CPU time for the rest.")
    results["runs"] = {f"{work} / {tool}": runs for (work, tool), runs in bench.runs.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1))
    print(f"\nall of it: {path}")


def medians(runs):
    whole, steady = quiet(runs["whole"]), quiet(runs.get("steady", []))
    median = lambda what, runs: statistics.median(run[what] for run in runs) if runs else None
    return {
        "wall": median("wall", whole), "cpu": median("cpu", whole), "steady": median("seconds", steady),
        "steady_cpu": median("cpu_of_a_pass", [with_cpu_of_a_pass(run, whole) for run in steady if run["more_passes"]]),
        "peak": max(run["peak"] for run in whole), "output": median("output", whole), "others": median("others", whole + steady),
        "runs": len(whole),
    }


def with_cpu_of_a_pass(run, whole):
    """What each pass after the first has cost: start and end of the process are those of a whole one."""
    once = statistics.median(run["cpu"] for run in whole)
    return {"cpu_of_a_pass": (run["cpu"] - once) / run["more_passes"]}


def quiet(runs):
    calm = [run for run in runs if run["others"] <= BUSY]
    return calm if len(calm) >= min(FEWEST, len(runs)) else runs


def table(work, rows):
    ours = rows.get(OURS)
    print(f"\n{work.name}: {work.rows:,} rows\n")
    print("| tool | process, s | CPU, s | steady, s | its CPU, s | peak, MiB | output, MB | survives a kill |\n|---|---|---|---|---|---|---|---|")
    survives = {tool.name: tool.survives for tool in TOOLS}
    for name, row in rows.items():
        print(
            f"| {name} | {beside(row, ours, 'wall')} | {beside(row, ours, 'cpu')} | {beside(row, ours, 'steady')} "
            f"| {beside(row, ours, 'steady_cpu')} "
            f"| {row['peak'] / 2**20:,.0f} | {row['output'] / 1e6:,.0f} | {survives[name]} |"
        )


def beside(row, ours, what):
    """A median, and how many times ours it is."""
    if row[what] is None:
        return "–"
    ratio = f" ({row[what] / ours[what]:.2f}×)" if ours and ours is not row and ours[what] else ""
    return f"{row[what]:.2f}{ratio}"


def table_of_kills(killed):
    if not killed:
        return
    print("\nKilled (`kill -9`) in the middle, then run again: what a reader of the directory finds\n")
    print("| tool | killed after, s | then | after another run |\n|---|---|---|---|")
    for one in killed:
        then = one["killed"] if one["running"] else f"{one['killed']} (it had ended)"
        print(f"| {one['tool']} | {one['after']:.2f} | {then} | {one['again']} |")
