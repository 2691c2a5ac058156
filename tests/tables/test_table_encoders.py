"""Any table to arrays: what the features are, that every library gives the same bits, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deltarule.errors import DataError, OptionError
from deltarule.tables import Column, Table, TableEncoder, schema

DAY = dt.datetime(2024, 1, 30, 22)
MIXED = {
    "age": [22.0, None, 38.5, 26.0, 35.0, 54.0],
    "rooms": [3, 1, 4, 1, 5, 9],
    "alone": [True, False, None, True, True, False],
    "sex": ["male", "female", None, "female", "male", "x"],
    "since": [None if n == 3 else DAY + dt.timedelta(hours=31 * n) for n in range(6)],
}
TRAINING = {
    name: values * 2 for name, values in MIXED.items()
}  # each thing missing twice, so that it is marked
TRAINING["sex"] = [*MIXED["sex"], *MIXED["sex"][:-1], "y"]


def frames(columns: dict[str, list]) -> dict[str, object]:
    polars = pl.DataFrame(columns)
    objects = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    return {
        "polars": polars,
        "arrow": pa.table(columns),
        "dict": columns,
        "pandas": pd.DataFrame(columns),
        "pandas nullable": pd.DataFrame(columns).convert_dtypes(),
        "pandas objects": objects.where(objects.notna(), np.nan),
        "pandas index": pd.DataFrame(columns, index=[9, 9, 1, 0, 5, 5][: len(polars)]),
    }


def refusal(function, *arguments, error=DataError, **options) -> str:
    with pytest.raises(error) as caught:
        function(*arguments, **options)
    return str(caught.value)


def test_every_kind_of_column():
    encoder = TableEncoder.fit(TRAINING)
    assert encoder.columns == ["age", "rooms", "alone", "sex", "since"]
    assert encoder.features == (
        "age", "age is missing", "rooms", "alone", "alone is missing",
        "sex=female", "sex=male", "sex=other", "sex is missing",
        "since", "since month sin", "since month cos", "since weekday sin", "since weekday cos",
        "since hour sin", "since hour cos", "since is missing",
    )  # fmt: skip
    X = dict(zip(encoder.features, encoder.encode(MIXED).T, strict=True))
    filled = np.array([22, 35, 38.5, 26, 35, 54])
    present = [age for age in TRAINING["age"] if age is not None]
    s = (filled - np.median(present)) / np.subtract(*np.quantile(present, (0.75, 0.25)))
    np.testing.assert_allclose(X["age"], s / np.sqrt(1 + (s / 3) ** 2))
    assert X["age is missing"].tolist() == [0, 1, 0, 0, 0, 0]
    assert X["alone"].tolist() == [1, -1, 0, 1, 1, -1]
    assert X["sex=other"].tolist() == [0, 0, 0, 0, 0, 1]
    assert X["sex is missing"].tolist() == [0, 0, 1, 0, 0, 0]
    assert X["since"][3] == 0.0
    hour = 2 * np.pi * np.array([22, 5, 12, 2, 9]) / 24
    np.testing.assert_allclose(X["since hour sin"][[0, 1, 2, 4, 5]], np.sin(hour), atol=1e-12)
    weekday = 2 * np.pi * np.array([1, 3, 4, 0, 1]) / 7  # Tuesday, 30 January 2024
    np.testing.assert_allclose(X["since weekday cos"][[0, 1, 2, 4, 5]], np.cos(weekday), atol=1e-12)
    assert [name for name, _ in encoder.describe()] == encoder.columns


@pytest.mark.parametrize("library", frames(MIXED))
def test_every_library_gives_the_same_bits_and_is_left_alone(library):
    frame = frames(MIXED)[library]
    before = repr(frame)
    encoder = TableEncoder.fit(frame)
    reference = TableEncoder.fit(pl.DataFrame(MIXED))
    assert encoder == reference
    assert encoder.encode(frame).tobytes() == reference.encode(MIXED).tobytes()
    assert repr(frame) == before


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (pd.Series(["a", None], dtype="category"), "text", ["a", None]),
        (pd.Series([1.0, 2.5, None]).astype("category"), "number", [1.0, 2.5, None]),
        (pd.Series([1, "a", 3.0, pd.NA, True], dtype=object), "text", ["1", "a", "3", None, "True"]),
        (pd.Series([1, None], dtype="int64[pyarrow]"), "number", [1.0, None]),
        (pd.Series([True, None], dtype="boolean"), "boolean", [1.0, None]),
        (pl.Series(["x", None], dtype=pl.Enum(["x"])), "text", ["x", None]),
        (pl.Series(["x", None], dtype=pl.Categorical), "text", ["x", None]),
        (pl.Series([None, None]), "text", [None, None]),
        (pa.chunked_array([pa.nulls(2)]), "text", [None, None]),
        (pa.chunked_array([pa.array(["x", None]).dictionary_encode()]), "text", ["x", None]),
        (pl.Series([Decimal("1.5"), None]), "number", [1.5, None]),
        ([Decimal("1.5"), None], "number", [1.5, None]),
        ([np.True_, None], "boolean", [1.0, None]),
        ([dt.date(1970, 1, 2), None], "date", [1.0, None]),
        (pl.Series([dt.date(1970, 1, 2), None]), "date", [1.0, None]),
        ([np.datetime64("1970-01-02"), np.datetime64("NaT")], "date", [1.0, None]),
        ([dt.datetime(1970, 1, 2, 12, tzinfo=dt.UTC), None], "datetime", [1.5, None]),
        (pd.Series(pd.to_datetime(["1970-01-02 12:00+00:00", None])), "datetime", [1.5, None]),
        (np.array(["1970-01-02T12", "NaT"], "M8[h]"), "datetime", [1.5, None]),
        ([dt.time(12), None], "datetime", [0.5, None]),
        (pl.Series([dt.time(6), None]), "datetime", [0.25, None]),
        ([dt.timedelta(seconds=1.5), None], "number", [1.5, None]),
        (pl.Series([dt.timedelta(minutes=1), None]), "number", [60.0, None]),
        (pd.Series([pd.Timedelta(hours=1), pd.NaT]), "number", [3600.0, None]),
        (np.array([2, "NaT"], "m8[s]"), "number", [2.0, None]),
        (pd.Series([1.0, np.nan], dtype="Sparse[float64]"), "number", [1.0, None]),
    ],
)
def test_kinds(values, kind, expected):
    column = Column.of("c", values)
    assert column.kind == kind
    assert [
        None if gone else v
        for v, gone in zip(
            column.texts() if kind == "text" else column.values, column.is_missing, strict=True
        )
    ] == expected


def test_arrays_lists_and_odd_labels():
    rows = [[1, "a"], [2, "b"]]
    assert [column.kind for column in Table.of(rows).columns.values()] == ["number", "text"]
    assert Table.of(np.eye(2)).names == ["x1", "x2"]
    assert Table.of(pd.DataFrame(np.eye(2))).names == ["0", "1"]
    assert Table.of(pd.DataFrame({("a", "b"): [1]})).names == ["('a', 'b')"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "several columns named 'a'"),
        (pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), "several columns named 'a'"),
        ({1: [1], "1": [2]}, "several columns named '1'"),
        (pl.DataFrame({"a": []}), "the table has no rows"),
        (pd.DataFrame(), "the table has no rows"),
        ({"a": [1], "b": [1, 2]}, "different lengths: a 1, b 2"),
        (pl.DataFrame({"a": [[1]]}), "column 'a' has the type List"),
        (pl.DataFrame({"a": [{"x": 1}]}), "column 'a' has the type Struct"),
        (
            pd.DataFrame({"a": pd.interval_range(0, 1)}),
            "column 'a' has the type interval[int64, right]",
        ),
        ({"a": [1, [2]]}, "column 'a' holds a value of type list in row 2"),
        ({"a": ["x", b"y"]}, "column 'a' holds a value of type bytes in row 2"),
        ({"a": np.array([1j])}, "Complex data not supported: column 'a' holds complex numbers"),
        ({"a": np.eye(2)}, "column 'a' has shape (2, 2)"),
        (np.zeros(3), "has shape (3,)"),
        ([[1, 2], [3]], "rows have different lengths"),
        (pl.LazyFrame({"a": [1]}), "LazyFrame (collect it first)"),
        (3, "cannot read a table from an object of type int"),
    ],
)
def test_what_is_no_table(data, said):
    assert said in refusal(Table.of, data)


def test_columns_that_say_nothing_are_left_out():
    n = 30
    data = {
        "x": list(np.linspace(0, 1, n)),
        "constant": [7] * n,
        "empty": [None] * n,
        "PassengerId": list(range(900, 900 + n)),
        "row number": list(range(1, n + 1)),
        "year": list(range(1990, 1990 + n)),
        "name": [f"name {row}" for row in range(n)],
        "flag": [True] * (n - 1) + [None],
    }
    encoder = TableEncoder.fit(data)
    assert encoder.columns == ["x", "year", "flag"]
    assert encoder.dropped == {
        "constant": "the same value in every row, '7'",
        "empty": "no value in any row",
        "PassengerId": "a row number, from 900 to 929",
        "row number": "a row number, from 1 to 30",
        "name": "30 different texts in 30 rows",
    }
    assert encoder.notices[-1] == "name: 30 different texts in 30 rows; left out"
    assert "no column is left to learn from (a: the same" in refusal(TableEncoder.fit, {"a": [1, 1]})


def test_exclude():
    assert TableEncoder.fit(MIXED, exclude=["age", "sex"]).columns == ["rooms", "alone", "since"]
    assert "did you mean 'age'?" in refusal(TableEncoder.fit, MIXED, exclude=["Age"], error=OptionError)


def test_levels():
    few = {"s": ["b"] * 2 + ["a"] * 2 + ["c"] * 3 + ["d"]}
    assert TableEncoder.fit(few).features == ("s=c", "s=a", "s=b", "s=other")
    many = {"s": [f"{n % 150:03}" for n in range(3000)] + ["rare"] * 4}
    encoder = TableEncoder.fit(many)
    assert len(encoder.features) == 151
    X = encoder.encode({"s": ["rare", "new", None, "001", "002"]}).toarray()
    assert X[:, -1].tolist() == [1, 1, 1, 0, 0]
    rare = {"s": ["a", "b"] * 500 + [f"rare {n}" for n in range(150)]}
    shared = TableEncoder.fit(rare)
    assert shared.features == ("s=a", "s=b", "s=other 1", "s=other 2", "s=other 3")
    X = shared.encode({"s": [*rare["s"], "new", "new"]})
    assert (X.sum(axis=1) == 1).all()
    assert X[1000:1150, 2:].sum(axis=0).min() > 20
    assert (X[-1] == X[-2]).all()
    assert TableEncoder.fit({"s": ["other", "x", "other", "x"]}).features == ("s=other", "s=x", "s=any other")
    digits = TableEncoder.fit(
        {"s": ["1", "2", "1", "2"]}, schema=schema({"s": ["1", "2"]}, settings={"s": "category"})
    )
    for same in ([1, 2], [1.0, 2.0], ["1", "2"], np.array([1, 2], np.uint8)):
        assert digits.encode({"s": same}).tolist() == [[1, 0, 0], [0, 1, 0]]


def test_what_was_not_missing_in_training():
    encoder = TableEncoder.fit({"n": [1, 2, 9], "b": [False, True, False], "d": ["x", "x", "y"]})
    gaps = encoder.encode({"n": [None, 2, 2], "b": [None, False, True], "d": [None, "x", "x"]})
    full = encoder.encode({"n": [2, 2, 2], "b": [False, False, True], "d": ["y", "x", "x"]})
    assert gaps.tolist() == full.tolist()


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (
            ["1", "2", "1"],
            "town: 1 in row 1 and 2 more are no level that training had often ('A', 'B'); taken",
        ),
        ([1, 2, None], "town: 1 in row 1 and 1 more are no level"),
        (["a", "b", "B"], "town: a in row 1 and 1 more are no level"),
        (["A", "B", "new"], ""),
        (["A", None, None], ""),
    ],
)
def test_levels_most_of_which_are_new_are_told(new, said):
    """As where a column is written in another way than in training; a few new levels are what the place is for."""
    encoder = TableEncoder.fit({"town": ["A", "B"] * 20})
    _, notices = encoder.read({"town": new})
    assert [each[: len(said)] for each in notices] == [said] * bool(said)
    rare = TableEncoder.fit({"name": ["A", "B"] * 5 + [f"N{n}" for n in range(30)]})
    assert rare.read({"name": [f"M{n}" for n in range(9)]})[1] == ()


def test_what_is_missing_in_too_few_rows_has_no_feature_of_its_own():
    numbers, texts = np.sin(np.arange(500)).tolist(), ["x", "y"] * 250
    for N, few in ((499, 1), (500, 4)):
        for missing in (few, few + 1):
            gaps, present = [None] * missing, slice(N - missing)
            features = TableEncoder.fit({"n": numbers[present] + gaps, "t": texts[present] + gaps}).features
            assert ("n is missing" in features) == ("t is missing" in features) == (missing > few)


def test_dates_without_a_spread_of_their_own():
    moment = dt.datetime(2024, 5, 5, 1, 0)
    encoder = TableEncoder.fit({"d": [moment, moment, None, None]})
    assert encoder.features == ("d", "d is missing")
    np.testing.assert_allclose(encoder.encode({"d": [moment]}), [[0, 0]], atol=1e-9)
    hours = [moment.replace(hour=hour) for hour in range(24)]
    X = TableEncoder.fit({"d": hours}).encode({"d": hours})
    np.testing.assert_allclose(X[:, 1], np.sin(2 * np.pi * np.arange(24) / 24), atol=1e-12)


def test_columns_of_another_type_are_read_or_refused():
    encoder = TableEncoder.fit(TRAINING)

    def encode(**columns):
        return encoder.encode({name: values[:2] for name, values in MIXED.items()} | columns)

    plain = encode()
    assert (encode(age=["22", None], alone=["true", 0.0], since=["2024-01-30T22:00:00Z", "2024-02-01 05:00"])
            == encode(alone=[1, 0])).all()  # fmt: skip
    assert (encode(alone=[None, None], sex=[None, None])[:, :3] == plain[:, :3]).all()
    for bad, said in (
        ({"age": ["1", "x"]}, "age: 1 cell (row 2: 'x'), not numbers, counted as missing"),
        (
            {"alone": ["true", "maybe"]},
            "alone: 1 cell (row 2: 'maybe'), not true or false, counted as missing",
        ),
        ({"since": [None, "soon"]}, "since: 1 cell (row 2: 'soon'), not dates, counted as missing"),
    ):
        [[name, values]] = bad.items()
        with pytest.warns(UserWarning, match=re.escape(said)) as warned:
            got = encode(**bad)
        assert len(warned) == 1
        assert (got == encode(**{name: [values[0], None]})).all()
    assert "holds '2024-01-30T22:00:00' in row 1" in refusal(encode, age=MIXED["since"][:2])
    assert "'since' was datetime in training, but holds '5' in row 1" in refusal(encode, since=[5, 6])
    for rooms, said in (([3.0, np.inf], "row 2: inf"), ([10**400, 1], "row 1: '10+'")):
        with pytest.warns(UserWarning, match=f"rooms: 1 cell \\({said}\\), not numbers, counted as missing"):
            assert np.isfinite(encode(rooms=rooms)).all()


def test_columns_that_are_absent_in_another_order_or_too_many():
    encoder = TableEncoder.fit(MIXED)
    turned = dict(reversed(MIXED.items())) | {"extra": list(range(6))}
    assert (encoder.encode(turned) == encoder.encode(MIXED)).all()
    absent = {"Age" if name == "age" else name: values for name, values in MIXED.items() if name != "rooms"}
    message = refusal(encoder.encode, absent)
    assert "the columns 'age' (is it 'Age'?), 'rooms' are not in the table" in message


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1.0, 1e30, 1e300])
def test_numbers_of_any_size_give_the_same_features(scale):
    values = np.array([1.0, 2.0, 5.0, np.nan, -3.0])
    X = TableEncoder.fit({"a": values * scale}).encode({"a": values * scale})
    np.testing.assert_allclose(X, TableEncoder.fit({"a": values}).encode({"a": values}), rtol=1e-12)


def test_outliers_stay_finite():
    encoder = TableEncoder.fit({"a": [1.0, 2.0, 3.0, 1e38]})
    assert np.isfinite(encoder.encode({"a": [1.0, -1e30]})).all()
    tiny = TableEncoder.fit({"a": [1e-30, 2e-30]})
    with pytest.warns(
        UserWarning, match=r"a: 1e\+308 in row 1 is far outside: training had 1e-30 to 2e-30; taken"
    ):
        assert np.isfinite(tiny.encode({"a": [1e308]}).astype(np.float32)).all()


numbers = st.floats(-1e200, 1e200) | st.none()
texts = st.sampled_from(["a", "b", "c d", "", "é", "other"]) | st.none()
moments = st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)) | st.none()


@st.composite
def tables(draw):
    n = draw(st.integers(2, 12))

    def column(values):
        return draw(st.lists(values, min_size=n, max_size=n))

    return {
        "number": column(numbers),
        "text": column(texts),
        "boolean": column(st.booleans() | st.none()),
        "moment": column(moments),
        "anchor": [-1.0] + [1.0] * (n - 1),
    }


@settings(deadline=None)
@given(tables(), st.permutations(["number", "text", "boolean", "moment", "anchor"]))
def test_properties(table, order):
    encoder = TableEncoder.fit(table)
    X = encoder.encode(table)
    assert X.shape == (len(table["anchor"]), len(encoder.features))
    assert X.dtype == np.float64
    assert np.isfinite(X).all()
    assert len(set(encoder.features)) == len(encoder.features)
    for fitted in encoder.encoders:
        own = X[:, [encoder.features.index(feature) for feature in fitted.features]]
        if fitted.name in ("number", "anchor"):
            assert (np.abs(own[:, 0]) <= 3).all()
            assert own[:, 0].min() <= 0 <= own[:, 0].max()
        if fitted.name == "text":
            assert (own.sum(axis=1) == 1).all()
            assert set(np.unique(own)) <= {0, 1}
        if fitted.name == "moment" and len(fitted.features) > 2:
            circles = own[:, 1 : 1 + 2 * ((own.shape[1] - 1) // 2)].reshape(len(own), -1, 2)
            radius = np.where(
                [" minute " in name for name in fitted.features[1 : 1 + circles.shape[1] * 2 : 2]], 0.25, 1
            )
            np.testing.assert_allclose(
                (circles**2).sum(axis=2), np.broadcast_to(radius**2, circles.shape[:2])
            )
    assert encoder.encode({name: table[name] for name in order}).tobytes() == X.tobytes()
    again = TableEncoder.from_record(json.loads(json.dumps(encoder.record())))
    assert again == encoder
    assert again.encode(table).tobytes() == X.tobytes()


@settings(deadline=None)
@given(tables())
def test_polars_and_arrow_give_the_same_bits(table):
    encoder = TableEncoder.fit(table)
    for frame in (pl.DataFrame(table, strict=False), pa.table(table)):
        assert TableEncoder.fit(frame) == encoder
        assert encoder.encode(frame).tobytes() == encoder.encode(table).tobytes()


def test_importing_the_room_imports_no_dataframe_library():
    code = "import sys, deltarule.tables; print({'polars', 'pandas', 'pyarrow'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert ran.stdout.strip() == "set()"


def test_few_whole_numbers_carry_position_and_level():
    rng = np.random.default_rng(0)
    table = {
        "month": rng.integers(1, 13, 400),
        "rooms": rng.normal(size=400),
        "year": rng.integers(1900, 2020, 400),
    }
    found = schema(table)
    assert [one.kind for one in found.columns.values()] == ["ordered", "number", "number"]
    assert found["month"].why == "it came as number; 12 different whole numbers"
    encoder = TableEncoder.fit(table)
    assert set(encoder.features) == {
        "month",
        "rooms",
        "year",
        "month=other",
        *(f"month={n}" for n in range(1, 13)),
    }
    assert encoder.columns == ["month", "rooms", "year"]
    X = encoder.encode({"month": [3, 13, None], "rooms": [0, 0, 0], "year": [1950] * 3}).toarray()
    hot = X[:, [encoder.features.index(f"month={name}") for name in (3, "other")]]
    assert hot.tolist() == [[0.25, 0], [0, 0.25], [0, 0.25]]
    assert schema(table, settings={"month": "number"})["month"].kind == "number"
    text = {name: [str(value) for value in values] for name, values in table.items()}
    assert [one.form for one in schema(text).columns.values()] == [
        "ordered",
        "number:1234.56",
        "number:1234.56",
    ]
    assert (TableEncoder.fit(text).encode(text) != encoder.encode(table)).nnz == 0


@pytest.mark.parametrize(
    ("told", "order", "notices"),
    [
        ("ordered:S<M<XL", ("S", "M", "XL"), ()),
        (
            "ordered",
            ("M", "S", "XL"),
            ('size: the order is M < S < XL (--set "size=ordered:M<S<XL", in another order,',),
        ),
    ],
)
def test_levels_in_an_order(told, order, notices):
    table = {"size": ["S", "M", "XL", "M", None, "S", "XL"]}
    found = schema(table, settings={"size": told})
    assert (found["size"].kind, found["size"].levels) == ("ordered", order)
    assert [said.startswith(start) for said, start in zip(found.notices, notices, strict=True)] == [
        True
    ] * len(notices)
    encoder = TableEncoder.fit(table, schema=found)
    assert encoder.features == ("size in order", "size=M", "size=S", "size=XL", "size=other")
    places = encoder.encode({"size": [*order, None, "new"]})[:, 0]
    assert (np.diff(places[:3]) > 0).all()
    assert places[3] == places[4] == places[1]
    again = TableEncoder.from_record(json.loads(json.dumps(encoder.record())))
    assert again.encode(table).tobytes() == encoder.encode(table).tobytes()


def test_an_order_that_is_none_is_refused():
    for told in ("ordered:S<S", "ordered:S<"):
        with pytest.raises(OptionError, match="write each level once, as in ordered:S<M<L"):
            schema({"size": ["S"]}, settings={"size": told})


def test_texts_of_many_words_are_taken_by_their_words():
    rng = np.random.default_rng(0)
    colours, things = np.array(["red", "blue", "green"]), np.array(["house", "car"])
    which = rng.integers(0, 3, 400)
    texts = [f"a {colours[n]} {things[rng.integers(2)]} with number {rng.integers(10_000)}" for n in which]
    found = schema({"what": texts})
    assert found["what"].kind == "text"
    assert re.fullmatch(r"(39\d|400) different texts of 6.0 words", found["what"].why)
    encoder = TableEncoder.fit({"what": texts})
    X = encoder.encode({"what": texts})
    assert X.shape == (400, 20)
    assert np.isfinite(X).all()
    nearest = [int(np.argsort(((X - x) ** 2).sum(axis=1))[1]) for x in X]
    assert (which[nearest] == which).mean() > 0.9  # texts of a colour lie together
    again = TableEncoder.from_record(json.loads(json.dumps(encoder.record())))
    new = {"what": ["a red car", None, "", "something else"]}
    assert again.encode(new).tobytes() == encoder.encode(new).tobytes()
    assert schema({"what": texts}, settings={"what": "category"})["what"].kind == "category"


def test_a_cell_that_could_not_be_read_is_marked():
    texts = [str(n) for n in range(40)] + ["see note", "lost"] + [None, None]
    encoder = TableEncoder.fit({"a": texts})
    assert encoder.features == ("a", "a is missing", "a is unreadable")
    with pytest.warns(UserWarning, match=r"a: 1 cell \(row 2: 'gone'\), not numbers, counted as missing"):
        X = encoder.encode({"a": ["7", "gone", None]})
    assert X[:, 1:].tolist() == [[0, 0], [1, 1], [1, 0]]


@pytest.mark.parametrize("outlier", [1e38, -1e300, 3e12])
def test_what_is_beyond_all_measure_spoils_nothing(outlier):
    values = np.random.default_rng(0).normal(size=200)
    dirty = np.append(values, outlier)
    clean, found = TableEncoder.fit({"a": values}), schema({"a": dirty})
    [said] = found.notices
    assert said.startswith(f"a: {outlier:.10g} in row 201, far outside of the rest (")
    encoder = TableEncoder.fit({"a": dirty})
    new = {"a": values[:50]}
    np.testing.assert_allclose(encoder.encode(new), clean.encode(new), atol=0.02)
    with pytest.warns(UserWarning, match="in row 201 is far outside: training had"):
        assert np.abs(encoder.encode({"a": dirty})).max() < 20
    [words] = re.findall(r'--missing "(.*)" says so', said)
    told = schema({"a": dirty}, missing=[words])
    assert np.flatnonzero(told.read(Table.of({"a": dirty}))[0]["a"].is_missing).tolist() == [200]


def test_a_number_far_outside_at_prediction_alone_is_told_and_ends_near():
    near = list(np.random.default_rng(0).normal(3, 0.01, 40))
    encoder = TableEncoder.fit({"c": [None, 5, 5, None] * 10, "t": near, "x": [1.0, 2.0] * 20})
    with pytest.warns(UserWarning, match="is far outside: training had") as told:
        X = encoder.encode({"c": [5, None, 5_000_000], "t": [3.0, 3.0, 30_000.0], "x": [1.0] * 3})
    said = [str(each.message) for each in told]
    assert said[0] == "c: 5000000 in row 3 is far outside: training had 5 to 5; taken as 5"
    assert said[1].startswith("t: 30000 in row 3 is far outside: training had 2.9")
    assert X[0, 0] == X[2, 0]
    assert np.abs(X).max() < 10


@pytest.mark.parametrize("offset", [0.0, 1e15, -1e12])
def test_a_large_offset_loses_nothing(offset):
    values = np.round(np.random.default_rng(0).normal(size=300) * 64) / 8  # which 1e15 leaves as they are
    X = TableEncoder.fit({"a": values + offset}).encode({"a": values + offset})
    np.testing.assert_allclose(X, TableEncoder.fit({"a": values}).encode({"a": values}), atol=0.02)


def test_features_of_many_levels_are_lists_in_any_dtype():
    rng = np.random.default_rng(0)
    table = {f"c{n}": [f"v{v}" for v in rng.integers(0, 30, 300)] for n in range(5)} | {
        "x": list(rng.normal(size=300))
    }
    encoder = TableEncoder.fit(table)
    X = encoder.encode(table)
    assert X.nnz == 300 * 6
    assert X.has_canonical_format
    matrix = np.concatenate([one.encode(Table.of(table)[one.name]) for one in encoder.encoders], axis=1)
    assert (X.toarray() == matrix).all()
    single = encoder.encode(table, "float32")
    assert single.dtype == np.float32
    assert (single.toarray() == matrix.astype(np.float32)).all()


def test_levels_that_an_order_does_not_have_are_told():
    found = schema({"size": ["S", "M", "XXL", "S", "tiny"]}, settings={"size": "ordered:S<M"})
    assert found.notices == ("size: 2 levels are not in the order and stand in its middle ('XXL', 'tiny')",)


def test_an_order_of_numbers_in_a_frame_is_obeyed():
    table = {"cylinders": [4, 8, 6, 4, 8, 6] * 5}
    encoder = TableEncoder.fit(table, schema=schema(table, settings={"cylinders": "ordered:8<4<6"}))
    places = encoder.encode({"cylinders": [8, 4, 6]})[:, 0]
    assert (np.diff(places) > 0).all()
    assert encoder.features[0] == "cylinders in order"
