"""Members: every row is judged by networks that have not seen it, and what they say is weighed as it should be."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule import TableClassifier, TableRegressor, load, memory, save
from deltarule.engines import predict
from deltarule.errors import DataWarning, OptionError, OutOfMemoryError
from deltarule.estimators.blending import COARSE, TEMPERATURES, Blend, blended, constant_of
from deltarule.maths.outputs import output
from deltarule.tables import Column, Table
from deltarule.tables.folds import folds

FAST: dict[str, Any] = {"epochs": 8, "progress": False}


def table(N: int = 120, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return a table of two numbers and a text, values of it, and classes."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"a": rng.normal(size=N), "b": rng.uniform(size=N), "t": rng.choice(list("xyz"), N)})
    values = X["a"] + (X["t"] == "x") + 0.3 * rng.normal(size=N)
    return X, values.to_numpy(), np.where(values > 0.4, "high", "low")


@given(
    st.integers(2, 6), st.integers(6, 80), st.integers(0, 30), st.sampled_from(["none", "group", "time", "both"]),
    st.integers(0, 1000),
)  # fmt: skip
def test_folds_share_no_row_and_keep_together_what_belongs_together(k, N, copies, by, seed):
    rng = np.random.default_rng(seed)
    rows = np.r_[np.arange(N), rng.integers(0, N, copies)]
    classes = rng.integers(0, 3, N)[rows]
    whole = Table.of({"x": rng.normal(size=N)[rows], "class": classes})
    numbers = np.r_[0.0, 1.0, rng.integers(0, max(2, N // 3), N - 2)]
    group, time = (Column.of(name, rng.permutation(numbers)[rows]) for name in "gt")
    given_ = {
        "group": group if by in ("group", "both") else None,
        "time": time if by in ("time", "both") else None,
    }
    found = folds(whole, k, np.random.default_rng(seed), classes=classes, equal_rows="together", **given_)
    held = np.concatenate([part.held for part in found]) if found else np.zeros(0, int)
    assert len(np.unique(held)) == len(held)
    assert len(found) != 1
    for part in found:
        assert not set(part.learn) & set(part.held)
        assert not set(rows[part.learn]) & set(rows[part.held])
        assert set(classes[part.held]) <= set(classes[part.learn])
        if by in ("group", "both"):
            assert not set(group.values[part.learn]) & set(group.values[part.held])
    if by == "time":
        ends = [(time.values[part.held].min(), time.values[part.held].max()) for part in found]
        assert all(before[1] < after[0] for before, after in pairwise(ends))
    if by == "none" and not copies:
        sizes = [len(part.held) for part in found]
        assert max(sizes) - min(sizes) <= 3


def test_of_rows_that_are_there_twice_all_are_left_out_once():
    rows = np.r_[np.arange(42), np.arange(42)]
    whole = Table.of({"x": np.random.default_rng(0).normal(size=42)[rows]})
    found = folds(whole, 4, np.random.default_rng(0), equal_rows="together")
    assert sorted(np.concatenate([part.held for part in found])) == list(range(84))
    assert {len(part.held) for part in found} == {20, 22}
    assert all(set(rows[part.held]).isdisjoint(rows[part.learn]) for part in found)


OUTPUTS = ["linear", "softmax", "sigmoid", "poisson", "quantile(0.2, 0.5, 0.9)", "huber(0.5)"]


@given(st.integers(1, 3), st.sampled_from(OUTPUTS), st.integers(0, 1000))
def test_the_weights_of_recipes_are_the_best_of_those_that_may_be(n, name, seed):
    rng = np.random.default_rng(seed)
    chosen, N = output(name), 40
    p = np.eye(3)[rng.integers(0, 3, N)] if name == "softmax" else rng.integers(0, 2, (N, 3)).astype(float)
    said, w = [rng.normal(size=(N, 3)) + p for _ in range(n)], rng.uniform(size=N)
    found = blended(chosen, said, p, w)
    c = constant_of(chosen, p, w)

    def loss(shares, T):
        a = sum(share * each for share, each in zip(shares, said, strict=True)) + (1 - sum(shares)) * c
        return np.average(chosen.loss(a / T, p), weights=w)

    assert sum(found.shares) <= 1
    a = (
        sum(share / found.temperature * each for share, each in zip(found.shares, said, strict=True))
        + found.rest
    )
    assert found.loss == pytest.approx(np.average(chosen.loss(a, p), weights=w))
    assert found.loss == pytest.approx(loss(found.shares, found.temperature))
    assert found.loss <= min(loss(np.eye(n)[m], 1.0) for m in range(n)) + 1e-12 or name in (
        "softmax",
        "sigmoid",
    )
    assert found.loss <= loss(found.shares, 1.0) + 1e-12
    assert found.loss <= loss([0.0] * n, 1.0) + 1e-12
    nearby = [np.average(chosen.loss(np.tile(c + e, (N, 1)), p), weights=w) for e in 0.01 * np.eye(3)]
    assert loss([0.0] * n, 1.0) <= min(nearby) + 1e-9 or name.startswith("huber")
    assert (found.temperature == 1.0) or name in ("softmax", "sigmoid")
    assert set(COARSE) <= set(TEMPERATURES)
    assert 1.0 in TEMPERATURES


def test_a_temperature_undoes_what_is_too_sure():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(4000, 2))
    y_hat = output("softmax").y_hat(a)
    p = np.eye(2)[(rng.uniform(size=4000) < y_hat[:, 1]).astype(int)]
    found = blended(output("softmax"), [4 * a], p)
    assert found.shares[0] / found.temperature == pytest.approx(1 / 4, rel=0.15)


@pytest.mark.parametrize("face", [TableClassifier, TableRegressor])
def test_scores_are_those_of_networks_that_did_not_see_the_rows(face):
    X, values, classes = table()
    y = classes if face is TableClassifier else values
    noise = np.random.default_rng(1).permutation(y)
    fitted = face(progress=False, weight_decay=0.0, learning_rate=0.02).fit(X, noise)
    seen, unseen = fitted.model_.scores["train"], fitted.model_.scores["validation"]
    assert unseen["rows"] == len(X)
    name, sign = ("log_loss", -1) if face is TableClassifier else ("r2", 1)
    assert sign * unseen[name] < sign * seen[name]
    assert abs(unseen[name] - unseen[f"constant_{name}"]) < 0.05


@pytest.mark.parametrize("N", [60, 400])
def test_of_noise_it_learns_next_to_nothing(N):
    of_values: list[float] = []
    of_classes: list[float] = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        X = pd.DataFrame(rng.normal(size=(N, 4)), columns=list("abcd"))
        new = pd.DataFrame(rng.normal(size=(500, 4)), columns=list("abcd"))
        values, classes = rng.normal(size=(2, N)).round(3)
        of_values.append(TableRegressor(progress=False).fit(X, values).predict(new).std() / values.std())
        of_classes.append(TableClassifier(progress=False).fit(X, classes > 0).predict_proba(new).std())
    assert np.mean(of_values) < 0.2
    assert np.mean(of_classes) < 0.1


@pytest.mark.parametrize("face", [TableClassifier, TableRegressor])
def test_threads_and_listeners_change_no_bit(face):
    X, values, classes = table()
    y = classes if face is TableClassifier else values
    heard: list[object] = []
    fits = [
        face(**FAST, **more).fit(X, y)
        for more in ({"n_threads": 1}, {"n_threads": 2}, {"listeners": [heard.append]})
    ]
    thetas = {b"".join(member.theta.tobytes() for member in fitted.model_.members) for fitted in fits}
    assert len(thetas) == 1
    assert heard


def test_the_mean_as_one_network_says_what_the_members_say():
    X, _, classes = table()
    fitted = TableClassifier(**FAST, members=3).fit(X, classes)
    model = fitted.model_
    assert len(model.members) == 3
    features = model.features_of(model.read(X)[0])
    np.testing.assert_allclose(predict(fitted.net_, features), fitted.predict_proba(X), atol=1e-6)


def test_a_file_gives_every_member_back(tmp_path):
    X, values, _ = table()
    fitted = TableRegressor(**FAST).fit(X, values)
    save(fitted, tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.predict(X).tobytes() == fitted.predict(X).tobytes()
    assert len(again.model_.members) == 5
    assert again.net_.theta.tobytes() == fitted.net_.theta.tobytes()


@pytest.mark.parametrize(
    ("given_", "members"),
    [
        ({}, 5),
        ({"members": 2}, 2),
        ({"members": 1}, 1),
        ({"validation": 0.2}, 1),
        ({"validation": 0}, 1),
        ({"only": "W[3]"}, 1),
        ({"warm_start": True}, 1),
        ({"group": "g"}, 4),
        ({"early_stopping": 2}, 5),
    ],
)
def test_how_many_there_are(given_, members):
    X, values, _ = table()
    X["g"] = np.arange(len(X)) % 4
    assert len(TableRegressor(**FAST, **given_).fit(X, values).model_.members) == members


@pytest.mark.parametrize("more", [{"validation": 0.1}, {"only": "b[1]"}, {"warm_start": True}])
def test_members_leave_out_their_own_parts(more):
    X, values, _ = table()
    with pytest.raises(OptionError, match="members is 3, each of which leaves out a part of its own"):
        TableRegressor(members=3, **more).fit(X, values)


def test_what_learns_on_is_the_mean_as_one_network():
    X, values, _ = table()
    fitted = TableRegressor(**FAST).fit(X, values)
    before = fitted.model_.scores["train"]["r2"]
    wide = fitted.net_.sizes
    assert fitted.partial_fit(X, values).model_.members[0].sizes == wide
    for _ in range(9):
        fitted.partial_fit(X, values)
    assert fitted.model_.scores["train"]["r2"] > before - 0.02
    again = TableRegressor(**FAST).fit(X, values).set_params(warm_start=True).fit(X, values)
    assert len(again.model_.members) == 1
    assert again.model_.scores["train"]["r2"] > before


@pytest.mark.parametrize("N", [2, 5, 19])
def test_few_rows_are_learnt_from_by_one_network(N):
    X, values, _ = table(N)
    assert len(TableRegressor(**FAST).fit(X, values).model_.members) == 1


def test_a_class_of_one_row_is_known_to_every_member():
    X, _, classes = table()
    classes = classes.astype(object)
    classes[7] = "rare"
    fitted = TableClassifier(**FAST).fit(X, classes)
    assert "rare" in fitted.classes_
    assert fitted.model_.scores["validation"]["rows"] == len(X) - 1


@pytest.mark.parametrize("face", [TableClassifier, TableRegressor])
def test_the_score_is_that_of_the_member_that_left_the_rows_out(face):
    X, values, classes = table(200)
    X["day"] = np.arange(len(X))
    y = classes if face is TableClassifier else values
    model = face(**FAST, time="day").fit(X, y).model_
    last = replace(model, members=model.members[-1:])
    alone = last.evaluate(X[160:], Column.of(model.target.name, y[160:]))
    name = "log_loss" if face is TableClassifier else "rmse"
    assert alone[name] == pytest.approx(model.scores["validation"][name], rel=1e-4)
    assert alone[name] < 0.8 * alone[f"constant_{name}"]
    shares = [recipe["share"] for recipe in model.settings["recipes"]]
    assert sum(shares) + model.settings["constant_share"] == 1


def test_where_there_is_nothing_to_learn_the_constant_is_said():
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"a": rng.normal(size=100)})
    classes = np.array([f"class {n}" for n in np.r_[np.zeros(70), np.ones(30)].astype(int)])[
        rng.permutation(100)
    ]
    fitted = TableClassifier(progress=False, seed=1).fit(X, classes)
    assert fitted.model_.settings["constant_share"] > 0
    scores = fitted.model_.scores["validation"]
    assert scores["log_loss"] <= scores["constant_log_loss"]
    assert fitted.predict_proba(X).mean(axis=0) == pytest.approx([0.7, 0.3], abs=0.03)


def test_rows_without_an_error_claim_no_certainty():
    """Of N = 100 rows and d = .05, what is seen most often has 1 - d / (2 N): logits that differ by log(3999)."""
    p = np.eye(2)[[0, 1] * 50]
    blend = blended(output("softmax"), [10.0 * p], p)
    assert 10.0 * blend.shares[0] / blend.temperature == pytest.approx(np.log(3999), rel=0.05)


def test_the_temperature_divides_the_constant_as_it_does_what_is_said():
    blend = Blend(shares=(0.25, 0.5), temperature=2.0, constant=(4.0, -8.0), loss=0.0)
    assert blend.rest.tolist() == [0.5, -1.0]


def test_more_members_than_rows_and_than_parts():
    X, values, _ = table()
    with pytest.raises(
        OptionError, match="members is 121, each of which leaves out a row at least, and there are 120"
    ):
        TableRegressor(members=121).fit(X, values)
    X["g"] = np.arange(len(X)) % 3
    with pytest.warns(
        DataWarning, match="7 members were asked for, and rows that stay together leave parts for 3"
    ):
        fitted = TableRegressor(**FAST, members=7, group="g").fit(X, values)
    assert len(fitted.model_.members) == 3


def test_members_beyond_memory_are_refused(monkeypatch):
    X, values, _ = table()
    monkeypatch.setattr(memory, "WORTH_ASKING", 0)
    monkeypatch.setattr(memory, "available", lambda: 10**6)
    with pytest.raises(OutOfMemoryError, match=r"training 15 networks side by side .* take fewer members"):
        TableRegressor(**FAST).fit(X, values)


def test_by_time_the_score_is_that_of_the_last_stretch():
    X, values, _ = table()
    X["day"] = np.arange(len(X))
    fitted = TableRegressor(**FAST, time="day").fit(X, values)
    assert len(fitted.model_.members) == 5
    assert fitted.model_.scores["validation"]["rows"] == len(X) / 5
