"""TableClassifier and TableRegressor: any frame in, the right thing out, scikit-learn's manners kept."""

from __future__ import annotations

import copy
import pickle
import re
import warnings
from pathlib import Path
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

from deltarule import TableClassifier, TableRegressor, check, load, save
from deltarule.errors import DataError, DataWarning, DeltaruleError, OptionError, ShapeError
from deltarule.tables import schema
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


def test_one_network_of_a_large_table_holds_a_part_out_until_it_is_known_to_end_well():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(10_000, 2))
    y, noise = X.sum(axis=1), rng.normal(size=10_000)
    m = 2 + 2 * 48  # each number, and its bins
    fitted = TableRegressor(epochs=5, members=1).fit(X, y)
    assert fitted.net_.sizes == (m, 64, 64, 1)
    assert (
        fitted.model_.scores["validation"]["rows"] == 500
    )  # of values some stay, by whose errors intervals are made
    assert fitted.model_.scores["train"]["rows"] == 9_500
    of_classes = TableClassifier(epochs=5, members=1).fit(X, y > 0)
    assert of_classes.model_.scores["validation"]["rows"] == 1000
    assert of_classes.model_.scores["train"]["rows"] == 10_000
    assert fitted.run_.stopped == "after 5 epochs, the last 1 with rows held out until then"
    assert [loss is None for loss in fitted.run_.history.validation_loss] == [False] * 4 + [True]
    assert len(fitted.validation_loss_curve_) == 4
    by_heart = TableRegressor(epochs=10, learning_rate=0.02, members=1).fit(X, noise)
    assert by_heart.model_.scores["train"]["rows"] == 9000
    assert by_heart.run_.best_epoch < 0.8 * 7
    several = TableRegressor(epochs=1).fit(X, y)
    assert [net.sizes for net in several.model_.members] == [(m, 64, 64, 1)] * 5
    assert several.model_.scores["validation"]["rows"] == several.model_.scores["train"]["rows"] == 10_000
    asked = {"epochs": 1, "validation": 0}
    assert TableRegressor(**asked, hidden=(3,)).fit(X, y).net_.sizes == (m, 3, 1)
    assert TableRegressor(**asked, hidden=()).fit(X, y).net_.sizes == (m, 1)


def test_the_network_behind_it_can_be_checked():
    fitted = TableClassifier(epochs=5, hidden=[16, 16], activation="tanh").fit({**COLUMNS, "y": NAMES}, "y")
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

        TableRegressor(epochs=3, members=1, listeners=[listen]).fit(COLUMNS, VALUES)
        assert heard == [1, 2, 3]
        TableRegressor(epochs=3, members=2, listeners=[listen]).fit(COLUMNS, VALUES)
        assert heard[3:] == [1, 2, 3] * (2 * 3)  # one recipe after the other

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


def grouped(N: int = 240) -> tuple[pd.DataFrame, pd.Series]:
    """Return a table of 12 groups, each with an offset of its own, and the target."""
    rng = np.random.default_rng(5)
    group = rng.integers(0, 12, N)
    X = pd.DataFrame({"x": rng.normal(size=N), "who": [f"p{g}" for g in group], "when": rng.permutation(N)})
    return X, pd.Series(X["x"] + rng.normal(size=12)[group] + 0.1 * rng.normal(size=N), name="y")


class TestHoldingOut:
    def test_groups_stay_whole_and_are_not_learnt_from(self):
        X, y = grouped()
        with pytest.warns(DataWarning, match="who: 2 of 12 groups are the validation part"):
            model = TableRegressor(epochs=5, validation=0.2, group="who").fit(X, y)
        assert model.model_.encoder.columns == ["x", "when"]
        assert model.model_.encoder.dropped["who"].startswith("its groups stay whole; --set")
        assert model.predict(X.drop(columns="who")).shape == (240,)
        rows = [model.model_.scores[part]["rows"] for part in ("train", "validation")]
        assert sum(rows) == 240
        sizes = X["who"].value_counts()
        assert any(sizes[a] + sizes[b] == rows[1] for a in sizes.index for b in sizes.index if a < b)
        told = schema(X, settings={"who": "category"})
        with pytest.warns(DataWarning, match="no group is on both sides"):
            model = TableRegressor(epochs=1, validation=0.2, group="who", schema=told).fit(X, y)
        assert "who" in model.model_.encoder.columns

    def test_the_last_in_time_are_held_out(self):
        X, y = grouped()
        y[X["when"] >= 192] = 1e6
        with pytest.warns(DataWarning, match="when: the validation part is the last 48 rows, from 192 on"):
            model = TableRegressor(epochs=2, validation=0.2, time="when").fit(X, y)
        assert model.model_.scores["validation"]["mae"] > 1e4
        assert model.model_.scores["train"]["mae"] > 1e4  # the target's scale is of all rows

    def test_copies_are_held_out_together_unless_told(self):
        X, y = grouped()
        twice, both = pd.concat([X, X]), pd.concat([y, y])
        with pytest.warns(DataWarning, match="240 rows equal an earlier one; such rows stay together"):
            model = TableRegressor(epochs=1, validation=0.25).fit(twice, both)
        assert model.model_.scores["validation"]["rows"] == 120
        assert model.notices_[0].startswith("240 rows equal")
        assert TableRegressor(epochs=1, validation=0.25, equal_rows="apart").fit(twice, both).notices_ == ()

    def test_large_tables_of_one_group_have_no_validation_part_unless_asked(self):
        rng = np.random.default_rng(0)
        X = {"a": rng.normal(size=5000), "b": rng.normal(size=5000), "g": ["one"] * 5000}
        y = X["a"] + X["b"] ** 2
        fitted = TableRegressor(epochs=1, group="g").fit(X, y)
        assert "validation" not in fitted.model_.scores
        with pytest.raises(DataError, match="the group column 'g' is one in every row"):
            TableRegressor(epochs=1, group="g", validation=0.1).fit(X, y)

    @pytest.mark.parametrize(
        ("settings", "error", "said"),
        [
            ({"group": "whom"}, DataError, "no group column 'whom' in the table; did you mean 'who'?"),
            ({"time": "then"}, DataError, "no time column 'then' in the table"),
            ({"time": "who"}, DataError, "the time column 'who' is text, such as 'p"),
            ({"equal_rows": "no"}, OptionError, "it must be 'together' or 'apart', or None to keep them together"),
            ({"group": 3}, OptionError, "group is 3; it must be the name of a column, or None for none"),
        ],
    )  # fmt: skip
    def test_wrong_settings_get_one_sentence(self, settings: Any, error: type[Exception], said: str):
        X, y = grouped()
        with pytest.raises(error, match=re.escape(said)) as raised:
            TableRegressor(epochs=1, validation=0.2, **settings).fit(X, y)
        assert "\n" not in str(raised.value)


class TestTargets:
    def test_rows_without_a_target_are_left_out(self):
        X, y = grouped()
        kept = TableRegressor(epochs=5).fit(X[5:], y[5:])
        y[:5] = np.nan
        with pytest.warns(DataWarning, match=r"y: no target in 5 of 240 rows \(row 1; row 2; row 3; ...\)"):
            few = TableRegressor(epochs=5).fit(X, y, sample_weight=np.ones(240))
        assert few.net_.theta.tobytes() == kept.net_.theta.tobytes()
        y[:50] = np.nan
        with pytest.raises(DataError, match=r"missing in 50 of 240 rows .* drop_missing_target=True"):
            TableRegressor().fit(X, y)
        with pytest.warns(DataWarning, match="no target in 50 of 240"):
            TableRegressor(epochs=1, drop_missing_target=True).fit(X, y)

    @pytest.mark.parametrize("by_name", [False, True])
    def test_bounds_among_numbers(self, by_name: bool):
        X, y = grouped()
        texts = pd.Series([f"<{v:.1f}" if v < -1 else f"{v:.3f}" for v in y], name="y", dtype=object)
        arguments = (X.assign(y=texts), "y") if by_name else (X, texts)
        missing = r"the target 'y' is missing in \d+ of 240 rows \(row \d+: '<-"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            with pytest.raises(DataError, match=missing):
                TableRegressor().fit(*arguments)
            model = TableRegressor(epochs=1, drop_missing_target=True).fit(*arguments)
        assert model.model_.scores["train"]["rows"] == (y >= -1).sum()

    def test_a_leak_is_named_and_learnt_from(self):
        X, y = grouped()
        with pytest.warns(DataWarning, match="copy: alone it tells y almost exactly"):
            model = TableRegressor(epochs=1).fit(X.assign(copy=3 * y), y)
        assert "copy" in model.model_.encoder.columns
        assert len(model.notices_) == 1

    def test_an_id_of_a_part_of_a_sorted_table_is_left_out(self):
        X = pd.DataFrame({"Id": range(1, 151), "length": np.random.default_rng(0).normal(size=150)})
        kind = np.repeat(["a", "b", "c"], 50)
        part = np.random.default_rng(1).permutation(150)[:120]
        model = TableClassifier(epochs=1)
        with pytest.warns(
            DataWarning, match='Id: left out, as a key, .* \\(--set "Id=number" learns from it'
        ):
            model.fit(X.iloc[part], kind[part])
        assert model.model_.encoder.columns == ["length"]


K = np.tile([1, 2, 3], 40)
DAYS = np.array(["2020-01-01", "2020-06-01", "2021-01-01"], "M8[D]")[K - 1]
LABELS = {
    "int": pd.Series(K), "object of int": pd.Series(K).astype(object),
    "category of int": pd.Series(K).astype("category"),
    "Int64": pd.Series(K, dtype="Int64"), "category of bool": pd.Series(K == 1).astype("category"),
    "boolean": pd.Series(K == 1, dtype="boolean"), "category of float": pd.Series(K / 2).astype("category"),
    "text": pd.Series(K.astype(str)), "category of text": pd.Series(K.astype(str)).astype("category"),
    "dates": pd.Series(DAYS), "category of dates": pd.Series(DAYS).astype("category"), "days": DAYS,
    "objects of dates": pd.Series(DAYS.astype(object)), "moments": pd.Series(DAYS + np.timedelta64(3, "h")),
}  # fmt: skip
KINDS = {
    "int": "i", "category of int": "i", "object of int": "i", "Int64": "i", "category of bool": "b", "boolean": "b",
    "category of float": "f", "text": "U", "category of text": "U", "dates": "M", "category of dates": "M", "days": "M",
    "objects of dates": "M", "moments": "M",
}  # fmt: skip


@pytest.mark.parametrize("name", LABELS)
def test_labels_keep_type_and_value(name: str, tmp_path: Path):
    y: Any = LABELS[name]
    X = pd.DataFrame({"x": K + np.random.default_rng(0).normal(0, 0.1, 120)})
    few = {"epochs": 60, "hidden": [16, 16]}
    for data, target in ((X, y), (X.assign(y=y), "y")):
        model = TableClassifier(**few).fit(data, target)
        assert model.classes_.dtype.kind == KINDS[name]
        assert model.classes_.tolist() == np.unique(np.asarray(y).astype(model.classes_.dtype)).tolist()
        assert model.score(data, target) == 1
        assert (np.asarray(model.predict(data)) == np.asarray(y).astype(model.classes_.dtype)).all()
        save(model.model_, tmp_path / name)
        assert (load(tmp_path / name).predict(data) == model.predict(data)).all()
    assert (cross_val_score(TableClassifier(**few), X, y, cv=2) == 1).all()


def test_score_counts_what_was_not_in_training_as_wrong_and_weighs_rows():
    X = pd.DataFrame({"x": K + 0.0})
    model = TableClassifier(epochs=60).fit(X, K)
    assert model.score(X, np.where(K == 3, 9, K)) == pytest.approx(2 / 3)
    assert model.score(X, np.where(K == 3, 9, K), sample_weight=K != 3) == 1
    assert model.score(X, K.astype(str)) == 1


def test_dates_as_categories_are_dates():
    when = pd.Series(pd.to_datetime(["2020-01-01", "2020-06-01"] * 60))
    y = np.where(when.dt.month == 6, "p", "q")
    model = TableClassifier(epochs=60).fit(pd.DataFrame({"d": when.astype("category")}), y)
    assert (model.predict(pd.DataFrame({"d": when})) == y).all()
    assert (model.predict(pd.DataFrame({"d": when + pd.Timedelta("1D")})) == y).all()
