"""What several recipes say of rows that they have not learnt from, weighed so that the loss is least.

    a_K(x) = (1/T) sum_r s_r a_K^(r)(x),    s_r >= 0,    sum_r s_r = 1

T, a temperature, makes probabilities as sure as they may be (Guo et al. 2017); it is 1 for values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from deltarule.maths.output import Output

STEPS = 4
"""The weights of recipes are multiples of 1 / STEPS."""
CALIBRATED = "softmax", "sigmoid"
"""The outputs of which T is sought."""
TEMPERATURES = np.exp(np.linspace(-1.0, 2.0, 61)).tolist()
COARSE = TEMPERATURES[16:45:7]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Blend:
    """s_r for each recipe, T, and the mean loss that they give."""

    shares: tuple[float, ...]
    temperature: float
    loss: float


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
    Blend(shares=(0.5, 0.5), temperature=1.0, loss=0.0)
    """
    is_calibrated = output.name in CALIBRATED

    def loss(shares: Sequence[float], T: float) -> float:
        a = sum((share * each for share, each in zip(shares, said, strict=True) if share), np.zeros(p.shape))
        return float(np.average(np.asarray(output.loss(a / T, p)), weights=weights))

    mixtures = [
        tuple(step / STEPS for step in steps)
        for steps in product(range(STEPS, -1, -1), repeat=len(said))
        if sum(steps) == STEPS
    ]
    _, n = min(
        (loss(shares, T), n)
        for n, shares in enumerate(mixtures)
        for T in (COARSE if is_calibrated else [1.0])
    )
    shares = mixtures[n]
    least, T = min((loss(shares, T), T) for T in (TEMPERATURES if is_calibrated else [1.0]))
    return Blend(shares, T, least)
