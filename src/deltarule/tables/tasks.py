"""What is learnt of a target and from which rows, before anything is encoded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DataError, OptionError
from deltarule.spelling import plural
from deltarule.tables.columns import Column
from deltarule.tables.finding import find
from deltarule.tables.scaling import is_far as far_from_rest
from deltarule.tables.schema import ColumnSchema, Schema
from deltarule.tables.table import Table
from deltarule.tables.targets import FEW, FEWEST, Task, refuse_infinite

FEW_MISSING = 0.05
"""The share of the rows without a target up to which these are left out unasked."""
MOSTLY = 0.5
"""The share of a target's cells from which on they are numbers, and the others bounds or remarks: <1.0, >100, ND."""


def with_target(schema: Schema, raw: Table, name: str, task: Task | None = None) -> Schema:
    """Return a schema that reads the target as it is to be learnt.

    A text target half of whose cells are numbers is read as numbers where regression is asked for, or where these are
    too many for classes; the other cells are rows without a target then.

    >>> table = Table.of({"arsenic": [*map(str, range(30)), *["<1.0"] * 20], "kind": ["1", "2", "3+", "3+", "1"] * 10})
    >>> found = find(table)
    >>> [with_target(found, table, name)[name].kind for name in table.names]
    ['number', 'category']
    """
    one = schema.columns.get(name)
    if one is not None and one.kind == "row id" and one.why != "told so":  # it is not left out then
        one = replace(one, notices=())
        schema = Schema({**schema.columns, name: one})
    is_text = one is not None and one.kind in ("category", "text", "row id") and one.why != "told so"
    if one is None or not is_text or task == "classification" or raw[name].kind != "text":
        return schema
    found = _as_numbers(raw[name], one, task)
    return schema if found is None else Schema({**schema.columns, name: found})


def _as_numbers(column: Column, one: ColumnSchema, task: Task | None) -> ColumnSchema | None:
    """Return how a target of texts is read as numbers, or None where it is rather text."""
    try:
        found = find(
            Table([column]), settings={column.name: "number"}, missing=() if task is None else one.missing
        )[column.name]
    except OptionError:  # none of them is a number
        return None
    read, unlike = found.read(column)
    is_number = ~read.is_missing
    n, of = int(is_number.sum()), int(is_number.sum()) + len(unlike)
    if n == 0 or n < MOSTLY * of:
        return None
    if task is None:
        values = len(np.unique(read.values[is_number]))
        alone = Table([column.rows(np.flatnonzero(is_number))])
        is_key = find(alone)[column.name].kind != "number"  # which may be classes, if they are not too many
        if values <= max(FEW, len(column) / FEWEST if is_key else FEW):
            return None
    return replace(found, why=f"{n:,} of {plural(of, 'cell')} are numbers")


def rows_with_target(
    column: Column, raw: Column, drop: bool | None = None
) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Return the rows that have a target, ascending, and what to say of the others.

    Parameters
    ----------
    column, raw
        (N,): the target as it is read, and as it came.
    drop
        Whether to leave out rows without a target; None does where they are a twentieth or less.

    Raises
    ------
    DataError
        Rows without a target are not to be left out, or no row has one, or one is infinite.

    >>> rows_with_target(Column.of("y", [1.0, None, 3.0]), Column.of("y", ["1", "<1", "3"]), drop=True)
    (array([0, 2]), ("y: no target in 1 of 3 rows (row 2: '<1'); such rows are left out",))
    """
    if column.kind == "number":
        refuse_infinite(column)
    is_missing = column.is_missing
    if not is_missing.any():
        kept = np.arange(len(column))
        return _without_far(column, kept)
    missing = np.flatnonzero(is_missing)
    n, N = len(missing), len(column)
    cells = raw.cells(missing)
    if n == N:
        raise DataError(
            f"the target {column.name!r} is missing in every row ({cells}); give rows with one, or another --target."
        )
    if drop is False or (drop is None and n > FEW_MISSING * N):
        raise DataError(
            f"the target {column.name!r} is missing in {n:,} of {plural(N, 'row')} ({cells}); add "
            "--drop-missing-target (in Python drop_missing_target=True) to leave such rows out."
        )
    said = f"{column.name}: no target in {n:,} of {plural(N, 'row')} ({cells}); such rows are left out"
    asked = "" if drop else " (--strict, or drop_missing_target=False, refuses them)"
    kept, far = _without_far(column, np.flatnonzero(~is_missing))
    return kept, (said + asked, *far)


def rows_with_targets(
    columns: Iterable[Column], raws: Iterable[Column], drop: bool | None = None
) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Return the rows that have every one of several targets, and what to say of the others; see `rows_with_target`."""
    each = [rows_with_target(column, raw, drop) for column, raw in zip(columns, raws, strict=True)]
    kept = reduce(np.intersect1d, (rows for rows, _ in each))
    if len(kept) == 0:
        raise DataError("no row has all of its targets; give rows with them, or fewer targets.")
    return kept, tuple(notice for _, said in each for notice in said)


def _without_far(column: Column, kept: NDArray[np.intp]) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Return rows without those whose target is beyond all measure, which one could not learn beside the others."""
    if column.kind != "number":
        return kept, ()
    values: NDArray[np.float64] = column.values[kept]
    is_far = far_from_rest(values)
    if not is_far.any():
        return kept, ()
    rest, rows = values[~is_far], kept[is_far]
    said = (
        f"{column.name}: {len(rows):,} of {plural(len(kept), 'row')} far outside of the rest, {rest.min():.10g} to "
        f"{rest.max():.10g} ({column.cells(rows)}); such rows are left out"
    )
    return kept[~is_far], (said,)


def learnt(table: Table, schema: Schema) -> Table:
    """Return the columns that a schema lets be learnt from."""
    return table.without(
        *(name for name in table.names if name in schema and schema[name].kind in ("row id", "ignore"))
    )
