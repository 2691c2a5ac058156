"""How much rows count: by a column of weights, and by their class."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.errors import DataError, OptionError, ShapeError, closest
from deltarule.options import shown
from deltarule.tables.columns import Column
from deltarule.tables.targets import ClassTarget

Weights: TypeAlias = NDArray[np.float64]
ClassWeight: TypeAlias = Mapping[Any, float] | str | None


def weights_of(given: ArrayLike | Column, N: int, what: str = "sample_weight") -> Weights:
    """Return weights, (N,) float64, none negative and some above 0, of a column or an array.

    what: how a message calls an array.

    Raises
    ------
    ShapeError, DataError
        There is not one a row; or one is text, missing, infinite or negative, or all are 0.

    >>> weights_of([1, 0, 2], 3)
    array([1., 0., 2.])
    >>> weights_of(Column.of("w", [1, -1]), 2)
    Traceback (most recent call last):
    deltarule.errors.DataError: the weight column 'w' is -1 in row 2; weights are finite numbers, 0 or more.
    """
    what = f"the weight column {given.name!r}" if isinstance(given, Column) else what
    shape = (len(given),) if isinstance(given, Column) else np.asarray(given).shape
    if shape != (N,):
        raise ShapeError(f"{what} has shape {shape}; expected ({N},), one per row.")
    column = given if isinstance(given, Column) else Column.of(what, given)
    numbering, values = column.numbering, _numbers(column, what)
    is_bad = ~(np.isfinite(values) & (values >= 0))
    if is_bad.any():
        row = int(np.argmax(is_bad))
        value = "missing" if np.isnan(values[row]) else f"{values[row]:g}"
        raise DataError(f"{what} is {value} in {numbering.name(row)}; weights are finite numbers, 0 or more.")
    if not values.any():
        raise DataError(f"{what} is zero in every row; some rows must count.")
    return values


def _numbers(column: Column, what: str) -> Weights:
    """Return the values of a column of numbers, or of texts that are numbers."""
    if column.kind in ("number", "boolean", "text"):
        with suppress(DataError):
            return column.as_numbers().values
    text = next((text for text in column.texts() if text is not None and not _is_number(text)), "nothing")
    raise DataError(f"{what} is {column.kind}, such as {text!r}; it must be of numbers, 0 or more.")


def _is_number(text: str) -> bool:
    with suppress(ValueError):
        return bool(np.isfinite(float(text)))
    return False


def class_factors(
    class_weight: ClassWeight, target: ClassTarget, y: NDArray[np.integer], weights: Weights | None
) -> Weights | None:
    """Return how much the rows of each class count, (C,); None where all count the same.

    Parameters
    ----------
    class_weight
        "balanced", by which every class counts as much as all others (N / (C N_l), of weights where rows have any), or
        a weight by class, given as the value or as its text; classes that are not named have 1.
    y
        (N,): class numbers from 0.

    Raises
    ------
    OptionError
        It is neither, names a class that does not exist, or has a weight that is none.

    >>> target = ClassTarget.fit(Column.of("y", ["a", "a", "a", "b", "a", "a"]))
    >>> class_factors("balanced", target, np.array([0, 0, 0, 1, 0, 0]), None)
    array([0.6, 3. ])
    """
    if class_weight is None:
        return None
    C = len(target.names)
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise OptionError(
                f"class_weight is {class_weight!r}; it must be 'balanced', or a weight by class such as "
                f"{{{target.names[0]!r}: 2}}."
            )
        total = np.bincount(y, weights, C)
        is_there = total > 0
        return np.where(is_there, total.sum() / (is_there.sum() * np.where(is_there, total, 1.0)), 1.0)
    if not isinstance(cast(object, class_weight), Mapping):
        raise OptionError(
            f"class_weight is {shown(class_weight)}; it must be 'balanced', or a weight by class such as "
            f"{{{target.names[0]!r}: 2}}."
        )
    factors = np.ones(C)
    for name, weight in class_weight.items():
        number = target.numbers_of(Column.of(target.name, [name]))[0]
        if number < 0:
            names = list(map(str, target.names))
            near = closest(str(name), names)
            hint = f"; did you mean {near!r}?" if near else "."
            raise OptionError(
                f"class_weight names {name!r}, which is no class of {target.name}{hint} Its classes: "
                f"{', '.join(names[:20])}{', ...' if len(names) > 20 else ''}."
            )
        value = weight if isinstance(cast(object, weight), (int, float, np.number)) else np.nan
        if not (np.isfinite(value) and value >= 0):
            raise OptionError(
                f"class_weight of {name!r} is {shown(weight)}; a weight is a finite number, 0 or more."
            )
        factors[number] = float(weight)
    if not factors[np.unique(y)].any():
        raise OptionError("class_weight is 0 for every class; some rows must count.")
    return factors
