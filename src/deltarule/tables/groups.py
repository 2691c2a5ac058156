"""The groups that a column splits a table into."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from deltarule.tables.columns import Column, moment

MOST_VALUES = 20
"""Different numbers that are groups of their own; of more, quarters of the rows are."""


def groups_of(column: Column) -> list[str]:
    """Return the group of every row, (N,): a level, a value, a month, or a quarter of all numbers.

    >>> groups_of(Column.of("sex", ["male", None]))
    ['male', 'missing']
    >>> groups_of(Column.of("day", np.array(["2024-01-31", "2024-02-01"], "M8[D]")))
    ['2024-01', '2024-02']
    >>> groups_of(Column.of("age", np.arange(40.0)))[::13]
    ['0 to 9.75', '9.75 to 19.5', '19.5 to 29.25', '29.25 to 39']
    """
    if column.kind in ("date", "datetime"):
        return ["missing" if np.isnan(days) else str(moment(days))[:7] for days in column.values]
    different = column.kind == "number" and len(np.unique(column.values[~column.is_missing])) > MOST_VALUES
    if not different:
        return ["missing" if text is None else text for text in column.texts()]
    values: NDArray[np.float64] = column.values
    ends = np.quantile(values[~column.is_missing], [0.0, 0.25, 0.5, 0.75, 1.0])
    quarter = np.searchsorted(ends[1:-1], values, side="right")
    names = [f"{low:.6g} to {high:.6g}" for low, high in pairwise(ends)]
    return ["missing" if missing else names[n] for n, missing in zip(quarter, column.is_missing, strict=True)]
