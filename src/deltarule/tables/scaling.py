"""Scale: numbers of any size to small ones, and which of them are far outside of the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FAR = 1000.0
"""A value is far outside where it is so many widths from the rest; the width is that of the rest's range."""
FEW = 0.01
"""At most this share of the values, at either end, may be far outside: more are a part of what there is."""
FEWEST = 20
"""Of fewer values none is called far outside."""
SOME = 10_000
"""Values that are looked at first."""
LARGE = 1e100
MARGIN = 1.0
"""So many widths beyond what training saw, new values end."""
ROUNDING = 2.0
"""A width of fewer steps of float64 is rounding, which must not be blown up."""
BEND = 3.0
"""What a scaled number never reaches."""


@dataclass(frozen=True)
class Scale:
    """z = s / sqrt(1 + (s / bend)^2) with s = (x - centre) / width, for x from `low` to `high`.

    Near the centre, the median, z is s; far from it z bends towards `bend`, which it never reaches (the smooth clip of
    RealMLP, Holzmueller et al. 2024). The width is that of the middle half of training's values, or where that is 0
    half of their range. low and high are a little beyond the `least` and `greatest` of training; what is farther counts
    as these. bend: None leaves z at s, as models of earlier versions have it.

    >>> scale = Scale.of(np.array([1.0, 2.0, 3.0]), median=2.0)
    >>> scale.z(np.array([1.0, 2.0, 1e300])).round(3)
    array([-0.949,  0.   ,  2.121])
    """

    centre: float
    width: float
    least: float
    greatest: float
    bend: float | None = BEND

    @property
    def low(self) -> float:
        return max(self.least - MARGIN * (self.greatest * 0.5 - self.least * 0.5) * 2.0, -np.finfo(float).max)

    @property
    def high(self) -> float:
        return min(
            self.greatest + MARGIN * (self.greatest * 0.5 - self.least * 0.5) * 2.0, np.finfo(float).max
        )

    @classmethod
    def of(cls, values: Floats, median: float) -> Scale:
        """Return the scale of values, (N,), finite, around their median."""
        least, greatest, rest = ends(values)
        lower, upper = np.quantile(
            rest * 0.5, (0.25, 0.75)
        ).tolist()  # of halves: differences do not overflow
        half = upper - lower if upper > lower else (greatest * 0.5 - least * 0.5) * 0.5
        step = float(np.spacing(max(-least, greatest)))
        width = min(half * 2.0, np.finfo(float).max) if half > ROUNDING * step else 1.0
        return cls(median, width, least, greatest)

    def z(self, values: Floats) -> Floats:
        """Return the scaled values, (N,)."""
        z = np.clip(values, self.low, self.high)
        half = (
            0.5 if max(-self.low, self.high) > LARGE else 1.0
        )  # of halves, whose differences do not overflow
        if half != 1.0:
            z *= half
        z -= self.centre * half
        z /= self.width * half
        return z if self.bend is None else z / np.hypot(1.0, z / self.bend)

    def beyond(self, values: Floats) -> NDArray[np.intp]:
        """Return the places of the values that are taken for others."""
        return np.flatnonzero((values < self.low) | (values > self.high))


def median_of(values: Floats) -> float:
    """Return the median of finite values, (N,), of which two may be too large to be added."""
    n = len(values)
    ordered = np.partition(values, (n // 2, (n - 1) // 2))
    return float(ordered[n // 2]) * 0.5 + float(ordered[(n - 1) // 2]) * 0.5


def ends(values: Floats) -> tuple[float, float, Floats]:
    """Return the least and the greatest value that is not far outside, and those that are not."""
    least, greatest = float(values.min()), float(values.max())
    some = values[:: max(len(values) // SOME, 1)]  # whose width is that of all, or less
    low, high = _inner(some)
    if greatest * 0.5 - least * 0.5 <= FAR * (high * 0.5 - low * 0.5) or not (far := is_far(values)).any():
        return least, greatest, values
    rest = values[~far]
    return float(rest.min()), float(rest.max()), rest


def _inner(values: Floats) -> tuple[float, float]:
    """Return between which values all but a few are."""
    few = max(1, int(FEW * len(values)))
    if len(values) <= 2 * few:
        return float(values.min()), float(values.max())
    ordered = np.partition(values, (few, len(values) - 1 - few))
    return float(ordered[few]), float(ordered[-1 - few])


def is_far(values: Floats) -> NDArray[np.bool_]:
    """Return which of some finite values, (N,), are far outside of the rest: few, and FAR widths away.

    >>> is_far(np.append(np.arange(20.0), 1e38)).sum()
    np.int64(1)
    """
    low, high = _inner(values)
    width = high * 0.5 - low * 0.5
    if len(values) < FEWEST or not width > 0:
        return np.zeros(len(values), bool)
    return (values * 0.5 - high * 0.5 > FAR * width) | (low * 0.5 - values * 0.5 > FAR * width)
