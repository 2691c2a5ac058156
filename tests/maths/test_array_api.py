"""The mathematics uses the Array API alone, leaves its arguments as they are, and computes nothing in vain."""

from __future__ import annotations

from typing import Any

import array_api_strict as strict
import numpy as np
import pytest

from deltarule import Network
from deltarule.maths import differences, jacobians, passes
from deltarule.maths.activations import ACTIVATIONS, Activation, Identity
from deltarule.maths.optimisers import OPTIMISERS, Optimiser, decay, optimiser
from deltarule.maths.outputs import OUTPUTS, output
from deltarule.maths.passes import Layers
from deltarule.maths.penalties import Penalty, clip_by_norm, clip_by_value

STEPPERS = [name for name in OPTIMISERS if name != "lbfgs"]


def same(ours: Any, numpys: Any) -> None:
    """Compare nested results of strict arrays with those of NumPy."""
    if isinstance(numpys, (list, tuple)):
        assert len(ours) == len(numpys)
        for one, other in zip(ours, numpys, strict=True):
            same(one, other)
    elif isinstance(numpys, dict):
        assert ours.keys() == numpys.keys()
        for key in numpys:
            same(ours[key], numpys[key])
    elif numpys is None or isinstance(numpys, int):
        assert ours == numpys
    else:
        assert isinstance(ours, type(strict.asarray(0.0)))
        np.testing.assert_allclose(np.asarray(ours), numpys, rtol=1e-12, atol=1e-15)


def frozen(a: np.ndarray) -> np.ndarray:
    """Return a copy that cannot be written into."""
    a = a.copy()
    a.flags.writeable = False
    return a


def targets(name: str) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.dirichlet([1, 1, 1], 5) if name == "softmax" else rng.integers(0, 2, (5, 3)).astype(float)


def net(
    name: str, activations: tuple[str, ...] = ("tanh", "gelu", "selu"), *, scale: bool = False
) -> Network:
    return Network([4, 5, 3, 2, 3], activations, name, seed=1, dtype="float64", scale=scale)


@pytest.mark.parametrize("g", ACTIVATIONS.values(), ids=str)
def test_activations(g: Activation):
    a = frozen(5 * np.random.default_rng(1).normal(size=(6, 4)))
    same([g.f(strict.asarray(a)), g.df(strict.asarray(a))], [g.f(a), g.df(a)])


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs(name: str):
    o, a, p = output(name), frozen(np.random.default_rng(2).normal(size=(5, 3))), frozen(targets(name))

    def everything(a: Any, p: Any) -> list[Any]:
        return [
            *(o.y_hat(a), o.loss(a, p), o.dL_dy_hat(a, p), o.dy_hat_da(a), o.delta(a, p)),
            *(o.side(a, p), o.targets(p, 3)),
        ]

    same(everything(strict.asarray(a), strict.asarray(p)), everything(a, p))


def test_class_numbers():
    y = np.array([0, 2, 1])
    same(output("softmax").targets(strict.asarray(y), 3), output("softmax").targets(y, 3))
    with pytest.raises(ValueError, match="example 2"):
        output("softmax").targets(strict.asarray([0.0, 7.0]), 3)


@pytest.mark.parametrize("name", OUTPUTS)
def test_passes_and_jacobians(name: str):
    n = net(name, scale=True)
    theta, X, p = (
        frozen(n.theta + 0.1),
        frozen(np.random.default_rng(3).normal(size=(5, 4))),
        frozen(targets(name)),
    )
    c = frozen(np.array([0.1, 0.2, 0.3, 0.4, 0.0]))

    def everything(theta: Any, X: Any, p: Any, c: Any) -> list[Any]:
        layers = n.at(theta)
        trace = passes.forward(layers, X)
        some = passes.backward(layers, trace, passes.delta_K(layers, trace, p, c), {2, 4}, {3})
        full = passes.backward(layers, trace, layers.output.delta(trace.a[4], p), (), {1}, learn_s=True)
        part = passes.backward(
            layers, trace, layers.output.delta(trace.a[4], p), {3}, (), {0: [1, 3]}, learn_s=True
        )
        places = (1, 2), (2, None), (4, 1), (0, None)
        chains = [jacobians.factors(layers, trace, p, k, 1, j) for k, j in places]
        return [
            [full.h, full.s, part.h, part.W, part.s],
            [trace.a, trace.h, trace.y_hat],
            [some.a, some.h, some.W, some.b],
            [passes.loss(layers, X, p, c), passes.above(layers, 2, trace.a[2])],
            [passes.per_example(trace, full), passes.per_example_norms(trace, full)],
            [jacobians.product(chain) for chain in chains],
            [factor.matrix for chain in chains for factor in chain],
        ]

    same(everything(*(strict.asarray(part) for part in (theta, X, p, c))), everything(theta, X, p, c))


@pytest.mark.parametrize("name", OUTPUTS)
def test_differences(name: str):
    n, X, p, c = (
        net(name, scale=True),
        np.random.default_rng(4).normal(size=(5, 4)),
        targets(name),
        np.full(5, 0.2),
    )

    def both(theta: Any, X: Any, p: Any, c: Any) -> list[Any]:
        def loss(theta: Any) -> Any:
            return passes.loss(n.at(theta), X, p, c)

        return [differences.complex_step(loss, theta, [0, 7, 50])]

    same(both(*(strict.asarray(part) for part in (n.theta, X, p, c))), both(n.theta, X, p, c))
    same(
        differences.central(
            lambda theta: (theta**3).__array_namespace__().sum(theta**3), strict.asarray([1.0, 2.0])
        ),
        differences.central(lambda theta: np.sum(theta**3), np.array([1.0, 2.0])),
    )


def test_penalties():
    w = frozen(np.random.default_rng(5).normal(size=12))

    def everything(w: Any) -> list[Any]:
        penalty = Penalty(0.1, 0.2)
        return [penalty.gradient(w), clip_by_value(w, 0.5), clip_by_norm(w, 0.5), clip_by_norm(w, 99.0), w**2]

    same(everything(strict.asarray(w)), everything(w))
    same(Penalty(0.1, 0.2).value(strict.asarray(w)), Penalty(0.1, 0.2).value(w))


@pytest.mark.parametrize("name", STEPPERS)
def test_optimisers(name: str):
    o, theta = optimiser(name), frozen(np.random.default_rng(6).normal(size=7))
    grads = [frozen(g) for g in np.random.default_rng(7).normal(size=(4, 7))]
    assert isinstance(o, Optimiser)

    def run(convert: Any) -> list[Any]:
        state, steps = o.init(convert(theta)), []
        for grad in grads:
            for part in state.values():
                if isinstance(part, np.ndarray):
                    part.flags.writeable = False
            step, state = o.update(convert(grad), state, 0.01)
            steps.append(step)
        return [steps, state]

    same(run(strict.asarray), run(lambda a: a))
    is_weight = np.arange(7) % 2 == 0
    same(
        decay(strict.asarray(theta), strict.asarray(is_weight), 0.1, 0.2),
        decay(theta, frozen(is_weight), 0.1, 0.2),
    )


class Forbidden:
    """What may be looked up but not computed with."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"somebody used it: {name}")

    __array_ufunc__ = None

    def __rmatmul__(self, other: Any) -> Any:
        raise AssertionError("somebody multiplied by it")


class NoDerivative(Identity):
    """An activation that nobody may differentiate."""

    def df(self, a: Any) -> Any:
        raise AssertionError("somebody took the derivative")


def barred_below(lowest: int) -> tuple[Layers, passes.Trace]:
    """Return a net of four layers and its trace, in which all that layers under `lowest` hold is forbidden."""
    n = net("linear")
    trace = passes.forward(n, np.random.default_rng(8).normal(size=(5, 4)))
    bar = Forbidden()
    W = [bar if 0 < k <= lowest else W for k, W in enumerate(n.W)]  # W_lowest leads below as well
    g = [NoDerivative() if k < lowest else g for k, g in enumerate(n.g)]
    a = [bar if k < lowest else a for k, a in enumerate(trace.a)]
    h = [bar if k < lowest - 1 else h for k, h in enumerate(trace.h)]
    return Layers(W, n.b, g, n.output), passes.Trace(a, h, trace.y_hat)


@pytest.mark.parametrize("lowest", [1, 2, 3, 4])
def test_nothing_is_computed_below_the_lowest_layer_that_learns(lowest: int):
    delta = np.random.default_rng(9).normal(size=(5, 3))
    layers, trace = barred_below(lowest)
    for learn_W, learn_b in (
        ((lowest,), ()),
        ((), (lowest,)),
        ((lowest, 4), (lowest,)),
        ((4,), (lowest,)),
    ):
        deltas = passes.backward(layers, trace, delta, learn_W, learn_b)
        assert [k for k in range(5) if deltas.a[k] is not None] == list(range(lowest, 5))
        assert [k for k in range(5) if deltas.h[k] is not None] == list(range(lowest, 4))
        assert [k for k in range(5) if deltas.W[k] is not None] == sorted({*learn_W})
        assert [k for k in range(5) if deltas.b[k] is not None] == sorted({*learn_b})


def test_no_gradient_of_weights_is_computed_that_nobody_asked_for():
    n = net("linear")
    trace = passes.forward(n, np.random.default_rng(10).normal(size=(5, 4)))
    without_h = passes.Trace(trace.a, [trace.h[0], *[Forbidden()] * 3], trace.y_hat)
    deltas = passes.backward(n, without_h, np.random.default_rng(11).normal(size=(5, 3)), {1}, {3})
    assert deltas.W[1].shape == (5, 4)
    assert deltas.b[3].shape == (2,)


class Counted(np.ndarray):
    """An array that counts the multiplications of its products."""

    multiplications = 0

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        bare = [np.asarray(each) for each in inputs]
        if ufunc is np.matmul:
            Counted.multiplications += bare[0].shape[0] * bare[0].shape[1] * bare[1].shape[1]
        elif ufunc is np.multiply:
            Counted.multiplications += np.broadcast(*bare).size
        return np.asarray(getattr(ufunc, method)(*bare, **options)).view(Counted)


def multiplications(n: Network, X: np.ndarray, only: list[str] | None) -> tuple[int, np.ndarray]:
    """Return how many multiplications the backward pass makes, g' aside, and its gradient."""
    trace = passes.forward(n, X)
    counted = passes.Trace(trace.a, [h.view(Counted) for h in trace.h], trace.y_hat)
    layers = Layers([None, *(W.view(Counted) for W in n.W[1:])], n.b, n.g, n.output)
    delta = (n.output.delta(trace.a[n.K], np.zeros((len(X), n.sizes[-1]))) / len(X)).view(Counted)
    chosen = n.layout.select(only)
    Counted.multiplications = 0
    deltas = passes.backward(layers, counted, delta, chosen.W, chosen.b, chosen.units, chosen.inputs)
    return Counted.multiplications, n.layout.join(
        *n.layout.spread(deltas.W, deltas.b, deltas.s, chosen), like=n.theta
    )


@pytest.mark.parametrize(
    ("only", "count"),
    [
        (["w[2,1,3]"], 7 * 5 + 7 + 7),  # column 1 of dL/dh_2, times g', and one product over 7 examples
        (["b[2,1]"], 7 * 5 + 7),
        (["w[3,2,9]"], 7),
        (["w[3,2,9]", "w[3,4,1]"], 7 * 2 * 2),  # two rows by two columns
        (["w[1,4,4]"], 7 * 5 * 40 + 7 * 40 + 7 * 40 + 7 + 7),
        (["w[1,4,4]", "w[3,2,9]"], 7 + 7 * 5 * 40 + 7 * 40 + 7 * 40 + 7 + 7),
        (None, 7 * 5 * 40 * 2 + 7 * 40 + 7 * 40 * 30 * 2 + 7 * 30 + 7 * 30 * 20),
    ],
)
def test_single_parameters_cost_only_the_rows_and_columns_that_they_need(only: list[str] | None, count: int):
    n = Network([20, 30, 40, 5], "tanh", "linear", seed=1, dtype="float64")
    X = np.random.default_rng(3).normal(size=(7, 20))
    made, grad = multiplications(n, X, only)
    assert made == count
    whole = n.gradients(X, np.zeros((7, 5)))
    index = n.layout.select(only).index
    np.testing.assert_allclose(grad[index], whole.theta[index], rtol=1e-12, atol=1e-14)
    part = n.gradients(X, np.zeros((7, 5)), only=only)
    np.testing.assert_allclose(part.theta[index], whole.theta[index], rtol=1e-12, atol=1e-14)
    assert np.count_nonzero(part.theta) == len(whole.theta[index])


def test_of_the_lowest_layer_nothing_is_given_that_is_not_whole():
    n, X, y = net("linear"), np.random.default_rng(12).normal(size=(5, 4)), np.zeros((5, 3))
    part = n.gradients(X, y, only=["w[2,1,3]"])
    assert part.a[2] is None
    assert part.h[2] is None
    np.testing.assert_array_equal(part.a[3], n.gradients(X, y).a[3])
    assert n.gradients(X, y, only=["b[2]", "w[2,1,3]"]).a[2].shape == (5, 3)


def test_networks_leave_their_arguments_as_they_are():
    n, X, y, weights = (
        net("softmax"),
        frozen(np.random.default_rng(13).normal(size=(5, 4))),
        frozen(targets("softmax")),
        frozen(np.ones(5)),
    )
    before = n.theta.copy()
    n.theta.flags.writeable = False
    n.gradients(X, y, weights, only=frozen(np.arange(n.layout.size) % 3 == 0))
    n.per_example_gradients(X, y)
    n.gradient_norms(X, y)
    np.testing.assert_array_equal(n.theta, before)
