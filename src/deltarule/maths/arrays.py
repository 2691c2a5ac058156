"""What the mathematics needs of an array, continued to complex numbers.

The complex step evaluates the loss at theta + i h with a tiny h. Comparisons then look at the real
part, and |a| is the branch a or -a (an analytic function), not the modulus.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Array: TypeAlias = Any
"""Any array of the Array API standard: NumPy's, or another library's."""


def real(a: Array) -> Array:
    """Return the real part of `a`, which is `a` itself unless it is complex."""
    xp = a.__array_namespace__()
    return xp.real(a) if xp.isdtype(a.dtype, "complex floating") else a


def absolute(a: Array) -> Array:
    """Return |a| as the analytic branch: -a where Re a < 0, else a."""
    xp = a.__array_namespace__()
    return xp.where(real(a) < 0, -a, a)


def at_least(a: Array, bound: float) -> Array:
    """Return max(a, bound), comparing real parts."""
    xp = a.__array_namespace__()
    return xp.where(real(a) > bound, a, bound)


def at_most(a: Array, bound: float) -> Array:
    """Return min(a, bound), comparing real parts."""
    xp = a.__array_namespace__()
    return xp.where(real(a) < bound, a, bound)
