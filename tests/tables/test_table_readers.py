"""Files to DataFrames: every type a column can have, and one sentence for every file that cannot be read."""

from __future__ import annotations

import io
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deltarule.errors import DataError, DeltaruleError, FileError, InputError, OptionError
from deltarule.tables import read_table


@pytest.fixture
def write(tmp_path):
    def write(content: str | bytes, name: str = "f.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refusal(path, error=DataError, **options) -> str:
    with pytest.raises(error) as caught:
        read_table(path, **options)
    message = str(caught.value)
    assert type(caught.value) is error
    assert "\n" not in message
    return message


def test_cells_come_as_they_are(write):
    frame = read_table(write("a,b,c\n 1 ,01,true\n,NA,x\n"))
    assert frame.dtypes == [pl.String] * 3
    assert frame.rows() == [("1", "01", "true"), (None, "NA", "x")]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_separators_newlines_quotes_and_bom(write, separator, newline):
    lines = [
        separator.join(['"a,;|"', "b", "c"]),
        separator.join(['"x ""y"""', '"1\n2"', "3"]),
        "",
        separator.join(["z", "", "4"]),
    ]
    frame = read_table(write(b"\xef\xbb\xbf" + newline.join(lines).encode()))
    assert frame.rows(named=True) == [
        {"a,;|": 'x "y"', "b": "1\n2", "c": "3"},
        {"a,;|": "z", "b": None, "c": "4"},
    ]


def test_one_column_leading_blank_lines_and_long_text(write):
    assert read_table(write("\n\nage\n1\n2\n"))["age"].to_list() == ["1", "2"]
    assert read_table(write("a\n" + "x" * 200_000 + "\n"))["a"].str.len_chars().to_list() == [200_000]


def test_missing(write):
    assert read_table(write("zip,n\n01234,-99\n 9 ,5\n"), missing=["-99"]).rows() == [
        ("01234", None),
        ("9", "5"),
    ]


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n"), encoding="utf-8"))
    assert read_table("-").rows() == [("1", "2")]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b""), encoding="utf-8"))
    assert "standard input is empty" in refusal("-")


def test_parquet_by_extension_or_magic(tmp_path):
    frame = pl.DataFrame({"a": [1, 2], "s": ["x", "-"], "d": [date(2020, 1, 1), None]})
    for name in ("f.parquet", "f.bin"):
        frame.write_parquet(tmp_path / name)
        assert read_table(tmp_path / name).equals(frame)
    path = tmp_path / "f.parquet"
    assert read_table(path, missing=["-"]).rows() == [(1, "x", date(2020, 1, 1)), (2, None, None)]
    frame.head(0).write_parquet(path)
    assert "has a header but no rows" in refusal(path)


def test_damaged_parquet(tmp_path, write):
    buffer = io.BytesIO()
    pl.DataFrame({"a": range(500)}).write_parquet(buffer)
    whole = buffer.getvalue()
    assert "cut short" in refusal(write(whole[:-9], "f.parquet"))
    assert "not a readable Parquet file" in refusal(write(whole[:200] + b"\xff" * 40 + b"PAR1", "f.parquet"))
    assert "whatever its name says" in refusal(write("a,b\n1,2\n", "f.parquet"))


@pytest.mark.parametrize("function", ["scan_parquet", "read_parquet"])
def test_a_panic_inside_polars_is_a_sentence(monkeypatch, write, function):
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
    ("content", "said"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        ("a,b\n", "has a header but no rows"),
        ("a,b,a,c,b\n1,2,3,4,5\n", "the header names 'a', 'b' more than once"),
        ("a,,c\n1,2,3\n", "column 2 has no name"),
        ("a,b\n1,2\n1\n", "row 2 has 1 fields and the header 2"),
        ("a,b\n1,2\n1,2,3\n", "row 2 has 3 fields and the header 2"),
        ('a,b\n"1,2\n3,4\n', "is not valid CSV"),
        (b"a,b\nx,1\n\xe9,2\n", "line 3 holds the byte 0xe9 (byte 8 of the file); save it as UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
        (b"a,b\n1,\0\n", "holds a NUL byte in line 2"),
        (b"\x1f\x8b\x08\x00\x00", "expected CSV or Parquet"),
    ],
)
def test_files_that_are_no_table(write, content, said):
    path = write(content)
    message = refusal(path)
    assert message.startswith(str(path))
    assert said in message


def test_files_that_cannot_be_opened(tmp_path, monkeypatch):
    assert "there is no file" in refusal(tmp_path / "nothing.csv", InputError)
    assert "is a folder" in refusal(tmp_path, InputError)

    def raises(error):
        def read(_):
            raise error

        monkeypatch.setattr(Path, "read_bytes", read)

    raises(PermissionError())
    assert "may not be read" in refusal(tmp_path / "f.csv", InputError)
    raises(OSError(5, "Input/output error"))
    assert "broke off: Input/output error" in refusal(tmp_path / "f.csv", FileError)


def test_polars_absent(monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    assert 'pip install "deltarule[app]"' in refusal("f.csv", OptionError)


@given(st.binary(max_size=60) | st.text(alphabet='ab1.,;"\n\r\t -:TZ2019e+', max_size=60).map(str.encode))
def test_any_bytes_are_a_table_or_one_sentence(content):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
        try:
            assert read_table("-").height > 0
        except DeltaruleError as error:
            assert str(error).startswith("standard input")  # noqa: PT017


@given(
    st.lists(
        st.tuples(st.integers(-(2**62), 2**62), st.floats(allow_nan=False, allow_infinity=False)), min_size=1
    )
)
def test_cells_come_back_as_they_were_written(rows):
    lines = "\n".join(["a,b", *(f"{a},{b!r}" for a, b in rows)])
    rows = [(str(a), repr(b)) for a, b in rows]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines.encode()), encoding="utf-8"))
        assert read_table("-").rows() == rows
