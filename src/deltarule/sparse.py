"""Tables of which most is 0, where X may be one: SciPy's sparse arrays, and numbers in bins."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.binned import Binned

FEW, WIDE = 4, 16
"""What is not 0 is listed where that is one number in FEW at most, of rows of WIDE at least: a listed number costs more
than one of a matrix."""


def is_sparse(X: Any) -> bool:
    """Return whether X is one of SciPy's sparse arrays or matrices, or in bins."""
    if isinstance(X, Binned):
        return True
    scipy_sparse = sys.modules.get(
        "scipy.sparse"
    )  # a tenth of a second to import, which who has such an array has done
    return scipy_sparse is not None and bool(scipy_sparse.issparse(X))


def dense(X: Any) -> NDArray[Any]:
    """Return X, (N, n_0), dense, sparse or in bins, as a matrix."""
    return X.toarray() if is_sparse(X) else np.asarray(X)


def rows_of(X: Any, rows: NDArray[np.intp] | slice) -> NDArray[Any]:
    """Return some rows of X, (N, n_0), dense, in CSR or in bins, as a matrix."""
    return X[rows].toarray() if is_sparse(X) else X[rows]


def first_of(X: Any, m: int) -> Any:
    """Return the first m features of X, (N, n_0), as a matrix unless few are not 0; of those in bins all or none."""
    if not isinstance(X, Binned):
        return X[:, :m]
    if m == X.shape[1]:
        return X
    part = X.plain
    return part if m >= WIDE and part.places.shape[1] * FEW <= m else part.toarray()


def canonical(X: Any, dtype: Any) -> Any:
    """Return a sparse table as a CSR array in canonical form: columns in order, none twice in a row.

    One in bins remains one.
    """
    if isinstance(X, Binned):
        return X.astype(dtype)
    from scipy.sparse import csr_array

    rows = csr_array(X, dtype=dtype)
    if not rows.has_canonical_format:
        rows = rows.copy()  # X may share its arrays
        rows.sum_duplicates()
    return rows
