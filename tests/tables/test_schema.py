"""What a column is, read off all of its texts: numbers and dates as people write them, and what is told of it."""

from __future__ import annotations

import hashlib
import json
import math
import re
import uuid
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule import TableRegressor
from deltarule.errors import DataError, DataWarning, OptionError
from deltarule.tables import Schema, Table, read_toml, schema, write_toml
from deltarule.tables.columns import Column


def read(texts: list[str | None], **options) -> tuple[str, Column, Schema]:
    """Return the form of a column of texts, the column as it is read, and the schema."""
    found = schema({"a": texts}, **options)
    typed, _ = found.read(Table.of({"a": texts}))
    return found["a"].form, typed["a"], found


@pytest.mark.parametrize(
    ("texts", "form", "values"),
    [
        (["1", "-2", "+3"], "number:1234.56", [1, -2, 3]),
        (["1.5e3", ".5", "2."], "number:1234.56", [1500, 0.5, 2]),
        (["21,28", "18,3"], "number:1234,56", [21.28, 18.3]),
        (["1.234,5", "1.234.567"], "number:1.234,56", [1234.5, 1234567]),
        (["1,234.5", "12"], "number:1,234.56", [1234.5, 12]),
        (["12,34,567", "1,00,000.5"], "number:1,234.56", [1234567, 100000.5]),
        (["1 234,5", "1\u202f234\u00a0567"], "number:1 234,56", [1234.5, 1234567]),
        (["1'234.50", "1\u2019234"], "number:1'234.56", [1234.5, 1234]),
        (["$1,200.50", "($30)", "-$4", "$ 7"], "number:1,234.56 $", [1200.5, -30, -4, 7]),
        (["5,5 €", "\u22123 €"], "number:1234,56 €", [5.5, -3]),
        (["US$ 5", "US$7.5"], "number:1234.56 US$", [5, 7.5]),
        (["CHF 1'000", "CHF 12.50"], "number:1'234.56 CHF", [1000, 12.5]),
        (["5%", "12.5 %"], "number:1234.56 %", [5, 12.5]),
        (["8GB", "512MB", "16GB"], "number:1234.56 GB", [8, 0.512, 16]),
        (["1.37kg", "2.5kg"], "number:1234.56 kg", [1.37, 2.5]),
        (["1.2B", "350M", "2B"], "number:1234.56", [1.2e9, 3.5e8, 2e9]),
        (["16G", "512M", "1T"], "number:1234.56 G", [16, 0.512, 1000]),
        (["10 mm", "2 cm", "12 mm"], "number:1234.56 mm", [10, 20, 12]),
        (["30 s", "2 min", "1 h", "40 s"], "number:1234.56 s", [30, 120, 3600, 40]),
        (["1.2M", "300k", "5"], "number:1234.56", [1.2e6, 3e5, 5]),
        (["$1.5M", "$20k"], "number:1234.56 $", [1.5e6, 2e4]),
        (["3 bedrooms", "1 bedroom"], "number:1234.56 bedrooms", [3, 1]),
        (["5-", "7", "(3)"], "number:1234.56", [-5, 7, -3]),
        (["\u0663\u0664", "\uff11\uff12"], "number:1234.56", [34, 12]),
    ],
)
def test_numbers_in_any_notation(texts: list[str], form: str, values: list[float]):
    found, column, _ = read(texts)
    assert (found, column.kind) == (form, "number")
    np.testing.assert_allclose(column.values, values, rtol=1e-15)


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["00501", "10001"], "texts such as '00501', whose zeros a number would lose"),
        (["1E2", "100"], "texts such as '1E2' beside whole numbers"),
        (
            ["12345678901234567890", "7"],
            "texts such as '12345678901234567890', with more digits than a number keeps",
        ),
    ],
)
def test_texts_that_would_not_come_back_stay_texts_and_that_is_told(texts: list[str], why: str):
    form, column, found = read(texts)
    assert (form, column.texts()) == ("category", texts)
    assert found.notices == (f'a: kept as text: {why} (--set "a=number" takes numbers)',)
    assert read(texts, settings={"a": "number"})[1].kind == "number"


@pytest.mark.parametrize(
    "texts",
    [["192.168.0.1", "10.0.0.1"], ["12A", "3B", "7C"], ["10-20", "21-30"], ["1_000", "2"], ["0x10", "2"], ["R5", "R6"],
     ["a", "b"], ["1/2", "3/4"], [".5", "0,5"], ["2019-02-30", "2019-13-01"], ["13:75", "25:10"]],
)  # fmt: skip
def test_what_is_neither_number_nor_date(texts: list[str]):
    assert read(texts)[0] == "category"


@pytest.mark.parametrize(
    ("texts", "form", "days"),
    [
        (["2020-01-05", "2020-12-31"], "%Y-%m-%d", [date(2020, 1, 5), date(2020, 12, 31)]),
        (["25/03/2020", "01/02/2020"], "%d/%m/%Y", [date(2020, 3, 25), date(2020, 2, 1)]),
        (["03/25/2020", "01/02/2020"], "%m/%d/%Y", [date(2020, 3, 25), date(2020, 1, 2)]),
        (["1.2.20", "31.12.99"], "%d.%m.%Y", [date(2020, 2, 1), date(1999, 12, 31)]),
        (["20-01-05", "99-12-31"], "%Y-%m-%d", [date(2020, 1, 5), date(1999, 12, 31)]),
        (["20200105", "20201231"], "%Y%m%d", [date(2020, 1, 5), date(2020, 12, 31)]),
        (["5 Mar 2020", "31-Dec-21"], "%d %b %Y", [date(2020, 3, 5), date(2021, 12, 31)]),
        (["Mar 5, 2020", "December 31, 2021"], "%b %d, %Y", [date(2020, 3, 5), date(2021, 12, 31)]),
        (["5. M\u00e4rz 2020", "1. Januar 2021"], "%d %b %Y", [date(2020, 3, 5), date(2021, 1, 1)]),
        (["Thu, 5 Mar 2020", "Friday, 6th of March 2020"], "%d %b %Y", [date(2020, 3, 5), date(2020, 3, 6)]),
        (["2020-01", "2020-12"], "%Y-%m", [date(2020, 1, 1), date(2020, 12, 1)]),
        (["12.2020", "01.2021"], "%m/%Y", [date(2020, 12, 1), date(2021, 1, 1)]),
        (["2020_01_05", "2020_12_31"], "%Y_%m_%d", [date(2020, 1, 5), date(2020, 12, 31)]),
        (["2020-01-05 07", "2020-01-06 23"], "%Y-%m-%d %H:%M",
         [datetime(2020, 1, 5, 7), datetime(2020, 1, 6, 23)]),
        (["5 \u043c\u0430\u0440\u0442\u0430 2020 \u0433."], "%d %b %Y", [date(2020, 3, 5)]),
        (["2020", "2020-03", "2020-03-05"], "%Y[-%m[-%d]]", [date(2020, 1, 1), date(2020, 3, 1), date(2020, 3, 5)]),
        (["202003", "202104"], "%Y%m", [date(2020, 3, 1), date(2021, 4, 1)]),
        (["05032020", "25122021"], "%d%m%Y", [date(2020, 3, 5), date(2021, 12, 25)]),
        (["2020H1", "2021-H2"], "%YH%h", [date(2020, 1, 1), date(2021, 7, 1)]),
        (["KW 12 2020", "KW 13/2020"], "W%V %G", [date(2020, 3, 16), date(2020, 3, 23)]),
        (["1Q20", "2Q2021"], "%qQ%Y", [date(2020, 1, 1), date(2021, 4, 1)]),
        (["3 PM", "11 am"], "%H:%M", [datetime(1970, 1, 1, 15), datetime(1970, 1, 1, 11)]),
        (["2020-03-25 10:00 CET", "2020-03-25 10:00 EST"], "%Y-%m-%d %H:%M",
         [datetime(2020, 3, 25, 9), datetime(2020, 3, 25, 15)]),
        (["10:30 25.03.2020", "11:30 26.03.2020"], "%d.%m.%Y %H:%M",
         [datetime(2020, 3, 25, 10, 30), datetime(2020, 3, 26, 11, 30)]),
        (["12/2020", "01/2021"], "%m/%Y", [date(2020, 12, 1), date(2021, 1, 1)]),
        (["Jan 2020", "Feb-21"], "%b %Y", [date(2020, 1, 1), date(2021, 2, 1)]),
        (["2020-W53", "2021-W01-7"], "%G-W%V", [date(2020, 12, 28), date(2021, 1, 10)]),
        (["2020/W53", "2021.W01"], "%G-W%V", [date(2020, 12, 28), date(2021, 1, 4)]),
        (["2020Q1", "2021-Q4"], "%YQ%q", [date(2020, 1, 1), date(2021, 10, 1)]),
        (["Q1 2020", "Q4 21"], "Q%q %Y", [date(2020, 1, 1), date(2021, 10, 1)]),
        (["2020-01-05 10:30", "2020-01-06"], "%Y-%m-%d %H:%M", [datetime(2020, 1, 5, 10, 30), date(2020, 1, 6)]),
        (["2020-01-05T10:30:00Z", "2020-01-05 10:30:30.5+02:00"], "%Y-%m-%d %H:%M",
         [datetime(2020, 1, 5, 10, 30), datetime(2020, 1, 5, 8, 30, 30, 500_000)]),
        (["1/5/20 12:20 AM", "1/25/20 3:15 PM"], "%m/%d/%Y %H:%M",
         [datetime(2020, 1, 5, 0, 20), datetime(2020, 1, 25, 15, 15)]),
        (["05.03.2020", "25.03.2020", "2020-04-05"], "%d.%m.%Y or %Y-%m-%d",
         [date(2020, 3, 5), date(2020, 3, 25), date(2020, 4, 5)]),
        (["5 Mar 2020", "Mar 6, 2020", "7 Mar 2020"], "%d %b %Y or %b %d, %Y",
         [date(2020, 3, 5), date(2020, 3, 6), date(2020, 3, 7)]),
        (["2020:01:05 10:30:00", "2020:01:06 00:00:00"], "%Y:%m:%d %H:%M",
         [datetime(2020, 1, 5, 10, 30), date(2020, 1, 6)]),
        (["2020-01-05_10-30-00", "2020-01-06_00-00-00"], "%Y-%m-%d %H:%M",
         [datetime(2020, 1, 5, 10, 30), date(2020, 1, 6)]),
        (["2020-01-05 10:30:00:250"], "%Y-%m-%d %H:%M", [datetime(2020, 1, 5, 10, 30, 0, 250_000)]),
        (["Sun Jan 05 2020 10:30:00 GMT+0100 (Central European Time)"], "%b %d, %Y %H:%M",
         [datetime(2020, 1, 5, 9, 30)]),
        (["Sun Jan 05 10:30:00 +0000 2020"], "%b %d, %Y %H:%M", [datetime(2020, 1, 5, 10, 30)]),
        (["25.1.2020 klo 10.30", "26.1.2020 klo 9.15"], "%d.%m.%Y %H:%M",
         [datetime(2020, 1, 25, 10, 30), datetime(2020, 1, 26, 9, 15)]),
        (["9 Uhr 30", "14 Uhr 15"], "%H:%M", [datetime(1970, 1, 1, 9, 30), datetime(1970, 1, 1, 14, 15)]),
        (["1\u00b0 gennaio 2020", "3. J\u00e4nner 2020", "5 May\u0131s 2020", "3. kv\u011btna 2020"], "%d %b %Y",
         [date(2020, 1, 1), date(2020, 1, 3), date(2020, 5, 5), date(2020, 5, 3)]),
        (["2020. m\u00e1jus 3.", "2019. december 12."], "%Y %b %d", [date(2020, 5, 3), date(2019, 12, 12)]),
        (["2020/25/03", "2020/04/05"], "%Y/%d/%m", [date(2020, 3, 25), date(2020, 5, 4)]),
        (["10:30", "23:59"], "%H:%M", [datetime(1970, 1, 1, 10, 30), datetime(1970, 1, 1, 23, 59)]),
    ],
)  # fmt: skip
def test_dates_in_any_notation(texts: list[str], form: str, days: list[date]):
    found, column, _ = read(texts)
    assert found == f"date:{form}"
    moments = [datetime(day.year, day.month, day.day) if type(day) is date else day for day in days]
    expected = [(moment - datetime(1970, 1, 1)) / timedelta(days=1) for moment in moments]
    np.testing.assert_allclose(column.values, expected, rtol=1e-12)
    assert column.kind == ("date" if all(day == math.floor(day) for day in expected) else "datetime")


@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=4, max_size=30),
    st.sampled_from([".,", ",.", ".", ",", ". ", ", ", ".'"]),
    st.sampled_from(["{}", "{} €", "${}", "{}%", "{} kg"]),
    st.sampled_from(["-{}", "({})", "{}-", "\u2212{}"]),
)
def test_what_was_written_comes_back(cents: list[int], signs: str, affix: str, minus: str):
    """Numbers of two decimals: no group of three digits can be mistaken for decimals."""
    decimal, thousands = signs[0], signs[1:]

    def written(n: int) -> str:
        whole = f"{abs(n) // 100:,}".replace(",", thousands) if abs(n) >= 100 else "0"
        text = affix.format(f"{whole}{decimal}{abs(n) % 100:02}")
        return minus.format(text) if n < 0 else text

    _, column, _ = read([written(n) for n in cents])
    expected = [math.copysign(float(f"{abs(n) // 100}.{abs(n) % 100:02}"), n) for n in cents]
    np.testing.assert_array_equal(column.values, expected)


@given(
    st.lists(st.dates(date(1970, 1, 1), date(2068, 12, 31)), min_size=1, max_size=30),
    st.sampled_from(
        ["%d.%m.%Y", "%m/%d/%Y", "%d-%m-%y", "%Y/%m/%d", "%d %b %Y", "%B %d, %Y", "%Y%m%d", "%m/%d/%y %H:%M"]
    ),
)
def test_dates_come_back_where_one_of_them_tells_day_from_month(days: list[date], form: str):
    days = [date(2020, 12, 25), *days]
    _, column, found = read([day.strftime(form) for day in days])
    assert column.values.tolist() == [(day - date(1970, 1, 1)).days for day in days]
    assert found.notices == ()


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1,234", "2,500"], ([1234, 2500], [1.234, 2.5])),
        (["1.234", "2.500"], ([1.234, 2.5], [1234, 2500])),
        (["01/02/2020", "03/04/2020"], ([18263, 18325], [18293, 18355])),
        (["01.02.2020", "03.04.2020"], ([18293, 18355], [18263, 18325])),
    ],
)
def test_a_choice_is_told_with_words_that_take_the_other(
    texts: list[str], values: tuple[list[float], list[float]]
):
    _, column, found = read(texts)
    assert column.values.tolist() == values[0]
    [notice] = found.notices
    told = re.search(r'--set "a=(.*)" takes the other', notice)
    assert told is not None
    assert read(texts, settings={"a": told[1]})[1].values.tolist() == values[1]
    assert read(texts, settings={"a": told[1]})[2].notices == ()


def test_other_columns_tell_where_texts_leave_a_choice():
    found = schema({
        "a": ["1,234", "2,500"], "b": ["0,5", "12,25"], "day": ["01/02/2020", "03/04/2020"],
        "other": ["25/01/2020", "01/02/2020"],
    })  # fmt: skip
    assert [found[name].form for name in ("a", "day")] == ["number:1234,56", "date:%d/%m/%Y"]
    assert "as other columns have a decimal comma" in found.notices[0]
    assert "as another column has dmy" in found.notices[1]


def test_a_few_bad_cells_count_as_missing_and_are_told():
    texts = [str(n) for n in range(5000)]
    texts[4710], texts[4800] = "12o", "oops"
    table = Table.of({"age": texts})
    found = schema(table)
    typed, [notice] = found.read(table)
    assert np.flatnonzero(typed["age"].is_missing).tolist() == [4710, 4800]
    assert notice == "age: 2 cells (row 4,711: '12o'; row 4,801: 'oops'), not numbers, counted as missing"
    with pytest.raises(DataError) as caught:
        schema(table, is_strict=True)
    assert "column 'age' holds numbers, but not in 2 cells (row 4,711: '12o'" in str(caught.value)
    words = re.findall(r'--missing "(.*?)"', str(caught.value))
    assert words == ["age=12o", "age=oops"]
    assert schema(table, missing=words, is_strict=True)["age"].missing == ("12o", "oops")
    with pytest.raises(
        DataError, match="or leave out --strict, which counts all 30 different texts as missing"
    ):
        schema({"age": [*texts, *(f"<{n}" for n in range(28))]}, is_strict=True)
    told = schema(table, missing=["12o", "oops"], is_strict=True)
    assert told["age"].missing == ("12o", "oops")
    assert told.read(table)[1] == ()
    as_text, none = schema(table, settings={"age": "category"}).read(table)
    assert (as_text["age"].texts()[4710], none) == ("12o", ())


def test_the_cell_that_decided_is_one_that_reads():
    texts = ["see note", *(f"{n},5" for n in range(40))]
    assert schema({"a": texts})["a"].why == "'0,5' in row 2"


def test_new_texts_are_read_as_those_of_training():
    found = schema({"temp": ["21,28", "18,32"]})
    typed, notices = found.read(Table.of({"temp": ["1,234", "warm", "NA"]}))
    np.testing.assert_array_equal(typed["temp"].values, [1.234, np.nan, np.nan])
    assert notices == ("temp: 1 cell (row 2: 'warm'), not numbers, counted as missing",)


@pytest.mark.parametrize(
    ("texts", "form", "missing"),
    [
        (["1", "NA", "-", "n.a.", "#DIV/0!", "2"], "number:1234.56", ("NA", "-", "n.a.", "#DIV/0!")),
        (["2020-01-01", "unknown", "2020-01-02"], "date:%Y-%m-%d", ("unknown",)),
        (["+", "-", "?", "null"], "category", ("?", "null")),
        (["true", "False", "None"], "boolean", ("None",)),
    ],
)
def test_words_that_mean_missing_go_by_the_column(texts: list[str], form: str, missing: tuple[str, ...]):
    found, column, one = read(texts)
    assert (found, one["a"].missing) == (form, missing)
    assert int(column.is_missing.sum()) == len(missing)


def test_keys_of_rows_are_told_by_order_and_name():
    n = 30
    shuffled = np.random.default_rng(0).permutation(n) + 7
    found = schema({
        "Id": range(900, 900 + n), "customer key": shuffled, "dose": range(1, n + 1), "year": range(1990, 1990 + n),
        "row": [str(row) for row in range(n)],
    })  # fmt: skip
    kinds = {name: one.kind for name, one in found.columns.items()}
    assert kinds == {
        "Id": "row id",
        "customer key": "row id",
        "dose": "number",
        "year": "number",
        "row": "row id",
    }
    assert found["Id"].why == "a row number, from 900 to 929"
    assert schema({"Id": range(n)}, settings={"Id": "number"})["Id"].kind == "number"


def test_keys_among_quantities():
    n = 40
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(n) + 1
    keys = {
        "PassengerId": 3 * shuffled, "order_id": [*range(n - 4), 0, 1, 2, 3], "No": 5 * shuffled,
        "Unnamed: 0": range(n), "": range(n), "lfd. Nr.": range(1, n + 1), "customer number": shuffled,
        "a": [f"A-{i:04d}" for i in shuffled],
        "b": [f"CUST_{i}" for i in shuffled], "c": [str(uuid.UUID(int=int(i) << 90, version=4)) for i in shuffled],
        "d": [hashlib.md5(bytes([i])).hexdigest() for i in shuffled], "ref id": [f"{i % 3}/{i}" for i in shuffled],
    }  # fmt: skip
    others = {
        "dose": range(1, n + 1), "number of rooms": shuffled, "price index": 7 * shuffled, "patient id": shuffled // 4,
        "lot": [f"{'ABC'[i % 3]}-{i}" for i in shuffled], "size": [f"{i}x{n - i}" for i in shuffled],
        "zip": [f"{17 * i:05d}" for i in shuffled], "weight": [f"{i} kg" for i in shuffled],
        "name": [f"Smith, Mr. {i}" for i in shuffled], "time": [f"0:{i}" for i in range(10, 10 + n)],
    }  # fmt: skip
    found = schema(keys | others)
    assert {name for name, one in found.columns.items() if one.kind == "row id"} == set(keys)
    part = Table.of(keys | others).rows(rng.permutation(n)[: int(0.8 * n)])
    assert {name for name, one in schema(part).columns.items() if one.kind == "row id"} == set(keys)
    assert found["b"].why == f"a key, 40 different texts such as 'CUST_{shuffled[0]}' in 40 rows"


def test_a_few_numbers_in_most_of_the_cells_make_numbers_among_thousands_of_other_texts():
    """Which some of the different texts do not show."""
    remarks = [f"{'abcdefgh'[n % 8]} remark no. {n}" for n in range(6_000)]
    found = schema({"a": [remarks[0], "1,5 kg", "2,5 kg", *remarks[1:], *["1,5 kg", "2,5 kg"] * 50_000]})
    assert found["a"].form == "number:1234,56 kg"
    assert "a: 6,000 cells (row 1: 'a remark no. 0'; " in found.text(width=10_000)


def test_keys_that_come_again_are_told_with_the_option_that_keeps_them_together():
    """And obeyed by it: then nothing is left to say."""
    rng = np.random.default_rng(0)
    patient = rng.permutation(np.repeat(np.arange(100, 140), 4))
    table = {
        "patient_id": patient, "Customer ID": [f"C{n}" for n in patient], "Subject": [f"S{n}" for n in patient],
        "case": [f"C{n}" for n in patient],
        "shop_id": patient % 3, "dose": patient, "mean of ids": patient, "x": rng.normal(size=160),
    }  # fmt: skip
    told = re.findall(
        r'(.*): 40 keys of about 4 rows each, .*--group (?:"(.*)"|(.*)) \(in',
        "\n".join(schema(table).notices),
    )
    assert (
        [name for name, *words in told if name in words]
        == ["patient_id", "Customer ID", "Subject"]
        == [n for n, *_ in told]
    )
    model = TableRegressor(epochs=1, group="patient_id", validation=0.25)
    with pytest.warns(DataWarning):
        model.fit({name: table[name] for name in ("patient_id", "dose", "x")}, table["x"])
    assert not any("keys of about" in said for said in model.notices_)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"B": "number"}, "there is no column 'B' to set in the table"),
        ({"a": "nummer"}, "column 'a' is to be 'nummer', which is no kind"),
        ({"a": "number:1,2"}, "'1,2' is no notation of numbers; write 1234.56 as the column does"),
        ({"a": "date:dd.mm"}, "'dd.mm' is no notation of dates"),
        ({"a": "category:x"}, "a category has no notation"),
        ({"a": "number"}, "the column 'a' is to be number, and none of its texts is, such as 'x'"),
    ],
)
def test_settings_that_are_none(settings: dict[str, str], said: str):
    with pytest.raises(OptionError) as caught:
        schema({"a": ["x", "y"]}, settings=settings)
    assert said in str(caught.value)


def test_seconds_of_the_epoch_are_dates_only_when_told():
    texts = ["1577836800", "1577923200"]
    assert read(texts)[0] == "number:1234.56"
    _, column, _ = read(texts, settings={"a": "date:epoch"})
    assert column.values.tolist() == [
        datetime(2020, 1, day, tzinfo=UTC).timestamp() / 86_400 for day in (1, 2)
    ]
    typed, _ = schema({"a": [1577836800]}, settings={"a": "date:epoch"}).read(Table.of({"a": [1577836800]}))
    assert (typed["a"].kind, typed["a"].values.tolist()) == ("datetime", [18262])


@pytest.mark.parametrize("word", ["nan", "inf", "1e300"])
def test_words_for_missing_that_are_numbers_are_no_moments_of_the_epoch(word):
    form, column, _ = read(["1577836800", word], settings={"a": "date:epoch"}, missing=[word])
    assert form == "date:epoch"
    assert np.isnan(column.values).tolist() == [False, True]


def test_a_schema_comes_back_from_its_record():
    found = schema({
        "a": ["8GB", "512MB"], "b": ["1.2.2020", "3.4.2021"], "c": ["x", "NA"], "d": [1.0, 2.0], "e": ["true", "false"],
    })  # fmt: skip
    assert Schema.from_record(json.loads(json.dumps(found.record()))).columns == found.columns


def test_a_schema_comes_back_from_its_file():
    table = Table.of({
        "a": ["8GB", "512MB", "-"], 'b "c"': ["1.2.2020", "3.4.2021", "?"], "e = f": ["x", "NA", "y"],
        "Id": ["5", "6", "7"],
    })  # fmt: skip
    found = schema(table, settings={"Id": "row id"}, missing=["y"])
    back = read_toml(write_toml(found), "s.toml")
    assert {name: (one.kind, one.written, one.missing, one.why) for name, one in back.columns.items()} == {
        name: (one.kind, one.written, one.missing, one.why) for name, one in found.columns.items()
    }
    again = schema(table, base=back)
    for name, column in found.read(table)[0].columns.items():
        assert again.read(table)[0][name].texts() == column.texts()
    with pytest.raises(DataError, match="the schema has a column 'a', and the table has not"):
        schema({"b": [1]}, base=back)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("is = 1", "the column 'is' lacks what it is"),
        ("[a]\nwhy = 'so'", "the column 'a' lacks what it is; write is = \"number\" below [a]."),
        ("[a\n", "s.toml is no TOML"),
        ("[a]\nis = 'nummer'", "column 'a' is to be 'nummer', which is no kind"),
    ],
)
def test_files_that_are_no_schema(text: str, said: str):
    with pytest.raises((DataError, OptionError)) as caught:
        read_toml(text, "s.toml")
    assert said in str(caught.value)


@pytest.mark.parametrize(("few", "form"), [("1,234", "number:1,234.56"), ("01/02/2020", "date:%m/%d/%Y")])
def test_a_choice_is_settled_by_cells_and_not_by_different_texts(few: str, form: str):
    texts = [few, few.replace("1", "2", 1)] * 50 + ["x", "y"]
    assert read(texts)[0] == form
    told = form.split(":")[0]
    assert read([few, *"xyz"], settings={"a": told})[0] == form


def test_a_row_id_is_a_number_where_it_is_learnt_and_comes_back_from_its_file():
    table = Table.of({"number": [str(7 * n) for n in range(40)]})
    found = schema(table)
    assert (found["number"].form, found.read(table)[0]["number"].kind) == ("row id", "number")
    assert read_toml(write_toml(found), "s.toml")["number"].kind == "row id"
