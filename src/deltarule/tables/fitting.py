"""Which encoder a column gets, or why it gets none; and encoders back from their records."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, cast

import numpy as np

from deltarule.tables.columns import Column
from deltarule.tables.dates import Dates
from deltarule.tables.encoders import Boolean, Encoder, Levels, Number

ROW_NUMBERS = frozenset({"id", "index", "key", "no", "nr", "number", "record", "row", "unnamed"})
"""Words in the names of columns that number the rows; a "year" that counts up is no such thing."""

ENCODERS: dict[str, type[Encoder]] = {each.__name__: each for each in (Number, Boolean, Levels, Dates)}


def fit_encoder(column: Column) -> Encoder | str:
    """Return the encoder fitted to a column, or the reason why the column says nothing."""
    is_missing = column.is_missing
    present = column.values[~is_missing]
    if len(present) == 0:
        return "no value in any row"
    first = present[0]
    if not is_missing.any() and bool((present == first).all()):
        return f"the same value in every row, {column.texts()[0]!r}"
    if column.kind == "boolean":
        return Boolean.fit(column)
    if column.kind in ("date", "datetime"):
        return Dates.fit(column)
    if column.kind == "number":
        if _is_row_number(column):
            return f"a row number, from {present[0]:.0f} to {present[-1]:.0f}"
        return Number.fit(column)
    levels = Levels.fit(column)
    counts = Counter(present)
    if sum(counts[level] for level in levels.levels) < 0.5 * len(present):
        return f"{len(counts):,} different texts in {len(present):,} rows"
    return levels


def _is_row_number(column: Column) -> bool:
    """Return whether whole numbers count the rows: from 0 or 1, or from anywhere under a name that says so."""
    if not column.is_integer or len(column) < 20 or not bool((np.diff(column.values) == 1).all()):
        return False
    words = re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column.name).lower())
    return column.values[0] in (0, 1) or not ROW_NUMBERS.isdisjoint(words)


def from_record(record: dict[str, Any]) -> Encoder:
    """Return the encoder that `Encoder.record` described."""
    fields: dict[str, Any] = {
        name: tuple(cast(list[str], value)) if isinstance(value, list) else value
        for name, value in record.items()
    }
    encoder = ENCODERS[fields.pop("encoder")]
    return encoder(**fields)
