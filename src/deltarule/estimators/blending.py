"""What several recipes say of rows that they have not learnt from, weighed so that the loss is least.

    a_K(x) = (1/T) (sum_r s_r a_K^(r)(x) + (1 - sum_r s_r) c),    s_r >= 0,    sum_r s_r <= 1

c is the best constant, to which all falls back where there is nothing to learn. T, a temperature, makes probabilities
as sure as they may be (Guo et al. 2017); it is 1 for values. N rows of which none is wrong do not tell that none ever
will be: the loss is that for p + (d / N) (1 / C - p), as if d of a row were of any class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.estimators.recipes import Recipe
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
DOUBT = 0.05
"""d; what comes of it hardly differs from .05 to .2 on 16 tables."""
COARSE = TEMPERATURES[5:26:5]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Blend:
    """s_r for each recipe, T, c (n_K,), and the mean loss that they give."""

    shares: tuple[float, ...]
    temperature: float
    constant: tuple[float, ...]
    loss: float

    def of(self, said: Sequence[Floats]) -> Floats:
        """Return the a_K, (N, n_K), of what each recipe says."""
        return sum(
            (share / self.temperature * a for share, a in zip(self.shares, said, strict=True)), self.rest
        )

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
    any_class = 0.5 if output.name == "sigmoid" else 1.0 / p.shape[1]
    doubted = p + DOUBT / len(p) * (any_class - p) if is_calibrated else p

    def loss(shares: Sequence[float], T: float, p: Floats = doubted) -> float:
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
    _, T = min((loss(shares, T), T) for T in (TEMPERATURES if is_calibrated else [1.0]))
    return Blend(shares, T, tuple(c.tolist()), loss(shares, T, p))


def chosen(
    output: Output,
    recipes: Sequence[Recipe],
    said: Sequence[Floats],
    p: Floats,
    weights: Floats | None = None,
) -> tuple[Blend, Blend]:
    """Return the blend that is used, and the default's, each with a share for every recipe.

    Recipes that a search drew are weighed beside the default's where they have as many layers and the same activation,
    and else among themselves, for only such networks have a mean that is a network. The default stays unless others are
    better by more than chance, see `gain`. Arguments are those of `blended`.
    """
    kinds: dict[tuple[int, Any], list[int]] = {}
    for n, recipe in enumerate(recipes):
        kinds.setdefault((len(recipe.hidden), recipe.activation), []).append(n)

    def among(which: Sequence[int]) -> tuple[Blend, Floats]:
        blend = blended(output, [said[n] for n in which], p, weights)
        losses = np.asarray(output.loss(blend.of([said[n] for n in which]), p))
        shares = dict(zip(which, blend.shares, strict=True))
        return replace(blend, shares=tuple(shares.get(n, 0.0) for n in range(len(recipes)))), losses

    default = [n for n, recipe in enumerate(recipes) if recipe.number is None]
    usual, losses = among(default)
    best, most = usual, 0.0
    for which in kinds.values():
        if which != default:
            other, of_other = among(which)
            more = gain(losses, of_other, weights)
            best, most = (other, more) if more > most else (best, most)
    return best, usual


def gain(usual: Floats, other: Floats, weights: Floats | None = None) -> float:
    """Return by how much losses are lower than the usual ones, (N,) each, less a standard error of that.

    Above 0 it is more than chance (the rule of one standard error: Breiman, Friedman, Olshen & Stone 1984, 3.4.3).

        se^2 = sum_n c_n^2 (d_n - sum_n c_n d_n)^2 / (1 - sum_n c_n^2),    d_n the differences, sum_n c_n = 1

    >>> gain(np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.5, 2.5]))
    0.5
    >>> gain(np.array([1.0, 0.0]), np.array([0.0, 0.9])) < 0
    True
    """
    c = np.ones(len(usual)) if weights is None else weights
    c, less = c / c.sum(), usual - other
    mean, alone = float(c @ less), float(c @ c)
    if alone == 1.0:  # one row tells nothing of chance
        return -np.inf
    return mean - float(np.sqrt(c**2 @ (less - mean) ** 2 / (1.0 - alone)))


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
