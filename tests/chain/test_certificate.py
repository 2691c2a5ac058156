"""The certificate passes what is right, catches what is wrong, and says which."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deltarule import Network, check, train
from deltarule.engines.reference import ReferenceEngine
from deltarule.maths import passes
from deltarule.maths.activations import ACTIVATIONS, Tanh
from deltarule.maths.arrays import Array
from deltarule.maths.outputs import OUTPUTS

RNG = np.random.default_rng(4)
X = RNG.normal(size=(40, 3))


def target(output: str, N: int = 40) -> np.ndarray:
    return (
        np.random.default_rng(1).integers(0, 2, N)
        if output == "softmax"
        else np.random.default_rng(2).integers(0, 2, (N, 2)).astype(float)
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

    def wrong(*arguments: object, **options: object) -> passes.Deltas:
        deltas = backward(*arguments, **options)
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


@pytest.mark.parametrize("engine", ["compiled", "reference"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "case",
    [
        {},
        {"sizes": [3, 20, 9, 2], "activation": "relu", "scale": 30.0},
        {"sizes": [3, 8, 8, 2], "activation": "gelu", "output": "huber(0.3)", "l1": 0.01, "l2": 0.1},
        {"activation": "selu", "only": ["W[1]", "w[2,1,2]"], "l2": 0.5},
        {"sizes": [3, 40, 2], "activation": "tanh", "output": "quantile(0.9)", "scale": 1e3},
        {"output": "sigmoid", "activation": "silu"},
        {"has_scale": True, "sizes": [3, 20, 9, 2], "activation": "relu", "l2": 0.5, "scale": 30.0},
        {"has_scale": True, "sizes": [3, 2], "only": ["s[2]", "w[1,2,3]"]},
    ],
    ids=str,
)
def test_the_engine_that_trains_is_named_and_passes(case: dict[str, Any], dtype: str, engine: str):
    case = {"sizes": [3, 4, 4, 2], "activation": "tanh", "output": "softmax", "scale": 1.0, **case}
    has_scale = case.pop("has_scale", False)
    net = Network(
        case.pop("sizes"), case.pop("activation"), output := case.pop("output"), seed=3, dtype=dtype,
        scale=has_scale,
    )  # fmt: skip
    net.theta[net.layout.s] = [0.5, -2.0, 1.5][: 3 * has_scale]
    certificate = check(net, X * case.pop("scale"), target(output), np.arange(40), engine=engine, **case)
    assert certificate.passed, certificate.text()
    found = certificate.engine
    assert found is not None
    assert found.name.startswith(f"{engine} engine, {dtype}")
    assert found.name.endswith("-byte vectors") == (engine == "compiled")
    assert found.n_compared == certificate.n_parameters
    assert f"The {found.name}, which trains this network, gives the same" in certificate.text()
    assert certificate.record()["engine"]["name"] == found.name


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_machine_code_gives_the_derivations_gradient(activation: str, output: str):
    many = np.random.default_rng(5).normal(size=(200, 3))
    for dtype, seed in (("float32", 0), ("float64", 1)):
        net = Network([3, 17, 5, 2], activation, output, seed=seed, dtype=dtype)
        found = check(net, many, target(output, 200), l2=0.01, max_parameters=1, engine="compiled").engine
        assert found is not None
        assert not found.off, found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("l1", [0.0, 0.1])
def test_an_engine_with_an_error_fails_and_is_named(dtype: str, l1: float, monkeypatch: pytest.MonkeyPatch):
    objective = ReferenceEngine.objective

    def wrong(self: ReferenceEngine) -> tuple[float, float, np.ndarray]:
        loss, penalty, gradient = objective(self)
        gradient[-1] *= 1.0 + (1e-3 if dtype == "float32" else 1e-8)
        return loss, penalty, gradient

    monkeypatch.setattr(ReferenceEngine, "objective", wrong)
    net = Network([3, 4, 2], "tanh", dtype=dtype)
    certificate = check(net, X, target("softmax"), l1=l1, engine="reference")
    assert not certificate.passed
    assert certificate.engine is not None
    assert certificate.engine.off == ("b[2,2]",)
    assert certificate.text().startswith(
        f"FAIL: the reference engine, {dtype}, differs from the derivation\n"
    )
    assert "PASS: the derivation's gradient of 26 parameters" in certificate.text()


def test_a_network_that_machine_code_does_not_know_is_proven_for_the_engine_that_trains_it(
    monkeypatch: pytest.MonkeyPatch,
):
    class Gentle(Tanh):
        def f(self, a: Array) -> Array:
            return super().f(0.5 * a)

        def df(self, a: Array) -> Array:
            return 0.5 * super().df(0.5 * a)

    monkeypatch.delenv("DELTARULE_ENGINE", raising=False)
    net = Network([3, 4, 2], "tanh")
    known = check(net, X, target("softmax")).engine
    net.g = (net.g[0], Gentle())
    certificate = check(net, X, target("softmax"))
    assert certificate.passed, certificate.text()
    assert known is not None
    assert certificate.engine is not None
    assert (known.name.split()[0], certificate.engine.name.split()[0]) == ("compiled", "reference")
