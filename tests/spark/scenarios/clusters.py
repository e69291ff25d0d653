"""Clusters with executors in processes of their own."""

import signal

import rows
from handles import ARCHIVE, python_path
from place import machine_of
from processes import send, wait_until
from scenario import scenario

# As docs/spark.md says it; only the hooks' folder is added.
SHIPPED = {
    "conf": {
        "spark.archives": f"{ARCHIVE}#pydeps",
        "spark.executorEnv.PYTHONPATH": python_path("pydeps"),
    },
}


@scenario("local-cluster-available-now", cluster="local-cluster")
def local_cluster(place, driver):
    place.run_well(driver, format="streamwriter")
    return place.rows()


@scenario("executor-killed-in-write", cluster="local-cluster")
def executor_killed(place, driver):
    place.hold("write-rows.b1.p0.a0")
    stream = place.start(driver)
    machine = machine_of(place.wait_at("write-rows.b1.p0.a0"))
    place.expect_files(2)
    send(machine, signal.SIGKILL)
    wait_until("another attempt", 90, lambda: place.passed("write-begin.b1.p0.a1"))
    if error := place.ended(driver, stream):
        raise AssertionError(error)
    return place.rows()


@scenario("standalone-shipped-in-an-archive", cluster="standalone", victims=[SHIPPED])
def shipped(place, cluster, driver):
    """The nodes' Python is without the module."""
    place.run_well(driver.ready())
    place.wait_at("write-end.b0.*")
    driver.end()
    return place.rows()


@scenario("standalone-driver-killed-before-commit", cluster="standalone", victims=[{}])
def standalone_driver_killed(place, cluster, victim):
    place.hold("commit-before.b1")
    place.start(victim.ready())
    place.wait_at("commit-before.b1")
    victim.kill_jvm()
    victim.end()
    place.release()
    place.run_well(cluster.driver())
    return place.rows()


@scenario("standalone-available-now", cluster="standalone")
def standalone(place, cluster):
    place.run_well(cluster.driver(), format="streamwriter")
    # Speculation is on, and nothing commits any more.
    return place.rows(may_stay="a losing twin's, until the next commit")


@scenario("speculative-twin", cluster="standalone")
def speculation(place, cluster):
    """One task of a batch hangs, so Spark starts a twin on the other host; both write the same partition."""
    driver = cluster.driver()
    place.hold("write-rows.b1.p0.a0")
    stream = place.start(driver, max_files=4)
    place.wait_at("write-rows.b1.p0.a0")
    try:
        place.wait_at("write-end.b1.p0.a1", 60)
    except TimeoutError:
        place.release()
        place.ended(driver, stream)
        place.rows()
        return "skipped: Spark has started no twin"
    wait_until("the batch to be committed", 60, lambda: place.passed("commit-after.b1"))
    place.release()
    if error := place.ended(driver, stream):
        raise AssertionError(error)
    place.rows(may_stay="the losing twin's, until the next commit")
    rows.add_files(place.source, 2)
    place.run_well(driver)
    return place.rows()


@scenario("worker-killed-in-write", cluster="standalone")
def worker_killed(place, cluster):
    driver = cluster.driver()
    place.hold("write-rows.b1.p0.a0")
    # Of one task there is no twin.
    stream = place.start(driver, transform="one partition")
    machine = machine_of(place.wait_at("write-rows.b1.p0.a0"))
    host = cluster.host_of(machine)
    worker = cluster.kill_worker(host)
    wait_until("another attempt", 120, lambda: place.passed("write-begin.b1.p0.a1"))
    place.release()
    if error := place.ended(driver, stream):
        raise AssertionError(error)
    worker.end()
    cluster.start_worker(host)
    return place.rows()
