"""MLPClassifier and MLPRegressor give what scikit-learn's classes give: weights, curves, attributes, messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.neural_network as sklearns
from scipy import sparse
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.preprocessing import scale

import deltarule

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore:overflow encountered:RuntimeWarning"
)

RNG = np.random.default_rng(0)
N = 205
X = RNG.normal(size=(N, 7))
CLASSES = RNG.integers(0, 3, N)
VALUES = RNG.normal(size=(N, 2))
WEIGHTS = RNG.uniform(0.5, 2.0, N)

TASKS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "three classes": ("MLPClassifier", np.array(["a", "b", "c"])[CLASSES], {}),
    "two classes": ("MLPClassifier", CLASSES > 0, {}),
    "labels": ("MLPClassifier", np.stack([CLASSES > 0, CLASSES > 1], axis=1).astype(int), {}),
    "one output": ("MLPRegressor", VALUES[:, 0], {}),
    "two outputs": ("MLPRegressor", VALUES, {}),
    "counts": ("MLPRegressor", np.abs(VALUES), {"loss": "poisson"}),
}

CURVES = ("loss_", "best_loss_", "loss_curve_", "validation_scores_", "best_validation_score_")
COUNTS = ("n_iter_", "t_", "n_layers_", "n_outputs_", "n_features_in_", "out_activation_")


def both(task: str, y: Any = None, weights: Any = None, rows: Any = X, **options: Any) -> tuple[Any, Any]:
    """Return ours and scikit-learn's estimator, fitted alike."""
    name, targets, more = TASKS[task]
    options = {
        "random_state": 1,
        "batch_size": 64,
        "hidden_layer_sizes": (9, 5),
        "alpha": 0.01,
        **more,
        **options,
    }
    made = [getattr(module, name)(**options) for module in (deltarule, sklearns)]
    for estimator in made:
        estimator.fit(rows, targets if y is None else y, sample_weight=weights)
    return made[0], made[1]


def same(ours: Any, theirs: Any, rtol: float = 1e-10) -> None:
    """Compare everything that is public in both."""
    for name in ("coefs_", "intercepts_"):
        for mine, right in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            assert mine.dtype == right.dtype
            np.testing.assert_allclose(mine, right, rtol=rtol, atol=rtol * np.abs(right).max())
    for name in COUNTS:
        assert getattr(ours, name, None) == getattr(theirs, name, None), name
    for name in CURVES:
        right = getattr(theirs, name, None)
        if right is None:
            assert name == "loss_curve_" or getattr(ours, name, None) is None, name
        else:
            np.testing.assert_allclose(getattr(ours, name), right, rtol=10 * rtol, err_msg=name)
    if hasattr(theirs, "classes_"):
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    public = {name for name in vars(theirs) if name.endswith("_") and not name.startswith("_")}
    assert public <= vars(ours).keys()


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weights"])
def test_an_epoch_gives_the_same_weights(task: str, activation: str, solver: str, weights: Any):
    for epochs in (1,) if solver == "lbfgs" else (1, 3):
        ours, theirs = both(task, weights=weights, activation=activation, solver=solver, max_iter=epochs)
        same(ours, theirs)


@pytest.mark.parametrize(
    "options",
    [
        {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1},
        {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.05, "n_iter_no_change": 1},
        {"solver": "sgd", "momentum": 0.5, "nesterovs_momentum": False},
        {"solver": "adam", "learning_rate": "adaptive", "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
        {"shuffle": False, "batch_size": 1000},
        {"batch_size": "auto"},
        {"n_iter_no_change": 2, "tol": 0.01},
        {"early_stopping": True, "n_iter_no_change": 3},
        {"early_stopping": True, "validation_fraction": 0.3, "solver": "sgd", "learning_rate": "adaptive"},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": 6, "random_state": 3},
    ],
    ids=str,
)
@pytest.mark.parametrize("task", ["three classes", "labels", "two outputs"])
@pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1 or larger:UserWarning")
def test_a_fit_takes_the_same_course_and_stops_at_the_same_epoch(task: str, options: dict[str, Any]):
    ours, theirs = both(task, max_iter=40, **options)
    same(ours, theirs, rtol=1e-7)  # rounding grows from epoch to epoch
    if ours.solver == "sgd":
        assert ours._optimizer.learning_rate == pytest.approx(theirs._optimizer.learning_rate, rel=1e-12)


def test_default_settings_on_real_tables_stop_at_the_same_epoch():
    for load in (load_iris, load_digits):
        rows, y = load(return_X_y=True)
        pair = [
            module.MLPClassifier(random_state=0, learning_rate_init=0.01).fit(scale(rows), y)
            for module in (deltarule, sklearns)
        ]
        assert pair[0].n_iter_ == pair[1].n_iter_ < 200
        np.testing.assert_allclose(pair[0].loss_curve_, pair[1].loss_curve_, rtol=1e-5)
        assert (pair[0].predict(scale(rows)) == pair[1].predict(scale(rows))).all()


def test_lbfgs_goes_to_the_same_minimum():
    ours, theirs = both("three classes", solver="lbfgs", max_iter=20, activation="tanh")
    same(ours, theirs, rtol=1e-6)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fits_go_on_from_the_optimiser_s_state(solver: str):
    made = [
        module.MLPClassifier(solver=solver, random_state=2, batch_size=50) for module in (deltarule, sklearns)
    ]
    for estimator in made:
        for part in (slice(0, 90), slice(90, 205), slice(0, 205)):
            estimator.partial_fit(
                X[part], CLASSES[part], WEIGHTS[part], **({} if part.start else {"classes": [0, 1, 2]})
            )
    same(*made)
    vars_of = [vars(estimator._optimizer) for estimator in made]
    for name in {"sgd": ["velocities"], "adam": ["ms", "vs"]}[solver]:
        for mine, right in zip(vars_of[0][name], vars_of[1][name], strict=True):
            np.testing.assert_allclose(mine, right, rtol=1e-9, atol=1e-12)


def test_partial_fit_goes_on_from_scikit_learn_s_state():
    theirs = sklearns.MLPRegressor(random_state=2).partial_fit(X, VALUES)
    ours = deltarule.MLPRegressor.from_sklearn(theirs)
    same(ours.partial_fit(X, VALUES), theirs.partial_fit(X, VALUES))


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_warm_starts_go_on(solver: str):
    made = [
        module.MLPRegressor(solver=solver, random_state=2, warm_start=True, max_iter=3)
        for module in (deltarule, sklearns)
    ]
    for estimator in made:
        for _ in range(3):
            estimator.fit(X, VALUES)
    same(*made, rtol=1e-6 if solver == "lbfgs" else 1e-9)


@pytest.mark.parametrize("task", TASKS)
def test_predictions_are_the_same(task: str):
    name = TASKS[task][0]
    _, theirs = both(task, max_iter=5)
    ours = getattr(deltarule, name).from_sklearn(theirs)
    for method in (
        ("predict",) if name == "MLPRegressor" else ("predict", "predict_proba", "predict_log_proba")
    ):
        mine, right = getattr(ours, method)(X), getattr(theirs, method)(X)
        assert mine.dtype == right.dtype
        if mine.dtype.kind == "f":
            np.testing.assert_allclose(mine, right, rtol=1e-12, atol=1e-14)
        else:
            np.testing.assert_array_equal(mine, right)
    assert ours.score(X, TASKS[task][1], WEIGHTS) == pytest.approx(
        theirs.score(X, TASKS[task][1], WEIGHTS), abs=1e-12
    )
    same(ours, theirs, rtol=1e-15)
    assert ours.get_params().items() >= theirs.get_params().items()


def test_single_precision_is_kept():
    ours, theirs = both("three classes", rows=X.astype(np.float32), max_iter=2)
    same(ours, theirs, rtol=2e-4)
    assert ours.predict_proba(X.astype(np.float32)).dtype == np.float32
    assert (
        both("two outputs", rows=X.astype(np.float32), solver="lbfgs", max_iter=2)[0].coefs_[0].dtype
        == np.float32
    )


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sparse_tables(kind: Any, solver: str):
    rows = kind(np.where(np.abs(X) > 1.0, X, 0.0))
    ours, theirs = both("three classes", rows=rows, max_iter=3, solver=solver, early_stopping=False)
    same(ours, theirs, rtol=1e-9)
    np.testing.assert_allclose(ours.predict_proba(rows), theirs.predict_proba(rows), rtol=1e-9)


def test_sparse_tables_are_predicted_in_blocks(monkeypatch: pytest.MonkeyPatch):
    ours, _ = both("three classes", max_iter=2)
    whole = ours.predict_proba(sparse.csr_matrix(X))
    monkeypatch.setattr("deltarule.engines.examples.SPARSE_ROWS", 50)
    np.testing.assert_array_equal(ours.predict_proba(sparse.csr_matrix(X)), whole)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_it_prints_what_scikit_learn_prints(capsys: pytest.CaptureFixture[str], solver: str):
    printed = []
    for module in (deltarule, sklearns):
        for more in ({"early_stopping": True, "tol": 1.0}, {"learning_rate": "adaptive", "tol": 1.0}):
            module.MLPClassifier(solver=solver, verbose=True, random_state=0, n_iter_no_change=2, **more).fit(
                X, CLASSES
            )
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "Validation score:" in printed[0]


WRONG: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("MLPClassifier", {"activation": "ghost"}, X, CLASSES),
    ("MLPClassifier", {"solver": "newton"}, X, CLASSES),
    ("MLPClassifier", {"alpha": -1.0}, X, CLASSES),
    ("MLPClassifier", {"hidden_layer_sizes": (3, 0)}, X, CLASSES),
    ("MLPClassifier", {"batch_size": -1}, X, CLASSES),
    ("MLPClassifier", {"validation_fraction": 1.0}, X, CLASSES),
    ("MLPRegressor", {"early_stopping": True}, X[:2], VALUES[:2]),
    ("MLPClassifier", {"early_stopping": True}, X[:30], np.r_[0, np.ones(29)]),
    ("MLPRegressor", {}, X, np.full(N, np.nan)),
    ("MLPRegressor", {}, np.full((N, 2), np.inf), VALUES),
    ("MLPRegressor", {}, X[:3], VALUES),
    ("MLPRegressor", {}, X[0], VALUES),
    ("MLPRegressor", {"loss": "poisson", "tol": -1}, X, VALUES),
    ("MLPRegressor", {"random_state": 0}, 1e300 * X, VALUES),
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "options", "rows", "y"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_gets_scikit_learn_s_message(name: str, options: dict[str, Any], rows: Any, y: Any):
    said = []
    for module in (deltarule, sklearns):
        estimator = getattr(module, name)(**options)
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            estimator.fit(rows, y)
        said.append((type(caught.value).__name__, str(caught.value)))
    if options.get("activation"):  # of which there are more
        assert "must be a str among" in said[0][1]
    else:
        assert said[0][0] == said[1][0]
        assert said[0][1].startswith(said[1][1])


LABELS: dict[str, Any] = {
    "whole numbers": CLASSES - 1,
    "of one byte": CLASSES.astype(np.uint8),
    "whole floats": CLASSES.astype(float),
    "truth values": CLASSES > 0,
    "texts": np.array(["c", "a", "b\u00e9"])[CLASSES],
    "texts as objects": np.array(["c", "a", "b"], object)[CLASSES],
    "a list of texts": ["yes" if c else "no" for c in CLASSES],
    "a column": CLASSES[:, None],
    "one class": np.full(N, 3),
    "one text": np.full(N, "all"),
    "numbers as objects": CLASSES.astype(object),
    "texts and numbers": np.array(["a", 1, 2], object)[CLASSES],
    "bytes": np.array([b"a", b"b", b"c"])[CLASSES],
    "fractions": CLASSES / 2,
    "two columns of numbers": np.stack([CLASSES, CLASSES], axis=1),
    "nothing": np.array([None, 1], object)[np.minimum(CLASSES, 1)],
}


@pytest.mark.filterwarnings("ignore:A column-vector y was passed:sklearn.exceptions.DataConversionWarning")
@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
def test_labels_are_taken_and_refused_alike(y: Any):
    done = []
    for module in (deltarule, sklearns):
        estimator = module.MLPClassifier(max_iter=2, random_state=0)
        try:
            done.append(estimator.fit(X, y))
        except (ValueError, TypeError) as error:
            done.append((type(error), str(error)))
    if isinstance(done[1], tuple):
        assert done[0] == done[1]
        return
    same(*done)
    assert done[0].classes_.dtype == done[1].classes_.dtype
    found, right = (estimator.predict(X) for estimator in done)
    np.testing.assert_array_equal(found, right)
    assert found.dtype == right.dtype


def test_methods_that_are_not_there_say_so():
    with pytest.raises(NotFittedError):
        deltarule.MLPClassifier().predict(X)
    with pytest.raises(NotFittedError):
        _ = deltarule.MLPClassifier().net_
    for estimator in (deltarule.MLPClassifier(solver="lbfgs"), deltarule.MLPRegressor(solver="lbfgs")):
        assert not hasattr(estimator, "partial_fit")
        with pytest.raises(AttributeError, match="partial_fit is only available for stochastic optimizers"):
            estimator.partial_fit(X, CLASSES)
    for kind in (AttributeError, ValueError):
        with pytest.raises(kind, match="partial_fit does not support early_stopping=True"):
            deltarule.MLPRegressor(early_stopping=True).partial_fit(X, CLASSES)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        deltarule.MLPClassifier().partial_fit(X, CLASSES)


def test_scikit_learn_s_warnings():
    with pytest.warns(
        ConvergenceWarning, match=r"Maximum iterations \(2\) reached and the optimization hasn't"
    ):
        deltarule.MLPClassifier(max_iter=2).fit(X, CLASSES)
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge after 2 iteration"):
        deltarule.MLPClassifier(solver="lbfgs", max_iter=2).fit(X, CLASSES)
    with pytest.warns(UserWarning, match="Got `batch_size` less than 1 or larger than sample size"):
        deltarule.MLPClassifier(batch_size=1000, max_iter=2).fit(X, CLASSES)


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_every_parameter_has_scikit_learn_s_name_place_and_default(name: str):
    ours, theirs = getattr(deltarule, name), getattr(sklearns, name)
    assert ours().get_params().items() >= theirs().get_params().items()
    placed = ((3,), "tanh") if name == "MLPClassifier" else ("poisson", (3,), "tanh")
    assert ours(*placed).get_params().items() >= theirs(*placed).get_params().items()
    assert issubclass(ours, theirs)
