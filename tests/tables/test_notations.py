"""What looks like numbers and dates, and is none; quantities in parts; words for missing; what is told."""

from __future__ import annotations

import re

import numpy as np
import pytest

from deltarule.errors import OptionError
from deltarule.estimators import TableRegressor
from deltarule.tables import Table, read_toml, schema, write_toml
from deltarule.tables.notations.missing import levels_in

LOOK_ALIKES = {
    "versions of three parts": "1.2.3 1.10.0 2.0.1",
    "versions of two parts": "1.8 1.9 1.10 2.0",
    "addresses": "192.168.0.1 10.0.0.1 127.0.0.1",
    "phones by hyphens": "555-0123 555-0199 202-5550143",
    "phones with a country": "+49 30 123456|+49 89 6543210|+44 20 79460958",
    "phones in groups": "612 345 678|699 001 122|655 432 100",
    "phones by points": "555.123.4567 202.456.1111",
    "results": "2:1 0:0 3:2 11:9",
    "results by a hyphen": "2-1 0-0 3-2",
    "sets": "6-4 7-5 6-3",
    "ranges": "10-20 20-30 30-40",
    "ages": "0-9 10-19 20-29 30-39",
    "sizes": "8x10 5x7 11x14",
    "sizes with blanks": "8 x 10|5 x 7|11 x 14",
    "fractions": "1/2 3/4 5/8",
    "ratios": "16:9 4:3 21:9",
    "blood pressures": "120/80 130/85 110/70",
    "school years": "2019/20 2020/21 2021/22",
    "codes of month and day": "12-05 11-03 10-31",
    "part numbers": "1E2/100 2E4/30 3E1/7",
    "part numbers in powers": "12E5 13E2 10E7",
    "books": "978-3-16-148410-0 978-0-306-40615-7",
    "house numbers": "12a 3b 7c 15d",
    "hexadecimal": "1e5f 2a3b 9c01 77e2",
    "hexadecimal with its sign": "0x1f 0x2a 0x30",
    "accounts": "DE89 3704 0044 0532 0130 00|GB29 NWBK 6016 1331 9268 19",
    "cards": "4111 1111 1111 1111|5500 0000 0000 0004",
    "network cards": "00:1A:2B:3C:4D:5E 00:1B:2B:3C:4D:5F",
    "zip codes": "00501 10001 94110",
    "zip codes with a blank": "110 00|602 00|397 01",
    "zip codes with more": "12345-6789 54321-1234",
    "social security": "123-45-6789 987-65-4321",
    "lists": "1,2,3 4,5,6 7,8,9",
    "pairs": "52.5,13.4 48.1,11.6",
    "names of months": "May June April August",
    "days of a year": "May 12|June 3|August 30",
    "weekdays": "Mon Tue Wed",
    "Roman numbers": "I II IV X",
    "school grades": "1+ 2- 3+ 1-",
    "tenors": "1W 3M 6M 1Y",
    "flights": "LH 400|BA 12|AF 1180",
    "seats": "12A 12B 14C",
    "oils": "10W40 5W30 0W20",
    "long numbers": "12345678901234567890 12345678901234567891",
    "beyond doubles": "9007199254740993 9007199254740995",
    "quarters alone": "Q1 Q2 Q3 Q4",
    "limits": "<5 >10 <7",
    "hours of an opening": "9:00-13:00 8:30-12:30 10:00-14:00",
    "debit and credit": "5.50 S|12.00 H|7.25 S",
}


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_what_only_looks_like_numbers_or_dates_stays_text(name: str):
    text = LOOK_ALIKES[name]
    texts = text.split("|" if "|" in text else " ") * 4
    found = schema({"a": texts})
    typed, notices = found.read(Table.of({"a": texts}))
    assert found["a"].form == "category"
    assert typed["a"].texts() == texts
    assert notices == ()


@pytest.mark.parametrize(
    ("texts", "form", "values"),
    [
        (["25:30:00", "1:00:01"], "h:mm:ss", [91_800, 3601]),
        (["1:23.456", "1:22.987"], "m:ss", [83.456, 82.987]),
        (["0:00:12.5", "0:01:00"], "h:mm:ss", [12.5, 60]),
        (["-1:30:00", "1:30:00"], "h:mm:ss", [-5400, 5400]),
        (["3:45", "72:10"], "m:ss", [225, 4330]),
        (["58:30", "1:02:15"], "[h:]m:ss", [3510, 3735]),
        (
            ["2 days 03:00:00", "1 day, 0:00:10", "-1 days +23:00:00"],
            "1 day 2:03:04",
            [183_600, 86_410, -3600],
        ),
        (["1h 30m", "2h", "45m"], "1h 30m", [5400, 7200, 2700]),
        (["1 hour and 20 minutes", "3 min 20 sec", "1d 4h"], "1h 30m", [4800, 200, 100_800]),
        (["1h30", "10h05"], "1h30", [5400, 36_300]),
        (["PT1H30M", "P1DT2H", "PT0.5S"], "PT1H30M", [5400, 93_600, 0.5]),
        (["52.3", "1:02.4", "58.9"], "[m:]ss.0", [52.3, 62.4, 58.9]),
        (["11st 4lb", "12 st 10 lbs", "10st"], "11 st 4 lb", [158, 178, 140]),
        (["2y 3m", "5 years 11 months", "10 years"], "2 years 3 months", [27, 71, 120]),
        (
            ["52\u00b031'12\"N", "33\u00b051'36\u2033S", "48.5\u00b0N"],
            "52\u00b031'12\"N",
            [52.52, -33.86, 48.5],
        ),
        (["5'11\"", "6 ft 2 in", "6'"], "5 ft 11 in", [71, 74, 72]),
        (["5 lb 3 oz", "6 lb"], "5 lb 3 oz", [83, 96]),
    ],
)
def test_quantities_in_parts_are_one_number_and_that_is_told(
    texts: list[str], form: str, values: list[float]
):
    found = schema({"a": texts})
    assert found["a"].form == f"number:{form}"
    assert any("read in" in notice for notice in found.notices)
    for again in (
        found,
        schema({"a": texts}, settings={"a": found["a"].form}),
        read_toml(write_toml(found), "s.toml"),
    ):
        typed, _ = again.read(Table.of({"a": texts}))
        np.testing.assert_allclose(typed["a"].values, values, rtol=1e-15)


def test_the_end_of_a_day_is_a_time_of_day():
    assert schema({"a": ["23:30", "24:00", "00:15"]})["a"].form == "date:%H:%M"


def test_kelvins_may_be_told_from_thousands():
    texts = ["273 K", "300 K", "310.5 K"]
    [notice] = schema({"a": texts}).notices
    told = re.search(r'--set "a=(.*)" reads it otherwise', notice)
    assert told is not None
    found = schema({"a": texts}, settings={"a": told[1]})
    assert found.read(Table.of({"a": texts}))[0]["a"].values.tolist() == [273, 300, 310.5]


def test_a_clock_shows_times_of_day_or_durations_by_its_hours_or_name():
    texts = ["1:30:00", "12:00:10", "0:45:59"]
    assert schema({"start": texts})["start"].form == "date:%H:%M"
    assert schema({"elapsed": texts})["elapsed"].form == "number:h:mm:ss"
    assert schema({"lapTime": ["0:45:59", "0:58:00"]})["lapTime"].form == "number:h:mm:ss"
    [notice] = schema({"start": texts}).notices
    told = re.search(r'--set "start=(.*)" reads it otherwise', notice)
    assert told is not None
    typed, _ = schema({"start": texts}, settings={"start": told[1]}).read(Table.of({"start": texts}))
    assert typed["start"].values.tolist() == [5400, 43_210, 2759]


@pytest.mark.parametrize(
    ("texts", "form", "values"),
    [
        (["1.2k", "300", "2k"], "number:1234.56", [1200, 300, 2000]),
        (["1,2 Mio. \u20ac", "3 Mio. \u20ac"], "number:1234,56 \u20ac", [1.2e6, 3e6]),
        (["12,-", "1.200,--", "3,50"], "number:1.234,56", [12, 1200, 3.5]),
        (["$ (1,234.50)", "$ 12.00"], "number:1,234.56 $", [-1234.5, 12]),
        (["5 \u20ac", "7 EUR", "9 Euro"], "number:1234.56 \u20ac", [5, 7, 9]),
        (["50 m\u00b2", "60 m2", "1 ha"], "number:1234.56 m\u00b2", [50, 60, 10_000]),
        (["1 kg", "10 lbs", "2 kg"], "number:1234.56 kg", [1, 4.5359237, 2]),
        (["$50/mo", "$60/mo"], "number:1234.56 $/mo", [50, 60]),
        (["5.5 L/100km", "6 L/100km"], "number:1234.56 L/100km", [5.5, 6]),
        (["2 weeks", "3 days", "4 days"], "number:1234.56 days", [14, 3, 4]),
        (["1.5 \u00d7 10^3", "2\u00d710\u207b\u00b2"], "number:1234.56", [1500, 0.02]),
        (["\uff11\uff0e\uff15", "\uff12"], "number:1234.56", [1.5, 2]),
        (
            ["21.5 \u00b0C", "70 \u00b0F", "22 \u2103", "300 \u00b0K"],
            "number:1234.56 \u00b0C",
            [21.5, 190 / 9, 22, 26.85],
        ),
        (["68F", "20C", "77F"], "number:1234.56 F", [68, 68, 77]),
        (["100 km/h", "50 mph", "80 km/h"], "number:1234.56 km/h", [100, 80.4672, 80]),
        (["250 kcal", "1046 kJ", "1 kcal"], "number:1234.56 kcal", [250, 250, 1]),
        (["1.6 l", "2.0 l", "1600 ccm"], "number:1234.56 l", [1.6, 2, 1.6]),
        (["5 mg", "250 mcg", "6 mg"], "number:1234.56 mg", [5, 0.25, 6]),
        (["5 pcs", "1 pc", "7 pcs"], "number:1234.56 pcs", [5, 1, 7]),
        (["1 year", "3 years", "14 days"], "number:1234.56 year", [1, 3, 14 / 365.2425]),
        (["50 \u33a1", "60 m\u00b2"], "number:1234.56 m2", [50, 60]),
        (["45 Lac", "1.2 Cr"], "number:1234.56", [4.5e6, 1.2e7]),
        (["1.5\u4e07", "3\u4e07", "2000"], "number:1234.56", [15_000, 30_000, 2000]),
        (["1.2\u5104\u5186", "500\u4e07\u5186"], "number:1234.56 \u5186", [1.2e8, 5e6]),
        (["Rs. 1,23,456/-", "Rs. 500/-"], "number:1,234.56 Rs.", [123_456, 500]),
        (["1 234:-", "99:-"], "number:1 234.56", [1234, 99]),
        (["(5.2%)", "(0.4)%", "3.1%"], "number:1234.56 %", [-5.2, -0.4, 3.1]),
        (["1.5D+03", "2.0D-02"], "number:1234.56", [1500, 0.02]),
        (["8\u00bd", "9", "10 \u00bc", "\u2153"], "number:1234.56", [8.5, 9, 10.25, 1 / 3]),
        (["1 1/2", "-2 3/16", "4"], "number:1234.56", [1.5, -2.1875, 4]),
        (["1.234", "22.000", "5", "123"], "number:1.234,56", [1234, 22_000, 5, 123]),
    ],
)
def test_more_notations_of_numbers(texts: list[str], form: str, values: list[float]):
    found = schema({"a": texts})
    assert found["a"].form == form
    np.testing.assert_allclose(found.read(Table.of({"a": texts}))[0]["a"].values, values, rtol=1e-15)


def test_a_notation_that_is_told_takes_the_unit_of_the_column():
    texts = ["1,234 EUR", "2,500 EUR"]
    found = schema({"a": texts}, settings={"a": "number:1234,56"})
    assert found.read(Table.of({"a": texts}))[0]["a"].values.tolist() == [1.234, 2.5]


REMARKS = {
    "~5|~7|~12": ("...1234.56", [5, 7, 12]),
    "approx 12|approx 15.5": ("...1234.56", [12, 15.5]),
    "ca. 5 kg|ca. 700 g": ("...1234.56 kg", [5, 0.7]),
    "pH 7.2|pH 6.8": ("...1234.56", [7.2, 6.8]),
    "<5|<7.5|<10": ("...1234.56", [5, 7.5, 10]),
    "10,000+|500+|1,000,000+": ("1,234.56...", [10_000, 500, 1e6]),
    "5 (est.)|7 (est.)|8": ("1234.56...", [5, 7, 8]),
    "5.6*|4.2|3.1*|7.7": ("1234.56...", [5.6, 4.2, 3.1, 7.7]),
    "1,234[1]|5,678[2]|9,012": ("1,234.56...", [1234, 5678, 9012]),
    "5.2 \u00b1 0.3|4.1 \u00b1 0.25": ("1234.56...", [5.2, 4.1]),
    "12 (34%)|5 (14%)": ("1234.56...", [12, 5]),
    "7/10|8/10|10/10": ("1234.56...", [7, 8, 10]),
    "4.5 out of 5 stars|3 out of 5 stars": ("1234.56...", [4.5, 3]),
    "8 GB DDR4|16 GB DDR4": ("1234.56...", [8, 16]),
    "about -5 [a]|about 7 [b]": ("...1234.56...", [-5, 7]),
}


@pytest.mark.parametrize("texts", REMARKS)
def test_numbers_with_remarks_are_read_when_told(texts: str):
    form, values = REMARKS[texts]
    table = {"a": texts.split("|") * 3}
    found = schema(table)
    assert found["a"].form == "category"
    [words] = re.findall(r'may mean .*; if so, --set "a=(.*)" reads it', found.notices[-1])
    assert words == f"number:{form}"
    told = schema(table, settings={"a": words})
    for again in (told, read_toml(write_toml(told), "s.toml"), type(told).from_record(told.record())):
        typed, unlike = again.read(Table.of(table))
        assert unlike == ()
        np.testing.assert_allclose(typed["a"].values, values * 3, rtol=1e-15)


@pytest.mark.parametrize(
    "texts",
    ["R5|R6|R7", "v1.2|v1.10", "FY2019|FY2020", "AB-1234|AB-1235", "12 Main St|7 High St|3 Low Rd", "3+1|2+1|1+0",
     "120/80|130/85", "0-9|10-19", "red 5|green 7|blue 9"],
)  # fmt: skip
def test_codes_and_pairs_are_no_numbers_with_remarks(texts: str):
    assert not any("may mean" in said for said in schema({"a": texts.split("|") * 3}).notices)


def test_units_that_training_had_not_are_brought_to_its_own_at_prediction():
    found = schema({"a": ["1 kg", "2.5 kg"]})
    typed, notices = found.read(Table.of({"a": ["500 g", "3 kilos", "4 km"]}))
    np.testing.assert_array_equal(typed["a"].values, [0.5, 3, np.nan])
    assert notices == ("a: 1 cell (row 3: '4 km'), not numbers, counted as missing",)


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["01/01/2020", "01/02/2020", "01/03/2020", "01/04/2020", "01/05/2020"], [0, 31, 60, 91, 121]),
        (["09/11/2020", "10/11/2020", "11/11/2020", "12/11/2020", "01/12/2020"], [313, 314, 315, 316, 335]),
    ],
)
def test_the_order_of_rows_and_first_days_tell_day_from_month(texts: list[str], days: list[int]):
    """Written day first with the sign of the other order."""
    found = schema({"a": texts})
    assert found["a"].form == "date:%d/%m/%Y"
    assert found.read(Table.of({"a": texts}))[0]["a"].values.tolist() == [18_262 + day for day in days]
    assert "so (--set" in found.notices[0]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([*map(str, range(30)), *["warm", "cold", "mild", "hot"] * 4], "65% of the cells are numbers"),
        (["Free"] * 60 + [f"${n}.99" for n in range(39)], "39% of the cells are numbers"),
        (["$5", "\u20ac6", "$7", "\u20ac9"], "texts with several units, '$', '\u20ac'"),
        (["2020-01-05"] * 7 + ["2020-02-07"] * 5 + ["soon", "later"] * 3, "67% of the cells are dates"),
    ],
)
def test_what_is_nearly_numbers_or_dates_is_told_with_words_that_take_it(texts: list[str], said: str):
    found = schema({"a": texts})
    assert found["a"].form == "category"
    [notice] = found.notices
    assert said in notice
    told = re.search(r'--set "a=(\w+)" takes', notice)
    assert told is not None
    kind = schema({"a": texts}, settings={"a": told[1]}).read(Table.of({"a": texts}))[0]["a"].kind
    assert kind == told[1]


def test_one_word_again_and_again_makes_no_text_of_numbers():
    texts = [f"{n}.5" for n in range(40)] + ["pas de mesure"] * 30
    found = schema({"a": texts})
    typed, [notice] = found.read(Table.of({"a": texts}))
    assert int(typed["a"].is_missing.sum()) == 30
    assert notice.startswith("a: 30 cells (row 41: 'pas de mesure'")


@pytest.mark.parametrize(
    ("levels", "kept"),
    [
        ("EU AS NA SA", "NA"), ("DE FR NA US ZA", "NA"), ("EMEA APAC NA LATAM", "NA"), ("Na Fe K Cl", "Na"),
        ("CA NY NA TX", ""), ("red blue NA", ""), ("Yes No NA", ""), ("S M L XL NA", ""),
        ("None BrkFace Stone", "None"), ("none mild severe", "none"), ("red blue None", ""), ("Yes No None", ""),
        ("+ -", "-"), ("male female -", ""), ("male female ?", ""), ("+ - ?", "-"),
    ],
)  # fmt: skip
def test_words_for_missing_are_levels_where_the_others_are_like_them(levels: str, kept: str):
    texts = levels.split() * 5
    found = schema({"a": texts})
    assert " ".join(found["a"].kept) == kept
    assert [each.text for each in levels_in(dict.fromkeys(levels.split(), 5), 0)] == kept.split()
    typed, _ = found.read(Table.of({"a": texts}))
    words = {"NA", "Na", "None", "none", "-", "?"} & set(texts) - {kept}
    assert int(typed["a"].is_missing.sum()) == 5 * len(words)
    back = read_toml(write_toml(found), "s.toml")
    np.testing.assert_array_equal(back.read(Table.of({"a": texts}))[0]["a"].is_missing, typed["a"].is_missing)
    for notice in found.notices:
        told = re.search(r'--missing "(.*)" counts it as missing', notice)
        assert told is not None
        assert kept in schema({"a": texts}, missing=[told[1]])["a"].missing


def test_missing_and_not_missing_by_column():
    table = {
        "a": ["red", "NA", "x"],
        "b": ["blue", "NA", "x"],
        "c": ["1.5", "-9.0", "2"],
        "d": [1.5, -9.0, 0.0],
    }
    found = schema(table, missing=["x", "c=-9", "d=0"], not_missing=["a=NA"])
    typed, notices = found.read(Table.of(table))
    assert typed["a"].is_missing.tolist() == [False, False, True]
    assert typed["b"].is_missing.tolist() == [False, True, True]
    assert typed["c"].is_missing.tolist() == [False, True, False]
    assert typed["d"].is_missing.tolist() == [False, False, True]
    assert notices == ()
    with pytest.raises(OptionError, match="'e=NA' is for a column 'e', which the table has not"):
        schema(table, not_missing=["e=NA"])


def test_a_text_beside_yes_and_no_is_told():
    texts = ["yes", "no"] * 30 + ["Yes", "maybe"]
    [notice] = schema({"a": texts}).notices
    assert notice.startswith("a: 1 cell such as 'maybe' neither 'yes' nor 'no', and kept as levels")
    assert schema({"a": texts}, missing=["a=maybe"]).notices == ()
    found = schema({"a": ["true", "FALSE"] * 30 + ["maybe"]})
    assert found["a"].kind == "boolean"


WRITTEN = {
    "decimal comma": lambda n: f"{n:.2f}".replace(".", ","),
    "apostrophes and a currency": lambda n: f"CHF {100 * n:,.2f}".replace(",", "\u2019"),
    "points, decimal comma, currency behind": lambda n: f"{100 * n:,.2f} \u20ac".translate(str.maketrans(",.", ".,")),
    "percent and a Unicode minus": lambda n: f"{n - 20:.1f} %".replace("-", "\u2212"),
    "units of one kind": lambda n: f"{n:.1f}GB" if n > 19 else f"{1000 * n:.0f} MB",
    "clocks that run on": lambda n: f"{n:.0f}:{60 * (n % 1):02.0f}:00".replace(":60:", ":59:"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::deltarule.errors.DataWarning")  # choices are told
@pytest.mark.parametrize("name", WRITTEN)
def test_numbers_in_any_notation_are_learnt(name: str):
    """As field case 01: yield is ten times the temperature, whose notation is not plain."""
    rng = np.random.default_rng(0)
    n, n_new = 10 + 30 * rng.random(80), 10 + 30 * rng.random(40)
    write = WRITTEN[name]
    fitted = TableRegressor(seed=0).fit({"temp": [write(each) for each in n]}, 10 * n)
    assert fitted.score({"temp": [write(each) for each in n_new]}, 10 * n_new) > 0.97


FORMS = (
    "%d.%m.%Y",
    "%m/%d/%y",
    "%d %B %Y",
    "%a, %d-%b-%Y",
    "%Y-%m",
    "%GW%V",
    "%Y%m%d%H%M%S",
    "%d/%b/%Y:%H:%M:%S +0000",
)


@pytest.mark.parametrize("form", FORMS)
def test_dates_in_any_notation_are_learnt(form: str):
    """As field case 03: the target grows with the days."""
    rng = np.random.default_rng(0)
    days, days_new = rng.integers(0, 2000, 120), rng.integers(0, 2000, 40)

    def write(each: np.ndarray) -> list[str]:
        return [text.item().strftime(form) for text in (np.datetime64("2015-01-01", "s") + 86_400 * each)]

    fitted = TableRegressor(seed=0).fit({"when": write(days)}, days / 100)
    assert fitted.score({"when": write(days_new)}, days_new / 100) > 0.97
