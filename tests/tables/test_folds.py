"""Splits of a table: what may never stand on both sides does not, every class keeps its share, and all is told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule.errors import DataError
from deltarule.tables import Column, Table
from deltarule.tables.folds import Split, hashes, is_whole, split
from deltarule.training import hold_out


def drawn(table: Table, share: float = 0.2, seed: int = 0, **options) -> Split:
    return split(table, share, np.random.default_rng(seed), part="test part", **options)


def table_of(N: int, copies: int, seed: int) -> tuple[Table, np.ndarray]:
    """Return a table in which some rows are copies of others, shuffled, and the classes of its rows."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(np.r_[np.arange(N), rng.integers(0, N, copies)])
    number = rng.normal(size=N)
    number[::7] = np.nan
    texts = [None if n % 5 == 0 else f"t{n}" for n in range(N)]
    table = Table.of({"x": number, "t": texts, "n": np.arange(N)}).rows(rows)
    return table, rng.integers(0, 3, N)[rows]


@given(st.integers(10, 60), st.integers(0, 80), st.floats(0.05, 0.6), st.integers(0, 5))
def test_equal_rows_are_on_one_side(N, copies, share, seed):
    table, classes = table_of(N, copies, seed)
    for known in (None, classes):
        found = drawn(table, share, seed, classes=known)
        assert sorted([*found.learn, *found.held]) == list(range(len(table)))
        learnt, held = set(table["n"].values[found.learn]), set(table["n"].values[found.held])
        assert learnt.isdisjoint(held)
        assert len(found.held) <= share * len(table) + copies / 2 + 3
        n_equal = len(table) - len(np.unique(table["n"].values))
        assert any(f"{n_equal:,} row" in said and "equal" in said for said in found.notices) == (n_equal > 0)


@pytest.mark.parametrize("classes", [None, np.arange(300) % 3])
def test_without_copies_rows_are_held_out_as_ever(classes):
    table = Table.of({"x": np.random.default_rng(0).normal(size=300)})
    found = drawn(table, classes=classes)
    kept, held = hold_out(300, 0.2, np.random.default_rng(0), classes)
    assert found.learn.tolist() == kept.tolist()
    assert found.held.tolist() == held.tolist()
    assert found.notices == ()


def test_a_row_that_fills_half_of_the_table_is_learnt_from_and_shares_hold_for_the_others():
    x = np.r_[np.zeros(500), np.random.default_rng(0).normal(size=500)]
    found = drawn(Table.of({"x": x, "y": 2 * x}))
    assert len(found.held) == 100
    assert (x[found.held] != 0).all()


def test_few_values_make_equal_rows_that_are_no_copies():
    rng = np.random.default_rng(0)
    sex, rank = rng.integers(0, 2, 600), rng.integers(0, 3, 600)
    table = Table.of({"sex": sex, "rank": rank, "survived": (sex + rng.random(600) > 0.9)})
    by_chance, together = drawn(table), drawn(table, equal_rows="together")
    assert (len(by_chance.held), by_chance.notices) == (
        120,
        (
            "591 rows equal an earlier one, no more than chance makes of so few values; they are drawn like any others "
            "(--equal-rows together keeps them together)",
        ),
    )
    keys = hashes(table)
    assert np.isin(keys[by_chance.held], keys[by_chance.learn]).all()
    assert not np.isin(keys[together.held], keys[together.learn]).any()
    one = Table.of({"x": rng.integers(0, 100, 150), "c": np.arange(150) % 3})
    assert "chance" in drawn(one).notices[0]


def test_told_apart_equal_rows_are_as_any_others():
    table, classes = table_of(50, 50, 0)
    found = drawn(table, classes=classes, equal_rows="apart")
    assert found.held.tolist() == drawn(Table.of({"n": np.arange(100.0)}), classes=classes).held.tolist()
    assert found.notices == ()


def test_a_class_of_few_rows_is_learnt_from_and_that_is_told():
    classes = np.r_[np.zeros(50, int), np.ones(50, int), 2, 3]
    table = Table.of({"x": np.random.default_rng(0).normal(size=102)})
    for seed in range(20):
        found = drawn(table, seed=seed, classes=classes)
        assert set(classes[found.learn]) == {0, 1, 2, 3}
        assert found.notices == ("2 classes of few rows are learnt from, with none in the test part",)


@given(st.integers(2, 40), st.integers(0, 3), st.booleans())
def test_groups_stay_whole_and_every_class_is_learnt_where_that_can_be(n_groups, seed, has_classes):
    rng = np.random.default_rng(seed)
    N = 200
    groups = np.r_[np.arange(n_groups), rng.integers(0, n_groups, N - n_groups)]
    classes = rng.integers(0, 2, N) if has_classes else None
    table = Table.of({"x": rng.normal(size=N)})
    found = drawn(table, 0.25, seed, classes=classes, group=Column.of("g", [f"p{g}" for g in groups]))
    assert sorted([*found.learn, *found.held]) == list(range(N))
    assert set(groups[found.learn]).isdisjoint(groups[found.held])
    assert len(found.held) > 0
    if n_groups > 9:
        assert abs(len(found.held) - 50) < 30
    if classes is not None:
        assert set(classes[found.learn]) == set(classes)
    k = len(set(groups[found.held]))
    assert found.notices == (f"g: {k} of {n_groups} groups are the test part; no group is on both sides",)


def test_what_equals_a_row_of_another_group_is_not_tested_on():
    x = np.random.default_rng(0).normal(size=100)
    x[50:60] = x[:10]
    group = np.arange(100) // 50
    found = drawn(Table.of({"x": x, "y": 2 * x}), 0.5, group=Column.of("g", group))
    assert (len(found.learn), len(found.held)) == (50, 40)
    assert set(x[found.learn]).isdisjoint(x[found.held])
    assert found.notices[-1] == (
        "10 rows equal one to learn from, and are left out of the test part (--equal-rows apart keeps them)"
    )
    kept = drawn(Table.of({"x": x, "y": 2 * x}), 0.5, group=Column.of("g", group), equal_rows="apart")
    assert len(kept.held) == 50


def test_classes_of_one_group_are_learnt_where_others_can_be_held_out():
    group = np.arange(100) // 10
    classes = np.where(group == 4, 1, 0)
    for seed in range(10):
        found = drawn(
            Table.of({"x": np.arange(100.0)}), seed=seed, classes=classes, group=Column.of("g", group)
        )
        assert 4 in group[found.learn]
    alone = drawn(Table.of({"x": np.arange(20.0)}), 0.5, classes=group[:20], group=Column.of("g", group[:20]))
    assert len(alone.held) == 0
    assert "10 rows of the test part are of a class that no row to learn from has" in alone.notices[-1]


@pytest.mark.parametrize(
    ("times", "begin"),
    [
        (np.arange(100.0), "80"),
        (np.datetime64("2020-01-01", "D") + np.arange(100), "2020-03-21"),
        (
            np.datetime64("2020-01-01T12", "us") + np.arange(100) * np.timedelta64(1, "h"),
            "2020-01-04T20:00:00",
        ),
    ],
)
def test_the_last_in_time_are_held_out(times, begin):
    order = np.random.default_rng(0).permutation(100)
    table = Table.of({"x": np.arange(100.0)})
    found = drawn(table, time=Column.of("t", times[order]))
    assert sorted(order[found.held]) == list(range(80, 100))
    assert found.notices == (f"t: the test part is the last 20 rows, from {begin} on",)


def test_ties_stay_together_and_rows_without_a_time_come_first():
    years = np.r_[np.full(10, np.nan), np.repeat([2018.0, 2019.0, 2020.0], 30)]
    found = drawn(Table.of({"x": np.arange(100.0)}), time=Column.of("year", years))
    assert (years[found.held] == 2020).all()
    assert len(found.held) == 30
    assert found.notices[1] == "year: 10 rows without a time count as the first"


def test_groups_that_end_last_are_held_out():
    group, time = np.arange(100) // 10, np.arange(100.0)
    table = Table.of({"x": np.arange(100.0)})
    found = drawn(table, group=Column.of("g", group), time=Column.of("t", time))
    assert found.held.tolist() == list(range(80, 100))
    time[0] = 95
    found = drawn(table, group=Column.of("g", group), time=Column.of("t", time))
    assert 0 in found.held or "1 row to learn from is as late" in found.notices[-1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"group": Column.of("g", ["a"] * 30)}, "the group column 'g' is a in every row"),
        ({"group": Column.of("g", [None] * 30)}, "the group column 'g' is None in every row"),
        ({"time": Column.of("t", [7] * 30)}, "the time column 't' is 7 in every row"),
        (
            {"time": Column.of("t", ["a", "b"] * 15)},
            "the time column 't' is text, such as 'a'; it must be of dates",
        ),
        ({"time": Column.of("t", [True, False] * 15)}, "the time column 't' is boolean"),
    ],
)
def test_what_nothing_can_be_split_by(options, said):
    with pytest.raises(DataError) as caught:
        drawn(Table.of({"x": np.arange(30.0)}), **options)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)
    assert len(split(Table.of({"x": [1.0, 2.0]}), 0, np.random.default_rng(0)).held) == 0
    assert is_whole(Column.of("g", ["a", "a"]))
    assert not is_whole(Column.of("g", ["a", None]))


@pytest.mark.parametrize("N", [1, 2, 3])
def test_few_rows_are_learnt_from_and_that_is_told(N):
    found = drawn(Table.of({"x": np.arange(float(N))}), 0.1, seed=1)
    assert len(found.learn) == N or len(found.held) == 1
    assert len(found.held) == 1 or "too few; there is no test part" in found.notices[0]


def test_the_source_and_the_seed_decide():
    table, classes = table_of(100, 40, 3)
    for options in ({}, {"group": Column.of("g", np.arange(140) % 11)}):
        first, again = (drawn(table, seed=5, classes=classes, **options) for _ in range(2))
        assert first.held.tolist() == again.held.tolist()
        assert first.held.tolist() != drawn(table, seed=6, classes=classes, **options).held.tolist()
