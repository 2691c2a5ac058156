"""The certificate passes what is right, catches what is wrong, and says which."""

from __future__ import annotations

import numpy as np
import pytest

from deltarule import Network, check, train
from deltarule.maths import passes
from deltarule.maths.activations import ACTIVATIONS, Tanh
from deltarule.maths.outputs import OUTPUTS

RNG = np.random.default_rng(4)
X = RNG.normal(size=(40, 3))


def target(output: str) -> np.ndarray:
    return (
        np.random.default_rng(1).integers(0, 2, 40)
        if output == "softmax"
        else np.random.default_rng(2).integers(0, 2, (40, 2)).astype(float)
    )


@pytest.mark.parametrize("output", [*OUTPUTS, "huber(0.3)", "quantile(0.9)"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_right_gradient_passes_for_every_parameter(activation: str, output: str):
    net = Network([3, 4, 4, 2], activation, output, seed=2)
    certificate = check(net, X, target(output), weights=np.arange(40))
    assert certificate.passed, certificate.text()
    assert len(certificate.comparisons) == 46
    assert {each.name for each in certificate.comparisons} == {net.layout.name(n) for n in range(46)}


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0, 1e4])
def test_unscaled_inputs_and_trained_saturated_networks_pass(scale: float):
    y = (X[:, 0] > 0).astype(int)
    net = Network([3, 8, 8, 2], "tanh", seed=0)
    train(net, X, y, epochs=300, learning_rate=0.02)
    certificate = check(net, X * scale, y)
    assert certificate.passed, certificate.text()


def test_a_wrong_derivative_fails_and_the_worst_parameter_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Tanh, "df", lambda self, a: 1.0 - np.tanh(a) ** 2 * 1.001)
    certificate = check(Network([3, 4, 2], "tanh"), X, target("softmax"))
    assert not certificate.passed
    assert certificate.worst.verdict == "FAIL"
    assert certificate.worst.name.startswith(("w[1,", "b[1,"))
    assert certificate.text().startswith("FAIL")
    assert certificate.worst.name in certificate.text()


def test_an_error_in_a_single_bias_is_found(monkeypatch: pytest.MonkeyPatch):
    backward = passes.backward

    def wrong(*arguments: object) -> passes.Deltas:
        deltas = backward(*arguments)
        deltas.b[2][1] *= 1.0 + 1e-6
        return deltas

    monkeypatch.setattr(passes, "backward", wrong)
    certificate = check(Network([3, 4, 2], "tanh"), X, target("softmax"))
    assert [each.name for each in certificate.comparisons if each.verdict == "FAIL"] == ["b[2,2]"]
    assert certificate.worst.name == "b[2,2]"


def test_nan_does_not_pass():
    net = Network([3, 4, 2], "tanh")
    net.W[2][0, 0] = np.nan
    certificate = check(net, X, target("softmax"))
    assert not certificate.passed
    assert np.isnan(certificate.worst.complex_error)


def test_a_kink_is_called_a_kink_and_a_wrong_gradient_there_still_fails():
    net = Network([1, 1, 1], "relu", "linear", dtype="float64")
    net.theta = [1.0, -1.0, 1.0, 0.0]
    x, y = [[1.0 + 1e-9]], [3.0]  # a_1 = 1e-9: the central step leaps over 0
    certificate = check(net, x, y)
    verdicts = {each.name: each.verdict for each in certificate.comparisons}
    assert verdicts == {"w[1,1,1]": "kink", "b[1,1]": "kink", "w[2,1,1]": "PASS", "b[2,1]": "PASS"}
    assert certificate.passed
    assert "2 parameters at a kink" in certificate.text()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(net.g[1]), "df", lambda self, a: 0.5 * (a > 0))
        assert not check(net, x, y).passed


@pytest.mark.parametrize(
    ("output", "bias"),
    [("absolute_error", 0.0), ("quantile(0.9)", 0.0), ("quantile(0.9)", 1e-9), ("huber(0.5)", 0.5 - 1e-9)],
)
def test_a_kink_of_the_loss_is_called_a_kink(output: str, bias: float):
    net = Network([1, 1], output=output, dtype="float64")
    net.theta = [1.0, bias]
    certificate = check(net, [[1.0]], [1.0])  # y_hat - y is the bias
    assert [each.verdict for each in certificate.comparisons] == ["kink", "kink"]
    assert certificate.passed
    assert "2 parameters at a kink: a unit or the loss changes side" in certificate.text()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(net.output), "delta", lambda self, a, p: self.dL_dy_hat(a, p) + 0.1)
        assert not check(net, [[1.0]], [1.0]).passed
    net.b[1][0] = bias + 0.01  # away from it, with central differences too
    verdicts = [each.verdict for each in check(net, [[1.0]], [1.0]).comparisons]
    assert verdicts == ["PASS", "PASS"]


def test_a_sample_is_taken_from_the_seed_and_said():
    net = Network([20, 60, 2], "tanh", seed=1)
    big = np.random.default_rng(3).normal(size=(1500, 20))
    y = np.random.default_rng(4).integers(0, 2, 1500)
    first, again, other = (check(net, big, y, seed=seed, max_examples=200) for seed in (0, 0, 1))
    names = [[each.name for each in certificate.comparisons] for certificate in (first, again, other)]
    assert len(names[0]) == 1000
    assert names[0] == names[1] != names[2]
    assert "1,000 of 1,382 parameters" in first.text()
    assert "200 of 1,500 examples" in first.text()
    assert check(net, big, y, max_examples=None, only=["b[2]"]).n_examples == 1500


def test_only_what_is_named_is_checked():
    certificate = check(Network([3, 4, 2]), X, target("softmax"), only=["w[1,2,3]", "b[2]"])
    assert [each.name for each in certificate.comparisons] == ["w[1,2,3]", "b[2,1]", "b[2,2]"]
