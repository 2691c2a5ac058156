"""The analytic gradient of random networks against two numerical ones, and against its own factors."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings

from deltarule import Network
from deltarule.maths import jacobians, passes
from deltarule.maths.differences import COMPLEX_STEP, central, central_step, complex_step
from deltarule.maths.outputs import OUTPUTS
from tests.random_networks import Case, cases, examples

EPS = float(np.finfo(np.float64).eps)
LIMIT = 1e-7
SAMPLE = 25


class Objective:
    """Loss + penalty of a case as a function of theta, real or complex."""

    def __init__(self, case: Case) -> None:
        self.case, self.net = case, case.net
        self.X, self.p, self.c = case.net.examples(case.X, case.y, case.weights)
        self.penalised = case.learns & case.net.layout.is_weight()

    def __call__(self, theta: np.ndarray) -> complex:
        loss = passes.loss(self.net.at(theta), self.X, self.p, self.c)
        return loss + self.case.penalty.value(theta[self.penalised])

    def gradient(self) -> np.ndarray:
        case = self.case
        grad = self.net.gradients(case.X, case.y, case.weights, only=case.only).theta
        return grad + np.where(self.penalised, case.penalty.gradient(self.net.theta), 0.0)

    def terms(self) -> np.ndarray:
        """Return, for every entry of the gradient, the sum of the magnitudes of the products that it adds up.

        Rounding makes an error of a few eps of this, however much of it cancels.
        """
        net, trace = self.net, passes.forward(self.net, self.X)
        a_K = trace.a[net.K]
        size = np.abs(trace.y_hat) + np.abs(self.p) + np.abs(a_K) + np.abs(net.output.delta(a_K, self.p))
        size = self.c[:, None] * size
        W, b = [None] * (net.K + 1), [None] * (net.K + 1)
        for k in range(net.K, 0, -1):
            W[k], b[k] = size.T @ np.abs(trace.h[k - 1]), size.sum(axis=0)
            size = size @ np.abs(net.W[k])
            if k > 1:
                size = size * (np.abs(net.g[k - 1].df(trace.a[k - 1])) + EPS)
        s = None if net.s is None else (size * np.abs(self.X)).sum(axis=0)
        return net.layout.join(W, b, s, like=net.theta) + np.abs(self.case.penalty.gradient(net.theta))

    def is_smooth_between(self, low: np.ndarray, high: np.ndarray) -> bool:
        """Return whether no unit with a kink, no ELU (g'' jumps), no loss and no penalised weight changes side."""
        if (self.penalised & ((low > 0) != (high > 0))).any():
            return False
        rough = [k for k in range(1, self.net.K) if self.net.g[k].has_kink or self.net.g[k].name == "elu"]
        below, above = (passes.forward(self.net.at(theta), self.X).a for theta in (low, high))
        sides = [self.net.output.side(a[-1], self.p) for a in (below, above)]
        if (sides[0] != sides[1]).any():
            return False
        return not any(((below[k] > 0) != (above[k] > 0)).any() for k in rough)


def directions(case: Case) -> list[np.ndarray]:
    """Return unit vectors of a sample of what learns, and one random direction over all of it."""
    rng = np.random.default_rng(case.net.layout.size)
    learning = np.flatnonzero(case.learns)
    sample = rng.choice(learning, min(SAMPLE, len(learning)), replace=False)
    return [
        *np.eye(case.net.layout.size)[sample],
        np.where(case.learns, rng.uniform(-1, 1, case.learns.size), 0.0),
    ]


def test_the_gradient_is_that_of_complex_step_and_central_differences():
    seen: Counter[str] = Counter()

    @settings(max_examples=examples(1000))
    @given(cases())
    def compare(case: Case) -> None:
        f, theta = Objective(case), case.net.theta.copy()
        grad, terms = f.gradient(), f.terms()
        assert (grad[~case.learns] == 0).all()  # frozen
        largest, h = np.abs(grad).max(), central_step(0.0)
        # The loss is known to about eps of its largest part, so its slope over 2 h to eps/h of that.
        parts = max(1.0, abs(f(theta)), *(np.abs(passes.forward(case.net, f.X).a[-1]).ravel()))
        for e in directions(case):
            g = grad @ e
            exact = f(theta + 1j * COMPLEX_STEP * e).imag / COMPLEX_STEP
            assert abs(g - exact) <= LIMIT * max(abs(g), abs(exact)) + 100 * EPS * (terms @ np.abs(e))
            up, down = theta + h * e, theta - h * e
            seen["all"] += 1
            if f.is_smooth_between(down, up):
                seen["central"] += 1
                slope = (f(up) - f(down)) / (2 * h)
                assert abs(g - slope) <= LIMIT * max(abs(g), abs(slope), largest, 1e-3 * parts)
        seen["networks"] += 1

    compare()
    assert seen["networks"] >= examples(1000)
    assert seen["central"] > 0.99 * seen["all"]


def test_numerical_derivatives_of_a_known_function():
    theta = np.array([1.0, -2.0, 300.0])
    slopes = np.array([3.0, 12.0, np.cos(300.0)])

    def f(theta: np.ndarray) -> complex:
        return theta[0] ** 3 + theta[1] ** 3 + np.sin(theta[2])

    np.testing.assert_allclose(complex_step(f, theta), slopes, rtol=1e-15)
    np.testing.assert_allclose(complex_step(f, theta, [2, 0]), slopes[[2, 0]], rtol=1e-15)
    np.testing.assert_allclose(central(f, theta), slopes, rtol=1e-6)
    np.testing.assert_allclose(central(f, theta, [1]), slopes[1:2], rtol=1e-9)
    np.testing.assert_allclose(central(f, theta, [0], step=0.5), [3.25], rtol=1e-15)  # 3 theta^2 + h^2
    assert central_step(0.0) == central_step(-1.0) == pytest.approx(EPS ** (1 / 3), rel=1e-12)
    assert central_step(-300.0) == 300.0 * central_step(0.0)


@settings(max_examples=examples(200))
@given(cases())
def test_the_product_of_the_factors_is_the_gradient(case: Case):
    f, net = Objective(case), case.net
    trace = passes.forward(net, f.X)
    grad, terms = net.gradients(case.X, case.y, case.weights).theta, f.terms()
    for n in np.random.default_rng(0).choice(net.layout.size, min(12, net.layout.size), replace=False):
        at = net.layout.parameter(n)
        chain = jacobians.factors(net, trace, f.p, at.k, at.i, at.j)
        assert len(chain) == 3 + 2 * (net.K - at.k) - (at.k == 0)
        assert chain[-1].symbol == (f"da_{at.k}/d{at}" if at.k else f"dh_0/d{at}")
        entry = (f.c * jacobians.product(chain)).sum()
        assert entry == pytest.approx(grad[n], rel=1e-12, abs=100 * EPS * terms[n])


@settings(max_examples=examples(200))
@given(cases())
def test_gradients_of_single_examples_average_to_the_gradient_and_have_the_norms_given(case: Case):
    net = case.net
    each = net.per_example_gradients(case.X, case.y)
    terms = Objective(Case(net, case.X, case.y, None, None, case.penalty)).terms()
    error = np.abs(each.mean(axis=0) - net.gradients(case.X, case.y).theta)
    assert (error <= 1e-12 * np.abs(each).max(axis=0) + 10 * EPS * terms).all()
    np.testing.assert_allclose(
        net.gradient_norms(case.X, case.y), np.linalg.norm(each, axis=1), rtol=1e-12, atol=1e-300
    )
    alone = net.gradients(case.X[0], case.y[:1]).theta
    np.testing.assert_allclose(each[0], alone, rtol=1e-9, atol=1e-12 * np.abs(each).max())


@settings(max_examples=examples(200))
@given(cases())
def test_what_is_selected_does_not_depend_on_what_else_is(case: Case):
    net = case.net
    whole = net.gradients(case.X, case.y, case.weights)
    part = net.gradients(case.X, case.y, case.weights, only=case.only)
    assert (part.theta[~case.learns] == 0).all()
    error = np.abs(part.theta - whole.theta)[case.learns]
    terms = Objective(case).terms()[case.learns]  # other shapes of a product are summed in another order
    assert (error <= 1e-12 * np.abs(whole.theta[case.learns]) + 10 * EPS * terms).all()
    assert part.loss == whole.loss
    for k in range(1, net.K + 1):
        assert (part.W[k] is None) == (not case.learns[net.layout.W[k]].any())
        assert (part.b[k] is None) == (not case.learns[net.layout.b[k]].any())
    assert (part.s is None) == (not case.learns[net.layout.s].any())


@pytest.mark.parametrize("output", [*OUTPUTS, "huber(0.2)", "quantile(0.9)"])
def test_gradients_by_logits_hidden_units_and_outputs_are_derivatives(output: str):
    net = Network([3, 4, 3, 2], ["tanh", "silu"], output, seed=1, dtype="float64", scale=True)
    rng = np.random.default_rng(0)
    net.s[:] = rng.normal(size=3)
    X, y = rng.normal(size=(5, 3)), rng.dirichlet([1, 1], 5)
    grad = net.gradients(X, y, weights=[1, 2, 0, 3, 1])
    X_, p, c = net.examples(X, y, [1, 2, 0, 3, 1])
    trace = passes.forward(net, X_)
    for k in (0, 1, 2, 3):
        for i in range(net.sizes[k]):
            e = 1j * COMPLEX_STEP * (np.arange(net.sizes[k]) == i)
            if k > 0:
                losses = c * net.output.loss(passes.above(net, k, trace.a[k] + e)[-1], p)
                np.testing.assert_allclose(
                    grad.a[k][:, i], losses.imag / COMPLEX_STEP, rtol=1e-12, atol=1e-16
                )
            if k < 3:
                a_next = (trace.h[k] + e) @ net.W[k + 1].T + net.b[k + 1]
                losses = c * net.output.loss(passes.above(net, k + 1, a_next)[-1], p)
                np.testing.assert_allclose(
                    grad.h[k][:, i], losses.imag / COMPLEX_STEP, rtol=1e-12, atol=1e-16
                )
    np.testing.assert_allclose(
        (grad.y_hat[:, None, :] @ net.output.dy_hat_da(trace.a[3]))[:, 0, :],
        grad.a[3],
        rtol=1e-12,
        atol=1e-16,
    )
    assert grad.a[0] is None
    assert Network([3, 2], output=output).gradients(X, y).h[0] is None  # nothing there learns


class Counted(np.ndarray):
    """An array that counts the products of two numbers made with it."""

    made = 0

    def __array_ufunc__(self, ufunc, method, *given, **settings):
        plain = [np.asarray(each) for each in given]
        result = getattr(ufunc, method)(*plain, **settings)
        if ufunc is np.matmul:
            Counted.made += plain[0].size * plain[1].shape[-1]
        elif ufunc is np.multiply:
            Counted.made += result.size
        return result.view(Counted) if isinstance(result, np.ndarray) else result


@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize(
    "only", [None, ["W[3]", "b[3]"], ["W[2]"], ["b[1]"], ["w[1,2,3]", "w[1,2,1]"], ["w[2,1,1]", "b[3]"]]
)
def test_the_products_of_a_backward_pass_are_as_many_as_is_said(only, scale):
    N, net = 7, Network([4, 5, 3, 2], "identity", seed=0, dtype="float64", scale=scale)
    of = net.layout.select(only if only is None or not scale else [*only, "s[2]"])
    rng = np.random.default_rng(0)
    trace = passes.forward(net, rng.normal(size=(N, 4)).view(Counted))
    delta = passes.delta_K(net, trace, np.eye(2)[rng.integers(0, 2, N)], np.full(N, 1 / N)).view(Counted)
    Counted.made = 0
    passes.backward(net, trace, delta, of.W, of.b, of.units, of.inputs, learn_s=of.s)
    said = passes.products(net.sizes, of.W, of.b, of.units, of.inputs, learn_s=of.s)
    assert Counted.made == N * said
