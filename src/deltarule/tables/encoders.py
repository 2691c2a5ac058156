"""How each kind of column becomes numbers; every encoder is plain data and is saved with the model.

An encoder is fitted to a training column once (`fit`), gives named features (`features`), and turns any later
column into a float64 array with one of them a column (`encode`, (N, m)).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DataError
from deltarule.tables.columns import Column, Kind

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Encoder(ABC):
    """A fitted encoder of the column `name`; `has_missing` says whether values were missing in training."""

    kinds: ClassVar[tuple[Kind, ...]]
    name: str
    has_missing: bool

    @property
    @abstractmethod
    def own_features(self) -> tuple[str, ...]:
        """The features besides the one for missing values."""

    @abstractmethod
    def own_encode(self, column: Column) -> Floats:
        """Return the features besides the one for missing values, (N, m)."""

    @abstractmethod
    def describe(self) -> str:
        """Return in a few words what becomes of the column."""

    @property
    def features(self) -> tuple[str, ...]:
        missing = (f"{self.name} is missing",) if self.has_missing else ()
        return (*self.own_features, *missing)

    def encode(self, column: Column) -> Floats:
        """Return the features of a column, (N, m) float64.

        Raises
        ------
        DataError
            The column is of another kind than in training, or holds an infinite number.
        """
        column = self._as_in_training(column)
        parts = [self.own_encode(column)]
        if self.has_missing:
            parts.append(column.is_missing[:, None].astype(np.float64))
        return np.concatenate(parts, axis=1)

    def record(self) -> dict[str, Any]:
        """Return the encoder as plain data for JSON."""
        return {"encoder": type(self).__name__, **asdict(self)}

    def _as_in_training(self, column: Column) -> Column:
        if column.kind in self.kinds:
            return column
        if column.is_missing.all():  # a column without values comes in any kind
            kind = self.kinds[0]
            empty = np.full(
                len(column), None if kind == "text" else math.nan, object if kind == "text" else float
            )
            return Column(column.name, kind, empty)
        return self._converted(column)

    def _converted(self, column: Column) -> Column:
        row = int(np.argmin(column.is_missing))
        raise DataError(
            f"column {self.name!r} was {self.kinds[0]} in training, but holds {column.texts()[row]!r} "
            f"in row {row + 1:,}; give it in the form it had."
        )


@dataclass(frozen=True)
class Number(Encoder):
    """(x - mean) / std of the training values; the median stands for what is missing.

    x is divided by `unit`, the largest |x| of training, before anything else, so that squares neither
    overflow nor vanish: mean and std are those of x / unit.
    """

    kinds = ("number", "boolean")
    median: float
    unit: float
    mean: float
    std: float

    @classmethod
    def fit(cls, column: Column) -> Number:
        _refuse_infinite(column)
        present = column.values[~column.is_missing]
        unit = float(np.abs(present).max()) or 1.0
        median = float(np.median(present / unit)) * unit
        filled = np.where(column.is_missing, median, column.values) / unit
        std = float(filled.std())
        has_missing = bool(column.is_missing.any())
        # A spread that is rounding alone carries no information and must not be blown up.
        return cls(column.name, has_missing, median, unit, float(filled.mean()), std if std > 1e-12 else 1.0)

    @property
    def own_features(self) -> tuple[str, ...]:
        return (self.name,)

    def own_encode(self, column: Column) -> Floats:
        _refuse_infinite(column)
        filled = np.where(column.is_missing, self.median, column.values)
        return ((filled / self.unit - self.mean) / self.std)[:, None]

    def describe(self) -> str:
        filled = f", {self.median:.4g} where missing, with an indicator" if self.has_missing else ""
        return f"number, standardised{filled}"

    def _converted(self, column: Column) -> Column:
        """Read numbers that come as text."""
        if column.kind != "text":
            return super()._converted(column)
        values = np.full(len(column), math.nan)
        for row, text in enumerate(column.values):
            if text is not None:
                try:
                    values[row] = float(text)
                except ValueError:
                    raise DataError(
                        f"column {self.name!r} was a number in training, but holds {text!r} "
                        f"in row {row + 1:,}; mend it or leave it empty."
                    ) from None
        return Column(column.name, "number", values)


@dataclass(frozen=True)
class Boolean(Encoder):
    """1 for true, -1 for false, 0 for missing."""

    kinds = ("boolean",)

    @classmethod
    def fit(cls, column: Column) -> Boolean:
        return cls(column.name, bool(column.is_missing.any()))

    @property
    def own_features(self) -> tuple[str, ...]:
        return (self.name,)

    def own_encode(self, column: Column) -> Floats:
        return np.where(column.is_missing, 0.0, 2.0 * column.values - 1.0)[:, None]

    def describe(self) -> str:
        return "boolean" + (", with an indicator where missing" if self.has_missing else "")

    def _converted(self, column: Column) -> Column:
        """Read 0/1 and true/false."""
        meaning = {"0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0}
        texts = [text and text.strip().lower() for text in column.texts()]
        if any(text is not None and text not in meaning for text in texts):
            return super()._converted(column)
        values = np.array([math.nan if text is None else meaning[text] for text in texts])
        return Column(column.name, "boolean", values)


@dataclass(frozen=True)
class Levels(Encoder):
    """One-hot: a 1 at the level's place; rare and unseen levels share the place "other"."""

    kinds = ("text",)
    levels: tuple[str, ...]

    MOST: ClassVar[int] = 100

    @classmethod
    def fit(cls, column: Column) -> Levels:
        counts = Counter(text for text in column.texts() if text is not None)
        kept = [level for level, count in counts.items() if count >= cls.fewest(len(column))]
        kept.sort(key=lambda level: (-counts[level], level))
        return cls(column.name, bool(column.is_missing.any()), tuple(kept[: cls.MOST]))

    @staticmethod
    def fewest(N: int) -> int:
        """Return how many of N rows a level needs for a place of its own."""
        return 2 if N < 500 else 5

    @property
    def own_features(self) -> tuple[str, ...]:
        return (*(f"{self.name}={level}" for level in self.levels), f"{self.name}=other")

    def own_encode(self, column: Column) -> Floats:
        other = len(self.levels)
        place = {level: n for n, level in enumerate(self.levels)}
        texts = column.texts()
        hot = np.fromiter((place.get(text, other) if text else other for text in texts), np.intp, len(texts))
        encoded = np.zeros((len(texts), other + 1))
        encoded[np.arange(len(texts)), hot] = 1.0
        if self.has_missing:  # missing has a place of its own
            encoded[column.is_missing] = 0.0
        return encoded

    def describe(self) -> str:
        missing = ", missing" if self.has_missing else ""
        return f"text, one-hot: {len(self.levels)} levels{missing}, other"

    def _converted(self, column: Column) -> Column:
        """Read anything as text, so that the level "3" is found in a column of numbers."""
        texts = np.empty(len(column), object)
        texts[:] = column.texts()
        return Column(column.name, "text", texts)


@dataclass(frozen=True)
class Dates(Encoder):
    """Days, standardised, and those of month, weekday and hour that vary, each as a point on a circle."""

    kinds = ("datetime", "date")
    mean: float
    std: float
    cycles: tuple[str, ...]

    @classmethod
    def fit(cls, column: Column) -> Dates:
        present = column.values[~column.is_missing]
        cycles = tuple(name for name, angle in _angles(present).items() if np.ptp(angle) > 0)
        std = float(present.std())
        return cls(column.name, bool(column.is_missing.any()), float(present.mean()), std or 1.0, cycles)

    @property
    def own_features(self) -> tuple[str, ...]:
        circles = (f"{self.name} {cycle} {part}" for cycle in self.cycles for part in ("sin", "cos"))
        return (self.name, *circles)

    def own_encode(self, column: Column) -> Floats:
        days = np.where(column.is_missing, self.mean, column.values)
        angles = _angles(days)
        parts = [(days - self.mean) / self.std]
        for cycle in self.cycles:
            parts += [np.sin(angles[cycle]), np.cos(angles[cycle])]
        return np.stack(parts, axis=1)

    def describe(self) -> str:
        return "date: " + ", ".join(["days", *self.cycles]) + (", missing" if self.has_missing else "")

    def _converted(self, column: Column) -> Column:
        """Read ISO dates that come as text."""
        if column.kind != "text":
            return super()._converted(column)
        try:
            stamps = np.array([text or "NaT" for text in column.values], "M8[us]")
        except ValueError:
            return super()._converted(column)
        return Column.of(column.name, stamps)


def _angles(days: Floats) -> dict[str, Floats]:
    """Return the angle of month, weekday and hour, each a whole turn a year, a week, a day."""
    date = np.floor(days).astype("M8[D]")
    month = date.astype("M8[M]").astype(np.int64) % 12
    weekday = (date.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    hour = np.floor((days - np.floor(days)) * 24.0)
    turns = {"month": month / 12, "weekday": weekday / 7, "hour": hour / 24}
    return {name: 2.0 * np.pi * turn for name, turn in turns.items()}


def _refuse_infinite(column: Column) -> None:
    infinite = np.isinf(column.values)
    if infinite.any():
        row = int(np.argmax(infinite))
        raise DataError(
            f"column {column.name!r} is {column.values[row]} in row {row + 1:,}; "
            "every number must be finite, so mend it or leave it empty."
        )


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
        if column.is_integer and len(column) >= 20 and bool((np.diff(column.values) == 1).all()):
            return f"a row number, from {present[0]:.0f} to {present[-1]:.0f}"
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
