"""Penalties on the weights, and limits on the gradient.

>>> import numpy as np
>>> Penalty(l1=0.1, l2=2.0).value(np.array([1.0, -2.0]))
np.float64(5.3)
>>> Penalty(l1=0.1, l2=2.0).gradient(np.array([1.0, -2.0]))
array([ 2.1, -4.1])
"""

from __future__ import annotations

from dataclasses import dataclass

from deltarule.maths.arrays import Array, absolute


@dataclass(frozen=True)
class Penalty:
    """R(w) = l1 sum |w| + l2/2 sum w^2, added to the loss; over weights, not biases.

    dR/dw = l1 sign(w) + l2 w. `w` is any array of weights; sign(0) = 0. Where is_shared, a batch takes its share of
    R: it is divided by the sum of the batch's example weights, as a prior is over so many observations.
    """

    l1: float = 0.0
    l2: float = 0.0
    is_shared: bool = False

    def share(self, weight: float) -> float:
        """Return the factor of R for a batch whose example weights sum to `weight`."""
        return 1.0 / weight if self.is_shared else 1.0

    def value(self, w: Array) -> Array:
        """Return R(w), a 0-dimensional array."""
        xp = w.__array_namespace__()
        return self.l1 * xp.sum(absolute(w)) + 0.5 * self.l2 * xp.sum(w * w)

    def gradient(self, w: Array) -> Array:
        """Return dR/dw, of w's shape."""
        return self.l1 * w.__array_namespace__().sign(w) + self.l2 * w

    def __bool__(self) -> bool:
        return self.l1 != 0.0 or self.l2 != 0.0


def clip_by_value(grad: Array, bound: float) -> Array:
    """Return grad with every entry within [-bound, bound]."""
    return grad.__array_namespace__().clip(grad, -bound, bound)


def clip_by_norm(grad: Array, bound: float) -> Array:
    """Return grad, scaled to ||grad||_2 = bound where it is longer (Pascanu, Mikolov & Bengio 2013).

    >>> import numpy as np
    >>> clip_by_norm(np.array([3.0, 4.0]), 1.0)
    array([0.6, 0.8])
    """
    xp = grad.__array_namespace__()
    largest = xp.max(xp.abs(grad))
    largest = xp.where(largest > 0, largest, xp.ones_like(largest))
    norm = largest * xp.sqrt(xp.sum((grad / largest) ** 2))  # squares cannot overflow
    return grad * (bound / xp.where(norm > bound, norm, bound))
