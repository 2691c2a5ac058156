"""The column to learn: class names to class numbers, or values to standardised values, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DataError
from deltarule.tables.columns import EXACT, Column
from deltarule.tables.table import Table

Task: TypeAlias = Literal["classification", "regression"]

MOST_CLASSES = 1000
FEWEST = 2
"""Rows a class, on average, from which on many classes can be learnt."""
MICROSECONDS = 86_400e6  # of a day
_UNITS = {"date": "M8[D]", "datetime": "M8[us]"}
FEW = 20
"""Different whole numbers up to which they may be classes; they count or grade more often, in tables of any length."""


@dataclass(frozen=True)
class Target(ABC):
    """What the network's target is made from, and made back to."""

    name: str

    @abstractmethod
    def encode(self, column: Column) -> NDArray[Any]:
        """Return the column as the network learns it, (N,)."""

    @abstractmethod
    def decode(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return what `encode` made of the original values, (N,)."""

    @abstractmethod
    def record(self) -> dict[str, Any]:
        """Return the target as plain data for JSON."""


@dataclass(frozen=True)
class ClassTarget(Target):
    """Classes in order; class number n stands for names[n], of the type it had: str, int, float, bool or date.

    >>> target = ClassTarget.fit(Column.of("species", ["gentoo", "adelie", "gentoo", "adelie"]))
    >>> target.names, target.decode(np.array([0, 1]))
    (('adelie', 'gentoo'), array(['adelie', 'gentoo'], dtype='<U6'))
    """

    names: tuple[str | int | float | bool | np.datetime64, ...]
    frequencies: tuple[float, ...]

    @classmethod
    def fit(cls, column: Column) -> ClassTarget:
        """Return the target with the classes of a training column.

        Raises
        ------
        DataError
            Values are missing, or there is one class, or more than 1,000, or most have a single row.
        """
        _refuse_missing(column)
        names, counts = np.unique(_labels(column), return_counts=True)
        where = f"the target {column.name!r} has {len(names):,} classes in {len(column):,} rows"
        if len(names) < 2:
            raise DataError(
                f"the target {column.name!r} is {names[0]!s} in every row; to learn a class takes at least two."
            )
        if len(names) > MOST_CLASSES:
            raise DataError(
                f"{where}, more than the {MOST_CLASSES:,} that can be learnt; {_other_than_classes(column)}."
            )
        if len(names) > max(2, len(column) / FEWEST if len(names) > FEW or counts.max() == 1 else FEW):
            raise DataError(
                f"{where}, too few rows of each to learn from; give more rows, or: {_other_than_classes(column)}."
            )
        frequencies = counts / counts.sum()
        is_date = names.dtype.kind == "M"
        return cls(column.name, tuple(names if is_date else names.tolist()), tuple(frequencies.tolist()))

    def encode(self, column: Column, is_strict: bool = True) -> NDArray[Any]:
        """Return class numbers from 0, (N,) int64.

        A class that was not in training is refused by name, and so is none; without `is_strict` they are -1.
        """
        if is_strict:
            _refuse_missing(column)
        names = list(_keys(Column.of(self.name, list(self.names))))
        number = {name: n for n, name in enumerate(names)}
        keys = _keys(column, is_boolean=isinstance(self.names[0], bool))
        numbers = np.fromiter((number.get(key, -1) for key in keys), np.int64, len(keys))
        if is_strict and (numbers < 0).any():
            row = int(np.argmax(numbers < 0))
            known = ", ".join(map(repr, names[:20])) + (", ..." if len(names) > 20 else "")
            raise DataError(
                f"the target {self.name!r} is {keys[row]!r} in row {row + 1:,}, a class that was not in training; "
                f"known: {known}."
            )
        return numbers

    def decode(self, y: NDArray[Any]) -> NDArray[Any]:
        return np.array(self.names)[y]

    def record(self) -> dict[str, Any]:
        unit = {"unit": self._unit} if self._unit else {}
        return {
            "target": "classes",
            "name": self.name,
            "names": [str(name) if self._unit else name for name in self.names],
            "frequencies": list(self.frequencies),
            **unit,
        }

    @property
    def _unit(self) -> str:
        """NumPy's letter of the unit that dates are in; nothing where classes are no dates."""
        first = self.names[0]
        return np.datetime_data(first.dtype)[0] if isinstance(first, np.datetime64) else ""


@dataclass(frozen=True)
class NumberTarget(Target):
    """(y / unit - mean) / std; unit is the largest |y| of training, so that y may be of any size.

    >>> target = NumberTarget.fit(Column.of("price", [1e30, 3e30]))
    >>> target.encode(Column.of("price", [1e30, 3e30]))
    array([-1.,  1.])
    """

    unit: float
    mean: float
    std: float

    @classmethod
    def fit(cls, column: Column) -> NumberTarget:
        """Return the target standardised by a training column.

        Raises
        ------
        DataError
            Values are missing, are no finite numbers, or are all the same.
        """
        values = _numbers(column)
        unit = float(np.abs(values).max()) or 1.0
        std = float((values / unit).std())
        if np.ptp(values / unit) == 0.0:  # exactly: a target may vary little about a large mean
            raise DataError(
                f"the target {column.name!r} is {values[0]:g} in every row; there is nothing to learn."
            )
        return cls(column.name, unit, float((values / unit).mean()), std)

    def encode(self, column: Column) -> NDArray[Any]:
        return (_numbers(column) / self.unit - self.mean) / self.std

    def decode(self, y: NDArray[Any]) -> NDArray[Any]:
        return (y.astype(np.float64) * self.std + self.mean) * self.unit

    def record(self) -> dict[str, Any]:
        return {
            "target": "numbers",
            "name": self.name,
            "unit": self.unit,
            "mean": self.mean,
            "std": self.std,
        }


def target_from_record(record: dict[str, Any]) -> Target:
    """Return the target that `Target.record` described."""
    fields = dict(record)
    if fields.pop("target") == "numbers":
        return NumberTarget(**fields)
    names = tuple(fields["names"])
    if unit := fields.get("unit"):
        names = tuple(np.datetime64(name, unit) for name in names)
    return ClassTarget(fields["name"], names, tuple(fields["frequencies"]))


def guess_task(column: Column) -> tuple[Task, str]:
    """Return what kind of target a column is, and why in a few words; the number of rows has no say.

    >>> guess_task(Column.of("tip", [2.15, 0.0, 2.36]))
    ('regression', 'tip is a number with decimals')
    """
    name = column.name
    if column.kind in ("text", "boolean"):
        n = len({text for text in column.texts() if text is not None})
        return "classification", f"{name} is {column.kind} with {n:,} different values"
    present: NDArray[np.float64] = column.values[~column.is_missing]
    distinct = len(np.unique(present))
    if column.kind in ("date", "datetime"):
        if distinct <= FEW:
            return "classification", f"{name} is a date with {distinct:,} different values"
        return (
            "regression",
            f"{name} is a date with {distinct:,} different values, learnt as days since 1970-01-01",
        )
    if distinct == 2:
        return "classification", f"{name} has 2 different values"
    if not np.all(present == np.round(present)):
        return "regression", f"{name} is a number with decimals"
    others = "; --task classification takes them as classes" if distinct <= FEW else ""
    return "regression", f"{name} is a number with {distinct:,} different values{others}"


def take_target(data: object, name: str, where: str = "the table") -> tuple[Table, Column]:
    """Return the table without the column to learn, and that column.

    >>> table, target = take_target({"age": [20, 30], "survived": [0, 1]}, "survived")
    >>> table.names, target.values
    (['age'], array([0., 1.]))
    >>> take_target({"age": [20, 30], "survived": [0, 1]}, "surived", "titanic.csv")
    Traceback (most recent call last):
    deltarule.errors.DataError: there is no target column 'surived' in titanic.csv; did you mean 'survived'? ...
    """
    table = Table.of(data)
    return table.without(name), table.column(name, "target column", where)


def _other_than_classes(column: Column) -> str:
    """Return what to do with a column that has too many classes."""
    if column.kind in ("number", "boolean"):
        return "--task regression learns it as a quantity"
    return f'if these are numbers, --set "{column.name}=number" reads them so; else choose another --target'


def _labels(column: Column) -> NDArray[Any]:
    """Return the values as an array of str, int, float, bool or dates."""
    if column.kind in ("date", "datetime"):
        return (column.values * MICROSECONDS).round().astype("M8[us]").astype(_UNITS[column.kind])
    if column.kind == "boolean":
        return column.values.astype(bool)
    if column.kind == "number":
        values: NDArray[np.float64] = column.values
        is_whole = bool(np.all(values == np.round(values)))
        is_small = bool((np.abs(values) < EXACT).all())
        return values.astype(np.int64) if is_whole and is_small else values
    return np.array([str(text) for text in column.texts()])


def _keys(column: Column, is_boolean: bool = False) -> list[str]:
    """Return the values as text by which a class is found, whether a column came as text or as numbers."""
    keys = [str(text) for text in column.texts()]
    if is_boolean:
        meaning = {"0": "False", "1": "True", "false": "False", "true": "True"}
        return [meaning.get(key.lower(), key) for key in keys]
    return keys


def _numbers(column: Column) -> NDArray[Any]:
    _refuse_missing(column)
    column = column.as_numbers("mend it, or choose classification (--task classification)")
    refuse_infinite(column)
    return column.values


def refuse_infinite(column: Column) -> None:
    """Raise a DataError where a target of numbers is infinite."""
    bad = np.isinf(column.values)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"the target {column.name!r} is {column.values[row]} in row {row + 1:,}; expected a finite number, "
            "or none in such rows, which are then left out (nan)."
        )


def _refuse_missing(column: Column) -> None:
    is_missing = column.is_missing
    if is_missing.any():
        n, row = int(is_missing.sum()), int(np.argmax(is_missing))
        raise DataError(
            f"the target {column.name!r} is missing in {n:,} row{'' if n == 1 else 's'}, first in row {row + 1:,}; "
            "--drop-missing-target (in Python drop_missing_target=True) leaves such rows out."
        )
