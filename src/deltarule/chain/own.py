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
        given = (given.W, given.b) if net.s is None else (given.W, given.b, given.s)
    if isinstance(given, Mapping):
        named, letters = given, ["W", "b"] if net.s is None else ["W", "b", "s"]
        if set(named) != set(letters):
            s = "" if net.s is None else ', and "s", the one of the inputs\' scales'
            raise ShapeError(
                f'a gradient given as a dict has the keys "W" and "b", lists of one array a layer{s}.'
            )
        given = tuple(named[letter] for letter in letters)
    if _has_parts(given):
        arrays = list(cast(Sequence[Any], given))
        scales = arrays.pop() if net.s is not None and len(arrays) in (3, net.K + 1, 2 * net.K + 1) else None
        if all(_is_pair(each) for each in arrays):  # (W_1, b_1), (W_2, b_2), ...
            arrays = [array for pair in arrays for array in pair]
        if len(arrays) == 2 * net.K > 2:  # W_1, b_1, W_2, b_2, ...
            arrays = [arrays[::2], arrays[1::2]]
        return _joined(net, arrays, scales)
    array = _array(given, "it")
    if array.shape != (net.layout.size,):
        raise ShapeError(
            f"the gradient has shape {array.shape}; expected ({net.layout.size},), like theta, or "
            f"{_form(net)} with {net.K} arrays each."
        )
    return array.astype(np.float64), _tolerance(array)


def _form(net: Network) -> str:
    return "(W, b)" if net.s is None else "(W, b, s)"


def _joined(net: Network, given: list[Any], scales: Any) -> tuple[Floats, float]:
    if len(given) != 2 or (net.s is not None and scales is None):
        s = "" if net.s is None else f", s being ({net.sizes[0]},) and the last of either"
        raise ShapeError(
            f"the gradient is a list of {len(given)}; expected {_form(net)}, lists of {net.K} arrays each, or "
            f"the {2 * net.K} arrays W_1, b_1, W_2, ...{s}"
        )
    theta = np.zeros(net.layout.size)
    tolerance = 0.0
    if net.s is not None:
        array = _array(scales, "s")
        if array.shape != net.s.shape:
            raise ShapeError(f"s of the gradient has shape {array.shape}; expected {net.s.shape}.")
        theta[net.layout.s] = array
        tolerance = _tolerance(array)
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
