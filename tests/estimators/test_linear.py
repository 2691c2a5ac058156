"""The linear model that networks are compared with: as good as one can be, on the same rows, never in the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from deltarule import TableClassifier, TableRegressor
from deltarule.estimators import linear
from deltarule.training import Run

FAST: dict[str, Any] = {"epochs": 5, "progress": False}


def table(N: int = 200, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a table of two numbers, and a plane over it."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"a": rng.uniform(-1, 1, N), "b": rng.uniform(-1, 1, N)})
    return X, (3 * X["a"] - X["b"]).to_numpy()


def validation(model: Any) -> dict[str, Any]:
    return model.model_.scores["validation"]


def test_of_a_plane_it_is_as_good_as_least_squares():
    X, y = table()
    found = validation(TableRegressor(**FAST).fit(X, y + np.random.default_rng(1).normal(size=200)))["linear"]
    assert found["rmse"] == pytest.approx(1.0, abs=0.1)
    assert set(found) == {"r2", "rmse", "mae"}
    assert found["r2"] > 0.7


@pytest.mark.parametrize("face", [TableClassifier, TableRegressor])
def test_of_noise_it_is_no_better_than_the_constant(face: Any):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 8)), columns=list("abcdefgh"))
    noise = np.random.default_rng(1).normal(size=60)
    scores = validation(face(**FAST).fit(X, noise > 0 if face is TableClassifier else noise))
    name = "log_loss" if face is TableClassifier else "rmse"
    assert scores["linear"][name] > 0.99 * scores[f"constant_{name}"]


def test_what_is_no_plane_is_beyond_it():
    X, _ = table(400)
    scores = validation(TableRegressor(progress=False).fit(X, X["a"] * X["b"]))
    assert scores["linear"]["r2"] < 0.1
    assert scores["r2"] > 0.9


@pytest.mark.parametrize(
    "settings",
    [
        {"activation": ["tanh", "relu"]}, {"optimiser": "lbfgs"}, {"dropout": [0.1, 0.2]}, {"l1": 10.0},
        {"learning_rate": 1e-9}, {"hidden": [8, 8]}, {"validation": 0.3}, {"early_stopping": 1}, {"clip_norm": 1e-9},
    ],
)  # fmt: skip
def test_settings_of_networks_are_not_its(settings: dict[str, Any]):
    X, y = table()
    assert validation(TableRegressor(**FAST, **settings).fit(X, y))["linear"]["r2"] > 0.95


@pytest.mark.parametrize("loss", ["poisson", "quantile", "absolute_error", "huber"])
def test_it_has_the_loss_of_the_networks(loss: str):
    X, y = table()
    counts = np.random.default_rng(0).poisson(np.exp(y / 2))
    levels = {"quantile": [0.2, 0.8]} if loss == "quantile" else {}
    scores = validation(TableRegressor(**FAST, **levels, loss=loss, target_transform=None).fit(X, counts))
    name = {"poisson": "deviance", "quantile": "pinball"}.get(loss, "mae")
    assert scores["linear"][name] < 0.9 * scores[f"constant_{name}"]


def test_of_several_targets_each_has_its_own():
    X, y = table()
    scores = validation(TableRegressor(**FAST).fit(X, np.column_stack([y, X["a"] * X["b"]])))["targets"]
    first, second = (each["linear"]["r2"] for each in scores.values())
    assert first > 0.95 > 0.2 > second
    labels = validation(TableClassifier(**FAST).fit(X, np.column_stack([y > 0, X["a"] * X["b"] > 0])))
    first, second = (each["linear"]["accuracy"] for each in labels["targets"].values())
    assert first > 0.9 > 0.7 > second


def test_rows_are_weighed():
    X, y = table()
    is_noisy = np.arange(200) % 2 == 1
    noisy = y + np.where(is_noisy, 5.0, 0.01) * np.random.default_rng(0).normal(size=200)
    for w, low, high in (
        (np.where(is_noisy, 1e-6, 1.0), 0.0, 0.2),
        (np.where(is_noisy, 1.0, 1e-6), 4.0, 6.0),
    ):
        assert (
            low < validation(TableRegressor(**FAST).fit(X, noisy, sample_weight=w))["linear"]["rmse"] < high
        )


def test_of_a_large_table_it_learns_from_no_row_that_judges(monkeypatch: pytest.MonkeyPatch):
    X, y = table(10_000)
    learnt: list[int] = []
    train = linear.train

    def heard(net: Any, X: Any, *given: Any, **settings: Any) -> Run:
        learnt.append(len(X))
        return train(net, X, *given, **settings)

    monkeypatch.setattr(linear, "train", heard)
    fitted = TableRegressor(**FAST, members=1).fit(X, y)
    assert validation(fitted)["linear"]["r2"] > 0.99
    assert learnt == [fitted.model_.scores["train"]["rows"]] == [9_500]
    TableClassifier(**FAST, members=1).fit(X, y > 0)
    assert learnt[1:] == [9_000]  # of which it is known how good the network was before the others joined


def test_by_time_it_is_judged_by_the_last_stretch():
    X, y = table()
    X["day"] = np.arange(200)
    later = np.where(X["day"] < 160, y, y + 100.0)  # of which nobody knew
    scores = validation(TableRegressor(**FAST, time="day").fit(X, later))
    assert scores["rows"] == 40
    assert scores["linear"]["rmse"] > 30


def test_where_there_is_none():
    X, y = table()
    for model in (
        TableRegressor(**FAST, members=1).fit(X, y),
        TableRegressor(**FAST).fit(X, y).partial_fit(X, y),
        TableRegressor(**FAST).fit(X, y).set_params(warm_start=True, validation=0.2).fit(X, y),
        TableRegressor(**FAST, hidden=()).fit(X, y),
        TableRegressor(**FAST, only="W[3]", validation=0.2).fit(X, y),
        TableClassifier(**FAST, hidden=[2], validation=0.2).fit(X, np.arange(200) % 40),
    ):
        assert all("linear" not in part for part in model.model_.scores.values())


def test_threads_and_runs_change_no_bit():
    X, y = table()
    one, two = (validation(TableRegressor(**FAST, n_threads=n).fit(X, y)) for n in (1, 2))
    assert one == two
