"""Which encoder a column gets, or why it gets none; and encoders back from their records."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from deltarule.tables.columns import Column
from deltarule.tables.dates import Dates
from deltarule.tables.encoders import Boolean, Encoder, Levels, Number
from deltarule.tables.scaling import Scale

ENCODERS: dict[str, type[Encoder]] = {each.__name__: each for each in (Number, Boolean, Levels, Dates)}


def fit_encoder(column: Column) -> Encoder | str:
    """Return the encoder fitted to a column, or the reason why the column says nothing."""
    is_missing = column.is_missing
    if is_missing.all():
        return "no value in any row"
    if not is_missing.any() and column.is_constant:
        return f"the same value in every row, {column.rows(np.zeros(1, int)).texts()[0]!r}"
    if column.kind == "boolean":
        return Boolean.fit(column)
    if column.kind in ("date", "datetime"):
        return Dates.fit(column)
    if column.kind == "number":
        return Number.fit(column)
    levels = Levels.fit(column)
    counts, present = column.coded.level_counts(), int((~is_missing).sum())
    if sum(counts[level] for level in levels.levels) < 0.5 * present:
        return f"{len(counts):,} different texts in {present:,} rows"
    return levels


def from_record(record: dict[str, Any]) -> Encoder:
    """Return the encoder that `Encoder.record` described."""
    fields: dict[str, Any] = {
        name: tuple(cast(list[str], value)) if isinstance(value, list) else value
        for name, value in record.items()
    }
    if "scale" in fields:
        fields["scale"] = Scale(**fields["scale"])
    encoder = ENCODERS[fields.pop("encoder")]
    return encoder(**fields)
