"""explain, check, pullers and suspects of estimators: names of columns, units of targets, training's next step."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.compose import make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from deltarule import (
    MLPClassifier,
    MLPRegressor,
    Network,
    TableClassifier,
    TableRegressor,
    check,
    explain,
    load,
    pullers,
    save,
    suspects,
    train,
)
from deltarule.chain.explained import Explained, Training
from deltarule.cli import main
from deltarule.engines import Problem
from deltarule.engines.reference import ReferenceEngine
from deltarule.errors import DataError, DataWarning, OptionError, ShapeError
from deltarule.maths.optimisers import LBFGS, OPTIMISERS
from deltarule.maths.penalties import Penalty
from deltarule.network import Network as Net
from deltarule.tables.explained import training_of

NAMES = ["w[1,1,2]", "w[1,3,1]", "b[1,2]", "w[2,1,3]", "b[2,1]"]


class Owner:
    """Something of one's own that can be explained."""

    def __init__(self, seen: Explained) -> None:
        self.seen = seen

    def explained(self, X: Any, y: Any, weights: Any = None, *, table: Any = None) -> Explained:
        return replace(self.seen, X=X, y=y, weights=weights)


def next_step(net: Net, training: Training, X: Any, p: Any, w: Any = None) -> Any:
    """Return theta after the reference engine's next update on all the rows."""
    moved = net.copy()
    n_p = moved.targets(p)
    problem = Problem(
        net=moved,
        X=np.asarray(X, moved.dtype),
        p=n_p,
        w=np.ones(len(n_p), moved.dtype) if w is None else np.asarray(w, moved.dtype),
        batch_size=len(n_p),
        epochs=1,
        optimiser=training.optimiser,
        schedule=lambda epoch, epochs: (training.rate or training.optimiser.lr) / training.optimiser.lr,
        selection=moved.layout.select(training.learns),
        penalty=training.penalty,
        clip_norm=training.clip_norm,
        clip_value=training.clip_value,
        rates=training.rates,
    )
    engine = ReferenceEngine(problem)
    if training.state is not None:
        mask = slice(None) if training.learns is None else training.learns
        state = {
            name: each if np.ndim(each) == 0 else each[mask].astype(moved.dtype)
            for name, each in training.state.items()
        }
        engine.state = state
    engine.epoch(np.arange(len(n_p)), np.zeros(1, bool))
    return moved.theta


WAYS = {
    "plain": {},
    "penalty": {"penalty": Penalty(l1=0.02, l2=0.3)},
    "shared penalty": {"penalty": Penalty(l2=0.3, is_shared=True)},
    "clipped": {"penalty": Penalty(l2=0.3), "clip_norm": 0.05, "clip_value": 0.04},
    "at other rates": {"penalty": Penalty(l2=0.3), "clip_norm": 0.05, "rates": np.arange(1.0, 20.0)},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [name for name, kind in OPTIMISERS.items() if kind is not LBFGS])
def test_the_update_is_the_engine_s_next(name: str, way: str):
    rng = np.random.default_rng(0)
    X, y, w = rng.normal(size=(20, 2)), rng.integers(0, 2, 20), rng.uniform(0.5, 2.0, 20)
    net = Network([2, 3, 2], "tanh", dtype="float64", seed=1, scale=True)
    run = train(
        net,
        X,
        y,
        optimiser=name,
        epochs=3,
        batch_size=7,
        weight_decay=0.2,
        engine="reference",
        progress=False,
    )
    assert run.state is not None
    chosen = replace(OPTIMISERS[name](), weight_decay=0.2)
    training = Training(chosen, run.state, rate=0.5 * chosen.lr, **WAYS[way])
    after = next_step(net, training, X, y, w)
    for parameter in [*NAMES, "s[2]"]:
        seen = explain(Owner(Explained(net, None, None, training=training)), parameter, X, y, w).update
        n = net.layout.find(parameter)
        assert seen.w == net.theta[n]
        assert seen.new_w == pytest.approx(after[n], rel=1e-12, abs=1e-15)
        assert seen.step == pytest.approx(seen.new_w - seen.w, abs=1e-15)
        assert f"its state after {run.state['t']} updates" in seen.assumes
        assert "weight decay 0.2" in seen.assumes
        if way == "plain":
            told = explain(net, parameter, X, y, w, optimiser=chosen, state=run.state).update
            usual = net.layout.factors(net.layout.rates())
            of_its_own = next_step(net, replace(training, rate=None, rates=usual), X, y, w)[n]
            assert told.new_w == pytest.approx(of_its_own, rel=1e-12, abs=1e-15)


def test_what_does_not_learn_does_not_move():
    net = Network([2, 3, 2], seed=1)
    learns = np.zeros(net.layout.size, bool)
    learns[net.layout.find("w[1,1,2]")] = True
    owner = Owner(Explained(net, None, None, training=Training(OPTIMISERS["adam"](), learns=learns)))
    X, y = np.eye(2), [0, 1]
    assert explain(owner, "w[1,1,2]", X, y).update.step != 0
    kept = explain(owner, "w[1,2,2]", X, y).update
    assert (kept.step, kept.assumes) == (0, "this parameter was kept as it is in training")


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    ages, sexes = rng.integers(18, 80, 90).astype(float), rng.choice(["male", "female"], 90)
    kind = np.where(ages + 20 * (sexes == "male") + rng.normal(0, 12, 90) > 60, "old", "young")
    price = 10 * ages + 100 * (sexes == "male") + rng.normal(0, 30, 90) + 500
    table = pd.DataFrame({"age": ages, "sex": sexes, "kind": kind, "price": price})
    table.loc[[3, 70], ["kind", "price"]] = None
    return table


def fitted(is_class: bool, **settings: Any) -> Any:
    table, kind = frame(), TableClassifier if is_class else TableRegressor
    y = "kind" if is_class else "price"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return kind(**{"epochs": 4, "hidden": 5, "members": 1, **settings}).fit(
            table.drop(columns="price" if is_class else "kind"), y
        )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimiser": "nadam", "schedule": "constant", "l1": 0.01, "l2": 0.1, "learning_rate": 0.01},
        {"optimiser": "momentum", "schedule": "cosine", "clip_norm": 0.1, "weight_decay": 0.3},
        {"optimiser": "rprop", "schedule": "exponential"},
    ],
    ids=lambda settings: settings.get("optimiser", "usual"),
)
@pytest.mark.parametrize("is_class", [True, False])
def test_a_table_estimator_s_update_is_training_s(is_class: bool, settings: Any):
    model, table = fitted(is_class, **settings), frame().dropna().reset_index(drop=True)
    y = "kind" if is_class else "price"
    training = training_of(model.model_)
    assert training is not None
    assert training.state is model.run_.state
    net = model.net_.astype("float64")
    X, p = model.model_.arrays(table)
    after = next_step(net, training, X, p)
    for parameter in NAMES:
        chain = explain(model, parameter, table, y)
        n = net.layout.find(parameter)
        assert chain.passed
        assert chain.update.new_w == pytest.approx(after[n], rel=1e-10, abs=1e-12)
        assert f"its state after {model.run_.state['t']} updates" in chain.update.assumes
    last = model.run_.history.learning_rate[-1]
    if settings.get("schedule", "one_cycle") in ("constant", "exponential"):
        assert chain.update.learning_rate == last
    else:
        assert "before its schedule, " in chain.update.assumes
        assert f"which has taken it to {last:.3g}" in chain.update.assumes
    assert explain(model, "b[1,1]", table, y, learning_rate=0.25).update.learning_rate == 0.25
    assert explain(model, "b[1,1]", table, y, optimiser="adam").update.assumes.endswith("its first state")


def test_what_an_update_is_made_without_is_said():
    table = frame().dropna().reset_index(drop=True)
    model = fitted(True, dropout=0.2, label_smoothing=0.1, only=["W[2]", "b[2]"])
    said = explain(model, "w[2,1,1]", table, "kind").update.assumes
    assert said.endswith(" updates, without training's dropout 0.2, label smoothing 0.1")
    kept = explain(model, "w[1,1,1]", table, "kind").update
    assert (kept.step, kept.assumes) == (0.0, "this parameter was kept as it is in training")
    of_all, learns = training_of(model.model_), model.net_.layout.select(["W[2]", "b[2]"]).index
    assert of_all is not None
    assert of_all.state is not None
    assert (of_all.state["m"][learns] == model.run_.state["m"]).all()
    assert np.count_nonzero(of_all.state["m"]) == np.count_nonzero(model.run_.state["m"]) > 0


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"solver": "sgd", "momentum": 0.5, "class_weight": {"old": 3.0, "young": 1.0}},
        {"solver": "sgd", "nesterovs_momentum": False, "learning_rate": "invscaling", "clip_norm": 0.05},
        {"clip_value": 0.01, "class_weight": "balanced", "alpha": 2.0},
        {"trainable": ["W[1]", "b[2]"]},
    ],
    ids=range(5),
)
def test_an_mlp_s_update_is_that_of_partial_fit(settings: Any):
    table = frame().dropna()
    X, y = (
        pd.DataFrame(StandardScaler().fit_transform(table[["age", "price"]]), columns=["age", "price"]),
        table["kind"],
    )
    model = MLPClassifier(hidden_layer_sizes=4, max_iter=3, random_state=0, batch_size=len(X), **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    shown = {name: explain(model, name, X, y) for name in ["w[1,2,1]", "b[1,3]", "w[2,1,4]", "b[2,1]"]}
    if settings.get("class_weight") == "balanced":
        of = dict(zip(*np.unique(y, return_counts=True), strict=True))
        model.set_params(class_weight={name: len(y) / (2 * n) for name, n in of.items()})
    model.partial_fit(X, y)
    after = model.net_
    for name, chain in shown.items():
        assert chain.update.new_w == pytest.approx(after.theta[after.layout.find(name)], rel=1e-9, abs=1e-14)
    assert shown["w[1,2,1]"].where == "to unit 2 of layer 1, from age"
    assert shown["b[2,1]"].where == "the bias of output kind=young"


def test_the_example_is_told_in_its_own_units():
    table = frame()
    model = fitted(False)
    chain = explain(model, "w[1,2,1]", table.iloc[[1]], "price")
    target = model.model_.target
    true, said = table["price"][1], model.predict(table.iloc[[1]])[0]
    p, q = ((each / target.unit - target.center) / target.spread for each in (true, said))
    assert chain.target == (
        f"price = {true:,.6g} (standardised {p:.4g}), predicted {said:,.6g} (standardised {q:.4g}), "
        f"off by {said - true:,.6g}"
    )
    age, sex = table["age"][1], table["sex"][1]
    assert chain.cells[0].startswith(f"age = {age:.0f} (scaled ")
    assert f"sex={sex} 1" in chain.cells
    record = json.loads(chain.json())
    assert (record["inputs"], record["target"]) == (chain.cells, chain.target)
    for shown in (chain.text(width=1000), chain.html()):
        assert chain.target in shown
        assert chain.cells[0] in shown
    assert f"age = {age:.0f} (scaled" in chain.latex()
    assert "By adamw, rate 0.003 (before its schedule, OneCycle" in chain.text(width=1000)

    classes = fitted(True)
    chain = explain(classes, "w[1,2,1]", table.iloc[[1]], table["kind"][1])
    assert chain.target == f"kind = {table['kind'][1]}, predicted {classes.predict(table.iloc[[1]])[0]}"
    assert explain(classes, "w[1,2,1]", table.iloc[[1, 2]], "kind").target == ""


def test_a_name_with_a_backtick_begins_no_mathematics():
    table = frame().rename(columns={"age": "a`ge"})
    with pytest.warns(DataWarning):
        model = TableRegressor(epochs=1, hidden=3).fit(table.drop(columns="kind"), "price")
    assert "a'ge = " in explain(model, "b[1,1]", table.iloc[[1]], "price").text()


@pytest.mark.parametrize(
    "as_frame",
    [lambda table: table, pl.from_pandas, lambda table: table.to_dict("list")],
    ids=["pandas", "polars", "dict"],
)
@pytest.mark.parametrize("is_class", [True, False])
def test_rows_are_those_of_the_table_given(is_class: bool, as_frame: Any):
    model, table, y = fitted(is_class), frame(), "kind" if is_class else "price"
    given = as_frame(table)
    with pytest.warns(DataWarning, match="no target in 2 of 90 rows"):
        ranked = suspects(model, given, y)
    assert ranked.rows is not None
    assert ranked.rows.tolist() == [n for n in range(90) if n not in (3, 70)]
    first = ranked.record(1)[0]
    row = table.iloc[first["row"] - 1]
    assert first["target"] == (row[y] if is_class else pytest.approx(row[y]))
    assert first["predicted"] == pytest.approx(model.predict(table.iloc[[first["row"] - 1]])[0]) or is_class
    with pytest.warns(DataWarning, match="no target in 2 of 90 rows"):
        answer = pullers(model, "w[1,2,1]", given, y, by="sex")
    assert {group.name: group.examples for group in answer.groups} == table.dropna()[
        "sex"
    ].value_counts().to_dict()
    X, p = model.model_.arrays(table.dropna())
    plain = pullers(model.net_, "w[1,2,1]", X, p)
    assert answer.contributions.tobytes() == plain.contributions.tobytes()
    assert answer.record()["down"][0]["row"] == int(ranked.rows[answer.down[0]]) + 1
    with pytest.warns(DataWarning, match="no target in 2 of 90 rows"):
        certificate = check(model, given, y)
    assert certificate.passed
    clean = table.dropna()
    assert check(model, clean[["sex", "age"]], clean[y]).passed
    assert check(model.model_, clean, y).passed


def test_a_pipeline_answers_in_the_names_of_its_columns(tmp_path: Path):
    table = frame().dropna()
    X, y = table[["age", "sex", "price"]], table["kind"]
    steps = make_column_transformer(
        (StandardScaler(), ["age", "price"]), (OneHotEncoder(), ["sex"]), verbose_feature_names_out=False
    )
    model = make_pipeline(steps, MLPClassifier(hidden_layer_sizes=4, tol=0.1, random_state=0)).fit(X, y)
    chain = explain(model, "w[1,2,1]", X.iloc[[0]], y.iloc[[0]])
    assert chain.where == "to unit 2 of layer 1, from age"
    assert chain.target == f"kind = {y.iloc[0]}, predicted {model.predict(X.iloc[[0]])[0]}"
    assert [group.name for group in pullers(model, "b[1,1]", X, y, by="sex").groups] in (
        ["female", "male"],
        ["male", "female"],
    )
    ranked = suspects(model, X, y)
    assert ranked.predicted is not None
    assert ranked.predicted.tolist() == model.predict(X).tolist()
    assert check(model, X, y).passed
    alone = make_pipeline(model[-1])
    assert explain(alone, "w[1,2,1]", steps.transform(X), y).where.endswith("from x1")
    unnamed = make_pipeline(StandardScaler(), model[-1])
    unnamed[0].fit(steps.transform(X))
    assert explain(unnamed, "w[1,2,1]", steps.transform(X), y).where.endswith("from x1")


def test_labels_and_shapes_of_mlp_estimators():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    several = (X[:, :2] > 0).astype(int)
    model = MLPClassifier(hidden_layer_sizes=4, tol=0.1, random_state=0).fit(X, several)
    ranked = suspects(model, X, several)
    assert ranked.predicted is not None
    assert ranked.predicted.tolist() == model.predict(X).tolist()
    assert explain(model, "w[2,2,1]", X, several).where == "to output label 1, from unit 1 of layer 1"
    numbers = MLPRegressor(hidden_layer_sizes=4, tol=0.1, random_state=0).fit(X, X[:, 0])
    assert explain(numbers, "w[1,2,3]", X[0], X[0, 0]).passed
    assert check(numbers, X, X[:, 0]).passed
    yes = MLPClassifier(hidden_layer_sizes=4, solver="lbfgs", random_state=0).fit(
        X, np.where(X[:, 0] > 0, "yes", "no")
    )
    chain = explain(yes, "w[1,2,3]", X[0], "yes")
    assert chain.update.assumes.startswith(
        "gradient descent, rate 0.1 (lbfgs, which trained it, makes no step"
    )
    with pytest.raises(DataError, match="y has 'maybe', a class that was not in training; known: no, yes"):
        explain(yes, "w[1,2,3]", X[0], "maybe")
    with pytest.raises(ShapeError, match="X has 40 rows and y has 2; they must be the same rows"):
        check(yes, X, ["yes", "no"])
    with pytest.raises(OptionError, match="by='sex' names a column, and X is no table"):
        pullers(yes, "b[1,1]", X, ["yes"] * 40, by="sex")
    with pytest.raises(OptionError, match="by='sex' names a column, and there are none here"):
        pullers(yes.net_, "b[1,1]", X, [0] * 40, by="sex")
    with pytest.raises(OptionError, match="list has no network to look into; give a Network"):
        explain([1], "b[1,1]", X, X)
    with pytest.raises(ShapeError, match=r"state has m of shape \(2,\); expected \(21,\), an entry for"):
        explain(
            yes, "b[1,1]", X[0], "yes", optimiser="adam", state={"t": 1, "m": np.zeros(2), "v": np.zeros(2)}
        )


@pytest.mark.parametrize(
    ("settings", "scale"),
    [({"target_transform": "log"}, "its logarithm, standardised"), ({"loss": "poisson"}, "over the mean")],
)
def test_units_of_a_target_that_is_learnt_otherwise(settings: Any, scale: str):
    table = frame().drop(columns="kind").dropna()
    model = TableRegressor(epochs=2, hidden=3, **settings).fit(table, "price")
    chain = explain(model, "w[1,2,1]", table.iloc[[1]], "price")
    assert f" ({scale} " in chain.target


def test_wrong_tables_get_one_sentence():
    model, table = fitted(True), frame().dropna()
    with pytest.raises(DataError, match="there is no target column 'knd' in the table; did you mean 'kind'"):
        check(model, table, "knd")
    with pytest.raises(DataError, match="'age'"):
        check(model, table[["sex", "kind"]], "kind")
    with pytest.raises(ShapeError, match="X has 88 rows and y has 2"):
        suspects(model, table, ["old", "young"])
    with pytest.raises(DataError, match="there is no target column 'kind' in the table"):
        suspects(model, table[["sex", "age"]], None)
    with pytest.raises(DataError, match="there is no column 'sx'"):
        pullers(model, "b[1,1]", table, "kind", by="sx")


def with_lines(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows as they are told of a file whose first line is its header."""
    return [{**each, "line": each["row"] + 1} for each in rows]


def test_a_loaded_model_explains_the_same_and_so_does_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    table = frame().dropna().reset_index(drop=True)
    model = fitted(True)
    chain = explain(model, "w[1,2,1]", table.iloc[[4]], "kind")
    save(model, "m.deltarule")
    table.to_csv("table.csv", index=False)
    assert explain(load("m.deltarule"), "w[1,2,1]", table.iloc[[4]], "kind").json() == chain.json()
    words = ["m.deltarule", "table.csv"]
    assert main(["explain", *words, "--row", "5", "--parameter", "w[1,2,1]", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(chain.json())
    assert main(["suspects", *words, "--top", "3", "--json"]) == 0
    ranked = suspects(model, table, "kind").record(3)
    assert json.loads(capsys.readouterr().out)["suspects"] == with_lines(ranked)
    assert main(["explain", *words, "--by", "sex", "--parameter", "w[1,2,1]", "--json"]) == 0
    answer = pullers(model, "w[1,2,1]", table, "kind", by="sex").record()
    answer |= {name: with_lines(answer[name]) for name in ("up", "down")}
    assert json.loads(capsys.readouterr().out) == answer
    assert main(["check", *words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(check(model, table, "kind").record()))
