"""Records of Spark's checkpoint that are gone, or older than what was done."""

import shutil

import rows
from scenario import scenario


def remove(place, *names):
    """Removes records of Spark's checkpoint, each with its checksum."""
    for name in names:
        path = place.checkpoint / name
        path.unlink()
        (path.parent / f".{path.name}.crc").unlink(missing_ok=True)


@scenario("commit-record-deleted")
def commit_deleted(place, driver):
    return again_without(place, driver, "commits/2", replayed=[2])


@scenario("two-commit-records-deleted")
def two_commits_deleted(place, driver):
    return again_without(place, driver, "commits/1", "commits/2", replayed=[2])


@scenario("all-commit-records-deleted")
def all_commits_deleted(place, driver):
    return again_without(place, driver, "commits/0", "commits/1", "commits/2", replayed=[2])


def again_without(place, driver, *names, replayed):
    place.run_well(driver)
    remove(place, *names)
    place.forget()
    place.run_well(driver)
    again = {int(point.split(".b")[1]) for point in place.passed("commit-after.*")}
    assert again == set(replayed), f"Spark has committed {again} again"
    rows.add_files(place.source, 3)
    place.run_well(driver)
    return place.rows()


@scenario("offsets-and-commit-deleted")
def offsets_deleted(place, driver):
    return planned_again(place, driver, more_files=0)


@scenario("offsets-and-commit-deleted-and-more-files")
def offsets_deleted_more_files(place, driver):
    return planned_again(place, driver, more_files=2)


def planned_again(place, driver, more_files):
    place.run_well(driver)
    before = rows.of_source(place.source)
    remove(place, "offsets/2", "commits/2")
    rows.add_files(place.source, more_files)
    outcome = place.refused(place.run(driver), "the batch was other rows before")
    place.rows(wanted=before, may_stay="nothing was committed since")
    return outcome


@scenario("newest-offsets-deleted")
def newest_offsets_deleted(place, driver):
    place.run_well(driver)
    remove(place, "offsets/2")
    outcome = place.refused(place.run(driver), "by Spark: two streams on one checkpoint")
    place.rows()
    return outcome


@scenario("replay-on-fewer-cores")
def replay_on_fewer_cores(place, driver):
    return in_one_task(place, driver, hidden=False)


@scenario("replay-on-fewer-cores-unread-checkpoint")
def replay_unread(place, driver):
    return in_one_task(place, driver, hidden=True)


def in_one_task(place, driver, hidden):
    """Spark cuts files by the cores that it has at the moment: the same rows, in one task instead of two."""
    place.run_well(driver, hidden=hidden)
    remove(place, "commits/2")
    place.forget()
    driver.call("conf", key="spark.sql.files.minPartitionNum", value="1")
    try:
        place.run_well(driver, hidden=hidden)
    finally:
        driver.call("conf", key="spark.sql.files.minPartitionNum", value="2")
    tasks = place.passed("write-begin.b2.*")
    assert set(tasks) == {"write-begin.b2.p0.a0"}, tasks
    return place.rows()


@scenario("checkpoint-copied-back")
def copied_back(place, driver):
    older = older_checkpoint(place, driver)
    rows.add_files(place.source, 2)
    place.run_well(driver)
    put_back(place, older)
    outcome = place.refused(place.run(driver), "the batch was other rows before")
    place.rows(may_stay="nothing was committed since")
    return outcome


@scenario("checkpoint-copied-back-other-cut")
def copied_back_other_cut(place, driver):
    older = older_checkpoint(place, driver)
    rows.add_files(place.source, 2)
    place.run_well(driver)
    put_back(place, older)
    outcome = place.refused(place.run(driver, max_files=1), "the batch was other rows before")
    place.rows(may_stay="nothing was committed since")
    return outcome


@scenario("checkpoint-copied-back-other-files")
def copied_back_other_files(place, driver):
    """As many rows under the same offset, from other files: the file that was added last is read first now."""
    older = older_checkpoint(place, driver)
    rows.add_files(place.source, 2)
    place.run_well(driver)
    wanted = rows.of_source(place.source)
    put_back(place, older)
    rows.add_files(place.source, 1)
    rows.make_oldest(place.source, 8)
    outcome = place.refused(place.run(driver), "the batch was other rows before")
    place.rows(wanted=wanted, may_stay="nothing was committed since")
    return outcome


def older_checkpoint(place, driver):
    place.run_well(driver)
    older = place.folder / "older"
    shutil.copytree(place.checkpoint, older)
    return older


def put_back(place, older):
    shutil.rmtree(place.checkpoint)
    shutil.copytree(older, place.checkpoint)
