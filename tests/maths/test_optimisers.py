"""Each optimiser against a loop that follows its published formula, number by number."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from deltarule.errors import OptionError
from deltarule.maths.optimisers import (
    LBFGS,
    OPTIMISERS,
    AdaGrad,
    Adam,
    AdamW,
    GradientDescent,
    Momentum,
    NAdam,
    Nesterov,
    Optimiser,
    RMSProp,
    Rprop,
    decay,
    optimiser,
)

RNG = np.random.default_rng(5)
GRADS = RNG.normal(size=(12, 6)) * [1.0, 1e-3, 10.0, 0.1, 1.0, 0.0]  # the last parameter feels nothing
RATES = 0.1 / (1 + np.arange(12))

Gs = list[float]


def gradient_descent(gs: Gs) -> Iterator[float]:
    for g, lr in zip(gs, RATES, strict=True):
        yield -lr * g


def momentum(gs: Gs) -> Iterator[float]:
    v = 0.0
    for g, lr in zip(gs, RATES, strict=True):
        v = 0.8 * v - lr * g
        yield v


def nesterov(gs: Gs) -> Iterator[float]:
    """Sutskever's form, with theta where the gradient is taken: theta_t = w_t + mu v_t."""
    w = v = ahead = 0.0
    for g, lr in zip(gs, RATES, strict=True):
        v = 0.8 * v - lr * g
        w = w + v
        yield w + 0.8 * v - ahead
        ahead = w + 0.8 * v


def adagrad(gs: Gs) -> Iterator[float]:
    s = 0.0
    for g, lr in zip(gs, RATES, strict=True):
        s += g * g
        yield -lr * g / (math.sqrt(s) + 1e-4)


def rmsprop(gs: Gs) -> Iterator[float]:
    s = 0.0
    for g, lr in zip(gs, RATES, strict=True):
        s = 0.7 * s + 0.3 * g * g
        yield -lr * g / (math.sqrt(s) + 1e-4)


def adam(gs: Gs) -> Iterator[float]:
    m = v = 0.0
    for t, (g, lr) in enumerate(zip(gs, RATES, strict=True), 1):
        m = 0.8 * m + 0.2 * g
        v = 0.95 * v + 0.05 * g * g
        yield -lr * (m / (1 - 0.8**t)) / (math.sqrt(v / (1 - 0.95**t)) + 1e-4)


def adam_eps_hat(gs: Gs) -> Iterator[float]:
    m = v = 0.0
    for t, (g, lr) in enumerate(zip(gs, RATES, strict=True), 1):
        m = 0.8 * m + 0.2 * g
        v = 0.95 * v + 0.05 * g * g
        yield -lr * math.sqrt(1 - 0.95**t) / (1 - 0.8**t) * m / (math.sqrt(v) + 1e-4)


def nadam(gs: Gs) -> Iterator[float]:
    m = v = 0.0
    for t, (g, lr) in enumerate(zip(gs, RATES, strict=True), 1):
        m = 0.8 * m + 0.2 * g
        v = 0.95 * v + 0.05 * g * g
        m_hat = 0.8 * m / (1 - 0.8 ** (t + 1)) + 0.2 * g / (1 - 0.8**t)
        yield -lr * m_hat / (math.sqrt(v / (1 - 0.95**t)) + 1e-4)


def rprop(gs: Gs) -> Iterator[float]:
    size, before = 0.1, 0.0
    for g, lr in zip(gs, RATES, strict=True):
        if g * before > 0:
            size = min(size * 1.3, 0.15)
        elif g * before < 0:
            size = max(size * 0.4, 0.05)
            g = 0.0
        before = g
        yield -size * (lr / 0.1) * ((g > 0) - (g < 0))


BETAS = {"beta1": 0.8, "beta2": 0.95, "eps": 1e-4}
CASES = {
    "gradient_descent": (GradientDescent(), gradient_descent),
    "momentum": (Momentum(mu=0.8), momentum),
    "nesterov": (Nesterov(mu=0.8), nesterov),
    "adagrad": (AdaGrad(eps=1e-4), adagrad),
    "rmsprop": (RMSProp(rho=0.7, eps=1e-4), rmsprop),
    "adam": (Adam(**BETAS), adam),
    "adam, eps_hat": (Adam(**BETAS, eps_hat=True), adam_eps_hat),
    "adamw": (AdamW(**BETAS), adam),
    "nadam": (NAdam(**BETAS), nadam),
    "rprop": (Rprop(lr=0.1, grow=1.3, shrink=0.4, least=0.05, most=0.15), rprop),
}


def steps(o: Optimiser, grads: np.ndarray, rates: list[float | None]) -> np.ndarray:
    state, made = o.init(np.zeros_like(grads[0])), []
    for grad, lr in zip(grads, rates, strict=True):
        step, state = o.update(grad, state, lr)
        made.append(step)
    assert state["t"] == len(grads)
    return np.array(made)


def test_every_optimiser_has_a_case_here():
    assert {name.split(",")[0] for name in CASES} | {"lbfgs"} == OPTIMISERS.keys()


@pytest.mark.parametrize("name", CASES)
def test_steps_follow_the_published_formula(name: str):
    o, formula = CASES[name]
    expected = np.transpose([list(formula(column)) for column in GRADS.T.tolist()])
    np.testing.assert_allclose(steps(o, GRADS, list(RATES)), expected, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_is_kept_and_arguments_too(name: str, dtype: str):
    o, grads = CASES[name][0], GRADS.astype(dtype)
    assert isinstance(o, Optimiser)
    state = o.init(np.zeros(6, dtype))
    for grad in grads:
        before = {key: np.copy(part) for key, part in state.items()}
        step, after = o.update(grad, state, 0.01)
        assert step.dtype == dtype
        for key, part in before.items():
            np.testing.assert_array_equal(state[key], part)
        state = after
    assert {part.dtype for part in state.values() if isinstance(part, np.ndarray)} <= {np.dtype(dtype)}
    np.testing.assert_array_equal(grads, GRADS.astype(dtype))


@pytest.mark.parametrize("name", CASES)
def test_without_a_rate_it_is_the_optimisers_own(name: str):
    o = optimiser(CASES[name][0], lr=0.03)
    assert isinstance(o, Optimiser)
    np.testing.assert_array_equal(steps(o, GRADS, [None] * 12), steps(o, GRADS, [0.03] * 12))


def test_defaults_are_the_published_ones():
    assert (Adam().lr, Adam().beta1, Adam().beta2, Adam().eps) == (1e-3, 0.9, 0.999, 1e-8)
    assert (RMSProp().rho, Momentum().mu, AdamW().weight_decay, Adam().weight_decay) == (0.9, 0.9, 0.01, 0.0)
    assert (Rprop().grow, Rprop().shrink, Rprop().least, Rprop().most) == (1.2, 0.5, 1e-6, 50.0)


def test_decay_moves_weights_towards_0_and_no_biases():
    theta, is_weight = np.array([2.0, -4.0, 8.0]), np.array([True, True, False])
    np.testing.assert_allclose(decay(theta, is_weight, 0.1, 0.5), [-0.1, 0.2, 0.0], rtol=1e-15)
    assert decay(theta.astype("float32"), is_weight, 0.1, 0.5).dtype == np.float32


@pytest.mark.parametrize("bad", [{"lr": 0.0}, {"lr": -1.0}, {"lr": math.nan}, {"weight_decay": -0.1}])
def test_wrong_rates_are_refused(bad: dict[str, float]):
    with pytest.raises(OptionError, match="it must be"):
        Adam(**bad)


def test_names():
    assert optimiser("adam") == Adam()
    assert optimiser("momentum", lr=0.5) == Momentum(lr=0.5)
    assert optimiser(Adam(beta1=0.5), lr=0.5) == Adam(lr=0.5, beta1=0.5)
    assert optimiser(LBFGS(memory=3)) == LBFGS(memory=3)
    with pytest.raises(OptionError, match=r"'adma'; did you mean 'adam'\? Known: gradient_descent, momentum"):
        optimiser("adma")
    with pytest.raises(OptionError, match="own step length"):
        optimiser("lbfgs", lr=0.1)
