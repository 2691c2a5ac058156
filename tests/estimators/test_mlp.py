"""What MLPClassifier and MLPRegressor have beyond scikit-learn's classes, and how they live among its tools."""

from __future__ import annotations

import codecs
import locale
import os
import pickle
import sys
from typing import Any

import joblib
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import sklearn
import sklearn.neural_network
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.metrics import balanced_accuracy_score, make_scorer, recall_score
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, scale
from sklearn.utils.class_weight import compute_class_weight

import deltarule
from deltarule import LossCurveDisplay, MLPClassifier, MLPRegressor, check, explain
from deltarule.engines.machine import available_threads
from deltarule.errors import OptionError
from deltarule.estimators.descent import threads
from deltarule.maths.schedules import Cosine, WarmUp
from deltarule.training import EpochEnded, RunStarted, Stopped

mpl.use("agg")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 5))
Y = RNG.integers(0, 3, 300)
VALUES = X @ RNG.normal(size=5) + 0.1 * RNG.normal(size=300)
RARE = (X[:, 0] + 0.5 * RNG.normal(size=300) > 1.2).astype(int)
LABELS = np.stack([X[:, 0] > 0, X[:, 1] > 1], axis=1).astype(int)


def classifier(**options: Any) -> MLPClassifier:
    return MLPClassifier(**{"hidden_layer_sizes": (12, 8), "random_state": 0, "max_iter": 15, **options})


def regressor(**options: Any) -> MLPRegressor:
    return MLPRegressor(**{"hidden_layer_sizes": (12, 8), "random_state": 0, "max_iter": 15, **options})


def same_weights(one: Any, other: Any, rtol: float = 1e-12) -> None:
    for name in ("coefs_", "intercepts_"):
        for mine, right in zip(getattr(one, name), getattr(other, name), strict=True):
            np.testing.assert_allclose(mine, right, rtol=rtol, atol=rtol)


class TestNetwork:
    @pytest.mark.parametrize(
        ("estimator", "y"),
        [
            (classifier(), Y),
            (classifier(), RARE),
            (classifier(), LABELS),
            (regressor(), VALUES),
            (regressor(loss="poisson"), np.abs(VALUES)),
            (regressor(loss="huber", huber_delta=0.7), VALUES),
            (regressor(loss="quantile", quantile=0.9), VALUES),
            (regressor(loss="absolute_error", activation="logistic"), VALUES),
        ],
        ids=str,
    )
    def test_net_is_the_network_behind_the_estimator(self, estimator: Any, y: np.ndarray):
        net = clone(estimator).fit(X, y).net_
        y_hat = net.forward(X).y_hat
        fitted = clone(estimator).fit(X, y)
        right = fitted.predict_proba(X) if hasattr(fitted, "predict_proba") else fitted.predict(X)
        right = right[:, 1:] if y is RARE else right.reshape(len(X), -1)
        np.testing.assert_allclose(y_hat, right, rtol=1e-9, atol=1e-12)
        assert check(net, X[:20], y[:20]).passed
        assert "dL/d" in explain(net, "w[1,1,1]", X[:1], y[:1]).text()
        assert net.gradients(X, y).theta.shape == net.theta.shape

    def test_from_sklearn_takes_everything_over(self):
        theirs = sklearn.neural_network.MLPClassifier(max_iter=10, activation="tanh").fit(
            pd.DataFrame(X, columns=list("abcde")), Y
        )
        ours = MLPClassifier.from_sklearn(theirs)
        table = pd.DataFrame(X, columns=list("abcde"))
        np.testing.assert_allclose(ours.predict_proba(table), theirs.predict_proba(table), rtol=1e-12)
        np.testing.assert_array_equal(ours.feature_names_in_, theirs.feature_names_in_)
        assert ours.activation == "tanh"
        ours.coefs_[0][0, 0] += 1.0
        assert theirs.coefs_[0][0, 0] == pytest.approx(ours.coefs_[0][0, 0] - 1.0)

    def test_from_sklearn_refuses_what_it_is_not(self):
        with pytest.raises(
            OptionError, match=r"takes a fitted sklearn.neural_network.MLPRegressor, not MLPClassifier"
        ):
            MLPRegressor.from_sklearn(classifier().fit(X, Y))
        with pytest.raises(sklearn.exceptions.NotFittedError):
            MLPRegressor.from_sklearn(sklearn.neural_network.MLPRegressor())


class TestLosses:
    def test_quantiles_are_predicted(self):
        rng = np.random.default_rng(1)
        x = rng.uniform(-1, 1, (2000, 1))
        y = x[:, 0] + rng.exponential(1.0, 2000)
        for q in (0.1, 0.5, 0.9):
            model = regressor(loss="quantile", quantile=q, max_iter=60, learning_rate_init=0.01).fit(x, y)
            assert np.mean(y < model.predict(x)) == pytest.approx(q, abs=0.05)
            right = x[:, 0] - np.log(1 - q)
            assert np.abs(model.predict(x) - right).mean() < 0.25

    def test_outliers_move_absolute_and_huber_s_error_less(self):
        y = VALUES.copy()
        y[:15] += 200.0
        errors = {
            loss: np.abs(
                regressor(loss=loss, max_iter=400, learning_rate_init=0.01, alpha=1.0).fit(X, y).predict(X)
                - VALUES
            )[15:].mean()
            for loss in ("squared_error", "absolute_error", "huber")
        }
        assert max(errors["absolute_error"], errors["huber"]) < 0.5 * errors["squared_error"]

    def test_absolute_error_is_twice_the_median_s_pinball_loss(self):
        options = {"solver": "sgd", "nesterovs_momentum": False, "momentum": 0.0, "alpha": 0.0, "max_iter": 1}
        one = regressor(loss="absolute_error", learning_rate_init=0.01, **options).fit(X, VALUES)
        other = regressor(loss="quantile", quantile=0.5, learning_rate_init=0.02, **options).fit(X, VALUES)
        same_weights(one, other)
        assert one.loss_ == pytest.approx(2 * other.loss_)

    def test_the_loss_reported_is_the_mean(self):
        y = np.stack([VALUES, -VALUES], axis=1)
        model = regressor(
            loss="absolute_error", max_iter=1, alpha=0.0, batch_size=300, learning_rate_init=1e-12
        ).fit(X, y)
        assert model.loss_ == pytest.approx(np.abs(model.predict(X) - y).mean(), rel=1e-6)

    def test_label_smoothing_bounds_the_confidence(self):
        plain, smooth = (
            classifier(label_smoothing=share, max_iter=300, learning_rate_init=0.01).fit(X, (X[:, 0] > 0) * 1)
            for share in (0.0, 0.2)
        )
        top = [np.maximum(*model.predict_proba(X).T) for model in (plain, smooth)]
        assert np.median(top[0]) > 0.98
        assert np.median(top[1]) == pytest.approx(0.9, abs=0.02)

    def test_label_smoothing_is_training_on_soft_labels(self):
        model = classifier(
            label_smoothing=0.3, max_iter=1, solver="sgd", learning_rate_init=0.1, batch_size=300
        ).fit(X, Y)
        start = classifier(max_iter=1, solver="sgd", learning_rate_init=1e-300, batch_size=300).fit(X, Y)
        net = start.net_
        grad = net.gradients(X, 0.7 * np.eye(3)[Y] + 0.1)
        step = 0.1 * 1.9 * (grad.W[1] + start.alpha / 300 * net.W[1])  # of Nesterov's first step
        np.testing.assert_allclose(model.net_.W[1], net.W[1] - step, rtol=1e-9, atol=1e-12)


class TestClassWeights:
    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_they_multiply_the_example_weights(self, solver: str):
        weights = np.random.default_rng(1).uniform(0.5, 2, 300)
        by_class = {0: 1.0, 1: 3.0, 2: 0.5}
        one = classifier(class_weight=by_class, solver=solver).fit(X, Y, weights)
        other = classifier(solver=solver).fit(X, Y, weights * np.array([1.0, 3.0, 0.5])[Y])
        same_weights(one, other)

    def test_balanced(self):
        right = compute_class_weight("balanced", classes=np.array([0, 1]), y=RARE)
        one = classifier(class_weight="balanced").fit(X, RARE)
        same_weights(one, classifier().fit(X, RARE, right[RARE]))
        options = {"max_iter": 60, "learning_rate_init": 0.01}
        found = [
            recall_score(RARE, classifier(class_weight=given, **options).fit(X, RARE).predict(X))
            for given in (None, "balanced")
        ]
        assert found[1] > found[0]

    def test_names_of_classes(self):
        names = np.array(["no", "yes"])
        one = classifier(class_weight={"no": 1.0, "yes": 5.0}).fit(X, names[RARE])
        same_weights(one, classifier().fit(X, RARE, 1.0 + 4.0 * RARE))

    def test_several_labels_have_a_product(self):
        one = classifier(class_weight=[{0: 1.0, 1: 2.0}, {0: 1.0, 1: 5.0}]).fit(X, LABELS)
        same_weights(one, classifier().fit(X, LABELS, (1.0 + LABELS[:, 0]) * (1.0 + 4.0 * LABELS[:, 1])))
        classifier(class_weight="balanced").fit(X, LABELS)

    def test_they_hold_in_validation(self):
        options = {"early_stopping": True, "eval_metric": "accuracy"}
        metric = options.pop("eval_metric")
        one = classifier(class_weight={0: 1.0, 1: 9.0}, **options).fit(
            X, RARE, eval_set=(X[:50], RARE[:50]), eval_metric=metric
        )
        other = classifier(**options).fit(
            X, RARE, 1.0 + 8.0 * RARE, eval_set=(X[:50], RARE[:50], 1.0 + 8.0 * RARE[:50]), eval_metric=metric
        )
        assert one.validation_scores_ == other.validation_scores_

    @pytest.mark.parametrize(
        ("given", "y", "message"),
        [
            ("even", Y, "The 'class_weight' parameter of MLPClassifier must be"),
            ({0: 1.0, 7: 2.0}, Y, r"The classes, \[.*1.*2.*\], are not in class_weight"),
            ([{0: 1.0}], Y, "class_weight is a list; that is for several labels"),
            ([{0: 1.0}], LABELS, "class_weight has 1 entries for 2 labels"),
        ],
    )
    def test_wrong_ones(self, given: Any, y: np.ndarray, message: str):
        with pytest.raises(ValueError, match=message):
            classifier(class_weight=given).fit(X, y)

    def test_balanced_needs_all_examples(self):
        with pytest.raises(
            OptionError, match="is not there with partial_fit, which does not see all examples"
        ):
            classifier(class_weight="balanced").partial_fit(X, Y, classes=[0, 1, 2])


class TestRegularising:
    def test_dropout_by_layer(self):
        none, zero, some, by_layer = (
            classifier(dropout=given).fit(X, Y) for given in (0.0, (0.0, 0.0), 0.4, (0.0, 0.4))
        )
        same_weights(none, zero, 0)
        assert len({model.loss_ for model in (none, some, by_layer)}) == 3
        assert min(some.loss_curve_[-1], by_layer.loss_curve_[-1]) > none.loss_curve_[-1]
        again = classifier(dropout=0.4).fit(X, Y)
        same_weights(some, again, 0)
        np.testing.assert_array_equal(some.predict_proba(X), some.predict_proba(X))

    def test_dropout_follows_the_random_state(self):
        start = classifier(dropout=0.5, shuffle=False).partial_fit(X, Y, classes=[0, 1, 2])
        steps = [
            pickle.loads(pickle.dumps(start)).set_params(random_state=seed).partial_fit(X, Y).coefs_[1]
            for seed in (1, 1, 2)
        ]
        np.testing.assert_array_equal(steps[0], steps[1])
        assert (steps[0] != steps[2]).any()

    @pytest.mark.parametrize("clip", [{"clip_norm": 1e-3}, {"clip_value": 1e-4}])
    def test_clipping_bounds_the_step(self, clip: dict[str, float]):
        options = {
            "solver": "sgd",
            "momentum": 0.0,
            "learning_rate_init": 1.0,
            "batch_size": 300,
            "max_iter": 1,
        }
        before = classifier(**{**options, "learning_rate_init": 1e-300}).fit(X, Y).net_.theta
        step = classifier(**options, **clip).fit(X, Y).net_.theta - before
        assert np.linalg.norm(step, 2 if "clip_norm" in clip else np.inf) == pytest.approx(
            *clip.values(), rel=1e-6
        )

    @pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
    def test_only_what_is_trainable_moves(self, solver: str):
        start = classifier(max_iter=1, solver="sgd", learning_rate_init=1e-300).fit(X, Y)
        model = classifier(trainable=["W[2]", "b[3]", "w[1,1,2]"], solver=solver).fit(X, Y)
        moved = [k for k in range(3) if (model.coefs_[k] != start.coefs_[k]).any()]
        assert moved == [0, 1]
        assert np.argwhere(model.coefs_[0] != start.coefs_[0]).tolist() == [[1, 0]]
        assert [k for k in range(3) if (model.intercepts_[k] != start.intercepts_[k]).any()] == [2]

    @pytest.mark.parametrize("solver", ["adam", "sgd"])
    def test_schedules(self, solver: str):
        rates: dict[str, list[float]] = {}
        for name, given in {
            "cosine": "cosine",
            "one_cycle": "one_cycle",
            "own": WarmUp(Cosine(), 5),
            "constant": "constant",
        }.items():
            seen = rates.setdefault(name, [])
            listener = lambda event, seen=seen: (  # noqa: E731
                seen.append(event.learning_rate) if isinstance(event, EpochEnded) else None
            )
            classifier(solver=solver, learning_rate=given, listeners=[listener]).fit(X, Y)
        assert set(rates["constant"]) == {0.001}
        assert rates["cosine"] == sorted(rates["cosine"], reverse=True)
        assert rates["cosine"][-1] < 1e-4
        assert rates["own"][0] < rates["own"][4] > rates["own"][-1]
        assert max(rates["one_cycle"]) == pytest.approx(0.001, rel=0.05)

    def test_an_activation_for_each_layer(self):
        model = classifier(activation=["tanh", "gelu"]).fit(X, Y)
        assert [str(g) for g in model.net_.g[1:]] == ["tanh", "gelu"]
        same_weights(classifier(activation=["relu", "relu"]).fit(X, Y), classifier().fit(X, Y), 0)
        same_weights(
            classifier(activation=["logistic"] * 2).fit(X, Y), classifier(activation="logistic").fit(X, Y), 0
        )

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"activation": ["relu"]}, "1 activations were given for 2 hidden layers"),
            ({"activation": ["relu", "rleu"]}, "did you mean 'relu'"),
            ({"dropout": 1.0}, "The 'dropout' parameter of MLPClassifier must be"),
            ({"dropout": (0.1, 0.1, 0.1)}, "3 dropout rates given for 2 hidden layers"),
            ({"dropout": (0.1, 1.5)}, r"dropout is \(0.1, 1.5\); it must be a number from 0"),
            ({"dropout": 0.1, "solver": "lbfgs"}, 'dropout needs solver "sgd" or "adam"'),
            ({"clip_norm": 0.0}, "The 'clip_norm' parameter of MLPClassifier must be"),
            ({"label_smoothing": 1.0}, "The 'label_smoothing' parameter"),
            ({"trainable": ["W[9]"]}, "no layer 9"),
            (
                {"learning_rate": "cosin"},
                "The 'learning_rate' parameter of MLPClassifier must be a str among",
            ),
            ({"n_threads": 0}, "The 'n_threads' parameter"),
            ({"listeners": [print, 3]}, "listeners.1. is 3, which cannot be called"),
        ],
    )
    def test_wrong_options(self, options: dict[str, Any], message: str):
        with pytest.raises(ValueError, match=message):
            classifier(**options).fit(X, Y)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"loss": "absolut"}, "The 'loss' parameter of MLPRegressor must be a str among"),
            ({"quantile": 1.0}, "The 'quantile' parameter of MLPRegressor"),
            ({"huber_delta": 0.0}, "The 'huber_delta' parameter of MLPRegressor"),
        ],
    )
    def test_wrong_options_of_the_regressor(self, options: dict[str, Any], message: str):
        with pytest.raises(ValueError, match=message):
            regressor(**options).fit(X, VALUES)


class TestValidation:
    HELD = X[200:], Y[200:]

    def test_the_validation_loss_is_that_of_the_eval_set(self):
        model = classifier(max_iter=7).fit(X[:200], Y[:200], eval_set=self.HELD)
        assert len(model.validation_loss_curve_) == 7
        assert model.validation_loss_curve_[-1] == pytest.approx(model.net_.loss(*self.HELD), rel=1e-9)
        assert model.validation_scores_ is None
        same_weights(model, classifier(max_iter=7).fit(X[:200], Y[:200]), 0)

    def test_the_squared_error_is_reported_alike_in_both_curves(self):
        y = np.stack([VALUES, -VALUES], axis=1)
        model = regressor(max_iter=1, learning_rate_init=1e-300, alpha=0.0, batch_size=300).fit(
            X, y, eval_set=(X, y)
        )
        assert model.validation_loss_curve_ == pytest.approx(model.loss_curve_, rel=1e-9)

    @pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
    def test_early_stopping_restores_the_best(self, solver: str):
        model = classifier(
            solver=solver, early_stopping=True, max_iter=200, n_iter_no_change=5, learning_rate_init=0.02
        ).fit(X[:200], Y[:200], eval_set=self.HELD)
        assert model.n_iter_ < 200
        assert model.best_validation_score_ == max(model.validation_scores_)
        assert model.score(*self.HELD) == pytest.approx(model.best_validation_score_)
        assert len(model.validation_loss_curve_) == len(model.validation_scores_) == model.n_iter_

    def test_early_stopping_of_lbfgs_holds_a_part_out(self):
        model = classifier(solver="lbfgs", early_stopping=True, max_iter=100, n_iter_no_change=5).fit(X, Y)
        assert len(model.loss_curve_) == len(model.validation_scores_) == model.n_iter_ < 100

    def test_metrics(self):
        fits = {
            str(metric): classifier(early_stopping=True, max_iter=30).fit(
                X[:200], Y[:200], eval_set=self.HELD, eval_metric=metric
            )
            for metric in (
                None,
                "loss",
                "neg_log_loss",
                "balanced_accuracy",
                make_scorer(balanced_accuracy_score),
            )
        }
        loss, own = fits["loss"], fits["neg_log_loss"]
        np.testing.assert_allclose(loss.validation_scores_, own.validation_scores_, rtol=1e-9)
        np.testing.assert_allclose(loss.validation_scores_, -np.array(loss.validation_loss_curve_))
        assert loss.n_iter_ == own.n_iter_
        one, other = list(fits.values())[-2:]
        assert one.validation_scores_ == other.validation_scores_

    def test_a_metric_without_early_stopping_is_only_shown(self):
        model = classifier(max_iter=5).fit(X, Y, eval_set=self.HELD, eval_metric="accuracy")
        assert len(model.validation_scores_) == 5
        assert model.best_validation_score_ is None

    def test_the_new_losses_stop_by_the_loss(self):
        model = regressor(loss="quantile", quantile=0.9, early_stopping=True, max_iter=30).fit(X, VALUES)
        np.testing.assert_allclose(model.validation_scores_, -np.array(model.validation_loss_curve_))

    def test_example_weights_count_in_validation(self):
        w = np.random.default_rng(2).uniform(0.1, 5, 100)
        model = classifier(max_iter=3).fit(X[:200], Y[:200], eval_set=(*self.HELD, w), eval_metric="accuracy")
        assert model.validation_loss_curve_[-1] == pytest.approx(model.net_.loss(*self.HELD, w), rel=1e-9)
        assert model.validation_scores_[-1] == pytest.approx(model.score(*self.HELD, w))

    def test_names_of_columns_reach_the_scorer_without_a_warning(self):
        table, names = pd.DataFrame(X, columns=list("abcde")), np.array(["x", "y", "z"])[Y]
        model = classifier(early_stopping=True).fit(
            table[:200], names[:200], eval_set=(table[200:], names[200:]), eval_metric="accuracy"
        )
        assert model.validation_scores_[0] <= 1
        classifier(early_stopping=True).fit(table, names, eval_metric="balanced_accuracy")

    def test_copies_stay_on_one_side(self):
        times = np.random.default_rng(3).integers(1, 5, 300)
        seen: list[Any] = []
        scorer = lambda estimator, X, y, sample_weight=None: seen.append(X) or 0.5  # noqa: E731
        classifier(early_stopping=True, max_iter=1).fit(
            X.repeat(times, 0), Y.repeat(times), eval_metric=scorer
        )
        held = {row.tobytes() for row in seen[0]}
        assert len(seen[0]) == sum(times[n] for n in range(300) if X[n].tobytes() in held)
        assert len(seen[0]) / times.sum() == pytest.approx(0.1, abs=0.02)

    def test_the_share_held_out_is_one_of_the_weight(self):
        weights = np.where(X[:, 0] > 1.0, 10.0, 1.0)
        shares = []
        for seed in range(20):
            seen: list[Any] = []
            scorer = lambda estimator, X, y, sample_weight=None, seen=seen: seen.append(sample_weight) or 0.5  # noqa: E731
            classifier(early_stopping=True, max_iter=1, random_state=seed).fit(
                X, Y, weights, eval_metric=scorer
            )
            shares.append(seen[0].sum() / weights.sum())
        np.testing.assert_allclose(shares, 0.1, atol=3 * 5 / weights.sum())  # half an example of each class

    def test_a_weight_of_two_is_two_copies_under_early_stopping(self):
        times = np.random.default_rng(4).integers(0, 4, 300)
        options = {"early_stopping": True, "batch_size": 10_000, "max_iter": 20}
        with pytest.warns(UserWarning, match="Got `batch_size` less"):
            weighted = classifier(**options).fit(X, Y, times)
        with pytest.warns(UserWarning, match="Got `batch_size` less"):
            copies = classifier(**options).fit(X.repeat(times, 0), Y.repeat(times))
        same_weights(weighted, copies, 1e-7)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"eval_set": X}, r"eval_set must be \(X, y\) or \(X, y, sample_weight\)"),
            ({"eval_set": (X[:, :2], Y)}, "X has 2 features, but MLPClassifier is expecting 5 features"),
            ({"eval_set": (X, Y + 1)}, r"eval_set has classes that y does not have: \[.*3.*\]"),
            ({"eval_set": (X, Y[:5])}, "inconsistent numbers of samples"),
            ({"eval_metric": "accuracy"}, "eval_metric needs examples to judge"),
            ({"eval_set": (X, Y), "eval_metric": "acuracy"}, "'acuracy' is not a valid scoring value"),
        ],
    )
    def test_wrong_eval_sets(self, given: dict[str, Any], message: str):
        with pytest.raises(ValueError, match=message):
            classifier().fit(X, Y, **given)

    def test_one_pair_in_a_list_is_that_pair(self):
        one, other = (classifier().fit(X, Y, eval_set=given) for given in (self.HELD, [self.HELD]))
        assert one.validation_loss_curve_ == other.validation_loss_curve_


class TestListeners:
    @pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
    def test_they_hear_of_everything_and_may_end_it(self, solver: str):
        heard: list[Any] = []

        def listen(event: Any) -> str | None:
            heard.append(event)
            return "enough" if isinstance(event, EpochEnded) and event.epoch == 4 else None

        model = classifier(solver=solver, listeners=[listen]).fit(X, Y, eval_set=(X, Y))
        assert [type(event) for event in heard] == [RunStarted, *[EpochEnded] * 4, Stopped]
        assert heard[-1].reason == "enough"
        assert model.n_iter_ == len(model.loss_curve_) == 4
        assert [event.validation_loss for event in heard[1:5]] == model.validation_loss_curve_
        np.testing.assert_array_equal(heard[-1].net.theta, model.net_.theta)

    @pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
    def test_the_losses_they_hear_of_are_those_of_the_curve(self, solver: str):
        """Without penalty and weights, and as means over the outputs."""
        heard: list[float] = []
        listen = lambda event: heard.append(event.loss) if isinstance(event, EpochEnded) else None  # noqa: E731
        two = np.stack([X[:, 0], X[:, 1] ** 2], axis=1)
        model = regressor(solver=solver, alpha=0.0, max_iter=5, listeners=[listen]).fit(X, two)
        assert heard == pytest.approx(model.loss_curve_, rel=1e-12)

    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_an_error_in_one_is_raised(self, solver: str):
        def fail(event: Any) -> None:
            if isinstance(event, EpochEnded):
                raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            classifier(solver=solver, listeners=[fail]).fit(X, Y)


class TestThreads:
    def test_any_number_gives_the_same_bits(self):
        rows, y = load_digits(return_X_y=True)
        fits = [
            MLPClassifier(max_iter=3, random_state=0, n_threads=n, dropout=0.2).fit(rows, y)
            for n in (1, 2, 3, None)
        ]
        for other in fits[1:]:
            same_weights(fits[0], other, 0)
            np.testing.assert_array_equal(fits[0].predict_proba(rows), other.predict_proba(rows))

    def test_a_worker_thread_of_joblib_takes_one(self):
        told = joblib.Parallel(n_jobs=2, backend="threading")(
            joblib.delayed(threads)(classifier()) for _ in range(2)
        )
        assert told == [1, 1]
        assert threads(classifier()) is None
        assert threads(classifier(n_threads=3)) == 3

    def test_a_worker_process_of_joblib_takes_its_share(self):
        with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
            assert joblib.Parallel()(joblib.delayed(available_threads)() for _ in range(2)) == [1, 1]

    @pytest.mark.parametrize(
        ("given", "expected"), [("1", 1), ("3,2", 3), (" 8", 8), ("64", 8), ("", 8), ("many", 8), ("0", 8)]
    )
    def test_the_environment_bounds_it(self, monkeypatch: pytest.MonkeyPatch, given: str, expected: int):
        monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
        monkeypatch.setenv("OMP_NUM_THREADS", given)
        assert available_threads() == expected


class TestAmongScikitLearnsTools:
    def test_pipelines_and_searches(self):
        rows, y = load_iris(return_X_y=True)
        search = GridSearchCV(
            make_pipeline(
                StandardScaler(), MLPClassifier(max_iter=60, learning_rate_init=0.02, random_state=0)
            ),
            {"mlpclassifier__alpha": [1e-4, 1e-2], "mlpclassifier__dropout": [0.0, 0.1]},
            n_jobs=2,
            cv=3,
        ).fit(rows, y)
        assert search.best_score_ > 0.9
        assert search.best_estimator_[-1].net_.sizes == (4, 100, 3)

    def test_cross_validation_with_several_metrics(self):
        scores = cross_validate(
            make_pipeline(StandardScaler(), regressor(solver="lbfgs", max_iter=60)),
            *load_diabetes(return_X_y=True),
            scoring=["r2", "neg_mean_absolute_error"],
            cv=3,
            n_jobs=2,
        )
        assert np.mean(scores["test_neg_mean_absolute_error"]) < 0

    @pytest.mark.parametrize(
        "meta",
        [
            lambda model: CalibratedClassifierCV(model, cv=3),
            lambda model: BaggingClassifier(model, n_estimators=3, n_jobs=2, random_state=0),
            lambda model: VotingClassifier([("a", model), ("b", clone(model))], voting="soft", n_jobs=2),
        ],
        ids=["calibrated", "bagging", "voting"],
    )
    def test_ensembles(self, meta: Any):
        rows, y = load_breast_cancer(return_X_y=True)
        model = meta(classifier(max_iter=30, learning_rate_init=0.01)).fit(scale(rows), y)
        assert model.score(scale(rows), y) > 0.95

    def test_one_hot_tables(self):
        table = pd.DataFrame({"colour": np.array(["red", "green", "blue"])[Y], "size": X[:, 0]})
        pipeline = make_pipeline(
            make_column_transformer((OneHotEncoder(), ["colour"]), (StandardScaler(), ["size"])),
            classifier(max_iter=100, learning_rate_init=0.01),
        )
        assert pipeline.fit(table, Y).score(table, Y) == 1.0

    def test_copies(self, tmp_path: Any):
        model = classifier(dropout=0.1, learning_rate=WarmUp(Cosine(), 2)).fit(X, Y)
        joblib.dump(model, tmp_path / "model.joblib")
        for copy in (pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model.joblib")):
            np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
        assert clone(model).get_params().keys() == model.get_params().keys()
        assert not hasattr(clone(model), "coefs_")

    def test_metadata_is_routed(self):
        w = np.random.default_rng(5).uniform(0.5, 2, 300)
        with sklearn.config_context(enable_metadata_routing=True):
            model = classifier().set_fit_request(sample_weight=True, eval_set=True, eval_metric=True)
            pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
            pipeline.fit(X, Y, sample_weight=w, eval_set=(scale(X), Y), eval_metric="accuracy")
        assert len(pipeline[-1].validation_scores_) == 15
        assert hasattr(classifier(), "set_partial_fit_request")

    def test_tags_and_pictures(self):
        tags = classifier().__sklearn_tags__()
        assert tags.input_tags.sparse
        assert tags.classifier_tags.multi_label
        reads_utf8 = sys.flags.utf8_mode or codecs.lookup(locale.getencoding()).name == "utf-8"
        if reads_utf8:  # as scikit-learn's pictures are written
            assert "MLPClassifier" in classifier()._repr_html_()
            assert "dropout" in classifier(dropout=0.1)._repr_html_()
        assert repr(MLPClassifier(dropout=0.1)) == "MLPClassifier(dropout=0.1)"

    def test_they_are_public(self):
        assert {"MLPClassifier", "MLPRegressor", "LossCurveDisplay"} <= set(deltarule.__all__)


class TestDisplay:
    def test_curves(self):
        model = classifier(early_stopping=True, learning_rate_init=0.01).fit(X, Y)
        display = model.plot_loss_curve()
        assert isinstance(display, LossCurveDisplay)
        labels = [line.get_label() for line in display.lines_]
        assert labels[:3] == ["training loss", "validation loss", "validation score"]
        np.testing.assert_array_equal(display.lines_[0].get_ydata(), model.loss_curve_)
        np.testing.assert_array_equal(display.lines_[1].get_ydata(), model.validation_loss_curve_)
        np.testing.assert_array_equal(display.lines_[0].get_xdata(), np.arange(1, model.n_iter_ + 1))
        best = int(np.argmax(model.validation_scores_)) + 1
        assert labels[3] == f"best epoch, {best}"
        assert display.ax_.get_xlabel() == "epoch"
        assert display.figure_ is display.ax_.figure

    def test_on_given_axes_and_of_scikit_learn_s_estimators(self):
        import matplotlib.pyplot as plt

        _, ax = plt.subplots()
        theirs = sklearn.neural_network.MLPClassifier(max_iter=3).fit(X, Y)
        display = LossCurveDisplay.from_estimator(theirs, ax=ax, color="red")
        assert display.ax_ is ax
        assert len(display.lines_) == 1
        assert display.lines_[0].get_color() == "red"
        plt.close("all")

    def test_of_lbfgs(self):
        display = regressor(solver="lbfgs").fit(X, VALUES).plot_loss_curve()
        assert len(display.lines_[0].get_xdata()) == 15
        mpl.pyplot.close("all")
