"""What a table is, shown: the columns in a table, what is missing, and all that should be known, in one place."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import deltarule
from deltarule import TableClassifier, TableRegressor
from deltarule.errors import DataError, DataWarning
from deltarule.tables import Table, schema

MESSY = {
    "price": [f"{n},50" for n in range(1, 41)],
    "code": [*["NA", "b"] * 19, "-", None],
    "day": [*[f"{n % 28 + 1}.3.2020" for n in range(39)], "soon"],
    "same": ["x"] * 40,
    "Id": list(range(1, 41)),
    "paid": ["cash", "due"] * 20,
    "sold": ["yes", "no"] * 20,
}


def test_all_is_shown_of_every_column_and_said_in_one_place():
    text = deltarule.schema(MESSY, "sold").text(width=200)
    lines = {line.split()[0]: line.split() for line in text.splitlines()[3:10]}
    assert text.startswith("40 rows, 7 columns\n")
    assert lines["price"][1:6] == ["number:1234,56", "1.5", "to", "40.5", "0"]
    assert lines["code"][2:6] == ["1:", "b", "21", "(NA,"]
    assert lines["day"][1] == "date:%d.%m.%Y"
    assert lines["day"][5] == "1"
    assert "  left out" in text.splitlines()[6]
    assert "row id" in text.splitlines()[7]
    assert "the target" in text.splitlines()[9]
    for said in (
        "Target   sold: classification: sold is text with 2 different values",
        "day: 1 cell (row 40: 'soon'), not dates, counted as missing",
        'Id: left out, as a row number, from 1 to 40 (--set "Id=number" learns from it)',
        "paid: alone it tells sold almost exactly",
    ):
        assert said in text


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_narrow_terminal_gets_the_reasons_below(width: int):
    found = schema(MESSY)
    lines = found.text(width=width).splitlines()
    assert max(map(len, lines)) <= max(width, 84)  # by which the columns before the reasons are short enough
    words = " ".join(lines).split()
    assert all(word in words for one in found.columns.values() for word in one.why.split())


def test_json_has_what_text_has():
    found = schema(MESSY, "sold")
    told = json.loads(found.json())
    assert told["rows"] == 40
    assert [one["seen"]["missing"] for one in told["columns"]] == [0, 21, 1, 0, 0, 0, 0]
    assert told["notices"] == [*found.all_notices]
    assert told["target"] == found.target


def test_what_is_shown_is_obeyed():
    found = schema(MESSY, settings={"Id": "number", "code": "ignore"})
    columns = {name: MESSY[name] for name in MESSY if name != "sold"}
    columns["paid"] = ["cash", "due", "due", "cash"] * 10
    with pytest.warns(DataWarning, match="day: 1 cell"):  # of the schema's own notices none is said again
        model = TableClassifier(epochs=1, schema=found).fit(columns, MESSY["sold"])
    assert model.model_.encoder.columns == ["price", "day", "Id", "paid"]
    assert len(model.notices_) == 1


def test_a_target_that_is_not_there_or_cannot_be_learnt():
    with pytest.raises(DataError, match="no target column 'sod' in the table; did you mean 'sold'"):
        schema(MESSY, "sod")
    assert schema({"y": ["a"] * 5, "x": range(5)}, "y").target == "y: cannot be learnt"


def test_estimators_say_what_a_schema_that_they_find_says():
    rng = np.random.default_rng(0)
    x = rng.normal(size=100)
    table = {"age": [*rng.integers(20, 60, 97), 999, 999, 999], "when": ["1.2.2020", "3.4.2020"] * 50, "x": x}
    with pytest.warns(DataWarning) as warned:
        model = TableRegressor(epochs=1).fit(table, x)
    said = [str(one.message) for one in warned]
    assert said == [*model.notices_]
    assert said[0].startswith("age: 999 in 3 rows, first row 98, is far from the rest")
    assert said[1].startswith("when: '1.2.2020' in row 1 may be ")


WHOLE = {
    "near 2**60": [2**60 + n for n in range(99)],
    "near 2**64": [2**64 - 1 - 3 * n for n in range(99)],
    "below 0": [-(2**62) + n for n in range(99)],
    "one alone": [*range(98), 2**53 + 1],
}
FRAMES = {
    "lists": lambda v: {"a": v},
    "NumPy": lambda v: {"a": np.array(v)},
    "pandas": lambda v: pd.DataFrame({"a": v}),
    "nullable": lambda v: pd.DataFrame({"a": pd.array(v, dtype="UInt64" if max(v) >= 2**63 else "Int64")}),
    "Polars": lambda v: pl.DataFrame({"a": v}),
    "Arrow": lambda v: pa.table({"a": np.array(v)}),
    "decimals": lambda v: pl.DataFrame({"a": pl.Series(v, dtype=pl.Decimal(38, 0))}),
}


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_that_float64_does_not_keep_are_taken_as_in_a_file(name: str, frame: str):
    """Of a file they are texts: keys, or numbers whose rounding is told."""
    came = Table.of(FRAMES[frame](WHOLE[name]))
    of_file = schema(pl.DataFrame({"a": [*map(str, WHOLE[name])]}))
    found = schema(came)
    assert found.columns == of_file.columns
    assert found.notices
    assert came["a"].texts() == [*map(str, WHOLE[name])]


def test_periods_of_pandas_are_dates():
    days = pd.period_range("2020-01", periods=30, freq="D")
    for periods, first in (
        (days, "2020-01-01"),
        (days.asfreq("M"), "2020-01-01"),
        (days.asfreq("Y"), "2020-01-01"),
    ):
        column = Table.of(pd.DataFrame({"p": periods}))["p"]
        assert column.kind == "datetime"
        assert column.texts()[0] == first


def test_times_of_day_are_shown_without_the_day_that_they_count_from():
    found = deltarule.schema({"at": ["08:30", "23:59", "00:00", "09:15"] * 10})
    assert "  00:00:00 to 23:59:00  " in found.text()


def test_texts_of_rows_that_are_gone_are_not_counted():
    column = Table.of({"a": ["x", "y", "x", "z"]})["a"]
    assert [column.rows(np.array(rows)).summary() for rows in ([0, 2], [1, 3])] == ["1: x", "2: y, z"]


def test_large_whole_numbers_that_come_back_are_numbers():
    thousands = [n * 10**15 for n in range(1, 100)]
    for values in (thousands, np.array(thousands), [f"{value}" for value in thousands]):
        assert schema({"a": values})["a"].kind == "number"
