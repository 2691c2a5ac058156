"""X as the kernels take it: a matrix, or lists of what is not 0."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deltarule.binned import Binned
from deltarule.engines.compiled.cuts import Bins
from deltarule.network import Floats
from deltarule.sparse import FEW, WIDE, is_sparse

EPOCHS = 5
"""A table that comes as a matrix is listed where there are at least so many epochs over which that pays."""


class Lists(NamedTuple):
    """How long lists are at most, 1 at least, and together, how many there are, and the inputs that are numbers' bins.

    All 0 without lists.
    """

    longest: int
    numbers: int
    rows: int
    spans: Bins


NO_LISTS = Lists(0, 0, 0, ())


@dataclass(frozen=True)
class Rows:
    """A table of N rows: X, (N, n_0), without lists; or `starts`, (N + 1,), `inputs` and `values`, where X is empty.

    spans, means: of numbers in bins, whose nodes the lists have then, see `deltarule.binned`.
    """

    X: Floats
    starts: NDArray[np.int64]
    inputs: NDArray[np.int64]
    values: Floats
    spans: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    means: Floats = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def of(cls, X: Any, epochs: int, *, may_list: bool, may_bin: bool) -> Rows:
        """Return a table, (N, n_0), dense, in CSR or in bins, in the form in which an epoch is quicker."""
        if isinstance(X, Binned):
            if may_list and (may_bin or not len(X.spans)):
                return cls._in_bins(X)
            return cls.of(X.toarray(), 0, may_list=False, may_bin=False)
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

    @classmethod
    def _in_bins(cls, X: Binned) -> Rows:
        counts = X.values != 0
        means = X.means if len(X.spans) else X.means[:0]  # of which the engine has room for none then
        starts = np.concatenate([[0], np.cumsum(counts.sum(axis=1))])
        nothing = np.zeros((0, X.shape[1]), X.dtype)
        return cls(nothing, starts, X.places[counts].astype(np.int64), X.values[counts], X.spans, means)

    @property
    def listed(self) -> Lists:
        if not len(self.starts):
            return NO_LISTS
        spans = tuple((int(first), int(end)) for first, end in self.spans)
        return Lists(max(1, int(np.diff(self.starts).max())), len(self.values), len(self.starts) - 1, spans)
