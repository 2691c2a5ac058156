"""What is of someone's own make is trained as it says, with one notice, or refused where machine code is asked for."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from tests.engines.test_engines import expected_theta, problem

from deltarule import MLPClassifier, Network, train
from deltarule.engines import Problem, engine, predict
from deltarule.engines.compiled import strangers
from deltarule.errors import OptionError
from deltarule.maths.activations import ACTIVATIONS, Activation, LeakyReLU, Tanh
from deltarule.maths.arrays import Array
from deltarule.maths.dropout import Dropout
from deltarule.maths.optimisers import OPTIMISERS, Adam, Optimiser, State
from deltarule.maths.outputs import OUTPUTS, Gaussian
from deltarule.maths.penalties import Penalty
from deltarule.maths.schedules import Constant
from deltarule.training import EpochEnded, RunStarted, events


class Bent(Activation):
    """g(a) = a + tanh a."""

    name = "bent"
    derivative = "2 - tanh^2 a"

    def f(self, a: Array) -> Array:
        return a + np.tanh(a)

    def df(self, a: Array) -> Array:
        return 2.0 - np.tanh(a) ** 2


class DoubleTanh(Tanh):
    """Called tanh, and twice that."""

    def f(self, a: Array) -> Array:
        return 2.0 * super().f(a)

    def df(self, a: Array) -> Array:
        return 2.0 * super().df(a)


class Twice(Gaussian):
    """Called gaussian, and twice that."""

    def loss(self, a: Array, p: Array) -> Array:
        return 2.0 * super().loss(a, p)

    def dL_dy_hat(self, a: Array, p: Array) -> Array:
        return 2.0 * super().dL_dy_hat(a, p)


@dataclass(frozen=True, kw_only=True)
class Signs(Optimiser):
    """step = -lr sign(g)."""

    name = "signs"

    def init(self, theta: Array) -> State:
        return {"t": 0}

    def update(self, grad: Array, state: State, lr: float | None = None) -> tuple[Array, State]:
        return -(self.lr if lr is None else lr) * np.sign(grad), {"t": state["t"] + 1}


@dataclass(frozen=True, kw_only=True)
class Halved(Adam):
    """Called adam, with steps half as long."""

    def update(self, grad: Array, state: State, lr: float | None = None) -> tuple[Array, State]:
        step, state = super().update(grad, state, lr)
        return 0.5 * step, state


class Uncounted(Signs):
    def update(self, grad: Array, state: State, lr: float | None = None) -> tuple[Array, State]:
        return -0.1 * grad, state


class Cubes(Penalty):
    """R(w) = l2/3 sum |w|^3."""

    def value(self, w: Array) -> Array:
        return self.l2 / 3.0 * np.sum(np.abs(w) ** 3)

    def gradient(self, w: Array) -> Array:
        return self.l2 * w * np.abs(w)


class Falling(Constant):
    """A constant by its class, and 1 / (1 + epoch)."""

    def __call__(self, epoch: float, epochs: float) -> float:
        return 1.0 / (1.0 + epoch)


def with_slope(slope: float) -> LeakyReLU:
    g = LeakyReLU()
    g.slope = slope
    return g


def of(**functions: Any) -> Callable[[], Problem]:
    """Return what makes a problem whose network has these functions."""

    def make() -> Problem:
        q = problem(output="gaussian")
        if "g" in functions:
            q.net.g = (q.net.g[0], *[functions["g"]] * (q.net.K - 1))
        q.net.output = functions.get("output", q.net.output)
        return q

    return make


STRANGERS = {
    "the activation Bent": of(g=Bent()),
    "the activation DoubleTanh": of(g=DoubleTanh()),
    "the activation LeakyReLU with slope of its own": of(g=with_slope(0.3)),
    "the output Twice": of(output=Twice()),
    "the optimiser Signs": lambda: problem(optimiser=Signs()),
    "the optimiser Halved": lambda: problem(optimiser=Halved()),
    "the penalty Cubes": lambda: problem(penalty=Cubes(l2=0.5)),
}


@pytest.mark.parametrize("words", STRANGERS)
@pytest.mark.parametrize("batch_size", [1, 8])
def test_it_is_trained_as_it_says_with_one_notice_or_refused(
    words: str, batch_size: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("DELTARULE_ENGINE", raising=False)
    q = replace(STRANGERS[words](), batch_size=batch_size)
    expected = expected_theta(q, 2)
    with pytest.raises(OptionError, match=rf"does not know {words}; take the engine \"reference\""):
        engine("compiled", q)
    with pytest.warns(UserWarning, match=f"does not know {words}, so the reference .* slower") as told:
        runner = engine("auto", q)
    assert len(told) == 1
    assert (runner.name, runner.notice) == ("reference", str(told[0].message))
    for _ in range(2):
        runner.epoch(np.arange(len(q.X)), np.zeros(1, bool))
    np.testing.assert_allclose(q.net.theta, expected, rtol=1e-12)
    np.testing.assert_allclose(predict(q.net, q.X), q.net.predict(q.X), rtol=1e-12)


def test_what_machine_code_knows_gets_no_notice(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DELTARULE_ENGINE", raising=False)
    q = problem(rates=(0.2, 0.2), penalty=Penalty(0.1, 0.1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runner = engine("auto", q)
    assert (runner.name, runner.notice) == ("compiled", "")
    assert q.dropout is not None

    class Other(Dropout):
        pass

    other = Other(q.dropout.rates, q.dropout.seed, q.dropout.keys)
    assert [each.split(".")[0] for each in strangers(q.net, replace(q, dropout=other))] == [
        "the dropout test_what_machine_code_knows_gets_no_notice"
    ]


@pytest.mark.parametrize("name", [name for name, o in OPTIMISERS.items() if issubclass(o, Optimiser)])
def test_everything_of_maths_is_known_to_machine_code(name: str):
    optimiser = OPTIMISERS[name]()
    assert isinstance(optimiser, Optimiser)
    for output in OUTPUTS:
        net = Network([3, *[2] * len(ACTIVATIONS), 2], list(ACTIVATIONS), output)
        assert strangers(net, problem(optimiser=optimiser)) == []


def test_a_name_taken_over_means_the_new_class_from_then_on(monkeypatch: pytest.MonkeyPatch):
    """Networks that exist keep their functions, in copies, other dtypes and pickles too."""
    monkeypatch.delenv("DELTARULE_ENGINE", raising=False)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 3)), rng.integers(0, 2, 30)
    old = Network([3, 4, 2], "tanh", dtype="float64")
    before = old.predict(X)
    monkeypatch.setitem(ACTIVATIONS, "tanh", DoubleTanh())
    new = Network([3, 4, 2], "tanh", dtype="float64")
    for net in (new, new.copy(), new.astype("float64"), pickle.loads(pickle.dumps(new))):
        with pytest.warns(UserWarning, match="the activation DoubleTanh"):
            run = train(net, X, y, epochs=1)
        assert run.engine == "reference"
        assert "DoubleTanh" in run.notice
    for net in (old, old.copy(), old.astype("float64"), pickle.loads(pickle.dumps(old))):
        np.testing.assert_array_equal(net.predict(X), before)
        assert train(net, X, y, epochs=1).engine == "compiled"


@pytest.mark.parametrize("optimiser", ["adam", "lbfgs"])
def test_estimators_train_and_events_tell_of_it(optimiser: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DELTARULE_ENGINE", raising=False)
    monkeypatch.setitem(ACTIVATIONS, "bent", Bent())
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
    nets = {}
    for name in ("auto", "reference"):
        nets[name] = net = Network([3, 5, 2], "bent", dtype="float64")
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            first, *_, ended, _ = events(
                net, X, y, epochs=3, optimiser=optimiser, engine=name, validation=0.2
            )
        assert isinstance(first, RunStarted)
        assert isinstance(ended, EpochEnded)
        assert ended.validation_loss is not None
        assert [str(each.message) for each in told] == ([first.notice] if name == "auto" else [])
        assert bool(first.notice) == (name == "auto")
    np.testing.assert_array_equal(nets["auto"].theta, nets["reference"].theta)
    estimator = MLPClassifier([5], ["bent"], solver=optimiser, max_iter=200, tol=1.0)
    with pytest.warns(UserWarning, match="the activation Bent"):
        estimator.fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # predictions come without words
        found = estimator.predict_proba(X)
    np.testing.assert_allclose(found[:, 1:], estimator.net_.predict(X), rtol=1e-6)


@pytest.mark.parametrize(
    "schedule", [lambda epoch, epochs: 1.0 - epoch / epochs, Falling()], ids=["f", "class"]
)
@pytest.mark.parametrize("batch_size", [1, 8])
def test_a_schedule_of_ones_own_is_the_same_in_both_engines(schedule: Any, batch_size: int):
    results = []
    for name in ("compiled", "reference"):
        q = replace(problem(batch_size=batch_size), schedule=schedule)
        runner = engine(name, q)
        rates = [runner.epoch(np.arange(37), np.zeros(1, bool)).learning_rate for _ in range(3)]
        results.append((rates, q.net.theta))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-12)
    assert len(set(results[0][0])) == 3
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-9, atol=1e-12)


def test_the_state_of_an_optimiser_of_ones_own_goes_on_where_it_was():
    whole, halves = problem(optimiser=Halved()), problem(optimiser=Halved())
    runner = engine("reference", whole)
    for _ in range(4):
        runner.epoch(np.arange(37), np.zeros(1, bool))
    state = None
    for _ in range(2):
        runner = engine("reference", halves)
        runner.state = state or runner.state
        for _ in range(2):
            runner.epoch(np.arange(37), np.zeros(1, bool))
        state = runner.state
    np.testing.assert_array_equal(whole.net.theta, halves.net.theta)
    with pytest.raises(OptionError, match=r"Uncounted gives a state whose \"t\" is 0 after 1 updates"):
        engine("reference", problem(optimiser=Uncounted())).epoch(np.arange(37), np.zeros(1, bool))


def test_predictions_keep_the_dtype_and_take_no_rows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DELTARULE_ENGINE", raising=False)

    class Wide(Bent):
        def f(self, a: Array) -> Array:
            return super().f(a.astype(np.float64))

    net = Network([3, 4, 2])
    net.g = (net.g[0], Wide())
    assert predict(net, np.ones((5, 3), "float32")).dtype == np.float32
    assert predict(net, np.ones((0, 3), "float32")).shape == (0, 2)
