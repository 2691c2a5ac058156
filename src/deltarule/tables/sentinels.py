"""Values far from all others: -999 or 0 again and again, as signs for missing ones; what is beyond all measure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import numpy as np
from numpy.typing import NDArray

from deltarule.spelling import plural
from deltarule.tables.columns import Column
from deltarule.tables.scaling import SOME, ends

FEWEST, OTHERS = 20, 10
"""Cells, and different values beside, from which on a value may be told from the rest."""
GAP, SHARE = 5.0, 0.1
"""0 is far from the rest where its gap is so many of the usual ones, and this share of the range of the rest."""
TWICE, WIDE = 2.0, 20.0
"""Ranges of the rest that lie between it and a sign, where its values are few; and any other value."""
LONGEST = 3
"""Signs that stand beside each other, such as -9, -8 and -7."""
DAYS = frozenset(
    (date.fromisoformat(day) - date(1970, 1, 1)).days
    for day in (
        "0001-01-01", "1753-01-01", "1800-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1901-01-01",
        "1970-01-01", "2038-01-19", "2099-12-31", "2100-01-01", "2999-12-31",
    )
)  # fmt: skip
"""Days that programs write where there is none, as days since 1970-01-01."""


def far_notices(column: Column, raw: Column | None = None) -> tuple[str, ...]:
    """Return a sentence for each value of numbers or dates that may mean a missing one, or is beyond all measure.

    raw: the column as it came, with the texts of dates.

    >>> far_notices(Column.of("age", [*range(20, 50), 999, 999]))
    ('999 in 2 rows, first row 31, is far from the rest (20 to 49); if it means missing, --missing "age=999" says so',)
    """
    values = column.present
    if len(values) < FEWEST:
        return ()
    is_sign = _is_sign if column.kind == "number" else _is_day
    if column.kind != "number" and 0 <= values.min() <= values.max() <= 1:  # times of day
        return ()
    if column.kind == "number":
        least, greatest, rest = ends(values)
        if len(rest) < len(values):
            return (_far(column, least, greatest),)
    if not _may_have(values, is_sign):
        return ()
    different, counts = np.unique(values, return_counts=True)
    said: list[str] = []
    for step in (1, -1):
        ordered, n = different[::step], counts[::step]
        for value, count in zip(ordered, n[: _signs(ordered, n, is_sign)], strict=False):
            rest = ordered[_signs(ordered, n, is_sign) :]
            said.append(_sentence(column, raw, float(value), int(count), rest))
    return tuple(said)


def _sentence(column: Column, raw: Column | None, value: float, count: int, rest: NDArray[np.float64]) -> str:
    row = int(np.argmax(column.values == value))
    ends = np.array([rest.min(), rest.max()])
    first, last = Column(column.name, column.kind, ends).shown()
    text = f"{value:.10g}"
    if column.kind != "number":
        text = str((raw or column).rows(np.array([row])).texts()[0]).strip()
    return (
        f"{text} in {plural(count, 'row')}, first {column.row(row)}, is far from the rest "
        f'({first} to {last}); if it means missing, --missing "{column.name}={text}" says so'
    )


def _far(column: Column, least: float, greatest: float) -> str:
    """Return the sentence of values that are beyond all measure."""
    rows = np.flatnonzero((column.values < least) | (column.values > greatest))
    text, first = f"{column.values[rows[0]]:.10g}", column.row(int(rows[0]))
    cells = "" if len(rows) == 1 else f" and {len(rows) - 1:,} more"
    return (
        f"{text} in {first}{cells}, far outside of the rest ({least:.10g} to {greatest:.10g}), is taken as "
        f'an end of that; if it means missing, --missing "{column.name}={text}" says so'
    )


def _may_have(values: NDArray[np.float64], is_sign: Callable[[float], bool]) -> bool:
    """Return whether it is worth to look at all: an end is a sign or 0, or comes again, far from what is next to it."""
    ends = values.min(), values.max()
    if any(end == 0 or is_sign(float(end)) for end in ends):
        return True
    some = np.unique(values[:: max(len(values) // SOME, 1)])
    has_gap = len(some) > 1 and bool(np.diff(some).max() > 0.5 * (some[-1] - some[0]))
    return has_gap and any(np.count_nonzero(values == end) > 1 for end in ends)


def _signs(ordered: NDArray[np.float64], counts: NDArray[np.intp], is_sign: Callable[[float], bool]) -> int:
    """Return how many of different values, from one end on, are far from all others."""
    for n in range(LONGEST, 0, -1):
        if n > 1 and not all(is_sign(value) for value in ordered[:n].tolist()):
            continue
        if len(ordered) > n + 1 and _is_far(ordered, counts, n, is_sign):
            return n
    return 0


def _is_far(
    ordered: NDArray[np.float64], counts: NDArray[np.intp], n: int, is_sign: Callable[[float], bool]
) -> bool:
    """Return whether the first n values are far from the rest, each by how it is written."""
    value, rest = float(ordered[n - 1]), ordered[n:]
    gap, width = abs(float(rest[0]) - value), abs(float(rest[-1]) - float(rest[0]))
    is_repeated, are_few = counts[:n].max() > 1, len(rest) < OTHERS
    if is_sign(value) and gap > (TWICE if are_few else 1.0) * width and (is_repeated or gap > GAP * width):
        return True
    if are_few or not is_repeated:
        return False
    is_apart = gap > SHARE * width and gap > GAP * float(np.median(np.abs(np.diff(rest))))
    is_alone = is_sign(value) and (value < 0 <= rest.min() or is_sign is _is_day)
    if is_alone and (is_apart or counts[:n].sum() >= counts.max()):
        return True
    return (value == 0 and is_apart and is_sign is not _is_day) or gap > WIDE * width


def _is_sign(value: float) -> bool:
    """Return whether a value is written as signs are: 7, 8 or 9 again and again, or one of these below 0, or -1."""
    digits = re.sub(r"[-.]", "", f"{value:.10g}")
    is_repeated = digits[0] in "789" and set(digits) == {digits[0]}
    return value == -1 or (is_repeated and (value < 0 or len(digits) >= 2))


def _is_day(value: float) -> bool:
    return value in DAYS
