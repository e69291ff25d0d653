"""The place of one scenario: its input, target, checkpoint and hooks, and what must be true of them in the end."""

import fnmatch
import os
import re
import shutil
from pathlib import Path

import pyarrow as pa

import rows
from handles import executors_in
from processes import command_of, stat_of, wait_until
from refusals import REFUSALS

ONCE, TWICE = "each row once", "each row twice"


class Wrong(Exception):
    """What was seen is not what has to be."""


class Place:
    def __init__(self, folder, reader):
        shutil.rmtree(folder, ignore_errors=True)
        self.folder, self.reader = Path(folder), reader
        self.source, self.target = self.folder / "in", self.folder / "out"
        self.checkpoint, self.hooks = self.folder / "checkpoint", self.folder / "hooks"
        self.format, self.notes = "parquet", []
        self.hooks.mkdir(parents=True)
        rows.add_files(self.source, 6)

    # What a query is told.

    def options(self, **more):
        return {"path": str(self.target), "sink": self.format, "hooks": str(self.hooks), **more}

    def start(self, driver, seconds=120, **told):
        """Starts the query of this place; `told` is for `Driver.start` of driver.py."""
        told = {
            "source": str(self.source), "format": "hooked", "options": self.options(),
            "checkpoint": str(self.checkpoint), "trigger": {"availableNow": True}, **told,
        }
        if told["format"] != "hooked":
            told["options"] = {key: value for key, value in told["options"].items() if key != "hooks"}
        return driver.call("start", seconds, **told)["stream"]

    def run(self, driver, within=90, **told):
        """Runs the query until it has drained its source; returns its error."""
        return self.ended(driver, self.start(driver, **told), within)

    def ended(self, driver, stream, within=90):
        end = driver.call("wait", within + 60, stream=stream, within=within)
        if not end["ended"]:
            raise Wrong(f"the query has not ended in {within} s: {end}")
        return end["error"]

    def run_well(self, driver, **told):
        if error := self.run(driver, **told):
            raise Wrong(f"the query fails: {error}")

    # Hooks.

    def hold(self, pattern):
        (self.hooks / f"hold-{pattern}").touch()

    def fail(self, pattern):
        (self.hooks / f"fail-{pattern}").touch()

    def release(self):
        for path in [*self.hooks.glob("hold-*"), *self.hooks.glob("fail-*")]:
            path.unlink()

    def forget(self):
        for path in self.hooks.glob("at-*"):
            path.unlink()

    def passed(self, pattern):
        """The processes that came to a point, by point."""
        names = [name[3:].rsplit("~", 1) for name in os.listdir(self.hooks) if name.startswith("at-")]
        return {point: int(pid) for point, pid in names if fnmatch.fnmatchcase(point, pattern)}

    def wait_at(self, pattern, seconds=90, count=1):
        """Waits until processes have come to a point; returns one of them."""
        found = lambda: len(self.passed(pattern)) >= count and self.passed(pattern)
        return next(iter(wait_until(f"{pattern} to be reached", seconds, found).values()))

    # What is seen.

    def staged(self):
        return [path for path in (self.target / "_streamwriter/staging").rglob("*") if path.is_file()]

    def published(self):
        return rows.by_pyarrow(self.target, self.format)

    def expect_files(self, files):
        """Expects the rows of exactly the first files of the source, while a query is somewhere in the middle."""
        wanted = rows.of_source(self.source)
        wanted = wanted.slice(0, files * 500)
        for name, found in [("pyarrow", self.published()), ("Spark", self.by_spark())]:
            if differs := rows.difference(found, wanted):
                raise Wrong(f"{name} in the middle: {differs}")

    def by_spark(self):
        if not rows.data_files(self.target):
            return rows.SCHEMA.empty_table()
        into = self.folder / "read.arrow"
        self.reader.call("read", path=str(self.target), into=str(into), format={"jsonl": "json"}.get(self.format, self.format))
        with pa.memory_map(str(into)) as file:
            return pa.ipc.open_file(file).read_all()

    def rows(self, times=1, wanted=None, may_stay=None):
        """Holds the rows of the target against the source, one by one; returns the outcome."""
        wanted = rows.of_source(self.source) if wanted is None else wanted
        for name, found in [("pyarrow", self.published()), ("Spark", self.by_spark())]:
            if differs := rows.difference(found, wanted, times):
                raise Wrong(f"{name}: {differs}")
        foreign = [path.name for path in rows.data_files(self.target) if not re.match(r"part-b\d{10}", path.name)]
        if foreign:
            raise Wrong(f"names that are not ours: {foreign[:3]}")
        if (staged := self.staged()) and not may_stay:
            raise Wrong(f"{len(staged)} staged files stay, the first is {staged[0].relative_to(self.target)}")
        if staged:
            self.notes.append(f"{len(staged)} staged files stay: {may_stay}")
        return "no rows" if wanted.num_rows == 0 else {1: ONCE, 2: TWICE}[times]

    def refused(self, error, reason):
        """Holds an error against a reason for refusal."""
        if error is None:
            raise Wrong(f"not refused, though: {reason}")
        if not re.search(REFUSALS[reason], error):
            raise Wrong(f"not refused for the reason ({reason}), but: {error[-1500:]}")
        return f"refused: {reason}"

    def ends_with(self, error, text):
        if error is None or text not in error:
            raise Wrong(f"the error should say {text!r}, but is: {error}")


def machine_of(pid):
    """The executor's virtual machine above a Python worker."""
    while pid > 1:
        if "CoarseGrainedExecutorBackend" in command_of(pid):
            return pid
        stat = stat_of(pid)
        pid = stat[1] if stat else 0
    raise Wrong("the worker has no executor above it")


__all__ = ["ONCE", "TWICE", "Place", "Wrong", "executors_in", "machine_of"]
