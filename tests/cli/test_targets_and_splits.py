"""What the verbs make of targets, groups, times and leaks, as typed; the advice that they print works."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from deltarule.cli import main

FIELD = Path(__file__).parents[2].parent / "shared" / "field"
Said = tuple[int, str, str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def typed(words: str) -> Said:
        code = main(shlex.split(words))
        return (code, *capsys.readouterr())

    return typed


def visits(N: int = 200) -> pl.DataFrame:
    """Return a table of visits of ten patients over 200 days, the last rows of which are copies of the first."""
    rng = np.random.default_rng(3)
    x, patient = rng.normal(size=N), rng.integers(0, 10, N)
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 7, 18), eager=True)
    table = pl.DataFrame({
        "dose": x, "age": rng.normal(size=N).round(3), "patient": [f"p{n}" for n in patient], "ward": ["A"] * N,
        "day": days, "note": rng.permutation(["x", "y"] * (N // 2)), "y": x + rng.normal(size=10)[patient],
    })  # fmt: skip
    return pl.concat([table, table[:40]])


def fit(run: Callable[[str], Said], words: str) -> dict[str, Any]:
    code, out, err = run(f"fit {words} --epochs 2 --json --force")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_groups_times_and_equal_rows(run: Any):
    visits().write_csv("v.csv")
    plain = fit(run, "v.csv --target y")
    assert plain["scores"]["test"]["rows"] == 48
    keys = (
        "patient: 10 keys of about 24 rows each, which may stand on both sides of a split; --group patient (in "
        'Python group="patient") keeps the rows of each together'
    )
    assert plain["notices"] == [
        keys,
        "40 rows equal an earlier one; such rows stay together, learnt from or in the test part "
        "(--equal-rows apart parts them)",
    ]
    assert fit(run, "v.csv --target y --equal-rows apart")["notices"] == [keys]
    grouped = fit(run, "v.csv --target y --group patient")
    assert re.fullmatch(
        r"patient: \d of 10 groups are the test part; no group is on both sides", grouped["notices"][0]
    )
    assert grouped["columns"]["patient"].startswith("left out: its groups stay whole; --set")
    advice = grouped["columns"]["patient"].split("; ")[1].split(" learns")[0]
    assert "text" in fit(run, f"v.csv --target y --group patient {advice}")["columns"]["patient"]
    timed = fit(run, "v.csv --target y --time day --validation 0.1")
    assert timed["notices"][0] == keys
    assert timed["notices"][1].startswith("day: the test part is the last ")
    assert timed["notices"][2].startswith("day: the validation part is the last ")
    assert "days" in timed["columns"]["day"]


def test_cells_that_cannot_be_read_are_told_once_beside_groups(run: Any):
    price = pl.Series("price", ["12.5", "13.0"] * 119 + ["oops", "1.0"])
    visits().with_columns(price, pl.Series("room", np.arange(240) % 9)).write_csv("v.csv")
    for options in ("", "--validation 0.2"):
        record = fit(run, f"v.csv --target y --group room {options}")
        assert [said for said in record["notices"] if "oops" in said] == [
            "price: 1 cell (row 239, line 240: 'oops'), not numbers, counted as missing"
        ]
        assert record["columns"]["room"].endswith('--set "room=ordered" learns from it as well')


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--group patent", "there is no group column 'patent' in v.csv; did you mean 'patient'?"),
        ("--group ward", "the group column 'ward' is A in every row; to split by it takes two groups."),
        ("--time ward", "the time column 'ward' is text, such as 'A'; it must be of dates or numbers"),
        ("--time then", "there is no time column 'then' in v.csv"),
        ('--time ward --set "ward=number"', "the column 'ward' is to be number, and none of its texts is"),
    ],
)
def test_what_nothing_can_be_split_by_gets_one_sentence(run: Any, words: str, said: str):
    visits().write_csv("v.csv")
    code, out, err = run(f"fit v.csv --target y {words}")
    assert code in (2, 65)
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_bounds_in_the_target_and_advice_that_works(run: Any):
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    y = [f"{v:.2f}" if abs(v) < 1 else "<-1" if v < 0 else "> 1.0" for v in x]
    y[7] = "ND"
    pl.DataFrame({"x": x, "z": rng.normal(size=300), "y": y}).write_csv("c.csv")
    code, out, err = run("fit c.csv --target y")
    assert (code, out) == (65, "")
    assert err.startswith("deltarule: the target 'y' is missing in ")
    assert "(row 7, line 8: '> 1.0'; row 8, line 9: 'ND'; row 10, line 11: '<-1'; ...)" in err
    advice = re.findall(r"add (--[a-z-]+)", err)
    record = fit(run, f"c.csv --target y {advice[0]}")
    assert record["task"] == "regression"
    rows = [record["scores"][part]["rows"] for part in ("train", "test")]
    assert sum(rows) == int((np.abs(np.delete(x, 7)) < 1).sum())
    assert any("such rows are left out" in said for said in record["notices"])
    code, out, err = run("evaluate c.deltarule c.csv")
    assert (code, out) == (65, "")
    assert advice[0] in err
    assert run(f"evaluate c.deltarule c.csv {advice[0]} --json")[0] == 0
    code, out, err = run("schema c.csv --target y")
    assert (code, err) == (0, "")
    assert "Target   y: regression: y is a number with decimals" in out


def test_few_rows_without_a_target_are_left_out_unless_strict(run: Any):
    rng = np.random.default_rng(0)
    kind = [None if n % 50 == 0 else "pq"[n % 2] for n in range(200)]
    pl.DataFrame({"x": rng.normal(size=200), "z": rng.normal(size=200), "y": kind}).write_csv("m.csv")
    assert fit(run, "m.csv --target y")["notices"] == [
        "y: no target in 4 of 200 rows (row 1, line 2; row 51, line 52; row 101, line 102; ...); such rows are left "
        "out (--strict, or drop_missing_target=False, refuses them)"
    ]
    code, _, err = run("fit m.csv --target y --strict --force")
    assert code == 65
    assert "the target 'y' is missing in 4 of 200 rows" in err
    assert "left out" in fit(run, "m.csv --target y --strict --drop-missing-target")["notices"][0]
    code, _, err = run("evaluate m.deltarule m.csv")
    assert code == 0
    assert err.startswith("deltarule: y: no target in 4 of 200 rows")


def test_rows_without_a_target_are_left_out_of_what_explains_and_the_others_keep_their_numbers(run: Any):
    rng = np.random.default_rng(0)
    x = rng.normal(size=100)
    kind = np.where(x > 0, "p", "q").tolist()
    kind[97] = (
        "q" if kind[97] == "p" else "p"
    )  # wrong, and the second of the rows that have one from there on
    pl.DataFrame({"x": np.where(x > 0, x + 1, x - 1), "y": kind}).write_csv("m.csv")
    run("fit m.csv --target y --epochs 30 --quiet")
    gaps: list[str | None] = [None if n < 96 and n % 3 == 0 else kind[n] for n in range(100)]
    pl.DataFrame({"x": np.where(x > 0, x + 1, x - 1), "y": gaps}).write_csv("gaps.csv")
    said = "deltarule: y: no target in 32 of 100 rows (row 1, line 2; row 4, line 5; row 7, line 8; ...); such rows "
    said += "are left out\n"
    code, out, err = run("suspects m.deltarule gaps.csv --json")
    assert (code, err, json.loads(out)["suspects"][0]["row"]) == (0, said, 98)
    assert re.search(r"(?m)^ +98 ", run("suspects m.deltarule gaps.csv")[1])
    for words in ("--pullers", "--pullers --json"):
        code, out, err = run(f"explain m.deltarule gaps.csv {words}")
        assert (code, err) == (0, said)
        assert "98" in out
    assert run("check m.deltarule gaps.csv --parameters 20")[::2] == (0, said)
    assert run("explain m.deltarule gaps.csv")[::2] == (0, said)
    assert run("explain m.deltarule gaps.csv --row 3")[0] == 0
    code, out, err = run("explain m.deltarule gaps.csv --row 4")
    assert (code, out) == (65, "")
    assert err == "deltarule: row 4 (line 5) of gaps.csv has no y, thus no loss; choose another --row.\n"


def test_a_leak_is_named_with_words_that_leave_it_out(run: Any):
    table = visits().with_columns(pl.Series("total cost", np.exp(visits()["y"])))
    table.write_csv("v.csv")
    said = fit(run, "v.csv --target y")["notices"][-1]
    assert said.startswith("total cost: alone it tells y almost exactly")
    assert said in " ".join(run("schema v.csv --target y")[1].split())
    words = re.findall(r'\((--ignore "total cost") leaves', said)[0]
    record = fit(run, f"v.csv --target y {words}")
    assert record["columns"]["total cost"].startswith("left out")
    assert not any("alone it tells" in said for said in record["notices"])


def test_columns_to_keep_leave_those_that_have_another_use(run: Any):
    visits().write_csv("v.csv")
    columns = fit(run, "v.csv --target y --keep dose --group patient --time day")["columns"]
    assert columns["age"] == "left out: told so"
    assert columns["patient"].startswith("left out: its groups stay whole")
    assert not columns["day"].startswith("left out")


def test_a_class_of_one_row_and_a_target_of_names(run: Any):
    rng = np.random.default_rng(0)
    table = pl.DataFrame({"x": rng.normal(size=101), "z": rng.normal(size=101)})
    table.with_columns(y=pl.Series(["p", "q"] * 50 + ["lone"])).write_csv("l.csv")
    record = fit(run, "l.csv --target y")
    assert record["notices"] == ["1 class of few rows is learnt from, with none in the test part"]
    table.with_columns(y=pl.Series([f"name {n}" for n in range(101)])).write_csv("n.csv")
    code, out, err = run("fit n.csv --target y")
    assert (code, out) == (65, "")
    assert "has 101 classes in 101 rows, too few rows of each to learn from" in err
    assert "Target   y: cannot be learnt" in run("schema n.csv --target y")[1]


@pytest.mark.skipif(not FIELD.is_dir(), reason="the field cases are not here")
class TestFieldCases:
    def test_guesses_do_not_refuse(self, run: Any):
        for name, target in (
            ("grades", "grade"),
            ("counts", "calls"),
            ("stars80", "stars"),
            ("stars200", "stars"),
        ):
            record = fit(run, f"{FIELD}/07/{name}.csv --target {target}")
            assert record["task"] == "regression"
            assert record["because"].endswith("--task classification takes them as classes")

    def test_an_id_of_a_file_sorted_by_class(self, run: Any):
        code, out, _ = run(f"fit {FIELD}/09/sorted.csv --target species --json")
        record = json.loads(out)
        assert code == 0
        assert record["columns"]["Id"] == "left out: a row number, from 1 to 150"
        assert record["scores"]["test"]["accuracy"] < 0.5

    def test_a_censored_target(self, run: Any):
        record = fit(run, f"{FIELD}/15/censored.csv --target arsenic")
        said = "2 of 60 rows (row 4, line 5: '<1.0'; row 41, line 42: '<1.0'); such rows are left out"
        assert said in record["notices"][1]
