"""Compressed files, workbooks, databases and JSON."""

from __future__ import annotations

import base64
import bz2
import datetime
import gzip
import io
import json
import lzma
import sqlite3
import sys
import zipfile
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
import zstandard

from deltarule import memory
from deltarule.errors import DataError, OptionError, OutOfMemoryError, PackageError
from deltarule.tables import read_table

CSV = b"a,b\n1,2\n3,4\n"
FOLD = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstandard.compress}
XLS = (
    "{Wp48S^xk9=GL@E0stWa8~^|S5YJf5;1&M@8(jcsGrk;#Fn3_|q=YI!3><bRg7T4u+=$92y5XR=#sm{*o6VTHX*Crpnc)M|#puk@^h-b4s3P%T*|5j"
    "%FV#XmrK5@>cY#$Aa2quG5BsCaW&p=w%`2#&kvK33jLRL19^cVN7!7pe@YpAhl_+DTtxO8)TRNPt)$jvGwZ=DKT9_0{g2$JZU%zO6<~VSw4G;M{w;st"
    "9r-w<b@Tc+k&|C0M&PHA6K~|~0kBh|_pUQmSm{4vIjrt3iHZe`{3`Ff*C_^7JGHU+yc{3lCY(Vxaxe`_Vtr!Pd_I2s$g1k@6EU@6!xsdAjtGcfL(aa5"
    "{xLPlY4r~-)Y~7cs+Y0SZlStZz<7;a?0b}5@9;N!3L>2wIeiugYv!L?Qd21ZbyX$BG@e!4EsUh0Kiy7X*eFl6_>;q9t+>Z_-J7!?og*r1q+K}Mq;XDm"
    "uh7e@7J-2_c^0&F^D^S7&r`4g>I!DCesp#1+@lfG3A=du1M^yYiLYuN5qRZ&>m+f)oR9qRKpjR`%xCb@qJRk9qC0M>%#3fFgJ%Df|#%R;eTdO3$KqDN"
    "ew^ab$?XsDEK6p~B<J&vbcwH^f!`6aX^__MtOx|mg>{F@}BpdFUct4Qy&xlu<#1%-mZwG@o1(kMtBBj)7S^z@>i7e8=Tv04x_g;Azhn-MA57XCWDlW9"
    "iU^P>90x{r<CXdc@LWN}fqksSaj(uh+bZ9b%00FlIfGhw2Z&(!VvBYQl0ssI200dcD"
)
"""An .xls file: a, b; 1, x; 2, y."""


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    forms = {
        datetime.date: "yyyy-mm-dd", datetime.datetime: "yyyy-mm-dd hh:mm", datetime.time: "hh:mm",
        datetime.timedelta: "[h]:mm",
    }  # fmt: skip
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if form := forms.get(type(value)):
                    sheet.write_datetime(r, c, value, book.add_format({"num_format": form}))
                else:
                    sheet.write(r, c, value)
    book.close()
    return buffer.getvalue()


def spreadsheet(rows: list[list[str]]) -> bytes:
    """Return an .ods file of texts."""
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>'
            for c in row
        )
        + "</table:table-row>"
        for row in rows
    )
    oasis = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0"?><office:document-content xmlns:office="{oasis}:office:1.0" '
        f'xmlns:table="{oasis}:table:1.0" xmlns:text="{oasis}:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="S">{cells}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return zipped({"mimetype": kind, "content.xml": content.encode(), "META-INF/manifest.xml": b"<a/>"})


# Compression.


@pytest.mark.parametrize("kind", FOLD)
def test_compressed_files(read, rows, write, refusal, kind):
    fold = FOLD[kind]
    for name in (f"f.csv.{kind}", "f.csv"):
        table = read(fold(CSV), name)
        assert (rows(table), table.notices) == ([("1", "2"), ("3", "4")], ())
    assert rows(read(fold(CSV) + fold(b"5,6\n"), "f.csv"))[-1] == ("5", "6")  # of several pieces
    assert rows(read(fold(b'[{"a": 1}]'), f"f.json.{kind}")) == [("1",)]
    long = b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(3000))
    assert "cut short" in refusal(write(fold(long)[:-30]))
    whole = bytearray(fold(long))
    whole[40:80] = b"\xff" * 40
    assert kind[0] in refusal(write(bytes(whole)))


def test_folded_over_and_over(read, rows, write, refusal):
    assert rows(read(gzip.compress(zstandard.compress(CSV)))) == [("1", "2"), ("3", "4")]
    content = CSV
    for _ in range(6):
        content = gzip.compress(content)
    assert "compressed more than 3 times" in refusal(write(content))


def test_zip_files_of_one_member_and_of_several(tmp_path, read, rows, write, refusal):
    assert read(zipped({"a.csv": CSV}), "f.zip").notices == ()
    assert len(read(zipped({"folder/a.csv": CSV, "__MACOSX/._a.csv": b"x", ".DS_Store": b"x"}), "f.zip")) == 2
    path = write(zipped({"a.csv": CSV, "b c.csv": b"x,y\n5,6\n"}), "f.zip")
    assert f'holds 2 files (a.csv, b c.csv); name one of them: "{path}::a.csv"' in refusal(path)
    assert rows(read_table(f"{path}::b c.csv")) == [("5", "6")]
    assert f"did you mean {path}::a.csv?" in refusal(f"{path}::a.cs", OptionError)
    assert "without a file in it" in refusal(write(zipped({}), "f.zip"))
    assert "damaged or was cut short" in refusal(write(zipped({"a.csv": CSV})[:-10], "f.zip"))
    assert "(DOCX)" in refusal(write(zipped({"word/document.xml": b"<a/>"}), "f.docx"))
    assert "arrays of NumPy" in refusal(write(zipped({"a.npy": b"x", "b.npy": b"x"}), "f.npz"))
    locked = bytearray(zipped({"a.csv": CSV}))
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    assert "protected by a password" in refusal(write(bytes(locked), "f.zip"))


@pytest.mark.parametrize("kind", [*FOLD, "zip"])
@pytest.mark.parametrize("filler", [b"\0", b"a"])
def test_what_unfolds_without_end(monkeypatch, write, refusal, kind, filler):
    monkeypatch.setattr("deltarule.tables.readers.unfolding.FIRST", 2**22)
    content = filler * 2**24
    path = write(zipped({"a.csv": content}) if kind == "zip" else FOLD[kind](content), f"f.csv.{kind}")
    assert "without a line break" in refusal(path)


@pytest.mark.parametrize("kind", [*FOLD, "zip"])
def test_what_unfolds_to_more_than_there_is(monkeypatch, write, refusal, kind):
    content = CSV * 2**20
    path = write(zipped({"a.csv": content}) if kind == "zip" else FOLD[kind](content), f"f.csv.{kind}")
    monkeypatch.setattr(memory, "WORTH_ASKING", 0)
    monkeypatch.setattr(memory, "available", lambda: 2**22)
    assert "unfolds to takes about" in refusal(path, OutOfMemoryError)


# Workbooks.


def test_cells_of_a_workbook_keep_their_types(read, rows):
    day, moment = datetime.date(2020, 1, 5), datetime.datetime(2020, 1, 5, 6)
    content = workbook(
        {
            "Empty": [],
            "My Data": [
                ["Sales of May"],
                [],
                ["n", "share", "is", "day", "when", "at", "took", "mixed", "zip", "gap"],
                [
                    1,
                    0.5,
                    True,
                    day,
                    moment,
                    datetime.time(12, 30),
                    datetime.timedelta(hours=30),
                    5,
                    "00501",
                    1,
                ],
                [
                    2,
                    1.5,
                    False,
                    day,
                    moment,
                    datetime.time(13),
                    datetime.timedelta(hours=1),
                    "x",
                    "10001",
                    None,
                ],
            ],
            "More": [["p", "q"], [1, 2.5], [3, 4.5]],
        }
    )
    table = read(content, "f.xlsx")
    kinds = [table[name].kind for name in table.names]
    assert kinds == [
        "number",
        "number",
        "boolean",
        "date",
        "datetime",
        *["text", "number", "text", "text", "number"],
    ]
    assert rows(table)[0][:5] == ("1", "0.5", "True", "2020-01-05", "2020-01-05T06:00:00")
    assert table["at"].texts()[0] == "12:30:00"
    assert table["took"].texts() == ["108000", "3600"]
    assert (table["mixed"].texts(), table["zip"].texts()) == (["5", "x"], ["00501", "10001"])
    assert "--sheet More" in table.notices[0]
    assert "1 line before the table left out" in table.notices[1]
    for sheet in ("More", "3", 3):
        told = read(content, "f.xlsx", sheet=sheet)
        assert (rows(told), told.notices) == ([("1", "2.5"), ("3", "4.5")], ())


def test_headers_of_sheets_are_as_those_of_texts(read):
    assert read(workbook({"S": [[1, 2.5], [3, 4.5], [5, 6.5]]}), "f.xlsx").names == ["x1", "x2"]
    assert read(workbook({"S": [["a", "a"], [1, 2]]}), "f.xlsx").names == ["a", "a_2"]
    assert read(workbook({"S": [[None, "a"], [0, 2], [1, 2]]}), "f.xlsx").names == ["unnamed", "a"]
    assert read(workbook({"S": [["town", 2019, 2020], ["Rome", 0.5, 1.5]]}), "f.xlsx").names[1:] == [
        "2019",
        "2020",
    ]
    shifted = workbook({"S": [[], [], [None, None, "a", "b"], [None, None, 1, 2]]})
    assert (read(shifted, "f.xlsx").names, read(shifted, "f.xlsx").notices) == (["a", "b"], ())


def test_notes_and_other_tables_in_a_sheet(read, write, refusal):
    rows = [
        ["town", "temp", "n"],
        *[[town, n + 0.5, n] for n, town in enumerate(["Rome", "Bern", "Oslo", "Bern"])],
    ]
    table = read(workbook({"S": [*rows, [], ["Source: us"], ["All without warranty"]]}), "f.xlsx")
    assert len(table) == 4
    assert "2 notes after the table left out, first row 7 of the sheet" in table.notices[0]
    assert len(read(workbook({"S": [*rows, [], ["Source: us"]]}), "f.xlsx", ragged="fill")) == 5
    assert (
        len(read(workbook({"S": [*rows, [], *rows[2:]]}), "f.xlsx")) == 7
    )  # an empty row sets nothing apart
    for second in ([["a", "b"], [1, 2], [3, 4]], [["a", "b", "c"], [1, 2, 3], [3, 4, 5]]):
        content = workbook({"S": [*rows, [], *second]})
        assert "holds two tables: after 4 rows and a blank line another begins" in refusal(
            write(content, "f.xlsx")
        )


def test_json_of_two_bytes_a_letter(read, rows):
    assert rows(read(json.dumps([{"a": 1}, {"a": 2}]).encode("utf-16"), "f.json")) == [("1",), ("2",)]


def test_other_workbooks(read, rows, tmp_path):
    assert rows(read(spreadsheet([["a", "b"], ["1", "x"], ["2", "y"]]), "f.ods")) == [("1", "x"), ("2", "y")]
    assert rows(read(lzma.decompress(base64.b85decode(XLS)), "f.xls")) == [("1", "x"), ("2", "y")]
    (tmp_path / "w.xlsx").write_bytes(workbook({"A": [["a"], [1]], "B": [["b"], [2]]}))
    assert read_table(f"{tmp_path}/w.xlsx::B").names == ["b"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (workbook({"One": [], "Two": []}), "workbook without a table"),
        (workbook({"One": [["a", "b"]]}), "has a header but no rows"),
        (workbook({"One": [["a"], [1]]})[:-200], "cut short"),
        (
            bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "a password",
        ),
        (
            bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600) + "Workbook".encode("utf-16-le"),
            "not a readable workbook",
        ),
        (zipped({"xl/workbook.xml": b"<nothing/>"}), "not a readable workbook"),
        (zipped({"mimetype": b"x", "content.xml": b"<nothing/>"}), "not a readable workbook"),
    ],
)
def test_workbooks_that_cannot_be_read(write, refusal, content, said):
    assert said in refusal(write(content, "f.xlsx"))


def test_a_sheet_that_is_not_there(write, refusal):
    path = write(workbook({"May": [["a"], [1]], "June": [["a"], [1]]}), "f.xlsx")
    assert "did you mean 'June'?" in refusal(path, OptionError, sheet="june 2020")
    assert "Its sheets: 'May', 'June'" in refusal(path, OptionError, sheet="7")


# Databases.


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    link = sqlite3.connect(path)
    link.execute("CREATE TABLE orders (n INTEGER, price REAL, town TEXT, mixed)")
    link.executemany(
        "INSERT INTO orders VALUES (?, ?, ?, ?)",
        [(1, 1.5, "Rome", 5), (2, None, "Bern", "x"), (3, 2.5, None, None)],
    )
    link.commit()
    link.close()
    return path


def test_tables_and_queries_of_sqlite(shop, rows, refusal):
    assert rows(read_table(shop)) == [
        ("1", "1.5", "Rome", "5"),
        ("2", None, "Bern", "x"),
        ("3", "2.5", None, None),
    ]
    assert [read_table(shop)[n].kind for n in ("n", "price", "town", "mixed")] == [
        "number",
        "number",
        "text",
        "text",
    ]
    link = sqlite3.connect(shop)
    link.execute('CREATE TABLE "my towns" (town)')
    link.execute("INSERT INTO \"my towns\" VALUES ('Oslo')")
    link.commit()
    link.close()
    assert f'"{shop}::orders"' in refusal(shop)
    assert rows(read_table(f"{shop}::my towns")) == [("Oslo",)]
    assert rows(read_table(f"{shop}::SELECT n AS k, n FROM orders WHERE n > 2")) == [("3", "3")]
    assert f"did you mean {shop}::orders?" in refusal(f"{shop}::order", OptionError)
    assert "no such column: x" in refusal(f"{shop}::SELECT x FROM orders", OptionError)
    assert "readonly" in refusal(f"{shop}::WITH x AS (SELECT 1) DELETE FROM orders", OptionError)
    assert "header but no rows" in refusal(f"{shop}::SELECT * FROM orders WHERE n > 9")


def test_databases_in_other_clothes(shop, read, write, refusal, monkeypatch):
    assert len(read(gzip.compress(shop.read_bytes()), "shop.db.gz")) == 3
    assert "not a readable SQLite database" in refusal(write(shop.read_bytes()[:3000], "cut.db"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(shop.read_bytes()), encoding="utf-8"))
    assert len(read_table("-")) == 3


def test_duckdb(tmp_path, rows, refusal, monkeypatch):
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "k.duckdb"
    with duckdb.connect(str(path)) as link:
        link.execute("CREATE TABLE t AS SELECT range a, range * 1.5 b, DATE '2020-01-01' c FROM range(3)")
    table = read_table(path)
    assert rows(table)[1] == ("1", "1.5", "2020-01-01")
    assert rows(read_table(f"{path}::SELECT max(a) AS most FROM t")) == [("2",)]
    assert "did you mean" in refusal(f"{path}::tt", OptionError)
    assert "failed" in refusal(f"{path}::SELECT x FROM t", OptionError)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert 'pip install "deltarule[duckdb]"' in refusal(path, PackageError)


def test_libraries_that_are_not_there_are_named(monkeypatch, write, refusal):
    for library, content in (
        ("python_calamine", workbook({"S": [["a"], [1]]})),
        ("zstandard", FOLD["zst"](CSV)),
    ):
        monkeypatch.setitem(sys.modules, library, None)
        name = library.replace("_", "-")
        said = refusal(write(content), PackageError)
        assert f'needs {name}; install it with: python -m pip install "deltarule[app]"' in said
    monkeypatch.setitem(sys.modules, "chardet", None)
    assert "--encoding cp1251" in refusal(write("имя,город\nИван,Москва\n".encode("cp1251")), PackageError)


# JSON.

RECORDS = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(map(json.dumps, RECORDS)),
        json.dumps(RECORDS),
        json.dumps(RECORDS, indent=2),
        json.dumps([["a", "b"], [1, "x"], [2, "y"]]),
        json.dumps({"columns": ["a", "b"], "index": [0, 1], "data": [[1, "x"], [2, "y"]]}),
        json.dumps({"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": "y"}}),
        json.dumps({"0": RECORDS[0], "1": RECORDS[1]}),
        json.dumps({"a": [1, 2], "b": ["x", "y"]}),
        json.dumps({"rows": RECORDS}),
    ],
)
@pytest.mark.parametrize("name", ["f.json", "f.csv"])
def test_json_of_many_forms(read, rows, content, name):
    table = read(content, name)
    assert table.names == ["a", "b"]
    assert rows(table) == [("1", "x"), ("2", "y")]
    assert [table["a"].kind, table["b"].kind] == ["number", "text"]
    assert table.notices == ()


def test_json_values_of_many_kinds(read):
    table = read('{"a": 1, "b": {"c": 1, "d": [1, 2]}}\n{"a": "u", "b": {"c": 3.5}}\n{"b": null}\n')
    assert table["a"].texts() == ["1", "u", None]
    assert table["b.c"].texts() == ["1", "3.5", None]
    table = read('[{"a": true, "b": {"c": 1}}, {"a": null, "e": "z"}]')
    assert (table["a"].kind, table["b.c"].texts(), table["e"].texts()) == (
        "boolean",
        ["1", None],
        [None, "z"],
    )
    assert "left out" in read('{"meta": 5, "rows": [{"a": 1}]}').notices[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": 1}\n{"a": 2\n', "line 2 is none"),
        ('[{"a": 1}, {"a": 2', "cut short"),
        ('[{"a": 1},\n {"a" 2}]', "line 2"),
        ('[{"a": 1}, 5]', "no table"),
        ('{"a": [1, 2], "b": 3}', "no table"),
        ("[]", "is empty"),
        ("{}", "is empty"),
    ],
)
def test_json_that_is_no_table(write, refusal, content, said):
    assert said in refusal(write(content, "f.json"))


@pytest.mark.parametrize("content", ["[1],b\n[2],c\n", "{a},b\n{c},d\n{e},f\n", '"[x",y\n1,2\n3,4\n'])
def test_brackets_in_a_text_are_no_json(read, content):
    assert len(read(content).names) == 2


@pytest.mark.parametrize("words", [{"encoding": "cp1252"}, {"delimiter": ";"}, {"quote": "'"}, {"skip": 0},
                                   {"header": False}, {"ragged": "skip"}, {"sheet": "1"}])  # fmt: skip
def test_options_that_say_nothing_of_a_format_are_refused(shop, write, refusal, rows, words):
    option = next(iter(words))
    parquet, arrow = io.BytesIO(), io.BytesIO()
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    frame.write_parquet(parquet)
    frame.write_ipc(arrow)
    paths = [write(parquet.getvalue(), "f.parquet"), write(arrow.getvalue(), "f.arrow"), shop]
    paths += [write(gzip.compress(parquet.getvalue()), "g.gz"), write(json.dumps(RECORDS), "f.json")]
    paths += [write(workbook({"S": [["a", "b"], [1, "x"], [2, "y"]]}), "f.xlsx")]
    for path in paths:
        is_taken = {".json": ("encoding",), ".xlsx": ("skip", "header", "ragged", "sheet")}.get(
            path.suffix, ()
        )
        if option not in is_taken and not (path == shop and option == "sheet"):
            message = refusal(path, OptionError, **words)
            assert f"--{'no-' if option == 'header' else ''}{option}" in message
            assert "leave" in message
        assert len(read_table(path)) in (2, 3)


def test_text_files_have_no_parts(write, refusal):
    path = write("a,b\n1,2\n")
    assert "leave out ::b" in refusal(f"{path}::b", OptionError)
    with pytest.raises(DataError):
        read_table(write("", "x::y.csv"))  # a file that is called so
