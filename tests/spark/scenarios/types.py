"""Every type that a column of Spark can have: the same again, or refused before a row is written."""

import subprocess
from pathlib import Path

import pyarrow as pa
import rows
from place import Wrong
from scenario import scenario

ROOT = Path(__file__).resolve().parents[3]
# Each third or so is null; every value of a column differs.
COLUMNS = [
    "if(id % 3 = 0, null, id % 2 = 0) as boolean",
    "cast(if(id % 5 = 0, null, id) as tinyint) as byte",
    "cast(if(id % 5 = 1, null, id * 500) as smallint) as short",
    "cast(if(id % 5 = 2, null, id * 35000000) as int) as int",
    "if(id % 5 = 3, null, id * 150000000000000000) as long",
    "cast(case id when 1 then 'NaN' when 2 then '-Infinity' when 3 then '-0.0' else id / 3 end as float) as float",
    "cast(case id when 1 then 'NaN' when 2 then 'Infinity' when 3 then '-0.0' else id / 7 end as double) as double",
    "cast(if(id % 4 = 0, null, id / 8) as decimal(5,2)) as decimal5",
    "cast(if(id % 4 = 1, null, id * 15000000) as decimal(9,0)) as decimal9",
    "cast(if(id % 4 = 2, null, id * 1234567 / 64) as decimal(18,6)) as decimal18",
    "cast(if(id % 4 = 3, null, cast(id as decimal(38,10)) * 12345678901234567890) as decimal(38,10)) as decimal38",
    "case id when 1 then '' when 2 then null when 3 then 'a\\u0000b' else concat('tekst \\u00e6\\ud83d\\ude00 ', id) end as string",
    "if(id = 0, null, if(id = 1, X'', unhex(hex(id * id)))) as binary",
    "if(id = 0, null, date_add(date'1582-10-15', cast(id * 4000 as int))) as date",
    "if(id = 0, null, timestamp_micros(id * 9876543210987)) as instant",
    "if(id = 0, null, cast(timestamp_micros(id * 9876543210987) as timestamp_ntz)) as local",
    "if(id = 0, null, time'12:00:00.000001' + make_dt_interval(0, 0, cast(id as int), id / 1000000)) as clock",
    "if(id % 3 = 0, null, if(id % 3 = 1, array(), array(id, null, id + 1))) as list",
    "if(id % 3 = 0, null, map(concat('k', id), if(id % 3 = 1, null, id), 'other', 2L)) as map",
    "if(id % 4 = 0, null, named_struct('a', if(id % 4 = 1, null, id), 'b', concat('b', id))) as struct",
    "array(named_struct('m', map(id, array(cast(id as decimal(20,3)))), 'n', if(id % 2 = 0, null, array(date'2026-02-28')))) as nested",
    "cast('of three' as varchar(20)) as varchar",
]


@scenario("types")
def types(place, driver):
    return there_and_back(place, driver, COLUMNS)


def there_and_back(place, driver, columns, **options):
    source = place.folder / "types"
    driver.call("make_types", into=str(source), columns=columns)
    place.run_well(driver, source=str(source), any_schema=True, options=place.options(**options))
    wanted = read(place, driver, source)
    for name, found in [("Spark", read(place, driver, place.target))]:
        if found != wanted:
            raise Wrong(f"{name}: {first_difference(found, wanted)}")
    return "each row once"


def read(place, driver, path):
    """What Spark reads: its schema, and the rows as texts, in which NaN is NaN and -0.0 is not 0.0."""
    into = place.folder / "types.arrow"
    schema = driver.call("read", path=str(path), into=str(into))["schema"]
    with pa.memory_map(str(into)) as file:
        table = pa.ipc.open_file(file).read_all().sort_by("id")
    return schema, [repr(row) for row in table.to_pylist()]


def first_difference(found, wanted):
    if found[0] != wanted[0]:
        return f"the schema is {found[0]} instead of {wanted[0]}"
    if len(found[1]) != len(wanted[1]):
        return f"{len(found[1])} rows instead of {len(wanted[1])}"
    return next(f"{one} instead of {other}" for one, other in zip(found[1], wanted[1]) if one != other)


@scenario("type-day-time-interval")
def day_time(place, driver):
    return refused_type(place, driver, "make_dt_interval(0, cast(id as int)) as pause")


@scenario("type-year-month-interval")
def year_month(place, driver):
    return refused_type(place, driver, "make_ym_interval(1, cast(id as int)) as term")


@scenario("type-variant")
def variant(place, driver):
    return refused_type(place, driver, "parse_json(concat('{\"a\": ', id, '}')) as anything")


def refused_type(place, driver, column):
    """Refused, or the same again; nothing in between."""
    source = place.folder / "types"
    driver.call("make_types", into=str(source), columns=[column])
    error = place.run(driver, source=str(source), any_schema=True)
    outcome = place.refused(error, "a column has a type that the sink cannot keep")
    place.rows(wanted=rows.SCHEMA.empty_table())
    return outcome


@scenario("embedded-and-spark")
def embedded(place, driver):
    """The same input through the engine in a process and through Spark: the same schema, the same rows."""
    program = ROOT / "target/release/examples/copy_parquet"
    if not program.exists():
        return "skipped: the example copy_parquet is not built (cargo build --release --example copy_parquet)"
    source, embedded = place.folder / "types", place.folder / "embedded"
    driver.call("make_types", into=str(source), columns=COLUMNS)
    place.run_well(driver, source=str(source), any_schema=True)
    command = [program, source, embedded, place.folder / "embedded-checkpoint"]
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    by_spark, by_embedded = read(place, driver, place.target), read(place, driver, embedded)
    if by_spark != by_embedded:
        raise Wrong(f"Spark's {first_difference(by_spark, by_embedded)}")
    schemas = [schema_of(folder) for folder in (place.target, embedded)]
    if schemas[0] != schemas[1]:
        raise Wrong(f"pyarrow sees other schemas: {schemas[0]} and {schemas[1]}")
    return "each row once"


def schema_of(folder):
    import pyarrow.parquet as pq
    schema = pq.read_schema(rows.data_files(folder)[0])
    # Spark's file source takes every column for one that may be null.
    return [(field.name, str(field.type).replace(" not null", "")) for field in schema]
