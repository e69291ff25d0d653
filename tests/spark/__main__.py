"""Plays the scenarios of docs/spark.md on real Spark, and compares each outcome with the page.

Arguments: words that a scenario's name or cluster must contain (any of them), or nothing for all; `--keep`
keeps the folders; `--list` only names the scenarios.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import page  # noqa: E402
import scenarios  # noqa: E402, F401
from fixtures import GROUPS, Local, Victims  # noqa: E402
from handles import end_everything, make_archive  # noqa: E402
from place import Place  # noqa: E402
from scenario import SCENARIOS  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = int(os.environ.get("STREAMWRITER_SPARK_LIMIT", "2400"))


def main():
    told = arguments()
    expected = page.expected()
    chosen = [one for one in SCENARIOS if not told.words or any(word in f"{one.cluster}: {one.name}" for word in told.words)]
    if unknown := [one.name for one in chosen if one.name not in expected]:
        raise SystemExit(f"docs/spark.md says nothing of {unknown}")
    if not told.words and (absent := set(expected) - {one.name for one in SCENARIOS}):
        raise SystemExit(f"docs/spark.md expects what nobody plays: {sorted(absent)}")
    if told.list:
        print("\n".join(f"{one.cluster}: {one.name}: {expected[one.name]}" for one in chosen))
        return 0
    make_archive()
    runner = Runner(expected)
    try:
        for cluster in GROUPS:
            runner.play_group(cluster, [one for one in chosen if one.cluster == cluster])
    finally:
        runner.reader.end()
        if left := end_everything():
            print(f"ended at the end: {', '.join(left)}")
        if not told.keep and not runner.failed:
            shutil.rmtree(runner.folder, ignore_errors=True)
    return runner.summary()


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("words", nargs="*")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


class Runner:
    def __init__(self, expected):
        self.expected, self.began = expected, time.monotonic()
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = Path(tempfile.mkdtemp(prefix="streamwriter-spark-", dir=memory))
        self.logs = ROOT / "target/spark/logs"
        shutil.rmtree(self.logs, ignore_errors=True)
        self.reader, self.victims = Local(self.logs), Victims(self.logs)
        self.passed, self.failed, self.skipped = [], [], []
        print(f"folders: {self.folder}; logs: {self.logs.relative_to(ROOT)}", flush=True)

    def play_group(self, cluster, chosen):
        chosen = [one for one in chosen if not self.skips(one)]
        if not chosen:
            return
        group = self.reader if cluster == "local" else GROUPS[cluster](self.logs)
        try:
            for one, following in zip(chosen, [*chosen[1:], None]):
                self.play(group, one, following)
        finally:
            if group is not self.reader:
                group.end()

    def skips(self, one):
        if one.needs and one.needs not in os.environ.get("STREAMWRITER_SPARK_HAS", "").split(","):
            self.skip(one, f"the wheel is built without {one.needs}")
            return True
        return False

    def skip(self, one, reason):
        self.skipped.append(one.name)
        self.say(one, "skipped", reason, 0)
        if path := os.environ.get("STREAMWRITER_SKIPPED"):
            with open(path, "a") as file:
                file.write(f"spark: {one.name}: {reason}\n")

    def play(self, group, one, following):
        began, place, victims = time.monotonic(), None, []
        try:
            if began - self.began > LIMIT_SECONDS:
                raise TimeoutError(f"all scenarios together have taken more than {LIMIT_SECONDS} s")
            place = Place(self.folder / one.name, self.reader.driver())
            victims = self.victims.take(one, group.victims_master)
            if following and following.cluster == "local":
                self.victims.prepare(following, group.victims_master)
            outcome = one.run(place, group.handle(), *victims)
        except Exception:  # noqa: BLE001 - any error is a failure of the scenario
            self.fail(one, traceback.format_exc(), time.monotonic() - began)
            self.let_go(place, group)
        else:
            self.judge(one, place, outcome, time.monotonic() - began)
        finally:
            self.victims.end(victims)

    def judge(self, one, place, outcome, seconds):
        notes = "".join(f" ({note})" for note in place.notes)
        if outcome.startswith("skipped: "):
            self.skip(one, outcome.removeprefix("skipped: "))
        elif outcome == self.expected[one.name]:
            self.passed.append(one.name)
            self.say(one, "ok", outcome + notes, seconds)
        else:
            self.failed.append(one.name)
            self.say(one, "FAILED", f"expected: {self.expected[one.name]}; seen: {outcome}{notes}", seconds)

    def fail(self, one, error, seconds):
        self.failed.append(one.name)
        self.say(one, "FAILED", f"expected: {self.expected[one.name]}; seen:\n{error}", seconds)

    def let_go(self, place, group):
        if place:
            place.release()
        for one in {group, self.reader}:
            one.clean_up()

    def say(self, one, how, what, seconds):
        print(f"{how:7} {one.cluster}: {one.name} [{seconds:.1f} s]: {what}", flush=True)

    def summary(self):
        print(f"{time.monotonic() - self.began:.0f} s in all")
        for name in self.failed:
            print(f"failed: {name}")
        print(f"{len(self.passed)} passed, {len(self.failed)} failed, {len(self.skipped)} skipped")
        return 1 if self.failed else 0


if __name__ == "__main__":
    sys.exit(main())
