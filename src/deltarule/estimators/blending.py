"""What several recipes say of rows that they have not learnt from, weighed so that the loss is least.

    a_K(x) = (1/T) (sum_r s_r a_K^(r)(x) + (1 - sum_r s_r) c),    s_r >= 0,    sum_r s_r <= 1

c is the best constant, to which all falls back where there is nothing to learn. T, a temperature, makes probabilities
as sure as they may be (Guo et al. 2017); it is 1 for values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from deltarule.maths.output import Output
from deltarule.tables.targets import quantile

STEPS = 4
"""The weights of recipes are multiples of 1 / STEPS."""
LEAST = 1e-6
"""A mean below this counts as this."""
CALIBRATED = "softmax", "sigmoid"
"""The outputs of which T is sought."""
TEMPERATURES = (0.5 * 2.0 ** (np.arange(41) / 10)).tolist()
"""From where no wrong row is seen, which does not mean that there will be none, to where little is known."""
COARSE = TEMPERATURES[5:26:5]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Blend:
    """s_r for each recipe, T, c (n_K,), and the mean loss that they give."""

    shares: tuple[float, ...]
    temperature: float
    constant: tuple[float, ...]
    loss: float

    @property
    def rest(self) -> Floats:
        """What is added to the weighted a_K / T, (n_K,)."""
        return np.array(self.constant) * (1.0 - sum(self.shares)) / self.temperature


def blended(output: Output, said: Sequence[Floats], p: Floats, weights: Floats | None = None) -> Blend:
    """Return the weights of recipes, and the temperature, that make the mean loss least.

    Parameters
    ----------
    said
        By recipe a_K, (N, n_K).
    p, weights
        The targets, (N, n_K), and how much each row counts, (N,).

    Examples
    --------
    >>> from deltarule.maths.outputs import output
    >>> true = np.array([[0.0], [1.0], [2.0]])
    >>> blended(output("linear"), [true + 1, true - 1], true)
    Blend(shares=(0.5, 0.5), temperature=1.0, constant=(1.0,), loss=0.0)
    >>> blended(output("linear"), [-true], true).shares
    (0.0,)
    """
    is_calibrated = output.name in CALIBRATED
    c = constant_of(output, p, weights)

    def loss(shares: Sequence[float], T: float) -> float:
        a = sum(
            (share * each for share, each in zip(shares, said, strict=True) if share), (1.0 - sum(shares)) * c
        )
        return float(np.average(np.asarray(output.loss(np.broadcast_to(a, p.shape) / T, p)), weights=weights))

    mixtures = [
        tuple(step / STEPS for step in steps)
        for steps in product(range(STEPS, -1, -1), repeat=len(said))
        if sum(steps) <= STEPS
    ]
    _, n = min(
        (loss(shares, T), n)
        for n, shares in enumerate(mixtures)
        for T in (COARSE if is_calibrated else [1.0])
    )
    shares = mixtures[n]
    least, T = min((loss(shares, T), T) for T in (TEMPERATURES if is_calibrated else [1.0]))
    return Blend(shares, T, tuple(c.tolist()), least)


def constant_of(output: Output, p: Floats, weights: Floats | None = None) -> Floats:
    """Return the a_K, (n_K,), that makes the mean loss of targets, (N, n_K), least where it is the same for all rows.

    Of Huber's loss it is the median, which nearly does.

    >>> from deltarule.maths.outputs import output
    >>> constant_of(output("softmax"), np.eye(2)[[0, 0, 0, 1]]).round(3)
    array([-0.288, -1.386])
    """
    mean = np.average(p, axis=0, weights=weights)
    if output.name == "sigmoid":
        return np.log(np.maximum(mean, LEAST)) - np.log(np.maximum(1.0 - mean, LEAST))
    if output.name in ("softmax", "poisson"):
        return np.log(np.maximum(mean, LEAST))
    if output.name in ("linear", "gaussian"):
        return mean
    levels = output.by_unit(p.shape[1]) if output.name == "quantile" else [0.5] * p.shape[1]
    return np.array([quantile(of, q, weights) for q, of in zip(levels, p.T, strict=True)])
