"""TableClassifier and TableRegressor: any frame in, the right thing out, scikit-learn's manners kept."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from deltarule import TableClassifier, TableRegressor, check
from deltarule.errors import DataError, DeltaruleError, OptionError, ShapeError
from deltarule.training import EpochEnded

RNG = np.random.default_rng(0)
N = 90
KIND = RNG.integers(0, 3, N)
COLUMNS: dict[str, list[Any]] = {
    "size": [None if n % 9 == 0 else float(k + 0.2 * RNG.normal()) for n, k in enumerate(KIND)],
    "colour": [None if n % 7 == 0 else "rgb"[k] for n, k in enumerate(KIND)],
    "hot": [bool(k) for k in KIND],
}
NAMES = [["rose", "iris", "lily"][k] for k in KIND]
VALUES = 10.0 * KIND + RNG.normal(size=N)


@pytest.mark.parametrize("make", [dict, pd.DataFrame, pl.DataFrame, lambda c: pl.DataFrame(c).to_arrow()])
def test_any_frame_gives_the_same_bits(make: Any):
    fitted = TableClassifier(epochs=20).fit(make(COLUMNS), NAMES)
    reference = TableClassifier(epochs=20).fit(COLUMNS, np.array(NAMES))
    assert fitted.net_.theta.tobytes() == reference.net_.theta.tobytes()
    assert fitted.predict(make(COLUMNS)).tolist() == reference.predict(COLUMNS).tolist()
    assert fitted.score(make(COLUMNS), NAMES) > 0.9


def test_the_target_may_be_a_column_by_its_name():
    frame = pl.DataFrame({**COLUMNS, "kind": NAMES})
    fitted = TableClassifier(epochs=5).fit(frame, "kind")
    assert fitted.model_.target.name == "kind"
    assert fitted.feature_names_in_.tolist() == list(COLUMNS)
    assert fitted.n_features_in_ == 3
    assert fitted.predict(frame).shape == (N,)


def test_probabilities_and_metrics():
    fitted = TableClassifier(epochs=30).fit(COLUMNS, NAMES)
    shares = fitted.predict_proba(COLUMNS)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert fitted.classes_.tolist() == ["iris", "lily", "rose"]
    assert (fitted.classes_[shares.argmax(axis=1)] == fitted.predict(COLUMNS)).all()
    scores = fitted.model_.scores["train"]
    assert scores["log_loss"] == pytest.approx(log_loss(NAMES, shares), rel=1e-5)
    assert scores["accuracy"] == fitted.score(COLUMNS, NAMES)
    frequencies = np.bincount(np.unique(NAMES, return_inverse=True)[1]) / N
    assert scores["constant_accuracy"] == frequencies.max()
    assert scores["constant_log_loss"] == pytest.approx(-(frequencies * np.log(frequencies)).sum())
    frame = {**COLUMNS, "y": NAMES}
    confusion = fitted.model_.confusion(frame)
    assert confusion.trace() == round(scores["accuracy"] * N)
    assert confusion.sum(axis=1).tolist() == np.bincount(np.unique(NAMES, return_inverse=True)[1]).tolist()


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1e3, 1e30])
def test_a_target_of_any_size_is_learnt_alike(scale: float):
    reference = TableRegressor(epochs=20).fit(COLUMNS, VALUES)
    scaled = TableRegressor(epochs=20).fit(COLUMNS, VALUES * scale)
    assert scaled.score(COLUMNS, VALUES * scale) == pytest.approx(reference.score(COLUMNS, VALUES), abs=1e-6)
    assert scaled.model_.scores["train"]["r2"] == pytest.approx(reference.score(COLUMNS, VALUES), abs=1e-6)
    np.testing.assert_allclose(
        scaled.predict(COLUMNS) / scale, reference.predict(COLUMNS), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_features_of_any_size_are_learnt_alike(scale: float):
    X, y = load_wine(return_X_y=True)
    plain, scaled = (TableClassifier(epochs=10).fit(Z, y) for Z in (X, X * scale))
    assert (plain.predict(X) == scaled.predict(X * scale)).all()


def test_what_is_held_out_is_not_learnt_from_and_the_best_epoch_is_restored():
    noise = np.random.default_rng(1).permutation(NAMES)
    fitted = TableClassifier(
        validation=0.3, epochs=60, learning_rate=0.02, weight_decay=0.0, equal_rows="apart"
    ).fit(COLUMNS, noise)
    run = fitted.run_
    assert fitted.model_.scores["train"]["rows"] == 63
    assert fitted.model_.scores["validation"]["rows"] == 27
    assert run.best_epoch < 60
    assert fitted.model_.scores["validation"]["log_loss"] == pytest.approx(
        min(run.history.validation_loss), rel=1e-4
    )


def test_rows_of_weight_zero_do_not_count():
    doubled = {name: values * 2 for name, values in COLUMNS.items()}
    weights = np.r_[np.ones(N), np.zeros(N)]
    wrong = [*NAMES, *(["rose"] * N)]
    fitted = TableClassifier(epochs=60).fit(doubled, wrong, sample_weight=weights)
    assert (fitted.predict(COLUMNS) == np.array(NAMES)).mean() > 0.9


def test_large_tables_get_a_second_layer_and_a_validation_part():
    X = np.random.default_rng(2).normal(size=(5000, 2))
    y = X.sum(axis=1)
    fitted = TableRegressor(epochs=1).fit(X, y)
    assert fitted.net_.sizes == (2, 128, 64, 1)
    assert fitted.model_.scores["validation"]["rows"] == 500
    assert TableRegressor(epochs=1).fit(X[:4999], y[:4999]).net_.sizes == (2, 128, 1)
    assert TableRegressor(epochs=1, hidden=(3,), validation=0).fit(X, y).net_.sizes == (2, 3, 1)


def test_the_network_behind_it_can_be_checked():
    fitted = TableClassifier(epochs=5, activation="tanh").fit({**COLUMNS, "y": NAMES}, "y")
    assert check(fitted.net_, *fitted.model_.arrays({**COLUMNS, "y": NAMES})).passed


class TestManners:
    def test_clone_and_parameters(self):
        model = TableClassifier(hidden=(5,), seed=3)
        assert clone(model).get_params() == model.get_params()
        assert model.set_params(epochs=7).epochs == 7

    def test_not_fitted(self):
        for use in (
            lambda m: m.predict(COLUMNS),
            lambda m: m.predict_proba(COLUMNS),
            lambda m: m.net_,
            lambda m: m.classes_,
        ):
            with pytest.raises(NotFittedError):
                use(TableClassifier())

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
    def test_pickle(self, copied: Any):
        fitted = TableClassifier(epochs=3).fit(COLUMNS, NAMES)
        assert copied(fitted).predict_proba(COLUMNS).tobytes() == fitted.predict_proba(COLUMNS).tobytes()

    def test_pipelines_and_searches(self):
        X, y = load_wine(return_X_y=True, as_frame=True)
        assert cross_val_score(TableClassifier(epochs=20), X, y, cv=3).mean() > 0.9
        search = GridSearchCV(
            make_pipeline(TableClassifier(epochs=10)), {"tableclassifier__hidden": [(4,), (16,)]}, cv=2
        )
        assert search.fit(X, y).score(X, y) > 0.9

    def test_listeners_hear_of_every_epoch(self):
        heard: list[int] = []

        def listen(event: object) -> None:
            if isinstance(event, EpochEnded):
                heard.append(event.epoch)

        TableRegressor(epochs=3, listeners=[listen]).fit(COLUMNS, VALUES)
        assert heard == [1, 2, 3]

    @pytest.mark.parametrize("name", ["gradient_descent", "momentum", "adam", "rprop", "lbfgs"])
    def test_every_optimiser_takes_its_own_defaults(self, name: str):
        fitted = TableClassifier(optimiser=name, epochs=3).fit(COLUMNS, NAMES)
        settings = fitted.model_.settings["optimiser"]
        assert settings["name"] == name
        assert settings.get("weight_decay", 0.0) == 0.0


@pytest.mark.parametrize(
    ("fit", "error", "message"),
    [
        (lambda: TableClassifier().fit(COLUMNS, NAMES[:-1]), ShapeError, "X has 90 rows and y has 89"),
        (lambda: TableClassifier().fit(COLUMNS, "kid"), DataError, "no target column 'kid'"),
        (
            lambda: TableClassifier(drop_missing_target=False).fit(COLUMNS, [None, *NAMES[1:]]),
            DataError,
            "missing in 1 of 90 rows \\(row 1\\)",
        ),
        (lambda: TableClassifier().fit(COLUMNS, ["a"] * N), DataError, "is a in every row"),
        (
            lambda: TableClassifier().fit(COLUMNS, NAMES, sample_weight=[1, 2]),
            ShapeError,
            r"expected \(90,\)",
        ),
        (lambda: TableClassifier(activation="x").fit(COLUMNS, NAMES), OptionError, "unknown activation 'x'"),
        (lambda: TableClassifier(validation=1.0).fit(COLUMNS, NAMES), OptionError, "from 0 to less than 1"),
        (lambda: TableClassifier(epochs=-1).fit(COLUMNS, NAMES), OptionError, "epochs is -1"),
        (lambda: TableClassifier(batch_size=-1).fit(COLUMNS, NAMES), OptionError, "batch_size is -1"),
        (lambda: TableRegressor().fit(COLUMNS, NAMES), DataError, "expected numbers in column 'y'"),
        (lambda: TableRegressor().fit(COLUMNS, [1.0] * N), DataError, "nothing to learn"),
        (lambda: TableRegressor().fit(5, VALUES), DataError, "expected a pandas, Polars or Arrow DataFrame"),
        (
            lambda: TableRegressor(epochs=1).fit(COLUMNS, VALUES).model_.predict_proba(COLUMNS),
            OptionError,
            "no probabilities",
        ),
        (
            lambda: TableRegressor(epochs=1).fit(COLUMNS, VALUES).predict({"size": [1.0]}),
            DataError,
            "the columns 'colour', 'hot' are not in the table",
        ),
    ],
)
def test_wrong_input_gets_one_sentence(fit: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=message) as raised:
        fit()
    assert isinstance(raised.value, DeltaruleError)
    assert "\n" not in str(raised.value)
