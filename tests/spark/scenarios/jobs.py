"""Batch jobs, `df.write`, alone and in `foreachBatch`."""

from scenario import scenario
from .records import remove


def write(place, driver, format="hooked", mode="append", **options):
    options = place.options(**options)
    if format != "hooked":
        options.pop("hooks")
    return driver.call("write", source=str(place.source), format=format, options=options, mode=mode)["error"]


def write_well(place, driver, **told):
    if error := write(place, driver, **told):
        raise AssertionError(error)


@scenario("batch-write")
def batch_write(place, driver):
    write_well(place, driver, format="streamwriter")
    return place.rows()


@scenario("batch-write-twice")
def batch_write_twice(place, driver):
    write_well(place, driver)
    write_well(place, driver)
    return place.rows(times=2)


@scenario("batch-write-twice-with-one-job-id")
def same_job_twice(place, driver):
    write_well(place, driver, jobId="orders of 27 November")
    write_well(place, driver, jobId="orders of 27 November")
    return place.rows()


@scenario("batch-write-fails-then-again")
def job_fails(place, driver):
    place.fail("job-write.p1.*")
    place.ends_with(write(place, driver, jobId="one"), "a hook fails at job-write.p1.a3")
    place.release()
    write_well(place, driver, jobId="one")
    return place.rows()


@scenario("batch-commit-raises-then-again")
def job_commit_raises(place, driver):
    place.fail("job-commit-after")
    place.ends_with(write(place, driver, jobId="one"), "a hook fails at job-commit-after")
    place.release()
    write_well(place, driver, jobId="one")
    return place.rows()


@scenario("batch-mode-overwrite")
def batch_overwrite(place, driver):
    return place.refused(write(place, driver, mode="overwrite"), "batch mode `overwrite`")


@scenario("batch-mode-not-given")
def batch_default_mode(place, driver):
    return place.refused(write(place, driver, mode=None), "by Spark: batch mode")


@scenario("for-each-batch")
def for_each_batch(place, driver):
    place.run_well(driver, for_each_batch={"job": "lines-{batch}"})
    return place.rows()


@scenario("for-each-batch-replayed")
def for_each_batch_replayed(place, driver):
    place.run_well(driver, for_each_batch={"job": "lines-{batch}"})
    remove(place, "commits/2")
    place.forget()
    place.run_well(driver, for_each_batch={"job": "lines-{batch}"})
    assert place.passed("job-write.*"), "Spark did not write the batch again"
    return place.rows()


@scenario("for-each-batch-without-a-job-id")
def for_each_batch_without(place, driver):
    place.run_well(driver, for_each_batch={})
    return place.rows()
