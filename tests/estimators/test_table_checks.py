"""scikit-learn's own checks of the table estimators, its tools with them, and what the checks leave out."""

from __future__ import annotations

import io
import re
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import BaggingClassifier, StackingRegressor, VotingClassifier
from sklearn.inspection import permutation_importance
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils.estimator_checks import parametrize_with_checks

from deltarule import TableClassifier, TableRegressor
from deltarule.errors import DataError, DataWarning, DeltaruleError, OutOfMemoryError, ShapeError
from deltarule.tables import Column, Table

ESTIMATORS: list[Any] = [
    estimator(**configuration)
    for estimator in (TableClassifier, TableRegressor)
    for configuration in (
        {"epochs": 20, "members": 2, "hidden": 16},
        {"optimiser": "lbfgs", "epochs": 20, "members": 1, "hidden": 16},
    )
]
BY_ROWS = "mini-batches are cut, and columns scaled, by rows: one of weight 2 is one row, and two copies are two rows"
FAILING = {
    "check_sample_weight_equivalence_on_dense_data": BY_ROWS,
    "check_sample_weight_equivalence_on_sparse_data": BY_ROWS,
}
"""What cannot hold, and why; `TestWeights` has what does hold of it."""


@pytest.mark.filterwarnings("ignore")  # checks warn as they like
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda _: FAILING)
def test_scikit_learns_checks(estimator: Any, check: Any):
    check(estimator)


def frame(N: int = 120) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Return a table of numbers, texts, booleans and dates, some missing, with classes and values to learn."""
    rng = np.random.default_rng(3)
    kind = rng.integers(0, 3, N)
    size = kind + 0.3 * rng.normal(size=N)
    X = pd.DataFrame({
        "size": np.where(np.arange(N) % 9 == 0, np.nan, size),
        "colour": np.where(np.arange(N) % 7 == 0, None, np.array(list("rgb"))[(kind + (rng.random(N) < 0.2)) % 3]),
        "hot": rng.random(N) < 0.2 + 0.3 * kind,
        "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 300, N), unit="D"),
    }, index=2 * np.arange(N) + 5)  # fmt: skip
    classes = pd.Series(np.array(["iris", "lily", "rose"])[kind], index=X.index, name="kind")
    return X, classes, pd.Series(10.0 * kind + rng.normal(size=N), index=X.index, name="value")


def classifier(**settings: Any) -> TableClassifier:
    return TableClassifier(**{"epochs": 15, "hidden": 16, "learning_rate": 0.02, "members": 1, **settings})


def regressor(**settings: Any) -> TableRegressor:
    return TableRegressor(**{"epochs": 15, "hidden": 16, "learning_rate": 0.02, "members": 1, **settings})


class TestTools:
    def test_searches_and_validation_over_a_frame_as_it_is(self):
        X, kind, value = frame()
        assert cross_val_score(classifier(), X, kind, cv=3, scoring="roc_auc_ovr").min() > 0.8
        shares = cross_val_predict(classifier(), X, kind, cv=3, method="predict_proba")
        named = np.sort(kind.unique())[shares.argmax(axis=1)]
        assert (named == kind).mean() > 0.75
        search = GridSearchCV(regressor(), {"hidden": [2, 16], "epochs": [1, 15]}, cv=2).fit(X, value)
        assert search.best_params_["epochs"] == 15
        assert search.feature_names_in_.tolist() == list(X)
        _, _, tested = learning_curve(
            classifier(), X, kind, cv=3, train_sizes=[0.5, 1.0], exploit_incremental_learning=True
        )
        assert np.isfinite(tested).all()
        X, kind, _ = frame(400)
        found = permutation_importance(classifier().fit(X, kind), X, kind, n_repeats=3, random_state=0)
        assert found.importances_mean[3] < 0.02
        assert found.importances_mean[:2].min() > 0.05

    @pytest.mark.parametrize(
        ("output", "is_sparse"), [("default", False), ("default", True), ("pandas", False), ("polars", False)]
    )
    def test_a_pipeline_with_columns_made_before(self, output: str, is_sparse: bool):
        X, kind, _ = frame()
        encoded = OneHotEncoder(handle_unknown="ignore", sparse_output=is_sparse)
        made = make_column_transformer(
            (encoded, ["colour"]), ("passthrough", ["size"]), sparse_threshold=is_sparse
        )
        pipeline = clone(make_pipeline(made, classifier()).set_output(transform=output)).fit(X, kind)
        assert pipeline.score(X, kind) > 0.8
        last = pipeline[-1]
        assert last.n_features_in_ == 5
        assert hasattr(last, "feature_names_in_") == (output != "default")
        if output != "default":
            assert last.feature_names_in_.tolist() == made.fit(X).get_feature_names_out().tolist()

    def test_ensembles_and_calibration(self):
        X, kind, value = frame()
        members = [("one", classifier(seed=1)), ("two", classifier(seed=2))]
        voted = VotingClassifier(members, voting="soft").fit(X, kind)
        assert voted.score(X, kind) > 0.8
        mean = np.mean([each.predict_proba(X) for each in voted.estimators_], axis=0)
        assert voted.predict_proba(X).tobytes() == mean.tobytes()
        stacked = StackingRegressor([("one", regressor()), ("two", regressor(hidden=4))], cv=3).fit(X, value)
        assert stacked.score(X, value) > 0.7
        assert (
            BaggingClassifier(classifier(), n_estimators=2, random_state=0).fit(X, kind).score(X, kind) > 0.7
        )
        calibrated = CalibratedClassifierCV(classifier(), cv=3).fit(X, kind, sample_weight=np.arange(len(X)))
        assert calibrated.score(X, kind) > 0.8
        array = X[["size"]].fillna(0.0).to_numpy()  # has no names, so nobody may warn that they lack
        assert StackingRegressor([("one", regressor())], cv=2).fit(array, value).predict(array).shape == (
            120,
        )

    def test_weights_are_routed(self):
        X, kind, _ = frame()
        w = np.random.default_rng(1).integers(0, 4, len(X)).astype(float)
        with sklearn.config_context(enable_metadata_routing=True):
            asked = classifier().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
            routed = cross_validate(asked, X, kind, cv=3, params={"sample_weight": w}, return_indices=True,
                                    return_estimator=True)  # fmt: skip
        for n, (model, score) in enumerate(zip(routed["estimator"], routed["test_score"], strict=True)):
            learnt, tested = (routed["indices"][part][n] for part in ("train", "test"))
            alone = classifier().fit(X.iloc[learnt], kind.iloc[learnt], sample_weight=w[learnt])
            assert alone.net_.theta.tobytes() == model.net_.theta.tobytes()
            is_right = alone.predict(X.iloc[tested]) == kind.iloc[tested]
            assert score == pytest.approx(np.average(is_right, weights=w[tested]))
            assert score == alone.score(X.iloc[tested], kind.iloc[tested], sample_weight=w[tested].tolist())

    def test_what_is_shown_and_stored(self):
        X, kind, _ = frame()
        model = classifier().fit(X, kind)
        assert repr(clone(model)) == "TableClassifier(epochs=15, hidden=16, learning_rate=0.02, members=1)"
        assert "TableClassifier" in model._repr_html_()
        stored = io.BytesIO()
        joblib.dump(make_pipeline(model), stored)
        stored.seek(0)
        assert joblib.load(stored).predict_proba(X).tobytes() == model.predict_proba(X).tobytes()


class TestWeights:
    @pytest.mark.parametrize("settings", [{}, {"validation": 0.2}, {"class_weight": "balanced"}])
    def test_rows_of_weight_zero_are_as_if_left_out(self, settings: dict[str, Any]):
        X, kind, _ = frame()
        w = np.random.default_rng(2).integers(0, 3, len(X)).astype(float)
        is_out = w == 0
        odd = X.assign(
            size=X["size"].where(~is_out, 3 * X["size"]), colour=X["colour"].where(~is_out, "violet")
        )
        other = kind.where(
            ~is_out, np.where(np.arange(len(X)) % 2, "weed", None)
        )  # none that counts has such a class
        alone = classifier(**settings).fit(X[~is_out], kind[~is_out], sample_weight=w[~is_out])
        beside = classifier(**settings).fit(odd, other, sample_weight=w)
        assert beside.classes_.tolist() == ["iris", "lily", "rose"]
        assert beside.model_.encoder.features == alone.model_.encoder.features
        assert beside.predict_proba(X).tobytes() == alone.predict_proba(X).tobytes()
        assert beside.model_.scores == alone.model_.scores
        with pytest.warns(
            DataWarning, match=rf"^w: 0 in {is_out.sum()} of 120 rows; such rows are left out$"
        ):
            by_column = classifier(weight="w", **settings).fit(odd.assign(w=w), other)
        assert by_column.predict_proba(X).tobytes() == alone.predict_proba(X).tobytes()

    def test_a_partial_fit_leaves_them_out_too(self):
        X, _, value = frame()
        w = (np.arange(len(X)) % 3 > 0).astype(float)
        alone, beside = regressor(), regressor()
        for _ in range(2):
            alone.partial_fit(X[w > 0], value[w > 0], w[w > 0])
            beside.partial_fit(X, value.where(w > 0, 99.0), w.tolist())
        assert beside.predict(X).tobytes() == alone.predict(X).tobytes()

    @pytest.mark.parametrize("make", [classifier, regressor])
    def test_whole_weights_are_copies_where_batches_and_scales_do_not_tell_them_apart(self, make: Any):
        X, kind, value = frame()
        X, y = X[["colour", "hot"]], kind if make is classifier else value
        w = np.random.default_rng(4).integers(1, 4, len(X))
        whole = {"batch_size": 1000, "optimiser": "adam", "epochs": 50}
        weighted = make(**whole).fit(X, y, sample_weight=w)
        copied = make(**whole).fit(X.loc[X.index.repeat(w)], y.loc[y.index.repeat(w)])
        plain = make(**whole).fit(X, y)
        of, of_copies, of_plain = (
            model.predict_proba(X) if make is classifier else model.predict(X)
            for model in (weighted, copied, plain)
        )
        np.testing.assert_allclose(of, of_copies, rtol=1e-3, atol=1e-3)
        assert abs(of - of_plain).max() > 0.01


class Rows:
    """What NumPy makes an array of, and is none."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.rows, dtype)


class TestArrays:
    @pytest.mark.parametrize("kind", ["csr", "csc", "coo", "dok", "lil", "dia", "bsr"])
    def test_a_sparse_array_is_its_numbers(self, kind: str):
        X = sparse.random_array((60, 4), density=0.4, rng=np.random.default_rng(5), format="coo")
        y = X.toarray().sum(axis=1)
        dense = regressor().fit(X.toarray(), y)
        for given in (X.asformat(kind), sparse.coo_matrix(X).asformat(kind)):
            model = regressor().fit(given, y)
            assert model.n_features_in_ == 4
            assert model.predict(given).tobytes() == dense.predict(X.toarray()).tobytes()
            assert model.score(given, y) == dense.score(X.toarray(), y)

    def test_a_sparse_array_too_large_is_refused_before_it_is_made(self):
        with pytest.raises(
            OutOfMemoryError, match=r"the table of 1,000,000 rows and 1,000,000 columns, as a sparse"
        ):
            Table.of(sparse.csr_array((10**6, 10**6)))

    def test_what_becomes_an_array_is_one(self):
        X, kind, _ = frame()
        rows = X.assign(day=X["day"].astype(str)).to_numpy().tolist()
        ones = np.ones(len(X))
        model = classifier().fit(Rows(np.array(rows, object)), Rows(kind), Rows(ones))
        assert not hasattr(model, "feature_names_in_")
        assert (
            model.predict(Rows(np.array(rows, object))).tolist()
            == classifier().fit(rows, kind, ones).predict(rows).tolist()
        )
        labels = np.column_stack([kind == "iris", kind == "rose"])
        both = [
            classifier().fit(rows, y).predict(rows) for y in (labels, Rows(labels), sparse.csr_array(labels))
        ]
        assert both[0].shape == (120, 2)
        assert (both[0] == both[1]).all()
        assert (both[0] == both[2]).all()

    def test_what_is_masked_is_missing(self):
        array = np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], [[False, True], [False, False]])
        assert Table.of(array)["x2"].is_missing.tolist() == [True, False]
        assert Column.of("x", np.ma.masked_array([1, 2], [True, False])).texts() == [None, "2"]

    def test_columns_of_an_array_are_those_of_training(self):
        rng = np.random.default_rng(6)
        X = np.column_stack([rng.normal(size=(50, 2)), np.ones(50), rng.normal(size=50)])
        y = X.sum(axis=1)
        model = regressor().fit(X, y)
        assert not hasattr(model, "feature_names_in_")
        said = "X has {} features, but TableRegressor is expecting 4 features as input."
        for n, part in ((3, X[:, 1:]), (2, X[:, :2]), (5, np.column_stack([X, y]))):
            for use in (model.predict, lambda X: model.score(X, y), lambda X: model.partial_fit(X, y)):
                with pytest.raises(ShapeError, match=f"^{re.escape(said.format(n))}$"):
                    use(part)
        assert not hasattr(clone(model).fit(pd.DataFrame(X), y).fit(X, y), "feature_names_in_")
        by_name = regressor().fit(np.column_stack([X, y]), "x5")  # with the target or without, as of a frame
        assert by_name.predict(X).tobytes() == by_name.predict(np.column_stack([X, y])).tobytes()
        assert not hasattr(by_name, "feature_names_in_")
        weighted = regressor(weight="x5").fit(np.column_stack([X, np.ones(50)]), y)
        assert weighted.predict(X).tobytes() == model.predict(X).tobytes()

    def test_an_array_is_no_frame(self):
        X, kind, _ = frame()
        model = classifier().fit(X, kind)
        with pytest.raises(
            ShapeError, match=r"no names of columns, and TableClassifier learnt .*: size, colour, hot, day;"
        ):
            model.predict(X.to_numpy())


@pytest.mark.parametrize(
    ("fit", "error", "said"),
    [
        (
            lambda X, y: regressor().fit(X, None),
            DataError,
            "requires y to be passed, but the target y is None; give its",
        ),
        (
            lambda X, y: regressor().fit(X[:1], y[:1]),
            DataError,
            "there is one row to learn the target 'value' from",
        ),
        (
            lambda X, y: classifier().fit(X[:1], y[:1]),
            DataError,
            "there is one row to learn the target 'value' from",
        ),
        (
            lambda X, y: classifier().fit(X, y),
            DataError,
            "(in Python TableRegressor) learns it as a continuous quantity.",
        ),
        (
            lambda X, y: regressor().fit(X[[]], y),
            DataError,
            "the table has no columns: 0 feature(s) (shape=(120, 0))",
        ),
        (lambda X, y: regressor().fit({}, y), DataError, "the table has no rows"),
        (lambda X, y: regressor().fit(X[:0], y[:0]), DataError, "the table has no rows"),
        (
            lambda X, y: regressor().fit(y.to_numpy(), y),
            DataError,
            "Reshape your data: np.reshape(X, (1, -1)) makes them",
        ),
        (
            lambda X, y: regressor().fit(y, y),
            DataError,
            "the array has shape (120,); expected one row an example",
        ),
        (
            lambda X, y: regressor().fit(np.ones((2, 2, 2)), [1, 2]),
            DataError,
            "the array has shape (2, 2, 2); expected",
        ),
        (
            lambda X, y: regressor().fit(X.assign(z=y + 1j), y),
            DataError,
            "not supported: column 'z' holds complex numbers",
        ),
        (
            lambda X, y: regressor().fit(X, y.to_numpy() * 1j),
            DataError,
            "not supported: column 'y' holds complex numbers",
        ),
        (
            lambda X, y: regressor().fit([[1j], [2]], [1, 2]),
            DataError,
            "column 'x1' holds complex numbers; give their",
        ),
        (
            lambda X, y: regressor().fit(X, y, [0] * 120),
            DataError,
            "sample_weight is zero in every row; some rows must",
        ),
        (
            lambda X, y: regressor().fit(X, y, 2.0),
            ShapeError,
            "sample_weight has shape (); expected (120,), one per row.",
        ),
        (
            lambda X, y: regressor().fit(X, y, ["a"] * 120),
            DataError,
            "sample_weight is text, such as 'a'; it must be of",
        ),
        (
            lambda X, y: regressor().fit(X, y).score(X, y, [-1] * 120),
            DataError,
            "sample_weight is -1 in row 1; weights",
        ),
        (
            lambda X, y: regressor().fit(X, y).score(X, y, [1]),
            ShapeError,
            "sample_weight has shape (1,); expected (120,)",
        ),
        (
            lambda X, y: regressor().fit(X, y.where(y > 5), (y <= 5).astype(float)),
            DataError,
            "the target 'value' is missing in every row",
        ),
    ],
)
def test_wrong_input_gets_one_sentence(fit: Any, error: type[Exception], said: str):
    X, _, value = frame()
    with pytest.raises(error, match=re.escape(said)) as raised:
        fit(X, value)
    assert isinstance(raised.value, DeltaruleError)
    assert "\n" not in str(raised.value)
