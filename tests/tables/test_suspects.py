"""What may be something else: it is said with words that work, and nothing is read so unasked."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import numpy as np
import pytest

from deltarule.tables import Table, read_toml, schema, write_toml

RNG = np.random.default_rng(0)
MOMENTS = [datetime(2018, 1, 1) + timedelta(minutes=int(n)) for n in RNG.integers(0, 2 * 365 * 1440, 60)]
DAYS = [moment.replace(hour=0, minute=0) for moment in MOMENTS]
EPOCH, SERIAL = datetime(1970, 1, 1), datetime(1899, 12, 30)


def of_1972(moment: datetime) -> datetime:
    return datetime(1972, moment.month, moment.day)


def clock(moment: datetime) -> datetime:
    return datetime(1970, 1, 1, moment.hour, moment.minute)


MAY_BE = {
    "seconds since 1970": ("seen", "epoch", lambda m: f"{(m - EPOCH).total_seconds():.0f}", MOMENTS),
    "fractions of these": ("seen", "epoch", lambda m: f"{(m - EPOCH).total_seconds():.1f}", MOMENTS),
    "milliseconds": ("seen", "epoch ms", lambda m: f"{(m - EPOCH).total_seconds():.0f}000", MOMENTS),
    "a spreadsheet's days": ("birthDate", "excel", lambda m: f"{(m - SERIAL).days}", DAYS),
    "a spreadsheet's days with times": (
        "start", "excel", lambda m: f"{(m - SERIAL) / timedelta(days=1):.9f}", MOMENTS,
    ),
    "hours and minutes": ("a", "%H%M", "{:%H%M}".format, [clock(m) for m in MOMENTS]),
    "hours and minutes without zeros": (
        "dep", "%H%M", lambda m: f"{m:%H%M}".lstrip("0"), [clock(m) for m in MOMENTS if m.hour],
    ),
    "six digits": ("a", "%y%m%d", "{:%y%m%d}".format, DAYS),
    "days of a year": ("a", "%Y%j", "{:%Y%j}".format, DAYS),
    "days of a year with a sign": ("a", "%Y-%j", "{:%Y-%j}".format, DAYS),
    "days and months": ("a", "%d/%m", "{:%d/%m}".format, [of_1972(m) for m in MOMENTS]),
    "days and months with points": ("a", "%d.%m.", lambda m: f"{m.day}.{m.month}.", [of_1972(m) for m in MOMENTS]),
    "days and months as decimals": ("a", "%d.%m", "{:%d.%m}".format, [of_1972(m) for m in MOMENTS]),
    "months and days": ("a", "%m-%d", "{:%m-%d}".format, [of_1972(m) for m in MOMENTS]),
    "days and names of months": ("a", "%d-%B", "{:%d-%b}".format, [of_1972(m) for m in MOMENTS]),
    "names of months and days": ("a", "%B %d", "{:%B %d}".format, [of_1972(m) for m in MOMENTS]),
    "names of months and two digits": ("a", "%B-%d", "{:%b-%d}".format, [of_1972(m) for m in MOMENTS]),
}  # fmt: skip


@pytest.mark.parametrize("name", MAY_BE)
def test_what_may_be_dates_is_said_with_words_that_read_them(name: str):
    column, form, write, moments = MAY_BE[name]
    texts = [write(moment) for moment in moments]
    found = schema({column: texts})
    assert found[column].kind == ("date" if name == "names of months and two digits" else found[column].kind)
    [words] = [each for said in found.notices for each in re.findall(r'--set "([^"]*=date:[^"]*)"', said)]
    assert words == f"{column}=date:{form}"
    told = schema({column: texts}, settings={column: words.partition("=")[2]})
    expected = np.array(moments, "M8[us]").astype(float) / 86_400e6
    for again in (told, read_toml(write_toml(told), "s.toml")):
        np.testing.assert_allclose(
            again.read(Table.of({column: texts}))[0][column].values, expected, atol=1e-6
        )


@pytest.mark.parametrize("form", ["epoch", "%Y%m%d", "%H%M", "%Y%m"])
def test_whole_numbers_of_a_frame_are_looked_at_too(form: str):
    moments = [clock(m) for m in MOMENTS] if form == "%H%M" else MOMENTS
    write = (lambda m: f"{(m - EPOCH).total_seconds():.0f}") if form == "epoch" else f"{{:{form}}}".format
    values = np.array([int(write(moment)) for moment in moments])
    found = schema({"a": values})
    assert found["a"].kind == "number"
    assert f'--set "a=date:{form}" reads it' in found.notices[0]
    typed, notices = schema({"a": values}, settings={"a": f"date:{form}"}).read(Table.of({"a": values}))
    assert notices == ()
    assert not typed["a"].is_missing.any()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("price", np.arange(100, 2400, 50)),
        ("a", np.arange(0, 60)),
        ("count", RNG.integers(0, 2400, 100)),
        ("population", RNG.integers(10_000, 2_000_000_000, 100)),
        ("salary", RNG.integers(30_000, 60_000, 100)),
        ("year", RNG.integers(1950, 2020, 100)),
        ("a", RNG.integers(10_000, 999_999, 100)),
    ],
)
def test_quantities_are_no_suspects(name: str, values: np.ndarray):
    assert schema({name: values}).notices == ()
    assert schema({name: [str(value) for value in values]}).notices == ()


@pytest.mark.parametrize("name", ["zip", "Postal Code", "phoneNumber", "PLZ", "customer_phone", "EAN"])
@pytest.mark.parametrize("as_text", [False, True])
def test_digits_under_a_name_of_codes_are_no_quantity(name: str, as_text: bool):
    values = RNG.integers(10_001, 99_951, 12).repeat(5)
    table = {name: [str(value) for value in values] if as_text else values}
    found = schema(table)
    assert found[name].form == "category"
    [said] = found.notices
    [words] = re.findall(r'--set "(.*)" takes numbers', said)
    column, _, kind = words.partition("=")
    assert (
        schema(table, settings={column: kind}).read(Table.of(table))[0][name].values.tolist()
        == values.tolist()
    )


@pytest.mark.parametrize("name", ["phones", "zip_count", "mean fax", "contract"])
def test_amounts_of_codes_are_quantities(name: str):
    assert schema({name: RNG.integers(10_001, 99_951, 60)})[name].kind == "number"


def test_a_choice_of_notation_is_left_to_ids_and_to_levels_in_an_order():
    found = schema({"a": ["1.000", "2.000", "3.000"] * 20, "id": [f"1,{n:03}" for n in range(60)]})
    assert found["a"].form == "ordered"
    assert "takes the other" in found.notices[0]
    [form] = re.findall(r'--set "a=(.*)" takes', found.notices[0])
    told = schema({"a": ["1.000", "2.000", "3.000"]}, settings={"a": form})
    assert told.read(Table.of({"a": ["1.000"]}))[0]["a"].values.tolist() == [1000]
    assert found["id"].kind == "row id"


def test_dates_in_two_notations_are_read_and_that_is_told():
    texts = ["05.03.2020", "25.03.2020", "2020-04-05", "2020-04-06 10:30", "28.03.2020"]
    found = schema({"a": texts})
    assert found["a"].form == "date:%d.%m.%Y or %Y-%m-%d %H:%M"
    assert found.notices[0].startswith("a: in two notations, 2 cells as %Y-%m-%d %H:%M; --set")
    told = schema({"a": texts}, settings={"a": found["a"].form})
    for again in (
        found,
        told,
        read_toml(write_toml(found), "s.toml"),
        type(found).from_record(found.record()),
    ):
        days = again.read(Table.of({"a": texts}))[0]["a"].values
        np.testing.assert_allclose(days, [18_326, 18_346, 18_357, 18_358.4375, 18_349])


def test_a_spreadsheet_s_days_beside_dates_are_read_when_told():
    texts = ["05.03.2020", "25.03.2020", "43925"]
    found = schema({"a": texts}, settings={"a": "date:%d.%m.%Y or excel"})
    assert found.read(Table.of({"a": texts}))[0]["a"].values.tolist() == [18_326, 18_346, 18_356]


def test_day_and_month_in_both_orders_are_told_and_read_only_when_told():
    texts = ["25/03/2020", "17/04/2020", "28/06/2020", "03/25/2020", "04/17/2020", "06/28/2020"]
    found = schema({"a": texts})
    assert found["a"].form == "category"
    [said] = found.notices
    assert said.startswith(
        "a: kept as text: day and month stand in both orders, as in '03/25/2020' and '25/03/2020'"
    )
    [kind] = re.findall(r'--set "a=(.*)" takes dates', said)
    typed, unlike = schema({"a": texts}, settings={"a": kind}).read(Table.of({"a": texts}))
    assert unlike == ()
    assert typed["a"].values[:3].tolist() == typed["a"].values[3:].tolist()
