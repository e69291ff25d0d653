"""Queries that nothing happens to."""

import rows
from processes import wait_until
from scenario import scenario


@scenario("available-now")
def available_now(place, driver):
    place.run_well(driver, format="streamwriter")
    rows.add_files(place.source, 3)
    place.run_well(driver, format="streamwriter")
    place.run_well(driver, format="streamwriter")
    return place.rows()


@scenario("processing-time")
def processing_time(place, driver):
    stream = place.start(driver, format="streamwriter", trigger={"processingTime": "300 milliseconds"})
    for _ in range(2):
        rows.add_files(place.source, 2)
        due = rows.of_source(place.source).num_rows
        wait_until("the new files to be published", 60, lambda: place.published().num_rows == due)
    driver.call("stop", stream=stream)
    return place.rows()


@scenario("json-lines")
def json_lines(place, driver):
    return in_format(place, driver, "jsonl")


@scenario("csv")
def csv(place, driver):
    return in_format(place, driver, "csv", nullValue="\\N")


def in_format(place, driver, format, **options):
    place.format = format
    options = {key: value for key, value in place.options(**options).items() if key != "sink"}
    place.run_well(driver, format=f"streamwriter_{format}", options=options)
    return place.rows()


@scenario("no-rows")
def no_rows(place, driver):
    place.run_well(driver, transform="no rows")
    return place.rows(wanted=rows.SCHEMA.empty_table())


@scenario("partition-columns")
def partition_columns(place, driver):
    place.run_well(driver, options=place.options(partitionBy="file"))
    folders = {path.parent.name for path in rows.data_files(place.target)}
    wanted = {f"file={name}" for name in rows.of_source(place.source)["file"].to_pylist()}
    assert folders == wanted, folders
    return place.rows()
