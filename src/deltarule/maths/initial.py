"""Starting weights from a seed; biases start at 0.

A distribution is chosen by the activation that follows, so that signals keep their variance:

    glorot   U(-r, r), r = sqrt(6 / (n_in + n_out))   sigmoid, tanh, identity, outputs (Glorot & Bengio 2010)
    he       N(0, 2 / n_in)                           relu and its smooth relatives (He et al. 2015)
    lecun    N(0, 1 / n_in)                           selu (LeCun et al. 1998; Klambauer et al. 2017)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.options import named

Sampler = Callable[[np.random.Generator, int, int], NDArray[Any]]


def glorot(rng: np.random.Generator, n_out: int, n_in: int) -> NDArray[Any]:
    """Return (n_out, n_in) weights from U(-r, r), r = sqrt(6 / (n_in + n_out)), float64."""
    r = math.sqrt(6.0 / (n_in + n_out))
    return rng.uniform(-r, r, (n_out, n_in))


def he(rng: np.random.Generator, n_out: int, n_in: int) -> NDArray[Any]:
    """Return (n_out, n_in) weights from N(0, 2 / n_in), float64."""
    return rng.normal(0.0, math.sqrt(2.0 / n_in), (n_out, n_in))


def lecun(rng: np.random.Generator, n_out: int, n_in: int) -> NDArray[Any]:
    """Return (n_out, n_in) weights from N(0, 1 / n_in), float64."""
    return rng.normal(0.0, math.sqrt(1.0 / n_in), (n_out, n_in))


def zeros(rng: np.random.Generator, n_out: int, n_in: int) -> NDArray[Any]:
    """Return (n_out, n_in) zeros, float64: for a network whose weights come from elsewhere."""
    return np.zeros((n_out, n_in))


INITIALS: dict[str, Sampler] = {"glorot": glorot, "he": he, "lecun": lecun, "zeros": zeros}


def initial(name: str) -> Sampler:
    """Return the sampler of that name, or raise an OptionError that lists those that exist."""
    return named("initial", name, INITIALS)
