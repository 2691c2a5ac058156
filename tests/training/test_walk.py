"""A walk ends where a training does, bit for bit, whatever was taken back; what changes on the way holds from there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule import Network, check, explain, train
from deltarule.errors import DivergenceError, OptionError
from deltarule.maths.optimisers import Adam
from deltarule.training.walk import Walk

N, BATCH = 37, 8
UPDATES = -(-N // BATCH)


def case(
    dtype: str = "float64", *, scale: bool = False, seed: int = 0
) -> tuple[Network, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, 4))
    net = Network([4, 5, 3, 2], "tanh", "softmax", seed=seed, dtype=dtype, scale=scale)
    return net, X, (X[:, 0] * X[:, 1] > 0).astype(int)


WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "momentum, cosine": {"optimiser": "momentum", "learning_rate": 0.05, "schedule": "cosine"},
    "adamw, penalty, clipped": {
        "optimiser": "adamw", "weight_decay": 0.1, "l2": 0.01, "l1": 1e-4, "clip_norm": 0.5, "schedule": "one_cycle",
    },
    "dropout": {"dropout": 0.3},
    "some learn": {"only": ["W[2]", "b[3]", "w[1,1,1]"], "optimiser": "rmsprop"},
    "some rows weigh nothing": {"weights": np.where(np.arange(N) < 20, 0.0, 1.0 + np.arange(N)), "shuffle": False},
    "held out": {"validation": 0.25},
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("way", WAYS)
def test_it_ends_in_the_bits_of_a_training(way, dtype):
    net, X, y = case(dtype, scale=way == "plain")
    given_ = {"epochs": 4, "batch_size": BATCH, "seed": 3, **WAYS[way]}
    walk = Walk(net, X, y, **given_)
    start = net.theta.copy()
    for _ in range(4):
        walk.take_epoch()
    assert walk.epoch == 5
    np.testing.assert_array_equal(net.theta, start)
    run = train(net, X, y, engine="reference", progress=False, **given_)
    np.testing.assert_array_equal(walk.net.theta, net.theta)
    assert run.state is not None
    for name, each in run.state.items():
        np.testing.assert_array_equal(walk.state[name], each)
    assert walk.validation_loss() == run.history.validation_loss[-1]


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(1, 7)),
        st.tuples(st.just("back"), st.integers(1, 5)),
        st.tuples(st.just("go"), st.integers(0, 30)),
        st.tuples(st.just("take_epoch"), st.none()),
        st.tuples(st.just("restart"), st.none()),
        st.tuples(st.just("moment"), st.none()),
    ),
    max_size=25,
)


@given(acts=ACTS, room=st.sampled_from([0, 20_000, 2**26]), way=st.sampled_from(list(WAYS)))
def test_whatever_was_taken_back_it_ends_in_the_same_bits(acts, room, way):
    net, X, y = case()
    given_ = {"epochs": 20, "batch_size": BATCH, "seed": 1, **WAYS[way]}
    walk = Walk(net, X, y, room=room, **given_)
    for act, n in acts:
        if act == "moment":
            assert walk.moment.t == walk.t
        elif act == "back" and n > walk.t:
            with pytest.raises(OptionError, match="before it"):
                walk.back(n)
        elif n is None:
            getattr(walk, act)()
        else:
            getattr(walk, act)(n)
    assert len(walk.losses) == walk.t
    if walk.epoch <= 6:
        while walk.epoch < 6:
            walk.take_epoch()
        walk.back(min(2, walk.t))
        while walk.epoch < 6:
            walk.take_epoch()
    straight = Walk(net, X, y, **given_)
    straight.take(walk.t)
    np.testing.assert_array_equal(walk.net.theta, straight.net.theta)
    assert walk.losses == straight.losses
    assert (walk.epoch, walk.rows.tolist()) == (straight.epoch, straight.rows.tolist())


@pytest.mark.parametrize("optimiser", ["adam", "rprop"])
def test_begun_anew_it_goes_as_a_new_walk_with_the_options_of_now(optimiser):
    net, X, y = case()
    walk = Walk(net, X, y, optimiser=optimiser, learning_rate=0.01, batch_size=BATCH)
    walk.take(3)
    walk.set(learning_rate=0.1, l2=0.01, batch_size=5)
    walk.weight("w[1,1,1]", 2.0)
    walk.restart()
    walk.take(9)
    other = Walk(net, X, y, optimiser=optimiser, learning_rate=0.1, l2=0.01, batch_size=5)
    other.take(9)
    np.testing.assert_array_equal(walk.net.theta, other.net.theta)


def test_a_moment_is_the_update_that_is_made():
    net, X, y = case()
    walk = Walk(net, X, y, optimiser="adamw", weight_decay=0.2, l2=0.1, clip_norm=0.1, batch_size=BATCH)
    walk.take(3)
    moment, before = walk.moment, walk.net.theta.copy()
    assert walk.moment is moment
    np.testing.assert_array_equal(before, walk.net.theta)
    c, rows = moment.c, moment.rows
    exact = walk.net.gradients(X[rows], y[rows])
    np.testing.assert_allclose(moment.gradient, exact.theta, rtol=1e-12)
    assert moment.loss == pytest.approx(exact.loss, rel=1e-12)
    is_weight = walk.net.layout.is_weight()
    np.testing.assert_allclose(moment.penalised, exact.theta + 0.1 * before * is_weight, rtol=1e-12)
    assert np.linalg.norm(moment.clipped) == pytest.approx(0.1)
    np.testing.assert_allclose(moment.decay, -0.001 * 0.2 * before * is_weight, rtol=1e-12)
    assert c.sum() == pytest.approx(1.0)
    walk.take()
    np.testing.assert_array_equal(walk.net.theta, before + moment.step)
    np.testing.assert_array_equal(walk.net.theta, moment.after)
    assert walk.losses[-1] == moment.loss


@pytest.mark.parametrize("way", ["plain", "momentum, cosine", "adamw, penalty, clipped", "some learn"])
def test_explain_shows_the_update_that_a_walk_makes_next(way):
    net, X, y = case(scale=way == "plain")
    walk = Walk(net, X, y, batch_size=BATCH, epochs=5, **WAYS[way])
    walk.take(7)
    rows, moment = walk.rows, walk.moment
    steps = np.zeros(net.layout.size)
    steps[walk.problem.selection.index] = moment.step
    for name in ("w[1,1,1]", "w[2,2,3]", "b[3,1]", *(["s[2]"] if way == "plain" else [])):
        chain = explain(walk, name, X[rows], y[rows])
        assert chain.update.step == pytest.approx(steps[net.layout.find(name)], rel=1e-10, abs=1e-16)
        assert chain.passed
    assert chain.update.learning_rate == moment.learning_rate
    assert "state after 7 updates" in chain.update.assumes or way == "some learn"
    assert ("by its schedule at update 8" in chain.update.assumes) == (
        way in ("momentum, cosine", "adamw, penalty, clipped")
    )
    assert check(walk.net, X, y).passed


def test_an_option_holds_from_its_update_on_and_back_before_it_does_not():
    net, X, y = case()
    walk = Walk(net, X, y, batch_size=BATCH)
    walk.take(3)
    walk.set(learning_rate=0.1, l2=0.5)
    walk.take(4)
    end = walk.net.theta.copy()
    assert walk.problem.optimiser == Adam(lr=0.1)
    walk.go(5)
    assert walk.problem.penalty.l2 == 0.5
    walk.go(3)
    assert walk.problem.optimiser.lr == 0.1
    walk.take(4)
    np.testing.assert_array_equal(walk.net.theta, end)
    walk.go(2)
    assert walk.problem.optimiser == Adam()
    walk.take(1)
    assert walk.problem.penalty.l2 == 0.0
    straight = Walk(net, X, y, batch_size=BATCH)
    straight.take(3)
    np.testing.assert_array_equal(walk.net.theta, straight.net.theta)


def test_another_optimiser_begins_anew_and_the_schedule_goes_on():
    net, X, y = case()
    walk = Walk(net, X, y, batch_size=BATCH, schedule="cosine", epochs=10)
    walk.take(UPDATES * 5)
    rate = walk.moment.learning_rate / walk.problem.optimiser.lr
    walk.set(optimiser="momentum", learning_rate=0.2)
    assert walk.state["t"] == 0
    assert walk.moment.learning_rate / 0.2 == pytest.approx(rate)
    walk.set(batch_size=4)
    assert len(walk.rows) == 4
    assert walk.moment.learning_rate / 0.2 == pytest.approx(rate, rel=0.05)
    walk.set(clip_norm=0.3)
    walk.set(clip_norm=0)
    assert walk.problem.clip_norm is None
    walk.go(UPDATES * 60)
    assert walk.moment.learning_rate == pytest.approx(0.0)


def test_what_does_not_learn_keeps_its_bits_and_its_state():
    net, X, y = case()
    walk = Walk(net, X, y, batch_size=BATCH)
    walk.take(5)
    before, m = walk.net.theta.copy(), walk.state["m"].copy()
    walk.learn(["W[1]"])
    W_1 = walk.net.layout.W[1]
    np.testing.assert_array_equal(walk.state["m"], m[W_1])
    walk.take(3)
    rest = np.ones(len(before), bool)
    rest[W_1] = False
    np.testing.assert_array_equal(walk.net.theta[rest], before[rest])
    assert (walk.net.theta[W_1] != before[W_1]).all()
    walk.learn()
    assert (walk.state["m"][rest] == 0).all()
    walk.back(3)
    walk.learn()
    np.testing.assert_array_equal(walk.state["m"][W_1], m[W_1])


def test_freezing_saves_products():
    net, X, y = case()
    walk = Walk(net, X, y)
    everything = 2 * (20 + 15 + 6) - 20 + 5 + 3
    assert walk.products == (everything, everything)
    walk.learn(["W[3]"])
    assert walk.products == (6, everything)


def test_a_weight_can_be_set_and_taken_back():
    net, X, y = case()
    walk = Walk(net, X, y, batch_size=BATCH)
    walk.take(2)
    old = walk.moment.loss
    walk.weight("w[2,1,3]", 4.0)
    assert walk.net.W[2][0, 2] == 4.0
    assert walk.moment.loss != old
    walk.take()
    walk.go(1)
    walk.take()
    assert walk.moment.loss == old
    with pytest.raises(OptionError, match="finite"):
        walk.weight("b[1,1]", np.nan)
    with pytest.raises(OptionError, match="cannot be 'x'"):
        walk.weight("b[1,1]", "x")
    with pytest.raises(OptionError, match="w\\[9,1,1\\]"):
        walk.weight("w[9,1,1]", 1.0)


def test_a_walk_that_diverges_stays_before_the_update_and_can_go_on():
    net, X, y = case()
    walk = Walk(net, X, y, optimiser="gradient_descent", batch_size=BATCH)
    walk.take(2)
    walk.set(learning_rate=1e308)
    theta = walk.net.theta.copy()
    with pytest.raises(DivergenceError, match="diverged at update"):
        walk.take(40)
    assert walk.t == len(walk.losses) < 42
    walk.go(2)
    np.testing.assert_array_equal(walk.net.theta, theta)
    walk.set(learning_rate=0.1)
    walk.take(10)
    assert walk.t == 12


def test_little_room_keeps_few_moments():
    net, X, y = case()
    walk = Walk(net, X, y, batch_size=BATCH, room=20_000)
    walk.take(200)
    kept = sum(mark.nbytes for mark in walk._marks.values())
    assert kept <= 20_000
    assert 0 in walk._marks


def test_what_was_proposed_for_other_parameters_is_refused():
    net, X, y = case()
    walk = Walk(net, X, y, batch_size=BATCH)
    stale = walk.moment
    walk.take()
    with pytest.raises(OptionError, match="propose it anew"):
        walk._engine.take(stale)
    with pytest.raises(OptionError, match="propose it anew"):
        walk._engine.take(replace(stale, t=1))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"optimiser": "lbfgs"}, "lbfgs makes no updates"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"only": ["W[9]"]}, "W\\[9\\]"),
        ({"batch_size": 0}, "batch_size"),
    ],
)
def test_bad_options_are_refused(settings, said):
    net, X, y = case()
    with pytest.raises(OptionError, match=said):
        Walk(net, X, y, **settings)
    walk = Walk(net, X, y, batch_size=BATCH)
    walk.take(2)
    theta = walk.net.theta.copy()
    with pytest.raises(OptionError, match=said):
        walk.learn(**settings) if "only" in settings else walk.set(**settings)
    np.testing.assert_array_equal(walk.net.theta, theta)
    assert walk.t == 2
