"""Compares every type, value by value, between our files and those of other programs.

    python tests/interop/everything OURS THEIRS READ [--update]

OURS holds what our writer wrote, THEIRS is made here, and READ is a command that has our sources read it.
What comes out must be what `tables.py` expects and what docs/interop.md says; `--update` writes it there.
"""

import shlex
import subprocess
import sys
import time
from pathlib import Path

import by_duckdb
import by_polars
import by_pyarrow
import by_spark
import names
import ours
import page
import theirs
import theirs_read
from truth import Truth

READERS = [by_pyarrow, by_duckdb, by_polars, by_spark]


def main():
    began = time.monotonic()
    our_files, their_files, command = Path(sys.argv[1]), Path(sys.argv[2]), shlex.split(sys.argv[3])
    readers, skipped = list(READERS), []
    try:
        by_spark.start()
    except Exception as error:  # noqa: BLE001 - whatever keeps it from running
        print(f"skipped: Spark cannot run here: {error}")
        readers.remove(by_spark)
        skipped.append("Spark")
    results = Results()
    for judge in (ours.parquet, ours.json_lines, ours.csv, ours.compressed, ours.partitions):
        for module in readers:
            start = time.monotonic()
            results.add(judge(our_files, module))
            print(f"{judge.__name__} by {module.NAME}: {time.monotonic() - start:.1f} s")
    start = time.monotonic()
    if "Spark" not in skipped:
        results.add(names.compare(our_files, their_files / "names"))
    results.add(read_back(our_files, their_files, command, "Spark" not in skipped))
    print(f"names, and their files: {time.monotonic() - start:.1f} s")
    results.hold_against_page(skipped, "--update" in sys.argv)
    print(*results.failures, sep="\n")
    seconds = time.monotonic() - began
    print(f"{results.count} columns and files compared value by value, in {seconds:.0f} s")
    print(f"types: {results.count - results.failed} as expected, {len(results.failures)} failures, {len(skipped)} skipped")
    sys.exit(1 if results.failures else 0)


class Results:
    """All verdicts, as tables."""

    def __init__(self):
        self.tables, self.failures, self.count, self.failed = {}, [], 0, 0

    def add(self, judged):
        """Takes verdicts, each with its table, row and column, and what was judged."""
        for (name, corner, row, column), what, verdict in judged:
            table = self.tables.setdefault(name, page.Table(name, corner, []))
            if column not in table.columns:
                table.columns.append(column)
            table.put(row, column, verdict)
            self.count += 1
            self.failed += bool(verdict.failures)
            self.failures += [f"{name}, {what}, {column}: {failure}" for failure in verdict.failures]

    def hold_against_page(self, skipped, update):
        for table in self.tables.values():
            lines = list(table.lines(table.columns))
            print(f"\n{table.name}", *lines, sep="\n")
            if update and not skipped:
                page.update(table.name, lines)
            self.failures += page.differences(table, skipped)


def read_back(our_files, their_files, command, with_spark):
    truths = [Truth.read(our_files, name) for name in ("types", "plain", "flat")]
    written = theirs.write_all(their_files, *truths, with_spark)
    subprocess.run([*command, str(their_files)], check=True, stdout=subprocess.DEVNULL)
    return theirs_read.judge(their_files, written, *truths)


main()
