"""Which encoder a column gets, or why it gets none; and encoders back from their records."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

from deltarule.tables.columns import Column
from deltarule.tables.dates import Dates
from deltarule.tables.encoders import Boolean, Encoder, Levels, Number

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
        return Number.fit(column)
    levels = Levels.fit(column)
    counts = Counter(present)
    if sum(counts[level] for level in levels.levels) < 0.5 * len(present):
        return f"{len(counts):,} different texts in {len(present):,} rows"
    return levels


def from_record(record: dict[str, Any]) -> Encoder:
    """Return the encoder that `Encoder.record` described."""
    fields: dict[str, Any] = {
        name: tuple(cast(list[str], value)) if isinstance(value, list) else value
        for name, value in record.items()
    }
    encoder = ENCODERS[fields.pop("encoder")]
    return encoder(**fields)
