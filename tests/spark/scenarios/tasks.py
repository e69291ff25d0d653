"""Tasks and Python workers that fail, while the driver lives."""

import signal

from processes import send
from scenario import scenario


@scenario("task-retried")
def task_retried(place, driver):
    place.fail("write-rows.b1.p1.a0")
    place.run_well(driver)
    assert place.passed("write-rows.b1.p1.a1"), "there was no second attempt"
    return place.rows()


@scenario("task-fails-for-good")
def task_fails_for_good(place, driver):
    place.fail("write-rows.b1.p1.*")
    place.ends_with(place.run(driver), "a hook fails at write-rows.b1.p1.a3")
    assert place.passed("abort-after.b1"), "there was no abort"
    place.expect_files(2)
    place.release()
    place.run_well(driver)
    return place.rows()


@scenario("sibling-outlives-abort")
def sibling_outlives_abort(place, driver):
    place.hold("write-rows.b1.p0.*")
    place.fail("write-begin.b1.p1.*")
    place.ends_with(place.run(driver), "a hook fails")
    assert place.passed("abort-after.b1"), "there was no abort"
    place.release()
    place.run_well(driver)
    return place.rows()


@scenario("python-worker-killed-in-write")
def python_worker_killed(place, driver):
    place.hold("write-rows.b1.p0.a0")
    stream = place.start(driver)
    worker = place.wait_at("write-rows.b1.p0.a0")
    place.expect_files(2)
    send(worker, signal.SIGKILL)
    if error := place.ended(driver, stream):
        raise AssertionError(error)
    return place.rows()


@scenario("python-worker-killed-in-commit")
def commit_worker_killed(place, driver):
    place.hold("commit-before.b1")
    stream = place.start(driver)
    send(place.wait_at("commit-before.b1"), signal.SIGKILL)
    assert place.ended(driver, stream), "the query should end"
    place.release()
    place.run_well(driver)
    return place.rows()


@scenario("commit-raises-before-its-effect")
def commit_raises_before(place, driver):
    return commit_raises(place, driver, "commit-before.b1", 2)


@scenario("commit-raises-after-its-effect")
def commit_raises_after(place, driver):
    return commit_raises(place, driver, "commit-after.b1", 4)


def commit_raises(place, driver, point, files):
    """Spark answers a commit that raises with an abort that holds every message."""
    place.fail(point)
    assert place.run(driver), "the query should end"
    assert place.passed("abort-after.b1"), "there was no abort"
    place.expect_files(files)
    place.release()
    place.run_well(driver)
    return place.rows()
