"""Who pulls a parameter: contributions add up to the gradient, over examples and over groups; suspects come first."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_digits
from tests.random_networks import Case, cases, examples

from deltarule import Network, pullers, suspects, train
from deltarule.errors import OptionError, ShapeError


@settings(max_examples=examples(200))
@given(cases(), st.integers(0, 2**32 - 1))
def test_contributions_add_up_to_the_gradient(case: Case, place: int):
    net = case.net
    n = place % net.layout.size
    groups = np.random.default_rng(1).integers(0, 3, len(case.X))
    answer = pullers(net, net.layout.name(n), case.X, case.y, case.weights, groups=groups)
    each = net.per_example_gradients(case.X, case.y)[:, n]
    c = net.weights(case.weights, len(case.X))
    np.testing.assert_allclose(answer.contributions, c * each, rtol=1e-9, atol=1e-12 * np.abs(each).max())
    scale = max(float(np.abs(answer.contributions).sum()), 1e-300)
    gradient = net.gradients(case.X, case.y, case.weights).theta[n]
    assert abs(answer.contributions.sum() - gradient) <= 1e-12 * scale
    assert abs(sum(group.pull for group in answer.groups) - gradient) <= 1e-12 * scale
    assert sum(group.examples for group in answer.groups) == len(case.X)
    assert answer.variance == pytest.approx(
        (c * (each - gradient) ** 2).sum(), rel=1e-6, abs=1e-12 * scale**2
    )


def test_by_hand():
    net = Network([1, 1], output="linear", dtype="float64")
    net.theta = [1.0, 0.0]
    answer = pullers(
        net,
        "w[1,1,1]",
        [[1.0], [2.0], [3.0]],
        [0.0, 3.0, 3.0],
        groups=["a", "b", "b"],
        by="kind",
        inputs=["age"],
    )
    np.testing.assert_allclose(answer.contributions, [2 / 3, -4 / 3, 0.0])  # 2 (y_hat - y) x / 3
    assert (answer.down, answer.up) == ((0,), (1,))
    assert answer.mean == answer.derivative == pytest.approx(-2 / 3)
    assert answer.variance == pytest.approx(((2 + 2 / 3) ** 2 + (-4 + 2 / 3) ** 2 + (2 / 3) ** 2) / 3)
    assert [(group.name, group.examples) for group in answer.groups] == [("b", 2), ("a", 1)]
    text = answer.text()
    assert text.startswith("Who pulls w[1,1,1], to output 1, from age")
    assert "moves it up" in text
    assert "By kind" in text
    assert answer.record()["up"] == [{"row": 2, "contribution": answer.contributions[1]}]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch):
    net, X, y = (
        Network([5, 8, 3], seed=0),
        np.random.default_rng(2).normal(size=(100, 5)),
        np.random.default_rng(3).integers(0, 3, 100),
    )
    whole, ranked = pullers(net, "w[1,2,3]", X, y), suspects(net, X, y)
    monkeypatch.setattr(import_module("deltarule.chain.pullers"), "BLOCK", 7)
    np.testing.assert_allclose(pullers(net, "w[1,2,3]", X, y).contributions, whole.contributions, rtol=1e-12)
    np.testing.assert_array_equal(suspects(net, X, y).order, ranked.order)


def test_what_does_not_fit_is_refused():
    net = Network([2, 3, 2])
    with pytest.raises(ShapeError, match="groups has 3 entries for 2 examples"):
        pullers(net, "b[1,1]", [[0.0, 1.0], [1.0, 0.0]], [0, 1], groups=[1, 2, 3])
    with pytest.raises(OptionError, match="there is no layer 4"):
        pullers(net, "b[4,1]", [[0.0, 1.0]], [0])
    with pytest.raises(OptionError, match="most is 0; it must be a whole number from 1 on"):
        pullers(net, "b[1,1]", [[0.0, 1.0]], [0], most=0)


def test_suspects_are_ranked_by_the_norm_of_their_gradients():
    net, X, y = (
        Network([4, 6, 3], "relu", seed=0, dtype="float64"),
        np.random.default_rng(4).normal(size=(50, 4)),
        np.random.default_rng(5).integers(0, 3, 50),
    )
    ranked = suspects(net, X, y)
    norms = np.linalg.norm(net.per_example_gradients(X, y), axis=1)
    np.testing.assert_allclose(ranked.norms, norms, rtol=1e-12)
    np.testing.assert_array_equal(ranked.order, np.argsort(-norms, kind="stable"))
    assert ranked.record(2)[0]["row"] == ranked.order[0] + 1


@pytest.mark.parametrize("load", [load_breast_cancer, load_digits])
@pytest.mark.parametrize("seed", range(3))
def test_flipped_labels_come_first(load: object, seed: int):
    X, y = load(return_X_y=True)
    X = (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-9)
    rng, classes = np.random.default_rng(seed), int(y.max()) + 1
    flipped = rng.choice(len(y), len(y) // 10, replace=False)
    wrong = y.copy()
    wrong[flipped] = (y[flipped] + rng.integers(1, classes, len(flipped))) % classes
    net = Network([X.shape[1], 32, classes], "relu", seed=seed)
    train(net, X, wrong, epochs=5, batch_size=32, learning_rate=3e-3, seed=seed)
    first = suspects(net, X, wrong).order[: int(0.15 * len(y))]
    assert len(np.intersect1d(first, flipped)) >= 0.7 * len(flipped)
