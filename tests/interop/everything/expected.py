"""What a reader is expected to make of a column that does not come back as it was, and why.

Whatever is not listed in `tables.py` must come back with the reader's own type for it, every value
equal. What is listed must be exactly so: another difference fails, and so does none.
"""

import re
import struct
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, getcontext
from typing import Any, Callable

from truth import NANOS


# All digits of the widest decimals.
getcontext().prec = 60


def same(cell):
    return cell


@dataclass
class Same:
    """All values are equal; the type is the reader's own for it, or this one."""

    type: str | None = None
    why: str | None = None


@dataclass
class Changed:
    """Each value becomes another one, for a reason."""

    change: Callable
    why: str
    type: str | None = None


@dataclass
class Refused:
    """The reader refuses the type, with an error; told another one, or with a setting, it gives these values."""

    error: str
    why: str
    told: Any = None
    type: str | None = None
    change: Callable = field(default=same)
    setting: tuple | None = None

    def fits(self, error):
        return re.search(self.error, error)


@dataclass
class InUtc:
    """All values are equal in a session whose time zone is UTC, and are others in another one."""

    why: str
    type: str | None = None


def whole(change):
    """Applies a change to cells that are not null."""
    return lambda cell: None if cell is None else change(cell)


def units(unit):
    """Nanoseconds as a number of units, where the unit is not in the file."""
    return whole(lambda cell: str(int(cell) // NANOS[unit]))


def finite(cell):
    """JSON has no such numbers."""
    if cell is None or cell == "NaN":
        return None
    shape = ">f" if len(cell) == 8 else ">d"
    number = struct.unpack(shape, bytes.fromhex(cell))[0]
    return None if number in (float("inf"), float("-inf")) else cell


def no_empty(cell):
    return cell or None


def fraction(text):
    return text.rstrip("0").rstrip(".") if "." in text else text


def moment(nanos):
    return datetime(1970, 1, 1) + timedelta(microseconds=int(nanos) // 1000)


def text_of(kind, separator=" ", end=""):
    """Returns how we print a value of this kind in the name of a directory, or in a text file."""
    if kind.startswith("date"):
        return whole(lambda cell: (date(1970, 1, 1) + timedelta(days=int(cell))).isoformat())
    if kind.startswith("time"):
        return whole(lambda cell: fraction(f"{moment(cell):%H:%M:%S.%f}"))
    if kind.startswith("decimal"):
        scale = int(re.findall(r"\d+", kind)[1])
        return whole(lambda cell: f"{Decimal(cell).scaleb(-scale):f}" if int(cell) else f"{Decimal(0):.{scale}f}")
    # `%Y` of a year before 1000 has fewer digits.
    form = lambda at: fraction(f"{at.date().isoformat()}{separator}{at:%H:%M:%S.%f}") + end
    return whole(lambda cell: form(moment(cell)))


def as_double(kind):
    """A decimal as the nearest float."""
    text = text_of(kind)
    return whole(lambda cell: struct.pack(">d", float(text(cell))).hex())
