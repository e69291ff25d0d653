"""What each reader makes of the files that we wrote."""

import tables
from check import Verdict, check
from expected import Changed, InUtc, Same
from truth import Truth

PARQUET = "Parquet, written by us"
TYPE = "type"


def columns(truth):
    return [(column, kind) for column, kind in truth.kinds.items() if column != "id"]


def of(table, module, kind):
    return table[module.NAME].get(kind, Same())


def parquet(ours, module):
    """Column by column from Arrow batches; then whole tables of derived and of serde rows."""
    truth = Truth.read(ours, "types")
    for column, kind in columns(truth):
        read = lambda told, zone: module.parquet(ours / "parquet/arrow" / column)
        verdict = check(module, column, kind, truth.cells[column], of(tables.PARQUET, module, kind), read)
        yield (PARQUET, TYPE, kind, module.NAME), f"Arrow batches, column {column}", verdict
    for name, truth in (("rows", truth), ("serde", serde(ours))):
        for column, kind, verdict in whole(ours / "parquet" / name, module, truth):
            yield (PARQUET, TYPE, kind, module.NAME), f"{name}, column {column}", verdict


def serde(ours):
    """Rows of serde have types for their dates and times in Parquet."""
    plain = Truth.read(ours, "plain")
    typed = {"date text": "date", "time text": "time(us)", "local text": "local(us)", "utc text": "utc(us)"}
    return Truth({name: typed.get(kind, kind) for name, kind in plain.kinds.items()}, plain.cells)


def whole(directory, module, truth):
    expected = {column: of(tables.PARQUET, module, kind) for column, kind in columns(truth)}
    kept = {column: one for column, one in expected.items() if isinstance(one, (Same, Changed))}
    # A reader that refuses a column refuses the table with it, unless it is told what to read.
    told = {"id": module.TYPES["uint32"]} | {
        column: one.type or module.TYPES[truth.kinds[column]] for column, one in kept.items()}
    made = remembered(lambda: module.parquet(directory, told if len(kept) < len(expected) else None))
    for column, one in kept.items():
        kind, cells = truth.kinds[column], truth.cells[column]
        yield column, kind, check(module, column, kind, cells, one, lambda told, zone: made())


def remembered(read):
    """Calls a function once."""
    made = []

    def call():
        if not made:
            made.append(read())
        return made[0]
    return call


def json_lines(ours, module):
    for kind, column, verdict in text(ours / "jsonl/none", module, Truth.read(ours, "plain"), "jsonl"):
        yield ("JSON lines, written by us", TYPE, kind, module.NAME), column, verdict


def csv(ours, module):
    for kind, column, verdict in text(ours / "csv/none", module, Truth.read(ours, "flat"), "csv"):
        yield ("CSV, written by us", TYPE, kind, module.NAME), column, verdict


def text(directory, module, truth, extension):
    """Reads text files, each column told its type: those that the reader takes at once."""
    file_format = extension.split(".")[0]
    table = {"jsonl": tables.JSON_LINES, "csv": tables.CSV}[file_format]
    expected = {column: of(table, module, kind) for column, kind in columns(truth)}
    takes = {
        column: module.TYPES[truth.kinds[column]] for column, one in expected.items() if isinstance(one, (Same, Changed))}
    more = ["(null)"] if file_format == "csv" else []
    reader = module.csv if file_format == "csv" else module.json_lines
    read_told = lambda told: reader(directory, extension, {"id": module.TYPES["uint32"]} | told, truth.kinds, *more)
    together = remembered(lambda: read_told(takes))
    for column, kind in columns(truth):
        read = lambda told, zone: together() if column in takes else read_told({column: told})
        yield kind, column, check(module, column, kind, truth.cells[column], expected[column], read)


def compressed(ours, module):
    """Every column of compressed files comes out as that of a file that is not compressed."""
    for codec in ("none", "snappy", "gzip", "lz4", "zstd"):
        judged = whole(ours / "parquet" / codec, module, serde(ours))
        yield codec_verdict(module, f"Parquet, {codec}", judged)
    for file_format, name in (("jsonl", "plain"), ("csv", "flat")):
        for codec, ending in (("gzip", "gz"), ("zstd", "zst")):
            extension, truth = f"{file_format}.{ending}", Truth.read(ours, name)
            judged = text(ours / file_format / codec, module, truth, extension)
            refusal = tables.COMPRESSED[module.NAME].get(codec)
            yield codec_verdict(module, f"`*.{extension}`", judged, refusal)


def codec_verdict(module, row, judged, refusal=None):
    key = ("Compressed files, written by us", "file", row, module.NAME)
    failures = [failure for *_, verdict in judged for failure in verdict.failures]
    if not refusal:
        return key, row, Verdict("as above", None, failures)
    fits = failures and all(refusal.fits(failure) for failure in failures)
    return key, row, Verdict("error", refusal.why, [] if fits else [f"expected an error, found {failures}"])


def partitions(ours, module):
    """The columns that the directories say: as the reader guesses them, and told their types."""
    for file_format, name in (("parquet", "parts"), ("jsonl", "plain_parts"), ("csv", "plain_parts")):
        if not hasattr(module, "partitioned") or (module.NAME == "Polars" and file_format != "parquet"):
            continue
        truth = Truth.read(ours, name)
        table = "Partition directories of " + ("derived rows" if file_format == "parquet" else "serde rows")
        for way, expected in (("guessed", tables.GUESSED), ("told", tables.TOLD)):
            read = partitioned(ours / "partitioned" / file_format, file_format, module, truth, way == "told")
            for column, kind in columns(truth):
                expectation = of(expected, module, kind)
                verdict = check(module, column, kind, truth.cells[column], expectation, read(column))
                key = (table, TYPE, kind.removesuffix(" text") + (" (as text)" if kind.endswith(" text") else ""), f"{module.NAME}, {way}")
                yield key, f"{file_format}, column {column}", verdict


def partitioned(directory, file_format, module, truth, is_told):
    """Returns how a column is read: with all others of which the reader takes the type, once."""
    takes = {
        column: module.TYPES[kind] for column, kind in columns(truth)
        if isinstance(of(tables.TOLD, module, kind), (Same, Changed, InUtc))
    }
    made = {}

    def of_column(column):
        def read(told, zone):
            told = takes | {column: told} if is_told else {}
            key = (str(told), zone)
            if key not in made:
                made[key] = remembered(lambda: module.partitioned(directory, file_format, told, truth.kinds, zone))
            return made[key]()
        return read
    return of_column
