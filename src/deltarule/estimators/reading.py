"""What table estimators are given, read: columns as a schema has them, and targets by name, beside, or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import narwhals as nw
import numpy as np

from deltarule.errors import DataError, ShapeError
from deltarule.options import is_several
from deltarule.sparse import is_sparse
from deltarule.tables import Column, Schema, Table, Task, find
from deltarule.tables.tasks import with_target


@dataclass(frozen=True)
class Given:
    """X and y as they are learnt from.

    schema: what the columns are. table: they, without targets. targets, came: these as they are read and as they came.
    notices: what to say of how all that was read.
    """

    schema: Schema
    table: Table
    targets: list[Column]
    came: list[Column]
    notices: tuple[str, ...]


def read(X: object, y: object, task: Task, told: Schema | None) -> Given:
    """Return X and y as a schema reads them; told: the schema, or None to find it.

    Raises
    ------
    DataError, ShapeError
        A target is no column, or has another number of rows.
    """
    raw = Table.of(X)
    names = names_of(y, raw)
    schema = find(raw) if told is None else told
    said: tuple[str, ...] = raw.notices if told is None else ()
    if names:
        came = [raw.column(name, "target column") for name in names]
        for name in names:
            schema = with_target(schema, raw, name, task)
        table, unlike = schema.read(raw)
        targets = [
            table[name] if _is_read(schema, one, task) else one for name, one in zip(names, came, strict=True)
        ]
        table, said = table.without(*names), (*said, *unlike)
    else:
        table, unlike = schema.read(raw)
        came = columns_of(y)
        alone = [_read_alone(one, task) for one in came]
        targets = [column for column, _ in alone]
        said = (*said, *unlike, *(notice for _, notices in alone for notice in notices))
    if len(targets[0]) != len(table):
        raise ShapeError(
            f"X has {len(table):,} rows and y has {len(targets[0]):,}; they must be the same rows."
        )
    return Given(schema, table, targets, came, said)


def _is_read(schema: Schema, came: Column, task: Task) -> bool:
    """Return whether a target among the columns is learnt as the schema reads it, and not as it came."""
    if task == "regression":
        return True
    one = schema.columns.get(came.name)
    is_text = one is not None and one.kind in ("category", "text", "row id", "ignore")
    return is_text and came.kind == "text" and not came.is_integer


def _read_alone(came: Column, task: Task) -> tuple[Column, tuple[str, ...]]:
    """Return a target that came beside the table as it is learnt, and what to say of that."""
    if task == "classification" or came.kind != "text":
        return came, ()
    alone = Table([came])
    schema = with_target(find(alone), alone, came.name, "regression")
    read, unlike = schema.read(alone)
    return read[came.name], (*schema.notices, *unlike)


def names_of(y: object, table: Table) -> list[str]:
    """Return the columns of a table that a target names; none where y is values."""
    if isinstance(y, str):
        return [y]
    if (
        isinstance(y, (list, tuple))
        and y
        and all(isinstance(each, str) for each in cast(Sequence[object], y))
    ):
        names = list(cast(Sequence[str], y))
        if len(names) != len(table) and (set(names) & set(table.names) or len(names) == 1):
            return names
    return []


def columns_of(y: object) -> list[Column]:
    """Return the targets that came beside a table: one, or the columns of a frame or of an (N, targets) array."""
    if y is None:
        raise DataError(
            "the estimator requires y to be passed, but the target y is None; give its values, or the name of a column "
            "of X."
        )
    if is_sparse(y):
        y = cast(Any, y).toarray()
    if isinstance(y, (Table, Mapping)) or hasattr(y, "columns"):
        return list(Table.of(cast(object, y)).columns.values())
    name = str(getattr(y, "name", None) or "y")
    is_array = hasattr(y, "__array__") and not nw.dependencies.is_into_series(y)
    is_rows = (
        isinstance(y, (list, tuple)) and len(cast(Sequence[Any], y)) and is_several(cast(Sequence[Any], y)[0])
    )
    if is_rows or (is_array and not isinstance(y, np.ndarray)):
        y = np.asarray(cast(Any, y))
    if isinstance(y, np.ndarray) and y.ndim == 2 and cast(Any, y).shape[1] > 1:
        columns = Table.of(cast(object, y)).columns.values()
        return [replace(column, name=f"{name}{n}") for n, column in enumerate(columns, 1)]
    return [Column.of(name, cast(object, y))]
