"""Numbers far from all others: -999 or 0 again and again, as signs for missing values; what is beyond all measure."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from deltarule.tables.columns import Column
from deltarule.tables.scaling import ends

FEWEST, OTHERS = 20, 10
"""Cells, and different values beside, from which on a value may be told from the rest."""
GAP, SHARE = 5.0, 0.1
"""0 is far from the rest where its gap is so many of the usual ones, and this share of the range of the rest."""


def far_notices(column: Column) -> tuple[str, ...]:
    """Return a sentence for each value of a column of numbers that may mean a missing one, or is beyond all measure.

    >>> far_notices(Column.of("age", [*range(20, 50), 999, 999]))
    ('999 in 2 rows, first row 31, is far from the rest (20 to 49); if it means missing, --missing "age=999" says so',)
    """
    values: NDArray[np.float64] = column.values[~column.is_missing]
    if len(values) < FEWEST:
        return ()
    least, greatest, rest = ends(values)
    if len(rest) < len(values):
        return (_far(column, least, greatest),)
    if not _may_have(values):
        return ()
    different, counts = np.unique(values, return_counts=True)
    said: list[str] = []
    for place, others in ((0, different[1:]), (-1, different[:-1])):
        value = float(different[place])
        if counts[place] >= 2 and len(others) >= OTHERS and _is_sentinel(value, others):
            row = int(np.argmax(column.values == value)) + 1
            text = f"{value:.10g}"
            said.append(
                f"{text} in {counts[place]:,} rows, first row {row:,}, is far from the rest ({others[0]:.10g} to "
                f'{others[-1]:.10g}); if it means missing, --missing "{column.name}={text}" says so'
            )
    return tuple(said)


def _far(column: Column, least: float, greatest: float) -> str:
    """Return the sentence of values that are beyond all measure."""
    rows = np.flatnonzero((column.values < least) | (column.values > greatest))
    text = f"{column.values[rows[0]]:.10g}"
    cells = "" if len(rows) == 1 else f" and {len(rows) - 1:,} more"
    return (
        f"{text} in row {rows[0] + 1:,}{cells}, far outside of the rest ({least:.10g} to {greatest:.10g}), is taken as "
        f'an end of that; if it means missing, --missing "{column.name}={text}" says so'
    )


def _may_have(values: NDArray[np.float64]) -> bool:
    return any(end == 0 or _is_repeated(float(end)) for end in (values.min(), values.max()))


def _is_sentinel(value: float, others: NDArray[np.float64]) -> bool:
    """Return whether a value, the least or the greatest, is one of the usual signs, and far from the others."""
    width = float(others[-1] - others[0])
    gap = float(min(abs(others[0] - value), abs(others[-1] - value)))
    if value == 0:
        return gap > SHARE * width and gap > GAP * float(np.median(np.diff(others)))
    return _is_repeated(value) and gap > width


def _is_repeated(value: float) -> bool:
    """Return whether a value is written with one digit again and again, 7, 8 or 9: -999, 9999, 99.9, 88."""
    digits = re.sub(r"[-.]", "", f"{value:.10g}")
    return len(digits) >= 2 and digits[0] in "789" and set(digits) == {digits[0]}
