"""X as the kernels take it: a matrix, or lists of what is not 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.network import Floats
from deltarule.sparse import FEW, WIDE, is_sparse

EPOCHS = 5
"""A table that comes as a matrix is listed where there are at least so many epochs over which that pays."""


@dataclass(frozen=True)
class Rows:
    """A table of N rows: X, (N, n_0), without lists; or `starts`, (N + 1,), `inputs` and `values`, where X is empty."""

    X: Floats
    starts: NDArray[np.int64]
    inputs: NDArray[np.int64]
    values: Floats

    @classmethod
    def of(cls, X: Any, epochs: int, *, may_list: bool) -> Rows:
        """Return a table, (N, n_0), dense or in CSR, in the form in which an epoch is quicker."""
        few = may_list and X.shape[1] >= WIDE and (is_sparse(X) or epochs >= EPOCHS)
        if few and (X.nnz if is_sparse(X) else np.count_nonzero(X)) * FEW <= X.shape[0] * X.shape[1]:
            from scipy.sparse import csr_array  # a tenth of a second, which most tables need not wait

            listed = csr_array(X)
            starts, inputs = (np.ascontiguousarray(n, np.int64) for n in (listed.indptr, listed.indices))
            nothing = np.zeros((0, X.shape[1]), X.dtype)
            return cls(nothing, starts, inputs, np.ascontiguousarray(listed.data, X.dtype))
        nothing = np.zeros(0, np.int64)
        dense = np.ascontiguousarray(X.toarray()) if is_sparse(X) else X
        return cls(dense, nothing, nothing, np.zeros(0, X.dtype))

    @property
    def listed(self) -> tuple[int, int, int]:
        """How long the lists are at most (1 at least) and together, and how many there are; 0 each without lists."""
        if not len(self.starts):
            return 0, 0, 0
        return max(1, int(np.diff(self.starts).max())), len(self.values), len(self.starts) - 1
