"""The loss along one parameter, and the error of numerical derivatives by their step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule import Network
from deltarule.chain import check, curve, nudge
from deltarule.errors import OptionError


@given(
    seed=st.integers(0, 1000), output=st.sampled_from(["softmax", "linear", "sigmoid"]), scale=st.booleans()
)
def test_the_loss_along_a_parameter_is_that_of_the_network_with_it(seed, output, scale):
    rng = np.random.default_rng(seed)
    net = Network([3, 4, 2], "tanh", output, seed=seed, dtype="float64", scale=scale)
    X, weights = rng.normal(size=(6, 3)), rng.uniform(0.5, 2.0, 6)
    y = rng.integers(0, 2, 6) if output == "softmax" else rng.uniform(size=(6, 2))
    name = net.layout.name(int(rng.integers(net.layout.size)))
    place = net.layout.find(name)
    moved = nudge(net, name, X, y, weights, points=5)
    assert moved.loss == pytest.approx(net.loss(X, y, weights))
    assert moved.derivative == pytest.approx(net.gradients(X, y, weights).theta[place])
    for value, loss in zip(moved.values, moved.losses, strict=True):
        other = net.copy()
        other.theta[place] = value
        assert loss == pytest.approx(other.loss(X, y, weights), rel=1e-12)
    np.testing.assert_allclose(moved.tangent, moved.loss + moved.derivative * (moved.values - moved.w))
    assert moved.record()["losses"] == moved.losses.tolist()


def test_a_nudge_is_as_wide_as_is_asked_for():
    net = Network([2, 1], output="linear", seed=0, dtype="float64")
    net.theta = [5.0, 0.0, 0.0]
    assert nudge(net, "w[1,1,1]", [1.0, 2.0], [0.0]).values[[0, 20, -1]].tolist() == [0.0, 5.0, 10.0]
    assert nudge(net, "w[1,1,2]", [1.0, 2.0], [0.0]).values[[0, -1]].tolist() == [-1.0, 1.0]
    assert nudge(net, "b[1,1]", [1.0, 2.0], [0.0], width=0.5, points=2).values.tolist() == [-0.5, 0.5]
    with pytest.raises(OptionError, match="w\\[3,1,1\\]"):
        nudge(net, "w[3,1,1]", [1.0, 2.0], [0.0])


@given(seed=st.integers(0, 200))
def test_a_central_difference_falls_with_its_step_squared_and_rises_by_rounding(seed):
    rng = np.random.default_rng(seed)
    net = Network([3, 4, 2], "tanh", seed=seed, dtype="float64")
    X, y = rng.normal(size=(5, 3)), rng.integers(0, 2, 5)
    found = curve(net, "w[1,2,1]", X, y)
    by = dict(zip(np.round(np.log10(found.steps), 1), found.central, strict=True))
    if abs(found.derivative) > 1e-3:
        assert by[-2.0] < 0.05 * by[-1.0] + 1e-9
        assert by[-14.0] > 10 * by[-5.0]
        assert 1e-8 < found.best < 1e-2
    assert found.complex_step[found.steps < 1e-9].max() < 1e-9
    (compared,) = check(net, X, y, only=["w[1,2,1]"]).comparisons
    assert found.taken == compared.step
    assert found.derivative == pytest.approx(compared.analytic, rel=1e-12)
    assert found.record()["best"] == found.best


def test_a_derivative_of_nothing_has_no_error():
    net = Network([1, 1], output="linear", dtype="float64")
    found = curve(net, "w[1,1,1]", [0.0], [1.0])
    assert found.derivative == 0.0
    assert (found.central == 0).all()
    assert (found.complex_step == 0).all()
