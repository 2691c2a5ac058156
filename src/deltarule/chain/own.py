"""A gradient that somebody computed themselves, in any natural form, as one flat array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike

from deltarule.errors import DataError, ShapeError
from deltarule.maths.passes import Gradients
from deltarule.network import Floats, Network

Given: TypeAlias = Gradients | Mapping[str, Any] | Sequence[Any] | ArrayLike


def flat(net: Network, given: Given) -> tuple[Floats, float]:
    """Return a gradient like theta, (P,), and how far rounding in its dtype may take it, relatively.

    Raises
    ------
    ShapeError
        An array has another shape than its parameters; the shape that is expected is said.
    DataError
        It is not made of numbers.
    """
    if isinstance(given, Gradients):
        given = (given.W, given.b)
    if isinstance(given, Mapping):
        named = given
        if set(named) != {"W", "b"}:
            raise ShapeError(
                'a gradient given as a dict has the keys "W" and "b", lists of one array a layer.'
            )
        given = (named["W"], named["b"])
    if _has_parts(given):
        arrays = list(cast(Sequence[Any], given))
        if all(_is_pair(each) for each in arrays):  # (W_1, b_1), (W_2, b_2), ...
            arrays = [array for pair in arrays for array in pair]
        if len(arrays) == 2 * net.K > 2:  # W_1, b_1, W_2, b_2, ...
            arrays = [arrays[::2], arrays[1::2]]
        return _joined(net, arrays)
    array = _array(given, "it")
    if array.shape != (net.layout.size,):
        raise ShapeError(
            f"the gradient has shape {array.shape}; expected ({net.layout.size},), like theta, or (W, b) with "
            f"{net.K} arrays each."
        )
    return array.astype(np.float64), _tolerance(array)


def _joined(net: Network, given: list[Any]) -> tuple[Floats, float]:
    if len(given) != 2:
        raise ShapeError(
            f"the gradient is a list of {len(given)}; expected (W, b), lists of {net.K} arrays each, or "
            f"the {2 * net.K} arrays W_1, b_1, W_2, ..."
        )
    theta = np.zeros(net.layout.size)
    tolerance = 0.0
    for letter, listed, into in zip("Wb", given, net.layout.split(theta), strict=True):
        arrays = list(listed) if not (net.K == 1 and np.shape(listed) == into[1].shape) else [listed]
        arrays = arrays[1:] if len(arrays) == net.K + 1 and arrays[0] is None else arrays
        if len(arrays) != net.K:
            raise ShapeError(f"{letter} has {len(arrays)} arrays; expected {net.K}, one a layer.")
        for k, each in enumerate(arrays, 1):
            array = _array(each, f"{letter}[{k}]")
            if array.shape != into[k].shape:
                turned = "; it is transposed" if array.shape == into[k].shape[::-1] else ""
                raise ShapeError(
                    f"{letter}[{k}] of the gradient has shape {array.shape}; expected {into[k].shape}{turned}."
                )
            into[k][:] = array
            tolerance = max(tolerance, _tolerance(array))
    return theta, tolerance


def _is_pair(given: Any) -> bool:
    """Return whether this is a matrix and a vector."""
    return isinstance(given, (tuple, list)) and [_axes(each) for each in cast(Sequence[Any], given)] == [2, 1]


def _axes(given: Any) -> int:
    """Return how many axes an array, or a list of lists, has; -1 for lists of unequal lengths, as of W."""
    try:
        return np.ndim(given)
    except ValueError:
        return -1


def _has_parts(given: Any) -> bool:
    """Return whether this is a list of arrays or of lists, and not one of numbers."""
    return isinstance(given, (tuple, list)) and any(
        isinstance(each, (tuple, list)) or getattr(each, "ndim", 0) > 0 for each in cast(Sequence[Any], given)
    )


def _array(values: Any, what: str) -> Floats:
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        array = np.asarray(None)
    if array.dtype.kind not in "iuf":
        raise DataError(f"the gradient given is not made of real numbers: {what} is {array.dtype}.")
    return array


def _tolerance(array: Floats) -> float:
    return 1e-4 if array.dtype.name in ("float16", "float32") else 1e-6
