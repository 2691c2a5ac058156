"""What stands between a header and the rows: lines of dashes, a row of units or types, a second line of names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise

from deltarule.spelling import plural
from deltarule.tables.notations.measures import CURRENCIES, FAMILIES, spelled
from deltarule.tables.readers.cells import column_look, filled, is_rule, look
from deltarule.tables.readers.options import cut

LOOKED_AT = 200
"""Rows below that a row is compared with."""
MOST = 5
"""Lines that may stand under a header."""
_UNITS = frozenset(spelled(unit) for family in FAMILIES for unit in family) | {
    *map(spelled, CURRENCIES), "°c", "°f", "°", "deg", "degc", "kelvin", "ppm", "ppb", "mol", "count", "a.u.",
    "int", "integer", "float", "double", "string", "str", "object", "date", "datetime", "numeric", "varchar", "number",
}  # fmt: skip
_BRACKETED = re.compile(r"\[.*\]|\(.*\)|<.*>")
_PER = re.compile(r"(?!\d)[^\W\d_°µ%]*[°µ%$€£]?[^\W\d_]*\d?(?:[/·*^ ]+-?[^\W\d_]*-?\d?)+")


@dataclass
class Headings:
    """names: the header as it is after all. used: how many rows under it are none of the table's."""

    names: list[str]
    used: int = 0
    notices: list[str] = field(default_factory=list[str])


def headings(header: list[str], rows: Sequence[list[str]], start: int) -> Headings:
    """Return a header with what its further lines say; `start` is its place in the file.

    Only what stands over numbers or dates can be told from a row: a text over them that does not come again.
    """
    found, second, has_rule = Headings(header), list[list[str]](), False
    for row in islice(rows, MOST):
        row = row if filled(row[len(header) :]) else row[: len(header)]
        below = [each for each in rows[found.used + 1 :][:LOOKED_AT] if filled(each) and not is_rule(each)]
        if is_rule(row):
            has_rule = True
        elif _is_heading(row, header, below):
            second.append(row)
        else:
            break
        found.used += 1
    if second and _is_lower(header, second[0]):
        found.names = _joined(header, second.pop(0))
        shown = ", ".join(found.names[:4]) + (", ..." if len(header) > 4 else "")
        found.notices.append(
            f"the header takes two lines, joined ({cut(shown)[1:-1]}; --skip {start + 1} takes the second alone)"
        )
        after = rows[found.used] if found.used < len(rows) else []
        if not second and _names_the_rest(after, found.names):
            found.names = [name or cell for name, cell in zip(found.names, after, strict=True)]
            found.used += 1
    if second:
        shown = cut(", ".join(cell for cell in second[0] if cell.strip()))[1:-1]
        found.notices.append(
            f"{plural(len(second), 'row')} under the header left out, of units or words ({shown}; --ragged fill "
            "keeps such rows)"
        )
    if has_rule:
        found.notices.append("the line under the header left out (--ragged fill keeps it as a row)")
    return found


def _is_heading(row: Sequence[str], header: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a row under a header speaks of the columns: texts over numbers, none that comes again."""
    if len(row) != len(header) or len(below) < 2 or list(row) == list(header):
        return False
    over, are_units = 0, True
    for n, cell in enumerate(map(str.strip, row)):
        column = [each[n].strip() for each in below if n < len(each)]
        kind = column_look(column)
        if not cell or kind == "missing":
            continue
        if kind in ("number", "date"):
            is_unit = _is_unit(cell)
            if not is_unit and look(cell) != "text" and cell not in ("1", "-"):
                return False
            over += is_unit or look(cell) == "text"
            are_units &= is_unit or cell in ("1", "-")
        elif cell in column and look(cell) != "missing":
            return False
    return over > 1 or (over == 1 and are_units)


def _is_unit(cell: str) -> bool:
    """Return whether a cell is a unit, or the name of a type.

    >>> [_is_unit(cell) for cell in ("[kg]", "m/s", "°C", "float", "W m-2", "see note", "12")]
    [True, True, True, True, True, False, False]
    """
    if _BRACKETED.fullmatch(cell) or spelled(cell) in _UNITS:
        return True
    parts = re.findall(r"[^\W\d_]+|[°%$€£]", cell)
    return (
        _PER.fullmatch(cell) is not None
        and bool(parts)
        and all(len(part) < 4 or spelled(part) in _UNITS for part in parts)
        and (any(sign in cell for sign in "/·*^") or re.search(r"-?\d", cell) is not None)
    )


def _is_lower(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Return whether names stand below others that go over several columns: repeated, or blank to the right."""
    names = [cell.strip() for cell in upper]
    below = ["" if look(cell) == "missing" else cell.strip() for cell in lower]
    if all(_is_unit(cell) for cell in below if cell):
        return False
    goes_on = any(cell and not name for name, cell in zip(names, below, strict=True))
    return goes_on or any(a == b != "" for a, b in pairwise(names))


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Return names of two lines, of which the upper go on to the right.

    >>> _joined(["", "weather", "", "id"], ["town", "temp", "wind", ""])
    ['town', 'weather temp', 'weather wind', 'id']
    """
    names: list[str] = []
    last = ""
    for above, below in zip(map(str.strip, upper), map(str.strip, lower), strict=True):
        last = above or last
        names.append(f"{last} {below}".strip() if below else above)
    return names


def _names_the_rest(row: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether a row holds the names that the others lack, as pandas writes those of the rows."""
    return len(row) == len(names) and "" in names and all(
        bool(cell.strip()) != bool(name) for cell, name in zip(row, names, strict=True)
    )  # fmt: skip
