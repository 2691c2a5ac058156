"""Scale: numbers of any size to standardised ones and back, and which of them are far outside of the rest."""

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
MARGIN = 1.0
"""So many widths beyond what training saw, new values end."""
ROUNDING = 2.0
"""A standard deviation of fewer steps of float64 is rounding, which must not be blown up."""


@dataclass(frozen=True)
class Scale:
    """z = (x - mean) / std for x from `low` to `high`, a little beyond the `least` and `greatest` of training.

    What is farther is taken for these.

    >>> scale = Scale.of(np.array([1.0, 3.0]))
    >>> scale.z(np.array([1.0, 2.0, 1e300]))
    array([-1.,  0.,  3.])
    >>> scale.x(np.array([-1.0, 0.0]))
    array([1., 2.])
    """

    mean: float
    std: float
    least: float
    greatest: float

    @property
    def low(self) -> float:
        return max(self.least - MARGIN * (self.greatest * 0.5 - self.least * 0.5) * 2.0, -np.finfo(float).max)

    @property
    def high(self) -> float:
        return min(
            self.greatest + MARGIN * (self.greatest * 0.5 - self.least * 0.5) * 2.0, np.finfo(float).max
        )

    @classmethod
    def of(cls, values: Floats, filled: int = 0) -> Scale:
        """Return the scale of values, (N,), finite; so many more stand at their median."""
        rest = values[~is_far(values)]
        center, half = float(np.median(rest)), 0.5  # of halves, whose differences do not overflow
        deviations = np.append(rest * half - center * half, np.zeros(filled))
        unit = float(np.abs(deviations).max()) or 1.0  # squares of 1e200 overflow, those of 1e-200 vanish
        shares = deviations / unit
        mean, std = float(shares.mean()), float(shares.std())
        step = float(np.spacing(np.abs(rest).max())) * half / unit
        return cls(
            mean=center + 2.0 * (mean * unit),
            std=2.0 * (std * unit) if std > ROUNDING * step else 1.0,
            least=float(rest.min()),
            greatest=float(rest.max()),
        )

    def z(self, values: Floats) -> Floats:
        """Return the standardised values, (N,)."""
        return (np.clip(values, self.low, self.high) * 0.5 - self.mean * 0.5) / (self.std * 0.5)

    def x(self, z: Floats) -> Floats:
        """Return the values that z stands for, (N,)."""
        return z * self.std + self.mean

    def beyond(self, values: Floats) -> NDArray[np.intp]:
        """Return the places of the values that are taken for others."""
        return np.flatnonzero((values < self.low) | (values > self.high))


def is_far(values: Floats) -> NDArray[np.bool_]:
    """Return which of some finite values, (N,), are far outside of the rest: few, and FAR widths away.

    >>> is_far(np.append(np.arange(20.0), 1e38)).sum()
    np.int64(1)
    """
    N = len(values)
    few = max(1, int(FEW * N))
    if N < FEWEST:
        return np.zeros(N, bool)
    ordered = np.partition(values, (few, N - 1 - few))
    low, high = float(ordered[few]), float(ordered[N - 1 - few])
    width = high * 0.5 - low * 0.5
    if not width > 0:
        return np.zeros(N, bool)
    return (values * 0.5 - high * 0.5 > FAR * width) | (low * 0.5 - values * 0.5 > FAR * width)
