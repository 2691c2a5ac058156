"""TableEncoder: how every column of a table becomes features, fitted once and saved with the model."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deltarule.errors import DataError, OptionError, closest
from deltarule.memory import require, room_for
from deltarule.tables.encoders import Encoder, Floats
from deltarule.tables.fitting import fit_encoder, from_record
from deltarule.tables.schema import Schema
from deltarule.tables.schema import schema as schema_of
from deltarule.tables.table import Table

USUAL = "1234.56", "%Y-%m-%d"
"""Notations that need not be told."""


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
    def fit(cls, data: object, *, exclude: Sequence[str] = (), schema: Schema | None = None) -> TableEncoder:
        """Return the encoder of a training table, anything `Table.of` reads, but for the columns in `exclude`.

        schema: what the columns are; left out, that is read off the table.

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
        schema = schema_of(table) if schema is None else schema
        table, _ = schema.read(table)
        encoders: list[Encoder] = []
        dropped: dict[str, str] = {}
        for name, column in table.without(*exclude).columns.items():
            kind = schema[name].kind if name in schema else ""
            fitted = schema[name].why if kind in ("row id", "ignore") else fit_encoder(column)
            if isinstance(fitted, str):
                dropped[name] = fitted
            else:
                encoders.append(fitted)
        if not encoders:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in dropped.items()) or "there is none"
            raise DataError(f"no column is left to learn from ({reasons}).")
        return cls(tuple(encoders), dropped, schema)

    @property
    def columns(self) -> list[str]:
        """The columns used, in the order of training."""
        return [encoder.name for encoder in self.encoders]

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features, in the order of `encode`'s columns."""
        return tuple(feature for encoder in self.encoders for feature in encoder.features)

    @property
    def notices(self) -> tuple[str, ...]:
        """One line for every column that was left out: its name and the reason."""
        return tuple(f"{name}: {reason}; left out" for name, reason in self.dropped.items())

    def encode(self, data: object) -> Floats:
        """Return the features of a table, (N, m) float64; columns may stand in any order, others are ignored.

        Texts that the schema cannot read count as missing, with a warning for each of their columns.

        Raises
        ------
        DataError
            Columns are missing (all are named), or hold another kind of value than in training.
        OutOfMemoryError
            The features do not fit into memory.
        """
        table, notices = self.schema.read(Table.of(data))
        for notice in notices:
            warnings.warn(notice, stacklevel=2)
        self._refuse_absent(table, [name for name in self.columns if name not in table])
        size = len(table), len(self.features)
        what = f"the encoded table ({size[0]:,} rows of {size[1]:,} features)"
        with room_for(what):
            require(2 * 8 * size[0] * size[1], what)  # its columns, and all of them side by side
            return np.concatenate([encoder.encode(table[encoder.name]) for encoder in self.encoders], axis=1)

    def _refuse_absent(self, table: Table, absent: list[str]) -> None:
        if not absent:
            return
        spare = [name for name in table.names if name not in self.columns]
        pairs = [(name, closest(name, spare)) for name in absent]
        hints = [f"{name!r} (is it {near!r}?)" if near else repr(name) for name, near in pairs]
        verb = "is" if len(absent) == 1 else "are"
        raise DataError(
            f"the column{'' if len(absent) == 1 else 's'} {', '.join(hints)} {verb} not in the table, but the model "
            f"learnt from {'it' if len(absent) == 1 else 'them'}; add or rename."
        )

    def describe(self) -> list[tuple[str, str]]:
        """Return every column with what becomes of it, those left out last."""
        used = [(encoder.name, self._written(encoder.name) + encoder.describe()) for encoder in self.encoders]
        return used + [(name, f"left out: {reason}") for name, reason in self.dropped.items()]

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
