"""Time as a setting: repeats and budgets, and the settings that have the same model again."""

from __future__ import annotations

import math
import re
import signal
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deltarule import TableClassifier, TableRegressor
from deltarule.cli import main
from deltarule.errors import OptionError
from deltarule.estimators import budget as budgets
from deltarule.estimators import members as trained
from deltarule.estimators.budget import MOST_REPEATS, Clock
from deltarule.estimators.members import Trained

FAST: dict[str, Any] = {"epochs": 4, "progress": False}


def table(N: int = 120) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=N), "b": rng.uniform(size=N), "t": rng.choice(list("xyz"), N)})
    return X, np.where(X["a"] + (X["t"] == "x") + 0.3 * rng.normal(size=N) > 0.4, "high", "low")


@pytest.fixture
def pace(monkeypatch):
    """Let an update take a millisecond, and the clock stand still at so many seconds spent."""

    def set_(spent: float = 0.0) -> None:
        monkeypatch.setattr(budgets, "_timer", lambda *_: lambda _: 1e-3)
        monkeypatch.setattr(Clock, "spent", property(lambda self: spent))

    return set_


def thetas(model: Any) -> list[bytes]:
    return [member.theta.tobytes() for member in model.model_.members]


def test_each_repeat_shares_the_rows_out_anew_and_adds_members():
    X, y = table()
    once, twice, other = (
        TableClassifier(**FAST, seed=3, repeats=repeats, n_threads=threads).fit(X, y)
        for repeats, threads in ((1, 1), (2, 1), (2, 2))
    )
    assert [len(model.model_.members) for model in (once, twice)] == [5, 10]
    assert thetas(twice) == thetas(other)
    settings = twice.model_.settings
    assert (settings["members"], settings["repeats"]) == (5, 2)
    assert all(len(recipe["best_epochs"]) == 2 for recipe in settings["recipes"])
    assert len(set(thetas(twice))) == 10
    said = [twice.model_.scores["validation"][name] for name in ("rows", "log_loss")]
    assert said[0] == once.model_.scores["validation"]["rows"] == 120
    assert twice.run_.history.loss == once.run_.history.loss
    plain = twice._settings()
    rows, _ = twice._prepared(X, y, None, plain)
    folds, again = ([part.held for part in twice._folds(rows, None, plain, repeat)[0]] for repeat in (0, 1))
    assert not any(np.array_equal(a, b) for a, b in zip(folds, again, strict=True))
    by_time = TableClassifier(**FAST, repeats=2, time="a").fit(
        X, y
    )  # the same folds, but not the same weights
    assert len(set(thetas(by_time))) == 10


def test_what_repeats_say_of_rows_is_their_mean():
    once = Trained(
        (), (), ((3,),), (np.array([[1.0], [np.nan]]),), is_interrupted=False, seconds=1.0, longest=1.0
    )
    more = replace(once, said=(np.array([[4.0], [np.nan]]),), seconds=2.0, longest=2.0, epochs=((5,),))
    found = once.with_more(once).with_more(more)
    np.testing.assert_array_equal(found.said[0], [[2.0], [np.nan]])
    assert (found.repeats, found.epochs, found.seconds, found.longest) == (3, ((3,), (3,), (5,)), 4.0, 2.0)


@pytest.mark.parametrize("face", [TableClassifier, TableRegressor])
def test_what_a_budget_came_to_can_be_had_again(face, pace):
    X, y = table()
    y = y if face is TableClassifier else (X["a"] + X["b"] ** 2).to_numpy()
    pace(0.0)
    fitted = face(**FAST, budget=1e6).fit(X, y)
    spent = fitted.model_.settings["budget"]
    assert spent["again"] == {"members": 5, "repeats": MOST_REPEATS}
    assert (spent["seconds"], spent["spent"], len(spent["losses"])) == (1e6, 0.0, MOST_REPEATS)
    assert spent["losses"][-1] < spent["losses"][0]
    assert thetas(face(**FAST, **spent["again"]).fit(X, y)) == thetas(fitted)
    short = face(progress=False).fit(X, y, budget=0.02)
    again = short.model_.settings["budget"]["again"]
    assert again == {"members": 1, "epochs": 2}  # eight updates of 16 rows each, at .8 of 20 milliseconds
    assert thetas(face(progress=False, **again).fit(X, y)) == thetas(short)


@pytest.mark.parametrize(
    "told", [{"validation": 0.2}, {"warm_start": True}, {"only": ["W[1]", "W[3]"]}], ids=str
)
def test_of_one_network_a_budget_decides_the_epochs(pace, told):
    X, y = table()
    pace(0.0)
    fitted = TableClassifier(progress=False, budget=0.05, **told).fit(X, y)
    again = fitted.model_.settings["budget"]["again"]
    assert again == {"members": 1, "epochs": 5}  # of eight updates each, at .8 of 50 milliseconds
    assert thetas(TableClassifier(progress=False, **told, **again).fit(X, y)) == thetas(fitted)


@pytest.mark.parametrize(("seconds", "members"), [(1e-9, 1), (12.0, 3), (100.0, 5)])
def test_the_less_time_there_is_the_fewer_members(pace, monkeypatch, seconds, members):
    X, y = table()
    pace(0.0)
    monkeypatch.setattr(trained, "MOST_REPEATS", 1)
    fitted = TableClassifier(progress=False, n_threads=1, hidden=2).fit(X, y, budget=seconds)
    assert len(fitted.model_.members) == members
    assert np.isfinite(fitted.predict_proba(X)).all()
    if members == 1:
        assert fitted.model_.settings["budget"]["again"] == {"members": 1, "epochs": 1}
        told = TableClassifier(progress=False, early_stopping=1)  # of rows that members leave out
        assert len(told.fit(X, y, budget=seconds).model_.members) == 3


def test_a_time_that_is_over_has_no_repeats(pace):
    X, y = table()
    pace(5.0)
    fitted = TableClassifier(**FAST, members=4, budget=5.0).fit(X, y)
    assert fitted.model_.settings["budget"]["again"] == {"members": 4, "repeats": 1}
    assert Clock().left == math.inf


def test_ctrl_c_keeps_the_repeats_that_are_done():
    X, y = table()
    whole = TableClassifier(**FAST, seed=1, n_threads=1).fit(X, y)
    ended = 0

    def ctrl_c(event: Any) -> None:
        nonlocal ended
        ended += type(event).__name__ == "Stopped"
        if ended == 20:
            signal.raise_signal(signal.SIGINT)

    fitted = TableClassifier(**FAST, seed=1, repeats=3, listeners=[ctrl_c]).fit(X, y)
    assert fitted.run_.is_interrupted
    assert fitted.model_.settings["repeats"] == 1
    assert thetas(fitted) == thetas(whole)


@pytest.mark.parametrize("wrong", [0, -1, math.nan, math.inf, "10s", True])
def test_a_budget_is_a_time_above_0(wrong):
    X, y = table()
    with pytest.raises(
        OptionError, match=r"budget is .*; it must be a finite number above 0, or None for the time"
    ):
        TableClassifier(budget=wrong).fit(X, y)
    with pytest.raises(OptionError, match="budget is "):
        TableClassifier().fit(X, y, budget=wrong)


def test_repeats_that_cannot_be_are_refused():
    X, y = table()
    for told in ({"members": 1}, {"validation": 0.2}, {"warm_start": True}, {"only": "W[1]"}):
        with pytest.raises(
            OptionError, match="repeats is 2, and one network learns, of which there are no repeats"
        ):
            TableClassifier(repeats=2, **told).fit(X, y)
    with pytest.raises(OptionError, match="with a budget there are as many repeats as it has time for"):
        TableClassifier(repeats=2, budget=3).fit(X, y)
    for told, name in (({"repeats": 2}, "repeats"), ({"budget": 3}, "a budget")):
        with pytest.raises(
            OptionError, match=f"tune and {name} are two uses of the same time; leave out one"
        ):
            TableClassifier(tune=5, **told).fit(X, y)


def test_the_shell_says_what_a_budget_came_to(tmp_path, capsys, pace):
    X, y = table()
    X.assign(y=y).to_csv(tmp_path / "t.csv", index=False)
    pace(0.25)
    told = [
        "fit",
        str(tmp_path / "t.csv"),
        "--target",
        "y",
        "--epochs",
        "4",
        "--test",
        "0",
        "-o",
        str(tmp_path / "m"),
    ]
    assert main([*told, "--budget", "2 min"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    losses = ", ".join([r"0\.\d+"] * MOST_REPEATS)
    again = f"the same model again: --members 5 --repeats {MOST_REPEATS}"
    assert re.search(
        f"Budget 0.2 of 120 s spent; the loss of rows left out, repeat by repeat: {losses}; {again}", said
    )
    for wrong in ("0", "-3", "soon", "2 parsecs", ""):
        assert main([*told, "--force", "--budget", wrong]) == 2
        error = capsys.readouterr().err
        assert f"--budget is {wrong!r}; it must be a time above 0, such as 10s, 2min or 1h." in error
