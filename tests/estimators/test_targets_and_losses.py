"""What TableClassifier and TableRegressor learn: every loss, weights of rows and classes, and several targets."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone

from deltarule import Network, TableClassifier, TableRegressor, check, train
from deltarule.errors import DataError, DataWarning, DeltaruleError, OptionError, ShapeError
from deltarule.tables import Table, TableModel
from deltarule.tables.transforms import candidate


def table(N: int = 400) -> tuple[pd.DataFrame, np.ndarray]:
    """Return columns of three kinds, and what a target depends on."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({
        "a": rng.normal(size=N), "b": rng.normal(size=N), "c": rng.choice(list("xyz"), N),
    })  # fmt: skip
    return X, np.asarray(X["a"] + np.where(X["c"] == "x", 1.0, 0.0))


def rest(model: Any, part: str = "train") -> dict[str, Any]:
    return model.model_.scores[part]


class TestLosses:
    @pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "poisson", "quantile"])
    def test_of_counts(self, loss: str):
        X, mean = table()
        y = np.random.default_rng(1).poisson(np.exp(mean))
        settings = {"epochs": 60, "hidden": [16, 16], "weight_decay": 3.0, "target_transform": "none"}
        model = TableRegressor(loss=loss, **settings).fit(X, y)
        found = rest(model)
        better = "pinball" if loss == "quantile" else "mae"
        assert found[better] < 0.9 * found[f"constant_{better}"]
        assert ("deviance" in found) == (loss == "poisson")
        assert model.predict(X).min() >= 0
        assert 0.2 < model.score(X, y) < 1
        assert check(model.net_, *model.model_.arrays(X.assign(y=y))).passed

    def test_short_names_are_the_same(self):
        X, mean = table()
        for short, name in (("squared", "squared_error"), ("absolute", "absolute_error")):
            one, other = (TableRegressor(loss=loss, epochs=3).fit(X, mean) for loss in (short, name))
            assert one.net_.theta.tobytes() == other.net_.theta.tobytes()

    def test_outliers_move_the_mean_and_not_the_median(self):
        X, mean = table()
        rng = np.random.default_rng(2)
        y = mean + 0.1 * rng.normal(size=len(mean)) + 30.0 * (rng.random(len(mean)) < 0.1)
        errors = {
            loss: np.abs(
                TableRegressor(loss=loss, epochs=60, target_transform="none").fit(X, y).predict(X) - mean
            ).mean()
            for loss in ("squared_error", "absolute_error", "huber")
        }
        assert errors["absolute_error"] < 0.3 * errors["squared_error"]
        assert errors["huber"] < 0.3 * errors["squared_error"]

    def test_huber_delta_is_in_the_targets_units(self):
        X, mean = table()
        y = 1000.0 * mean
        model = TableRegressor(loss="huber", huber_delta=500.0, epochs=1).fit(X, y)
        target = model.model_.target
        (d,) = model.net_.output.numbers
        assert d * target.spread * target.unit == pytest.approx(500.0)
        assert TableRegressor(loss="huber", epochs=1).fit(X, y).net_.output.numbers == (1.345,)

    def test_several_quantiles_rise_and_the_right_share_lies_below_them(self):
        X, mean = table(2000)
        y = 100.0 + 5.0 * (mean + np.random.default_rng(3).normal(size=len(mean)))
        model = TableRegressor(loss="quantile", quantile=[0.9, 0.1, 0.5], epochs=40).fit(X[:1000], y[:1000])
        assert model.model_.predicted == ["y q0.1", "y q0.5", "y q0.9"]
        predicted = model.predict(X)
        assert predicted.shape == (2000, 3)
        assert (np.diff(predicted, axis=1) >= 0).all()
        assert rest(model, "validation")["rows"] == 1000
        below = (y[1000:, None] <= predicted[1000:]).mean(axis=0)
        np.testing.assert_allclose(below, [0.1, 0.5, 0.9], atol=0.06)
        np.testing.assert_allclose(
            [rest(model, "validation")[f"below_{q}"] for q in (0.1, 0.5, 0.9)], [0.1, 0.5, 0.9], atol=0.006
        )
        assert 0 < model.score(X, y) < 1
        again = TableModel.from_record(model.model_.record(), model.model_.members)
        assert again.predict(X).tobytes() == predicted.tobytes()

    def test_a_skewed_target_is_learnt_as_its_logarithm_where_that_is_better(self):
        X, mean = table(1200)
        y = np.exp(1.5 * mean + 0.1 * np.random.default_rng(4).normal(size=len(mean)))
        X, new, y, of_new = X[:400], X[400:], y[:400], y[400:]
        with pytest.warns(
            DataWarning, match=r"y: learnt as its logarithm, which in a trial predicts \d+ rows held out"
        ):
            model = TableRegressor(epochs=30).fit(X, y)
        assert model.model_.target.transform == "log"
        plain = TableRegressor(epochs=30, target_transform="none").fit(X, y)
        assert plain.model_.target.transform == "none"
        assert plain.notices_ == ()
        assert model.score(new, of_new) > plain.score(new, of_new)
        assert (model.predict(X) > 0).all()
        told = TableRegressor(epochs=30, target_transform="log").fit(X, y)
        assert told.net_.theta.tobytes() == model.net_.theta.tobytes()
        assert (told.predict(X) == model.predict(X)).all()

    def test_no_logarithm_is_predicted_beyond_all_measure(self):
        X = {"a": np.linspace(0.0, 5.0, 60)}
        y = np.exp(2.0 * X["a"])
        model = TableRegressor(epochs=100, target_transform="log").fit(X, y)
        assert model.model_.target.decode(np.array([1e6])) == pytest.approx(10 * y.max())

    def test_a_skewed_sum_is_learnt_as_it_is_or_nearly_as_well(self):
        rng = np.random.default_rng(7)
        X = {"a": rng.exponential(size=400), "b": rng.exponential(size=400)}
        y = 0.1 + X["a"] + X["b"] + 0.05 * rng.exponential(size=400)
        assert candidate(y) == "log"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            model = TableRegressor().fit(X, y)
        plain = TableRegressor(target_transform="none").fit(X, y)
        assert rest(model, "validation")["rmse"] < 1.1 * rest(plain, "validation")["rmse"]

    def test_means_of_a_logarithm_are_not_too_small(self):
        X, mean = table(3000)
        y = np.exp(mean + np.random.default_rng(5).normal(size=len(mean)))
        model = TableRegressor(epochs=20, target_transform="log").fit(X, y)
        assert model.model_.target.factor > 1.2
        assert model.predict(X).mean() == pytest.approx(y.mean(), rel=0.1)

    def test_what_a_transform_may_help(self):
        rng = np.random.default_rng(6)
        assert candidate(rng.normal(size=500)) == "none"
        assert candidate(np.exp(rng.normal(size=500))) == "log"
        assert candidate(np.floor(np.exp(rng.normal(size=500)))) == "sqrt"
        assert candidate(np.exp(rng.normal(size=500)) - 1) == "none"

    @pytest.mark.parametrize(
        ("settings", "y", "said"),
        [
            ({"loss": "poisson"}, -1.0, "the target 'y' is -1 in row 1, and the loss poisson is for counts and rates"),
            ({"loss": "hinge"}, 0.0, "loss is 'hinge'; it must be 'squared_error' or 'absolute_error' or 'huber' or"),
            ({"loss": "quantile", "quantile": 1.5}, 0.0, "quantile is 1.5; it must be a number between 0 and 1"),
            ({"loss": "quantile", "quantile": [0.1, 2]}, 0.0, "quantile is [0.1, 2]; it must be a number between"),
            ({"loss": "quantile", "quantile": [0.1, 0.1]}, 0.0, "it must be one level or several different ones"),
            ({"quantile": 0.9}, 0.0, "quantile is 0.9 and the loss is squared_error; add loss quantile."),
            ({"huber_delta": 2.0}, 0.0, "huber_delta is 2 and the loss is squared_error; add loss huber."),
            ({"loss": "huber", "huber_delta": 0}, 0.0, "huber_delta is 0; it must be a finite number above 0"),
            ({"target_transform": "log"}, 0.0, "'y' is 0 in row 1, which has no log; choose another --target"),
            ({"target_transform": "sqrt"}, -2.0, "the target 'y' is -2 in row 1, which has no sqrt"),
            ({"loss": "poisson", "target_transform": "log"}, 0.0, "the loss poisson learns a logarithm already"),
            ({"loss": "huber", "huber_delta": 1, "target_transform": "log"}, 1.0, "target_transform log has no more"),
            ({"weight": "c"}, 0.0, "the weight column 'c' is text, such as"),
            ({"weight": "d"}, 0.0, "there is no weight column 'd' in the table"),
            ({"weight": "a"}, 0.0, "the weight column 'a' is -"),
        ],
    )  # fmt: skip
    def test_wrong_settings_get_one_sentence(self, settings: Any, y: float, said: str):
        X, mean = table(60)
        values = np.abs(mean) + 1
        values[0] = y
        with pytest.raises(DeltaruleError, match=re.escape(said)) as raised:
            TableRegressor(epochs=1, **settings).fit(X, values)
        assert "\n" not in str(raised.value)


class TestWeights:
    def test_a_column_counts_as_an_array_and_as_copies(self):
        X, mean = table()
        w = np.random.default_rng(7).integers(0, 3, len(mean))
        with pytest.warns(DataWarning, match=r"w: 0 in 124 of 400 rows; such rows are left out"):
            by_name = TableRegressor(epochs=5, weight="w").fit(X.assign(w=w), mean)
        by_array = TableRegressor(epochs=5).fit(X, mean, sample_weight=w)
        assert by_name.net_.theta.tobytes() == by_array.net_.theta.tobytes()
        assert by_name.model_.encoder.dropped["w"].startswith("the weights of the rows; --set")
        assert by_name.predict(X).tobytes() == by_array.predict(X).tobytes()
        copies = np.repeat(np.arange(len(mean)), w)
        said = by_array.predict(X)
        expected = 1 - ((mean - said)[copies] ** 2).sum() / ((mean[copies] - mean[copies].mean()) ** 2).sum()
        assert rest(by_array)["r2"] == pytest.approx(expected, rel=1e-5)
        assert by_array.score(X, mean, sample_weight=w) == pytest.approx(expected, rel=1e-5)
        with pytest.raises(OptionError, match="weight is 'w' and sample_weight is given too"):
            TableRegressor(epochs=1, weight="w").fit(X.assign(w=w), mean, sample_weight=w)

    def test_balanced_classes_find_more_of_the_rare_one(self):
        X, mean = table(1000)
        y = np.where(np.random.default_rng(8).random(1000) < 0.03 * np.exp(mean), "rare", "usual")
        found: dict[Any, float] = {}
        for class_weight in (None, "balanced"):
            model = TableClassifier(epochs=30, class_weight=class_weight, weight_decay=5.0).fit(X, y)
            found[class_weight] = (model.predict(X)[y == "rare"] == "rare").mean()
        assert found[None] < 0.3
        assert found["balanced"] > 0.6
        weights = np.where(y == "rare", 1000 / (2 * (y == "rare").sum()), 1000 / (2 * (y != "rare").sum()))
        by_rows = TableClassifier(epochs=30, weight_decay=5.0).fit(X, y, sample_weight=weights)
        assert (by_rows.predict(X) == model.predict(X)).mean() > 0.99
        told = TableClassifier(
            epochs=30, weight_decay=5.0, class_weight={"rare": weights.max() / weights.min()}
        )
        assert (told.fit(X, y).predict(X) == model.predict(X)).mean() > 0.99
        # Measures count the rows as they are.
        assert rest(model)["constant_accuracy"] == pytest.approx((y != "rare").mean())

    def test_weights_of_rows_and_of_classes_are_multiplied(self):
        X, mean = table()
        y, w = np.where(mean > 0, "p", "q"), np.random.default_rng(9).integers(1, 4, len(mean))
        both = TableClassifier(epochs=3, class_weight={"p": 3}).fit(X, y, sample_weight=w)
        by_rows = TableClassifier(epochs=3).fit(X, y, sample_weight=w * np.where(y == "p", 3, 1))
        assert both.net_.theta.tobytes() == by_rows.net_.theta.tobytes()

    def test_balanced_labels_are_weighed_by_each_of_their_targets(self):
        X, mean = table()
        Y = np.column_stack([mean > np.quantile(mean, 0.9), X["a"] + X["b"] > 0.5])
        factors = [np.where(y, 0.5 / y.mean(), 0.5 / (1 - y.mean())) for y in Y.T]
        balanced = TableClassifier(epochs=5, class_weight="balanced").fit(X, Y)
        weighed = TableClassifier(epochs=5).fit(X, Y, factors[0] * factors[1])
        assert (balanced.net_.theta == weighed.net_.theta).all()

    def test_rows_of_weight_0_do_not_move_what_is_said_of_others(self):
        X, mean = table()
        y = [f"{value:.3f}" for value in mean]
        y[5] = "<1.0"
        w = np.arange(len(y)) >= 3.0
        with pytest.warns(DataWarning) as said:
            model = TableRegressor(epochs=1).fit(X, y, w)
        assert any("no target in 1 of 397 rows (row 6: '<1.0')" in notice for notice in model.notices_)
        assert len(said) == len(model.notices_)

    def test_a_class_that_is_not_there(self):
        X, mean = table()
        with pytest.raises(
            OptionError, match=r"class_weight names 'bigg', which is no class of y; did you mean 'big'"
        ):
            TableClassifier(class_weight={"bigg": 2}).fit(X, np.where(mean > 0, "big", "small"))


class TestSeveralTargets:
    def test_values(self):
        X, mean = table()
        Y = pd.DataFrame({"u": mean, "v": 1000.0 * np.sin(X["b"]), "w": X["b"] + mean})
        few = {"epochs": 60, "hidden": [16, 16]}
        model = TableRegressor(**few).fit(X, Y)
        assert model.net_.sizes[-1] == 3
        assert model.model_.predicted == ["u", "v", "w"]
        assert model.predict(X).shape == (400, 3)
        assert model.score(X, Y) > 0.85
        found = rest(model)["targets"]
        assert list(found) == ["u", "v", "w"]
        assert np.mean([one["r2"] for one in found.values()]) == pytest.approx(model.score(X, Y), abs=1e-5)
        by_name = TableRegressor(**few).fit(X.join(Y), ["u", "v", "w"])
        arrays = TableRegressor(**few).fit(pl.DataFrame(X.to_dict("list")), Y.to_numpy())
        for other in (by_name, arrays):
            assert other.net_.theta.tobytes() == model.net_.theta.tobytes()
        assert by_name.feature_names_in_.tolist() == ["a", "b", "c"]
        assert by_name.score(X.join(Y), ["u", "v", "w"]) == model.score(X, Y)
        assert arrays.model_.predicted == ["y1", "y2", "y3"]
        assert check(model.net_, *model.model_.arrays(X.join(Y))).passed

    def test_values_and_quantiles(self):
        X, mean = table()
        model = TableRegressor(loss="quantile", quantile=(0.2, 0.8), epochs=20)
        model.fit(X, np.column_stack([mean, 100.0 - 10.0 * mean]))
        assert model.model_.predicted == ["y1 q0.2", "y1 q0.8", "y2 q0.2", "y2 q0.8"]
        predicted = model.predict(X)
        assert (predicted[:, 0] <= predicted[:, 1]).all()
        assert (predicted[:, 2] <= predicted[:, 3]).all()
        assert predicted[:, 2].mean() > 80

    def test_labels(self):
        X, mean = table()
        rng = np.random.default_rng(9)
        Y = pd.DataFrame(
            {"p": mean > 0, "q": np.where(X["b"] + 0.2 * rng.normal(size=400) > 0.5, "yes", "no")}
        )
        model = TableClassifier(epochs=60).fit(X, Y)
        assert model.net_.output.name == "sigmoid"
        assert [classes.tolist() for classes in model.classes_] == [[False, True], ["no", "yes"]]
        assert model.predict(X).dtype == object
        assert (model.predict(X)[:, 0] == Y["p"]).mean() > 0.95
        assert (model.predict(X)[:, 1] == Y["q"]).mean() > 0.9
        shares = model.predict_proba(X)
        assert ((shares[:, 1] >= 0.5) == (model.predict(X)[:, 1] == "yes")).all()
        assert model.score(X, Y) > 0.85
        assert rest(model)["targets"]["q"]["roc_auc"] > 0.99
        again = TableModel.from_record(model.model_.record(), model.model_.members)
        assert (again.predict(X) == model.predict(X)).all()

    def test_rows_that_lack_one_are_left_out(self):
        X, mean = table()
        Y = np.column_stack([mean, -mean])
        Y[3, 0] = Y[7, 1] = np.nan
        with pytest.warns(DataWarning, match="no target in 1 of 400 rows"):
            model = TableRegressor(epochs=1).fit(X, Y)
        assert rest(model)["rows"] == 398

    @pytest.mark.parametrize(
        ("model", "y", "error", "said"),
        [
            (TableClassifier(), [[0, 1], [1, 0], [2, 1]] * 20, DataError, "'y1' has 3 classes, and several"),
            (TableClassifier(class_weight={1: 2}), [[0, 1], [1, 0]] * 30, OptionError, "class_weight by class is for"),
            (TableRegressor(loss="huber", huber_delta=1), [[0, 1], [1, 0]] * 30, OptionError, "huber_delta is in the"),
            (TableRegressor(), ["a", "bb"], DataError, "there is no target column 'bb' in the table"),
        ],
    )  # fmt: skip
    def test_wrong_ones_get_one_sentence(self, model: Any, y: Any, error: type[Exception], said: str):
        X, _ = table(60)
        with pytest.raises(error, match=re.escape(said)):
            clone(model).set_params(epochs=1).fit(X, y)

    def test_a_score_of_another_number_of_targets(self):
        X, mean = table()
        model = TableRegressor(epochs=1).fit(X, np.column_stack([mean, mean**2]))
        with pytest.raises(ShapeError, match="y has 1 targets, and the model learnt 2"):
            model.score(X, mean)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_smoothed_labels_are_learnt_as_distributions(n_targets: int):
    X, mean = table()
    classes = np.array([mean > np.median(mean), X["a"] + X["b"] > 0.5]).astype(int)[:n_targets].T
    model = TableClassifier(epochs=2, members=1, label_smoothing=0.1, schedule="constant").fit(X, classes)
    net, settings = model.net_.copy(), model.run_.settings
    net.theta = (
        TableClassifier(epochs=2, members=1, optimiser="gradient_descent", learning_rate=1e-30)
        .fit(X, classes)
        .net_.theta
    )
    one_hot = classes if n_targets > 1 else np.eye(2)[classes[:, 0]]
    features = model.model_.features_of(Table.of(X))
    train(
        net, features, 0.9 * one_hot + 0.05, epochs=2, optimiser="adamw", learning_rate=3e-3, weight_decay=3.0,
        batch_size=settings["batch_size"],
    )  # fmt: skip
    assert np.abs(net.theta - model.net_.theta).max() < 1e-5
    assert model.score(X, classes) > 0.5


def test_dropout_clipping_and_what_learns_reach_training():
    X, mean = table()
    usual = TableRegressor(epochs=2, hidden=8).fit(X, mean)
    for settings in ({"dropout": 0.5}, {"dropout": [0.5]}, {"clip_value": 1e-3}, {"clip_norm": 1e-3}):
        other = TableRegressor(epochs=2, hidden=8, **settings).fit(X, mean)
        assert (other.net_.theta != usual.net_.theta).any()
        name, value = next(iter(settings.items()))
        assert other.run_.settings[name] == value
    last = TableRegressor(epochs=2, hidden=8, only=["W[2]", "b[2]"]).fit(X, mean)
    start = Network(last.net_.sizes, "relu", output="linear", seed=0)
    assert (last.net_.W[1] == start.W[1]).all()
    assert (last.net_.W[2] != start.W[2]).any()
    for wrong, said in (("W[3]", r"W\[3\]"), ([True], r"only is \[True\]; it must be")):
        with pytest.raises(OptionError, match=said):
            TableRegressor(epochs=2, hidden=8, only=wrong).fit(X, mean)
    last.partial_fit(X, mean)
    assert (last.net_.W[1] == start.W[1]).all()


def test_a_frame_of_another_library_or_order_predicts_the_same_bits():
    X, mean = table()
    model = TableRegressor(loss="quantile", quantile=[0.1, 0.9], epochs=5).fit(X, mean)
    expected = model.predict(X).tobytes()
    frames = (
        X[["c", "a", "b"]], pl.DataFrame(X.to_dict("list")), pl.DataFrame(X.to_dict("list")).to_arrow(),
        X.to_dict("list"), X.assign(more=1),
    )  # fmt: skip
    for frame in frames:
        assert model.predict(frame).tobytes() == expected
