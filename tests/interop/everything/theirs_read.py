"""What our sources made of the files of other programs."""

import json

import tables
from check import Read, Verdict
from expected import Changed, Refused, Same


def judge(their_files, written, types, plain, flat):
    found = json.loads((their_files / "found.json").read_text())
    truths = {"parquet": types, "jsonl": plain, "csv": flat}
    labels = {"parquet": "Parquet", "jsonl": "JSON lines", "csv": "CSV"}
    for name, columns in written.items():
        file_format, writer = name.split("/")
        truth, failures, refused = truths[file_format], [], {}
        for column in columns:
            kind = truth.kinds[column]
            expectation = tables.THEIRS.get(name, {}).get(kind, Same())
            read = Read("ours", **found[f"{name}/{column}"])
            failure = difference(read, truth.cells[column], expectation)
            failures += [f"column {column} ({kind}): {failure}"] if failure else []
            if not isinstance(expectation, Same):
                refused.setdefault(expectation.why, []).append(kind)
        yield from verdict(labels[file_format], writer, len(columns), refused, failures)


def difference(read, wanted, expectation):
    if isinstance(expectation, Refused):
        if read.error is None:
            return "expected to be refused, and is read"
        return None if expectation.fits(read.error) else f"refused with another error: {read.error[:300]}"
    if isinstance(expectation, Changed):
        changed = [expectation.change(cell) for cell in wanted]
        if changed == wanted:
            return "expected to be changed, and no value would be"
        wanted = changed
    return read.difference("ours", wanted)


def verdict(label, writer, count, exceptions, failures):
    equal = count - sum(len(set_of) for set_of in exceptions.values())
    but = "; ".join(f"{', '.join(f'`{kind}`' for kind in dict.fromkeys(kinds))}: {why}" for why, kinds in exceptions.items())
    table = "Files of other programs, read by us"
    rows = {"columns with all values equal": f"{equal} of {count}", "the others": but}
    what = f"{label} of {writer}"
    return [((table, "file", what, column), what, Verdict(text, None, failures if text is not but else []))
            for column, text in rows.items()]
