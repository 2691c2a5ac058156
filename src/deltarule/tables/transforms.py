"""What a skewed target is learnt as: its logarithm or its square root, there and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DataError
from deltarule.tables.columns import Column

Values = NDArray[np.float64]

BEYOND = 10.0
"""How many times the largest value of training a prediction may be, where an exponential makes it."""
SKEWED = 1.0
"""The skewness of values from which on a transform is tried."""


@dataclass(frozen=True)
class Transform:
    """f and its inverse, of values over the largest of training.

    least: the least value that f takes; is_open: whether that itself is none.
    """

    name: str
    f: Callable[[Values], Values]
    back: Callable[[Values], Values]
    least: float = -np.inf
    is_open: bool = False

    def takes(self, y: Values) -> bool:
        """Return whether f is defined for all of these."""
        return bool(((y > self.least) if self.is_open else (y >= self.least)).all())

    def of(self, column: Column, y: Values) -> Values:
        """Return f(y), or raise a DataError that names the column's first value that f does not take."""
        if not self.takes(y):
            row = int(np.argmax(~((y > self.least) if self.is_open else (y >= self.least))))
            raise DataError(
                f"the target {column.name!r} is {column.values[row]:g} in {column.row(row)}, which has no {self.name}; "
                "choose another --target-transform, or none."
            )
        return self.f(y)


def _same(y: Values) -> Values:
    return y


def _exp(z: Values) -> Values:
    return np.exp(np.minimum(z, np.log(BEYOND)))


def _square(z: Values) -> Values:
    return np.maximum(z, 0.0) ** 2


TRANSFORMS = {
    each.name: each
    for each in (
        Transform("none", _same, _same),
        Transform("log", np.log, _exp, 0.0, is_open=True),
        Transform("sqrt", np.sqrt, _square, 0.0),
    )
}


def candidate(values: Values) -> str:
    """Return the transform that may help to learn values, (N,): of skewed ones above 0 the logarithm, from 0 the root.

    >>> candidate(np.array([1.0, 2.0, 1.0, 30.0])), candidate(np.array([1.0, 2.0, 3.0, 4.0]))
    ('log', 'none')
    """
    y = values / (np.abs(values).max() or 1.0)
    centred = y - y.mean()
    std = float(np.sqrt((centred**2).mean()))
    if std == 0.0 or float((centred**3).mean()) < SKEWED * std**3:
        return "none"
    return next((name for name in ("log", "sqrt") if TRANSFORMS[name].takes(y)), "none")
