"""Which rows of a table are held out: equal rows, groups and moments stay whole, and no class is taken apart."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DataError
from deltarule.spelling import plural
from deltarule.tables.columns import Column, moment
from deltarule.tables.schema import ColumnSchema, Schema
from deltarule.tables.table import Table
from deltarule.training import hold_out

if TYPE_CHECKING:
    import polars as pl

Rows: TypeAlias = NDArray[np.intp]
EqualRows: TypeAlias = Literal["together", "apart"]

FEWEST_ROWS = 2  # of a class, that remain to learn from
CHANCE = 2.0
"""Equal pairs of rows, over those of chance, from which on they are copies."""
APART = "its groups stay whole"
WEIGHS = "the weights of the rows"
DRAWS = 20
"""How often groups are drawn until every class is among those to learn from."""


@dataclass(frozen=True)
class Split:
    """The rows to learn from and those held out, both ascending, and what a reader should know of them."""

    learn: Rows
    held: Rows
    notices: tuple[str, ...] = ()


def split(
    table: Table,
    share: float,
    rng: np.random.Generator,
    *,
    part: str = "held-out part",
    classes: NDArray[np.integer] | None = None,
    group: Column | None = None,
    time: Column | None = None,
    equal_rows: EqualRows | None = None,
) -> Split:
    """Return which rows of a table to learn from and which to hold out.

    Without group and time, every class gives its share, and classes of few rows are learnt from only. Rows of a group
    or of a moment stay together; the moments held out are the last ones, and groups, where both are given, those that
    end last. Held out is what comes nearest to the share.

    Equal rows stand on one side: they are drawn together, and where group or time decides, those that equal a row to
    learn from are neither learnt from nor held out; so are rows of a class that no row to learn from has.

    Parameters
    ----------
    table
        The columns that tell rows apart: those to learn from, and the target.
    share
        Of the rows, from 0 to less than 1.
    rng
        Decides which rows.
    part
        What the notices call the rows held out.
    classes
        (N,): the class of every row, from 0.
    group, time
        Columns of N rows.
    equal_rows
        "apart" takes equal rows as any others; None does so where no more are equal than chance makes of few values.

    Raises
    ------
    DataError
        There is but one group, or one moment, or the time is text.

    Examples
    --------
    >>> table = Table.of({"x": [1, 1, 2, 3, 4, 5, 6, 7, 8, 9]})
    >>> split(table, 0.3, np.random.default_rng(1)).notices
    ('1 row equals an earlier one; such rows stay together, learnt from or in the held-out part
    (--equal-rows apart parts them)',)
    >>> split(table, 0.3, np.random.default_rng(0), time=table["x"]).held
    array([7, 8, 9])
    """
    rows = np.arange(len(table))
    if share == 0:
        return Split(rows, rows[:0])
    moments = None if time is None else _moments(time)
    groups = None if group is None else _groups(group)
    units, notices, is_chance = _units(table, equal_rows, part)
    if groups is None and moments is None:
        held, said = _drawn(units, classes, share, rng, part)
        return Split(_others(held, len(rows)), held, (*notices, *said))
    if moments is not None:
        held = _last(moments if groups is None else _last_of(groups, moments), share)
    else:
        assert groups is not None
        held = _drawn_groups(groups, classes, share, rng)
    learn = _others(held, len(rows))
    said = [*_of_groups(group, groups, held, part), *_of_time(time, moments, learn, held, part)]
    is_copy, is_new = _unfit(held, learn, units, classes)
    if is_copy.any():
        said.append(
            f"{_rows(int(is_copy.sum()))} one to learn from, and {_are(is_copy)} left out of the {part} "
            "(--equal-rows apart keeps them)"
        )
    if is_new.any():
        said.append(
            f"{plural(int(is_new.sum()), 'row')} of the {part} {_are(is_new)} of a class that no row to learn from "
            f"has, and {_are(is_new)} left out"
        )
    return Split(learn, held[~is_copy & ~is_new], (*notices[:is_chance], *said))


def folds(
    table: Table,
    k: int,
    rng: np.random.Generator,
    *,
    classes: NDArray[np.integer] | None = None,
    group: Column | None = None,
    time: Column | None = None,
    equal_rows: EqualRows | None = None,
) -> tuple[Split, ...]:
    """Return k splits of a table, or as many as it gives, whose held-out parts have no row in common.

    As `split`, parameters too: equal rows, groups and moments stay together, every class gives its share, and rows that
    cannot be held out are learnt from each time. By time a part is a stretch of it; the last part is the latest. Empty
    where there would be fewer than two. Nothing is said of it.

    >>> table = Table.of({"x": [1, 1, 2, 3, 4, 5, 6, 7, 8, 9]})
    >>> [part.held.tolist() for part in folds(table, 3, np.random.default_rng(0), time=table["x"])]
    [[0, 1, 2], [3, 4, 5, 6], [7, 8, 9]]
    """
    units, _, _ = _units(table, equal_rows, "fold")
    moments = None if time is None else _moments(time)
    groups = None if group is None else _groups(group)
    if moments is not None:
        which = _stretches(moments if groups is None else _last_of(groups, moments), k)
    elif groups is not None:
        which = _shared_out(groups, k, rng)
    else:
        which = _dealt(units, classes, k, rng)
    made: list[Split] = []
    for n in range(k):
        held, learn = np.flatnonzero(which == n), np.flatnonzero(which != n)
        if len(held) and len(learn):
            is_copy, is_new = _unfit(held, learn, units, classes)
            held = held[~is_copy & ~is_new]
        if len(held) and len(learn):
            made.append(Split(learn, held))
    return tuple(made) if len(made) > 1 else ()


def _dealt(units: Rows, classes: NDArray[np.integer] | None, k: int, rng: np.random.Generator) -> Rows:
    """Return which of k parts each row is in, (N,), copies in one and each class in all; -1 for none.

    In none are rows with so many copies that they are more than a part, and classes of one row.
    """
    size = np.bincount(units)
    of_unit = np.zeros(len(size), np.int64)
    if classes is not None:
        of_unit[units] = classes
    dealt = np.flatnonzero(
        (size * k <= len(units)) & ((np.bincount(of_unit)[of_unit] > 1) | (classes is None))
    )
    order = rng.permutation(dealt)
    order = order[np.lexsort((size[order], of_unit[order]))]
    which = np.full(len(size), -1)
    which[order] = np.arange(len(order)) % k
    return which[units]


def _shared_out(groups: Rows, k: int, rng: np.random.Generator) -> Rows:
    """Return which of k parts each row is in, (N,): groups whole, the largest first, each into the smallest part."""
    size = np.bincount(groups)
    order = rng.permutation(len(size))
    order = order[np.argsort(-size[order], kind="stable")]
    which, filled = np.zeros(len(size), np.intp), np.zeros(k)
    for one in order:
        which[one] = int(filled.argmin())
        filled[which[one]] += size[one]
    return which[groups]


def _stretches(units: NDArray[np.float64], k: int) -> Rows:
    """Return which of k stretches each row is in, (N,): of about as many rows each, equal units in one."""
    _, place, size = np.unique(units, return_inverse=True, return_counts=True)
    middle = np.cumsum(size) - size / 2
    return np.minimum((middle * k / len(units)).astype(np.intp), k - 1)[place]


def _units(table: Table, equal_rows: EqualRows | None, part: str) -> tuple[Rows, list[str], bool]:
    """Return a number for every row, the same for those that stay together, what to say of it, and if it is chance."""
    rows = np.arange(len(table))
    units, is_chance = copies(table, equal_rows)
    n_copies = len(rows) - 1 - int(units.max())
    if is_chance:
        said = (
            f"{_rows(n_copies)} an earlier one, no more than chance makes of so few values; they are drawn "
            "like any others (--equal-rows together keeps them together)"
        )
        return rows, [said], True
    if not n_copies:
        return units, [], False
    said = (
        f"{_rows(n_copies)} an earlier one; such rows stay together, learnt from or in the {part} "
        "(--equal-rows apart parts them)"
    )
    return units, [said], False


def _unfit(
    held: Rows, learn: Rows, units: Rows, classes: NDArray[np.integer] | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows held out equal one to learn from, and which are of a class that none of these has."""
    is_new = np.zeros(len(held), bool) if classes is None else ~_are_in(classes[held], classes[learn])
    return _are_in(units[held], units[learn]), is_new


def is_whole(column: Column) -> bool:
    """Return whether a column has the same value in every row, so that nothing can be split by it."""
    return bool((numbers := hashes(Table([column]))).min() == numbers.max())


def apart(schema: Schema, column: Column, use: str = APART) -> Schema:
    """Return a schema by which a column of another use is not learnt from, unless somebody told what it is."""
    one = schema.columns.get(column.name)
    if one is not None and (one.why == "told so" or one.why.startswith(use)):
        return schema
    kind = "category" if one is None or one.kind in ("row id", "ignore") else one.kind
    why = f'{use}; --set "{column.name}={kind}" learns from it as well'
    return Schema({**schema.columns, column.name: ColumnSchema(column.name, "ignore", why=why)})


def hashes(table: Table) -> NDArray[np.uint64]:
    """Return 64 bits for each row of a table, (N,): equal rows have equal ones, others hardly ever.

    >>> len(np.unique(hashes(Table.of({"x": [1.0, -0.0, 0.0, None, None], "y": ["a", "b", "b", None, None]}))))
    3
    """
    import polars as pl

    return pl.DataFrame([_series(column) for column in table.columns.values()]).hash_rows().to_numpy()


def _series(column: Column) -> pl.Series:
    import polars as pl

    if column.kind == "text":
        return pl.Series(column.name, column.coded.keys)
    return pl.Series(column.name, column.values + 0.0)  # + 0: -0 is 0


def copies(table: Table, equal_rows: EqualRows | None = None) -> tuple[Rows, bool]:
    """Return a number for every row, from 0 and the same for equal ones, and whether these are equal by chance."""
    rows = np.arange(len(table))
    if equal_rows == "apart":
        return rows, False
    _, first, which, size = np.unique(
        hashes(table), return_index=True, return_inverse=True, return_counts=True
    )
    if len(first) == len(rows):
        return rows, False
    place = np.empty(len(first), np.intp)
    place[np.argsort(first)] = np.arange(len(first))
    return place[which], equal_rows is None and _are_by_chance(table, np.sort(first), size.astype(float))


def _are_by_chance(table: Table, different: Rows, size: NDArray[np.float64]) -> bool:
    """Return whether rows are equal since the columns have few values, and not as copies.

    They are where the values make at most half as many different rows as there are, or where as many pairs are equal
    as there would be, within a factor, if the columns of the different rows were independent.
    """
    values = [
        _series(column.rows(different)).value_counts()["count"].to_numpy()
        for column in table.columns.values()
    ]
    possible = math.prod(len(counts) for counts in values)
    n, N = float(len(different)), float(len(table))
    chances = (float((counts * (counts - 1.0)).sum()) / max(n * (n - 1), 1.0) for counts in values)
    expected = math.prod(chances) * N * (N - 1) / 2
    return possible <= N / 2 or float((size * (size - 1)).sum()) / 2 <= CHANCE * expected


def _drawn(
    units: Rows, classes: NDArray[np.integer] | None, share: float, rng: np.random.Generator, part: str
) -> tuple[Rows, list[str]]:
    """Return rows to hold out, copies together and a share of every class; and what to say of it.

    Rows with so many copies that they are more than the share, and classes that few rows would be left of, stay.
    """
    size = np.bincount(units)
    which = np.zeros(len(size), np.int64)
    is_large = np.ones(len(size), bool)
    if classes is not None:
        which[units] = classes
        of_class = np.bincount(which)[which]
        is_large = of_class - np.ceil(of_class * share) >= FEWEST_ROWS
    eligible = np.flatnonzero(is_large & ((size == 1) | (size <= share * len(units))))
    said: list[str] = []
    if not is_large.all():
        n = len(np.unique(which[~is_large]))
        said.append(
            f"{n:,} class{'es' if n > 1 else ''} of few rows {'are' if n > 1 else 'is'} learnt from, with none in the "
            f"{part}"
        )
    strata = which[eligible] * (size.max() + 1) + size[eligible]
    try:
        held = eligible[hold_out(len(eligible), share, rng, strata)[1]]
    except DataError:
        few = plural(len(eligible), "row")
        return units[:0], [*said, f"{few} to hold {share:.0%} out of are too few; there is no {part}"]
    is_held = np.zeros(len(size), bool)
    is_held[held] = True
    return np.flatnonzero(is_held[units]), said


def _groups(group: Column) -> Rows:
    """Return the number of every row's group; rows without one are one together."""
    _, numbers = np.unique(hashes(Table([group])), return_inverse=True)
    if not numbers.any():
        raise DataError(
            f"the group column {group.name!r} is {group.texts()[0]!s} in every row; to split by it takes two groups."
        )
    return numbers


def _moments(time: Column) -> NDArray[np.float64]:
    """Return the time of every row; rows without one come first."""
    if time.kind in ("text", "boolean"):
        shown = next((text for text in time.texts() if text is not None), "nothing")
        raise DataError(
            f"the time column {time.name!r} is {time.kind}, such as {shown!r}; it must be of dates or numbers "
            f'(--set "{time.name}=date:%d/%m/%Y" says how dates are written).'
        )
    moments = np.nan_to_num(time.values, nan=-math.inf)
    if (moments == moments[0]).all():
        raise DataError(
            f"the time column {time.name!r} is {time.texts()[0]!s} in every row; to split by it takes two times."
        )
    return moments


def _last_of(groups: Rows, moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for every row the place of its group by the groups' last moments."""
    last = np.full(groups.max() + 1, -math.inf)
    np.maximum.at(last, groups, moments)
    return np.argsort(np.argsort(last, kind="stable"), kind="stable")[groups].astype(np.float64)


def _last(units: NDArray[np.float64], share: float) -> Rows:
    """Return the rows of the last units that come nearest to a share of all."""
    values, size = np.unique(units, return_counts=True)
    after = np.cumsum(size[::-1])[::-1]  # rows from a unit on
    first = 1 + int(np.argmin(np.abs(after[1:] - share * len(units))))
    return np.flatnonzero(units >= values[first])


def _drawn_groups(
    groups: Rows, classes: NDArray[np.integer] | None, share: float, rng: np.random.Generator
) -> Rows:
    """Return the rows of groups drawn at random that come nearest to a share of all.

    Of several draws the first that leaves rows of every class to learn from, else that which leaves most classes.
    """
    size = np.bincount(groups)
    wanted = share * len(groups)
    small = np.flatnonzero(size <= max(wanted, size.min()))
    best, most = np.zeros(0, np.intp), -1
    for _ in range(DRAWS):
        order = rng.permutation(small)[: len(size) - 1]  # one is left to learn from
        n = 1 + int(np.argmin(np.abs(np.cumsum(size[order]) - wanted)))
        is_held = np.isin(groups, order[:n])
        learnt = 0 if classes is None else len(np.unique(classes[~is_held]))
        if learnt > most:
            best, most = np.flatnonzero(is_held), learnt
        if classes is None or learnt == len(np.unique(classes)):
            break
    return best


def _of_groups(group: Column | None, groups: Rows | None, held: Rows, part: str) -> Iterator[str]:
    """Yield what to say of a split by groups."""
    if group is None or groups is None:
        return
    n, of = len(np.unique(groups[held])), int(groups.max()) + 1
    yield f"{group.name}: {n:,} of {plural(of, 'group')} are the {part}; no group is on both sides"
    if (is_missing := group.is_missing).any():
        yield f"{group.name}: {plural(int(is_missing.sum()), 'row')} without a group are one together"


def _of_time(
    time: Column | None, moments: NDArray[np.float64] | None, learn: Rows, held: Rows, part: str
) -> Iterator[str]:
    """Yield what to say of a split by time."""
    if time is None or moments is None:
        return
    start = float(moments[held].min())
    begin = str(moment(start)) if time.kind in ("date", "datetime") else f"{start:.12g}"
    if (is_late := moments[learn] >= start).any():  # as groups stay whole
        yield (
            f"{time.name}: the groups that end last are the {part}, from {begin} on; {int(is_late.sum()):,} "
            f"row{_s(is_late)} to learn from {_are(is_late)} as late"
        )
    else:
        yield f"{time.name}: the {part} is the last {plural(len(held), 'row')}, from {begin} on"
    if (is_missing := time.is_missing).any():
        yield f"{time.name}: {plural(int(is_missing.sum()), 'row')} without a time count as the first"


def _others(held: Rows, N: int) -> Rows:
    is_held = np.zeros(N, bool)
    is_held[held] = True
    return np.flatnonzero(~is_held)


def _are_in(some: NDArray[np.integer], others: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return which numbers are among others; all are small."""
    is_there = np.zeros(1 + max(int(some.max()), int(others.max())), bool)
    is_there[others] = True
    return is_there[some]


def _rows(n: int) -> str:
    return f"{n:,} row{' equals' if n == 1 else 's equal'}"


def _s(some: NDArray[np.bool_]) -> str:
    return "" if some.sum() == 1 else "s"


def _are(some: NDArray[np.bool_]) -> str:
    return "is" if some.sum() == 1 else "are"
