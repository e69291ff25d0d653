"""Runs of the tools, each looked at before it counts."""

import json
import shutil
import statistics

import inputs
from measured import measure

# Two passes to become warm, three to be measured.
PASSES, COLD = 5, 2


class Bench:
    def __init__(self, folder):
        self.folder, self.place = folder, folder / "run"
        self.runs = {}

    def fresh(self):
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()
        return self.place / "log"

    def whole(self, tool, work, source):
        """A process from its start to its end, over the input once."""
        log = self.fresh()
        run = measure(tool.call(work, source, self.place, None if tool.streams else 1), log)
        self.expect_rows(self.place / "out", source, 1)
        run["output"] = sum(file.stat().st_size for file in (self.place / "out").glob("*.parquet"))
        self.keep("whole", tool, work, run)

    def steady(self, tool, work, source):
        """Several passes in one process; for a stream they are batches of the same files again."""
        log = self.fresh()
        times = 1 if tool.slow else PASSES
        files = inputs.FILES // 4 if tool.slow else inputs.FILES
        read = inputs.repeated(source, times) if tool.streams else source
        run = measure(tool.call(work, read, self.place, files if tool.streams else PASSES), log)
        if tool.streams:
            self.expect_rows(self.place / "out", source, times)
        else:
            self.expect_rows(self.place / f"out-{PASSES - 1}", source, 1)
        run["passes"] = passes = [self.seconds(line, work) for line in log.read_text().splitlines()]
        run["more_passes"] = 0 if tool.slow else PASSES - 1
        run["seconds"] = statistics.median(passes[COLD:])
        self.keep("steady", tool, work, run)

    def seconds(self, line, work):
        """Of a pass over all rows."""
        told = json.loads(line)
        if "seconds" in told:
            return told["seconds"]
        return told["durationMs"]["triggerExecution"] / 1000 * work.rows / told["numInputRows"]

    def expect_rows(self, target, source, times):
        expected = {name: value * times for name, value in inputs.sums_of(source).items()}
        found = inputs.sums(target)
        assert found == expected, f"{target}: {found} instead of {expected}"

    def keep(self, kind, tool, work, run):
        self.runs.setdefault((work.name, tool.name), {}).setdefault(kind, []).append(run)
        seconds = run.get("seconds", run["wall"])
        print(f"{work.name}: {tool.name}: {kind} {seconds:.2f} s, others {run['others']:.2f} cores", flush=True)
