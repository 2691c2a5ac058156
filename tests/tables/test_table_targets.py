"""The column to learn, there and back; and what cannot be learnt."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule.errors import DataError
from deltarule.tables import ClassTarget, Column, NumberTarget, Table, guess_task, take_target
from deltarule.tables.targets import target_from_record


def column(values, name="y"):
    return Column.of(name, values)


def refusal(function, *arguments) -> str:
    with pytest.raises(DataError) as caught:
        function(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("values", "names", "kind"),
    [
        (["b", "a", "b", "a"], ("a", "b"), "U"),
        ([3, 1, 1, 3, 1], (1, 3), "i"),
        ([2.0, 1.0, 2.0, 1.0], (1, 2), "i"),
        ([0.5, 1.0, 0.5, 1.0], (0.5, 1.0), "f"),
        ([True, False, True, False], (False, True), "b"),
        (pd.Series(["x", "y"] * 2, dtype="category"), ("x", "y"), "U"),
    ],
)
def test_classes_there_and_back(values, names, kind):
    target = ClassTarget.fit(column(values))
    assert target.names == names
    assert [type(name) for name in target.names] == [type(name) for name in names]
    y = target.encode(column(values))
    assert y.dtype == np.int64
    back = target.decode(y)
    assert back.dtype.kind == kind
    assert back.tolist() == list(values)
    again = target_from_record(json.loads(json.dumps(target.record())))
    assert again == target
    assert again.decode(y).dtype == back.dtype
    assert sum(target.frequencies) == pytest.approx(1)


@pytest.mark.parametrize(
    ("trained", "later"),
    [
        ([1, 2, 1, 2], ["1", "2"]),
        (["1", "2", "1", "2"], [1.0, 2.0]),
        ([False, True, False, True], [0, 1]),
        ([False, True, False, True], ["false", "TRUE"]),
        ([0.5, 1.0, 0.5, 1.0], [0.5, 1]),
    ],
)
def test_classes_that_come_in_another_type(trained, later):
    assert ClassTarget.fit(column(trained)).encode(column(later)).tolist() == [0, 1]


def test_classes_that_cannot_be_learnt():
    missing = refusal(ClassTarget.fit, column(["a", None, "b", None]))
    assert "the target 'y' is missing in 2 rows, first in row 2; fill it or remove such rows" in missing
    assert "is a in every row" in refusal(ClassTarget.fit, column(["a", "a"]))
    assert "class 'b' of the target 'y' has 1 row," in refusal(ClassTarget.fit, column(["a", "a", "b"]))
    assert "has 1 row (so have 1 others)" in refusal(ClassTarget.fit, column(["a", "a", "b", "c"]))
    many = refusal(ClassTarget.fit, column(list(range(1001)) * 2))
    assert "1,001 classes" in many
    assert "--task regression" in many
    target = ClassTarget.fit(column([1, 2, 1, 2]))
    unknown = refusal(target.encode, column([1.0, 1.5]))
    assert "is '1.5' in row 2, a class that was not in training; known: '1', '2'" in unknown


@given(st.lists(st.text("abé ", max_size=3), min_size=1, max_size=20))
def test_decode_undoes_encode_of_classes(names):
    values = [*names, *names, "p", "p", "q", "q"]
    target = ClassTarget.fit(column(values))
    assert target.decode(target.encode(column(values))).tolist() == values


@given(
    st.lists(st.floats(-1, 1), min_size=2, max_size=30), st.sampled_from([1e-300, 1e-30, 1.0, 1e30, 1e300])
)
def test_decode_undoes_encode_of_numbers(values, scale):
    values = np.array([*values, 2.0, -2.0]) * scale
    target = NumberTarget.fit(column(values))
    y = target.encode(column(values))
    np.testing.assert_allclose([y.mean(), y.std()], [0, 1], atol=1e-9)
    np.testing.assert_allclose(target.decode(y), values, rtol=1e-9, atol=1e-12 * scale)
    again = target_from_record(json.loads(json.dumps(target.record())))
    assert again.encode(column(values)).tobytes() == y.tobytes()


def test_numbers_as_text_and_little_variation_about_a_large_mean():
    assert NumberTarget.fit(column(["1", "2"])).encode(column(["1.5"])).tolist() == [0]
    values = 1e13 + np.arange(3.0)
    target = NumberTarget.fit(column(values))
    np.testing.assert_allclose(target.decode(target.encode(column(values))), values, rtol=1e-15)


def test_numbers_that_cannot_be_learnt():
    assert "is missing in 1 row, first in row 2" in refusal(NumberTarget.fit, column([1.0, np.nan]))
    assert "is inf in row 2; expected a finite number" in refusal(NumberTarget.fit, column([1.0, np.inf]))
    text = refusal(NumberTarget.fit, column(["1", "x"]))
    assert "expected numbers in column 'y', but row 2 holds 'x'" in text
    assert "--task classification" in text
    assert "is 0.1 in every row" in refusal(NumberTarget.fit, column([0.1] * 7))


@pytest.mark.parametrize(
    ("values", "task", "reason"),
    [
        (["a", "b", "c"], "classification", "y is text with 3 different values"),
        ([True, False], "classification", "y is boolean with 2 different values"),
        ([0, 1, 1], "classification", "y has 2 different values"),
        ([1.5, 2.0, 3.0], "regression", "y is a number with decimals"),
        (
            [0, 1, 2] * 20,
            "regression",
            "y is a number with 3 different values; --task classification takes them as classes",
        ),
        (list(range(21)) * 100, "regression", "y is a number with 21 different values"),
    ],
)
def test_guess_task(values, task, reason):
    assert guess_task(column(values)) == (task, reason)


def test_guess_task_refuses_dates():
    assert "the target 'y' is a date" in refusal(guess_task, column(np.array(["2020-01-01"], "M8[D]")))


def test_take_target():
    data = pd.DataFrame({"age": [1, 2], "survived": [0, 1]})
    table, target = take_target(data, "survived")
    assert isinstance(table, Table)
    assert (table.names, target.name, target.values.tolist()) == (["age"], "survived", [0, 1])
    assert refusal(take_target, data, "surived", "titanic.csv") == (
        "there is no target column 'surived' in titanic.csv; did you mean 'survived'? Its columns: age, survived."
    )


@pytest.mark.parametrize("values", [[0, 1, 2, 7], [1.0, 2.0, 5.0], [3, 3, 4]])
def test_a_guess_does_not_turn_with_the_number_of_rows(values):
    assert len({guess_task(column(values * n)) for n in (1, 20, 500)}) == 1
