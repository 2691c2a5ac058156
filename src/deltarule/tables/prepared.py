"""Prepared: a table that is ready to be split and learnt from, targets and weights beside its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DataError
from deltarule.spelling import plural
from deltarule.tables.columns import Column
from deltarule.tables.folds import WEIGHS, EqualRows, Split, apart, folds, split
from deltarule.tables.leaks import suspected_leaks
from deltarule.tables.schema import Schema
from deltarule.tables.table import Table
from deltarule.tables.targets import ClassTarget, Target, Task, guess_task
from deltarule.tables.tasks import learnt, rows_with_targets
from deltarule.tables.weights import Weights, weights_of


@dataclass(frozen=True)
class Prepared:
    """The rows that have their targets, and a weight above 0.

    schema
        What the columns are; groups and weights are not learnt from.
    table, targets
        The columns as the schema reads them, and those to learn.
    weights
        (N,), or None where all rows count the same.
    group, time
        Columns of the table by which rows are held out.
    notices
        What to say of rows that were left out.
    """

    schema: Schema
    table: Table
    targets: Table
    weights: Weights | None
    group: Column | None
    time: Column | None
    notices: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        schema: Schema,
        table: Table,
        targets: Sequence[Column],
        came: Sequence[Column],
        *,
        drop: bool | None = None,
        group: str | None = None,
        time: str | None = None,
        weight: str | None = None,
        weights: Weights | None = None,
        where: str = "the table",
    ) -> Prepared:
        """Return a table, as the schema has read it, without the rows that lack a target or have weight 0.

        Parameters
        ----------
        targets, came
            The columns to learn as they are read, and as they came.
        drop
            As in `rows_with_target`.
        group, time, weight
            Names of columns of the table; weights: (N,), in place of a column.
        where
            What messages call the table.
        """
        by = {
            role: None if name is None else table.column(name, f"{role} column", where)
            for role, name in (("group", group), ("time", time), ("weight", weight))
        }
        if by["weight"] is not None:
            weights = weights_of(by["weight"], len(table))
        for column, use in ((by["group"], ()), (by["weight"], (WEIGHS,))):
            schema = schema if column is None else apart(schema, column, *use)
        table = Table(table.columns.values(), read_by=schema, is_named=table.is_named)
        whole = cls(
            schema,
            table,
            Table(targets),
            weights,
            by["group"],
            by["time"],
        )
        said: tuple[str, ...] = ()
        if weights is not None and not weights.all():
            counts = np.flatnonzero(weights)
            whole, came = whole.rows(counts), [column.rows(counts) for column in came]
            if weight is not None:
                N = len(table)
                said = (f"{weight}: 0 in {N - len(counts):,} of {plural(N, 'row')}; such rows are left out",)
        kept, notices = rows_with_targets(whole.targets.columns.values(), came, drop)
        whole = replace(whole, notices=(*said, *notices))
        return whole.rows(kept) if len(kept) < len(whole) else whole

    def __len__(self) -> int:
        return len(self.targets)

    def rows(self, index: NDArray[np.intp]) -> Prepared:
        """Return these rows."""
        return replace(
            self,
            table=self.table.rows(index),
            targets=self.targets.rows(index),
            weights=None if self.weights is None else self.weights[index],
            group=None if self.group is None else self.group.rows(index),
            time=None if self.time is None else self.time.rows(index),
        )

    def split(
        self,
        share: float,
        rng: np.random.Generator,
        *,
        part: str,
        equal_rows: EqualRows | None = None,
        classes: NDArray[np.integer] | None = None,
    ) -> Split:
        """Return which rows to learn from and which to hold out; see `deltarule.tables.folds.split`."""
        return split(
            self._telling, share, rng,
            part=part, classes=classes, group=self.group, time=self.time, equal_rows=equal_rows,
        )  # fmt: skip

    def folds(
        self,
        k: int,
        rng: np.random.Generator,
        *,
        equal_rows: EqualRows | None = None,
        classes: NDArray[np.integer] | None = None,
    ) -> tuple[Split, ...]:
        """Return k splits whose held-out parts have no row in common; see `deltarule.tables.folds.folds`."""
        return folds(
            self._telling, k, rng,
            classes=classes, group=self.group, time=self.time, equal_rows=equal_rows,
        )  # fmt: skip

    @property
    def _telling(self) -> Table:
        """The columns that tell rows apart: those to learn from, and the targets."""
        columns = learnt(self.table, self.schema).columns.values()
        targets = [
            replace(column, name=f"\0 target {n}") for n, column in enumerate(self.targets.columns.values())
        ]
        return Table([*columns, *targets])

    def values(self, targets: Sequence[Target]) -> NDArray[Any]:
        """Return class numbers, or values in their own units, (N,) or (N, targets)."""
        each = [
            target.encode(column) if isinstance(target, ClassTarget) else column.as_numbers().values
            for target, column in zip(targets, self.targets.columns.values(), strict=True)
        ]
        return each[0] if len(each) == 1 else np.column_stack(each)

    def leaks(self, y: NDArray[Any], seed: int) -> tuple[str, ...]:
        """Return a notice for every column that alone tells a target, (N,) or (N, targets), too well."""
        table = learnt(self.table, self.schema)
        each = y.reshape(len(y), -1).T
        notices = (
            suspected_leaks(table, name, np.ascontiguousarray(of), seed=seed)
            for name, of in zip(self.targets.names, each, strict=True)
        )
        return tuple(notice for some in notices for notice in some)


def task_of(targets: Sequence[Column]) -> tuple[Task, str]:
    """Return what kind of targets columns are, and why.

    Raises
    ------
    DataError
        Of several, some are classes and some values; or classes of more than two values.
    """
    guesses = [guess_task(column) for column in targets]
    if len({task for task, _ in guesses}) > 1:
        listed = "; ".join(
            f"{column.name} {task}" for column, (task, _) in zip(targets, guesses, strict=True)
        )
        raise DataError(
            f"the targets are of two kinds ({listed}), and one network learns several of one kind; learn them one by "
            "one, or say --task regression or --task classification for all."
        )
    return guesses[0][0], "; ".join(why for _, why in guesses)


def refuse_many_classes(targets: Sequence[ClassTarget]) -> None:
    """Raise a DataError where one of several targets has more than two classes."""
    if len(targets) < 2:
        return
    for target in targets:
        if len(target.names) > 2:
            raise DataError(
                f"the target {target.name!r} has {len(target.names):,} classes, and several targets are learnt "
                "together where each has two, yes or no; learn it alone."
            )
