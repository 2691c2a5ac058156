"""Features of which few are not 0, as a SciPy CSR array that says how much memory it takes."""

from __future__ import annotations

from typing import Any

from scipy.sparse import csr_array


class Listed(csr_array):  # pyright: ignore[reportMissingTypeArgument, reportUntypedBaseClass]
    """A CSR array, (N, m).

    >>> import numpy as np
    >>> Listed(np.eye(3)).nbytes  # of 3 values, 3 columns and 4 ends of rows
    52
    """

    data: Any
    indices: Any
    indptr: Any

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return self.data.nbytes + self.indices.nbytes + self.indptr.nbytes
