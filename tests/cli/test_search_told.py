"""fit --tune: what it prints, keeps and refuses, as typed."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from deltarule.cli import main

FIT = "fit t.csv --target y --epochs 3 --force"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    y = np.where(X[:, 0] + 0.5 * rng.normal(size=100) > 0, "yes", "no")
    pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": y}).write_csv("t.csv")

    def typed(words: str) -> tuple[int, str, str]:
        code = main(shlex.split(words))
        return (code, *capsys.readouterr())

    return typed


def test_the_table_of_what_was_tried_is_shown(run: Any):
    code, out, err = run(f"{FIT} --tune 12 --tune-file s.jsonl")
    assert (code, err) == (0, "")
    assert "Search   Of 12 settings, " in out
    assert out.count("\n  default  ") == 3
    assert "  ... and 4 more\n" in out
    is_found = "the best have a loss of" in out
    assert is_found == ("validation flatters: the settings are the best of many by these rows" in out)
    code, shown, _ = run("inspect t.deltarule")
    assert code == 0
    assert out[out.index("Search ") : out.index("... and 4")] in shown
    code, out, _ = run(f"{FIT} --tune 12 --tune-file s.jsonl --json")
    search = json.loads(out)["search"]
    assert code == 0
    assert sorted(row["number"] for row in search["tried"]) == [0, 0, *range(12)]
    assert len(Path("s.jsonl").read_text(encoding="utf-8").splitlines()) == 1 + 11
    assert json.loads(run(FIT + " --json")[1])["search"] is None


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("--tune 0", 2, "--tune is 0; it must be a whole number from 1 on"),
        ("--tune 2.5", 2, "--tune is 2.5; it must be a whole number from 1 on"),
        ("--tune many", 2, "--tune is 'many'; it must be a whole number from 1 on"),
        (
            "--tune-file s.jsonl",
            2,
            "nothing is searched; tune must be given, too, such as tune=20 (--tune 20)",
        ),
        ("--tune 3 --only W[1]", 2, "which only cannot have"),
        ("--tune 3 --validation 0", 2, "tune judges by rows held out, and there are none"),
        (
            "--tune 3 --tune-file t.csv",
            2,
            "t.csv is not the file of a search; give another tune_file (--tune-file)",
        ),
        ("--tune 3 --tune-file no/s.jsonl", 73, "no/s.jsonl cannot be written: there is no folder no"),
    ],
)
def test_what_cannot_be_searched_is_said_in_one_sentence(run: Any, words: str, code: int, said: str):
    ended, out, err = run(f"{FIT} {words}")
    assert (ended, out) == (code, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert not Path("t.deltarule").exists()
