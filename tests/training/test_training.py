"""Training: what a run reports, what moves and what does not, how it ends."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from deltarule import Network, train
from deltarule.errors import DataError, DivergenceError, OptionError
from deltarule.maths.optimisers import OPTIMISERS, AdamW, GradientDescent
from deltarule.maths.schedules import SCHEDULES, Cosine, WarmUp
from deltarule.training import EarlyStopping, EpochEnded, RunStarted, Stopped, events, hold_out

RNG = np.random.default_rng(1)
X = RNG.normal(size=(120, 3))
LABELS = (X @ [1.0, -2.0, 0.5] + 0.3 * RNG.normal(size=120) > 0).astype(int)
VALUES = X @ [1.0, -2.0, 0.5] + 0.1 * RNG.normal(size=120)


def classifier(seed: int = 0, dtype: str = "float64") -> Network:
    return Network([3, 5, 4, 2], activation="tanh", output="softmax", seed=seed, dtype=dtype)


class TestUpdates:
    def test_one_full_batch_step_is_the_rule_of_the_notes(self):
        net = classifier()
        before, grad = net.theta.copy(), net.gradients(X, LABELS).theta
        train(net, X, LABELS, optimiser="gradient_descent", learning_rate=0.3, epochs=1, batch_size=None)
        np.testing.assert_allclose(net.theta, before - 0.3 * grad, rtol=0, atol=1e-15)

    def test_batches_are_visited_in_order_without_shuffling(self):
        net, by_hand = classifier(), classifier()
        train(net, X, LABELS, optimiser="momentum", epochs=2, batch_size=50, shuffle=False)
        v = np.zeros_like(by_hand.theta)
        for _ in range(2):
            for rows in (slice(0, 50), slice(50, 100), slice(100, 120)):  # the last batch is ragged
                v = 0.9 * v - 0.01 * by_hand.gradients(X[rows], LABELS[rows]).theta
                by_hand.theta = by_hand.theta + v
        np.testing.assert_allclose(net.theta, by_hand.theta, rtol=1e-13)

    def test_one_example_at_a_time(self):
        net = classifier()
        run = train(net, X, LABELS, epochs=1, batch_size=1)
        assert run.history.epoch == [1]
        assert next(iter(events(net, X, LABELS, batch_size=1))).updates_per_epoch == 120

    def test_weights_within_a_batch_sum_to_one(self):
        heavy, repeated = classifier(), classifier()
        w = np.arange(1, 121)
        train(heavy, X, LABELS, weights=7.0 * w, epochs=3, batch_size=None, optimiser="gradient_descent")
        rows = np.repeat(np.arange(120), w)
        train(repeated, X[rows], LABELS[rows], epochs=3, batch_size=None, optimiser="gradient_descent")
        np.testing.assert_allclose(heavy.theta, repeated.theta, rtol=1e-10)

    def test_a_batch_of_weight_zero_moves_nothing(self):
        net = classifier()
        w = np.r_[np.arange(1.0, 61.0), np.zeros(60)]
        train(net, X, LABELS, weights=w, epochs=1, batch_size=60, shuffle=False, weight_decay=0.1)
        alone = classifier()
        train(
            alone,
            X[:60],
            LABELS[:60],
            weights=w[:60],
            epochs=1,
            batch_size=60,
            shuffle=False,
            weight_decay=0.1,
        )
        np.testing.assert_array_equal(net.theta, alone.theta)

    def test_penalties_are_in_the_step_and_spare_biases(self):
        net, before = classifier(), classifier()
        before.b[1][:] = net.b[1][:] = 3.0
        grad = before.gradients(X, LABELS)
        train(
            net,
            X,
            LABELS,
            optimiser="gradient_descent",
            learning_rate=0.1,
            epochs=1,
            batch_size=None,
            l1=0.2,
            l2=0.5,
        )
        step = grad.W[1] + 0.2 * np.sign(before.W[1]) + 0.5 * before.W[1]
        np.testing.assert_allclose(net.W[1], before.W[1] - 0.1 * step, rtol=1e-13)
        np.testing.assert_allclose(net.b[1], before.b[1] - 0.1 * grad.b[1], rtol=1e-13)

    def test_decay_is_decoupled_and_spares_biases(self):
        net, before = classifier(), classifier()
        before.b[2][:] = net.b[2][:] = 2.0
        optimiser = GradientDescent(lr=0.1, weight_decay=0.25)
        grad = before.gradients(X, LABELS)
        train(net, X, LABELS, optimiser=optimiser, epochs=1, batch_size=None)
        np.testing.assert_allclose(
            net.W[2], before.W[2] - 0.1 * grad.W[2] - 0.1 * 0.25 * before.W[2], rtol=1e-13
        )
        np.testing.assert_allclose(net.b[2], before.b[2] - 0.1 * grad.b[2], rtol=1e-13)

    @pytest.mark.parametrize("engine", ["reference", "compiled"])
    @pytest.mark.parametrize("optimiser", [name for name in OPTIMISERS if name not in ("lbfgs", "rprop")])
    def test_a_factor_on_every_rate_is_one_on_the_learning_rate(self, optimiser: str, engine: str):
        by_rate, by_factor = classifier(), classifier()
        settings = {
            "optimiser": optimiser,
            "epochs": 3,
            "weight_decay": 0.5,
            "clip_norm": 0.5,
            "engine": engine,
        }
        train(by_rate, X, LABELS, learning_rate=0.04, **settings)
        every = {f"{letter}[{k}]": 4.0 for letter in "Wb" for k in (1, 2, 3)}
        run = train(by_factor, X, LABELS, learning_rate=0.01, rates=every, **settings)
        np.testing.assert_allclose(by_factor.theta, by_rate.theta, rtol=1e-9, atol=1e-12)
        assert run.settings["rates"] == every

    @pytest.mark.parametrize("engine", ["reference", "compiled"])
    def test_scales_learn_and_feel_no_penalty_and_no_decay(self, engine: str):
        net = Network([3, 1], output="linear", dtype="float64", scale=True)
        net.W[1][:] = 0.0  # so that dL/ds is 0
        train(net, X, VALUES, optimiser="gradient_descent", l1=0.1, l2=0.3, weight_decay=0.2, epochs=1,
              batch_size=None, engine=engine)  # fmt: skip
        np.testing.assert_array_equal(net.s, 1.0)
        train(net, X, VALUES, epochs=100, learning_rate=0.01, engine=engine)
        assert net.loss(X, VALUES) < 0.02
        assert (net.s != 1.0).all()

    def test_lbfgs_learns_scales_and_takes_no_rates(self):
        net = Network([3, 1], output="linear", dtype="float64", scale=True)
        run = train(net, X, VALUES, optimiser="lbfgs", epochs=200)
        best = np.linalg.lstsq(np.c_[X, np.ones(120)], VALUES)[0]
        np.testing.assert_allclose(net.W[1][0] * net.s, best[:3], rtol=1e-4)
        assert run.settings["rates"] == {}
        with pytest.raises(OptionError, match="lbfgs finds its own step length; leave rates out"):
            train(net, X, VALUES, optimiser="lbfgs", rates={"s": 2.0})

    def test_clipping_bounds_the_step(self):
        for clip, norm in (({"clip_norm": 1e-3}, 2), ({"clip_value": 1e-3}, np.inf)):
            net, before = classifier(), classifier()
            optimiser = GradientDescent(lr=1.0)
            train(net, X, LABELS, optimiser=optimiser, epochs=1, batch_size=None, **clip)
            assert np.linalg.norm(net.theta - before.theta, norm) == pytest.approx(1e-3, rel=1e-9)

    def test_dropout_makes_the_fit_to_noise_worse_and_depends_on_the_seed(self):
        noise = np.random.default_rng(1).integers(0, 3, 120)
        losses = {
            (rate, seed): train(
                net := Network([3, 60, 3], seed=0), X, noise, dropout=rate, epochs=150, learning_rate=0.01, seed=seed
            ) and net.loss(X, noise)
            for rate in (0.0, 0.5)
            for seed in (0, 1)
        }  # fmt: skip
        assert min(losses[0.5, 0], losses[0.5, 1]) > 1.1 * max(losses[0.0, 0], losses[0.0, 1])
        assert losses[0.5, 0] != losses[0.5, 1]

    @pytest.mark.parametrize("seed", range(10))
    def test_xor_is_learnt_with_the_defaults(self, seed: int):
        X, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])
        net = Network([2, 4, 2], "tanh", seed=seed)
        train(net, X, y, seed=seed)
        assert (net.predict(X).argmax(axis=1) == y).all()

    @pytest.mark.parametrize(
        ("given", "epochs"),
        [
            ({"batch_size": 120}, 2000),
            ({"batch_size": 50}, 667),
            ({"batch_size": 1}, 100),
            ({"optimiser": "lbfgs"}, 100),
            ({"batch_size": None, "validation": 0.5, "epochs": 3}, 3),
        ],
    )
    def test_epochs_untold_make_enough_updates(self, given: dict[str, object], epochs: int):
        started = next(iter(events(classifier(), X, LABELS, **{"validation": None, **given})))
        assert started.epochs == epochs

    @pytest.mark.parametrize("name", SCHEDULES)
    def test_every_schedule_trains_and_shows_its_rate(self, name: str):
        run = train(classifier(), X, LABELS, schedule=name, epochs=5)
        assert np.isfinite(run.history.loss).all()
        assert all(rate > 0 for rate in run.history.learning_rate)

    def test_the_rate_of_an_update_is_taken_in_its_middle(self):
        run = train(
            classifier(),
            X,
            LABELS,
            schedule=WarmUp(Cosine(), 2),
            epochs=4,
            batch_size=None,
            learning_rate=0.5,
        )
        expected = [0.5 * min(1, e / 2) * (1 + np.cos(np.pi * e / 4)) / 2 for e in (0.5, 1.5, 2.5, 3.5)]
        np.testing.assert_allclose(run.history.learning_rate, expected, rtol=1e-12)


class TestOutputsWithKinks:
    @pytest.mark.parametrize("q", [0.1, 0.9])
    def test_the_share_q_lies_below_a_quantile(self, q: float):
        rng = np.random.default_rng(0)
        X = rng.uniform(-1, 1, (2000, 1))
        y = X[:, 0] + (1.5 + X[:, 0]) * rng.normal(size=2000)  # wider to the right
        net = Network([1, 8, 1], output=f"quantile({q})")
        train(net, X, y, epochs=60, batch_size=50, learning_rate=0.01)
        is_below = y < net.predict(X)[:, 0]
        for half in (X[:, 0] < 0, X[:, 0] > 0):
            assert is_below[half].mean() == pytest.approx(q, abs=0.04)

    @pytest.mark.parametrize("output", ["absolute_error", "huber(0.5)"])
    def test_outliers_pull_no_harder_than_others(self, output: str):
        rng = np.random.default_rng(0)
        X = rng.uniform(-1, 1, (200, 1))
        y = 2.0 * X[:, 0] + 0.5
        y[:10] = 1e4
        errors = []
        for name in ("linear", output):
            net = Network([1, 1], output=name, dtype="float64")
            train(net, X, y, epochs=200, batch_size=20, learning_rate=0.02)
            errors.append(abs(net.theta - [2.0, 0.5]).max())
        assert errors[1] < 0.1 < errors[0]


class TestFrozen:
    ONLY = ("W[3]", "b[1]", "w[1,2,3]", "b[2,1]")

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("optimiser", OPTIMISERS)
    def test_frozen_parameters_keep_their_bits(self, optimiser: str, dtype: str):
        net = classifier(seed=3, dtype=dtype)
        before = net.theta.copy()
        extra = {} if optimiser == "lbfgs" else {"weight_decay": 0.1, "clip_norm": 1.0}
        train(net, X, LABELS, optimiser=optimiser, only=self.ONLY, epochs=3, l1=0.01, l2=0.01, **extra)
        learns = np.zeros(net.layout.size, bool)
        learns[net.layout.select(self.ONLY).index] = True
        assert net.theta[~learns].tobytes() == before[~learns].tobytes()
        assert (net.theta[learns] != before[learns]).all()

    def test_history_shows_no_gradient_where_nothing_learns(self):
        run = train(classifier(), X, LABELS, only=["W[3]"], epochs=2)
        assert run.history.gradient_norms[0][:2] == (0.0, 0.0)
        assert run.history.gradient_norms[0][2] > 0


class TestOptimisers:
    @pytest.mark.parametrize("optimiser", OPTIMISERS)
    def test_each_lowers_the_loss(self, optimiser: str):
        net = classifier(dtype="float32")
        start = net.loss(X, LABELS)
        rate = 0.05 if optimiser in ("adagrad", "gradient_descent") else None
        batch = None if optimiser in ("rprop", "lbfgs") else 16
        train(net, X, LABELS, optimiser=optimiser, learning_rate=rate, epochs=40, batch_size=batch)
        assert net.loss(X, LABELS) < 0.5 * start

    def test_lbfgs_finds_the_least_squares_solution(self):
        net = Network([3, 1], output="linear", dtype="float64", seed=5)
        run = train(net, X, VALUES, optimiser="lbfgs", epochs=200)
        best, *_ = np.linalg.lstsq(np.c_[X, np.ones(120)], VALUES, rcond=None)
        np.testing.assert_allclose(net.theta, best, atol=1e-5)
        assert "minimum" in run.stopped

    def test_lbfgs_counts_penalties_and_stops_with_its_iterator(self):
        net = Network([3, 1], output="linear", dtype="float64")
        train(net, X, VALUES, optimiser="lbfgs", epochs=200, l2=0.4)
        A = np.c_[X, np.ones(120)]
        ridge = np.linalg.solve(2 / 120 * A.T @ A + 0.4 * np.diag([1, 1, 1, 0]), 2 / 120 * A.T @ VALUES)
        np.testing.assert_allclose(net.theta, ridge, atol=1e-5)
        run = events(net, X, LABELS, optimiser="lbfgs")
        assert isinstance(next(run), RunStarted)
        assert isinstance(next(run), EpochEnded)
        run.close()

    def test_rate_and_decay_go_to_the_optimiser(self):
        run = train(
            classifier(), X, LABELS, optimiser="adamw", learning_rate=0.02, weight_decay=0.3, epochs=1
        )
        assert run.settings["optimiser"]["lr"] == 0.02
        assert run.settings["optimiser"]["weight_decay"] == 0.3
        assert AdamW().weight_decay == 0.01


class TestEvents:
    def test_order_and_contents(self):
        seen = list(events(classifier(), X, LABELS, epochs=3, validation=0.25, batch_size=32))
        first, *middle, last = seen
        assert isinstance(first, RunStarted)
        assert (first.n_examples, first.n_validation, first.updates_per_epoch) == (90, 30, 3)
        assert [event.epoch for event in middle if isinstance(event, EpochEnded)] == [1, 2, 3]
        assert isinstance(last, Stopped)
        assert last.reason == "after 3 epochs"

    def test_reported_losses_are_those_of_the_network(self):
        net = classifier()
        start = net.loss(X, LABELS)
        Xv, yv = X[:40], LABELS[:40]
        event = next(
            e
            for e in events(net, X, LABELS, validation=(Xv, yv), batch_size=None)
            if isinstance(e, EpochEnded)
        )
        assert event.loss == pytest.approx(start, rel=1e-12)  # as the update saw it
        assert event.validation_loss == pytest.approx(net.loss(Xv, yv), rel=1e-12)

    def test_gradient_norms_are_those_of_the_layers(self):
        net = classifier()
        grad = net.gradients(X, LABELS)
        expected = [np.sqrt((grad.W[k] ** 2).sum() + (grad.b[k] ** 2).sum()) for k in (1, 2, 3)]
        run = train(net, X, LABELS, epochs=1, batch_size=None)
        np.testing.assert_allclose(run.history.gradient_norms[0], expected, rtol=1e-12)

    def test_a_listener_ends_the_run_by_giving_a_reason(self):
        def listen(event: object) -> str | None:
            return "because enough is enough" if isinstance(event, EpochEnded) and event.epoch == 2 else None

        run = train(classifier(), X, LABELS, listeners=[listen])
        assert (run.epochs, run.stopped) == (2, "because enough is enough")

    @pytest.mark.parametrize("validation", [None, 0.2])
    def test_same_seed_same_bits_and_another_seed_another_order(self, validation: float | None):
        def trained(seed: int) -> bytes:
            net = classifier()
            train(net, X, LABELS, epochs=3, validation=validation, seed=seed)
            return net.theta.tobytes()

        assert trained(0) == trained(0) != trained(1)


class TestStopping:
    def test_the_best_weights_come_back(self):
        net = classifier()
        validation = (X[:30], LABELS[::-1][:30])  # labels that have nothing to do with x: it overfits
        run = train(net, X, LABELS, validation=validation, early_stopping=5, epochs=500, learning_rate=0.02)
        losses = run.history.validation_loss
        assert run.epochs == run.best_epoch + 5 < 500
        assert net.loss(*validation) == pytest.approx(min(losses), rel=1e-12)
        assert losses[run.best_epoch - 1] == min(losses)
        assert f"weights of epoch {run.best_epoch} restored" in run.stopped

    def test_without_validation_the_training_loss_is_watched(self):
        run = train(classifier(), X, LABELS, early_stopping=EarlyStopping(patience=2, least=10.0), epochs=50)
        assert run.epochs == 3
        assert "training loss" in run.stopped

    def test_ctrl_c_ends_after_the_batch_and_keeps_what_was_learnt(self):
        net = classifier()
        before = signal.getsignal(signal.SIGINT)

        def press(event: object) -> None:
            if isinstance(event, EpochEnded) and event.epoch == 3:
                signal.raise_signal(signal.SIGINT)

        start = net.theta.copy()
        run = train(net, X, LABELS, epochs=1000, listeners=[press])
        assert run.is_interrupted
        assert run.epochs == 3
        assert "what was learnt so far is kept" in run.stopped
        assert (net.theta != start).any()
        assert signal.getsignal(signal.SIGINT) is before

    @pytest.mark.parametrize("inherited", [signal.SIG_IGN, signal.SIG_DFL, signal.default_int_handler])
    def test_a_second_ctrl_c_raises_whatever_was_there_before(self, inherited: signal.Handlers):
        def press(event: object) -> None:
            if isinstance(event, EpochEnded):
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)

        before = signal.signal(signal.SIGINT, inherited)
        try:
            with pytest.raises(KeyboardInterrupt):
                train(classifier(), X, LABELS, epochs=1000, listeners=[press])
            assert signal.getsignal(signal.SIGINT) is inherited
        finally:
            signal.signal(signal.SIGINT, before)

    def test_the_flag_ends_an_epoch_between_two_batches(self):
        net, interrupted = classifier(), np.zeros(1, bool)
        start = net.theta.copy()
        run = events(net, X, LABELS, batch_size=1, interrupted=interrupted)
        assert isinstance(next(run), RunStarted)
        interrupted[0] = True
        last = next(run)
        assert isinstance(last, Stopped)
        assert last.is_interrupted
        assert last.epoch == 0
        np.testing.assert_array_equal(net.theta, start)

    def test_divergence_names_update_and_quantity_and_keeps_finite_weights(self):
        net = Network([3, 4, 1], activation="relu", output="linear", dtype="float32")
        with pytest.raises(
            DivergenceError, match=r"update \d+ \(epoch \d+\): .* no longer finite.*learning rate"
        ):
            train(net, X, VALUES, optimiser="gradient_descent", learning_rate=1e6)
        assert np.isfinite(net.theta).all()
        with pytest.raises(DivergenceError, match="column 2 of X"):
            train(net, X * [1, 1e18, 1], VALUES, optimiser="gradient_descent", learning_rate=1e6)


class TestHoldOut:
    @pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.9])
    def test_every_class_gives_its_share_to_within_one_row(self, fraction: float):
        groups = np.repeat([0, 1, 2], [50, 7, 23])
        kept, held = hold_out(80, fraction, np.random.default_rng(0), groups)
        assert sorted([*kept, *held]) == list(range(80))
        for group, size in enumerate((50, 7, 23)):
            assert abs((groups[held] == group).sum() - fraction * size) <= 1

    def test_every_row_has_the_same_chance(self):
        counts = np.zeros(10)
        for seed in range(2000):
            counts[hold_out(10, 0.3, np.random.default_rng(seed))[1]] += 1
        np.testing.assert_allclose(counts / 2000, 0.3, atol=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"l1": -1.0}, "l1 is -1"),
        ({"clip_norm": 0.0}, "clip_norm is 0"),
        ({"learning_rate": -0.1}, "learning_rate is -0.1"),
        ({"weight_decay": -0.1}, "weight_decay is -0.1"),
        ({"optimiser": "adma"}, "did you mean 'adam'"),
        ({"schedule": "cosin"}, "did you mean 'cosine'"),
        ({"engine": "gpu"}, "unknown engine 'gpu'"),
        ({"validation": 1.5}, "validation is 1.5; it must be a number between 0 and 1, both excluded"),
        (
            {"early_stopping": 0},
            "early_stopping is 0; it must be a whole number from 1 on, or an EarlyStopping",
        ),
        ({"only": ["w[9,1,1]"]}, "no layer 9"),
        ({"optimiser": "lbfgs", "learning_rate": 0.1}, "own step length"),
        ({"optimiser": "lbfgs", "weight_decay": 0.1}, "no weight decay"),
        ({"optimiser": "lbfgs", "dropout": 0.1}, "lbfgs has no dropout"),
        ({"dropout": 1.0}, "dropout is 1.0; it must be a number from 0 to less than 1, or a list"),
        ({"dropout": [0.1, 0.1, 0.1]}, "3 dropout rates given for"),
    ],
)
def test_wrong_settings_are_refused_before_anything_moves(options: dict[str, object], message: str):
    net = classifier()
    before = net.theta.copy()
    with pytest.raises(OptionError, match=message):
        train(net, X, LABELS, **options)
    np.testing.assert_array_equal(net.theta, before)


def test_too_few_rows_to_hold_any_out():
    with pytest.raises(DataError, match="too few"):
        train(classifier(), X[:2], LABELS[:2], validation=0.1)


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_how_arrays_lie_in_memory_changes_nothing(engine: str):
    rng = np.random.default_rng(0)
    X, Y, w = (rng.normal(size=size).astype(np.float32) for size in ((50, 3), (50, 2), (50,)))
    w = np.abs(w)

    def theta(X, Y, w, validation):
        net = Network([3, 4, 2], output="linear")
        train(net, X, Y, weights=w, validation=validation, epochs=2, batch_size=8, engine=engine)
        return net.theta

    strided = [np.asfortranarray(X), np.asfortranarray(Y), np.repeat(w, 2)[::2]]
    turned = [X[::-1].copy()[::-1], Y[::-1].copy()[::-1], w]
    for held in (None, 0.2, (X, Y), (strided[0], strided[1])):
        expected = theta(X, Y, w, held)
        assert (theta(*strided, held) == expected).all()
        assert (theta(*turned, held) == expected).all()
