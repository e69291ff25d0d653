"""Whose target it is, and what a query may not ask for."""

import json
import re
import shutil

import rows
from place import Wrong
from refusals import REFUSALS
from processes import wait_until
from scenario import scenario


@scenario("new-checkpoint-on-an-old-target")
def new_checkpoint(place, driver):
    place.run_well(driver)
    shutil.rmtree(place.checkpoint)
    outcome = place.refused(place.run(driver), "another query owns the target")
    place.rows(may_stay="they are the refused query's")
    return outcome


@scenario("target-taken-over")
def taken_over(place, driver):
    place.run_well(driver)
    former = json.loads((place.checkpoint / "metadata").read_text())["id"]
    shutil.rmtree(place.checkpoint)
    place.run_well(driver, options=place.options(takeOverTargetFrom=former))
    return place.rows(times=2)


@scenario("journal-elsewhere")
def journal_elsewhere(place, driver):
    told = {"options": place.options(journalLocation=str(place.folder / "journals"))}
    place.run_well(driver, **told)
    newest = max(int(path.name) for path in (place.checkpoint / "commits").iterdir() if path.name.isdigit())
    for name in (f"{newest}", f".{newest}.crc"):
        (place.checkpoint / "commits" / name).unlink(missing_ok=True)
    rows.add_files(place.source, 2)
    place.run_well(driver, **told)
    if (place.target / "_streamwriter/journals").exists():
        raise Wrong("there is a journal in the target")
    return place.rows()


@scenario("second-query-on-a-target")
def second_query(place, driver):
    first = place.start(driver, trigger={"processingTime": "300 milliseconds"})
    place.wait_at("commit-after.b0")
    second = place.run(driver, checkpoint=str(place.folder / "checkpoint-2"))
    outcome = place.refused(second, "another query owns the target")
    rows.add_files(place.source, 2)
    due = rows.of_source(place.source).num_rows
    wait_until("the first query to go on", 60, lambda: place.published().num_rows == due)
    driver.call("stop", stream=first)
    place.rows(may_stay="they are the refused query's")
    return outcome


@scenario("emptied-target")
def emptied(place, driver):
    place.run_well(driver)
    shutil.rmtree(place.target)
    rows.add_files(place.source, 2)
    outcome = place.refused(place.run(driver), "the target was emptied")
    place.rows(wanted=rows.SCHEMA.empty_table(), may_stay="nothing was committed since")
    return outcome


@scenario("complete-mode")
def complete_mode(place, driver):
    outcome = place.refused(place.run(driver, transform="totals", mode="complete"), "complete mode")
    place.rows(wanted=rows.SCHEMA.empty_table())
    return outcome


@scenario("update-mode")
def update_mode(place, driver):
    outcome = place.refused(place.run(driver, mode="update"), "by Spark: update mode")
    place.rows(wanted=rows.SCHEMA.empty_table())
    return outcome


@scenario("continuous-trigger")
def continuous(place, driver):
    stream = place.start(driver, source="rate", trigger={"continuous": "300 milliseconds"})
    said = lambda: re.search(REFUSALS["the continuous trigger loses all rows"] + ".*\n", driver.log.read_text())
    wait_until("the refusal in the log", 60, said)
    driver.call("stop", stream=stream)
    assert not list(place.checkpoint.glob("commits/*")), "Spark has recorded an epoch"
    place.rows(wanted=rows.SCHEMA.empty_table())
    return "refused: the continuous trigger loses all rows (in the log only)"


@scenario("unknown-option")
def unknown_option(place, driver):
    outcome = place.refused(place.run(driver, options=place.options(pth="x")), "an option is unknown")
    place.rows(wanted=rows.SCHEMA.empty_table())
    return outcome


@scenario("missing-option")
def missing_option(place, driver):
    options = {key: value for key, value in place.options().items() if key != "path"}
    return place.refused(place.run(driver, options=options), "an option is missing")
