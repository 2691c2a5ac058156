"""The command line as a user types it: what it prints, what it writes, how it ends, what bad input gets."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from deltarule import TableClassifier, load, save
from deltarule.cli import main
from deltarule.network import Network
from deltarule.tables import Table, read_table

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a table of flowers in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    flowers(120).write_csv("flowers.csv")
    return tmp_path


def flowers(N: int) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, N)
    return pl.DataFrame(
        {
            "length": [None if n % 17 == 0 else 5.0 + k + 0.3 * rng.normal() for n, k in enumerate(kind)],
            "colour": [None if n % 23 == 0 else ["red", "blue", "white"][int(k)] for n, k in enumerate(kind)],
            "scented": [bool(k == 1) for k in kind],
            "picked": [f"2024-0{1 + n % 6}-11" for n in range(N)],
            "planet": ["earth"] * N,
            "species": [["rose", "iris", "lily"][int(k)] for k in kind],
            "weight": 10.0 * kind + rng.normal(size=N),
        }
    )


def run(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(words)
    out, err = capsys.readouterr()
    return code, out, err


FIT = ("fit", "flowers.csv", "--target", "species", "--epochs", "20")


def test_fit_predict_evaluate_inspect_check(folder: Path, capsys: pytest.CaptureFixture[str]):
    code, out, err = run(*FIT, capsys=capsys)
    assert (code, err) == (0, "")
    for expected in (
        "flowers.csv: 120 rows, 5 columns used as",
        "length",
        "median, marked, where missing",
        "planet   left out: the same value in every row, 'earth'",
        "species (classification: species is text with 3 different values); classes iris, lily, rose",
        "softmax output",
        "the mean of 5, each",
        "ended with 15 networks, weights of ",
        "constant: the most frequent class of training",
        "Model    flowers.deltarule",
    ):
        assert expected in out
    assert max(map(len, out.splitlines())) <= 100
    model = load("flowers.deltarule").model_
    assert model.scores["test"]["rows"] == 24
    assert model.scores["train"]["rows"] == 96
    assert f"{model.scores['test']['accuracy']:.4f}" in out

    code, out, err = run("predict", "flowers.deltarule", "flowers.csv", capsys=capsys)
    assert (code, err) == (0, "")
    rows = list(csv.reader(io.StringIO(out)))
    assert rows[0] == ["species"]
    assert [row[0] for row in rows[1:]] == model.predict(
        pl.read_csv("flowers.csv", try_parse_dates=True)
    ).tolist()

    code, out, _ = run(
        "predict", "flowers.deltarule", "flowers.csv", "--probabilities", "--out", "p.csv", capsys=capsys
    )
    assert (code, out) == (0, "")
    shares = pl.read_csv("p.csv")
    assert shares.columns == ["species", *(f"probability of {name}" for name in ("iris", "lily", "rose"))]
    np.testing.assert_allclose(shares[:, 1:].to_numpy().sum(axis=1), 1, atol=1e-5)

    code, out, _ = run("evaluate", "flowers.deltarule", "flowers.csv", "--json", capsys=capsys)
    scores = json.loads(out)
    truth = pl.read_csv("flowers.csv")["species"].to_list()
    assert scores["accuracy"] == np.mean([row[0] == name for row, name in zip(rows[1:], truth, strict=True)])
    assert np.sum(scores["confusion"]) == 120
    code, out, _ = run("evaluate", "flowers.deltarule", "flowers.csv", capsys=capsys)
    assert "rows are true classes, columns predicted ones" in out

    code, out, _ = run("inspect", "flowers.deltarule", capsys=capsys)
    assert "SHA-256" in out
    assert "species (classification)" in out
    code, out, _ = run("inspect", "flowers.deltarule", "--json", capsys=capsys)
    assert json.loads(out)["network"]["output"] == "softmax"

    code, out, _ = run("check", "flowers.deltarule", "flowers.csv", capsys=capsys)
    assert code == 0
    assert out.startswith("PASS: the gradient of ")


def test_explain_and_suspects(folder: Path, capsys: pytest.CaptureFixture[str]):
    few = ("--hidden", "8", "--activation", "tanh", "--members", "1", "--quiet")
    assert run(*FIT, *few, capsys=capsys)[0] == 0
    files = ("flowers.deltarule", "flowers.csv")
    name = ("--parameter", "w[1,4,1]")
    code, out, err = run("explain", *files, "--row", "5", *name, "--split", "1", capsys=capsys)
    assert (code, err) == (0, "")
    for expected in (
        "w[1,4,1]: to unit 4 of layer 1, from length",
        "dL/dŷ · dŷ/da_2 · da_2/dh_1 · dh_1/da_1 · da_1/dw[1,4,1]",
        "Broken at h_1",
        "PASS: the derivative is that of the loss.",
        "output species=",
    ):
        assert expected in out
    assert max(map(len, out.splitlines())) <= 80
    assert run("explain", *files, "--row", "5", *name, "--ascii", capsys=capsys)[1].isascii()
    whole = json.loads(run("explain", *files, *name, "--json", capsys=capsys)[1])
    assert whole["examples"] == 120
    model = load("flowers.deltarule").model_
    X, y = model.arrays(pl.read_csv("flowers.csv", null_values=[""]))
    exact = model.network.astype("float64")
    assert whole["derivative"] == pytest.approx(exact.gradients(X, y).W[1][3, 0], rel=1e-9)
    assert run("explain", *files, "--row", "5", "--format", "html", capsys=capsys)[1].startswith(
        "<!DOCTYPE html>"
    )
    latex = run("explain", *files, "--row", "5", "--format", "latex", capsys=capsys)[1]
    assert latex.startswith("\\documentclass")

    code, out, err = run("explain", *files, *name, "--by", "picked", "--top", "2", capsys=capsys)
    assert (code, err) == (0, "")
    assert "By picked" in out
    assert "2024-03" in out
    told = json.loads(run("explain", *files, *name, "--by", "species", "--json", capsys=capsys)[1])
    assert sum(group["pull"] for group in told["groups"]) == pytest.approx(whole["derivative"], rel=1e-12)
    assert {group["name"] for group in told["groups"]} == {"iris", "lily", "rose"}
    assert len(json.loads(run("explain", *files, "--pullers", "--json", capsys=capsys)[1])["down"]) <= 5

    code, out, err = run("suspects", *files, "--top", "3", capsys=capsys)
    assert (code, err) == (0, "")
    assert "3 of 120 rows, by the norm of their gradients" in out
    listed = json.loads(run("suspects", *files, "--top", "3", "--json", capsys=capsys)[1])["suspects"]
    norms = np.linalg.norm(exact.per_example_gradients(X, y), axis=1)
    assert [entry["row"] - 1 for entry in listed] == np.argsort(-norms)[:3].tolist()
    assert (
        run("fit", "flowers.csv", "--target", "weight", "--out", "r", "--epochs", "2", capsys=capsys)[0] == 0
    )
    assert "predicted" in run("suspects", "r", "flowers.csv", capsys=capsys)[1]
    told = run("explain", "r", "flowers.csv", "--parameter", "w[3,1,1]", "--pullers", capsys=capsys)[1]
    assert "to output weight, from unit 1 of layer 2" in told


def test_regression_in_units_and_as_json(folder: Path, capsys: pytest.CaptureFixture[str]):
    code, out, err = run("fit", "flowers.csv", "--target", "weight", "--json", "--out", "w", capsys=capsys)
    assert (code, err) == (0, "")
    record = json.loads(out)
    assert (record["task"], record["model"]) == ("regression", "w")
    assert record["because"] == "weight is a number with decimals"
    assert record["scores"]["test"]["r2"] > 0.9 > 0.1 > record["scores"]["test"]["constant_r2"]
    _, out, _ = run("predict", "w", "flowers.csv", capsys=capsys)
    assert np.corrcoef(np.loadtxt(out.splitlines()[1:]), pl.read_csv("flowers.csv")["weight"])[0, 1] > 0.95


def test_options_reach_the_training(folder: Path, capsys: pytest.CaptureFixture[str]):
    words = [
        "--hidden",
        "7,5",
        "--activation",
        "tanh",
        "--optimiser",
        "nadam",
        "--learning-rate",
        "0.01",
        "--seed",
        "4",
        "--threads",
        "1",
        "--batch-size",
        "30",
        "--validation",
        "0.25",
        "--test",
        "0",
        "--ignore",
        "weight",
        "--ignore",
        "planet",
        "--quiet",
    ]
    assert run(*FIT, *words, capsys=capsys) == (0, "", "")
    record = load("flowers.deltarule").model_.record()
    assert record["network"]["sizes"][1:] == [7, 5, 3]
    assert record["network"]["activation"] == ["tanh", "tanh"]
    assert record["settings"]["optimiser"]["name"] == "nadam"
    assert record["settings"]["optimiser"]["lr"] == 0.01
    assert record["settings"]["batch_size"] == 30
    assert set(record["scores"]) == {"train", "validation"}
    assert {column["name"] for column in record["encoder"]["columns"]}.isdisjoint({"weight", "planet"})


def test_the_same_command_writes_the_same_model(folder: Path, capsys: pytest.CaptureFixture[str]):
    thetas = []
    for seed in ("0", "0", "1"):
        run(*FIT, "--seed", seed, "--force", "--quiet", capsys=capsys)
        thetas.append(load("flowers.deltarule").model_.network.theta.tobytes())
    assert thetas[0] == thetas[1] != thetas[2]


def test_columns_in_another_order_are_fine(folder: Path, capsys: pytest.CaptureFixture[str]):
    run(*FIT, "--quiet", capsys=capsys)
    _, before, _ = run("predict", "flowers.deltarule", "flowers.csv", capsys=capsys)
    frame = pl.read_csv("flowers.csv")
    frame.select(reversed(frame.columns)).write_csv("turned.csv")
    assert run("predict", "flowers.deltarule", "turned.csv", capsys=capsys) == (0, before, "")
    frame.drop("species").write_parquet("untold.parquet")
    assert run("predict", "flowers.deltarule", "untold.parquet", capsys=capsys) == (0, before, "")


def with_text_in_row(row: int, N: int = 5000) -> str:
    lines = [f"{n},{n % 2}" for n in range(N)]
    lines[row - 1] = "about 3,1"
    return "x,y\n" + "\n".join(lines) + "\n"


BAD_TABLES = {
    "empty.csv": b"",
    "header.csv": b"a,b\n",
    "quote.csv": b'a,b\n1,"x\n2,y\n',
    "tables.csv": b"a,b\n1,2\n3,4\n\nx,y,z\n1,2,3\n4,5,6\n",
    "ragged.csv": b"a,b\n1,2\n1,2,3\n",
    "number.csv": with_text_in_row(4711).encode(),
    "gaps.csv": b"a,b\n1,x\n2,\n3,y\n4,x\n",
    "one.csv": b"a,b\n1,x\n2,x\n3,x\n",
    "few.csv": b"a,b\n1,x\n2,y\n3,z\n",
    "flat.csv": b"a,b,c\n1,x,\n1,y,\n1,x,\n1,y,\n",
    "infinite.csv": b"a,b\n1,x\ninf,y\n3,x\n4,y\n",
    "broken.parquet": b"PAR1 and no more",
    "no.parquet": b"PAR1 a,b\n1,2\n",
}
BAD = [
    (
        ("fit", "flowers.csv", "--target", "spices"),
        65,
        "no target column 'spices' in flowers.csv; did you mean 'species'?",
    ),
    (("fit", "none.csv", "--target", "b"), 66, "there is no file none.csv"),
    (("fit", ".", "--target", "b"), 66, "is a folder"),
    (("fit", "empty.csv", "--target", "b"), 65, "empty.csv is empty"),
    (("fit", "header.csv", "--target", "b"), 65, "has a header but no rows"),
    (("fit", "quote.csv", "--target", "b"), 65, "--quote none"),
    (("fit", "tables.csv", "--target", "b"), 65, "holds two tables"),
    (("fit", "ragged.csv", "--target", "b"), 65, "row 2"),
    (("fit", "number.csv", "--target", "y", "--strict"), 65, "row 4,711, line 4,712"),
    (
        ("fit", "gaps.csv", "--target", "b"),
        65,
        "the target 'b' is missing in 1 of 4 rows (row 2, line 3); add",
    ),
    (("fit", "one.csv", "--target", "b"), 65, "the target 'b' is x in every row"),
    (("fit", "few.csv", "--target", "b"), 65, "has 3 classes in 3 rows, too few rows of each"),
    (("fit", "flat.csv", "--target", "b"), 65, "no column is left to learn from"),
    (
        ("fit", "infinite.csv", "--target", "b", "--set", "a=number", "--strict"),
        65,
        "row 2, line 3: 'inf'",
    ),
    (("fit", "broken.parquet", "--target", "b"), 65, "broken.parquet"),
    (("fit", "no.parquet", "--target", "b"), 65, "is a Parquet file that was cut short"),
    (
        ("fit", "flowers.csv", "--target", "species", "--task", "regression"),
        65,
        "expected numbers in column 'species'",
    ),
    (("fit", "flowers.csv", "--target", "species", "--task", "ranking"), 2, "ranking"),
    (
        ("fit", "flowers.csv", "--target", "species", "--epochs", "0"),
        2,
        "--epochs is 0; it must be a whole number from 1 on. See:",
    ),
    (("fit", "flowers.csv", "--target", "species", "--epochs", "many"), 2, "many"),
    (
        ("fit", "flowers.csv", "--target", "species", "--learning-rate", "-1"),
        2,
        "--learning-rate is -1; it must be a finite number above 0",
    ),
    (("fit", "flowers.csv", "--target", "species", "--hidden", "a,b"), 2, "--hidden is 'a,b'"),
    (
        ("fit", "flowers.csv", "--target", "species", "--hidden", "0"),
        2,
        "it must be whole numbers from 1 on, such as 64 or 64,64",
    ),
    (
        ("fit", "flowers.csv", "--target", "species", "--activation", "reul"),
        2,
        "did you mean 'relu'? Known: identity",
    ),
    (("fit", "flowers.csv", "--target", "species", "--optimiser", "adm"), 2, "Known: gradient_descent"),
    (("fit", "flowers.csv", "--target", "species", "--test", "1.5"), 2, "--test is 1.5"),
    (
        ("fit", "flowers.csv", "--target", "species", "--validation", "2"),
        2,
        "--validation is 2; it must be a number from 0 to less than 1",
    ),
    (("fit", "flowers.csv", "--target", "species", "--ignore", "colr"), 2, "did you mean 'colour'"),
    (("fit", "flowers.csv", "--target", "species", "--text", "colr"), 2, "did you mean 'colour'"),
    (("fit", "flowers.csv", "--target", "species", "--out", "none/m"), 73, "there is no folder none"),
    (("fit", "flowers.csv", "--target", "species", "--out", "old"), 73, "old exists; add --force"),
    (("fit", "flowers.csv"), 2, "--target"),
    (("fit", "flowers.csv", "--target", "species", "--what"), 2, "--what"),
    (("fit", "--what", "flowers.csv", "--target", "species"), 2, "--what"),
    (("frobnicate",), 2, "frobnicate"),
    (("predict", "model", "few.csv"), 65, "the columns 'length', 'colour', 'scented' are not in few.csv"),
    (("predict", "model", "renamed.csv"), 65, "the column 'colour' (is it 'color'?) is not in renamed.csv"),
    (("predict", "model", "flowers.csv", "--out", "old"), 73, "old exists; add --force"),
    (("predict", "none", "flowers.csv"), 66, "there is no model file none"),
    (("predict", "altered", "flowers.csv"), 76, "was altered or truncated"),
    (("predict", "flowers.csv", "flowers.csv"), 76, "is not a deltarule model file"),
    (("predict", "network", "flowers.csv"), 76, "holds a bare network"),
    (("evaluate", "model", "few.csv"), 65, "no target column 'species' in few.csv"),
    (("inspect", "altered"), 76, "was altered or truncated"),
    (("check", "model", "flowers.csv", "--rows", "0"), 2, "--rows is 0; it must be a whole number from 1 on"),
    (
        ("explain", "model", "flowers.csv", "--row", "121"),
        2,
        "there is no row 121 in flowers.csv; rows count from 1, here to 120",
    ),
    (("explain", "model", "flowers.csv", "--row", "0"), 2, "there is no row 0"),
    (("explain", "model", "flowers.csv", "--parameter", "w[4,1,1]"), 2, "there is no layer 4"),
    (("explain", "model", "flowers.csv", "--parameter", "w[1,999,1]"), 2, "there is no unit 999 in layer 1"),
    (
        ("explain", "model", "flowers.csv", "--parameter", "w[0,1,1]"),
        2,
        "layers, units and inputs count from 1",
    ),
    (("explain", "model", "flowers.csv", "--parameter", "w1"), 2, "is not the name of a parameter"),
    (
        ("explain", "model", "orchids.csv", "--row", "2"),
        65,
        "'orchid' in row 2 (line 3), a class that was not in training",
    ),
    (("explain", "model", "flowers.csv", "--format", "pdf"), 2, "pdf"),
    (("explain", "model", "flowers.csv", "--by", "colr"), 65, "did you mean 'colour'?"),
    (
        ("explain", "model", "flowers.csv", "--by", "colour", "--format", "html"),
        2,
        "--pullers gives text or json",
    ),
    (("explain", "model", "flowers.csv", "--split", "2"), 2, "cannot be broken at h_2"),
    (("explain", "model", "flowers.csv", "--optimiser", "lbfgs"), 2, "lbfgs makes no step"),
    (("suspects", "model", "few.csv"), 65, "no target column 'species' in few.csv"),
]


@pytest.mark.parametrize(
    ("words", "code", "message"), BAD, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_bad_input_gets_one_sentence_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, message: str
):
    for name, content in BAD_TABLES.items():
        (folder / name).write_bytes(content)
    frame = flowers(60).drop("picked", "planet", "weight")
    frame.rename({"colour": "color"}).write_csv("renamed.csv")
    frame.with_columns(species=pl.lit("orchid")).write_csv("orchids.csv")
    save(TableClassifier(epochs=1).fit(frame, "species"), "model")
    save(Network([3, 2]), "network")
    content = (folder / "model").read_bytes()
    (folder / "altered").write_bytes(content[:-3] + b"abc")
    (folder / "old").write_text("precious", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    capsys.readouterr()
    ended, out, err = run(*words, capsys=capsys)
    assert (ended, out) == (code, ""), err
    assert message in err
    assert err.startswith("deltarule: ")
    assert err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_force_replaces(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert run(*FIT, "--quiet", capsys=capsys)[0] == 0
    before = Path("flowers.deltarule").read_bytes()
    assert run(*FIT, "--quiet", "--seed", "9", capsys=capsys)[0] == 73
    assert Path("flowers.deltarule").read_bytes() == before
    assert run(*FIT, "--quiet", "--seed", "9", "--force", capsys=capsys)[0] == 0
    assert Path("flowers.deltarule").read_bytes() != before


def test_a_mistake_in_a_number_column_can_be_declared(folder: Path, capsys: pytest.CaptureFixture[str]):
    Path("n.csv").write_text(with_text_in_row(4711), encoding="utf-8")
    words = ("fit", "n.csv", "--target", "y", "--epochs", "1", "--quiet", "--force")
    assert run(*words, "--missing", "about 3", capsys=capsys)[0] == 0
    assert load("n.deltarule").model_.record()["encoder"]["columns"][0]["encoder"] == "Number"


def test_what_means_missing_can_be_said_by_column(folder: Path, capsys: pytest.CaptureFixture[str]):
    rows = "\n".join(f"{text},{n}" for n, text in enumerate(["EU,NA", "AS,red", "NA,blue", "SA,-9"] * 5))
    Path("c.csv").write_text(f"continent,color,y\n{rows}\n", encoding="utf-8")
    words = ("schema", "c.csv", "--json")
    found = json.loads(run(*words, capsys=capsys)[1])
    assert [one["missing"] for one in found["columns"]] == [[], ["NA"], []]
    told = re.search(r'--missing "(.*)" counts', found["notices"][0])
    assert told is not None
    more = ("--missing", told[1], "--missing", "color=-9", "--not-missing", "color=NA")
    found = json.loads(run(*words, *more, capsys=capsys)[1])
    assert [one["missing"] for one in found["columns"]] == [["NA"], ["-9"], []]
    fit = ("fit", "c.csv", "--target", "y", "--epochs", "1", "--quiet")
    assert run(*fit, *more, capsys=capsys)[0] == 0
    assert "color=NA" in load("c.deltarule").model_.encoder.features


MESSY = """price;when;zip;size
1.234,50 €;25.3.2020;00501;8GB
12,00 €;1.2.2020;10001;512MB
-3,25 €;oops;10001;16GB
"""


@pytest.fixture
def messy(folder: Path) -> Path:
    rows = MESSY.splitlines()
    path = Path("messy.csv")
    path.write_text("\n".join([rows[0], *(rows[1:3] * 15), rows[3]]) + "\n", encoding="utf-8")
    return path


def test_a_schema_is_shown_saved_and_obeyed(messy: Path, capsys: pytest.CaptureFixture[str]):
    code, out, err = run("schema", "messy.csv", "--target", "price", capsys=capsys)
    assert (code, err) == (0, "")
    for said in (
        "number:1.234,56 €", "-3.25 to 1234.5", "date:%d.%m.%Y", "2020-02-01 to 2020-03-25", "number:1234.56 GB",
        "price: regression",
        "when: 1 cell (row 31, line 32: 'oops'), not dates, counted as missing", "zip: kept as text",
    ):  # fmt: skip
        assert said in " ".join(out.split())
    told = json.loads(run("schema", "messy.csv", "--set", "zip=number", "--json", capsys=capsys)[1])
    assert [column["kind"] for column in told["columns"]] == ["number", "date", "number", "number"]
    assert run("schema", "messy.csv", "--out", "s.toml", capsys=capsys)[0] == 0
    text = Path("s.toml").read_text(encoding="utf-8")
    assert '["price"]\nis = "number:1.234,56 €"' in text
    Path("s.toml").write_text(text.replace('is = "date:%d.%m.%Y"', 'is = "ignore"'), encoding="utf-8")
    fit = ("fit", "messy.csv", "--target", "price", "--epochs", "1", "--json")
    code, out, err = run(*fit, "--schema", "s.toml", "--force", capsys=capsys)
    assert (code, err) == (0, "")
    columns = json.loads(out)["columns"]
    assert columns["size"] == "1234.56 GB, number, scaled"
    assert columns["when"].startswith("left out")
    code, out, err = run(*fit, "--force", capsys=capsys)
    assert json.loads(out)["notices"][:2] == [
        "zip: kept as text: texts such as '00501', whose zeros a number would lose "
        '(--set "zip=number" takes numbers)',
        "when: 1 cell (row 31, line 32: 'oops'), not dates, counted as missing",
    ]
    code, out, err = run("predict", "messy.deltarule", "messy.csv", capsys=capsys)
    assert (code, err) == (
        0,
        "deltarule: when: 1 cell (row 31, line 32: 'oops'), not dates, counted as missing\n",
    )
    assert len(out.splitlines()) == 32


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "when"), "--set 'when' is no COLUMN=KIND"),
        (("--set", "wen=date"), "there is no column 'wen' to set in messy.csv; did you mean 'when'?"),
        (
            ("--strict",),
            "column 'when' holds dates, but not in 1 cell (row 31, line 32: 'oops'); mend it, or add --missing 'oops'",
        ),
        (("--schema", "none.toml"), "cannot read none.toml: No such file or directory."),
        (("--schema", "messy.csv"), "messy.csv is no TOML"),
    ],
)
def test_schemas_that_are_none(
    messy: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
):
    code, out, err = run("fit", "messy.csv", "--target", "price", *words, capsys=capsys)
    assert (code != 0, out, err.count("\n")) == (True, "", 1)
    assert said in err


def command(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deltarule", *words],
        capture_output=True,
        encoding="utf-8",
        check=False,
        **options,
    )


def test_as_a_process_with_standard_input_and_a_closed_pipe(folder: Path):
    table = Path("flowers.csv").read_text(encoding="utf-8")
    assert main([*FIT, "--quiet"]) == 0  # compiles the engine where that is yet to be done
    done = command("fit", "-", "--target", "species", "--epochs", "5", input=table)
    assert (done.returncode, done.stderr) == (0, "")
    assert "standard input: 120 rows" in done.stdout
    done = command("predict", "model.deltarule", "-", input=table)
    assert done.stdout.count("\n") == 121
    done = command("fit", "none.csv", "--target", "x")
    assert (done.returncode, done.stdout) == (66, "")
    assert done.stderr == "deltarule: there is no file none.csv; check the path.\n"
    assert command("--version").stdout.strip()
    assert "fit" in command("--help").stdout
    piped = f"{sys.executable} -m deltarule inspect model.deltarule | head -1"
    done = subprocess.run(piped, shell=True, capture_output=True, encoding="utf-8", check=False)
    assert done.stderr == ""


VERBS = {
    "fit": ("fit", "t.csv", "--target", "species", "--epochs", "1", "--force"),
    "predict": ("predict", "m", "t.csv"),
    "evaluate": ("evaluate", "m", "t.csv", "--json"),
    "inspect": ("inspect", "m"),
    "check": ("check", "m", "t.csv", "--parameters", "5"),
    "explain": ("explain", "m", "t.csv", "--row", "1"),
    "suspects": ("suspects", "m", "t.csv"),
    "importance": ("importance", "m", "t.csv"),
    "schema": ("schema", "t.csv"),
    "doctor": ("doctor",),
    "help": ("fit", "--help"),
}


@pytest.fixture(scope="module")
def model_and_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, t.csv, and a model learnt from it, m."""
    where = tmp_path_factory.mktemp("verbs")
    frame = flowers(60).drop("picked", "planet", "weight")
    frame.write_csv(where / "t.csv")
    save(TableClassifier(epochs=1).fit(frame, "species"), where / "m")
    return where


def redirected(where: Path, redirection: str, words: Sequence[str]) -> tuple[int, str]:
    """Run a command in a shell that redirects; return how it ended and its standard error."""
    line = f'"$0" -m deltarule "$@" {redirection}'
    done = subprocess.run(
        ["sh", "-c", line, sys.executable, *words],
        cwd=where,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("verb", VERBS)
def test_standard_output_that_fails_ends_every_verb_alike(model_and_table: Path, verb: str):
    code, err = redirected(model_and_table, ">/dev/full", VERBS[verb])
    assert (code, err) == (
        74,
        "deltarule: writing to standard output broke off: No space left on device; send it where there is room.\n",
    )
    code, err = redirected(model_and_table, ">&-", VERBS[verb])
    assert (code, err) == (
        74,
        "deltarule: standard output is closed; send it to a file, or to /dev/null.\n",
    )
    reader, writer = os.pipe()
    os.close(reader)
    try:
        command = [sys.executable, "-m", "deltarule", *VERBS[verb]]
        done = subprocess.run(
            command, cwd=model_and_table, stdout=writer, stderr=subprocess.PIPE, encoding="utf-8", check=False
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_streams_that_nobody_needs_may_fail(model_and_table: Path):
    predict = (*VERBS["predict"], "--force", "--out", "p.csv")
    for redirection in (">&-", "2>&-", "2>/dev/full", "<&- >&- 2>&-"):
        (model_and_table / "p.csv").write_text("old", encoding="utf-8")
        assert redirected(model_and_table, redirection, predict)[0] == 0
        assert (model_and_table / "p.csv").read_text(encoding="utf-8").startswith("species\n")
    code, err = redirected(model_and_table, "2>/dev/full", ("predict", "none", "t.csv"))
    assert (code, err) == (66, "")
    code, err = redirected(model_and_table, "<&-", ("predict", "m", "-"))
    assert (code, err.count("\n")) == (66, 1)
    assert "standard input is closed" in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_out_may_be_a_device(model_and_table: Path):
    predict, fit = VERBS["predict"], (*VERBS["fit"][:-1], "--json")
    code, err = redirected(model_and_table, "", (*predict, "--out", "/dev/full"))
    assert code == 74
    assert err.startswith("deltarule: writing into /dev/full broke off: No space left on device;")
    (model_and_table / "log").write_text("before\n", encoding="utf-8")
    assert redirected(model_and_table, ">>log", (*predict, "--out", "/dev/stdout")) == (0, "")
    assert (model_and_table / "log").read_text(encoding="utf-8").startswith("before\nspecies\n")
    code, err = redirected(model_and_table, ">new", (*fit, "--out", "/dev/stdout"))
    assert code == 0
    assert json.loads(err)["model"] == "/dev/stdout"
    assert load(model_and_table / "new").predict(flowers(10)).shape == (10,)


def test_ctrl_c_keeps_what_was_learnt(folder: Path):
    flowers(4000).write_csv("many.csv")
    program = (
        "import signal, sys\n"
        "from deltarule.cli import main\n"
        "import deltarule.training.loop as loop\n"
        "order, calls = loop.order_of, []\n"
        "def press(*arguments):\n"
        "    calls.append(1)\n"
        "    if len(calls) == 3:\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "    return order(*arguments)\n"
        "loop.order_of = press\n"
        "sys.exit(main(['fit', 'many.csv', '--target', 'species', '--epochs', '100000']))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 130, done.stderr
    assert "interrupted; many.deltarule holds what was learnt so far" in done.stderr
    assert "Traceback" not in done.stderr
    assert load("many.deltarule").predict(flowers(10)).shape == (10,)


@pytest.mark.parametrize(
    ("typed", "code"), [("2.5", 2), ("two", 2), ("nan", 2), ("0", 2), ("2.0", 0), ("2e0", 0)]
)
def test_a_whole_number_is_not_cut_from_a_broken_one(
    folder: Path, capsys: pytest.CaptureFixture[str], typed: str, code: int
):
    ended, _, err = run("fit", "flowers.csv", "--target", "species", "--epochs", typed, capsys=capsys)
    assert ended == code
    if code:
        assert (typed in err, "epochs" in err, err.count("\n")) == (True, True, 1)
        assert not Path("flowers.deltarule").exists()


def test_check_takes_a_gradient_of_one_s_own(folder: Path, capsys: pytest.CaptureFixture[str]):
    run(*FIT, capsys=capsys)
    model, table = load("flowers.deltarule").model_, Table.of(read_table("flowers.csv"))
    g = model.network.astype("float64").gradients(*model.arrays(table))
    ask = ["check", "flowers.deltarule", "flowers.csv", "--parameters", "20", "--gradient", "own.npy"]
    code, _, err = run(*ask, capsys=capsys)
    assert (code, err.count("\n")) == (66, 1)
    assert err.startswith("deltarule: cannot read own.npy: No such file")
    Path("own.npy").write_text("not an array", encoding="utf-8")
    code, _, err = run(*ask, capsys=capsys)
    assert (code, "is not a .npy file" in err, "pickle" in err) == (65, True, False)
    for own, expected, told in (
        (g.theta, 0, "PASS: the gradient given is right in"),
        (
            120 * g.theta,
            1,
            "all arrays: 120 times what is right: summed over the N = 120 examples, not divided by N",
        ),
    ):
        np.save("own.npy", own)
        code, out, _ = run(*ask, capsys=capsys)
        assert code == expected
        assert told in out
    np.save("own.npy", g.theta[1:])
    code, _, err = run(*ask, capsys=capsys)
    assert code == 65
    assert f"expected ({len(g.theta)},), like theta" in err


@pytest.mark.parametrize("inherited", [signal.SIG_IGN, signal.SIG_DFL])
def test_ctrl_c_before_training_writes_nothing(folder: Path, inherited: signal.Handlers):
    """Also where Ctrl-C was ignored by what started it, as shells do with what runs in the background."""
    program = (
        "import signal, sys\n"
        "from deltarule.cli import main\n"
        "import deltarule.cli.fit as fit\n"
        "fit.read_table = lambda *a, **k: signal.raise_signal(signal.SIGINT)\n"
        "sys.exit(main(['fit', 'flowers.csv', '--target', 'species']))\n"
    )
    before = signal.signal(signal.SIGINT, inherited)  # which a new process takes over
    try:
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=False
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert (done.returncode, done.stderr) == (130, "deltarule: interrupted; nothing was written.\n")
    assert not Path("flowers.deltarule").exists()


def test_a_command_leaves_the_handling_of_ctrl_c_as_it_was(folder: Path):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert main([*FIT, "--quiet"]) == 0
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_unexpected_error_is_one_line_unless_debug(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("first\nsecond")

    monkeypatch.setattr("deltarule.cli.fit.read_table", fail)
    code, _, err = run(*FIT, capsys=capsys)
    assert code == 1
    assert err.startswith("deltarule: unexpected RuntimeError: first (")
    assert err.count("\n") == 1
    with pytest.raises(RuntimeError):
        main([*FIT, "--debug"])


def test_out_of_memory_is_71(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fail(*arguments: object, **options: object) -> None:
        raise MemoryError

    monkeypatch.setattr("deltarule.cli.fit.read_table", fail)
    code, out, err = run(*FIT, capsys=capsys)
    assert (code, out) == (71, "")
    assert err.startswith("deltarule: out of memory: ")
    assert err.count("\n") == 1


LIMITED = """
import os, resource, signal, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv.pop(1)) << 20,) * 2)
from deltarule import memory
from deltarule.cli import main
import deltarule.cli.{module} as verb
{change}
sys.exit(main())
"""


def limited(
    where: Path, megabytes: int, words: Sequence[str], change: str = "", module: str = "apart"
) -> tuple[int, str, str]:
    """Run a command under a limit of memory; return how it ended, and what it wrote."""
    program = LIMITED.format(module=module, change=change)
    command = [sys.executable, "-c", program, str(megabytes), *words]
    done = subprocess.run(command, cwd=where, capture_output=True, encoding="utf-8", check=False)
    return done.returncode, done.stdout, done.stderr


ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds processes to such limits")


@ON_LINUX
@pytest.mark.parametrize("megabytes", [60, 450, 800, 1300, 16_000])
def test_fit_under_a_limit_of_memory_ends_well_or_with_71(model_and_table: Path, megabytes: int):
    """Whatever is refused memory on the way: loaders, Polars' and OpenBLAS's native code, Numba, arrays."""
    code, out, err = limited(model_and_table, megabytes, (*VERBS["fit"], "--out", f"of {megabytes}"))
    if code == 0:
        assert (err, "Model    of" in out) == ("", True)
        return
    assert megabytes < 16_000
    assert (code, out, err.count("\n")) == (71, "", 1), err
    assert err.startswith("deltarule: out of memory: ")


FORK_SLOWLY = """
import threading
fork = os.fork
def slowly():
    if child := fork():
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    return child
os.fork = slowly
threading.Thread(target=threading.Event().wait, daemon=True).start()
"""


@ON_LINUX
def test_a_process_that_ends_before_it_is_waited_for(model_and_table: Path):
    """Another thread, which is told of its end first, forgets it."""
    code, out, err = limited(model_and_table, 16_000, (*VERBS["fit"], "--out", "slow"), FORK_SLOWLY)
    assert (code, err, "Model    slow" in out) == (0, "", True)


@ON_LINUX
@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("os.abort()", 71),
        ("os.kill(os.getpid(), signal.SIGSEGV)", 71),
        ("(os.write(2, b'native words'), os._exit(1))", 71),
        ("type('PanicException', (BaseException,), {})()", 71),
        ("ImportError('x.so: failed to map segment from shared object')", 71),
        ("signal.alarm(15), os.kill(os.getppid(), signal.SIGTERM), signal.pause()", 143),
        ("KeyboardInterrupt()", 130),
        ("RuntimeError('other')", 1),
    ],
)
def test_a_process_that_is_ended_under_a_limit_is_spoken_for(model_and_table: Path, end: str, expected: int):
    change = f"""
def fail(*arguments, **options):
    with memory.room_for("the table"):
        fate = {end}
        if isinstance(fate, BaseException):
            raise fate
verb._examine = fail
"""
    code, out, err = limited(model_and_table, 16_000, VERBS["doctor"], change, "doctor")
    assert (code, out) == (expected, "")
    assert "native words" not in err
    assert err.count("\n") == (0 if expected == 143 else 1)
    if expected == 71:
        told = "the program itself" if "segment" in end else "the table"
        assert err.startswith(f"deltarule: out of memory: {told} does not fit; ")


@ON_LINUX
def test_a_process_that_is_ended_after_its_last_sentence_is_not_spoken_for(model_and_table: Path):
    """As by a thread of a native library that is refused memory a moment later."""
    change = """
import builtins
say = print
builtins.print = lambda *words, **options: (say(*words, **options, flush=True), os.abort())
def fail(*arguments, **options):
    raise MemoryError
verb._examine = fail
"""
    code, out, err = limited(model_and_table, 16_000, VERBS["doctor"], change, "doctor")
    assert (code, out, err.count("\n")) == (71, "", 1), err
    assert err.startswith("deltarule: out of memory: the data and what is made of them do not fit; ")


@ON_LINUX
def test_codes_and_output_of_a_limited_process_are_those_of_any(model_and_table: Path):
    words = VERBS["predict"]
    done = command(*words, cwd=model_and_table)
    assert limited(model_and_table, 16_000, words) == (0, done.stdout, "")
    code, _, err = limited(model_and_table, 16_000, ("predict", "none", "t.csv"))
    assert (code, err.startswith("deltarule: there is no model file none")) == (66, True)
    code, _, err = limited(model_and_table, 16_000, ("predict", "none", "t.csv", "--debug"))
    assert (code, "InputError" in err.splitlines()[-1]) == (1, True)


TARGETS = {
    "adult": "income",
    "california_housing": "median_house_value",
    "diamonds": "price",
    "mpg": "mpg",
    "penguins": "species",
    "taxis": "tip",
    "titanic": "survived",
}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared tables are not here")
@pytest.mark.parametrize(("name", "target"), TARGETS.items())
def test_every_real_table_without_an_option(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, target: str
):
    path = str(SHARED / f"{name}.csv")
    code, out, err = run("fit", path, "--target", target, "--json", capsys=capsys)
    assert (code, err) == (0, "")
    scores = json.loads(out)["scores"]["test"]
    assert (
        scores.get("r2", scores.get("accuracy"))
        > scores.get("constant_r2", scores.get("constant_accuracy")) + 0.05
    )
    code, out, err = run("predict", f"{name}.deltarule", path, capsys=capsys)
    assert code == 0
    assert all("far outside: training had" in line for line in err.splitlines())  # diamonds of 31.8 mm
    code, out, _ = run("evaluate", f"{name}.deltarule", path, "--json", capsys=capsys)
    assert code == 0
    assert json.loads(out)["rows"] == len(pl.read_csv(path, infer_schema_length=None))


def test_doctor_tells_what_is_compiled(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DELTARULE_ENGINE", raising=False)
    table = flowers(60).select("length", "species")
    TableClassifier(epochs=1).fit(table.drop("species"), table["species"])
    code, out, err = run("doctor", capsys=capsys)
    assert (code, err) == (0, "")
    for label in ("deltarule", "Engine", "Threads", "Processor", "Vectors", "BLAS", "Cache"):
        assert f"\n{label} " in f"\n{out}"
    code, out, _ = run("doctor", "--json", capsys=capsys)
    found = json.loads(out)
    assert found["engine"] == "compiled"
    assert found["cache"]["float32"] is True  # the training above needed it


def test_doctor_where_nothing_is_compiled(folder: Path):
    empty = {**os.environ, "DELTARULE_CACHE": str(folder / "cache")}
    out = command("doctor", env=empty).stdout
    assert "nothing is compiled yet; deltarule doctor --warm does it" in " ".join(out.split())


def test_doctor_refuses_an_unknown_engine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DELTARULE_ENGINE", "compield")
    code, out, err = run("doctor", capsys=capsys)
    assert (code, out) == (2, "")
    assert "DELTARULE_ENGINE" in err
    assert "did you mean 'compiled'?" in err


def test_import_is_quick_in_what_it_loads():
    program = "import sys, deltarule, deltarule.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True
    ).stdout.split()
    assert {"sklearn", "scipy", "polars", "pandas", "narwhals", "numpy", "matplotlib"}.isdisjoint(loaded)


@pytest.mark.usefixtures("folder")
def test_fit_and_predict_do_without_what_takes_long_to_import():
    program = (
        "import sys\n"
        "from deltarule.cli import main\n"
        "main(['fit', *'flowers.csv --target species --epochs 1 --quiet'.split()])\n"
        "main(['predict', *'flowers.deltarule flowers.csv --out predicted.csv'.split()])\n"
        "print(*sorted({'sklearn', 'scipy', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert ended.stdout == "\n"
    assert type(load("flowers.deltarule")) is TableClassifier
