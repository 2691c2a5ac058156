"""Permutation importance: its numbers are those of shuffled tables, seeded, by column; the shell says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import permutation_importance
from sklearn.preprocessing import StandardScaler

from deltarule import MLPClassifier, Network, TableClassifier, TableRegressor, importance, load, save
from deltarule.binned import Binned
from deltarule.cli import main
from deltarule.errors import DataError, DataWarning, OptionError, ShapeError
from deltarule.sparse import is_sparse
from deltarule.tables import Column, Table, TableEncoder
from deltarule.tables.importance import _mixed


def frame(N: int = 160) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    age, town = rng.integers(18, 90, N).astype(float), rng.integers(0, 40, N)
    table = pd.DataFrame({
        "age": np.where(rng.random(N) < 0.1, np.nan, age),
        "town": [f"t{each}" for each in town],
        "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 600, N), unit="D"),
        "sex": rng.choice(["f", "m"], N),
        "counts": rng.uniform(0.5, 2.0, N).round(2),
    })  # fmt: skip
    table["kind"] = np.where(age + town > 70, "old", "young")
    table["late"] = np.where(table["day"].dt.day_of_year > 180, "yes", "no")
    table["price"] = (3 * age + town + rng.normal(size=N)).round(1)
    table["visits"] = rng.poisson(age / 10)
    return table


LEARNT = ["age", "town", "day", "sex"]
CASES: dict[str, tuple[Any, Any, str]] = {
    "classes": (TableClassifier(epochs=20), "kind", "log_loss"),
    "labels": (TableClassifier(epochs=20), ["kind", "late"], "log_loss"),
    "values": (TableRegressor(epochs=20, target_transform="none"), "price", "r2"),
    "weights": (TableRegressor(epochs=20, target_transform="none", weight="counts"), "price", "r2"),
    "absolute": (
        TableRegressor(epochs=20, target_transform="none", loss="absolute_error", members=1),
        "price",
        "r2",
    ),
    "quantiles": (TableRegressor(epochs=20, loss="quantile", quantile=[0.1, 0.9]), "price", "pinball"),
    "counts": (TableRegressor(epochs=20, loss="poisson"), "visits", "deviance"),
    "several": (TableRegressor(epochs=20), ["price", "visits"], "r2"),
}
MORE_IS_BETTER = {"r2", "roc_auc", "accuracy", "f1", "balanced_accuracy", "average_precision"}


def fitted(case: str) -> tuple[Any, pd.DataFrame, list[str]]:
    model, target, _ = CASES[case]
    targets = [target] if isinstance(target, str) else target
    table = frame()[[*LEARNT, *(["counts"] if case == "weights" else []), *targets]]
    if case == "absolute":  # so few levels that features come as a matrix
        table["town"] = table["town"].str[:2]
    return model.fit(table, target), table, targets


@pytest.mark.parametrize("is_in_bins", [True, False])
def test_listed_features_are_shuffled_by_column(is_in_bins):
    rng = np.random.default_rng(3)
    data = {
        "a": rng.normal(size=100),
        "b": [f"level {n}" for n in rng.integers(0, 30, 100)],
        "c": rng.lognormal(size=100),
    }
    encoder = TableEncoder.fit(data, coordinates=is_in_bins)
    X = encoder.features_of(encoder.read(data)[0])
    assert is_sparse(X)
    assert isinstance(X, Binned) == is_in_bins
    order = rng.permutation(100)
    for name in data:
        is_taken = np.array([one.name == name for one in encoder.encoders for _ in one.features])
        expected = np.where(is_taken, X.toarray()[order], X.toarray())
        np.testing.assert_allclose(_mixed(X, X[order], is_taken).toarray(), expected, atol=1e-12)


@pytest.mark.parametrize("rows", [160, 50])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.filterwarnings("ignore::deltarule.errors.DataWarning")
def test_it_is_what_tables_with_a_shuffled_column_lose(case: str, rows: int):
    model, table, targets = fitted(case)
    X = model.model_.features_of(model.model_.read(table)[0])
    if case in ("classes", "absolute"):
        assert is_sparse(X) == (case == "classes")
    found = importance(model, table, repeats=3, seed=7, max_rows=rows)
    assert (found.measure, found.rows, found.n_given) == (CASES[case][2], rows, 160)
    assert found.columns == tuple(LEARNT)

    rng = np.random.default_rng(7)
    if rows < len(table):
        table = table.iloc[np.sort(rng.choice(len(table), rows, replace=False))].reset_index(drop=True)

    def measured(data: pd.DataFrame) -> float:
        scores = model.model_.evaluate(data, weights=table["counts"] if case == "weights" else None)
        each = list(scores["targets"].values()) if len(targets) > 1 else [scores]
        return float(np.mean([one[found.measure] for one in each]))

    base, sign = measured(table), -1 if found.measure in MORE_IS_BETTER else 1
    expected = np.zeros((len(LEARNT), 3))
    for repeat in range(3):
        order = rng.permutation(rows)
        for n, name in enumerate(LEARNT):
            shuffled = table.assign(**{name: table[name].to_numpy()[order]})
            expected[n, repeat] = sign * (measured(shuffled) - base)
    np.testing.assert_allclose(found.base, base, rtol=1e-12)
    np.testing.assert_allclose(found.changes, expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(found.means, found.changes.mean(axis=1))
    np.testing.assert_array_equal(found.deviations, found.changes.std(axis=1))
    assert found.deviations.max() > 0


@pytest.mark.parametrize(
    ("case", "scoring"), [("classes", "neg_log_loss"), ("values", "r2"), ("classes", "accuracy")]
)
@pytest.mark.filterwarnings("ignore::deltarule.errors.DataWarning")
def test_it_is_scikit_learn_s(case: str, scoring: str):
    model, table, (target,) = fitted(case)
    ours = importance(model, table, target, repeats=40, measure=scoring.removeprefix("neg_"), seed=1)
    theirs: Any = permutation_importance(
        model, table[LEARNT], table[target], scoring=scoring, n_repeats=40, random_state=0
    )
    error = np.hypot(ours.deviations, theirs.importances_std) / np.sqrt(40)
    assert (np.abs(ours.means - theirs.importances_mean) <= 4 * error).all()
    np.testing.assert_allclose(ours.deviations, theirs.importances_std, rtol=0.5)


@pytest.mark.parametrize("case", ["classes", "values"])
@pytest.mark.filterwarnings("ignore::deltarule.errors.DataWarning")
def test_a_column_that_is_not_used_has_none(case: str):
    model, table, _ = fitted(case)
    for j, feature in enumerate(model.model_.encoder.features):
        if feature.startswith(("sex", "day")):
            for net in model.model_.members:
                net.W[1][:, j] = 0
    found = importance(model, table)
    assert [name for name, each in zip(found.columns, found.changes, strict=True) if not each.any()] == [
        "day",
        "sex",
    ]


@pytest.mark.filterwarnings("ignore::deltarule.errors.DataWarning")
def test_the_seed_decides_and_y_may_be_told_in_any_way():
    model, table, _ = fitted("classes")
    found = importance(model, table, seed=3)
    for data, y in (
        (table, "kind"),
        (table[LEARNT], table["kind"]),
        (table[LEARNT[::-1]], table["kind"].tolist()),
    ):
        np.testing.assert_array_equal(importance(model.model_, data, y, seed=3).changes, found.changes)
    assert (importance(model, table, seed=4).changes != found.changes).any()
    more = importance(model, table, seed=3, repeats=8).changes
    np.testing.assert_array_equal(more[:, :5], found.changes)


@pytest.mark.filterwarnings("ignore::deltarule.errors.DataWarning:deltarule")
def test_rows_without_a_target_or_a_weight_are_left_out():
    model, table, _ = fitted("weights")
    holes = table.copy()
    holes.loc[:9, "price"] = np.nan
    holes.loc[10:19, "counts"] = 0.0
    with pytest.warns(DataWarning, match="price: no target in 10 of 160 rows"):
        found = importance(model, holes)
    assert found.n_given == 140
    np.testing.assert_array_equal(found.changes, importance(model, table[20:]).changes)
    unweighted = importance(model, table.drop(columns="counts"))
    assert (unweighted.changes != importance(model, table).changes).any()
    weighted = importance(model, table.drop(columns="counts"), weights=table["counts"])
    np.testing.assert_array_equal(weighted.changes, importance(model, table).changes)


@pytest.mark.filterwarnings("ignore::deltarule.errors.DataWarning")
def test_several_targets_with_units_count_by_their_constants():
    model, table, targets = fitted("several")
    found = importance(model, table, measure="mae")
    scores = model.model_.evaluate(table)["targets"]
    assert found.is_relative
    assert found.base == pytest.approx(
        np.mean([scores[name]["mae"] / scores[name]["constant_mae"] for name in targets])
    )
    assert "MAE (as a share of the constant's)" in found.text()


@pytest.mark.filterwarnings("ignore::deltarule.errors.DataWarning")
def test_text_is_sorted_aligned_and_no_wider_than_told():
    rng = np.random.default_rng(0)
    long = "a column whose name " + "goes on " * 20
    table = {long: rng.normal(size=80), "b": rng.normal(size=80), "c": rng.normal(size=80)}
    found = importance(
        model := TableRegressor(epochs=40).fit(table, table["b"] * 1e6), table, table["b"] * 1e6
    )
    for width in (60, 100, None):
        lines = found.text(width=width).splitlines()
        assert max(map(len, lines)) <= (width or 100)
        rows = [line for line in lines if " ± " in line]
        assert rows[0].startswith("  b ")
        assert len({line.index("±") for line in rows}) == 1
        assert rows[0].count("#") == max(line.count("#") for line in rows)
    assert "..." in str(found)
    assert "  ... and 2 columns more" in found.text(most=1)
    names = [
        each["column"]
        for each in importance(model, table, table["b"] * 1e6, measure="rmse").record(2)["columns"]
    ]
    assert (names[0], len(names)) == ("b", 2)


@pytest.mark.filterwarnings("ignore::deltarule.errors.DataWarning")
def test_the_shell_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    model, table, _ = fitted("weights")
    save(model, "m")
    table.to_csv("t.csv", index=False)
    words = ["importance", "m", "t.csv", "--measure", "mae", "--repeats", "3", "--rows", "90", "--seed", "5"]
    found = importance(load("m"), table, measure="mae", repeats=3, max_rows=90, seed=5)
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(found.record()))
    assert main([*words, "--top", "2"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == (f"{found.text(most=2)}\n", "")
    assert main(["evaluate", "m", "t.csv", "--json"]) == 0
    scores = model.model_.evaluate(table, weights=table["counts"])
    assert json.loads(capsys.readouterr().out)["mae"] == pytest.approx(scores["mae"])
    for wrong, said in {
        "--measure ruc_auc": "unknown --measure 'ruc_auc'; did you mean 'roc_auc'?",
        "--measure log_loss": "measure is log_loss, which this model on these rows has not; it has r2, rmse, mae.",
        "--repeats 0": "--repeats is 0; it must be a whole number from 1 on.",
        "--rows 1": "--rows is 1; it must be a whole number from 2 on",
        "--top 0": "--top is 0; it must be a whole number from 1 on.",
        "--seed -1": "--seed is -1; it must be a whole number from 0 on.",
    }.items():
        assert main(["importance", "m", "t.csv", *wrong.split()]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert said in err


@pytest.mark.filterwarnings("ignore::deltarule.errors.DataWarning")
def test_weights_of_a_file_are_read_as_numbers_are():
    model, table, _ = fitted("weights")
    as_text = Table([Column.of("counts", [f"{each:.2f}".replace(".", ",") for each in table["counts"]])])
    weights = model.model_.weights_in(as_text)
    np.testing.assert_array_equal(weights, table["counts"])
    assert model.model_.weights_in(Table.of(table[LEARNT])) is None
    with pytest.raises(DataError, match="the weight column 'counts' is text, such as 'much'"):
        model.model_.weights_in(Table([Column.of("counts", ["much", "little"])]))


@pytest.mark.filterwarnings("ignore::deltarule.errors.DataWarning")
def test_what_cannot_be_measured_is_one_sentence():
    model, table, _ = fitted("classes")
    old = table[table["kind"] == "old"]
    wrong: list[tuple[type[Exception], str, tuple[Any, ...], dict[str, Any]]] = [
        (
            OptionError,
            "unknown measure 'acuracy'; did you mean 'accuracy'?",
            (model, table),
            {"measure": "acuracy"},
        ),
        (OptionError, "unknown measure 'rows'", (model, table), {"measure": "rows"}),
        (OptionError, "measure is r2, which this model", (model, table), {"measure": "r2"}),
        (OptionError, "measure is roc_auc, which this", (model, old), {"measure": "roc_auc"}),
        (OptionError, "repeats is 1.5; it must be a whole number", (model, table), {"repeats": 1.5}),
        (OptionError, "max_rows is 1; it must be a whole number from 2 on", (model, table), {"max_rows": 1}),
        (OptionError, "this TableClassifier is not fitted; call fit first", (TableClassifier(), table), {}),
        (OptionError, "type StandardScaler; importance takes a fitted", (StandardScaler(), table), {}),
        (OptionError, "type Network; importance takes a fitted", (Network([2, 1]), table), {}),
        (OptionError, "type MLPClassifier; importance takes", (MLPClassifier(), table), {}),
        (DataError, "there is 1 row; give at least 2", (model, table[:1]), {}),
        (
            DataError,
            "there is no target column 'knd' in the table; did you mean 'kind'?",
            (model, table, "knd"),
            {},
        ),
        (DataError, "the column 'town' is not in the table", (model, table.drop(columns="town")), {}),
        (ShapeError, "X has 160 rows and y has 3", (model, table, ["old", "old", "young"]), {}),
        (ShapeError, "weights has shape", (model, table), {"weights": [1.0]}),
    ]
    for kind, said, given, settings in wrong:
        with pytest.raises(kind) as error:
            importance(*given, **settings)
        assert said in str(error.value)
