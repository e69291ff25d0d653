"""`stop()` in each phase of a batch, and what the next start makes of it."""

import time

from scenario import scenario


@scenario("stop-in-planning")
def stop_in_planning(place, driver):
    return stopped_at(place, driver, "plan", files=None)


@scenario("stop-in-write")
def stop_in_write(place, driver):
    return stopped_at(place, driver, "write-rows.b1.*", files=2)


@scenario("stop-before-commit")
def stop_before_commit(place, driver):
    return stopped_at(place, driver, "commit-before.b1", files=4)


@scenario("stop-after-commit")
def stop_after_commit(place, driver):
    return stopped_at(place, driver, "commit-after.b1", files=4)


@scenario("stop-between-batches")
def stop_between_batches(place, driver):
    stream = place.start(driver, trigger={"processingTime": "1 hour"})
    place.wait_at("commit-after.b0")
    deadline = time.monotonic() + 30
    while driver.call("progress", stream=stream)["message"] != "Waiting for next trigger":
        assert time.monotonic() < deadline, "the query does not wait"
    driver.call("stop", stream=stream)
    place.expect_files(2)
    place.run_well(driver)
    return place.rows()


def stopped_at(place, driver, point, files):
    """Stops the query while it is at a point, then lets it go on, then starts it again."""
    place.hold(point)
    stream = place.start(driver)
    place.wait_at(point)
    driver.ask("stop", stream=stream)
    time.sleep(0.7)
    place.release()
    driver.answer()
    end = place.ended(driver, stream)
    if end:
        place.notes.append(f"the stopped query ends with {end.splitlines()[0][:80]}")
    if files is not None:
        place.expect_files(files)
    place.forget()
    place.run_well(driver)
    if point.startswith("commit"):
        assert place.passed("write-begin.b1.*"), "Spark has kept the record of the batch"
    return place.rows()
