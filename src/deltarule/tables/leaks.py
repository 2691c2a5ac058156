"""Columns that alone tell the target too well: copies of it, or what is known only after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import typed
from deltarule.tables.columns import Column
from deltarule.tables.folds import copies
from deltarule.tables.table import Table

Values = NDArray[np.float64]
Whole = NDArray[np.integer]

TELLS = ": alone it tells "
FEWEST_ROWS = 20
FEWEST_OTHERS = 5
"""Rows outside of the most frequent class below which a column may part them by chance."""
MOST_ROWS, MOST_CELLS = 20_000, 4_000_000
"""Of the sample that is looked at."""
CLASSES_TOLD = 0.975
"""Of the rows outside of the most frequent class, the share that one column tells; honest ones reach .89."""
SPREAD_TOLD = 0.99
"""Of a target's variance, the share that a column's levels tell; honest ones reach .86."""
RANKS_ALIKE = 0.9999
"""Correlation of ranks of what rises or falls with the target,"""
RANKS_TOLD, STEP = 0.99, 0.03
"""or less, with how far a value is from between its neighbours, over how far from the median; honest columns reach .97
and .23."""


def suspected_leaks(table: Table, target: str, y: NDArray[Any], *, seed: int = 0) -> tuple[str, ...]:
    """Return a notice for every column that alone tells the target too well; where there is but one, none.

    Parameters
    ----------
    table
        The columns to learn from.
    target
        Its name.
    y
        (N,): class numbers from 0, which are whole, or values.
    seed
        Of the sample of rows that is looked at.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(40, 2))
    >>> table = Table.of({"x": x[:, 0], "in cents": 100 * x[:, 1]})
    >>> print(*suspected_leaks(table, "price", x[:, 1]))
    in cents: alone it tells price almost exactly, as a copy does, or what is known only later; a suspected leak,
    learnt from all the same (--ignore "in cents" leaves it out)
    """
    if len(table.names) < 2 or len(table) < FEWEST_ROWS:
        return ()
    N = min(len(table), max(MOST_ROWS // 10, min(MOST_ROWS, MOST_CELLS // len(table.names))))
    rows = np.random.default_rng([seed, 1]).permutation(len(table))[:N]  # no order of a file among ties
    sample = Table([*table.rows(rows).columns.values(), Column("\0 target", "number", y[rows].astype(float))])
    numbers, is_chance = copies(sample)
    if not is_chance:  # a copy of a row would tell its target by any column
        rows = rows[np.unique(numbers, return_index=True)[1]]
    y = y[rows]
    is_classes = np.issubdtype(y.dtype, np.integer)
    if len(rows) < FEWEST_ROWS or (is_classes and len(rows) - np.bincount(y).max() < FEWEST_OTHERS):
        return ()
    tells = _tells_class if is_classes else _tells_value
    names = [column.name for column in table.columns.values() if tells(column.rows(rows), y)]
    return tuple(
        f"{name}{TELLS}{target} almost exactly, as a copy does, or what is known only later; a suspected "
        f"leak, learnt from all the same (--ignore {typed(name)} leaves it out)"
        for name in names
    )


def leaks_among(notices: Sequence[str]) -> list[str]:
    """Return the columns that `suspected_leaks` gave notices of.

    >>> leaks_among(["x: 1 cell, counted as missing", "in cents: alone it tells price almost exactly, as a copy does"])
    ['in cents']
    """
    return [notice.partition(TELLS)[0] for notice in notices if TELLS in notice]


def _tells_class(column: Column, y: Whole) -> bool:
    """Return whether a column's levels, or a few intervals of its values, are of one class each."""
    base = np.bincount(y).max() / len(y)
    shares = [_share_by_level(_levels(column), y)]
    if column.kind == "number":
        ordered = y[np.argsort(column.values, kind="stable")]  # what is missing comes last
        changes = int((ordered[1:] != ordered[:-1]).sum())
        shares.append(1 - max(changes - int(y.max()), 0) / len(y))
    return (max(shares) - base) / (1 - base) >= CLASSES_TOLD


def _share_by_level(level: Whole, y: Whole) -> float:
    """Return the share of the rows whose class is the most frequent one of the other rows of their level."""
    C = int(y.max()) + 1
    pairs, counts = np.unique(level * C + y, return_counts=True)
    order = np.lexsort((counts, pairs // C))
    of, counts = (pairs // C)[order], counts[order]
    is_last = np.append(of[1:] != of[:-1], True)
    second = np.where(np.insert(of[1:] == of[:-1], 0, False), np.insert(counts[:-1], 0, 0), 0)
    is_told = is_last & (counts - 1 > second)
    return float(counts[is_told].sum() / len(y))


def _tells_value(column: Column, y: Values) -> bool:
    """Return whether a column's levels tell the values, or these rise or fall with it from neighbour to neighbour."""
    y = y / (np.abs(y).max() or 1.0)
    spread = float(((y - y.mean()) ** 2).sum())
    level = _levels(column)
    n, total = np.bincount(level)[level], np.bincount(level, y)[level]
    others = np.where(n > 1, (total - y) / np.maximum(n - 1, 1), y.mean())
    if 1 - float(((y - others) ** 2).sum()) / spread >= SPREAD_TOLD:
        return True
    is_there = np.isfinite(column.values) if column.kind == "number" else np.zeros(0, bool)
    if is_there.sum() < max(FEWEST_ROWS, len(y) / 2):
        return False
    x, y = column.values[is_there], y[is_there]
    if np.ptp(x) == 0:
        return False
    order = np.argsort(x, kind="stable")
    at, ordered = x[order] / np.abs(x).max(), y[order]
    wide = at[2:] - at[:-2]
    w = np.where(wide > 0, (at[1:-1] - at[:-2]) / np.where(wide > 0, wide, 1.0), 0.5)
    step = np.abs(ordered[1:-1] - (1 - w) * ordered[:-2] - w * ordered[2:])
    ranks = abs(float(np.corrcoef(_ranks(x), _ranks(y))[0, 1]))
    is_close = bool(np.median(step) <= STEP * np.median(np.abs(y - np.median(y))))
    return ranks >= RANKS_ALIKE or (ranks >= RANKS_TOLD and is_close)


def _ranks(values: Values) -> Whole:
    ranks = np.empty(len(values), np.int64)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks


def _levels(column: Column) -> Whole:
    """Return a number for each value, from 0; of dates, whether there is one."""
    if column.kind in ("date", "datetime"):
        return column.is_missing.astype(np.int64)
    values = column.coded.keys if column.kind == "text" else column.values
    return np.unique(values, return_inverse=True)[1]
