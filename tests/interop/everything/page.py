"""The tables of docs/interop.md."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs/interop.md"
BEGIN, END = "<!-- written by tests/interop/everything: {} -->", "<!-- end: {} -->"


class Table:
    """Rows by columns of short texts, with numbered notes below."""

    def __init__(self, name, corner, columns):
        self.name, self.corner, self.columns = name, corner, columns
        self.rows, self.notes = {}, []

    def put(self, row, column, verdict):
        text = verdict.text
        if verdict.note:
            if verdict.note not in self.notes:
                self.notes.append(verdict.note)
            text += f" [{self.notes.index(verdict.note) + 1}]"
        cells = self.rows.setdefault(row, {})
        # Columns of one kind come out alike.
        if cells.setdefault(column, text) != text:
            verdict.failures.append(f"`{text}`, and another column of this kind is `{cells[column]}`")

    def lines(self, columns):
        yield f"| {self.corner} | " + " | ".join(columns) + " |"
        yield "|---" * (len(columns) + 1) + "|"
        for row, cells in self.rows.items():
            yield f"| {row} | " + " | ".join(cells.get(column, "") for column in columns) + " |"
        yield ""
        yield from (f"{number}. {note}" for number, note in enumerate(self.notes, 1))


def written(name):
    text = PAGE.read_text()
    begin, end = BEGIN.format(name), END.format(name)
    return text[text.index(begin) + len(begin):text.index(end)].strip()


def update(name, lines):
    text, old = PAGE.read_text(), written(name)
    begin, end = BEGIN.format(name), END.format(name)
    between = text[text.index(begin):text.index(end)]
    PAGE.write_text(text.replace(between, f"{begin}\n\n" + "\n".join(lines).strip() + "\n\n"))


def differences(table, skipped):
    """Says where the page and a table differ; of readers that are not here the page may say anything."""
    lines = "\n".join(table.lines(table.columns)).strip()
    if not skipped:
        return [] if written(table.name) == lines else [f"docs/interop.md says something else of {table.name}"]
    is_here = lambda place: not any(reader in part for reader in skipped for part in place)
    said, found = cells_in(written(table.name)), cells_in(lines)
    return [
        f"docs/interop.md says {said.get(place)!r} of {table.name}, {place}, and it is {found.get(place)!r}"
        for place in said | found if is_here(place) and said.get(place) != found.get(place)
    ]


def cells_in(lines):
    """Returns the cells of a table by row and column, without the numbers of their notes."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines.splitlines() if line.startswith("| ")]
    head, *rest = rows or [[]]
    return {
        (row[0], column): re.sub(r" \[\d+\]$", "", cell)
        for row in rest for column, cell in zip(head[1:], row[1:])
    }
