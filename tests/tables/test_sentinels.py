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
        np.append(np.random.default_rng(0).normal(50, 10, 200), -999.0),  # once
        np.append(np.random.default_rng(0).normal(50, 10, 200), [-500.0, -500.0]),  # no usual sign
        np.array([0, 1] * 100),
    ],
)
def test_honest_numbers_are_not_named(values):
    assert schema({"a": values}).notices == ()
