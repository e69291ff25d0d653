"""Drivers that are killed or stopped, and the next one on their checkpoint."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import rows
from handles import SITE
from place import Wrong
from processes import is_stopped, send, wait_until
from scenario import scenario

ROOT = Path(__file__).resolve().parents[3]

# Points of the engine inside of a commit; the second passage is batch 1's.
POINTS = ["offsets", "prepared", "file-published", "published", "recorded", "committed"]
PASSAGE = {"file-published": 3}


@scenario("driver-killed-in-write", victims=[{}])
def in_write(place, driver, victim):
    return killed_at(place, driver, victim, "write-rows.b1.*", files=2)


@scenario("driver-killed-before-commit", victims=[{}])
def before_commit(place, driver, victim):
    return killed_at(place, driver, victim, "commit-before.b1", files=2)


@scenario("driver-killed-after-commit", victims=[{}])
def after_commit(place, driver, victim):
    return killed_at(place, driver, victim, "commit-after.b1", files=4)


def killed_at(place, driver, victim, point, files):
    place.hold(point)
    place.start(victim.ready())
    place.wait_at(point)
    victim.kill_jvm()
    victim.end()
    place.expect_files(files)
    place.release()
    place.run_well(driver)
    return place.rows()


def failpoint(point):
    return {"env": {"STREAMWRITER_FAILPOINT": f"{point}=stop@{PASSAGE.get(point, 2)}"}}


def stopped_worker(victim, seconds=90):
    """Waits until a Python worker of the driver has stopped itself at its point."""
    found = lambda: [pid for pid in victim.python_workers() if is_stopped(pid)]
    return wait_until("a worker that stops at its point", seconds, found)[0]


def at_point(point):
    def play(place, driver, victim):
        place.start(victim.ready())
        stopped_worker(victim)
        victim.kill_jvm()
        victim.end()
        place.run_well(driver)
        outcome = place.rows()
        embedded_at_point(place, point)
        return outcome
    return play


def embedded_at_point(place, point):
    """The same scenario in the embedded engine: a reader must see the same rows of both."""
    program = ROOT / "target/release/examples/copy_parquet"
    target = place.folder / "embedded"
    command = [program, place.source, target, place.folder / "embedded-checkpoint"]
    dies = {**os.environ, "STREAMWRITER_FAILPOINT": f"{point}=kill"}
    for env, ends in [(dies, -signal.SIGKILL), (os.environ, 0)]:
        ended = subprocess.run(command, env=env, timeout=60, capture_output=True)
        if ended.returncode != ends:
            raise Wrong(f"the embedded engine at {point}: {ended.returncode}: {ended.stderr.decode()[-500:]}")
    if differs := rows.difference(rows.by_pyarrow(target), place.published()):
        raise Wrong(f"the embedded engine's rows after {point}: {differs}")


for each in POINTS:
    scenario(f"driver-killed-in-commit-at-{each}", victims=[failpoint(each)], needs="failpoints")(at_point(each))


@scenario("stopped-driver-wakes-up", victims=[{}])
def stopped_driver(place, driver, victim):
    """Another driver goes on meanwhile; the one that wakes up before its commit must not publish."""
    place.hold("commit-before.b1")
    late = place.start(victim.ready())
    place.wait_at("commit-before.b1")
    victim.stop_all()
    place.release()
    place.run_well(driver)
    place.rows(may_stay="the stopped driver's")
    victim.continue_all()
    outcome = place.refused(place.ended(victim, late), "a newer run has taken over")
    victim.end()
    place.run_well(driver)
    place.rows(may_stay="the late driver's, until the next commit")
    return outcome


@scenario("second-driver-meets-one-in-commit", victims=[failpoint("prepared")], needs="failpoints")
def driver_in_commit(place, driver, victim):
    """The first is stopped inside of its commit and holds the lock; then it wakes up, and ends what it began."""
    first = place.start(victim.ready())
    worker = stopped_worker(victim)
    outcome = place.refused(place.run(driver), "another driver holds the lock")
    send(worker, signal.SIGCONT)
    place.ended(victim, first)
    victim.end()
    place.run_well(driver)
    place.rows()
    return outcome


@scenario("stopped-driver-loses-its-lock", victims=[failpoint("prepared")], needs="failpoints")
def lock_taken(place, driver, victim):
    """The first is stopped inside of its commit; the other one takes the lock and ends what it began."""
    first = place.start(victim.ready())
    worker = stopped_worker(victim)
    place.run_well(driver, options=place.options(takeOver="true"))
    place.rows(may_stay="the stopped driver's")
    send(worker, signal.SIGCONT)
    outcome = place.refused(place.ended(victim, first), "a newer run has taken over")
    victim.end()
    place.rows(may_stay="the late driver's, until the next commit")
    return outcome


def with_a_lost_file(place, driver, victim):
    """A driver dies when a batch is published, and somebody takes one of its files away before the next one."""
    place.start(victim.ready())
    stopped_worker(victim)
    victim.kill_jvm()
    victim.end()
    lost = sorted(place.target.glob("part-b0000000001-*"))[0]
    lost.rename(place.folder / "lost.parquet")
    place.refused(place.run(driver), "a person has to decide about a file")


def decide(place, decision):
    """Calls the module as a person would, without Spark running; returns what it says."""
    program = (
        "import json, sys, pyarrow.parquet as pq, pyspark_streamwriter as sw\n"
        "sink, like, options, decision = json.loads(sys.argv[1])\n"
        "schema = pq.read_schema(like)\n"
        "print(sw.survey(sink, schema, options))\n"
        "print(sw.repair(sink, schema, options, batch=1, decision=decision))\n"
    )
    like = str(next(place.source.glob("*.parquet")))
    options = {"path": str(place.target), "checkpointLocation": str(place.checkpoint)}
    told = json.dumps(["streamwriter_parquet", like, options, decision])
    env = {**os.environ, "PYTHONPATH": SITE}
    return subprocess.run([sys.executable, "-c", program, told], env=env, text=True, check=True, capture_output=True).stdout


@scenario("lost-file-written-again", victims=[failpoint("published")], needs="failpoints")
def written_again(place, driver, victim):
    with_a_lost_file(place, driver, victim)
    place.ends_with(decide(place, "write_again"), "1 of its 2 files are not as they should be")
    place.run_well(driver)
    return place.rows()


@scenario("lost-file-accepted", victims=[failpoint("published")], needs="failpoints")
def accepted(place, driver, victim):
    with_a_lost_file(place, driver, victim)
    place.ends_with(decide(place, "accept_as_published"), "1 of its 2 files are not as they should be")
    place.run_well(driver)
    (place.folder / "lost.parquet").rename(place.target / "part-b0000000001-p00000-f0000-moved.parquet")
    return place.rows()
