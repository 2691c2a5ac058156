"""Every activation against a formula of its own, its derivative, and the ends of the number line."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf, expit

from deltarule.errors import OptionError
from deltarule.maths.activations import ACTIVATIONS, Activation, activation
from deltarule.maths.differences import COMPLEX_STEP

SELU_S, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772

FORMULAS = {
    "identity": lambda a: a,
    "sigmoid": expit,
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0.0),
    "leaky_relu": lambda a: np.maximum(a, 0.01 * a),
    "elu": lambda a: np.where(a > 0, a, np.exp(np.minimum(a, 0)) - 1),
    "selu": lambda a: SELU_S * np.where(a > 0, a, SELU_ALPHA * (np.exp(np.minimum(a, 0)) - 1)),
    "gelu": lambda a: 0.5 * a * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a**3))),
    "silu": lambda a: a * expit(a),
    "softplus": lambda a: np.logaddexp(0.0, a),
}
HALF = np.r_[np.geomspace(1e-12, 700.0, 400), 36.0, 40.0, 709.0]
WIDE = np.r_[-HALF, HALF]
EVERY = pytest.mark.parametrize("g", ACTIVATIONS.values(), ids=str)


def test_every_activation_has_a_formula_here():
    assert FORMULAS.keys() == ACTIVATIONS.keys()


@EVERY
def test_values(g: Activation):
    a = np.r_[np.linspace(-30, 30, 601), 0.0]
    np.testing.assert_allclose(
        g.f(a), FORMULAS[g.name](a), rtol=1e-14, atol=1e-15 if g.name != "gelu" else 1e-14
    )


@EVERY
def test_the_derivative_is_the_complex_step_even_where_saturated(g: Activation):
    exact = g.f(WIDE + 1j * COMPLEX_STEP).imag / COMPLEX_STEP
    slopes = g.df(WIDE)
    # Below 1e-275 the imaginary part, 1e-30 times smaller, is no normal number any more.
    np.testing.assert_allclose(slopes, exact, rtol=1e-12, atol=1e-275)


@pytest.mark.parametrize(
    ("name", "a", "slope"),
    [
        ("tanh", 20.0, 4 * np.exp(-40.0)),  # 1 - tanh^2 would be 0
        ("tanh", -300.0, 4 * np.exp(-600.0)),
        ("sigmoid", 40.0, np.exp(-40.0)),  # y (1 - y) would be 0
        ("sigmoid", -700.0, np.exp(-700.0)),
        ("softplus", -700.0, np.exp(-700.0)),
        ("elu", -700.0, np.exp(-700.0)),
        ("elu", 0.5, 1.0),
        ("selu", -10.0, SELU_S * SELU_ALPHA * np.exp(-10.0)),
        ("selu", 3.0, SELU_S),
        ("relu", -2.0, 0.0),
        ("relu", 2.0, 1.0),
        ("relu", 0.0, 0.0),
        ("leaky_relu", -2.0, 0.01),
        ("leaky_relu", 0.0, 0.01),
        ("leaky_relu", 2.0, 1.0),
        ("silu", 1.0, expit(1.0) * (1 + expit(-1.0))),
        ("identity", -7.0, 1.0),
        ("gelu", 0.0, 0.5),
        ("gelu", 30.0, 1.0),
    ],
)
def test_slopes_known_in_closed_form(name: str, a: float, slope: float):
    assert activation(name).df(np.array([a]))[0] == pytest.approx(slope, rel=1e-14, abs=0)


def test_gelu_is_near_the_integral_of_the_normal_density():
    a = np.linspace(-6, 6, 241)
    np.testing.assert_allclose(activation("gelu").f(a), a * 0.5 * (1 + erf(a / np.sqrt(2))), atol=5e-4)


@EVERY
@pytest.mark.parametrize(("dtype", "largest"), [("float64", 1e308), ("float32", 3e38)])
def test_finite_for_every_finite_number(g: Activation, dtype: str, largest: float):
    a = np.array([0.0, -0.0, 1.0, -1.0, 20, -20, 100, -100, 1e4, -1e4, largest, -largest], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        f, df = g.f(a), g.df(a)
    assert f.dtype == df.dtype == a.dtype
    assert f.shape == df.shape == a.shape
    assert np.isfinite(f).all()
    assert np.isfinite(df).all()


@EVERY
def test_any_shape_comes_back(g: Activation):
    a = np.linspace(-2, 2, 24).reshape(2, 3, 4)
    np.testing.assert_array_equal(g.f(a).ravel(), g.f(a.ravel()))
    np.testing.assert_array_equal(g.df(a).ravel(), g.df(a.ravel()))


@EVERY
def test_only_what_has_a_kink_says_so(g: Activation):
    below, above = g.df(np.array([-1e-12, 1e-12]))
    assert g.has_kink == (abs(above - below) > 1e-3)
    assert activation(g.name) is g
    assert repr(g) == g.name


def test_unknown_names_list_the_known():
    with pytest.raises(OptionError, match=r"'tahn'; did you mean 'tanh'\? Known: identity, sigmoid, tanh"):
        activation("tahn")
