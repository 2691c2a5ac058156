"""Numerical derivatives of a scalar function of theta, to prove the analytic ones.

>>> import numpy as np
>>> f = lambda theta: (theta**3).sum()
>>> theta = np.array([1.0, 2.0])
>>> complex_step(f, theta)
array([ 3., 12.])
>>> central(f, theta).round(6)
array([ 3., 12.])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from deltarule.maths.arrays import Array

COMPLEX_STEP = 1e-30
"""Any h so small that h^2 vanishes beside 1; nothing is subtracted, so nothing is lost."""


def central_step(theta_i: float) -> float:
    """Return the h that balances truncation, O(h^2), and rounding, O(eps/h): cbrt(eps) max(1, |theta_i|)."""
    return 6.0554544523933395e-06 * max(1.0, abs(theta_i))


def central(
    f: Callable[[Array], Array],
    theta: Array,
    indices: Iterable[int] | None = None,
    step: float | None = None,
) -> Array:
    """Return df/dtheta_i = (f(theta + h e(i)) - f(theta - h e(i))) / 2h for every i in indices, or all.

    theta is (P,) float64; h is `step`, or that of `central_step`; the error is O(h^2) + O(eps/h).
    """
    xp = theta.__array_namespace__()
    slopes: list[Array] = []
    for i in range(theta.shape[0]) if indices is None else indices:
        h = (step or central_step(float(theta[i]))) * _unit(theta, i)
        up, down = theta + h, theta - h
        slopes.append((f(up) - f(down)) / (up[i] - down[i]))  # 2h as it was rounded
    return xp.stack(slopes)


def complex_step(f: Callable[[Array], Array], theta: Array, indices: Iterable[int] | None = None) -> Array:
    """Return df/dtheta_i = Im f(theta + i h e(i)) / h for every i in indices, or all.

    Exact to rounding for an analytic f (Squire & Trapp 1998); theta is (P,) float64.
    """
    xp = theta.__array_namespace__()
    slopes: list[Array] = []
    for i in range(theta.shape[0]) if indices is None else indices:
        z = xp.astype(theta, xp.complex128) + 1j * COMPLEX_STEP * _unit(theta, i)
        slopes.append(xp.imag(f(z)) / COMPLEX_STEP)
    return xp.stack(slopes)


def _unit(theta: Array, i: int) -> Array:
    """Return e(i), all zeros with a one at place i counted from 0."""
    xp = theta.__array_namespace__()
    return xp.astype(xp.arange(theta.shape[0]) == i, theta.dtype)
