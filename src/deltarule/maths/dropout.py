"""Dropout: each unit of a hidden layer is left out of an update with probability r_k.

    h_k = M_k * g_k(a_k),   M_k[n, i] = 0 with probability r_k, else 1 / (1 - r_k)
    dL/da_k = dL/dh_k * M_k * g'_k(a_k)

(Srivastava et al. 2014.) Nothing is left out of a prediction, and E[M_k] = 1, so that it needs no correction.

A mask is no draw from a sequence but a function of the example, the update, the layer and the unit. So it does not
depend on the place of an example in a batch, nor on the thread that makes it; and equal examples get equal masks, so
that an example of weight 2 counts as two copies of it.

>>> import numpy as np
>>> M = Dropout((0.25,), seed=0, keys=np.arange(1000.0)).mask(1, 50, t=0, rows=np.arange(1000))
>>> np.unique(M).round(4), M.mean().round(1)
(array([0.    , 1.3333]), np.float64(1.0))
"""

from __future__ import annotations

from dataclasses import dataclass

from deltarule.maths.arrays import Array

WORD = 2**32
GOLDEN = 0x9E3779B9
"""2^32 over the golden ratio: its multiples lie far apart."""


def mixed(x: int) -> int:
    """Return the 32 bits of x, each of them spread over all: shifts and odd multipliers, a bijection."""
    x = (x ^ (x >> 16)) * 0x7FEB352D % WORD
    x = (x ^ (x >> 15)) * 0x846CA68B % WORD
    return x ^ (x >> 16)


def salt(seed: int, t: int) -> int:
    """Return what update t of a run is to mix into its masks."""
    return mixed(mixed(seed % WORD) ^ t % WORD)


@dataclass(frozen=True)
class Dropout:
    """How much of which hidden layer is left out.

    rates
        r_k of the layers 1..K-1, each from 0 to less than 1.
    seed
        Which masks.
    keys
        (N,): a whole number from 0 to 2^24 - 1 for each example, equal for equal examples.
    """

    rates: tuple[float, ...]
    seed: int
    keys: Array

    def threshold(self, k: int) -> int:
        """Return r_k 2^32: numbers below it leave out."""
        return round(self.rates[k - 1] * WORD)

    def mask(self, k: int, n: int, t: int, rows: Array) -> Array:
        """Return M_k, (len(rows), n), of the examples `rows` in update t, counted from 0."""
        xp = self.keys.__array_namespace__()
        of_layer = mixed(salt(self.seed, t) ^ k)
        units = [mixed((of_layer + i * GOLDEN) % WORD) for i in range(n)]
        keys = xp.astype(xp.take(self.keys, rows, axis=0), xp.uint32)
        x = xp.bitwise_xor(keys[:, None], xp.asarray(units, dtype=xp.uint32)[None, :])
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):  # `mixed`, of an array
            x = xp.bitwise_xor(x, xp.bitwise_right_shift(x, xp.asarray(shift, dtype=xp.uint32)))
            x = x * xp.asarray(factor, dtype=xp.uint32)
        x = xp.bitwise_xor(x, xp.bitwise_right_shift(x, xp.asarray(16, dtype=xp.uint32)))
        threshold = self.threshold(k)
        is_kept = x >= xp.asarray(threshold, dtype=xp.uint32)
        return xp.astype(is_kept, self.keys.dtype) * (WORD / (WORD - threshold))
