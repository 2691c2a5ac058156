"""Prediction intervals: how far off predictions are, told by rows that were not learnt from.

Of n such rows and a new one, |y - z| / s(z) is as likely to have any rank in that of the new one as in that of the
others, z being what is predicted. So of new rows a share `level` lies within

    z -+ q s(z),    q the ceil((n + 1) level)-th least of |y_i - z_i| / s(z_i)

(split conformal prediction: Papadopoulos et al. 2002; Lei et al. 2018). y and z are as the network learns them: of a
logarithm's the interval is a factor up and down. s, the mean of |y - z| where predictions are about z, makes intervals
wide where errors are large.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import OptionError

Floats = NDArray[np.float64]

LEVELS = 0.5, 0.8, 0.9, 0.95
"""Of which it is measured how many rows lie within them."""
MOST = 999
"""Sizes that are kept, by which levels of three digits are exact."""
GROUP, MOST_GROUPS = 100, 10
"""Rows of like predictions, at least, that tell s there, and how many such groups there are at most."""
LEAST_SCALE = 0.1
"""s, over its mean, is no less."""
PARTS = 5
"""A row is measured by the s of other parts of the rows: none may say of itself how much is usual."""
TINY = 1e-9


@dataclass(frozen=True)
class Scale:
    """s(z): between the points `at`, (n,), which rise, as between the `means` there, beyond them as at the last one."""

    at: Floats
    means: Floats

    @classmethod
    def of(cls, z: Floats, sizes: Floats, weights: Floats, groups: int) -> Scale:
        """Return the mean of sizes, (N,), in so many groups of like z, (N,)."""
        parts = np.array_split(np.argsort(z, kind="stable"), groups)
        points = [float(np.average(z[part], weights=weights[part])) for part in parts]
        at, which = np.unique(points, return_inverse=True)  # one where all predictions are the same
        counted = np.bincount(which, [weights[part].sum() for part in parts])
        means = np.bincount(which, [weights[part] @ sizes[part] for part in parts]) / counted
        least = LEAST_SCALE * float(np.average(sizes, weights=weights))
        return cls(at, np.maximum(means, least) if least > 0.0 else np.ones(len(at)))

    def __call__(self, z: Floats) -> Floats:
        return np.interp(z, self.at, self.means)


@dataclass(frozen=True)
class Errors:
    """How far off predictions of rows are that were not learnt from.

    rows
        How many there were; weighted, as many as tell as much, (sum w)^2 / sum w^2 (Kish 1965).
    sizes
        |y - z| / s(z), rising: the j-th of m is q for the level j / (m + 1); as many as rows, MOST at most.
    scale
        s.

    >>> errors = Errors.of(np.zeros(9), np.arange(1.0, 10.0))
    >>> errors.half(np.zeros(1), 0.9), errors.half(np.zeros(1), 0.5)
    (array([9.]), array([5.]))
    """

    rows: int
    sizes: Floats
    scale: Scale

    @classmethod
    def of(cls, z: Floats, y: Floats, weights: NDArray[Any] | None = None, factor: float = 1.0) -> Errors:
        """Return how far off predictions are.

        Parameters
        ----------
        z, y, weights
            (N,): what was predicted, what was true, and how much each row counts.
        factor
            What errors of new rows are over these, see `factor_of`.
        """
        w: Floats = np.ones(len(y)) if weights is None else np.asarray(weights, np.float64)
        w = w / w.max()  # squares may underflow
        w = w * (w.sum() / (w**2).sum())  # their sum is the number of rows
        n, size = w.sum(), factor * np.abs(y - z)
        rows = math.floor(n + TINY)
        groups = int(np.clip(rows // GROUP, 1, MOST_GROUPS))
        scale = Scale.of(z, size, w, groups)
        own = size / scale(z) if groups == 1 else _crossed(z, size, w, groups)
        order = np.argsort(own, kind="stable")
        m = max(1, min(MOST, rows))
        ranks = (n + 1.0) * np.arange(1, m + 1) / (m + 1)
        reached = np.asarray(np.searchsorted(w[order].cumsum(), ranks - TINY * n), np.intp)
        return cls(rows, own[order][np.minimum(reached, len(y) - 1)], scale)

    @property
    def highest(self) -> float:
        """The highest level that there is an interval of."""
        return len(self.sizes) / (len(self.sizes) + 1)

    def half(self, z: Floats, level: float) -> Floats:
        """Return how far the interval reaches to each side of predictions, (N,).

        Raises
        ------
        OptionError
            There were too few rows for the level.
        """
        rank = math.ceil(round((len(self.sizes) + 1) * level, 9))
        if rank > len(self.sizes):
            most = math.floor(1000 * self.highest) / 1000
            raise OptionError(
                f"an interval of {level:g} takes more rows that were not learnt from than the {self.rows:,} that there "
                f"were; ask for {most:g} or less."
            )
        return self.sizes[rank - 1] * self.scale(z)

    def coverage(self, z: Floats, y: Floats, weights: NDArray[Any] | None = None) -> dict[str, float]:
        """Return the share of rows, (N,), by their weights, within the intervals of usual levels that can be had."""
        return {
            f"{level:g}": float(np.average(np.abs(y - z) <= self.half(z, level), weights=weights))
            for level in LEVELS
            if level <= self.highest
        }

    def record(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        arrays = {"sizes": self.sizes, "at": self.scale.at, "scale": self.scale.means}
        return {"rows": self.rows, **{name: _text(values) for name, values in arrays.items()}}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Errors:
        """Return what `record` described."""
        sizes, at, scale = (_numbers(record[name]) for name in ("sizes", "at", "scale"))
        is_right = len(sizes) and len(at) == len(scale) and (np.diff(at) > 0).all() and (scale > 0).all()
        if not (is_right and (np.diff(sizes, prepend=0.0) >= 0).all()):
            raise ValueError("the errors of predictions are none")
        return cls(int(record["rows"]), sizes, Scale(at, scale))


def _crossed(z: Floats, sizes: Floats, weights: Floats, groups: int) -> Floats:
    """Return sizes over s(z), (N,), where s is that of other rows."""
    part = np.empty(len(z), np.intp)
    part[np.argsort(z, kind="stable")] = np.arange(len(z)) % PARTS
    crossed = np.empty(len(z))
    for p in range(PARTS):
        own, others = part == p, part != p
        crossed[own] = sizes[own] / Scale.of(z[others], sizes[others], weights[others], groups)(z[own])
    return crossed


def factor_of(z: Floats, y: Floats, said: Sequence[Floats], weights: NDArray[Any] | None = None) -> float:
    """Return what the error of the mean of members is, over that of the one member that did not learn from a row.

    sum_m (y - z_m)^2 / M = (y - z)^2 + sum_m (z_m - z)^2 / M, where z is the mean of z_m (Krogh, Vedelsby 1995)

    Parameters
    ----------
    z, y, weights
        (N,): what that one said, what is true, and how much each row counts.
    said
        By member z_m of rows, (n,); members say most alike where they have learnt from them, which errs to wide.

    >>> factor_of(np.zeros(2), np.array([5.0, -5.0]), [np.array([1.0, 4.0]), np.array([7.0, 10.0])])
    0.8
    >>> factor_of(np.zeros(2), np.array([5.0, -5.0]), [np.zeros(2)])
    1.0
    """
    error = float(np.average((y - z) ** 2, weights=weights))
    apart = float(np.stack(said).var(axis=0).mean())
    least = 1.0 / len(said)  # were their errors independent
    return math.sqrt(max(1.0 - apart / error, least)) if error > 0.0 else 1.0


def _text(values: Floats) -> str:
    return base64.b64encode(values.astype("<f8").tobytes()).decode()


def _numbers(text: str) -> Floats:
    return np.frombuffer(base64.b64decode(text, validate=True), "<f8").astype(np.float64)
