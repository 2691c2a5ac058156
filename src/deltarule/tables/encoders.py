"""How each kind of column becomes numbers; every encoder is plain data and is saved with the model.

An encoder is fitted to a training column once (`fit`), gives named features (`features`), and turns any later
column into a float64 array with one of them a column (`encode`, (N, m)).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DataError
from deltarule.tables.columns import Column, Kind

Floats = NDArray[np.float64]

FARTHEST = 1e30
"""Standardised values end here: finite in float32 too, and as far away as any other to a network."""


def fewest_rows(N: int) -> int:
    """Return how many of N rows a level, or what is missing, needs for a feature of its own."""
    return 2 if N < 500 else 5


def is_often_missing(column: Column) -> bool:
    """Return whether enough values are missing to learn from that; else it would learn single rows by heart."""
    return int(column.is_missing.sum()) >= fewest_rows(len(column))


@dataclass(frozen=True)
class Encoder(ABC):
    """A fitted encoder of the column `name`.

    `marks_missing` says whether a missing value has a feature of its own: where training had enough of them
    to learn from, see `fewest_rows`.
    """

    kinds: ClassVar[tuple[Kind, ...]]
    name: str
    marks_missing: bool

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
        missing = (f"{self.name} is missing",) if self.marks_missing else ()
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
        if self.marks_missing:
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
        """Return a column of another kind as one of `kinds`, or refuse it."""
        raise self._refusal(column, int(np.argmin(column.is_missing)))

    def _refusal(self, column: Column, row: int) -> DataError:
        return DataError(
            f"column {self.name!r} was {self.kinds[0]} in training, but holds {column.texts()[row]!r} "
            f"in row {row + 1:,}; give it in the form it had."
        )


def standardised(values: Floats, mean: float, std: float, unit: float = 1.0) -> Floats:
    """Return (values / unit - mean) / std, as finite as the values are.

    >>> standardised(np.array([2.0, 1e308]), 1.0, 0.5, unit=1e-10)[1]
    np.float64(1e+30)
    """
    with np.errstate(over="ignore"):  # 1e308 in a column whose training values were all near 1e-10
        return np.clip((values / unit - mean) / std, -FARTHEST, FARTHEST)


@dataclass(frozen=True)
class Number(Encoder):
    """(x - mean) / std of the training values; the median stands for what is missing.

    x is divided by `unit`, the largest |x| of training, before anything else, so that squares neither
    overflow nor vanish: mean and std are those of x / unit, filled.

    >>> encoder = Number.fit(Column.of("age", [20.0, None, None, 30.0, 40.0]))
    >>> encoder.features
    ('age', 'age is missing')
    >>> encoder.encode(Column.of("age", [30.0, None]))
    array([[0., 0.],
           [0., 1.]])
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
        mean, std = float(filled.mean()), float(filled.std())
        if not std > 1e-12:  # a spread that is rounding alone must not be blown up
            std = 1.0
        return cls(column.name, is_often_missing(column), median, unit, mean, std)

    @property
    def own_features(self) -> tuple[str, ...]:
        return (self.name,)

    def own_encode(self, column: Column) -> Floats:
        _refuse_infinite(column)
        filled = np.where(column.is_missing, self.median, column.values)
        return standardised(filled, self.mean, self.std, self.unit)[:, None]

    def describe(self) -> str:
        return "number, standardised" + ("; median, marked, where missing" if self.marks_missing else "")

    def _converted(self, column: Column) -> Column:
        """Read numbers that come as text."""
        return column.as_numbers() if column.kind == "text" else super()._converted(column)


@dataclass(frozen=True)
class Boolean(Encoder):
    """1 for true, -1 for false; for missing 0 and an indicator, or the `usual` of the two if training had none.

    >>> encoder = Boolean.fit(Column.of("alone", [True, True, False]))
    >>> encoder.encode(Column.of("alone", [True, False, None]))
    array([[ 1.],
           [-1.],
           [ 1.]])
    """

    kinds = ("boolean",)
    usual: float

    @classmethod
    def fit(cls, column: Column) -> Boolean:
        is_missing = column.is_missing
        usual = 1.0 if column.values[~is_missing].mean() >= 0.5 else -1.0
        return cls(column.name, is_often_missing(column), usual)

    @property
    def own_features(self) -> tuple[str, ...]:
        return (self.name,)

    def own_encode(self, column: Column) -> Floats:
        filler = 0.0 if self.marks_missing else self.usual
        return np.where(column.is_missing, filler, 2.0 * column.values - 1.0)[:, None]

    def describe(self) -> str:
        return "boolean" + ("; 0, marked, where missing" if self.marks_missing else "")

    def _converted(self, column: Column) -> Column:
        """Read 0/1 and true/false."""
        meaning = {"0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0}
        texts = [text and text.strip().lower() for text in column.texts()]
        for row, text in enumerate(texts):
            if text is not None and text not in meaning:
                raise self._refusal(column, row)
        values = np.array([math.nan if text is None else meaning[text] for text in texts])
        return Column(column.name, "boolean", values)


@dataclass(frozen=True)
class Levels(Encoder):
    """One-hot: a 1 at the level's place; rare and unseen levels share the place "other".

    A level needs 5 rows for a place of its own, 2 in a table below 500 rows; the 100 most frequent get one.

    >>> encoder = Levels.fit(Column.of("sex", ["male", "female", "male", "female", "male", "x", None, None]))
    >>> encoder.features
    ('sex=male', 'sex=female', 'sex=other', 'sex is missing')
    >>> encoder.encode(Column.of("sex", ["female", "unseen", None]))
    array([[0., 1., 0., 0.],
           [0., 0., 1., 0.],
           [0., 0., 0., 1.]])
    """

    kinds = ("text",)
    levels: tuple[str, ...]

    MOST: ClassVar[int] = 100

    @classmethod
    def fit(cls, column: Column) -> Levels:
        counts = Counter(text for text in column.texts() if text is not None)
        kept = [level for level, count in counts.items() if count >= fewest_rows(len(column))]
        kept.sort(key=lambda level: (-counts[level], level))
        return cls(column.name, is_often_missing(column), tuple(kept[: cls.MOST]))

    @property
    def own_features(self) -> tuple[str, ...]:
        # Where the data know a level "other", the shared place must not take its name.
        other = "any other" if "other" in self.levels else "other"
        return tuple(f"{self.name}={level}" for level in (*self.levels, other))

    def own_encode(self, column: Column) -> Floats:
        other = len(self.levels)
        place = {level: n for n, level in enumerate(self.levels)}
        texts = column.texts()
        hot = np.fromiter((place.get(text or "", other) for text in texts), np.intp, len(texts))
        encoded = np.zeros((len(texts), other + 1))
        encoded[np.arange(len(texts)), hot] = 1.0
        is_missing = column.is_missing
        encoded[is_missing] = 0.0
        if not self.marks_missing:  # else missing has a place of its own
            encoded[is_missing, other] = 1.0
        return encoded

    def describe(self) -> str:
        missing = ", missing" if self.marks_missing else ""
        return f"text, one-hot: {len(self.levels)} levels{missing}, other"

    def _converted(self, column: Column) -> Column:
        """Read anything as text, so that the level "3" is found in a column of numbers."""
        texts = np.empty(len(column), object)
        texts[:] = column.texts()
        return Column(column.name, "text", texts)


def _refuse_infinite(column: Column) -> None:
    infinite = np.isinf(column.values)
    if infinite.any():
        row = int(np.argmax(infinite))
        raise DataError(
            f"column {column.name!r} is {column.values[row]} in row {row + 1:,}; "
            "every number must be finite, so mend it or leave it empty."
        )
