"""exp, log and the activations of the compiled engine, against float64 and the reference, over the whole range."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from deltarule.engines.compiled import activations, functions
from deltarule.maths.activations import ACTIVATIONS

STEPS = 400_000


@njit
def _apply_exp(x: np.ndarray, y: np.ndarray) -> None:
    for i in range(len(x)):
        y[i] = functions.exp(x[i])


@njit
def _apply_log(x: np.ndarray, y: np.ndarray) -> None:
    for i in range(len(x)):
        y[i] = functions.log(x[i])


@njit
def _apply_log1p(x: np.ndarray, y: np.ndarray) -> None:
    for i in range(len(x)):
        y[i] = functions.log1p(x[i])


def ulps(found: np.ndarray, right: np.ndarray) -> float:
    """Return the largest error in units in the last place of what is right, given in higher precision."""
    rounded = right.astype(found.dtype)
    is_finite = np.isfinite(rounded)
    np.testing.assert_array_equal(found[~is_finite], rounded[~is_finite])
    error = np.abs(found[is_finite] - right[is_finite])
    return float((error / np.spacing(np.abs(rounded[is_finite]))).max())


def whole_range(dtype: str, low: float, high: float) -> np.ndarray:
    """Return numbers of every size between low and high, evenly spaced ones and tiny ones of both signs."""
    tiny = np.geomspace(np.finfo(dtype).tiny, max(abs(low), abs(high)), STEPS)
    x = np.r_[np.linspace(low, high, STEPS), tiny, -tiny]
    return x[(low <= x) & (x <= high)].astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("apply", "right", "span"),
    [
        (_apply_exp, np.exp, {"float32": (-103.0, 90.0), "float64": (-740.0, 711.0)}),
        (_apply_log, np.log, {"float32": (1.2e-38, 3.4e38), "float64": (2.3e-308, 1.7e308)}),
        (_apply_log1p, np.log1p, {"float32": (0.0, 1.0), "float64": (0.0, 1.0)}),
    ],
    ids=["exp", "log", "log1p"],
)
def test_within_4_units_in_the_last_place(apply, right, span: dict[str, tuple[float, float]], dtype: str):
    x = whole_range(dtype, *span[dtype])
    y = np.empty_like(x)
    apply(x, y)
    with np.errstate(over="ignore", under="ignore"):
        assert ulps(y, right(x.astype(np.longdouble))) <= 4


def test_infinities_and_nan():
    x = np.array([-np.inf, np.inf, np.nan], "float32")
    y = np.empty_like(x)
    _apply_exp(x, y)
    np.testing.assert_array_equal(y, np.array([0.0, np.inf, np.nan], "float32"))


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activations_and_their_derivatives(name: str, dtype: str):
    a = whole_range(dtype, -80.0, 80.0)
    memory = np.concatenate([a, np.zeros_like(a)])
    activations.activate(activations.CODES[name], memory, 0, len(a), len(a))
    g, exact = ACTIVATIONS[name], a.astype(np.longdouble)
    with np.errstate(under="ignore"):
        value, slope = g.f(exact), g.df(exact)
    largest = np.finfo(dtype).eps * 4
    if name in ("sigmoid", "tanh", "softplus", "elu", "selu", "relu", "leaky_relu", "identity"):
        is_normal = np.abs(value) > 1e-36
        assert ulps(memory[: len(a)][is_normal], value[is_normal]) <= 4
    # The tail of gelu is exp(-u) with u up to 700, whose own rounding counts u times.
    rtol = (1000 if name == "gelu" else 50) * largest
    np.testing.assert_allclose(memory[: len(a)], value.astype(dtype), rtol=rtol, atol=np.finfo(dtype).tiny)
    np.testing.assert_allclose(memory[len(a) :], slope.astype(dtype), rtol=50 * largest, atol=10 * largest)
