"""Files to tables: what a file is, by its contents, and one sentence for every file that cannot be read."""

from __future__ import annotations

import io
import json
import os
import pickle
import sys
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule.errors import DeltaruleError, FileError, InputError, OptionError
from deltarule.tables import Table, read_table, schema


def standard_input(patch: pytest.MonkeyPatch, content: bytes) -> None:
    patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


def test_cells_come_as_they_are(read, rows):
    table = read("a,b,c\n 1 ,01,true\n,NA,x\n")
    assert {table[name].kind for name in table.names} == {"text"}
    assert rows(table) == [("1", "01", "true"), (None, "NA", "x")]
    assert table.notices == ()


def test_missing(read, rows):
    assert rows(read("zip,n\n01234,-99\n 9 ,5\n", missing=["-99"])) == [("01234", None), ("9", "5")]


def test_standard_input(monkeypatch, refusal, rows):
    standard_input(monkeypatch, b"a,b\n1,2\n")
    assert rows(read_table("-")) == [("1", "2")]
    buffer = io.BytesIO()
    pl.DataFrame({"a": [1]}).write_parquet(buffer)
    standard_input(monkeypatch, buffer.getvalue())
    assert rows(read_table("-")) == [("1",)]
    standard_input(monkeypatch, b"")
    assert "standard input is empty" in refusal("-")
    monkeypatch.setattr(sys, "stdin", None)
    assert "standard input is closed" in refusal("-", InputError)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes have no names here")
def test_a_pipe_is_read_once(rows):
    begin, end = os.pipe()
    try:
        os.write(end, b"a,b\n1,2\n")
        os.close(end)
        assert rows(read_table(f"/dev/fd/{begin}")) == [("1", "2")]
    finally:
        os.close(begin)


@pytest.mark.parametrize("name", ["f.parquet", "f.bin"])
def test_parquet_keeps_its_types(tmp_path, name, rows):
    path = tmp_path / name
    pl.DataFrame({"a": [1, 2], "s": ["x", "-"], "d": [date(2020, 1, 1), None]}).write_parquet(path)
    table = read_table(path, missing=["-"])
    assert [table[each].kind for each in table.names] == ["number", "text", "date"]
    assert rows(table) == [("1", "x", "2020-01-01"), ("2", None, None)]


def test_arrow_by_file_and_by_stream(tmp_path, rows, refusal):
    frame = pl.DataFrame({"a": [1.5, 2.5], "s": ["x", None]})
    frame.write_ipc(tmp_path / "f.feather", compression="zstd")
    frame.write_ipc_stream(tmp_path / "f.arrows")
    for name in ("f.feather", "f.arrows"):
        assert rows(read_table(tmp_path / name)) == [("1.5", "x"), ("2.5", None)]
    whole = (tmp_path / "f.feather").read_bytes()
    (tmp_path / "f.feather").write_bytes(whole[:-9])
    assert "Arrow file that was cut short" in refusal(tmp_path / "f.feather")
    (tmp_path / "f.arrows").write_bytes((tmp_path / "f.arrows").read_bytes()[:200])
    assert "not a readable Arrow file" in refusal(tmp_path / "f.arrows")


def test_what_no_column_may_have_is_taken_apart_or_left_out(tmp_path):
    frame = pl.DataFrame(
        {
            "place": [{"x": 1, "town": "Rome"}, {"x": 2, "town": None}],
            "tags": [["a"], []],
            "took": pl.Series([90_000_000, None], dtype=pl.Duration("us")),
            "at": pl.Series([None, 3_600_000_000_000], dtype=pl.Time),
            "none": [None, None],
        }
    )
    frame.write_parquet(tmp_path / "f.parquet")
    table = read_table(tmp_path / "f.parquet")
    assert table.names == ["place.x", "place.town", "took", "at", "none"]
    assert table["took"].texts() == ["90", None]
    assert [text and text[:8] for text in table["at"].texts()] == [None, "01:00:00"]
    assert ["place" in table.notices[0], "seconds" in table.notices[1], "tags" in table.notices[2]] == [
        True
    ] * 3


def test_damaged_parquet(tmp_path, write, refusal):
    buffer = io.BytesIO()
    pl.DataFrame({"a": range(500)}).write_parquet(buffer)
    whole = buffer.getvalue()
    assert "cut short" in refusal(write(whole[:-9], "f.parquet"))
    assert "not a readable Parquet file" in refusal(write(whole[:200] + b"\xff" * 40 + b"PAR1", "f.parquet"))
    pl.DataFrame({"a": [1]}).head(0).write_parquet(tmp_path / "f.parquet")
    assert "has a header but no rows" in refusal(tmp_path / "f.parquet")


@pytest.mark.parametrize("function", ["scan_parquet", "read_parquet"])
def test_a_panic_inside_polars_is_a_sentence(monkeypatch, write, refusal, function):
    class PanicException(BaseException):  # Polars' own has no other root
        pass

    def panic(_):
        raise PanicException("called `Result::unwrap()`")

    buffer = io.BytesIO()
    pl.DataFrame({"a": [1, 2]}).write_parquet(buffer)
    path = write(buffer.getvalue(), "f.parquet")
    monkeypatch.setattr(pl, function, panic)
    assert "its contents are damaged" in refusal(path)


@pytest.mark.parametrize(
    ("name", "what"), [("f.parquet", "a Parquet file"), ("f.xlsx", "a workbook"), ("f.csv.gz", "a gzip file")]
)
def test_contents_count_and_not_the_name(read, rows, name, what):
    table = read("a,b\n1,2\n", name)
    assert rows(table) == [("1", "2")]
    assert f"is not {what}, whatever its name says: read as text" in table.notices[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\0\0\0", "NUL"),
        ("a,b\n", "has a header but no rows"),
        ("# a\n# b\n", "holds comments and no table"),
        (b"\x1f\x8b\x08\x00\x00", "gzip file"),
        (b"%PDF-1.7 x", "is a PDF document"),
        (b"\x89PNG\r\n\x1a\n", "is a PNG image"),
        (b"\xff\xd8\xff\xe0JFIF", "is a JPEG image"),
        (b"\x93NUMPY\x01\x00v", "is an array of NumPy"),
        (b"\x89HDF\r\n", "is an HDF5 file"),
        ("<!DOCTYPE html>\n<html><body>a,b</body></html>", "is a web page (HTML)"),
        ("<html>\n<table><tr><td>1</td></tr></table>", "is a web page (HTML)"),
        ("<!-- saved -->\n<HTML><head></head>", "is a web page (HTML)"),
        ("<?xml version='1.0'?>\n<rows><row a='1'/></rows>", "is XML"),
        ("<rows>\n<row><a>1</a></row></rows>", "is XML"),
        ("@relation iris\n@attribute a numeric\n@data\n1\n", "is an ARFF file"),
        ("CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\n", "is a script of SQL"),
        ("1 1:0.5 2:0.3\n0 1:0.2 3:0.9\n", "is sparse data of LIBSVM"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
        (pickle.dumps({"a": [1, 2], "b": [3, 4]}), "is a pickle"),
        (pickle.dumps(np.arange(5)), "is a pickle"),
        (json.dumps({"cells": [], "metadata": {}, "nbformat": 4}), "is a notebook"),
        (json.dumps({"cells": [{"source": ["a,b"]}], "nbformat": 4}, indent=1), "is a notebook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old office program"),
    ],
)
def test_files_that_are_no_table(write, refusal, content, said):
    path = write(content)
    message = refusal(path)
    assert message.startswith(str(path))
    assert said in message


def test_files_that_cannot_be_opened(tmp_path, write, monkeypatch, refusal):
    write("a\n1\n", "sales.csv")
    assert "did you mean" in refusal(tmp_path / "sale.csv", InputError)
    assert "there is no file" in refusal(tmp_path / "nothing", InputError)
    assert '/*.csv"' in refusal(tmp_path, InputError)
    assert "no name of a file" in refusal("a\0b", InputError)

    def raises(error):
        def read(_):
            raise error

        monkeypatch.setattr(Path, "read_bytes", read)

    raises(PermissionError())
    assert "may not be read" in refusal(tmp_path / "sales.csv", InputError)
    raises(OSError(5, "Input/output error"))
    assert "broke off: Input/output error" in refusal(tmp_path / "sales.csv", FileError)


def test_polars_absent(monkeypatch, refusal):
    monkeypatch.setitem(sys.modules, "polars", None)
    assert 'pip install "deltarule[app]"' in refusal("f.csv", OptionError)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"encoding": "cp1522"}, "did you mean 'cp1252'?"),
        ({"encoding": "rot13"}, "unknown encoding 'rot13'"),
        ({"delimiter": "\n"}, "the delimiter is"),
        ({"quote": "ab"}, "the quote is"),
        ({"skip": -1}, "skip is -1"),
        ({"sheet": "May"}, "has no sheets"),
        ({"ragged": "fil"}, "did you mean 'fill'?"),
    ],
)
def test_options_that_are_none(write, refusal, option, said):
    assert said in refusal(write("a,b\n1,2\n"), OptionError, **option)


def test_several_files_by_a_pattern(tmp_path, write, rows, refusal):
    write("a,b\n1,x\n", "p1.csv")
    write("b;a\ny;1,5\nz;2,5\n", "p2.csv")
    table = read_table(tmp_path / "p*.csv")
    assert table.names == ["a", "b"]
    assert rows(table) == [("1", "x"), ("1,5", "y"), ("2,5", "z")]
    assert table.notices[0].startswith("2 files, ")
    write("a,c\n1,2\n", "p3.csv")
    assert f"{tmp_path}/p3.csv has no column 'b', and {tmp_path}/p1.csv has" in refusal(tmp_path / "p*.csv")
    assert "no file matches" in refusal(tmp_path / "q*.csv", InputError)
    pl.DataFrame({"a": [1, 2], "b": ["u", "v"]}).write_parquet(tmp_path / "q1.parquet")
    pl.DataFrame({"b": ["w"], "a": [2.5]}).write_parquet(tmp_path / "q2.parquet")
    assert read_table(tmp_path / "q?.parquet")["a"].texts() == ["1", "2", "2.5"]
    write("a,b\n7,8\n", "p[1].csv")
    assert rows(read_table(tmp_path / "p[1].csv")) == [("7", "8")]  # a file that is called so


def test_notices_stay_with_the_table(read):
    table = read("1,2\n3,4\n5,6\n")
    assert table.notices == table.without("x1").notices == table.rows(np.array([0])).notices != ()
    assert Table.of({"a": [1]}).notices == ()


def test_an_index_without_a_name_is_a_row_id(read):
    lines = "\n".join(f"{n},{n % 7},{n % 3}" for n in range(40))
    for header in (",a,b", "a,b", '"","a","b"'):
        table = read(f"{header}\n{lines}\n")
        assert table.names == ["unnamed", "a", "b"]
        assert len(table) == 40
        assert len(table.notices) == 1
        assert [one.kind for one in schema(table).columns.values()] == ["row id", "number", "ordered"]


@given(st.binary(max_size=60) | st.text(alphabet='ab1.,;"\n\r\t -:TZ2019e+#', max_size=60).map(str.encode))
def test_any_bytes_are_a_table_or_one_sentence(content):
    with pytest.MonkeyPatch.context() as patch:
        standard_input(patch, content)
        try:
            assert len(read_table("-")) > 0
        except DeltaruleError as error:
            assert str(error).startswith("standard input")  # noqa: PT017


@given(
    st.lists(
        st.tuples(st.integers(-(2**62), 2**62), st.floats(allow_nan=False, allow_infinity=False)), min_size=1
    )
)
def test_cells_come_back_as_they_were_written(pairs):
    lines = "\n".join(["a,b", *(f"{a},{b!r}" for a, b in pairs)])
    with pytest.MonkeyPatch.context() as patch:
        standard_input(patch, lines.encode())
        table = read_table("-")
        assert table["a"].texts() == [str(a) for a, _ in pairs]
        assert table["b"].texts() == [repr(b) for _, b in pairs]
