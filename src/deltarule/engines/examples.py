"""Tables of examples as engines meet them: matrices, or CSR arrays of which some rows at a time are made matrices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.network import Floats
from deltarule.sparse import is_sparse, rows_of

SPARSE_ROWS = 4096
"""Rows of a sparse table that are made dense together where each is looked at once."""


def matrices(X: Any) -> Iterator[Floats]:
    """Yield X as it is; a sparse one as matrices of some rows, one after another."""
    if not is_sparse(X):
        yield X
        return
    for start in range(0, max(1, X.shape[0]), SPARSE_ROWS):
        yield rows_of(X, slice(start, start + SPARSE_ROWS))


def hashes_of(X: Any) -> NDArray[np.uint64]:
    """Return 64 bits for each row of X, (N,): equal rows have equal ones, others hardly ever.

    h <- (h ^ x_j) p;  h <- h ^ (h >> 32)    for the bits x_j of every column, with an odd p
    """
    return np.concatenate([_hashes(rows) for rows in matrices(X)])


def _hashes(X: Floats) -> NDArray[np.uint64]:
    columns = (np.ascontiguousarray(X.T) + 0.0).view(f"u{X.dtype.itemsize}")  # + 0: -0 is 0
    h = np.full(len(X), 0x9E3779B97F4A7C15, np.uint64)
    for x in columns:
        h ^= x
        h *= np.uint64(0xFF51AFD7ED558CCD)
        h ^= h >> np.uint64(32)
    return h


def keys_of(X: Any) -> Floats:
    """Return a whole number below 2^24 for each row of X, (N,) in its dtype; equal rows have equal ones."""
    return (hashes_of(X) >> np.uint64(40)).astype(X.dtype)
