"""Losses, weights and several targets from the shell: what is typed, what is printed, and what does not fit."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import deltarule
from deltarule.cli import main

N = 300


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command line in a folder with a table of days of a shop, and return its code, output and messages."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    shop().write_csv("shop.csv")

    def run(words: str) -> tuple[int, str, str]:
        code = main(words.split())
        return code, *capsys.readouterr()

    return run


def shop() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    warm, day = rng.normal(size=N), rng.choice(["mon", "sat", "sun"], N)
    mean = 0.5 * warm + (day == "sat")
    return pl.DataFrame({
        "warm": warm, "day": day, "calls": rng.poisson(np.exp(mean)), "sales": mean + 0.3 * rng.normal(size=N),
        "rain": np.where(rng.random(N) < 0.1 + 0.3 * (warm < -1), "yes", "no"), "late": mean + rng.normal(size=N) > 0.5,
        "hours": rng.integers(1, 9, N), "note": ["x"] * N,
    })  # fmt: skip


ONLY = "--keep warm --keep day --epochs 30 --force -o m"


def rows(out: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(out)))


@pytest.mark.parametrize(
    "typed", ["--quantile 0.1 0.5 0.9", "--quantile 0.1,0.5,0.9", "--quantile .9 --quantile .5 --quantile .1"]
)
def test_quantiles_however_they_are_typed(told: Any, typed: str):
    code, out, err = told(f"fit shop.csv -t sales {ONLY} {typed}")
    assert (code, err) == (0, "")
    assert "loss quantile 0.1, 0.5, 0.9" in out
    assert "share below q0.9" in out
    assert "constant: the quantiles of training" in out
    code, out, err = told("predict m shop.csv --id day")
    assert (code, err) == (0, "")
    assert rows(out)[0] == ["day", "sales q0.1", "sales q0.5", "sales q0.9"]
    values = np.array([row[1:] for row in rows(out)[1:]], float)
    np.testing.assert_allclose(values, deltarule.load("m").predict(shop()), atol=1e-5)
    assert (np.diff(values, axis=1) >= 0).all()


def test_intervals(told: Any):
    code, out, err = told(f"fit shop.csv -t sales {ONLY}")
    assert (code, err) == (0, "")
    assert "share in 90% interval" in out
    code, out, err = told("predict m shop.csv --interval .8 --id sales")
    assert (code, err) == (0, "")
    assert rows(out)[0] == ["sales", "predicted sales", "sales from", "sales to"]
    _, y_hat, low, high = np.array(rows(out)[1:], float).T
    model = deltarule.load("m")
    np.testing.assert_allclose(np.column_stack([low, high]), model.predict_interval(shop(), 0.8), atol=1e-5)
    assert ((low < y_hat) & (y_hat < high)).all()
    record = json.loads(told("evaluate m shop.csv --json")[1])
    inside = np.mean((low <= shop()["sales"].to_numpy()) & (shop()["sales"].to_numpy() <= high))
    assert record["coverage"]["0.8"] == pytest.approx(inside, abs=1 / N)
    shown = " ".join(told("evaluate m shop.csv")[1].split())
    assert f"share in 90% interval {record['coverage']['0.9']:.4f} ±:" in shown
    assert told("fit shop.csv -t sales -t warm --keep day --epochs 30 --force -o m")[0] == 0
    assert rows(told("predict m shop.csv --interval .9")[1])[0] == [
        "sales", "sales from", "sales to", "warm", "warm from", "warm to",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("90", "--interval is 90; it must be a number between 0 and 1, both excluded, such as 0.9."),
        ("90%", "--interval is '90%'; it must be a number between 0 and 1, both excluded, such as 0.9."),
        ("0,9", "--interval is '0,9'; it must be a number between 0 and 1, both excluded, such as 0.9."),
        ("1", "--interval is 1; it must be a number between 0 and 1, both excluded. See"),
        ("0", "--interval is 0; it must be a number between 0 and 1, both excluded. See"),
        ("", "--interval needs a number after it."),
        ("0.999", "takes more rows that were not learnt from than the 240 that there were; ask for 0.995 or less."),
    ],
)  # fmt: skip
def test_levels_of_intervals_that_are_none(told: Any, typed: str, said: str):
    assert told(f"fit shop.csv -t sales {ONLY}")[0] == 0
    code, out, err = told(f"predict m shop.csv --interval {typed}")
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_models_without_intervals(told: Any):
    assert told(f"fit shop.csv -t rain {ONLY}")[0] == 0
    code, _, err = told("predict m shop.csv --interval .9")
    assert code == 2
    assert "this model predicts classes" in err
    assert "--probabilities" in err
    assert told(f"fit shop.csv -t sales --members 1 {ONLY}")[0] == 0
    code, _, err = told("predict m shop.csv --interval .9")
    assert code == 2
    assert "--validation 0.1 (validation=0.1)" in err
    assert told(f"fit shop.csv -t sales --quantile 0.05 0.95 {ONLY}")[0] == 0
    header, *cells = rows(told("predict m shop.csv --interval .9")[1])
    assert header == ["sales q0.05", "sales q0.95", "sales from", "sales to"]
    assert all(cell[:2] == cell[2:] for cell in cells)
    assert "share in" not in told("evaluate m shop.csv")[1]


@pytest.mark.parametrize("loss", ["squared_error", "squared", "absolute_error", "huber", "poisson"])
def test_losses(told: Any, loss: str):
    code, out, err = told(f"fit shop.csv -t calls --loss {loss} --transform none {ONLY}".replace(
        "--transform none", "" if loss == "poisson" else "--transform none"
    ))  # fmt: skip
    assert (code, err) == (0, "")
    assert ("deviance" in out) == (loss == "poisson")
    assert ("the median of training" in out) == (loss in ("absolute_error", "huber"))
    assert (f"; loss {loss}" in out) == (not loss.startswith("squared"))
    assert min(float(row[0]) for row in rows(told("predict m shop.csv")[1])[1:]) >= 0


def test_weights_of_rows_and_classes(told: Any):
    code, out, err = told(f"fit shop.csv -t rain --weight hours --class-weight balanced {ONLY}")
    assert (code, err) == (0, "")
    assert (
        "hours    left out: the weights of the rows" in " ".join(out.split())
        or "the weights of the rows" in out
    )
    record = json.loads(told("evaluate m shop.csv --json")[1])
    model, frame = deltarule.load("m"), shop()
    w = frame["hours"].to_numpy()
    is_right = model.predict(frame) == frame["rain"].to_numpy()
    assert record["accuracy"] == pytest.approx(np.average(is_right, weights=w))
    assert record["accuracy"] != pytest.approx(is_right.mean())
    assert "Rows count by hours, as in training." in told("evaluate m shop.csv")[1]
    assert set(record["f1_by_class"]) == {"no", "yes"}
    recall = (model.predict(frame) == "yes")[frame["rain"].to_numpy() == "yes"].mean()
    assert told(f"fit shop.csv -t rain --class-weight yes=9 --class-weight no=1 {ONLY}")[0] == 0
    assert recall > 0.5


def test_all_settings_of_training_are_reached(told: Any):
    typed = (
        "--schedule cosine --weight-decay 0.5 --l1 0.001 --l2 0.01 --dropout 0.1 --clip-norm 2 --clip-value 1 "
        "--label-smoothing 0.05 --only W[1] --only b[1] --hidden 8 --optimiser adam --learning-rate 0.01 "
        "--batch-size 10 --early-stopping 9 --validation 0.2 --seed 3 --threads 1 --activation tanh"
    )
    assert told(f"fit shop.csv -t rain {typed} {ONLY}")[::2] == (0, "")
    model = deltarule.load("m")
    same = deltarule.TableClassifier(
        schedule="cosine", weight_decay=0.5, l1=0.001, l2=0.01, dropout=0.1, clip_norm=2, clip_value=1,
        label_smoothing=0.05, only=["W[1]", "b[1]"], hidden=8, optimiser="adam", learning_rate=0.01, batch_size=10,
        early_stopping=9, validation=0.2, seed=3, n_threads=1, activation="tanh", epochs=30,
    )  # fmt: skip
    mine, theirs = model.get_params(), same.get_params()
    rest = {"schema", "hidden", "progress"}
    assert {n: v for n, v in mine.items() if n not in rest} == {
        n: v for n, v in theirs.items() if n not in rest
    }
    assert list(model.hidden) == [8]
    besides = (
        "l1 0.001, l2 0.01, clip_norm 2, clip_value 1, dropout 0.1, label smoothing 0.05, only W[1], b[1]"
    )
    assert f"besides    {besides}" in " ".join(told("inspect m")[1].splitlines())
    for wrong, said in (
        ("--dropout 1", "--dropout is 1; it must be a number from 0 to less than 1."),
        ("--schedule cosin", "did you mean 'cosine'?"),
        ("--dropout 0.1 0.2 --hidden 8", "2 dropout rates given for 1 hidden layer; give one rate"),
        ("--only V[1]", "V[1]"),
        ("--l1 -1", "--l1 is -1; it must be a finite number from 0 on."),
    ):
        code, _, err = told(f"fit shop.csv -t rain {wrong} {ONLY}")
        assert (code, err.count("\n")) == (2, 1), err
        assert said in err
    code, _, err = told(f"fit shop.csv -t sales --label-smoothing 0.1 {ONLY}")
    assert code == 2
    assert "--label-smoothing is for classes, and sales is learnt as values" in err


def test_several_targets(told: Any):
    code, out, err = told(f"fit shop.csv -t sales -t calls --transform none {ONLY}")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines() if line.startswith("  ") and len(line.split()) == 1] == [
        "sales", "calls",
    ]  # fmt: skip
    assert "Target   sales, calls (regression: " in out
    assert rows(told("predict m shop.csv")[1])[0] == ["sales", "calls"]
    record = json.loads(told("evaluate m shop.csv --json")[1])
    assert record["target"] == ["sales", "calls"]
    assert record["targets"]["sales"]["r2"] > 0.5
    assert told("check m shop.csv --parameters 20")[0] == 0
    assert told("suspects m shop.csv --top 2")[1].splitlines()[1].split()[:4] == [
        "row",
        "line",
        "sales,",
        "calls",
    ]
    assert told("explain m shop.csv --row 3")[0] == 0
    assert told("inspect m")[1].count("\nTarget ") == 2


def test_several_labels(told: Any):
    code, out, err = told(f"fit shop.csv -t rain -t late {ONLY}")
    assert (code, err) == (0, "")
    assert "sigmoid output" in out
    table = rows(told("predict m shop.csv --probabilities")[1])
    assert table[0] == ["rain", "late", "probability of rain=yes", "probability of late=True"]
    assert {row[0] for row in table[1:]} <= {"no", "yes"}
    assert {row[1] for row in table[1:]} == {"True", "False"}
    assert all((float(row[3]) >= 0.5) == (row[1] == "True") for row in table[1:])


def test_rows_are_those_of_the_file(told: Any):
    values: list[Any] = [None, None, *range(1, 299)]
    values[150] = -5
    shop().with_columns(sales=pl.Series(values)).write_csv("shop.csv")
    for words, said in (
        ("--loss poisson", "is -5 in row 151 (line 152)"),
        ("--transform log", "is -5 in row 151 (line 152), which has no log"),
    ):
        _, _, err = told(f"fit shop.csv -t sales {words} {ONLY}")
        assert said in err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("-t sales --loss hubr", 2,
         "unknown --loss 'hubr'; did you mean 'huber'? Known: squared_error, absolute_error, "
         "huber, quantile, poisson, squared, absolute."),
        ("-t sales --loss poisson", 65,
         "and the loss poisson is for counts and rates, which are 0 or more; squared_error, "
         "absolute_error, huber and quantile take any number."),
        ("-t rain --loss huber", 2,
         "--loss huber is for values, and rain is learnt as classes (rain is text with 2 different"
         " values), by cross_entropy; leave it out, or add --task regression."),
        ("-t rain --quantile 0.5", 2, "it is for values, and rain is learnt as classes"),
        ("-t sales --quantile 1.5", 2, "--quantile is 1.5; it must be a number between 0 and 1, both excluded"),
        ("-t sales --quantile 0,5", 2, "--quantile is 0; it must be a number between 0 and 1, both excluded"),
        ("-t sales --quantile x", 2, "--quantile is 'x'; it must be a number between 0 and 1, both excluded"),
        ("-t sales --quantile 0.5 --loss huber", 2,
         "--quantile is of the loss quantile, and --loss is huber; leave out one of them."),
        ("-t sales --class-weight balanced", 2,
         "--class-weight is for classes, and sales is learnt as values (sales is a number with "
         "decimals); --weight COLUMN weighs rows."),
        ("-t rain --class-weight balance", 2,
         "--class-weight 'balance' is neither 'balanced' nor CLASS=WEIGHT, such as yes=3; did you "
         "mean 'balanced'?"),
        ("-t rain --class-weight yess=2", 2,
         "class_weight names 'yess', which is no class of rain; did you mean 'yes'?"),
        ("-t rain --class-weight yes=-2", 2,
         "class_weight of 'yes' is -2.0; a weight is a finite number, 0 or more."),
        ("-t sales --weight day", 65,
         "the weight column 'day' is text, such as 'mon'; it must be of numbers, 0 or more."),
        ("-t sales --weight hour", 65, "there is no weight column 'hour' in shop.csv; did you mean 'hours'?"),
        ("-t sales --weight warm", 65, "the weight column 'warm' is -"),
        ("-t sales -t rain", 65,
         "the targets are of two kinds (sales regression; rain classification), and one network "
         "learns several of one kind; learn them one by one, or say --task regression or --task "
         "classification for all."),
        ("-t rain -t day", 65,
         "the target 'day' has 3 classes, and several targets are learnt together where each has "
         "two, yes or no; learn it alone."),
        ("-t sales -t cals", 65, "there is no target column 'cals' in shop.csv; did you mean 'calls'?"),
        ("-t sales --transform log", 65, "which has no log; choose another --target-transform, or none."),
        ("-t sales --huber-delta -1", 2, "--huber-delta is -1; it must be a finite number above 0."),
    ],
)  # fmt: skip
def test_what_does_not_fit_gets_one_sentence(told: Any, words: str, code: int, said: str):
    found, out, err = told(f"fit shop.csv {words} --drop note --epochs 1")
    assert said in err
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert not list(Path().glob("*.deltarule"))


def test_a_linear_model_stands_beside_the_networks(told: Any):
    code, out, _ = told(f"fit shop.csv -t sales {ONLY}")
    assert code == 0
    record = json.loads(told(f"fit shop.csv -t sales {ONLY} --json")[1])["scores"]["validation"]
    lines = " ".join(out.split())
    said = f"RMSE {record['linear']['rmse']:.4f} (the networks: {record['rmse']:.4f})"
    assert record["linear"]["rmse"] < record["rmse"] / 0.99  # the sales are a plane
    assert f"No better than a linear model of these columns: {said}" in lines
    shop().with_columns(sales=pl.col("warm") ** 2 + 0.3 * pl.col("sales")).write_csv("shop.csv")
    assert " a linear model: RMSE " in told("fit shop.csv -t sales --keep warm --keep day --force -o m")[1]
    assert "linear model" not in told(f"fit shop.csv -t sales --members 1 {ONLY}")[1]
