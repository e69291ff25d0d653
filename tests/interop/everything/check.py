"""Reads one column as a reader does, and holds what comes out against what is expected."""

from dataclasses import dataclass, field

from expected import Changed, InUtc, Refused, Same
from truth import cells_of

ZONE = "Asia/Tokyo"


@dataclass
class Read:
    """What a reader made of a column: its type and cells, or an error."""

    type: str | None = None
    cells: list | None = None
    error: str | None = None

    @staticmethod
    def of(read, column):
        """Calls `read`, which returns types and an Arrow table with `id` and the column."""
        try:
            types, table = read()
            order = [int(cell) for cell in cells_of(table.column("id"))]
            cells = cells_of(table.column(column))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a panic of Polars is no Exception
            return Read(error=f"{type(error).__name__}: {error}")
        cells = [cell for _, cell in sorted(zip(order, cells), key=lambda pair: pair[0])]
        return Read(types[column], cells)

    def difference(self, wanted_type, wanted):
        """Says in what this is something else; nothing if it is the same."""
        if self.error is not None:
            return f"error: {self.error[:300]}"
        if self.type != wanted_type:
            return f"its type is {self.type} instead of {wanted_type}"
        if len(self.cells) != len(wanted):
            return f"{len(self.cells)} rows instead of {len(wanted)}"
        pairs = enumerate(zip(self.cells, wanted))
        differ = [(row, found, cell) for row, (found, cell) in pairs if found != cell]
        if not differ:
            return None
        row, found, cell = differ[0]
        return f"{len(differ)} values differ, the first in row {row}: {str(found)[:120]!r} instead of {str(cell)[:120]!r}"


@dataclass
class Verdict:
    """What the page says of a column, and what is otherwise than expected."""

    text: str
    note: str | None = None
    failures: list = field(default_factory=list)


def check(module, column, kind, wanted, expectation, read):
    """Judges one column. `read(told, zone)` reads it; told nothing, as the reader likes."""
    own = module.TYPES[kind]
    own_name = module.name_of(own)
    found = lambda told, zone=ZONE: Read.of(lambda: read(told, zone), column)
    is_own = expectation.type is None
    of_type = expectation.type or own_name
    if isinstance(expectation, Same):
        differs = found(own).difference(of_type, wanted)
        text = f"as `{of_type}`" if expectation.why else "equal" if is_own else f"equal, `{of_type}`"
        return Verdict(text, expectation.why, listed(differs))
    if isinstance(expectation, Changed):
        cells = [expectation.change(cell) for cell in wanted]
        differs = found(own).difference(of_type, cells)
        if cells == wanted:
            differs = "expected to be changed, and no value would be"
        text = "equal but for" if is_own else f"as `{of_type}`"
        return Verdict(text, expectation.why, listed(differs))
    if isinstance(expectation, InUtc):
        differs = found(own, "UTC").difference(of_type, wanted)
        elsewhere = found(own).difference(of_type, wanted)
        if elsewhere is None:
            differs = "expected to depend on the zone of the session, and does not"
        return Verdict("equal in UTC", expectation.why, listed(differs))
    first = found(own)
    if expectation.setting and expectation.fits(first.error or ""):
        with module.setting(*expectation.setting):
            differs = found(own).difference(of_type, wanted)
        return Verdict("equal with a setting", expectation.why, listed(differs))
    return refused(module, wanted, expectation, first, found)


def refused(module, wanted, expectation, first, found):
    if first.error is None:
        return Verdict("error", expectation.why, ["expected to be refused, and is read"])
    if not expectation.fits(first.error):
        return Verdict("error", expectation.why, [f"refused with another error: {first.error[:300]}"])
    if expectation.told is None:
        return Verdict("error", expectation.why)
    name = expectation.type or module.name_of(expectation.told)
    cells = [expectation.change(cell) for cell in wanted]
    differs = found(expectation.told).difference(name, cells)
    return Verdict(f"as `{name}`", expectation.why, listed(differs))


def listed(difference):
    return [] if difference is None else [difference]
