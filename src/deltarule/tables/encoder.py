"""TableEncoder: how every column of a table becomes features, fitted once and saved with the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.binned import Binned
from deltarule.errors import DataError, OptionError, closest, warn_of
from deltarule.memory import require, room_for
from deltarule.sparse import FEW, WIDE
from deltarule.spelling import plural
from deltarule.tables.coordinates import Coordinates
from deltarule.tables.encoders import Encoder, Levels, Number
from deltarule.tables.finding import find
from deltarule.tables.fitting import fit_encoders, from_record
from deltarule.tables.listing import AllOf, OneOf, TwoOf
from deltarule.tables.schema import USUAL, Schema
from deltarule.tables.side_by_side import side_by_side
from deltarule.tables.table import Table

BLOCK = 2**14
STRAIGHT = 2
"""A number of so many edges has one coordinate, which is the number."""


@dataclass(frozen=True)
class TableEncoder:
    """The encoders of the columns that are used, and the reasons why others are not.

    >>> table = {"age": [20, 30, None, None], "sex": ["f", "m", "m", "m"], "planet": ["earth"] * 4}
    >>> encoder = TableEncoder.fit(table)
    >>> encoder.features
    ('age', 'age is missing', 'sex=m', 'sex=other')
    >>> encoder.dropped
    {'planet': "the same value in every row, 'earth'"}
    >>> encoder.encode({"sex": ["x", "m"], "age": [25, 25]})[:, 2:]
    array([[0., 1.], [1., 0.]])
    """

    encoders: tuple[Encoder, ...]
    dropped: dict[str, str]
    schema: Schema

    @classmethod
    def fit(
        cls,
        data: object,
        *,
        exclude: Sequence[str] = (),
        schema: Schema | None = None,
        coordinates: bool = False,
    ) -> TableEncoder:
        """Return the encoder of a training table, anything `Table.of` reads, but for the columns in `exclude`.

        schema: what the columns are; left out, that is read off the table. coordinates: whether numbers have
        piecewise-linear coordinates, too, see `deltarule.tables.coordinates`; these are the last features.

        Raises
        ------
        DataError
            No column says anything, or a number is infinite.
        OptionError
            `exclude` names a column that is not there.
        """
        table = Table.of(data)
        for name in exclude:
            if name not in table:
                near = closest(name, table.names)
                hint = f"; did you mean {near!r}?" if near else "."
                raise OptionError(f"the column to exclude, {name!r}, is not in the table{hint}")
        schema = find(table) if schema is None else schema
        table, _ = schema.read(table)
        encoders: list[Encoder] = []
        dropped: dict[str, str] = {}
        columns = table.without(*exclude).columns
        all_fitted = side_by_side(
            lambda column: fit_encoders(column, schema.columns.get(column.name)), columns.values(), len(table)
        )
        for name, fitted in zip(columns, all_fitted, strict=True):
            if isinstance(fitted, str):
                dropped[name] = fitted
            else:
                encoders += fitted
        if not encoders:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in dropped.items()) or "there is none"
            raise DataError(f"no column is left to learn from ({reasons}).")
        if coordinates:
            numbers = [columns[one.name] for one in encoders if isinstance(one, Number)]
            fitted = side_by_side(Coordinates.fit, numbers, len(table))
            encoders += [one for one in fitted if len(one.edges) > STRAIGHT]
        return cls(tuple(encoders), dropped, schema)

    @property
    def plain(self) -> TableEncoder:
        """The encoder without coordinates, whose features are the first of all."""
        return replace(self, encoders=tuple(one for one in self.encoders if not isinstance(one, Coordinates)))

    @property
    def columns(self) -> list[str]:
        """The columns used, in the order of training."""
        return list(dict.fromkeys(encoder.name for encoder in self.encoders))

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features, in the order of `encode`'s columns."""
        return tuple(feature for encoder in self.encoders for feature in encoder.features)

    @property
    def notices(self) -> tuple[str, ...]:
        """One line for every column that was left out: its name and the reason."""
        return tuple(f"{name}: {reason}; left out" for name, reason in self.dropped.items())

    def encode(self, data: object, dtype: str = "float64") -> Any:
        """Return the features of a table, (N, m) in a dtype; columns may stand in any order, others are ignored.

        Where few are not 0, as those of texts, they come as a SciPy CSR array, unless some are coordinates.

        Warns
        -----
        UserWarning
            Texts that the schema cannot read, which count as missing, and numbers far outside of what training saw,
            which count as the farthest; a warning for each of their columns.

        Raises
        ------
        DataError
            Columns are missing (all are named), or hold another kind of value than in training.
        OutOfMemoryError
            The features do not fit into memory.
        """
        table, notices = self.read(data)
        warn_of(notices)
        X = self.features_of(table, dtype)
        return X.toarray() if isinstance(X, Binned) else X

    def read(self, data: object) -> tuple[Table, tuple[str, ...]]:
        """Return a table as the schema reads it, and what there is to say: of cells it cannot read, or far outside."""
        given = Table.of(data)
        table, notices = self.schema.read(given)
        if table is given:
            return table, ()
        return table, (*notices, *self.beyond(table))

    def features_of(self, table: Table, dtype: str = "float64") -> Any:
        """Return the features of a table that the schema has read, without a warning, as `encode` does or in bins."""
        self._refuse_absent(table, [name for name in self.columns if name not in table])
        N, m = len(table), len(self.features)
        k = sum(_listed_of(one) for one in self.encoders)
        is_binned = any(isinstance(one, Coordinates) for one in self.encoders)
        is_listed = is_binned or (m >= WIDE and k * FEW <= m)
        what = f"the encoded table ({plural(N, 'row')} of {plural(m, 'feature')})"
        size = np.dtype(dtype).itemsize
        with room_for(what):
            require(N * k * (size + 4) if is_listed else 2 * N * m * size, what)
            if not is_listed:
                return self._matrix(table, dtype)
            return self._binned(table, dtype, k) if is_binned else self._listed(table, dtype, k)

    def _matrix(self, table: Table, dtype: str) -> NDArray[Any]:
        N = len(table)
        X = np.empty((N, len(self.features)), dtype)
        parts = side_by_side(lambda one: one.by_rows(table[one.name]), self.encoders, N)

        def write(rows: slice) -> None:
            for part, first, end in zip(parts, self._ends, self._ends[1:], strict=False):
                X[rows, first:end] = part(rows)

        side_by_side(write, _blocks(N), BLOCK * len(parts))
        return X

    def _binned(self, table: Table, dtype: str, k: int) -> Binned:
        """Return the features with coordinates, the last of all, in bins."""
        in_bins = [one for one in self.encoders if isinstance(one, Coordinates)]
        spans = np.array([*pairwise(self._ends)][-len(in_bins) :], np.int64)
        means = np.zeros(self._ends[-1], dtype)
        means[spans[0, 0] :] = np.concatenate([one.means for one in in_bins])
        return Binned(*self._lists(table, dtype, k), spans, means)

    def _listed(self, table: Table, dtype: str, k: int) -> Any:
        """Return the features in CSR, k numbers to a row."""
        from deltarule.tables.listed import Listed

        N = len(table)
        places, values = self._lists(table, dtype, k)
        ends = np.arange(N + 1, dtype=np.int32 if N * k < 2**31 else np.int64) * k
        return Listed((values.ravel(), places.ravel(), ends), shape=(N, self._ends[-1]))

    def _lists(self, table: Table, dtype: str, k: int) -> tuple[NDArray[np.int32], NDArray[Any]]:
        """Return places and values of k numbers to a row, (N, k).

        They are one feature of each column of levels, all features of the others, and two nodes of those in bins.
        """
        ends_of = self._ends
        before = sum(not isinstance(one, Coordinates) for one in self.encoders)  # those in bins are the last

        def part(encoder: tuple[int, Encoder]) -> AllOf | OneOf | TwoOf:
            n, one = encoder
            first = ends_of[n]
            column = table[one.name]
            if isinstance(one, Coordinates):
                return TwoOf(one.nodes_of(column), first, ends_of[-1] + n - before)
            if not isinstance(one, Levels):
                return AllOf(one.by_rows(column), first, len(one.features))
            codes, places = one.coded_places(column)
            return OneOf(codes, places + np.int32(first), one.sizes.astype(dtype)[places])

        N = len(table)
        parts = side_by_side(part, enumerate(self.encoders), N)
        values, places = np.empty((N, k), dtype), np.empty((N, k), np.int32)

        def write(rows: slice) -> None:
            end = 0
            for each in parts:
                at, end = end, end + each.width
                each.write(rows, values[rows, at:end], places[rows, at:end])

        side_by_side(write, _blocks(N), BLOCK * k)
        return places, values

    @property
    def _ends(self) -> list[int]:
        """The first feature of each encoder, and their end."""
        return [0, *accumulate(len(one.features) for one in self.encoders)]

    def beyond(self, table: Table) -> list[str]:
        """Return a sentence for each column with values unlike those that training saw."""
        said: list[str] = []
        for one in self.encoders:
            if one.name not in table:
                continue
            column = table[one.name]
            rows, taken = one.beyond(column)
            if len(rows):
                cells = "" if len(rows) == 1 else f" and {len(rows) - 1:,} more"
                value, row = column.rows(rows[:1]).texts()[0], column.row(int(rows[0]))
                verb = "is" if len(rows) == 1 else "are"
                said.append(f"{one.name}: {value} in {row}{cells} {verb} {taken}")
        return said

    def _refuse_absent(self, table: Table, absent: list[str]) -> None:
        if not absent:
            return
        spare = [name for name in table.names if name not in self.columns]
        pairs = [(name, closest(name, spare)) for name in absent]
        hints = [f"{name!r} (is it {near!r}?)" if near else repr(name) for name, near in pairs]
        verb = "is" if len(absent) == 1 else "are"
        raise DataError(
            f"the column{'' if len(absent) == 1 else 's'} {', '.join(hints)} {verb} not in {table.where}, but the "
            f"model learnt from {'it' if len(absent) == 1 else 'them'}; add or rename."
        )

    def describe(self) -> list[tuple[str, str]]:
        """Return every column with what becomes of it, those left out last."""
        used: dict[str, str] = {}
        for one in self.encoders:
            before = used.get(one.name)
            used[one.name] = (
                f"{before}; {one.describe()}" if before else self._written(one.name) + one.describe()
            )
        return [*used.items()] + [(name, f"left out: {reason}") for name, reason in self.dropped.items()]

    def _written(self, name: str) -> str:
        """Return how a column is written, where that is not as everywhere."""
        written = self.schema[name].written if name in self.schema else None
        return "" if written is None or str(written) in USUAL else f"{written}, "

    def record(self) -> dict[str, Any]:
        """Return the encoder as plain data for JSON."""
        return {
            "columns": [encoder.record() for encoder in self.encoders],
            "dropped": self.dropped,
            "schema": self.schema.record(),
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> TableEncoder:
        """Return the encoder that `record` described."""
        columns: Iterable[dict[str, Any]] = record["columns"]
        return cls(
            tuple(from_record(column) for column in columns),
            dict(record["dropped"]),
            Schema.from_record(record.get("schema", [])),
        )


def _listed_of(encoder: Encoder) -> int:
    """Return how many numbers are listed for a row of a column."""
    if isinstance(encoder, Levels):
        return 1
    return 2 if isinstance(encoder, Coordinates) else len(encoder.features)


def _blocks(N: int) -> list[slice]:
    """Return N rows in blocks that stay in the cache."""
    return [slice(first, min(first + BLOCK, N)) for first in range(0, N, BLOCK)]
