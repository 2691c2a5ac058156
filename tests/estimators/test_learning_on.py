"""Table estimators that learn on: warm starts, one epoch at a time, and the curves of what was learnt."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deltarule import LossCurveDisplay, Network, TableClassifier, TableRegressor, train
from deltarule.errors import DataError, OptionError, ShapeError


def table(N: int = 300) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=N), "c": rng.choice(list("xyz"), N)})
    return X, np.asarray(X["a"] + np.where(X["c"] == "x", 1.0, 0.0) + 0.3 * rng.normal(size=N))


class TestWarmStart:
    def test_goes_on_from_the_weights_with_the_same_columns(self):
        X, y = table()
        model = TableRegressor(epochs=5, warm_start=True).fit(X, y)
        before, encoder = model.net_.theta.copy(), model.model_.encoder
        alone = Network(model.net_.sizes, "relu", "linear", seed=9, scale=True)
        alone.theta = before
        model.fit(X, y)
        assert model.model_.encoder is encoder
        assert model.n_iter_ == len(model.loss_curve_) == 10
        assert model.loss_curve_[5] < model.loss_curve_[0]
        train(
            alone, *model.model_.arrays(X.assign(y=y)), optimiser="adamw", learning_rate=3e-3, weight_decay=3.0,
            schedule="one_cycle", epochs=5, batch_size=16,
        )  # fmt: skip
        np.testing.assert_array_equal(alone.theta, model.net_.theta)

    def test_without_it_a_fit_begins_anew(self):
        X, y = table()
        model = TableRegressor(epochs=5).fit(X, y)
        before = model.net_.theta.tobytes()
        assert model.fit(X, y).net_.theta.tobytes() == before
        assert model.n_iter_ == 5

    def test_what_does_not_go_on_is_refused_and_changes_nothing(self):
        X, y = table()
        model = TableClassifier(epochs=3, warm_start=True).fit(X, np.where(y > 0, "p", "q"))
        before = model.net_.theta.tobytes()
        with pytest.raises(DataError, match="a class that was not in training; known: 'p', 'q'"):
            model.fit(X, np.where(y > 0, "p", "r"))
        with pytest.raises(DataError, match="the column 'c' is not in the table"):
            model.fit(X[["a"]], np.where(y > 0, "p", "q"))
        assert model.net_.theta.tobytes() == before
        values = TableRegressor(epochs=1, warm_start=True).fit(X, y)
        with pytest.raises(ShapeError, match="y has 2 targets, and the model learnt 1 before"):
            values.fit(X, np.column_stack([y, y]))
        with pytest.raises(
            OptionError, match="learnt with the output linear before, and its loss asks for another now"
        ):
            values.set_params(loss="poisson").fit(X, np.abs(y))


class TestPartialFit:
    def test_epochs_one_by_one_are_a_training_at_a_constant_rate(self):
        """With the optimiser's state kept between them, bit for bit."""
        X, y = table()
        model = TableRegressor(seed=4)
        for _ in range(3):
            assert model.partial_fit(X, y) is model
        net = Network(model.net_.sizes, "relu", "linear", seed=4, scale=True)
        arrays, state = model.model_.arrays(X.assign(y=y)), None
        for epoch in range(3):
            seed = 4 if epoch == 0 else int(np.random.SeedSequence([4, epoch]).generate_state(1)[0])
            state = train(
                net, *arrays, optimiser="adamw", learning_rate=3e-3, weight_decay=3.0, epochs=1, batch_size=16,
                seed=seed, state=state,
            ).state  # fmt: skip
        assert state is not None
        assert state["t"] == 57
        np.testing.assert_array_equal(net.theta, model.net_.theta)
        assert model.n_iter_ == 3
        assert model.loss_curve_[2] < model.loss_curve_[0]

    def test_rows_one_by_one(self):
        """Whose target is the same in every row of a part."""
        X, y = table()
        model = TableRegressor().partial_fit(X, y)
        before = model.net_.theta.copy()
        for n in range(3):
            model.partial_fit(X.iloc[[n]], y[[n]])
        assert model.n_iter_ == 4
        assert (model.net_.theta != before).any()

    def test_parts_of_a_table_with_classes_that_the_first_lacks(self):
        X, y = table(600)
        label = np.where(y > 1, "high", np.where(y < -1, "low", "middle"))
        first = np.flatnonzero(label != "high")[:100]
        model = TableClassifier().partial_fit(X.iloc[first], label[first], classes=["high", "low", "middle"])
        assert model.classes_.tolist() == ["high", "low", "middle"]
        for _ in range(20):
            for part in np.array_split(np.arange(600), 3):
                model.partial_fit(X.iloc[part], label[part])
        assert model.score(X, label) > 0.75
        with pytest.raises(DataError, match="'huge' in row 1, a class that was not in training"):
            model.partial_fit(X[:2], ["huge", "low"])

    @pytest.mark.parametrize("settings", [{"early_stopping": 3}, {"validation": 0.2}])
    def test_nothing_is_held_out(self, settings: Any):
        X, y = table()
        with pytest.raises(
            OptionError, match="partial_fit holds nothing out; leave out early_stopping and validation"
        ):
            TableRegressor(**settings).partial_fit(X, y)


class TestCurves:
    def test_they_are_those_of_the_run(self):
        X, y = table()
        model = TableRegressor(epochs=8, validation=0.2).fit(X, y)
        assert model.loss_curve_ == model.run_.history.loss
        assert model.validation_loss_curve_ == model.run_.history.validation_loss
        assert model.best_epoch_ == 1 + int(np.argmin(model.validation_loss_curve_))
        display = model.plot_loss_curve()
        assert isinstance(display, LossCurveDisplay)
        assert [line.get_label() for line in display.lines_] == [
            "training loss", "validation loss", f"best epoch, {model.best_epoch_}",
        ]  # fmt: skip
        assert TableRegressor(epochs=2, members=1).fit(X, y).validation_loss_curve_ is None


class TestState:
    def test_training_in_two_goes_with_the_state_is_one_training(self):
        rng = np.random.default_rng(1)
        X, y = rng.normal(size=(40, 3)), rng.normal(size=40)
        for engine in ("compiled", "reference"):
            for optimiser in ("momentum", "adam", "rmsprop"):
                whole, parts = (Network([3, 5, 1], output="linear", seed=2) for _ in range(2))
                given: dict[str, Any] = {"optimiser": optimiser, "shuffle": False, "engine": engine}
                train(whole, X, y, epochs=4, **given)
                state = train(parts, X, y, epochs=3, **given).state
                train(parts, X, y, epochs=1, state=state, **given)
                np.testing.assert_array_equal(parts.theta, whole.theta)

    @pytest.mark.parametrize("engine", ["compiled", "reference"])
    def test_a_schedule_begins_anew(self, engine: str):
        X, y = np.random.default_rng(0).normal(size=(20, 3)), np.arange(20.0)
        net = Network([3, 4, 1], output="linear", seed=2)
        given: dict[str, Any] = {"schedule": "cosine", "batch_size": 8, "engine": engine, "epochs": 4}
        first = train(net, X, y, **given)
        second = train(net, X, y, state=first.state, **given)
        assert second.history.learning_rate == first.history.learning_rate
        assert (first.state or {})["t"] * 2 == (second.state or {})["t"] == 24

    @pytest.mark.parametrize("engine", ["compiled", "reference"])
    def test_restored_weights_come_with_the_state_that_they_had(self, engine: str):
        rng = np.random.default_rng(0)
        X, y, Xv, yv = (
            rng.normal(size=(20, 3)),
            rng.normal(size=20),
            rng.normal(size=(9, 3)),
            rng.normal(size=9),
        )
        given: dict[str, Any] = {
            "validation": (Xv, yv),
            "learning_rate": 0.05,
            "engine": engine,
            "batch_size": 4,
        }
        net, short = (Network([3, 8, 1], output="linear", seed=2) for _ in range(2))
        run = train(net, X, y, epochs=60, early_stopping=20, **given)
        assert run.best_epoch is not None
        assert 0 < run.best_epoch < run.epochs
        state = train(short, X, y, epochs=run.best_epoch, **given).state
        assert run.state is not None
        assert state is not None
        assert (short.theta == net.theta).all()
        assert run.state["t"] == state["t"] == 5 * run.best_epoch
        assert all((run.state[name] == state[name]).all() for name in ("m", "v"))

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            (
                {"optimiser": "momentum"},
                "state must be that of a Run of the same optimiser, network and choice of what learns",
            ),
            (
                {"only": ["W[1]"]},
                "state must be that of a Run of the same optimiser, network and choice of what learns",
            ),
            ({"optimiser": "lbfgs"}, "lbfgs has no state to go on from; leave out state."),
        ],
    )
    def test_another_ones_is_refused(self, settings: Any, said: str):
        net = Network([3, 5, 1], output="linear")
        X, y = np.ones((4, 3)), np.arange(4.0)
        state = train(net, X, y, epochs=1, optimiser="adam").state
        before = net.theta.copy()
        with pytest.raises(OptionError, match=re.escape(said)):
            train(net, X, y, epochs=1, state=state, **settings)
        np.testing.assert_array_equal(net.theta, before)
