"""Random networks with examples that fit them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from deltarule import Network
from deltarule.maths.activations import ACTIVATIONS
from deltarule.maths.outputs import OUTPUTS
from deltarule.maths.penalties import Penalty
from deltarule.parameters import Only

LARGEST_LOG_RATE = 3.0
"""exp(a) of a Poisson output stays below exp(3), so that no single example outweighs all others."""
NAMED = {"huber": ["huber", "huber(0.2)"], "quantile": ["quantile", "quantile(0.9)", "quantile(0.05)"]}
"""What else than by its name alone an output is asked for by."""


def examples(n: int) -> int:
    """Return how many random examples to take where n are wanted: fewer in the quick profile."""
    return max(10, n // 50) if os.environ.get("DELTARULE_HYPOTHESIS") == "quick" else n


@dataclass(frozen=True)
class Case:
    """A network, what goes in, what ought to come out, what learns, and the penalty."""

    net: Network
    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    only: Only
    penalty: Penalty

    @property
    def learns(self) -> np.ndarray:
        """The mask over theta of what learns."""
        mask = np.zeros(self.net.layout.size, bool)
        mask[self.net.layout.select(self.only).index] = True
        return mask


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a network's form and settings one by one, and its numbers from a seed."""
    output = draw(st.sampled_from(sorted(OUTPUTS)))
    name = draw(st.sampled_from(NAMED.get(output, [output])))
    K = draw(st.integers(1, 5))
    sizes = draw(st.lists(st.integers(1, 8), min_size=K, max_size=K))
    sizes.append(draw(st.integers(OUTPUTS[output].fewest_units, 8)))
    hidden = draw(st.lists(st.sampled_from(sorted(ACTIVATIONS)), min_size=K - 1, max_size=K - 1))
    scale = draw(st.sampled_from([0.3, 1.0, 1.5]))
    N = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    net = Network(sizes, hidden, name, dtype="float64", scale=draw(st.booleans()))
    if net.s is not None:
        net.s[:] = rng.normal(size=net.s.shape)
    for k in range(1, net.K + 1):
        net.W[k][:] = scale * rng.normal(size=net.W[k].shape) / np.sqrt(net.sizes[k - 1])
        net.b[k][:] = scale * rng.normal(size=net.b[k].shape)
    X = rng.normal(size=(N, sizes[0]))
    if output == "poisson":
        excess = max(1.0, float(np.abs(net.forward(X).a[K]).max()) / LARGEST_LOG_RATE)
        net.W[K][:] /= excess
        net.b[K][:] /= excess
    y = _targets(rng, output, N, net.sizes[-1], draw(st.booleans()))
    weights = None
    if draw(st.booleans()):
        weights = rng.uniform(0.0, 3.0, N) * (rng.uniform(size=N) < 0.8)
        weights[0] += 0.5
    penalty = Penalty(draw(st.sampled_from([0.0, 0.01, 0.3])), draw(st.sampled_from([0.0, 0.02, 1.5])))
    return Case(net, X, y, weights, draw(onlys(net)), penalty)


def onlys(net: Network) -> st.SearchStrategy[Any]:
    """Return a strategy for `only`: everything, arrays, single parameters, or a mask."""
    arrays = [f"{letter}[{k}]" for letter in "Wb" for k in range(1, net.K + 1)]
    arrays += [] if net.s is None else ["s"]
    singles = [net.layout.name(n) for n in range(net.layout.size)]
    seeds = st.integers(0, 2**32 - 1)
    return st.one_of(
        st.none(),
        st.lists(st.sampled_from(arrays), min_size=1, unique=True),
        st.lists(st.sampled_from(singles + arrays), min_size=1, max_size=6, unique=True),
        seeds.map(lambda seed: _mask(net, seed)),
    )


def _mask(net: Network, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mask = rng.uniform(size=net.layout.size) < rng.uniform()
    mask[rng.integers(net.layout.size)] = True
    return mask


def _targets(rng: np.random.Generator, output: str, N: int, n: int, is_plain: bool) -> np.ndarray:
    """Return class numbers, labels, counts or (N,) values where plain, else distributions and values (N, n)."""
    if output == "softmax":
        return rng.integers(0, n, N) if is_plain else rng.dirichlet(np.ones(n), N)
    if output == "sigmoid":
        y = rng.integers(0, 2, (N, n)) if is_plain else rng.uniform(size=(N, n))
    elif output == "poisson":
        y = rng.poisson(2.0, (N, n)) if is_plain else rng.gamma(1.0, 2.0, (N, n))
    else:
        y = rng.normal(size=(N, n))
    return y[:, 0] if is_plain and n == 1 else y
