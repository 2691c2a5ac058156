"""The column to learn, there and back; and what cannot be learnt."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule.errors import DataError
from deltarule.tables import ClassTarget, Column, NumberTarget, Table, find, guess_task, schema, take_target
from deltarule.tables.targets import target_from_record
from deltarule.tables.tasks import rows_with_target, with_target


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
        ([2.0, 1.0, 2.0, 1.0], (1.0, 2.0), "f"),
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
    assert "the target 'y' is missing in 2 rows, first in row 2; --drop-missing-target" in missing
    assert "is a in every row" in refusal(ClassTarget.fit, column(["a", "a"]))
    lone = refusal(ClassTarget.fit, column(["a", "b", "c"]))
    assert "has 3 classes in 3 rows, too few rows of each" in lone
    assert '--set "y=number"' in lone
    names = refusal(ClassTarget.fit, column([f"n{n}" for n in range(10_000)]))
    assert "has 10,000 classes in 10,000 rows, more than the 1,000 that can be learnt; if" in names
    ages = refusal(ClassTarget.fit, column([*range(30), 0, 1]))
    assert "has 30 classes in 32 rows, too few rows of each" in ages
    assert ages.endswith("--task regression (in Python TableRegressor) learns it as a quantity.")
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


def test_a_class_of_one_row_is_no_fault():
    target = ClassTarget.fit(column(["a", "a", "b"]))
    assert target.names == ("a", "b")
    assert ClassTarget.fit(column([2.5, 0.2])).names == (0.2, 2.5)


def test_classes_that_are_dates():
    days = np.array(["2020-01-05", "2019-02-01", "2020-01-05"], "M8[D]")
    for values in (days, days + np.timedelta64(90, "m"), days.tolist(), pd.Series(days)):
        assert guess_task(column(values)) == ("classification", "y is a date with 2 different values")
        target = ClassTarget.fit(column(values))
        assert (pd.to_datetime(target.decode(target.encode(column(values)))) == pd.to_datetime(values)).all()
        again = target_from_record(json.loads(json.dumps(target.record())))
        assert again == target
        assert again.decode(np.array([0])).dtype == target.decode(np.array([0])).dtype
        assert target.encode(column(np.array(values).astype("M8[us]"))).tolist() == [1, 0, 1]


def test_many_dates_are_learnt_as_days():
    days = column(np.datetime64("2020-01-01", "D") + np.arange(21))
    why = "y is a date with 21 different values, learnt as days since 1970-01-01"
    assert guess_task(days) == ("regression", why)
    target = NumberTarget.fit(days)
    np.testing.assert_allclose(target.decode(target.encode(days)), days.values)


CENSORED = ["<1.0", ">100", "ND", "< 0.5", "n/a", "below 2", "trace"]


@pytest.mark.parametrize("share", [0.04, 0.2, 0.45])
def test_a_target_with_bounds_is_read_as_numbers(share):
    n = int(200 * share)
    texts = [CENSORED[i % len(CENSORED)] for i in range(n)] + [f"{1.5 + i / 10:.1f}" for i in range(200 - n)]
    raw = Table.of({"y": np.random.default_rng(0).permutation(texts)})
    found = with_target(schema(raw), raw, "y")
    read = found.read(raw)[0]["y"]
    assert (read.kind, int(read.is_missing.sum())) == ("number", n)
    first = np.flatnonzero(read.is_missing)[0]
    cells = f"(row {first + 1:,}: {raw['y'].texts()[first]!r}; row "
    if share < 0.05:
        kept, said = rows_with_target(read, raw["y"])
        assert said[0].startswith(f"y: no target in 8 of 200 rows {cells}")
        assert said[0].endswith("(--strict, or drop_missing_target=False, refuses them)")
        assert refusal(rows_with_target, read, raw["y"], False).startswith(
            "the target 'y' is missing in 8 of"
        )
    else:
        advice = refusal(rows_with_target, read, raw["y"])
        assert advice.startswith(f"the target 'y' is missing in {n} of 200 rows {cells}")
        assert "add --drop-missing-target" in advice
        kept, said = rows_with_target(read, raw["y"], drop=True)
    assert kept.tolist() == np.flatnonzero(~read.is_missing).tolist()
    assert "\n" not in said[0]


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "2", "3+"] * 20, "category"),
        (["0-9", "10", "unknown"] * 20, "category"),
        ([f"A{n}" for n in range(60)], "row id"),
        ([f"{n:05d}" for n in range(30)] * 4, "category"),
        ([*map(str, range(40)), *["many"] * 20], "number"),
        (["$1,200.50"] + [f"${n}.5" for n in range(40)] + ["on request"] * 20, "number"),
    ],
)
def test_texts_that_are_classes_stay_classes(texts, kind):
    raw = Table.of({"y": texts})
    assert with_target(schema(raw), raw, "y")["y"].kind == kind
    assert with_target(find(raw), raw, "y", "classification")["y"].form == find(raw)["y"].form
    assert (
        with_target(find(raw), raw, "y")["y"].kind != "row id" or not with_target(find(raw), raw, "y").notices
    )
    told = find(raw, settings={"y": "category"})
    assert with_target(told, raw, "y") == told
    assert with_target(find(raw), raw, "x") == find(raw)


def test_a_target_without_any_value():
    for texts in ([None, None], ["", "ND"], ["NA", "?"]):
        raw = Table.of({"y": [*texts, None]})
        found = with_target(schema(raw, settings={"y": "number"}), raw, "y", "regression")
        said = refusal(rows_with_target, found.read(raw)[0]["y"], raw["y"], True)
        assert said.startswith("the target 'y' is missing in every row (row 1")
    said = refusal(rows_with_target, column([1.0, np.nan, np.inf]), column([1.0, np.nan, np.inf]), True)
    assert "is inf in row 3" in said


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
