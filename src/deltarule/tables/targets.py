"""The column to learn: class names to class numbers, or values to standardised values, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.errors import DataError
from deltarule.maths.output import Output
from deltarule.maths.outputs import OUTPUTS
from deltarule.tables.columns import Column
from deltarule.tables.table import Table
from deltarule.tables.transforms import TRANSFORMS

Task: TypeAlias = Literal["classification", "regression"]

MOST_CLASSES = 1000
FEWEST = 2
"""Rows a class, on average, from which on many classes can be learnt."""
MICROSECONDS = 86_400e6  # of a day
_UNITS = {"date": "M8[D]", "datetime": "M8[us]"}
NORMAL = 1.349
"""The interquartile range of a normal distribution, over its standard deviation."""
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
    def predict(self, y_hat: NDArray[Any]) -> NDArray[Any]:
        """Return what the network's outputs for this target, (N, outputs), say of the original values."""

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
    def fit(cls, column: Column, weights: NDArray[Any] | None = None) -> ClassTarget:
        """Return the target with the classes of a training column, and how frequent they are by the rows' weights.

        Raises
        ------
        DataError
            Values are missing, or there is one class, or more than 1,000, or most have a single row.
        """
        _refuse_missing(column)
        _refuse_one_row(column)
        names, which, counts = np.unique(_labels(column), return_inverse=True, return_counts=True)
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
        shares = counts if weights is None else np.bincount(which, weights, len(names))
        frequencies = shares / shares.sum()
        is_date = names.dtype.kind == "M"
        return cls(column.name, tuple(names if is_date else names.tolist()), tuple(frequencies.tolist()))

    @classmethod
    def among(cls, column: Column, classes: ArrayLike, weights: NDArray[Any] | None = None) -> ClassTarget:
        """Return the target with given classes, of which a training column may lack some."""
        target = cls.fit(Column.of(column.name, np.repeat(np.asarray(classes), FEW)))
        shares = np.bincount(target.encode(column), weights, len(target.names))
        return replace(target, frequencies=tuple((shares / shares.sum()).tolist()))

    def encode(self, column: Column) -> NDArray[Any]:
        """Return class numbers from 0, (N,) int64; a class that was not in training is refused, and so is none."""
        _refuse_missing(column)
        numbers = self.numbers_of(column)
        if (numbers < 0).any():
            row = int(np.argmax(numbers < 0))
            names = self._known
            known = ", ".join(map(repr, names[:20])) + (", ..." if len(names) > 20 else "")
            raise DataError(
                f"the target {self.name!r} is {column.rows(slice(row, row + 1)).texts()[0]!r} in {column.row(row)}, a "
                f"class that was not in training; known: {known}."
            )
        return numbers

    def numbers_of(self, column: Column) -> NDArray[np.int64]:
        """Return class numbers from 0, (N,), and -1 where there is no class of training."""
        number = {name: n for n, name in enumerate(self._known)}
        keys = _keys(column, is_boolean=isinstance(self.names[0], bool))
        return np.fromiter((number.get(key, -1) for key in keys), np.int64, len(keys))

    @property
    def _known(self) -> list[str]:
        """The classes as texts."""
        return _keys(Column.of(self.name, list(self.names)))

    def decode(self, y: NDArray[Any]) -> NDArray[Any]:
        return np.array(self.names)[y]

    def predict(self, y_hat: NDArray[Any]) -> NDArray[Any]:
        """Return the likeliest class, (N,), by its probabilities, (N, C), or by that of the second of two, (N, 1)."""
        return self.decode(self.shares(y_hat).argmax(axis=1))

    def shares(self, y_hat: NDArray[Any]) -> NDArray[np.float64]:
        """Return the probability of every class, (N, C) float64, rows adding up to 1."""
        wide = y_hat.astype(np.float64)
        if wide.shape[1] == 1:
            return np.hstack([1.0 - wide, wide])
        return wide / wide.sum(axis=1, keepdims=True)

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
    """(f(y / unit) - center) / spread; unit is the largest |y| of training, so that y may be of any size.

    Center and spread are those that a loss goes by: mean and standard deviation for squared errors, median and
    interquartile range (over 1.349, as of a normal distribution) for those that outliers weigh less in, and 0 and the
    mean for counts, whose logarithm the network learns.

    transform
        What f is, by its name in TRANSFORMS.
    factor
        What the mean of y is over that of f^-1: with squared errors of a logarithm one would predict too little.
    is_count
        Whether all values of training are whole and none below 0; then no prediction is below 0.
    constants
        What the loss would have a constant predict, one for each output, in the target's own units.
    offsets
        What is added to quantiles, one for each output, so that of rows held out the right share lies below them
        (Romano, Patterson, Candes 2019); none where no rows were.

    >>> target = NumberTarget.fit(Column.of("price", [1e30, 3e30]))
    >>> target.encode(Column.of("price", [1e30, 3e30]))
    array([-1.,  1.])
    """

    unit: float
    center: float
    spread: float
    transform: str = "none"
    factor: float = 1.0
    is_count: bool = False
    constants: tuple[float, ...] = ()
    offsets: tuple[float, ...] = ()

    @classmethod
    def fit(
        cls,
        column: Column,
        output: Output = OUTPUTS["linear"],
        *,
        transform: str = "none",
        weights: NDArray[Any] | None = None,
    ) -> NumberTarget:
        """Return the target as a training column says, for a network's output and its loss.

        Raises
        ------
        DataError
            Values are missing, are no finite numbers, are all the same, or are none that the loss or the transform
            takes.
        """
        values = _numbers(column)
        _refuse_one_row(column)
        unit = float(np.abs(values).max()) or 1.0
        scaled = values / unit
        if np.ptp(scaled) == 0.0:  # exactly: a target may vary little about a large mean
            raise DataError(
                f"the target {column.name!r} is {values[0]:g} in every row; there is nothing to learn."
            )
        refuse_unfit(column, output.name, transform)
        y = TRANSFORMS[transform].of(column, scaled)
        center, spread = _scale(y, output, weights)
        is_count = bool((values >= 0).all() and (values == np.round(values)).all())
        constants = tuple(float(each) * unit for each in _constants(scaled, output, weights))
        return cls(column.name, unit, center, spread, transform, 1.0, is_count, constants)

    def encode(self, column: Column) -> NDArray[Any]:
        y = TRANSFORMS[self.transform].of(column, _numbers(column) / self.unit)
        return (y - self.center) / self.spread

    def decode(self, y: NDArray[Any]) -> NDArray[Any]:
        return TRANSFORMS[self.transform].back(y.astype(np.float64) * self.spread + self.center) * self.unit

    def predict(self, y_hat: NDArray[Any]) -> NDArray[Any]:
        """Return predictions in the target's own units, (N,), or (N, levels), which rise with the level.

        Levels that cross are put in order, which brings each nearer to its quantile (Chernozhukov, Fernandez-Val,
        Galichon 2010).
        """
        if self.offsets:
            y_hat = y_hat + np.array(self.offsets)
        values = self.factor * self.decode(np.sort(y_hat, axis=1))
        if self.is_count:
            values = np.maximum(values, 0.0)
        return values[:, 0] if values.shape[1] == 1 else values

    def learnt(self, y_hat: NDArray[Any]) -> NDArray[np.float64]:
        """Return what `predict` says of the network's output, (N, 1), as the network learns values, (N,)."""
        f = TRANSFORMS[self.transform]
        scaled = self.predict(y_hat) / self.unit
        return (f.f(np.maximum(scaled, f.least + np.finfo(np.float64).tiny)) - self.center) / self.spread

    def bounds(self, z: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return z - half and z + half, (N,) as the network learns values, in the target's own units, (N, 2)."""
        values = self.decode(np.column_stack([z - half, z + half]))
        return np.maximum(values, 0.0) if self.is_count else values

    def calibrated(
        self, levels: tuple[float, ...], y: NDArray[Any], y_hat: NDArray[Any], weights: NDArray[Any] | None
    ) -> NumberTarget:
        """Return the target with offsets: the share q of y, (N,), is below each level of y_hat, (N, levels), then."""
        errors = (y[:, None] - y_hat).astype(np.float64)
        offsets = [quantile(e, q, weights) for q, e in zip(levels, errors.T, strict=True)]
        return replace(self, offsets=tuple(offsets))

    def record(self) -> dict[str, Any]:
        return {"target": "numbers", **asdict(self)}


def encoded(targets: Iterable[Target], columns: Iterable[Column]) -> NDArray[Any]:
    """Return columns as a network learns them, (N,), or of several targets (N, targets)."""
    each = [target.encode(column) for target, column in zip(targets, columns, strict=True)]
    return each[0] if len(each) == 1 else np.column_stack(each)


def target_from_record(record: dict[str, Any]) -> Target:
    """Return the target that `Target.record` described."""
    fields = dict(record)
    if fields.pop("target") == "numbers":
        if "mean" in fields:  # as in files of format 1
            center, spread = fields.pop("mean"), fields.pop("std")
            fields |= {"center": center, "spread": spread, "constants": [center * fields["unit"]]}
        constants, offsets = (tuple(fields.pop(name, ())) for name in ("constants", "offsets"))
        return NumberTarget(constants=constants, offsets=offsets, **fields)
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


def _refuse_one_row(column: Column) -> None:
    if len(column) == 1:
        raise DataError(
            f"there is one row to learn the target {column.name!r} from (n_samples=1); give at least two, of different "
            "targets."
        )


def _other_than_classes(column: Column) -> str:
    """Return what to do with a column that has too many classes."""
    if column.kind in ("number", "boolean"):
        kind = "" if column.is_integer or column.kind == "boolean" else "continuous "
        return f"--task regression (in Python TableRegressor) learns it as a {kind}quantity"
    return f'if these are numbers, --set "{column.name}=number" reads them so; else choose another --target'


def _labels(column: Column) -> NDArray[Any]:
    """Return the values as an array of str, int, float, bool or dates."""
    if column.kind in ("date", "datetime"):
        return (column.values * MICROSECONDS).round().astype("M8[us]").astype(_UNITS[column.kind])
    if column.kind == "boolean":
        return column.values.astype(bool)
    if column.kind == "number":
        values: NDArray[np.float64] = column.values
        return values.astype(np.int64) if column.is_integer else values
    texts = [str(text) for text in column.texts()]
    return np.array([int(text) for text in texts] if column.is_integer else texts)


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


def refuse_unfit(column: Column, output: str, transform: str) -> None:
    """Raise a DataError where a target has a value that the output's loss, or a transform, does not take.

    Rows without a target, which may be among them, are passed over.
    """
    values: NDArray[np.float64] = column.as_numbers().values
    there = np.nan_to_num(values, nan=1.0)
    TRANSFORMS[transform].of(column, there)
    if output == "poisson" and (there < 0).any():
        row = int(np.argmax(there < 0))
        raise DataError(
            f"the target {column.name!r} is {values[row]:g} in {column.row(row)}, and the loss poisson is for counts "
            "and rates, which are 0 or more; squared_error, absolute_error, huber and quantile take any number."
        )


def _scale(y: NDArray[Any], output: Output, weights: NDArray[Any] | None) -> tuple[float, float]:
    """Return center and spread of the values that an output learns."""
    mean = float(np.average(y, weights=weights))
    if output.name == "poisson":
        return 0.0, mean
    std = float(np.sqrt(np.average((y - mean) ** 2, weights=weights)))
    if output.name in ("linear", "gaussian"):
        return mean, std
    low, median, high = (quantile(y, q, weights) for q in (0.25, 0.5, 0.75))
    return median, (high - low) / NORMAL if high > low else std


def _constants(y: NDArray[Any], output: Output, weights: NDArray[Any] | None) -> list[float]:
    """Return the constants of which an output's loss is least."""
    if output.name in ("linear", "gaussian", "poisson"):
        return [float(np.average(y, weights=weights))]
    levels = output.numbers if output.name == "quantile" else (0.5,)
    return [quantile(y, q, weights) for q in levels]


def quantile(y: NDArray[Any], q: float, weights: NDArray[Any] | None = None) -> float:
    """Return the q-quantile of values, (N,), by their weights.

    >>> quantile(np.array([1.0, 2.0, 4.0]), 0.5), quantile(np.array([1.0, 2.0, 4.0]), 0.5, np.array([1.0, 1.0, 8.0]))
    (2.0, 4.0)
    """
    if weights is None:
        return float(np.quantile(y, q))
    return float(np.quantile(y, q, weights=weights, method="inverted_cdf"))


def refuse_infinite(column: Column) -> None:
    """Raise a DataError where a target of numbers is infinite."""
    bad = np.isinf(column.values)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"the target {column.name!r} is {column.values[row]} in {column.row(row)}; expected a finite number, "
            "or none in such rows, which are then left out (nan)."
        )


def _refuse_missing(column: Column) -> None:
    is_missing = column.is_missing
    if is_missing.any():
        n, row = int(is_missing.sum()), int(np.argmax(is_missing))
        raise DataError(
            f"the target {column.name!r} is missing in {n:,} row{'' if n == 1 else 's'}, first in {column.row(row)}; "
            "--drop-missing-target (in Python drop_missing_target=True) leaves such rows out."
        )
