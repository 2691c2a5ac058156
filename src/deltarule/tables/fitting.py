"""Which encoder a column gets, or why it gets none; and encoders back from their records."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np

from deltarule.spelling import plural
from deltarule.tables.columns import Column
from deltarule.tables.coordinates import Coordinates
from deltarule.tables.dates import Dates
from deltarule.tables.encoders import Boolean, Encoder, Levels, Number, Position
from deltarule.tables.pieces import Pieces
from deltarule.tables.scaling import Scale
from deltarule.tables.schema import ColumnSchema

ENCODERS: dict[str, type[Encoder]] = {
    each.__name__: each for each in (Number, Boolean, Levels, Position, Pieces, Dates, Coordinates)
}
BESIDE = 0.25
"""The weight of levels beside their position, so that a level has to be worth it; see docs/decisions/0007."""


def fit_encoders(column: Column, one: ColumnSchema | None = None) -> list[Encoder] | str:
    """Return the encoders fitted to a column, or the reason why the column says nothing.

    one: what the column is; left out, what its values are.
    """
    if one is not None and one.kind in ("row id", "ignore"):
        return one.why
    is_missing = column.is_missing
    if is_missing.all():
        return "no value in any row"
    if not is_missing.any() and column.is_constant:
        return f"the same value in every row, {column.rows(np.zeros(1, int)).texts()[0]!r}"
    kind = column.kind if one is None else one.kind
    if column.kind == "boolean":
        return [Boolean.fit(column)]
    if column.kind in ("date", "datetime"):
        return [Dates.fit(column)]
    if column.kind == "number":
        if kind != "ordered":
            return [Number.fit(column)]
        return [Number.fit(column), beside(Levels.fit(column.as_text()))]
    if kind == "text":
        return [Pieces.fit(column)]
    levels = Levels.fit(column)
    if not levels.levels and levels.shared == 1:
        present = int((~is_missing).sum())
        return f"{len(column.coded.level_counts()):,} different texts in {plural(present, 'row')}"
    if one is not None and one.levels:
        return [
            Position.fit(column, one.levels),
            replace(levels, weights=(1.0,) * len(levels.levels), weight=BESIDE),
        ]
    return [levels]


def beside(levels: Levels) -> Levels:
    """Return levels that stand beside their position, which has the marks."""
    weights = (1.0,) * len(levels.levels)
    return replace(levels, weights=weights, weight=BESIDE, marks_missing=False, marks_unread=False)


def _scale(record: dict[str, Any]) -> Scale:
    """Return a scale from its record; those of earlier versions have a mean and a standard deviation, and no bend."""
    if "mean" not in record:
        return Scale(**record)
    return Scale(record["mean"], record["std"], record["least"], record["greatest"], bend=None)


def from_record(record: dict[str, Any]) -> Encoder:
    """Return the encoder that `Encoder.record` described."""
    fields: dict[str, Any] = {
        name: tuple(cast(list[str], value)) if isinstance(value, list) else value
        for name, value in record.items()
    }
    if "scale" in fields:
        fields["scale"] = _scale(fields["scale"])
    encoder = ENCODERS[fields.pop("encoder")]
    return encoder(**fields)
