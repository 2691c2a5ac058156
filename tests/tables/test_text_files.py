"""Text files: delimiters, headers, rows of another length, quotes, what stands before and after a table."""

from __future__ import annotations

import random

import numpy as np
import pytest


def numbers(n: int = 80, seed: int = 0) -> list[list[str]]:
    rng = random.Random(seed)
    return [[f"{rng.gauss(0, 1):.2f}", f"{rng.gauss(5, 2):.2f}", str(rng.randint(0, 1))] for _ in range(n)]


def text(rows: list[list[str]], delimiter: str = ",") -> str:
    return "\n".join(delimiter.join(row) for row in rows) + "\n"


def told(table, *words: str) -> bool:
    """Whether one notice has all words."""
    return any(all(word in notice for word in words) for notice in table.notices)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\r\r\n"])
def test_separators_newlines_quotes_and_bom(read, rows, separator, newline):
    lines = [
        separator.join(['"a,;|"', "b", "c"]),
        separator.join(['"x ""y"""', '"1\n2"', "3"]),
        "",
        separator.join(["z", "", "4"]),
    ]
    table = read(b"\xef\xbb\xbf" + newline.join(lines).encode())
    assert table.names == ["a,;|", "b", "c"]
    assert rows(table) == [('x "y"', "1\n2", "3"), ("z", None, "4")]


@pytest.mark.parametrize(
    ("content", "first", "delimiter"),
    [
        ("a;b;c\n1,5;2,5;3,5\n2,5;3,5;4,5\n", ("1,5", "2,5", "3,5"), ";"),
        ("a\tb\n1,5\t2,5\n3,5\t4,5\n", ("1,5", "2,5"), "tab"),
        ("a|b\n1,234|x\n2,345|y\n", ("1,234", "x"), "|"),
        ("when,n\n2020-01-01 12:00,1\n2020-01-02 12:00,2\n", ("2020-01-01 12:00", "1"), ","),
        ("id,tags\n1,a;b;c\n2,a;b\n3,c\n", ("1", "a;b;c"), ","),
        ("sep=;\na;b\n1,5;2\n3,5;4\n", ("1,5", "2"), ";"),
        ("x   y  z\n1.5 2  3\n  4   5  6\n", ("1.5", "2", "3"), "blanks"),
        ('18.0   8   30.5\t"buick a"\n15.0   8   35.5\t"amc b"\n', ("18.0", "8", "30.5", "buick a"), "blanks"),
        ("u::m::r\n1::1193::5\n2::661::3\n", ("1", "1193", "5"), "::"),
        ("a^b\n1^2\n3^4\n", ("1", "2"), "^"),
        ("a\x1fb\n1\x1f2\n3\x1f4\n", ("1", "2"), "\x1f"),
        ("'a','b'\n'x, y','1'\n'z','2'\n", ("x, y", "1"), ","),
        ('a, b\n1, "x, y"\n2, "z"\n', ("1", "x, y"), ","),
    ],
)  # fmt: skip
def test_delimiters_are_found_and_may_be_told(read, rows, content, first, delimiter):
    found = read(content)
    assert rows(found)[0] == first
    if not content.startswith("sep"):
        assert rows(read(content, delimiter=delimiter))[0] == first


@pytest.mark.parametrize(
    "content",
    [
        "name\nJohn Smith\nAnn Lee\n",
        "when\n2020-01-01 12:00\n2020-01-02 12:00\n",
        "x\n1,5\n2,5\n3,5\n",
        "weight\n5 kg\n7 kg\n9 kg\n",
        "price\n1 234,56\n2 345,67\n3 456,78\n",
        "text\nhello, world\nwell then\nyes, no, maybe\nfoo\n",
        "at\n12:30\n13:45\n",
    ],
)
def test_one_column_is_not_cut(read, content):
    table = read(content)
    assert table[table.names[0]].texts() == content.split("\n")[1:-1]


def test_delimiters_of_any_letters(read):
    for delimiter in ("||", "é", "§", " - "):
        assert read(f"a{delimiter}b\n1{delimiter}2\n", delimiter=delimiter).names == ["a", "b"]


def test_titles_over_two_columns(read, rows):
    table = read("Exported in May\nUser: me\n\nname,val\na,1\nb,2\n")
    assert (table.names, rows(table)) == (["name", "val"], [("a", "1"), ("b", "2")])
    assert told(table, "2 lines before the table")
    assert read('"a\nb",c\n1,2\n3,4\n').names == ["a b", "c"]


# Headers.


@pytest.mark.parametrize(
    "content",
    [
        text(numbers()),
        "1,1,0\n" + text(numbers(79)),
        "?,0.44,1\n" + text(numbers(79)),
        "<0.5,0.44,1\n" + text(numbers(79)),
        "5.1,3.5,setosa\n4.9,3.0,setosa\n6.2,2.9,virginica\n5.8,3.1,virginica\n",
        "2020-01-01,1.5\n2020-01-02,2.5\n2020-01-03,3.5\n",
        "01.02.2020;1,5\n02.02.2020;2,5\n03.02.2020;3,5\n",
        "A001,B\nA002,C\nA003,B\n",
        "$5.10,x\n$6.20,y\n$7.30,x\n",
        "true,1\nfalse,2\ntrue,3\n",
        "1\n2\n3\n4\n",
        "1,2,3\n",
        "1,2,3\n4,5,6\n7,8,9\n10,11,12\n",
        "2001,2002,2003\n2004,2005,2006\n2007,2008,2009\n",
    ],
)
def test_a_file_without_a_header_keeps_its_first_row(read, content):
    table = read(content)
    width = len(table.names)
    assert table.names == [f"x{n}" for n in range(1, width + 1)]
    assert len(table) == content.count("\n")
    assert told(table, "no header line", "--header")
    if len(table) > 1:
        as_names = read(content, header=True)
        assert len(as_names) == len(table) - 1
        assert not told(as_names, "--header")
    assert read(content, header=False).notices == ()


@pytest.mark.parametrize("levels", ["pe", "xyz", "abcdef"])
def test_texts_that_come_again_below_are_a_row(read, levels):
    rng = random.Random(1)
    body = [[rng.choice(levels), rng.choice("uvw")] for _ in range(40)]
    assert read(text([["p" if "p" in levels else levels[0], "u"], *body])).names == ["x1", "x2"]
    table = read(text([["cap", "surface"], *body]))
    assert (table.names, table.notices) == (["cap", "surface"], ())


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (["2019", "2020", "2021"], numbers()),
        (["town", "2019", "2020"], [["Rome", "0.5", "1.5"], ["Bern", "2.5", "3.5"]]),
        (["2010", "2015", "2020"], [["120", "130", "140"], ["220", "230", "250"]]),
        (["0", "1", "2"], numbers()),
        (["name", "city"], [["Bob", "Paris"], ["Ann", "Rome"]]),
    ],
)
def test_a_header_that_may_be_a_row_is_told_with_the_words_for_it(read, header, body):
    table = read(text([header, *body]))
    assert table.names == header
    assert told(table, "is taken as the header", "--no-header")
    without = read(text([header, *body]), header=False)
    assert len(without) == len(table) + 1


@pytest.mark.parametrize(
    "header",
    ["age,sex", "item,2020-01-01", "a b,1st", "Größe,x²", "id,?"],
)
def test_names_over_numbers_need_no_word(read, header):
    table = read(header + "\n1,2.5\n2,3.5\n3,4.5\n")
    assert table.names == header.split(",")
    assert table.notices == ()


@pytest.mark.parametrize("letter", ["v", "c"])
def test_numbered_names_over_numbered_values_are_told_apart_by_their_letters(read, letter):
    rng = random.Random(0)
    body = [[f"{letter}{rng.randrange(100):02d}" for _ in range(20)] for _ in range(50)]
    header = [f"c{n}" for n in range(20)]
    assert (read(text([header, *body])).names == header) == (letter == "v")


def test_lines_of_dashes_in_a_large_file_whose_cells_come_again(read):
    """Where columns are categories from the reader on."""
    body = [["a town with quite a long name " * 2 + "abc"[n % 3], "x" * 60] for n in range(36_000)]
    body[30_000] = ["-----", "---"]
    body[30_001] = ["-----", "x"]
    table = read(text([["town", "note"], *body]))
    assert len(table) == len(body) - 1
    assert told(table, "1 row of dashes left out, first row 30,001", "--ragged fill")


def test_names_that_a_model_knows_make_a_header(read):
    assert read("a,b\na,c\nb,b\na,b\n").names == ["x1", "x2"]
    assert read("a,b\na,c\nb,b\na,b\n", names=["a", "b"]).names == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "names", "words"),
    [
        ("x,x\n1,2\n3,4\n", ["x", "x_2"], ("'x' more than once", "column 2 is called x_2")),
        ("a,b,a,a_2,b\n1,2,3,4,5\n6,7,8,9,0\n", ["a", "b", "a_3", "a_2", "b_2"], ("column 5 is called b_2",)),
        (",a\n7,8\n5,6\n", ["unnamed", "a"], ("no name for 1 column", "unnamed")),
        ("a,,c\n1,2,3\n4,5,6\n", ["a", "unnamed_2", "c"], ("unnamed_2",)),
        ('"a","b"\n"p",1.5,2\n"q",2.5,3\n', ["unnamed", "a", "b"], ("as R writes it",)),
        ('"a" "b"\n"p" 1.5 2\n"q" 2.5 3\n', ["unnamed", "a", "b"], ("as R writes it",)),
        ("a,b,\n1,2,\n3,4,\n", ["a", "b"], ("neither name nor values",)),
        ("a,b\n1,2,\n3,4,\n", ["a", "b"], ("neither name nor values",)),
        ("a,b,,\n1,2,,\n3,4,,\n", ["a", "b"], ("2 columns with neither",)),
        ("a,,b\n1,,2\n3,,4\n", ["a", "b"], ("neither name nor values",)),
        ("a,b,c,d\n1,2,3\n4,5,6\n7,8,9\n", ["a", "b", "c", "d"], ("3 rows with fewer than 4 fields",)),
        ("#a,b\n1,2\n3,4\n", ["a", "b"], ("the comment '#a,b'", "--no-header")),
        ("# x y z\n1.5 2.5 3\n4.5 5.5 6\n", ["x", "y", "z"], ("the comment",)),
    ],
)
def test_headers_that_something_is_wrong_with_are_mended_and_told(read, content, names, words):
    table = read(content)
    assert table.names == names
    assert all(told(table, word) for word in words)


@pytest.mark.parametrize("rows_", ["1,2,3,4\n5,6,7,8\n9,8,7,6\n", "x,1,2,y\nz,3,4,u\nv,1,2,w\n"])
def test_a_header_far_too_short_is_refused(write, refusal, rows_):
    assert "names 2 columns and most rows have 4 fields" in refusal(write("a,b\n" + rows_))


BODY = [["Rome", "1.5", "3"], ["Bern", "2.5", "4"], ["Oslo", "-0.5", "12"], ["Bern", "3.5", "1"]]
NAMES = ["town", "temp", "n"]


@pytest.mark.parametrize(
    "under",
    [
        ["", "°C", ""],
        ["-", "[°C]", "[-]"],
        ["", "degC", "1"],
        ["string", "float", "int"],
        ["where it is", "how warm it is", "how many there are"],
        ["m/s", "W m-2", "kg/m3"],
    ],
)
def test_a_row_of_units_or_words_under_the_header_is_left_out_and_told(read, rows, under):
    content = text([NAMES, under, *BODY])
    table = read(content)
    assert (table.names, rows(table)) == (NAMES, [tuple(row) for row in BODY])
    assert told(table, "1 row under the header left out", under[1], "--ragged fill")
    assert len(read(content, ragged="fill")) == 5


@pytest.mark.parametrize(
    "first",
    [
        ["Rome", "n/a", ""],
        ["Rome", "see note", "5"],
        ["Rome", "<0.5", ""],
        ["x", "5 kg", ""],
        ["x", "", ""],
        ["x", "see note", ""],
    ],
)
def test_a_row_of_odd_cells_under_the_header_is_a_row(read, first):
    table = read(text([NAMES, first, *BODY]))
    assert (len(table), table.notices) == (5, ())


@pytest.mark.parametrize(
    ("upper", "lower", "names"),
    [
        (["", "weather", ""], NAMES, ["town", "weather temp", "weather n"]),
        (["where", "weather", "weather"], ["", "temp", "n"], ["where", "weather temp", "weather n"]),
        (["", "a", "a"], ["", "x", "y"], ["unnamed", "a x", "a y"]),
    ],
)
def test_a_header_of_two_lines_is_joined_and_told(read, rows, upper, lower, names):
    content = text([upper, lower, *BODY])
    table = read(content)
    assert (table.names, rows(table)) == (names, [tuple(row) for row in BODY])
    assert told(table, "the header takes two lines", names[1], "--skip 1")
    assert read(content, skip=1).names[1] == lower[1]
    if names[0] == "unnamed":  # as pandas writes the names of rows
        assert read(text([upper, lower, ["town", "", ""], *BODY])).names == ["town", *names[1:]]


def boxed(rule: str, head: str) -> str:
    line = lambda row: "| " + " | ".join(cell.ljust(5) for cell in row) + " |"  # noqa: E731
    return "\n".join([rule, line(NAMES), head, *map(line, BODY), rule]).strip("\n") + "\n"


@pytest.mark.parametrize(
    "content",
    [
        boxed("", "|-------|:-----:|------:|"),
        boxed("+-------+-------+-------+", "+-------+-------+-------+"),
        boxed("+-------+-------+-------+", "+=======+=======+=======+"),
        boxed("", "|-------|:-----:|------:|")
        .replace(" |\n", "\n")
        .replace("|\n", "\n")
        .replace("\n|", "\n")[1:],
        text([NAMES, ["----", "----", "-"], *BODY]),
        text([NAMES, ["====", "====", "==="], *BODY, ["====", "====", "==="]], "  "),
        " town | temp | n\n------+------+---\n" + text(BODY, " | ") + "(4 rows)\n\n",
    ],
)
def test_lines_drawn_in_a_table_are_left_out_and_told(read, rows, content):
    table = read(content)
    assert (table.names, rows(table)) == (NAMES, [tuple(row) for row in BODY])
    assert told(table, "the line under the header left out", "--ragged fill")
    assert len(read(content, ragged="fill")) > 4


PLACES = """\
town         temp    n
New York      1.5    3
Bern         -2.5   12
Rio                  4
"""
for _ in range(3):
    PLACES += "Oslo          3.5    1\nThe Hague    -0.5    2\nRome         12.5 1234\n"


def test_columns_at_fixed_places(read, rows):
    table = read(PLACES)
    assert rows(table)[0] == ("New York", "1.5", "3")
    assert rows(table)[2] == ("Rio", None, "4")
    assert told(table, "at fixed places, 1, 14, 19 ")
    assert read(PLACES, delimiter="fixed").names == ["town", "temp", "n"]
    assert read(PLACES, delimiter=",").names == ["town temp n"]
    few = read("old town   temp\nNew York    1.5\nRio de Janeiro 4\nLe Havre    3.5\n")  # too few to tell
    assert told(few, "no delimiter found", "--delimiter")


@pytest.mark.parametrize("odd", ["Rio de Janeiro      4", "Rio     5     2.5    4"])
def test_what_goes_over_places_is_not_cut(write, read, refusal, odd):
    content = PLACES.replace("Rio                  4", odd)
    assert "row 3 (line 4) has 1 field" in refusal(write(content))
    assert len(read(content, ragged="skip")) == 11


@pytest.mark.parametrize(
    ("content", "cell"),
    [
        ('a,b\n1,"say \\"hi\\", ok"\n2,y\n', 'say "hi", ok'),
        ('a,b\n1,"C:\\\\x\\"y\\" "\n2,y\n', 'C:\\x"y"'),
        ('a,b\n1,"C:\\dir\\"\n2,y\n', "C:\\dir\\"),
    ],
)
def test_backslashes_before_quotes(read, content, cell):
    assert read(content)["b"].texts()[0] == cell


def test_rows_that_are_each_one_quoted_text(read, rows):
    content = '"a,b"\n"1,""x, y"""\n"2,z"\n'
    assert (read(content).names, rows(read(content))) == (["a", "b"], [("1", "x, y"), ("2", "z")])
    assert len(read(content, quote='"').names) == 1
    assert read('text\n"yes, no"\n"well, then, so"\n"ok"\n').names == ["text"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n<<<<<<< HEAD\n3,4\n=======\n3,5\n>>>>>>> x\n", "was not finished, first in line 3"),
        ("--- a.csv\n+++ b.csv\n@@ -1,3 +1,3 @@\n+1,2\n", "a difference of two files"),
        ("\\begin{tabular}{ll}\na & b \\\\\n\\end{tabular}\n", "LaTeX"),
        ("*************************** 1. row ***************************\nid: 1\n", "a line a field"),
        ("[a]\nx = 1\ny = 2\n", "INI or TOML"),
        ("- a: 1\n  b: 2\n- a: 3\n  b: 4\n", "YAML"),
    ],
)  # fmt: skip
def test_texts_that_are_no_tables(write, refusal, content, said):
    assert said in refusal(write(content))


def test_two_delimiters_are_refused(write, read, refusal):
    content = text([NAMES, *BODY]) + text(BODY, ";")
    assert "row 5 (line 6) is set apart by ';', and the rows above it by ','" in refusal(write(content))
    assert len(read(content, ragged="skip")) == 4


def test_names_of_rows_are_each_another(read, write, refusal):
    """A decimal comma that no quotes protect makes a field more too."""
    content = text([NAMES, *([a, b.replace(".", ","), c] for a, b, c in BODY)])
    assert "names 3 columns and most rows have 4 fields" in refusal(write(content))
    assert len(read(content, header=False)) == 5


# Before, between and after the rows.


@pytest.mark.parametrize(
    ("before", "count"),
    [
        ("Report of May\n", 1),
        ("Report of May\n\n", 1),
        ("Report of May,,\n,,\n", 1),
        ("# made by a program\n# in 2020\n", 2),
        ("// exported\n", 1),
        ("% a comment\n", 1),
        ("Sensor 5\nplace: roof\n\n", 2),
    ],
)
@pytest.mark.parametrize("body", ["a,b,c\n1,2,x\n3,4,y\n", "a,b,c\n1.5,2020-01-01,x\n2.5,2020-01-02,x\n"])
def test_lines_before_the_table_are_left_out_and_told(read, before, count, body):
    table = read(before + body)
    assert table.names == ["a", "b", "c"]
    assert len(table) == 2
    assert told(table, f"{count} line", "before the table", "--skip 0")
    lines = before.count("\n")
    assert read(before + body, skip=lines).names == ["a", "b", "c"]
    assert read(before + body, skip=lines).notices == ()


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ("Total\n", "1 note after the table"),
        ("\nSource: us, 2020\n", "1 note after the table"),
        ("\nSource: us\nNote: none\n(c) 2020\n", "3 notes after the table"),
        ("# end of file\n", "1 comment"),
        (",,\n,,\n", "2 empty rows"),
        ("Total,12,14\n", "looks like a total"),
    ],
)
def test_lines_after_the_table_are_told(read, after, words):
    table = read("a,b,c\nx,2,3\ny,4,5\nz,6,6\n" + after)
    assert len(table) == (4 if after.startswith("Total,") else 3)
    assert told(table, words)
    if len(table) == 3:
        assert told(table, "--ragged fill")
        assert len(read("a,b,c\nx,2,3\ny,4,5\nz,6,6\n" + after, ragged="fill")) > 3


def test_comments_and_headers_between_rows(read, rows):
    table = read("a,b\n1,2\n# broken sensor\n3,4\n")
    assert rows(table) == [("1", "2"), ("3", "4")]
    assert told(table, "1 comment left out", "line 3")
    table = read("a,b\n1,2\na,b\n3,4\n")
    assert rows(table) == [("1", "2"), ("3", "4")]
    assert told(table, "the header again", "row 2", "--no-header")
    table = read("a,b\nx,y\na,b\nu,v\n", header=True)  # which may be a row
    assert len(table) == 3
    assert told(table, "1 row like the header, first row 2")
    table = read("tag,n\n#1 hit,5\n#2 hit,6\n")  # no comments
    assert rows(table) == [("#1 hit", "5"), ("#2 hit", "6")]


@pytest.mark.parametrize("content", ["a,b\n1,2\n\n3,4\n\n\n", "a,b\n\n1,2\n3,4", "\n\na,b\n1,2\n  \n3,4\n"])
def test_blank_lines_are_no_rows(read, rows, content):
    assert rows(read(content)) == [("1", "2"), ("3", "4")]


def test_blank_lines_of_one_column_are_told(read):
    table = read("a\n1\n\n3\n")
    assert table["a"].texts() == ["1", "3"]
    assert told(table, "1 blank line", "--ragged fill")
    assert read("a\n1\n\n3\n", ragged="fill")["a"].texts() == ["1", None, "3"]


@pytest.mark.parametrize(
    "second",
    ["x,y,z,u\n1,2,3,4\n5,6,7,8\n", "x,y\n1,2\n5,6\n", "x,y,z\n5,6,7\n7,8,9\n"],
)
def test_two_tables_in_one_file_are_one_sentence(write, refusal, second):
    message = refusal(write("a,b,c\n1,2,3\n3,4,5\n\n" + second))
    assert "holds two tables: after 2 rows and a blank line another begins ('x,y" in message


# Rows of another length, and quotes.


@pytest.mark.parametrize("at", [0, 1, 2, 79])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_rows_that_are_too_long_are_refused_with_what_mends_it(write, read, refusal, at, delimiter):
    body = numbers()
    body[at] = [*body[at], "9"]
    content = text([["a", "b", "c"], *body], delimiter)
    message = refusal(write(content))
    assert f"row {at + 1} (line {at + 2}) has 4 fields and the table 3 columns" in message
    assert "--ragged skip" in message
    skipped, cut = read(content, ragged="skip"), read(content, ragged="fill")
    assert (len(skipped), len(cut)) == (79, 80)
    assert told(skipped, "1 row of another length left out")
    assert told(cut, "1 row with more than 3 fields", f"first row {at + 1} ")


@pytest.mark.parametrize("at", [0, 5, 79])
def test_rows_that_are_too_short_are_filled_and_told(read, write, refusal, at):
    body = numbers()
    body[at] = body[at][:2]
    content = text([["a", "b", "c"], *body])
    table = read(content)
    assert len(table) == 80
    assert table["c"].texts()[at] is None
    assert told(table, "1 row with fewer than 3 fields", f"first row {at + 1} ", "--ragged skip")
    assert len(read(content, ragged="skip")) == 79
    assert f"row {at + 1} " in refusal(write(content), ragged="refuse")


def test_empty_surplus_is_no_fault(read, rows):
    assert rows(read("a,b,c\n1,2,3\n3,4,5,\n5,6,7\n"))[1] == ("3", "4", "5")


@pytest.mark.parametrize(
    ("content", "row", "line"),
    [
        ('a,b\n1,x\n2,"y\n3,z\n4,w\n', 2, 3),
        ('a,b\n1,x\n2,"y\n3,z\n4,"w\n5,v\n', 2, 3),
        ('a,b\n"1,x\n2,y\n3,z\n', 1, 2),
        ('a,b\n1,"Big" John\n2,y\n3,x\n', 1, 2),
        ('a,b\n1,"x\n2"\n2,y\n3,"x\n', 3, 5),
    ],
)
def test_quotes_that_do_not_match(write, read, refusal, content, row, line):
    message = refusal(write(content))
    assert f"row {row} (line {line}" in message
    assert "--quote none" in message
    assert len(read(content, quote="none")) >= 3


@pytest.mark.parametrize(
    "body", ['1,5" pipe\n2,6" pipe\n3,x\n', '1,5" pipe\n2,6 pipe\n3,x\n', '1,a"b"\n2,x\n3,y\n']
)
def test_quotes_within_a_text_are_letters(read, body):
    table = read("a,b\n" + body)
    assert table["b"].texts() == [line.split(",")[1] for line in body.split("\n")[:-1]]


def test_rows_within_a_cell_are_told(read):
    content = 'a,b,c\n1,"x,1\n2,y,4\n3,z,5\n4,w",5\n9,9,9\n'
    assert told(read(content), "row 1 (line 2) holds 4 lines in one cell", "--quote none")
    assert read(content, quote='"').notices == ()
    assert len(read(content, quote="none")) == 5
    assert read('a,b,c\n1,"x\ny",3\n2,y,4\n').notices == ()
    assert read('a,b\n1,"Good, really.\n\nBuy it, now!"\n2,"x"\n').notices == ()


# Size.


def test_regular_and_irregular_ways_read_the_same(read, rows):
    rng = random.Random(2)
    cells = ["x", "", " y ", '"q, r"', '"a ""b"""', '"two\nlines"', "1.5", "é", '" in "']
    body = [[rng.choice(cells) for _ in range(4)] for _ in range(300)]
    content = text([["a", "b", "c", "d"], *body])
    regular = read(content)
    irregular = read(content.rstrip("\n") + "\n\n1,2,3,4\n")  # a blank line takes the other way
    singly = read(content + 'x"y,2,3,4\n')  # so does a quote within a text
    assert rows(irregular)[:-1] == rows(singly)[:-1] == rows(regular)
    assert rows(singly)[-1] == ('x"y', "2", "3", "4")
    assert len(read(content.replace("\n", "\n\n"))) >= 300  # a blank line after each
    assert len(regular) == 300


def test_wide_and_long_ones(read, write, refusal, monkeypatch):
    table = read(text([[f"c{n}" for n in range(3000)], ["1"] * 3000, ["2"] * 3000]))
    assert (len(table), len(table.names)) == (2, 3000)
    assert read("a\n" + "x" * 200_000 + "\n")["a"].texts() == ["x" * 200_000]
    monkeypatch.setattr("deltarule.tables.readers.texts.HEAD", 2**10)
    monkeypatch.setattr("deltarule.tables.readers.texts.FARTHEST", 2**12)
    assert "has a line of more than" in refusal(write("1,2" * 5000))
    assert "line 2;" in refusal(write("a,b\n" + "1,2" * 5000))


def quoted(content: str) -> str:
    lines = content.rstrip("\n").split("\n")
    return "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in lines) + "\n"


def indexed(content: str) -> str:
    lines = content.rstrip("\n").split("\n")
    return "\n".join(f"{n or ''},{line}" for n, line in enumerate(lines)) + "\n"


FAULTS = {
    "title": lambda content: "My table\n\n" + content,
    "comment": lambda content: "# made in May\n" + content,
    "semicolons": lambda content: content.replace(",", ";"),
    "crlf": lambda content: content.replace("\n", "\r\n"),
    "trailing": lambda content: content.replace("\n", ",\n"),
    "blank": lambda content: content.replace("\n", "\n\n", 3),
    "footer": lambda content: content + "\nSource: us\n",
    "mark": lambda content: "\ufeff" + content.removeprefix("\ufeff"),
    "index": indexed,
    "no end": lambda content: content.rstrip("\n"),
    "quoted": quoted,
}


@pytest.mark.parametrize(
    "fault", ["index", "quoted", "trailing", "semicolons"]
)  # of the rows, then of the file
def test_faults_in_pairs_lose_nothing(read, fault):
    body = numbers(30)
    clean = FAULTS[fault](text([["alpha", "beta", "gamma"], *body]))
    for other in ("title", "comment", "crlf", "blank", "footer", "mark", "no end"):
        table = read(FAULTS[other](clean))
        found = [
            table.columns[name].texts() if name in table else None for name in ("alpha", "beta", "gamma")
        ]
        assert list(zip(*found, strict=True)) == [tuple(row) for row in body], (
            other,
            table.names,
            table.notices,
        )


LINES = {
    "regular": ("a,b\n1,2\n3,4\n5,6\n", {}, [2, 3, 4]),
    "no header": ("1,2\n3,4\n5,6\n", {}, [1, 2, 3]),
    "a title": ("Sales of May\n\na,b\n1,2\n3,4\n", {}, [4, 5]),
    "lines within cells": ('a,b\n1,"x\ny"\n2,z\n3,"u\n\nv"\n4,w\n', {}, [2, 4, 5, 8]),
    "blank lines": ("a,b\n1,2\n\n3,4\n\n\n5,6\n", {}, [2, 4, 7]),
    "a comment": ("a,b\n1,2\n# half time\n3,4\n", {}, [2, 4]),
    "a header again": ("a,b\n1,2\na,b\n3,4\n", {}, [2, 4]),
    "dashes": ("a,b\n---,---\n1,2\n---,---\n3,4\n", {}, [3, 5]),
    "open quotes": ('a,b\n1,2\n"3,4\n5,6\n"7,8\n9,10\n', {"ragged": "skip"}, [2, 4, 6]),
    "quotes within": ('a,b\n1,x "y"\n\n2,z\n', {}, [2, 4]),
    "CRLF": ("a,b\r\n1,2\r\n3,4\r\n", {}, [2, 3]),
    "separator told": ("sep=;\na;b\n1;2\n3;4\n", {}, [3, 4]),
    "short rows": ("a,b,c\n1,2,3\n4\n5,6,7\n", {"ragged": "skip"}, [2, 4]),
}


@pytest.mark.parametrize(("content", "options", "lines"), LINES.values(), ids=LINES)
def test_every_row_knows_the_line_that_an_editor_shows(read, content, options, lines):
    table = read(content, **options)
    assert [table.numbering.line(n) for n in range(len(table))] == lines
    first = [row.split(",")[0].split(";")[0].strip('"') for row in content.replace("\r", "").split("\n")]
    assert [first[line - 1] for line in lines] == table[table.names[0]].texts()
    assert [table.numbering.number(n) for n in range(len(table))] == [*range(1, len(table) + 1)]
    some = table.rows(np.arange(len(table)) > 0).rows(slice(None, None, -1))
    assert some[table.names[0]].row(0) == f"row {len(table)} (line {lines[-1]})"
