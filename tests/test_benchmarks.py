"""benchmarks/accuracy.py: what it measures is kept, taken up and compared."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ACCURACY = Path(__file__).parent.parent / "benchmarks" / "accuracy.py"


def accuracy(*words):
    command = [sys.executable, str(ACCURACY), *map(str, words)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


def read(results):
    return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]


def cells(page, first):
    """Return the cells of the page's lines that begin with a cell."""
    lines = page.read_text(encoding="utf-8").splitlines()
    return [
        [cell.strip() for cell in line.split("|")[2:-1]] for line in lines if line.startswith(f"| {first} |")
    ]


@pytest.fixture
def page(tmp_path):
    file = tmp_path / "page.md"
    file.write_text(
        "Above.\n<!-- made by accuracy.py -->\nold\n<!-- end of accuracy.py -->\nBelow.\n", encoding="utf-8"
    )
    return file


def test_what_is_measured_is_not_measured_again(tmp_path, page):
    results = tmp_path / "new" / "results.jsonl"
    words = [
        "--models",
        "mlp",
        "deltarule",
        "--tables",
        "iris",
        "diabetes",
        "--seeds",
        3,
        "--results",
        results,
    ]
    done = accuracy(*words, "--report", page)
    assert done.returncode == 0, done.stderr
    rows = read(results)
    assert [(row["table"], row["model"]) for row in rows] == [
        ("iris", "mlp"), ("iris", "deltarule"), ("diabetes", "mlp"), ("diabetes", "deltarule"),
    ]  # fmt: skip
    assert all(row["seed"] == 3 and row["rows"] + row["held"] in (150, 442) for row in rows)
    assert all(row[name] >= 0 for row in rows for name in ("fit", "fit_cpu", "predict", "predict_cpu"))
    assert all(row["log_loss"] < 0.5 and row["accuracy"] > 0.8 for row in rows[:2])
    assert all(40 < row["rmse"] < 80 and row["r2"] > 0.2 for row in rows[2:])
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Above.")
    assert text.endswith("Below.\n")
    assert "old" not in text
    assert cells(page, "iris")[-1][:2] == ["120", "30"]

    rows[0]["version"] = "0.1"  # another version's are
    results.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    done = accuracy(*words)
    assert done.stdout.startswith("1 of 1  iris 3  mlp"), done.stdout + done.stderr
    again = read(results)
    assert again[:3] == rows[1:]
    assert again[3]["log_loss"] == rows[0]["log_loss"]
    assert accuracy(*words).stdout == ""


def test_errors_are_compared_over_the_splits_that_both_have(tmp_path, page):
    def row(model, table, seed, **measured):
        seconds = {"fit": 1, "fit_cpu": 1.0, "predict": 1, "predict_cpu": 0.5, "rows": 100, "held": 25}
        return (
            {"model": model, "version": "1", "table": table, "seed": seed, "processor": "P"}
            | seconds
            | measured
        )

    rows = [
        row("deltarule", "segment", 0, log_loss=0.1, accuracy=0.9),
        row("deltarule", "segment", 1, log_loss=9.0, accuracy=0.1),
        row("before", "segment", 0, log_loss=0.4, accuracy=0.9),
        row("deltarule", "quake", 0, rmse=1.0, r2=0.5),
        row("before", "quake", 0, rmse=1.0, r2=0.5),
        row("deltarule", "mpg", 0, rmse=2.0, r2=0.5, fit_cpu=4.0),
        row("before", "mpg", 0, rmse=4.0, r2=0.1),
        row("lightgbm", "mpg", 0, rmse=5.0, r2=0.1),
        row("lightgbm", "quake", 0, rmse=3.0, r2=0.1) | {"fit_cpu": 9},
        {"model": "tabm", "version": "1", "table": "mpg", "seed": 0, "error": "took | long"},
    ]
    results = tmp_path / "results.jsonl"
    results.write_text(
        "".join(json.dumps(each) + "\n" for each in [rows[4] | {"rmse": 7.0}, *rows]), encoding="utf-8"
    )
    done = accuracy("--models", "--results", results, "--report", page)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    # ratios 1/4, 1 and 1/2: the second split of segment has no counterpart, the first row of quake was renewed
    assert cells(page, "deltarule before, all tables") == [["3", "0.500", "0.500", "2", "0", "1", "0"]]
    assert cells(page, "deltarule before, data/more") == [["2", "0.500", "0.625", "1", "0", "1", "0"]]
    assert cells(page, "mpg, RMSE") == [["<= 2.5", "2", "4", "5", "yes"]]
    assert cells(page, "seconds of fit") == [["10 times LightGBM's or 3", "more on none", "", "", "yes"]]
    assert cells(page, "seconds of fit for 1,000 rows") == [["<= 10", "more on mpg", "", "", "no"]]
    assert cells(page, "segment")[0] == ["log loss", "**4.55**", "0.4 (1)", ""]
    assert cells(page, "TabM") == [["mpg", "0", "took / long"]]


def test_what_cannot_be_done_is_said(tmp_path, page):
    none = tmp_path / "none.jsonl"
    done = accuracy("--models", "--results", none, "--report", page)
    assert done.returncode == 2
    assert f"{none} has no row" in done.stderr
    done = accuracy("--models", "no-such", "--results", none)
    assert done.returncode == 2
    assert "invalid choice: 'no-such'" in done.stderr
    assert not none.exists()
