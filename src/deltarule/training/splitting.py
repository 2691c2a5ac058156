"""Holding rows out of a table, reproducibly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DataError
from deltarule.options import OPTIONS
from deltarule.spelling import plural

FRACTION = replace(OPTIONS["validation"], name="fraction", also=None, none=None)


def hold_out(
    N: int, fraction: float, rng: np.random.Generator, groups: NDArray[Any] | None = None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the row numbers kept and those held out, both ascending.

    Parameters
    ----------
    N
        Rows of the table.
    fraction
        Share to hold out, between 0 and 1.
    rng
        Decides which rows.
    groups
        (N,): each group (each class, say) gives its share, to within one row.

    Raises
    ------
    OptionError
        The fraction is not between 0 and 1.
    DataError
        The table is too small to leave at least one row on both sides.

    >>> kept, held = hold_out(6, 1 / 3, np.random.default_rng(0), np.array(list("aaabbb")))
    >>> len(kept), len(held), sorted(held < 3)
    (4, 2, [np.False_, np.True_])
    """
    fraction = FRACTION.check(fraction)
    order = rng.permutation(N)
    if groups is not None:
        order = order[np.argsort(groups[order], kind="stable")]
    # Every (1/fraction)-th row of the grouped order, from a random start: systematic sampling.
    ticks = np.floor(np.arange(N + 1) * fraction + rng.uniform(0.0, 1.0))
    is_held = np.diff(ticks) > 0
    if is_held.all() or not is_held.any():
        raise DataError(
            f"{plural(N, 'row')} are too few to hold out {fraction:.0%} of them; give more rows or hold out none."
        )
    return np.sort(order[~is_held]), np.sort(order[is_held])
