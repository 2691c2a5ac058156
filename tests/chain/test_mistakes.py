"""A gradient of one's own with a known mistake is recognised by name."""

from __future__ import annotations

import numpy as np
import pytest

from deltarule import Network, check, explain, train
from deltarule.errors import DataError, ShapeError

NETWORKS = [
    ([3, 4, 4, 3], "tanh", "softmax"),
    ([3, 5, 5, 2], "sigmoid", "sigmoid"),
    ([2, 3, 3, 3], "softplus", "softmax"),
]
MISTAKES = {
    "sum": "not divided by N",
    "twice": "divided by N = 30 twice",
    "sign": "sign is wrong",
    "double": "a factor 2 too much",
    "half": "a factor 2 missing",
    "transposed": "W[2]: transposed",
    "bias summed": "b[3]: summed over units or classes",
    "bias missing": "missing (all 0)",
    "slope missing": "derivative is missing in all layers",
    "slope missing in one": "derivative is missing in layer 1",
    "slope at h": "derivative is taken at h in all layers",
    "prediction missing": "y_hat is missing",
    "penalty missing": "penalty's gradient is missing",
    "penalty doubled": "penalty's gradient is doubled",
}


TWICE = "2 times what is right: a factor 2 too much or not divided by the n_2 = 2 outputs"


def wrong(
    net: Network, X: np.ndarray, p: np.ndarray, mistake: str
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Back-propagation as a learner writes it, with one mistake and a penalty of l2 = 0.1."""
    N, trace = len(X), net.forward(X)
    delta = (-p if mistake == "prediction missing" else trace.y_hat - p) / N
    W, b = [None] * (net.K + 1), [None] * (net.K + 1)
    l2 = {"penalty missing": 0.0, "penalty doubled": 0.2}.get(mistake, 0.1)
    for k in range(net.K, 0, -1):
        W[k], b[k] = delta.T @ trace.h[k - 1] + l2 * net.W[k], delta.sum(axis=0)
        if k > 1:
            slope = net.g[k - 1].df(trace.h[k - 1] if mistake == "slope at h" else trace.a[k - 1])
            skipped = mistake == "slope missing" or (mistake == "slope missing in one" and k == 2)
            delta = delta @ net.W[k] * (1.0 if skipped else slope)
    factor = {"sum": N, "twice": 1 / N, "sign": -1, "double": 2, "half": 0.5}.get(mistake, 1)
    W, b = [w * factor for w in W[1:]], [each * factor for each in b[1:]]
    if mistake == "transposed":
        W[1] = W[1].T
    if mistake == "bias summed":
        b[2] = np.full_like(b[2], b[2].sum())
        if abs(b[2][0]) < 1e-12:  # over classes of a softmax it is 0
            b[2][:] = 0
    if mistake == "bias missing":
        b = [np.zeros_like(each) for each in b]
    return W, b


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize(("sizes", "activation", "output"), NETWORKS)
def test_a_mistake_is_recognised(sizes: list[int], activation: str, output: str, mistake: str):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(30, sizes[0]))
    p = np.eye(sizes[-1])[rng.integers(0, sizes[-1], 30)]
    net = Network(sizes, activation, output, seed=1, dtype="float64")
    certificate = check(net, X, p, gradient=wrong(net, X, p, mistake), l2=0.1)
    assert not certificate.passed
    expected = MISTAKES[mistake]
    if mistake == "bias summed" and output == "softmax":
        expected = "or summed over units or classes too: here that sum is 0"
    assert expected in certificate.text()
    right = wrong(net, X, p, "")
    assert check(net, X, p, gradient=right, l2=0.1).passed
    single = tuple([each.astype(np.float32) for each in part] for part in right)
    assert check(net, X, p, gradient=single, l2=0.1).passed


def test_forms_and_shapes():
    net = Network([3, 4, 2], dtype="float64")
    X, y = np.random.default_rng(0).normal(size=(8, 3)), np.arange(8) % 2
    g = net.gradients(X, y)
    for form in (
        g,
        g.theta,
        g.theta.tolist(),
        (g.W, g.b),
        [g.W[1:], g.b[1:]],
        {"W": g.W[1:], "b": g.b[1:]},
        [g.W[1], g.b[1], g.W[2].tolist(), g.b[2]],
        [(g.W[1], g.b[1]), (g.W[2].tolist(), g.b[2].tolist())],
    ):
        assert check(net, X, y, gradient=form).passed
    single = Network([3, 2], dtype="float64")
    g_1 = single.gradients(X, y)
    for form in ([g_1.W[1], g_1.b[1]], ([g_1.W[1]], [g_1.b[1]]), [(g_1.W[1], g_1.b[1])], g_1.theta):
        assert check(single, X, y, gradient=form).passed
    with pytest.raises(ShapeError, match=r"W\[1\].*\(3, 4\); expected \(4, 3\); it is transposed"):
        check(net, X, y, gradient=([g.W[1].T, g.W[2]], g.b))
    with pytest.raises(ShapeError, match=r"expected \(26,\)"):
        check(net, X, y, gradient=g.theta[1:])


def test_mistakes_of_scales_are_recognised_and_their_gradients_taken_in_any_form():
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(8, 3)), np.arange(8) % 2
    net = Network([3, 4, 2], dtype="float64", scale=True)
    net.s[:] = 0.5, -2.0, 3.0
    g = net.gradients(X, y)
    for form in (
        g,
        g.theta,
        (g.W, g.b, g.s),
        {"W": g.W[1:], "b": g.b[1:], "s": g.s.tolist()},
        [g.W[1], g.b[1], g.W[2], g.b[2], g.s],
        [(g.W[1], g.b[1]), (g.W[2], g.b[2]), g.s],
    ):
        assert check(net, X, y, gradient=form).passed

    def told(**wrong: object) -> tuple[str, ...]:
        found = check(net, X, y, gradient={"W": g.W[1:], "b": g.b[1:], "s": g.s, **wrong}).own
        assert found
        return found.relations

    assert told(W=[g.W[1] / net.s, g.W[2]]) == ("the scales are missing in dL/dW_1: h_0 is s * x, not x",)
    assert told(s=g.s * net.s) == ("dL/ds is made with h_0, not with x",)
    assert told(s=g.h[0].sum(axis=0)) == ("x, the scales' own derivative, is missing in dL/ds",)
    assert told(s=-g.s) == ("s: -1 times what is right: the sign is wrong",)
    with pytest.raises(ShapeError, match=r"expected \(W, b, s\), lists of 2 arrays each, .* s being \(3,\)"):
        check(net, X, y, gradient=(g.W, g.b))
    with pytest.raises(ShapeError, match='and "s", the one of the inputs'):
        check(net, X, y, gradient={"W": g.W, "b": g.b})
    with pytest.raises(ShapeError, match=r"s of the gradient has shape \(2,\); expected \(3,\)"):
        check(net, X, y, gradient=(g.W, g.b, g.s[:2]))


def test_causes_that_make_the_same_number_are_all_said():
    rng = np.random.default_rng(5)
    X, y, weights = rng.normal(size=(20, 4)), rng.normal(size=(20, 2)), rng.uniform(size=20)
    net = Network([4, 5, 2], "relu", "linear", seed=0, dtype="float64")
    g = net.gradients(X, y)

    def told(theta: np.ndarray, **options: object) -> tuple[str, ...]:
        found = check(net, X, y, gradient=theta, **options).own
        assert found
        return found.relations

    assert told(2 * g.theta) == (f"all arrays: {TWICE}",)
    assert "not divided by N, and not divided by the n_2 = 2 outputs" in told(40 * g.theta)[0]
    assert told(g.theta, weights=weights) == ("the examples' weights are missing",)
    assert told(1.23 * g.theta) == ("all arrays: 1.23 times what is right",)


@pytest.mark.parametrize("seed", range(40))
def test_a_right_gradient_in_single_precision_is_right(seed: int):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(50, 4)), rng.integers(0, 3, 50)
    net = Network([4, 6, 5, 3], ["tanh", "relu"], seed=seed)
    g = net.gradients(X, y)
    assert g.theta.dtype == np.float32
    assert check(net, X, y, gradient=g, max_parameters=1).passed


def test_what_fits_one_array_is_said_where_nothing_fits_another():
    rng = np.random.default_rng(0)
    net, X, y = Network([3, 4, 2], dtype="float64"), rng.normal(size=(8, 3)), np.arange(8) % 2
    g = net.gradients(X, y)
    W, b = [2 * g.W[1], rng.normal(size=(2, 4))], [g.b[1], g.b[2].copy()]
    found = check(net, X, y, gradient=(W, b)).own
    assert found
    assert found.relations == (f"W[1]: {TWICE}", "W[2]: no relation that is known fits")
    b[1][0] = np.nan
    text = check(net, X, y, gradient=(W, b)).text()
    assert f"W[1]: {TWICE}" in text
    assert "W[2], b[2]: no relation that is known fits" in text
    assert text.startswith("FAIL: the gradient given is off in 21 of 26 entries: w[1,1,1], ")
    W = [2 * g.W[1], g.W[2]]
    found = check(net, X, y, gradient=(W, g.b), only=["W[1]"]).own
    assert found
    assert found.relations == (f"W[1]: {TWICE}",)
    with pytest.raises(DataError, match=r"not made of real numbers: W\[1\] is"):
        check(net, X, y, gradient=([g.W[1].astype(str), g.W[2]], g.b[1:]))


def test_a_certificate_is_no_comfort_where_nothing_moves():
    X, y = np.random.default_rng(0).normal(size=(30, 3)), np.arange(30) % 2
    net = Network([3, 4, 2], activation="relu", seed=0, dtype="float64")
    net.b[1][:] = -100
    text = check(net, X, y).text()
    assert text.startswith("PASS, but all derivatives are 0")
    assert "Off on every row: all 4 units of layer 1" in text
    net.theta = np.zeros(26)
    net.b[1][:] = 1.0
    assert "Alike, with equal weights in and out: all 4 units of layer 1" in check(net, X, y).text()


def test_training_reports_units_off_and_explain_tells_depth_from_one_factor():
    X, y = np.random.default_rng(0).normal(size=(30, 3)), np.arange(30) % 2
    net = Network([3, 4, 2], activation="relu", seed=0, dtype="float64")
    net.b[1][[1, 3]] = -100
    net.W[1][0], net.b[1][0] = (1, 0, 0), 0.0  # on and off
    assert train(net, X, y, epochs=1, engine="reference").off == {1: [2, 4]}
    deep = Network([3, *[8] * 10, 2], activation="sigmoid", seed=0, dtype="float64")
    assert "vanishes by depth" in explain(deep, "w[1,1,1]", X, y).text()
    deep = Network([3, *[8] * 4, 2], activation="leaky_relu", seed=0, dtype="float64")
    deep.W[3][:] *= 1e-9
    assert not explain(deep, "w[1,1,1]", X, y).vanishing
