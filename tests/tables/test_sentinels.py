"""Numbers far from all others: which are named as signs for missing values, and which are not."""

from __future__ import annotations

import re

import numpy as np
import pytest

from deltarule.tables import Table, schema


@pytest.mark.parametrize(
    ("sign", "low", "high"),
    [(-999, 0, 50), (9999, 20, 400), (99.9, 35, 42), (0, 40, 180), (-99, -10, 30), (888, 1, 90)],
)
@pytest.mark.parametrize("as_text", [False, True])
def test_a_sign_for_missing_is_named_with_what_clears_it(sign, low, high, as_text):
    values = np.round(np.random.default_rng(0).uniform(low, high, 200), 1)
    values[[3, 50, 120]] = sign
    table = Table.of({"a b": [f"{value:g}" for value in values] if as_text else values})
    [said] = schema(table).notices
    assert said.startswith(f"a b: {sign} in 3 rows, first row 4, is far from the rest (")
    [words] = re.findall(r'--missing "(.*)" says so', said)
    cleared = schema(table, missing=[words])
    assert cleared.notices == ()
    assert np.flatnonzero(cleared.read(table)[0]["a b"].is_missing).tolist() == [3, 50, 120]


@pytest.mark.parametrize(
    "values",
    [
        np.repeat(np.arange(0, 100, 5), 10),  # 0 is as far as the others are from each other
        np.arange(200) % 100,  # 99 and 0 belong to the rest
        np.append(np.random.default_rng(0).exponential(100.0, 200).round(), [0, 0, 0]),
        np.append(np.random.default_rng(0).normal(50, 10, 200), -77.0),  # once, and not as far
        np.append(
            np.random.default_rng(0).normal(20, 9, 200).round(), [-1.0, -1.0]
        ),  # not the only one below 0
        np.array([-1, 0, 1] * 50),
        np.array([1, 2, 3, 4, 5, 7] * 30),
        np.append(np.random.default_rng(0).normal(50, 10, 200), [-500.0, -500.0]),  # no usual sign
        np.array([0, 1] * 100),
    ],
)
def test_honest_numbers_are_not_named(values):
    assert schema({"a": values}).notices == ()


@pytest.mark.parametrize(
    ("signs", "rest"),
    [
        ([-999.0], range(20, 80)),  # once, and very far
        ([-999, -888, -999, -888], range(20, 80)),
        ([-9, -8, -9, -8], [1, 2, 3, 4, 5] * 10),
        ([99, 99], [1, 2, 3, 4, 5] * 10),
        ([-1] * 9, [*range(80)] * 2),  # the only one below 0, and the most frequent
        ([-9, -9], range(18, 90)),
        ([65_535, 65_535], range(20, 800)),
        ([1e20] * 5, range(20, 80)),
        ([2_147_483_647] * 3, range(5000)),
    ],
)
def test_signs_of_other_kinds_are_named(signs: list[float], rest: list[float]):
    table = Table.of({"a": [*map(float, rest), *map(float, signs)]})
    words = re.findall(r'--missing "([^"]*)" says so', " ".join(schema(table).notices))
    assert {float(each.removeprefix("a=")) for each in words} == set(map(float, signs))
    assert schema(table, missing=words).notices == ()


@pytest.mark.parametrize("day", ["1900-01-01", "1970-01-01", "2100-01-01"])
@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y", ""])
def test_days_that_mean_none_are_named(day: str, form: str):
    days = np.append(np.datetime64("2019-01-01") + np.arange(0, 600, 7), np.repeat(np.datetime64(day), 3))
    column = [each.strftime(form) for each in days.tolist()] if form else days
    [said] = schema({"a": column}).notices
    [words] = re.findall(r'--missing "(.*)" says so', said)
    found = schema({"a": column}, missing=[words])
    assert found.notices == ()
    assert int(found.read(Table.of({"a": column}))[0]["a"].is_missing.sum()) == 3


def test_birthdays_before_1970_make_no_sign_of_its_first_day():
    days = np.datetime64("1940-01-01") + np.arange(0, 20_000, 50)
    assert schema({"born": np.append(days, [np.datetime64("1970-01-01")] * 2)}).notices == ()
