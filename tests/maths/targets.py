"""Targets that an output can have."""

from __future__ import annotations

import numpy as np


def targets(rng: np.random.Generator, output: str, N: int, n: int, *, is_soft: bool) -> np.ndarray:
    """Return y for an output: labels, distributions, counts or values."""
    if output == "softmax":
        return rng.dirichlet(np.ones(n), N) if is_soft else rng.integers(0, n, N).astype(np.float64)
    if output == "sigmoid":
        return rng.uniform(size=(N, n)) if is_soft else rng.integers(0, 2, (N, n)).astype(np.float64)
    if output == "poisson":
        return rng.poisson(2.0, (N, n)).astype(np.float64)
    return rng.normal(size=(N, n))
