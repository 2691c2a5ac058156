"""Intervals of table models: what they cover, in which space they lie, where there are none."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deltarule import TableClassifier, TableRegressor, load, save
from deltarule.errors import ModelFileError, OptionError
from deltarule.files import head_of, pack, tensors_of
from deltarule.tables.bounds import with_errors

FAST: dict[str, Any] = {"epochs": 20, "progress": False}
NONE = "this model knows no intervals, which take rows that it has not learnt from"


def table(N: int = 200, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a table of two numbers and a text, and values of it with noise."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"a": rng.normal(size=N), "b": rng.uniform(size=N), "t": rng.choice(list("xyz"), N)})
    return X, (X["a"] + (X["t"] == "x") + rng.normal(size=N)).to_numpy()


def coverage(model: Any, X: pd.DataFrame, y: np.ndarray, level: float) -> float:
    low, high = model.predict_interval(X, level).T
    return float(np.mean((low <= y) & (y <= high)))


@pytest.mark.parametrize("settings", [{}, {"validation": 0.5}, {"members": 2}, {"loss": "huber"}])
def test_they_cover_what_they_promise(settings: dict[str, Any]):
    new, y_new = table(2000, seed=99)
    fits = [TableRegressor(**FAST, **settings, seed=seed).fit(*table(200, seed)) for seed in range(6)]
    for level in (0.5, 0.9):
        share = np.mean([coverage(model, new, y_new, level) for model in fits])
        assert level - 0.02 < share < level + 0.04


def test_of_a_large_table_rows_that_stay_held_out_tell():
    X, y = table(12_000)
    fitted = TableRegressor(progress=False, epochs=5, members=1).fit(X[:10_000], y[:10_000])
    assert fitted.model_.scores["validation"]["rows"] == 500
    assert fitted.model_.scores["train"]["rows"] == 9_500
    assert fitted.model_.errors[0].rows == 500
    assert coverage(fitted, X[10_000:], y[10_000:], 0.9) == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "poisson"])
def test_they_hold_the_prediction_and_grow_with_the_level(loss: str):
    X, y = table()
    fitted = TableRegressor(**FAST, loss=loss).fit(X, np.exp(y) if loss == "poisson" else y)
    y_hat = fitted.predict(X)
    before = np.column_stack([y_hat, y_hat])
    for level in (0.1, 0.5, 0.9, 0.99):
        bounds = fitted.predict_interval(X, level)
        assert bounds.shape == (len(X), 2)
        assert (bounds[:, 0] <= before[:, 0] + 1e-6).all()
        assert (before[:, 1] - 1e-6 <= bounds[:, 1]).all()
        before = bounds
    assert loss != "poisson" or before.min() == 0


@pytest.mark.parametrize("transform", ["none", "log", "sqrt"])
def test_they_are_even_in_the_space_that_is_learnt(transform: str):
    X, y = table()
    fitted = TableRegressor(**FAST, target_transform=transform).fit(X, np.exp(y))
    low, high = fitted.predict_interval(X, 0.8).T
    assert transform == "none" or low.min() >= 0
    f = {"none": lambda v: v, "log": np.log, "sqrt": np.sqrt}[transform]
    is_inside = low > 0
    middle = (f(low[is_inside]) + f(high[is_inside])) / 2
    np.testing.assert_allclose(middle, f(fitted.predict(X)[is_inside]), rtol=1e-4, atol=1e-6)
    assert coverage(fitted, X, np.exp(y), 0.8) > 0.7


def test_counts_are_never_below_0():
    X, y = table()
    counts = np.random.default_rng(1).poisson(np.exp(y - 1))
    for loss in ("squared_error", "poisson"):
        fitted = TableRegressor(**FAST, loss=loss, target_transform="none").fit(X, counts)
        assert fitted.predict_interval(X, 0.95).min() == 0


def test_by_weights_errors_count():
    X, y = table(400)
    is_loud = X["b"].to_numpy() > 0.5
    y = np.where(is_loud, 20 * (y - X["a"]), X["a"])
    widths: list[float] = []
    for w in (np.where(is_loud, 1.0, 50.0), np.where(is_loud, 50.0, 1.0)):
        fitted = TableRegressor(**FAST).fit(X, y, sample_weight=w)
        assert fitted.model_.errors[0].rows == int(w.sum() ** 2 / (w**2).sum()) < 250
        widths.append(np.diff(fitted.predict_interval(X, 0.5), axis=1).mean())
    assert widths[0] < 0.5 * widths[1]


def test_of_several_targets_each_has_its_own():
    X, y = table(300)
    Y = np.column_stack([y, 1000 * y[::-1]])
    fitted = TableRegressor(**FAST).fit(X, Y)
    bounds = fitted.predict_interval(X, 0.8)
    assert bounds.shape == (300, 2, 2)
    width = (bounds[:, :, 1] - bounds[:, :, 0]).mean(axis=0)
    assert 500 < width[1] / width[0] < 2500
    inside = (bounds[:, :, 0] <= Y) & (bounds[:, :, 1] >= Y)
    assert (inside.mean(axis=0) > 0.75).all()


def test_threads_change_no_bit_and_a_file_keeps_them(tmp_path):
    X, y = table(120)
    one, two = (TableRegressor(**FAST, n_threads=n).fit(X, y) for n in (1, 2))
    expected = one.predict_interval(X, 0.9).tobytes()
    assert two.predict_interval(X, 0.9).tobytes() == expected
    for model in (one, one.model_):
        save(model, tmp_path / "m")
        assert load(tmp_path / "m").predict_interval(X, 0.9).tobytes() == expected


def test_a_file_of_an_earlier_version_knows_none(tmp_path):
    X, y = table(60)
    fitted = TableRegressor(**FAST).fit(X, y)
    save(fitted, tmp_path / "m")
    content = (tmp_path / "m").read_bytes()
    head, tensors = head_of(content, "m"), tensors_of(content)
    errors = head.pop("errors")
    form, kind = head.pop("format"), head.pop("kind")
    (tmp_path / "m").write_bytes(pack(form, kind, head, tensors))
    earlier = load(tmp_path / "m")
    assert earlier.predict(X).tobytes() == fitted.predict(X).tobytes()
    with pytest.raises(OptionError, match=NONE):
        earlier.predict_interval(X)
    (tmp_path / "m").write_bytes(pack(form, kind, {**head, "errors": 2 * errors}, tensors))
    with pytest.raises(ModelFileError, match="the errors do not fit the targets"):
        load(tmp_path / "m")


def test_where_nothing_was_held_out_it_is_said():
    X, y = table(60)
    for model in (
        TableRegressor(**FAST, members=1).fit(X, y),
        TableRegressor(**FAST).fit(X[:19], y[:19]),
        TableRegressor(**FAST).fit(X, y).partial_fit(X, y),
        TableRegressor(**FAST).fit(X, y).set_params(warm_start=True, validation=0.2).fit(X, y),
    ):
        with pytest.raises(
            OptionError, match=f"{NONE}: none were held out, it learnt on later, or an earlier"
        ):
            model.predict_interval(X)
        assert "coverage" not in model.model_.evaluate(X.assign(y=y))


@pytest.mark.parametrize("level", [0, 1, 1.5, 90, "90%", None, np.nan, True, [0.9]])
def test_levels_that_are_none(level: Any):
    fitted = TableRegressor(**FAST).fit(*table(60))
    with pytest.raises(
        OptionError, match=r"level is .*; it must be a number between 0 and 1, both excluded\."
    ):
        fitted.predict_interval(table(5)[0], level)


def test_rows_too_few_for_a_level():
    fitted = TableRegressor(**FAST).fit(*table(40))
    assert fitted.predict_interval(table(5)[0], 0.975).shape == (5, 2)
    with pytest.raises(
        OptionError, match=r"0\.98 takes more rows .* than the 40 that there were; ask for 0\.975 or"
    ):
        fitted.predict_interval(table(5)[0], 0.98)


def test_classes_have_none():
    X, y = table(60)
    fitted = TableClassifier(**FAST).fit(X, y > 0)
    assert fitted.model_.errors == ()
    with pytest.raises(OptionError, match="intervals are of values, and this model predicts classes"):
        fitted.model_.predict_interval(X)
    assert not hasattr(fitted, "predict_interval")


def test_quantiles_are_intervals_where_they_are_those():
    X, y = table(300)
    fitted = TableRegressor(**FAST, loss="quantile", quantile=[0.05, 0.5, 0.95]).fit(X, y)
    np.testing.assert_array_equal(fitted.predict_interval(X, 0.9), fitted.predict(X)[:, [0, 2]])
    said = "an interval of 0.8 lies between the quantiles 0.1 and 0.9, and this model predicts 0.05, 0.5, 0.95; fit it"
    with pytest.raises(OptionError, match=f"{re.escape(said)} with --quantile 0.1 0.9"):
        fitted.predict_interval(X, 0.8)


def test_what_new_rows_show_is_measured():
    X, y = table(400)
    fitted = TableRegressor(**FAST).fit(X[:200], y[:200])
    scores = fitted.model_.scores
    assert all("coverage" not in part for part in scores.values())
    found = fitted.model_.evaluate(X[200:].assign(y=y[200:]))["coverage"]
    assert found == {f"{p:g}": coverage(fitted, X[200:], y[200:], p) for p in (0.5, 0.8, 0.9, 0.95)}
    w = np.random.default_rng(0).uniform(size=200)
    weighed = fitted.model_.evaluate(X[200:].assign(y=y[200:]), weights=w)["coverage"]["0.5"]
    low, high = fitted.predict_interval(X[200:], 0.5).T
    assert weighed == pytest.approx(np.average((low <= y[200:]) & (y[200:] <= high), weights=w))


def test_the_mean_of_members_has_narrower_ones_than_each():
    X, y = table()
    model = TableRegressor(**FAST, weight_decay=0.0).fit(X, y).model_
    features, encoded = model.arrays(X.assign(y=y))
    y_hat = model.outputs_of(features)
    alone = with_errors(model, y_hat, encoded, None).errors[0]
    of_mean = with_errors(model, y_hat, encoded, None, features).errors[0]
    ratio = of_mean.half(np.zeros(1), 0.9) / alone.half(np.zeros(1), 0.9)
    said = np.array([replace(model, members=(net,)).outputs_of(features)[:, 0] for net in model.members])
    error = np.mean((encoded - y_hat[:, 0]) ** 2)
    assert ratio[0] ** 2 == pytest.approx(max(1 - said.var(axis=0).mean() / error, 0.2), rel=1e-3)
    assert ratio[0] < 0.99
