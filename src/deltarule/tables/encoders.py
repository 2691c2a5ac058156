"""How each kind of column becomes numbers; every encoder is plain data and is saved with the model.

An encoder is fitted to a training column once (`fit`), gives named features (`features`), and turns any later
column into a float64 array with one of them a column (`encode`, (N, m)).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DataError
from deltarule.spelling import plural
from deltarule.tables.columns import Column, Kind
from deltarule.tables.scaling import Floats, Scale, median_of

MOSTLY_NEW = 0.5
"""From which share of new levels on these are told."""


def fewest_rows(N: int) -> int:
    """Return how many of N rows a level, or what is missing, needs for a feature of its own."""
    return 2 if N < 500 else 5


@dataclass(frozen=True)
class Encoder(ABC):
    """A fitted encoder of the column `name`.

    `marks_missing` says whether a missing value has a feature of its own: where training had enough of them
    to learn from, see `fewest_rows`; `marks_unread` likewise whether one that could not be read has.
    """

    kinds: ClassVar[tuple[Kind, ...]]
    name: str
    marks_missing: bool
    marks_unread: bool

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

    def beyond(self, column: Column) -> tuple[NDArray[np.intp], str]:
        """Return the rows whose values are so unlike those of training that they are taken for others, and which."""
        return np.zeros(0, np.intp), ""

    @property
    def features(self) -> tuple[str, ...]:
        missing = (f"{self.name} is missing",) if self.marks_missing else ()
        unread = (f"{self.name} is unreadable",) if self.marks_unread else ()
        return (*self.own_features, *missing, *unread)

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
        if self.marks_unread:
            parts.append(column.unread[:, None].astype(np.float64))
        return np.concatenate(parts, axis=1)

    def by_rows(self, column: Column) -> Callable[[slice], Floats]:
        """Return what gives the features of any rows of a column, (n, m) float64: here of all that are encoded now."""
        return self.encode(column).__getitem__

    def record(self) -> dict[str, Any]:
        """Return the encoder as plain data for JSON."""
        return {"encoder": type(self).__name__, **asdict(self)}

    def _as_in_training(self, column: Column) -> Column:
        if column.kind in self.kinds:
            return column
        if column.is_missing.all():  # a column without values comes in any kind
            empty = column.as_text() if self.kinds[0] == "text" else column.as_numbers()
            return replace(empty, kind=self.kinds[0])
        return self._converted(column)

    def _converted(self, column: Column) -> Column:
        """Return a column of another kind as one of `kinds`, or refuse it."""
        raise self._refusal(column, int(np.argmin(column.is_missing)))

    def _refusal(self, column: Column, row: int) -> DataError:
        return DataError(
            f"column {self.name!r} was {self.kinds[0]} in training, but holds {column.texts()[row]!r} "
            f"in {column.row(row)}; give it in the form it had."
        )


def marks(column: Column) -> dict[str, bool]:
    """Return which marks an encoder fitted to a column has."""
    fewest = fewest_rows(len(column))
    return {
        "marks_missing": int(column.is_missing.sum()) >= fewest,
        "marks_unread": int(column.unread.sum()) >= fewest,
    }


class RowByRow(Encoder):
    """An encoder whose features of a row are those of its value, so that they can be made of a few rows at a time."""

    def by_rows(self, column: Column) -> Callable[[slice], Floats]:
        column = self._as_in_training(column)
        return lambda rows: self.encode(column.rows(rows))


@dataclass(frozen=True)
class Scaled(RowByRow):
    """An encoder of numbers, or of what has a place in time, by a scale."""

    scale: Scale

    def beyond(self, column: Column) -> tuple[NDArray[np.intp], str]:
        column, scale = self._as_in_training(column), self.scale
        rows = scale.beyond(column.values)
        if not len(rows):
            return rows, ""
        ends = Column(self.name, column.kind, np.array([scale.least, scale.greatest]))
        least, greatest = ends.shown()
        end = replace(ends, values=np.clip(column.values[rows[:1]], scale.low, scale.high)).shown()[0]
        return rows, f"far outside: training had {least} to {greatest}; taken as {end}"


@dataclass(frozen=True)
class Number(Scaled):
    """A number, scaled around its median in training, see `Scale`; the median stands for what is missing.

    >>> encoder = Number.fit(Column.of("age", [20.0, None, None, 30.0, 40.0]))
    >>> encoder.features
    ('age', 'age is missing')
    >>> encoder.encode(Column.of("age", [30.0, None]))
    array([[0., 0.],
           [0., 1.]])
    """

    kinds = ("number", "boolean")
    median: float

    @classmethod
    def fit(cls, column: Column) -> Number:
        present = column.values[~column.is_missing] if column.is_missing.any() else column.values
        median = median_of(present)
        scale = Scale.of(present, median)
        return cls(column.name, **marks(column), median=median, scale=scale)

    @property
    def own_features(self) -> tuple[str, ...]:
        return (self.name,)

    def own_encode(self, column: Column) -> Floats:
        values = column.values
        if column.is_missing.any():
            values = np.where(column.is_missing, self.median, values)
        return self.scale.z(values)[:, None]

    def describe(self) -> str:
        return "number, scaled" + ("; median, marked, where missing" if self.marks_missing else "")

    def _converted(self, column: Column) -> Column:
        """Read numbers that come as text."""
        return column.as_numbers() if column.kind == "text" else super()._converted(column)


@dataclass(frozen=True)
class Boolean(RowByRow):
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
        return cls(column.name, **marks(column), usual=usual)

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
    """One-hot: a 1 at the level's place; rare and unseen levels share places, of which each has one by its hash.

    A level needs 5 rows for a place of its own, 2 in a table below 500 rows; the 10,000 most frequent get one. There
    is a shared place for every 50 rows of rare levels, 64 at most. weights: what stands at each level's place: the root
    of its rows over 200, or over a twentieth of the table, so that a level of few rows has to be worth it to the weight
    decay; 1 from there on. weight: by which all are multiplied. rare: the share of training's cells at shared places.

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
    weights: tuple[float, ...]
    shared: int
    weight: float = 1.0
    rare: float = 0.0

    MOST: ClassVar[int] = 10_000
    ROWS_A_SHARED, MOST_SHARED, FULL = 50, 64, 200

    @classmethod
    def fit(cls, column: Column) -> Levels:
        counts = column.coded.level_counts()
        kept = [level for level, count in counts.items() if count >= fewest_rows(len(column))]
        kept.sort(key=lambda level: (-counts[level], level))
        del kept[cls.MOST :]
        rare = sum(counts.values()) - sum(counts[level] for level in kept)
        shared = min(max(rare // cls.ROWS_A_SHARED, 1), cls.MOST_SHARED)
        full = min(cls.FULL, len(column) / 20)
        weights = tuple(min(1.0, math.sqrt(counts[level] / full)) for level in kept)
        return cls(
            column.name,
            **marks(column),
            levels=tuple(kept),
            weights=weights,
            shared=shared,
            rare=rare / max(sum(counts.values()), 1),
        )

    @property
    def own_features(self) -> tuple[str, ...]:
        # Where the data know a level "other", the shared place must not take its name.
        other = "any other" if any(level.startswith("other") for level in self.levels) else "other"
        others = [other] if self.shared == 1 else [f"{other} {n + 1}" for n in range(self.shared)]
        return tuple(f"{self.name}={level}" for level in (*self.levels, *others))

    def own_encode(self, column: Column) -> Floats:
        places = self.places(column)
        encoded = np.zeros((len(column), len(self.levels) + self.shared + 1))
        encoded[np.arange(len(column)), places] = self.sizes[places]
        return encoded[:, :-1]

    @property
    def sizes(self) -> Floats:
        """What stands at each place."""
        others = np.ones(self.shared + self.marks_missing)
        return self.weight * np.append(self.weights, others)

    def places(self, column: Column) -> NDArray[np.int32]:
        """Return which of the features is 1 in each row, (N,)."""
        codes, places = self.coded_places(column)
        return places[codes]

    def coded_places(self, column: Column) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the code of each row, (N,), and which of the features is 1 for each; for -1, missing, the last."""
        coded = self._as_in_training(column).coded
        n = len(self.levels)
        place = dict(zip(self.levels, range(n), strict=True))
        found = np.fromiter((place.get(text, -1) for text in coded.texts), np.int32, len(coded.texts))
        for at in np.flatnonzero(found < 0).tolist():
            found[at] = n + crc32(coded.texts[at].encode()) % self.shared
        missing = n + self.shared if self.marks_missing else n
        return coded.codes, np.append(found, np.int32(missing))

    def beyond(self, column: Column) -> tuple[NDArray[np.intp], str]:
        """Return the rows of levels without a place, where these are most, and were far fewer in training."""
        places = self.places(column)
        is_other = (places >= len(self.levels)) & ~column.is_missing
        share = float(is_other.sum()) / max(int((~column.is_missing).sum()), 1)
        if not self.levels or share <= max(MOSTLY_NEW, 2 * self.rare):
            return np.zeros(0, np.intp), ""
        known = ", ".join(map(repr, self.levels[:3])) + (", ..." if len(self.levels) > 3 else "")
        return np.flatnonzero(is_other), f"no level that training had often ({known}); taken as another"

    def describe(self) -> str:
        missing = ", missing" if self.marks_missing else ""
        other = "other" if self.shared == 1 else f"others at {self.shared} shared places"
        return f"text, one-hot: {plural(len(self.levels), 'level')}{missing}, {other}"

    def _converted(self, column: Column) -> Column:
        """Read anything as text, so that the level "3" is found in a column of numbers."""
        return column.as_text()


@dataclass(frozen=True)
class Position(Encoder):
    """The place of a level in their order, scaled; the middle for what is missing or in none.

    >>> encoder = Position.fit(Column.of("size", ["S", "L", "M", None]), ("S", "M", "L"))
    >>> encoder.own_encode(Column.of("size", ["M", "L"])).round(3).tolist()
    [[0.0], [0.949]]
    """

    kinds = ("text",)
    order: tuple[str, ...]
    median: float
    scale: Scale

    @classmethod
    def fit(cls, column: Column, order: tuple[str, ...]) -> Position:
        places = cls._places(column, order)
        present = places[~np.isnan(places)]
        present = present if len(present) else np.zeros(1)
        median = median_of(present)
        scale = Scale.of(present, median)
        return cls(
            column.name, marks_missing=False, marks_unread=False, order=order, median=median, scale=scale
        )

    @staticmethod
    def _places(column: Column, order: tuple[str, ...]) -> Floats:
        place = {level: float(n) for n, level in enumerate(order)}
        coded = column.coded
        return coded.take(np.array([place.get(text, math.nan) for text in coded.texts], np.float64))

    @property
    def own_features(self) -> tuple[str, ...]:
        return (f"{self.name} in order",)

    def own_encode(self, column: Column) -> Floats:
        places = self._places(column, self.order)
        return self.scale.z(np.where(np.isnan(places), self.median, places))[:, None]

    def describe(self) -> str:
        return "place in order: " + " < ".join(self.order[:6]) + (" < ..." if len(self.order) > 6 else "")

    def _converted(self, column: Column) -> Column:
        return column.as_text()
