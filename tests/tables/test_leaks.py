"""Columns that alone tell the target are named; honest ones, however good, are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine

from deltarule.tables import ClassTarget, Table, guess_task, read_table, schema
from deltarule.tables.leaks import suspected_leaks

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def named(columns: dict[str, Any], y: np.ndarray) -> list[str]:
    """Return the columns that are named beside one of noise."""
    noise = np.random.default_rng(99).normal(size=len(y))
    return [said.split(":")[0] for said in suspected_leaks(Table.of({"noise": noise, **columns}), "y", y)]


@pytest.mark.parametrize("N", [60, 500, 30_000])
def test_copies_of_a_value_are_named(N):
    rng = np.random.default_rng(0)
    y = rng.lognormal(size=N)
    leaks = {
        "cents": 100 * y, "falling": 5 - 2 * y, "log": np.log(y), "noisy": y * (1 + 0.003 * rng.normal(size=N)),
        "gaps": np.where(rng.random(N) < 0.2, np.nan, y), "rank": np.argsort(np.argsort(y)) ** 2,
    }  # fmt: skip
    honest = {
        "half": y + rng.normal(size=N), "good": np.log(y) + 0.2 * rng.normal(size=N), "band": np.round(2 * np.log(y)),
        "constant": np.ones(N), "key": [f"k{n}" for n in range(N)], "missing": [None] * N, "wave": np.sin(6 * y),
    }  # fmt: skip
    assert named(leaks | honest, y) == list(leaks)


@pytest.mark.parametrize("N", [60, 500, 30_000])
def test_copies_of_a_class_are_named(N):
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, N)
    other = rng.integers(0, 3, N)
    leaks = {
        "code": np.array(["x", "y", "z"])[y], "level": [f"{'xyz'[k]}{n % 3}" for n, k in enumerate(y)],
        "score": y + 0.3 * rng.random(N),
    }  # fmt: skip
    honest = {
        "part": np.where(rng.random(N) < 0.9, y, other), "two": y == 1, "near": y + 0.4 * rng.normal(size=N),
        "key": [f"k{n}" for n in range(N)], "once": np.arange(N), "missing": [None] * N,
    }  # fmt: skip
    assert named(leaks | honest, y) == list(leaks)
    died = (rng.random(N) < 0.3).astype(int)
    day = np.where(died == 1, np.datetime64("2020-01-01"), np.datetime64("NaT"))
    assert named({"day of death": day, "day": np.full(N, np.datetime64("2020-01-01"))}, died) == [
        "day of death"
    ]


def test_grades_in_words_and_points():
    points = np.random.default_rng(0).integers(0, 16, 300)
    words = [f"grade {p}" for p in points]
    assert named({"words": words}, points.astype(float)) == ["words"]
    assert named({"words": words}, points) == ["words"]


def test_copies_of_rows_are_no_leaks_and_few_values_may_be():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=300), rng.integers(0, 2, 300)
    assert named({"x": np.r_[x, x, x]} | {"noise": np.r_[x, x, x] ** 2}, np.r_[y, y, y]) == []
    rank, who = rng.integers(0, 3, 900), rng.integers(0, 2, 900)
    table = Table.of({"rank": rank, "alive": np.array(["no", "yes"])[who]})
    assert [said.split(":")[0] for said in suspected_leaks(table, "survived", who)] == ["alive"]


def test_the_words_can_be_typed_and_one_column_alone_is_not_named():
    y = np.random.default_rng(0).normal(size=50)
    two = Table.of({"n": y[::-1].copy(), "in cents": 100 * y})
    assert suspected_leaks(two, "price", y)[0].endswith('(--ignore "in cents" leaves it out)')
    assert suspected_leaks(two.without("n"), "price", y) == ()
    assert suspected_leaks(two.rows(np.arange(19)), "price", y[:19]) == ()
    assert suspected_leaks(two, "rare", np.r_[np.zeros(46, int), np.ones(4, int)]) == ()


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_diabetes])
def test_honest_tables(load):
    X, y = load(return_X_y=True)
    assert suspected_leaks(Table.of(X), "y", y) == ()


@pytest.mark.skipif(not DATA.is_dir(), reason="the real tables are not here")
@pytest.mark.parametrize(
    ("name", "target", "leaks"),
    [
        ("adult", "income", []),
        ("california_housing", "median_house_value", []),
        ("diamonds", "price", []),
        ("mpg", "mpg", []),
        ("penguins", "species", []),
        ("taxis", "tip", []),
        ("titanic", "survived", ["alive"]),
        ("more/bodyfat", "class", ["Density"]),
        ("more/vote", "Class", []),
        ("more/soybean", "class", []),
        ("more/boston_housing", "class", []),
    ],
)
def test_real_tables(name, target, leaks):
    raw = Table.of(read_table(DATA / f"{name}.csv"))
    table, _ = schema(raw).read(raw)
    y = table[target]
    values = ClassTarget.fit(y).encode(y) if guess_task(y)[0] == "classification" else y.values
    said = suspected_leaks(table.without(target), target, values)
    assert [each.split(":")[0] for each in said] == leaks
