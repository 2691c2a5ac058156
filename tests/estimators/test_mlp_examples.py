"""Fits that scikit-learn's documentation shows reach the scores that they reach with scikit-learn's classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.neural_network as sklearns
from sklearn.datasets import (
    load_diabetes,
    load_digits,
    load_iris,
    make_circles,
    make_classification,
    make_moons,
    make_regression,
)
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import deltarule
from deltarule import Network

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def scores(name: str, options: dict[str, Any], X: Any, y: Any, X_test: Any, y_test: Any) -> list[float]:
    """Return the scores of ours and of scikit-learn's estimator on the test rows."""
    return [
        getattr(module, name)(**options).fit(X, y).score(X_test, y_test) for module in (deltarule, sklearns)
    ]


def test_the_classifier_s_and_the_regressor_s_own_examples():
    X, y = make_classification(n_samples=100, random_state=1)
    parts = train_test_split(X, y, stratify=y, random_state=1)
    options = {"random_state": 1, "max_iter": 300}
    mine, right = scores("MLPClassifier", options, parts[0], parts[2], parts[1], parts[3])
    assert mine == pytest.approx(right, abs=0.01)
    X, y = make_regression(n_samples=200, n_features=20, random_state=1)
    parts = train_test_split(X, y, random_state=1)
    options = {"random_state": 1, "max_iter": 2000, "tol": 0.1}
    mine, right = scores("MLPRegressor", options, parts[0], parts[2], parts[1], parts[3])
    assert mine == pytest.approx(right, abs=0.01)
    assert mine > 0.97


def test_the_user_guide_s_first_fits():
    X, options = [[0.0, 0.0], [1.0, 1.0]], {"solver": "lbfgs", "alpha": 1e-5, "random_state": 1}
    model = deltarule.MLPClassifier(hidden_layer_sizes=(5, 2), **options).fit(X, [0, 1])
    assert model.predict([[2.0, 2.0], [-1.0, -2.0]]).tolist() == [1, 0]
    assert [coef.shape for coef in model.coefs_] == [(2, 5), (5, 2), (2, 1)]
    np.testing.assert_allclose(
        model.predict_proba([[2.0, 2.0], [1.0, 2.0]]), [[1.967e-04, 9.998e-01]] * 2, rtol=5e-3
    )
    model = deltarule.MLPClassifier(hidden_layer_sizes=(15,), **options).fit(X, [[0, 1], [1, 1]])
    assert model.predict([[1.0, 2.0], [0.0, 0.0]]).tolist() == [[1, 1], [0, 1]]


SCHEDULES: dict[str, dict[str, Any]] = {
    "constant": {"learning_rate": "constant", "momentum": 0.0, "learning_rate_init": 0.2},
    "constant, momentum": {"momentum": 0.9, "nesterovs_momentum": False, "learning_rate_init": 0.2},
    "constant, Nesterov": {"momentum": 0.9, "nesterovs_momentum": True, "learning_rate_init": 0.2},
    "inverse scaling": {"learning_rate": "invscaling", "momentum": 0.0, "learning_rate_init": 0.2},
    "inverse scaling, momentum": {
        "learning_rate": "invscaling", "momentum": 0.9, "nesterovs_momentum": False, "learning_rate_init": 0.2
    },
    "inverse scaling, Nesterov": {"learning_rate": "invscaling", "momentum": 0.9, "learning_rate_init": 0.2},
    "adam": {"solver": "adam", "learning_rate_init": 0.01},
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("table", ["iris", "digits", "circles", "moons"])
def test_stochastic_learning_strategies_compared(table: str, name: str):
    """plot_mlp_training_curves: four tables, seven ways to descend."""
    X, y = {
        "iris": lambda: load_iris(return_X_y=True),
        "digits": lambda: load_digits(return_X_y=True),
        "circles": lambda: make_circles(noise=0.2, factor=0.5, random_state=1),
        "moons": lambda: make_moons(noise=0.3, random_state=0),
    }[table]()
    X = MinMaxScaler().fit_transform(X)
    options = {"solver": "sgd", "random_state": 0, "max_iter": 15 if table == "digits" else 400}
    mine, right = scores("MLPClassifier", {**options, **SCHEDULES[name]}, X, y, X, y)
    assert mine == pytest.approx(right, abs=0.01)


def penalised(network: Network, alpha: float, X: Any, y: Any) -> tuple[float, float]:
    """Return J = L + alpha / 2N sum w^2 of a network with one sigmoid, and the largest entry of its gradient."""
    g, W = network.gradients(X, y[:, None].astype(float)), network.W[1:]
    value = g.loss + alpha / (2 * len(X)) * sum(float((w**2).sum()) for w in W)
    of_weights = [dW + alpha / len(X) * w for dW, w in zip(g.W[1:], W, strict=True)]
    return value, max(float(np.abs(entry).max()) for entry in (*of_weights, *g.b[1:]))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("alpha", np.logspace(-1, 1, 5).tolist())
def test_the_penalty_varied(alpha: float, activation: str):
    """plot_mlp_alpha: three clouds of points, L-BFGS; and the same with tanh, whose objective has no kinks.

    The first iterations are the same numbers. Later a kink, or a flat place, may send two minimisers apart by the last
    digit of a processor; then both have descended, and without kinks the gradient vanishes.
    """
    options = {
        "solver": "lbfgs",
        "alpha": alpha,
        "activation": activation,
        "random_state": 1,
        "hidden_layer_sizes": [10, 10],
    }
    for X, y in (
        make_moons(noise=0.3, random_state=0),
        make_circles(noise=0.2, factor=0.5, random_state=1),
        make_classification(
            n_features=2, n_redundant=0, n_informative=2, random_state=0, n_clusters_per_class=1
        ),
    ):
        X, X_test, y, y_test = train_test_split(
            StandardScaler().fit_transform(X), y, test_size=0.4, random_state=42
        )
        few = [module.MLPClassifier(**options, max_iter=10).fit(X, y) for module in (deltarule, sklearns)]
        mine, right = ([*model.coefs_, *model.intercepts_] for model in few)
        for found, expected in zip(mine, right, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)
        assert few[0].score(X_test, y_test) == pytest.approx(few[1].score(X_test, y_test), abs=0.01)

        whole = deltarule.MLPClassifier(**options, max_iter=2000).fit(X, y)
        J, steepest = penalised(whole.net_, alpha, X, y)
        assert whole.loss_ == pytest.approx(J, rel=1e-12)
        assert few[1].loss_ * (1 + 1e-12) >= J
        if activation == "tanh":
            assert steepest <= 5 * whole.tol
        theirs = sklearns.MLPClassifier(**options, max_iter=2000).fit(X, y)
        at_theirs, _ = penalised(deltarule.MLPClassifier.from_sklearn(theirs).net_, alpha, X, y)
        assert theirs.loss_ == pytest.approx(at_theirs, rel=1e-10)


def test_weights_of_digits():
    """plot_mnist_filters: 40 hidden units, eight epochs of gradient descent, pixels from 0 to 1."""
    X, y = load_digits(return_X_y=True)
    parts = train_test_split(X / 16.0, y, random_state=0, test_size=0.7)
    options = {
        "hidden_layer_sizes": (40,), "max_iter": 8, "alpha": 1e-4, "solver": "sgd", "random_state": 1,
        "learning_rate_init": 0.2,
    }  # fmt: skip
    mine, right = scores("MLPClassifier", options, parts[0], parts[2], parts[1], parts[3])
    assert mine == pytest.approx(right, abs=0.01)


def test_partial_dependence_s_network():
    """plot_partial_dependence: two hidden layers behind a scaler, with early stopping."""
    X, y = load_diabetes(return_X_y=True)
    parts = train_test_split(X, (y - y.mean()) / y.std(), test_size=0.1, random_state=0)
    options = {
        "hidden_layer_sizes": (30, 15), "learning_rate_init": 0.01, "early_stopping": True, "random_state": 0
    }  # fmt: skip
    mine, right = (
        make_pipeline(StandardScaler(), module.MLPRegressor(**options))
        .fit(parts[0], parts[2])
        .score(parts[1], parts[3])
        for module in (deltarule, sklearns)
    )
    assert mine == pytest.approx(right, abs=0.01)
