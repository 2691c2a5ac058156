"""Search: the same from one seed however it was run, judged by rows not seen, and never worse by its own measure."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule import TableClassifier, TableRegressor, load, save, tune
from deltarule.errors import DivergenceError, InputError, OptionError, OutputError
from deltarule.estimators import members
from deltarule.estimators.blending import blended, chosen, gain
from deltarule.estimators.recipes import Recipe, of_small
from deltarule.estimators.search import FINALISTS, rungs_of_folds, rungs_of_shares
from deltarule.estimators.space import OF_LARGE, OF_SMALL, Between, drawn
from deltarule.maths.outputs import output
from deltarule.training.events import EpochEnded, Event

FAST: dict[str, Any] = {"epochs": 4, "progress": False, "tune": 7}


def table(N: int = 90, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return a table of two numbers and a text, values of it, and classes."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"a": rng.normal(size=N), "b": rng.uniform(size=N), "t": rng.choice(list("xyz"), N)})
    values = X["a"] + (X["t"] == "x") + 0.3 * rng.normal(size=N)
    return X, values.to_numpy(), np.where(values > 0.4, "high", "low")


def bits(fitted: Any) -> bytes:
    return b"".join(member.theta.tobytes() for member in fitted.model_.members)


def tried(fitted: Any) -> list[tuple[Any, ...]]:
    """Return the table of a search without its seconds."""
    return [tuple(str(row[name]) for name in row if name != "seconds") for row in fitted.search_.table]


# The space and the rungs ----------------------------------------------------------------------------------------


@given(st.integers(0, 10**6), st.integers(1, 500), st.sampled_from([OF_SMALL, OF_LARGE]))
def test_what_is_drawn_lies_in_the_space_and_goes_by_seed_and_number(seed, number, space):
    one = drawn(space, seed, number)
    assert one == drawn(space, seed, number)
    assert one.number == number
    for name, values in space.items():
        value = getattr(one, name)
        is_within = (
            values.low <= value <= values.high if isinstance(values, Between) else value in values.values
        )
        assert is_within
    others = {repr(drawn(space, seed, number + n)) for n in range(1, 5)} | {
        repr(drawn(space, seed + 1, number))
    }
    assert len(others) == 5
    assert repr(one) not in others


def test_rates_are_drawn_by_their_logarithm():
    rates = [drawn(OF_SMALL, 0, n).learning_rate for n in range(400)]
    middle = np.sqrt(1e-3 * 3e-2)
    assert np.mean([rate < middle for rate in rates]) == pytest.approx(0.5, abs=0.07)


@given(st.integers(0, 300), st.integers(2, 30))
def test_every_rung_has_a_third_of_the_recipes_on_three_times_the_folds(n, folds):
    rungs = rungs_of_folds(n, folds)
    left = n
    for r, rung in enumerate(rungs):
        assert rung.judges == range(3**r)
        assert rung.parts == range(3 ** (r - 1) if r else 0, 3**r)
        assert FINALISTS <= rung.keep < left
        assert rung.keep in (FINALISTS, -(-left // 3))
        left = rung.keep
    assert left == min(n, FINALISTS)
    assert all(3**r < folds for r in range(len(rungs)))
    assert [rung.keep for rung in rungs_of_shares(n, 2)] == [rung.keep for rung in rungs_of_folds(n, 5)]


# What is chosen -------------------------------------------------------------------------------------------------


@given(st.integers(0, 1000), st.sampled_from(["linear", "softmax", "poisson"]))
def test_the_default_stays_unless_others_are_better_by_more_than_chance(seed, name):
    rng = np.random.default_rng(seed)
    chosen_by, N = output(name), 60
    p = np.eye(3)[rng.integers(0, 3, N)]
    recipes = (*of_small(are_classes=True), *(drawn(OF_SMALL, seed, number) for number in (1, 2, 3, 4)))
    said = [rng.normal(size=(N, 3)) + rng.uniform(0, 2) * p for _ in recipes]
    w = rng.uniform(0.1, 1, size=N)
    best, usual = chosen(chosen_by, recipes, said, p, w)
    alone = blended(chosen_by, said[:3], p, w)
    assert usual.shares[:3] == alone.shares
    assert not any(usual.shares[3:])
    assert best.loss <= usual.loss
    used = [recipe for recipe, share in zip(recipes, best.shares, strict=True) if share]
    assert len({(len(recipe.hidden), recipe.activation) for recipe in used}) <= 1
    losses = [np.asarray(chosen_by.loss(each.of(said), p)) for each in (usual, best)]
    assert best == usual or gain(*losses, w) > 0


def test_only_networks_of_a_kind_are_mixed():
    true = np.arange(12.0)[:, None]
    usual, same, deep, tanh = (
        Recipe(False, 1e-3, 0.1, number=number, **more)
        for number, more in ((None, {}), (1, {}), (2, {"hidden": (64, 64, 64)}), (3, {"activation": "tanh"}))
    )
    said = true + 1, true - 1
    for other, loss in ((same, 0.0), (deep, 1.0), (tanh, 1.0)):
        best, alone = chosen(output("linear"), (usual, other), said, true)
        assert (best.loss, alone.loss) == (loss, 1.0)
    best, _ = chosen(output("linear"), (usual, deep, tanh), (true + 1, true, true - 1), true)
    assert best.shares == (0.0, 1.0, 0.0)


def test_a_gain_is_a_mean_less_its_standard_error():
    usual, other = np.array([3.0, 1.0, 2.0, 2.0]), np.array([1.0, 1.0, 1.0, 1.0])
    less = usual - other
    assert gain(usual, other) == pytest.approx(less.mean() - less.std(ddof=1) / 2)
    assert gain(usual, other, np.full(4, 7.0)) == pytest.approx(gain(usual, other))
    assert gain(usual[:1], other[:1]) == -np.inf


@pytest.mark.parametrize("more", [{"members": 1}, {"optimiser": "lbfgs"}], ids=["one network", "members"])
def test_what_is_better_is_found_and_holds_for_new_rows(more):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.uniform(-3, 3, 800), "b": rng.normal(size=800)})
    y = np.sin(2 * X["a"]) + 0.1 * X["b"]
    given_ = {"epochs": 6, "progress": False, **more}
    plain = TableRegressor(**given_).fit(X[:400], y[:400])
    found = TableRegressor(tune=6, **given_).fit(X[:400], y[:400])
    assert not found.search_.is_usual
    assert found.search_.loss < found.search_.usual_loss
    assert found.score(X[400:], y[400:]) > plain.score(X[400:], y[400:])
    assert sum(row["share"] for row in found.search_.settings) == 1


def test_what_goes_on_is_the_best_third(tmp_path):
    X, values, _ = table()
    path = tmp_path / "search.jsonl"
    fitted = TableRegressor(**{**FAST, "tune": 14}, tune_file=path).fit(X, values)
    lines = [json.loads(line) for line in path.read_bytes().splitlines()[1:]]
    first = {line["number"]: min(line["losses"]) for line in lines if line["part"] == 0}
    assert sorted(first) == list(range(1, 14))
    assert {line["number"] for line in lines if line["part"] > 0} == set(
        sorted(first, key=first.__getitem__)[:5]
    )
    parts = {row["number"]: row["parts"] for row in fitted.search_.table if row["number"]}
    assert sorted(parts.values()) == [1] * 8 + [3] + [5] * FINALISTS
    assert {
        number: row["loss"] for row in fitted.search_.table if parts.get(number := row["number"]) == 1
    } == {number: pytest.approx(loss) for number, loss in first.items() if parts[number] == 1}


def test_rows_judge_by_their_weights(tmp_path):
    X, values, _ = table()
    weights = np.where(np.arange(len(X)) % 2, 1.0, 1e-9)
    losses = []
    for noise in (0.0, 50.0):
        y = values + noise * (weights < 1)
        path = tmp_path / f"{noise:g}"
        TableRegressor(**FAST, tune_file=path, target_transform="none").fit(X, y, weights)
        losses.append([json.loads(line)["losses"][-1] for line in path.read_bytes().splitlines()[1:]])
    assert np.allclose(*losses, rtol=0.2)


# One search, however it is run ----------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{}, {"members": 1}], ids=["members", "one network"])
@pytest.mark.parametrize("face", [TableClassifier, TableRegressor])
def test_threads_listeners_and_files_change_no_bit(face, more, tmp_path):
    X, values, classes = table()
    y = classes if face is TableClassifier else values
    heard: list[Event] = []
    ways = {"n_threads": 1}, {"n_threads": 2}, {"listeners": [heard.append]}, {"tune_file": tmp_path / "s"}
    fits = [face(**FAST, **more, **way).fit(X, y) for way in ways]
    assert len({bits(fitted) for fitted in fits}) == 1
    assert all(tried(fitted) == tried(fits[0]) for fitted in fits)
    assert heard


def test_a_search_goes_on_where_it_ended(tmp_path):
    X, values, _ = table()
    path, given_ = tmp_path / "search.jsonl", {**FAST, "tune": 14}
    whole = TableRegressor(**given_, tune_file=path).fit(X, values)
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) == 1 + 13 + 2 * 5  # its head, all on one fold, and five on two more
    path.write_bytes(b"".join(lines[:17]) + lines[17][:30])
    again = TableRegressor(**given_, tune_file=path).fit(X, values)
    assert bits(again) == bits(whole)
    assert tried(again) == tried(whole)
    kept = [json.loads(line) | {"seconds": 0} for line in path.read_bytes().splitlines()]
    assert kept == [json.loads(line) | {"seconds": 0} for line in lines]
    more = TableRegressor(**{**FAST, "tune": 16}, tune_file=path).fit(X, values)
    new = path.read_bytes().splitlines()
    assert [json.loads(line)["number"] for line in new[len(lines) : len(lines) + 2]] == [14, 15]
    assert bits(more) == bits(TableRegressor(**{**FAST, "tune": 16}).fit(X, values))


def test_what_is_known_is_not_trained_again(tmp_path, monkeypatch):
    X, values, _ = table()
    path = tmp_path / "search.jsonl"
    TableRegressor(**FAST, tune_file=path).fit(X, values)
    before, trained = path.read_bytes(), list[int]()
    train = members.FoldTrainer.train

    def counted(self: Any, recipe: Recipe, *rest: Any) -> Any:
        trained.append(recipe.number or 0)
        return train(self, recipe, *rest)

    monkeypatch.setattr(members.FoldTrainer, "train", counted)
    TableRegressor(**FAST, tune_file=path).fit(X, values)
    assert len(trained) == 5 * (3 + FINALISTS)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: b"a,b\n1,2\n", "is not the file of a search"),
        (lambda text: b"no end of a line", "is not the file of a search"),
        (lambda text: text.replace(b'"losses": [', b'"losses": "', 1), "is damaged in line 2"),
        (lambda text: text.replace(b'"table": "', b'"table": "0', 1), "is a search of other rows"),
        (lambda text: text.replace(b'"held": "', b'"held": "0', 1), "is a search of other rows left out"),
        (
            lambda text: text.replace(b'"seed": 0', b'"seed": 3', 1),
            "is a search with other settings .seed was 3 and is 0",
        ),
    ],
)
def test_a_file_of_something_else_is_refused(spoil, message, tmp_path):
    X, values, _ = table()
    path = tmp_path / "search.jsonl"
    TableRegressor(**FAST, tune_file=path).fit(X, values)
    spoilt = spoil(path.read_bytes())
    path.write_bytes(spoilt)
    with pytest.raises(OptionError, match=f"search.jsonl {message}.*give another tune_file"):
        TableRegressor(**FAST, tune_file=path).fit(X, values)
    assert path.read_bytes() == spoilt


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"l2": 0.1}, "l2 was 0.0 and is 0.1"),
        ({"hidden": [8]}, r"hidden was None and is \[8\]"),
        ({"optimiser": "adam"}, "optimiser was 'adamw' and is 'adam'"),
        ({"members": 3}, "parts was 5 and is 3"),
        ({"weight": "b"}, "other rows"),
    ],
)
def test_a_file_of_other_settings_is_refused(change, message, tmp_path):
    X, values, _ = table()
    TableRegressor(**FAST, tune_file=tmp_path / "s").fit(X, values)
    with pytest.raises(OptionError, match=message):
        TableRegressor(**{**FAST, **change}, tune_file=tmp_path / "s").fit(X, values)


def test_files_that_cannot_be(tmp_path):
    X, values, _ = table()
    with pytest.raises(OutputError, match="there is no folder"):
        TableRegressor(**FAST, tune_file=tmp_path / "none" / "s").fit(X, values)
    with pytest.raises(InputError, match="cannot read"):
        TableRegressor(**FAST, tune_file=tmp_path).fit(X, values)


class Interrupt:
    """Sends Ctrl-C at the n-th epoch that it hears of."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __call__(self, event: Event) -> None:
        self.n -= isinstance(event, EpochEnded)
        if self.n == 0:
            self.n = -1
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("more", [{}, {"members": 1}], ids=["members", "one network"])
@pytest.mark.parametrize("n", [1, 6, 15])
def test_ctrl_c_ends_the_search_with_the_best_so_far(n, more, tmp_path):
    X, values, _ = table()
    path = tmp_path / "search.jsonl"
    fitted = TableRegressor(**FAST, **more, tune_file=path, listeners=[Interrupt(n)]).fit(X, values)
    assert fitted.run_.is_interrupted
    assert fitted.search_.is_interrupted
    assert "interrupted" in fitted.search_.text()
    assert np.isfinite(fitted.predict(X)).all()
    done = len(path.read_bytes().splitlines()) - 1
    assert done == 0 if n == 1 else 1 <= done <= 6
    again = TableRegressor(**FAST, **more, tune_file=path).fit(X, values)
    assert bits(again) == bits(TableRegressor(**FAST, **more).fit(X, values))


def test_what_diverges_is_told_and_left_out(monkeypatch):
    X, values, _ = table()
    train = members.FoldTrainer.train

    def diverges(self: Any, recipe: Recipe, fold: int, *rest: Any) -> Any:
        if (recipe.number in (1, 2) and fold == 0) or (recipe.number == 3 and fold == 4):
            raise DivergenceError("the loss is not finite.")
        return train(self, recipe, fold, *rest)

    monkeypatch.setattr(members.FoldTrainer, "train", diverges)
    fitted = TableRegressor(**{**FAST, "tune": 5}).fit(X, values)
    by_number = {row["number"]: row for row in fitted.search_.table}
    assert by_number[1]["loss"] is None
    assert "diverged" in fitted.search_.text(most=None)
    assert by_number[4]["parts"] == 5
    assert len(fitted.model_.members) == 5


# All that is learnt goes through it -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("face", "given_"),
    [
        (TableClassifier, {"class_weight": "balanced"}),
        (TableClassifier, {"label_smoothing": 0.1}),
        (TableClassifier, {"several": True}),
        (TableRegressor, {"loss": "quantile", "quantile": [0.1, 0.9]}),
        (TableRegressor, {"loss": "poisson"}),
        (TableRegressor, {"loss": "huber", "several": True}),
        (TableRegressor, {"weight": "b"}),
        (TableRegressor, {"group": "g"}),
        (TableRegressor, {"time": "b"}),
        (TableRegressor, {"optimiser": "lbfgs"}),
        (TableRegressor, {"optimiser": "momentum"}),
        (TableRegressor, {"validation": 0.3}),
        (TableRegressor, {"members": 2}),
        (TableRegressor, {"activation": ["tanh", "relu"], "dropout": [0.1, 0.2]}),
    ],
)
def test_every_loss_weight_and_split_goes_through_it(face, given_):
    X, values, classes = table()
    X["g"] = np.arange(len(X)) % 7
    y: Any = classes if face is TableClassifier else np.abs(values)
    given_ = dict(given_)
    if given_.pop("several", False):
        y = pd.DataFrame({"one": y, "two": np.roll(y, 1)})
    fitted = face(**{**FAST, "tune": 4}, **given_).fit(X, y)
    assert {row["number"] for row in fitted.search_.table} == {0, 1, 2, 3}
    assert fitted.search_.loss <= fitted.search_.usual_loss
    assert sum(row["share"] for row in fitted.search_.table) <= 1
    assert len(fitted.predict(X)) == len(X)


def test_a_large_table_is_searched_on_growing_shares_of_its_rows(monkeypatch):
    for module in ("recipes", "search", "single", "learner", "members"):
        monkeypatch.setattr(f"deltarule.estimators.{module}.LARGE", 1000, raising=False)
    monkeypatch.setattr("deltarule.estimators.single.FEWEST_SHARED", 50)
    X, values, _ = table(1200)
    fitted = TableRegressor(**{**FAST, "tune": 16}, hidden=[4]).fit(X, values)
    assert len(fitted.model_.members) == 1
    parts = [row["parts"] for row in fitted.search_.table]
    assert parts == [3] * 5 + [2] * 1 + [1] * 10
    assert sum(row["share"] for row in fitted.search_.table) == 1


# What is asked for ------------------------------------------------------------------------------------------------


def test_one_setting_is_the_default():
    X, values, _ = table()
    plain = TableRegressor(epochs=4, progress=False).fit(X, values)
    alone = tune(TableRegressor(epochs=4, progress=False), X, values, n=1)
    assert bits(alone) == bits(plain)
    assert plain.search_ is None
    assert alone.search_.is_usual
    assert "there is nothing to choose" in alone.search_.text()


def test_what_is_told_stays_as_it_is():
    X, values, _ = table()
    told: dict[str, Any] = {"learning_rate": 0.02, "hidden": [5], "activation": "silu"}
    fitted = TableRegressor(**FAST, **told).fit(X, values)
    assert {row["learning_rate"] for row in fitted.search_.table} == {0.02}
    assert {row["activation"] for row in fitted.search_.table} == {"silu"}
    assert {tuple(row["hidden"]) for row in fitted.search_.table} == {(5,)}
    assert len({row["weight_decay"] for row in fitted.search_.table}) > 3


ALL: dict[str, Any] = {
    "hidden": [4], "activation": "relu", "dropout": 0.0, "learning_rate": 0.01, "weight_decay": 0.1, "epochs": 4,
    "batch_size": 16,
}  # fmt: skip


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"tune": 0}, "tune is 0; it must be a whole number from 1 on"),
        ({"tune": -3}, "tune is -3; it must be a whole number from 1 on"),
        ({"tune": 2.5}, "tune is 2.5; it must be a whole number from 1 on"),
        ({"tune": "many"}, "tune is 'many'"),
        (ALL, "tune has nothing to search, for hidden, activation, .* are given; leave out one of them"),
        ({"only": "W[1]"}, "networks of other sizes, which only cannot have"),
        ({"warm_start": True}, "networks of other sizes, which warm_start cannot have"),
        ({"validation": 0}, "tune judges by rows held out, and there are none"),
        ({"members": 1, "group": "same"}, "tune judges by rows held out|one group"),
        (
            {"tune": None, "tune_file": "s"},
            "tune_file is 's' and nothing is searched; tune must be given, too",
        ),
        ({"tune_file": 3}, "tune_file is 3; it must be the path of a file"),
    ],
)
def test_what_cannot_be_searched_is_said(given_, message):
    X, values, _ = table()
    X["same"] = 1
    with pytest.raises(OptionError, match=message):
        TableRegressor(**{**FAST, **given_}).fit(X, values)


def test_few_rows_and_other_things_are_refused():
    X, values, _ = table(19)
    with pytest.raises(OptionError, match="tune chooses by rows that are left out, and 19 rows are too few"):
        TableRegressor(**FAST).fit(X, values)
    with pytest.raises(
        OptionError, match="tune takes a TableClassifier or a TableRegressor, and this is 'x'"
    ):
        tune("x", X, values)  # type: ignore[type-var]
    for n in (None, 0, 1.5, "3"):
        with pytest.raises(OptionError, match=f"^n is {n!r}; it must be a whole number from 1 on.$"):
            tune(TableRegressor(), X, values, n=n)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="partial_fit learns on and searches nothing"):
        TableRegressor(**FAST).partial_fit(X, values)


def test_tune_leaves_its_estimator_and_a_file_keeps_the_table(tmp_path: Path):
    X, _, classes = table()
    plain = TableClassifier(epochs=4, progress=False)
    found = tune(plain, X, classes, n=3, file=tmp_path / "s.jsonl", sample_weight=np.ones(len(X)))
    assert not hasattr(plain, "model_")
    assert plain.tune is None
    save(found, tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.search_ == found.search_
    assert again.tune_file == str(tmp_path / "s.jsonl")
    assert pd.DataFrame(again.search_.table).shape[0] == 5
