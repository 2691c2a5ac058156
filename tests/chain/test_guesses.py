"""Wrong answers to the derivative of one weight: worked by hand on the lecture's example, and what they must be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule import Network, explain
from deltarule.chain.guesses import Guess, guesses, is_same, mistakes_of


def worked() -> Network:
    """Return the network of docs/explain.md."""
    net = Network([3, 2, 2, 2], activation="relu", output="softmax", dtype="float64")
    net.W[1][:], net.b[1][:] = [[0.5, 0.25, 0.0], [0.0, 0.5, -0.25]], 0
    net.W[2][:], net.b[2][:] = [[0.25, 0.0], [1.0, 2.0]], 0
    net.W[3][:], net.b[3][:] = [[2.0, -1.0], [1.0, 2.0]], (np.log(4) + 1.0, -3.25)
    return net


def test_on_the_worked_example():
    """dL/da_3 = (-.2, .2), dL/dh_2 = (-.2, .6), h_2 = (.25, 1.5), h_1 = (1, .25)."""
    chain = explain(worked(), "w[1,1,1]", [1.0, 2.0, 3.0], 0)
    found = {each.words: round(each.value, 12) for each in guesses(chain, learning_rate=0.1)}
    assert chain.product == pytest.approx(0.55)
    of = {
        "the sign is wrong": -0.55,
        "only the diagonal of": 0.1,  # (-.2, 0) W_3 = (-.4, .2); .25 (-.4) + 1 (.2)
        "through units 1, 2, 2": 0.4,  # 1 . 1 . 2 . .2
        "through units 1, 2, 1": 0.2,
        "through units 1, 1, 1": -0.1,
        "through units 1, 1, 2": 0.05,
        "`W_3` was updated": 0.5375,  # (-.202, .588); .25 (-.202) + .588
        "`W_3` was not transposed": 0.05,  # W_3 (-.2, .2) = (-.6, .2)
        "`W_2` was not transposed": 0.25 * -0.2,
    }
    for words, value in of.items():
        assert [found[each] for each in found if words in each] == [pytest.approx(value)], words
    assert not any("g'" in words for words in found)  # every g' is 1
    assert mistakes_of(chain, 0.1) == ["only the diagonal of `dy_hat/da` was taken, `y_hat_i (1 - y_hat_i)`"]
    assert len(mistakes_of(chain, 0.05)) == 2
    assert mistakes_of(chain, 0.5512) == []
    assert mistakes_of(chain, 7.0) == []


def test_a_bias_a_scale_and_a_batch():
    net = Network([3, 4, 2], "tanh", "linear", seed=0, dtype="float64", scale=True)
    X, y = np.random.default_rng(0).normal(size=(5, 3)), np.random.default_rng(1).normal(size=(5, 2))
    chain = explain(net, "b[2,1]", X, y)
    found = {each.words: each.value for each in guesses(chain)}
    assert found["the bias was counted once for each of its unit's 4 inputs"] == pytest.approx(
        4 * chain.product
    )
    summed = found["the 5 examples were summed, not weighed by `c_n`"]
    assert summed == pytest.approx(5 * chain.product)
    of_scale = guesses(explain(net, "s[2]", X[0], y[0]))
    assert any("g'_1" in each.words for each in of_scale)
    weights = np.array([0.0, 1.0, 2.0, 0.0, 3.0])
    weighed = explain(net, "w[1,2,3]", X, y, weights)
    alone = sum(explain(net, "w[1,2,3]", X[n], y[n]).product for n in (1, 2, 4))
    assert {each.words: each.value for each in guesses(weighed)}[
        "the 5 examples were summed, not weighed by `c_n`"
    ] == pytest.approx(alone)


@given(seed=st.integers(0, 300), output=st.sampled_from(["softmax", "linear", "sigmoid", "poisson"]))
def test_no_guess_is_the_truth_and_each_is_recognised(seed, output):
    rng = np.random.default_rng(seed)
    net = Network([3, 3, 3, 3], "tanh", output, seed=seed, dtype="float64")
    y = int(rng.integers(0, 3)) if output == "softmax" else rng.uniform(size=3)
    chain = explain(net, net.layout.name(int(rng.integers(net.layout.size))), rng.normal(size=3), y)
    found = guesses(chain)
    assert Guess("the sign is wrong", -chain.product) in found or chain.product == 0
    for each in found:
        assert not is_same(each.value, chain.product)
        assert each.words in mistakes_of(chain, each.value)
    assert mistakes_of(chain, chain.product) == []
