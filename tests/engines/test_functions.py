"""exp, log and the activations of the compiled engine, against float64 and the reference, over the whole range."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numba import njit, types
from numba.extending import intrinsic

from deltarule.engines.compiled.kernels import activations, functions
from deltarule.engines.compiled.kernels.vectors import Vector, Writer
from deltarule.maths.activations import ACTIVATIONS

STEPS = 400_000


def over_memory(formula: Callable[[Vector], Vector]) -> Callable[[np.ndarray, int], None]:
    """Return the function that replaces `count` numbers, a multiple of the vector, by the formula of them."""

    @intrinsic
    def apply(typing, memory, count):
        def generate(context, builder, signature, arguments):
            write = Writer(context, builder, signature, arguments)
            with write.each(write.whole(0), write.arguments[0], write.lanes) as n:
                write.store(n, formula(write.load(n)))
            return context.get_dummy_value()

        return types.void(memory, types.intp), generate

    return njit(lambda memory, count: apply(memory, count))


def applied(formula: Callable[[Vector], Vector], x: np.ndarray) -> np.ndarray:
    """Return the formula of x."""
    memory = np.concatenate([x, np.ones(-len(x) % 16, x.dtype)])
    over_memory(formula)(memory, len(memory))
    return memory[: len(x)]


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
    ("formula", "right", "span"),
    [
        (functions.exp, np.exp, {"float32": (-103.0, 90.0), "float64": (-740.0, 711.0)}),
        (functions.log, np.log, {"float32": (1.2e-38, 3.4e38), "float64": (2.3e-308, 1.7e308)}),
        (functions.log1p, np.log1p, {"float32": (0.0, 1.0), "float64": (0.0, 1.0)}),
        (
            lambda t: functions.exp_minus_1(t)[0],
            lambda t: np.expm1(-t),
            {"float32": (0.0, 200.0), "float64": (0.0, 900.0)},
        ),
        (Vector.quick_sqrt, np.sqrt, {"float32": (1.2e-38, 3.4e38), "float64": (2.3e-308, 1.7e308)}),
    ],
    ids=["exp", "log", "log1p", "exp(-t) - 1", "sqrt"],
)
def test_within_4_units_in_the_last_place(formula, right, span: dict[str, tuple[float, float]], dtype: str):
    x = whole_range(dtype, *span[dtype])
    y = applied(formula, x)
    with np.errstate(over="ignore", under="ignore"):
        assert ulps(y, right(x.astype(np.longdouble))) <= 4


def test_infinities_and_nan():
    x = np.array([-np.inf, np.inf, np.nan], "float32")
    y = applied(functions.exp, x)
    np.testing.assert_array_equal(y, np.array([0.0, np.inf, np.nan], "float32"))


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activations_and_their_derivatives(name: str, dtype: str):
    a = whole_range(dtype, -80.0, 80.0)
    memory = np.r_[
        applied(lambda x: activations.FORMULAS[name](x)[0], a),
        applied(lambda x: activations.FORMULAS[name](x)[1], a),
    ]
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


@pytest.mark.parametrize("whose", ["maths", "machine code"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_keep_their_digits_wherever_they_are_normal_numbers(name: str, dtype: str, whose: str):
    half = np.r_[np.geomspace(1e-12, 100.0, 40_000), np.linspace(0.0, 100.0, 200_001)]
    a = np.unique(np.r_[-half, half].astype(dtype))
    g = ACTIVATIONS[name]
    with np.errstate(under="ignore"):
        exact = g.df(a.astype(np.longdouble))
        found = g.df(a) if whose == "maths" else applied(lambda x: activations.FORMULAS[name](x)[1], a)
    is_normal = np.abs(exact) >= np.finfo(dtype).tiny
    if dtype == "float32":
        rtol, atol = 1e-6, 0.0
    else:  # gelu' is exp(-2u) far below 0, and its rounding counts 2u times; silu' and gelu' pass 0 near -1
        rtol, atol = (4e-13 if name == "gelu" else 2e-14), 1e-15 * ((a < -0.5) & (a > -1.5))
    assert found.dtype == a.dtype
    assert (np.abs(found - exact) <= rtol * np.abs(exact) + atol)[is_normal].all()
    assert (np.abs(found) <= 2 * np.finfo(dtype).tiny)[~is_normal].all()


@pytest.mark.parametrize(("a", "slope"), [(12.0, 1.510053817597626e-10), (-40.0, 7.219405551381661e-35)])
def test_a_saturated_tanh_in_single_precision_has_the_slope_it_has(a: float, slope: float):
    found = applied(lambda x: activations.FORMULAS["tanh"](x)[1], np.array([a], "float32"))
    assert found[0] == pytest.approx(slope, rel=1e-6, abs=0)
