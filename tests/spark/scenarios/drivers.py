"""Drivers that are killed or stopped, and the next one on their checkpoint."""

import signal

from processes import is_stopped, send, wait_until
from scenario import scenario

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
        return place.rows()
    return play


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
