"""Dirty files: a clean table with a known answer, written into files with the faults that people's files have.

A fault changes one step of writing: cells, rows, how fields are set apart, lines, bytes, or what they are wrapped in.
`python -m tests.tables.dirty_files` prints the table of docs/tables.md.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import re
import shlex
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
import xlsxwriter
import zstandard

from deltarule.errors import DeltaruleError
from deltarule.tables import Table, read_table

Verdict = Literal["found", "refused", "silently wrong"]
Grid = list[list[str]]
ROWS = 24
NAMES = ["town", "day", "temp", "n", "note"]
STEPS = "cells", "rows", "fields", "lines", "line ends", "bytes", "wrapping", "format"
"""In which order a file is written; a format other than text comes after rows."""


@dataclass
class Draft:
    """A file while it is written, and the table that a careful analyst reads in it."""

    names: list[str]
    rows: Grid
    grid: Grid
    rng: np.random.Generator
    sign: str = ","
    quote: str = '"'
    quoting: Literal[0, 1, 2, 3] = csv.QUOTE_MINIMAL
    text: str = ""
    newline: str = "\n"
    content: bytes = b""
    file: str = "f.csv"

    def written(self) -> str:
        """Return the grid as delimited text."""
        lines = io.StringIO()
        writer = csv.writer(
            lines, delimiter=self.sign, quotechar=self.quote, quoting=self.quoting, lineterminator="\n"
        )
        for row in self.grid:
            lines.write("\n") if not row else writer.writerow(row)
        return lines.getvalue()


def clean(seed: int) -> Draft:
    """Return a clean table."""
    rng = np.random.default_rng(seed)
    towns = rng.choice(["Zürich", "Málaga", "Köln", "Bern", "Oslo"], ROWS)
    words = np.array(["old", "small", "wheel", "lamp", "table", "of", "wood", "with", "paint", "red"])
    rows = [
        [
            str(towns[n]),
            f"{date(2020, 1, 1) + timedelta(days=int(rng.integers(0, 900)))}",
            f"{rng.normal(8, 9):.2f}",
            str(rng.integers(1, 5000)),
            " ".join(rng.choice(words, int(rng.integers(2, 5)), replace=False)),
        ]
        for n in range(ROWS)
    ]
    return Draft(list(NAMES), [list(row) for row in rows], [list(NAMES), *map(list, rows)], rng)


@dataclass(frozen=True)
class Fault:
    """One way to write a file otherwise.

    step: what it changes. places: what it changes there; two at one place cannot go together. told: a word of the
    notice that must come. is_refused: whether one sentence is as good as the table.
    """

    name: str
    step: str
    change: Callable[[Draft], None]
    places: frozenset[str] = frozenset()
    told: str = ""
    is_refused: bool = False


Change = Callable[[Draft], None]
_faults: list[Fault] = []


def fault(
    step: str, name: str, places: str = "", told: str = "", is_refused: bool = False
) -> Callable[[Change], Change]:
    """Register a change as a fault."""

    def add(change: Change) -> Change:
        _faults.append(Fault(name, step, change, frozenset(places.split()), told, is_refused))
        return change

    return add


# Cells


def cells(name: str, column: int, write: Callable[[str, int], str], read: Callable[[str], str] | None = None,
          places: str = "", share: float = 1.0) -> None:  # fmt: skip
    """Register a fault of the cells of a column: what is written for one, and what is read again."""

    def change(draft: Draft) -> None:
        for n, row in enumerate(draft.rows):
            if draft.rng.random() < share:
                text = write(row[column], n)
                draft.grid[n + 1][column] = text
                row[column] = read(text) if read else text

    _faults.append(Fault(name, "cells", change, frozenset({str(column), *places.split()})))


cells("decimal commas", 2, lambda text, n: text.replace(".", ","), places="commas")
cells("thousands with commas", 3, lambda text, n: f"{int(text):,}", places="commas")
cells("quotes in quotes", 4, lambda text, n: f'say "{text}"', places="quotes", share=0.5)
cells("inches", 4, lambda text, n: f'{text} 5"', places="quotes", share=0.3)
cells(
    "line breaks in cells", 4, lambda text, n: text.replace(" ", "\n", 1), places="quotes breaks", share=0.3
)
cells(
    "delimiters in cells",
    4,
    lambda text, n: text.replace(" ", ", ").replace("with", "a;b|c"),
    places="commas quotes",
    share=0.5,
)
cells("apostrophes", 4, lambda text, n: f"{text}'s", places="apostrophes", share=0.4)
cells("blanks around cells", 4, lambda text, n: f"  {text} ", str.strip, places="blanks")
cells("empty cells", 2, lambda text, n: "", places="gaps", share=0.2)
cells("cells like comments", 4, lambda text, n: f"#{n} {text}", places="signs")
cells("cells of dashes", 4, lambda text, n: "---", places="signs", share=0.2)
cells("long texts", 4, lambda text, n: text * 200, places="long", share=0.1)
cells("error cells of sheets", 2, lambda text, n: "#DIV/0!", places="gaps", share=0.1)


# Rows: columns first, then what stands under, above and below


@fault("rows", "an index without a name", "left", "no name for 1 column")
def _(draft: Draft) -> None:
    draft.grid = [["", *draft.grid[0]], *([str(n), *row] for n, row in enumerate(draft.grid[1:]))]
    draft.names, draft.rows = ["unnamed", *draft.names], [[str(n), *row] for n, row in enumerate(draft.rows)]


@fault("rows", "R's names of rows", "left ragged names", "as R writes it")
def _(draft: Draft) -> None:
    draft.grid = [draft.grid[0], *([f"r{n}", *row] for n, row in enumerate(draft.grid[1:]))]
    draft.names, draft.rows = ["unnamed", *draft.names], [[f"r{n}", *row] for n, row in enumerate(draft.rows)]


@fault("rows", "an empty column at the end", "right", "neither name nor values")
def _(draft: Draft) -> None:
    draft.grid = [[*row, ""] for row in draft.grid]


@fault("rows", "delimiters at the ends of rows, not of the header", "right ragged", "neither name nor values")
def _(draft: Draft) -> None:
    draft.grid = [draft.grid[0], *([*row, ""] for row in draft.grid[1:])]


@fault("rows", "a name twice", "names", "more than once")
def _(draft: Draft) -> None:
    draft.grid[0][draft.grid[0].index("n")] = "day"
    draft.names[draft.names.index("n")] = "day_2"


@fault("rows", "a name missing", "names", "no name for")
def _(draft: Draft) -> None:
    at = draft.names.index("n")
    draft.grid[0][draft.grid[0].index("n")] = ""
    draft.names[at] = f"unnamed_{at + 1}"


@fault("rows", "blanks and line breaks in names", "names quotes breaks")
def _(draft: Draft) -> None:
    draft.grid[0] = [f" {name}\n(x) " if name == "n" else name for name in draft.grid[0]]
    draft.names = ["n (x)" if name == "n" else name for name in draft.names]


@fault("rows", "no header", "head names right", "no header line")
def _(draft: Draft) -> None:
    draft.grid, draft.names = draft.grid[1:], [f"x{n + 1}" for n in range(len(draft.names))]


def under(name: str, row: Sequence[str], told: str, places: str = "") -> None:
    """Register a fault of a row under the header."""

    def change(draft: Draft) -> None:
        width = len(draft.grid[1])
        draft.grid.insert(1, [*[""] * (len(draft.names) - 5), *row, *[""] * width][:width])

    _faults.append(Fault(name, "rows", change, frozenset({"head", *places.split()}), told))


under("a row of units", ["", "", "°C", "1", ""], "of units or words")
under("a row of units in brackets", ["[-]", "[-]", "[°C]", "[-]", "[-]"], "of units or words")
under("a row of types", ["string", "date", "float", "int", "string"], "of units or words")
under(
    "a row of questions",
    ["Where?", "When was it?", "How warm?", "How many?", "What else?"],
    "of units or words",
)
under("a row of dashes", ["----", "----------", "-----", "---", "----"], "the line under the header")


@fault("rows", "the header twice", "head", "the header again")
def _(draft: Draft) -> None:
    draft.grid.insert(1, list(draft.grid[0]))


@fault("rows", "a header of two lines", "head names", "two lines, joined")
def _(draft: Draft) -> None:
    draft.grid.insert(0, ["weather" if name == "temp" else "" for name in draft.grid[0]])
    at = draft.names.index("temp")
    draft.names[at:] = [f"weather {name}" for name in draft.names[at:]]


@fault("rows", "the header again between rows", "middle", "the header again")
def _(draft: Draft) -> None:
    draft.grid.insert(12, list(draft.grid[0]))


@fault("rows", "two files, one after the other", "head middle end", "the header again")
def _(draft: Draft) -> None:
    draft.grid, draft.rows = draft.grid * 2, draft.rows * 2


@fault("rows", "a row that is too short", "middle ragged", "fewer than")
def _(draft: Draft) -> None:
    draft.grid[-5].pop()
    draft.rows[-5][-1] = ""


@fault("rows", "a row that is too long", "middle ragged right", is_refused=True)
def _(draft: Draft) -> None:
    draft.grid[-5].append("surplus")


@fault("rows", "a second table", "end ragged", is_refused=True)
def _(draft: Draft) -> None:
    draft.grid += [[], ["x", "y"], ["1", "2"], ["3", "4"]]


def above(name: str, rows: Grid, is_full: bool = False, places: str = "") -> None:
    """Register a fault of rows before the header."""

    def change(draft: Draft) -> None:
        width = len(draft.grid[0])
        draft.grid[:0] = [
            [*row, *[""] * (width - len(row))] if is_full and row else list(row) for row in rows
        ]

    _faults.append(Fault(name, "rows", change, frozenset({"top", *places.split()}), "before the table"))


above("a title", [["Weather of some towns"]])
above("a title over empty cells", [["Weather of some towns"]], is_full=True)
above("a title and a blank line", [["Weather of some towns"], []])
above("lines about a sensor", [["Sensor", "5"], ["Place", "roof"], []])
above("several titles", [["Station 5"], ["made by us"], ["in 2020, May"], []])


def below(name: str, rows: Grid, told: str, is_full: bool = False, places: str = "") -> None:
    """Register a fault of rows after the table."""

    def change(draft: Draft) -> None:
        width = len(draft.grid[-1])
        draft.grid += [[*row, *[""] * (width - len(row))] if is_full else list(row) for row in rows]

    _faults.append(Fault(name, "rows", change, frozenset({"end", *places.split()}), told))


below("a note after the table", [[], ["Source: us, 2020"]], "after the table", places="ragged")
below(
    "notes after the table",
    [[], ["Source: us"], ["All without warranty"]],
    "after the table",
    places="ragged",
)
below("empty rows at the end", [[""], [""]], "empty rows", is_full=True, places="ragged")


@fault("rows", "a row of totals", "end", "looks like a total")
def _(draft: Draft) -> None:
    row = [
        "" if name not in ("temp", "n") else "999"
        for name in [*draft.names, *[""] * 9][: len(draft.grid[-1])]
    ]
    row[0] = "Total"
    draft.grid.append(row)
    draft.rows.append(row[: len(draft.names)])


# Fields


def fields(name: str, sign: str, told: str = "", places: str = "", **style: Any) -> None:
    """Register a fault of what stands between fields."""

    def change(draft: Draft) -> None:
        draft.sign = sign
        for each, value in style.items():
            setattr(draft, each, value)

    _faults.append(Fault(name, "fields", change, frozenset({"fields", *places.split()}), told))


fields("semicolons", ";")
fields("tabs", "\t")
fields("bars", "|")
fields("carets", "^", "the delimiter is ^", "commas quotes")
fields("everything in quotes", ",", quoting=csv.QUOTE_ALL)
fields("semicolons and quotes", ";", quoting=csv.QUOTE_ALL)
fields(
    "single quotes", ",", "the quote of texts", "apostrophes quotes gaps", quote="'", quoting=csv.QUOTE_ALL
)
fields(
    "blanks between fields",
    " ",
    "by blanks",
    "gaps blanks ragged top commas breaks",
    quoting=csv.QUOTE_NONNUMERIC,
)


def drawn(name: str, draw: Callable[[Grid], str], told: str, places: str = "") -> None:
    """Register a fault of a table that is drawn, without quotes."""

    def change(draft: Draft) -> None:
        width = max(map(len, draft.grid))
        rows = [[*row, *[""] * (width - len(row))] for row in draft.grid]
        sizes = [max(len(row[n]) for row in rows) for n in range(width)]
        draft.text = draw([[cell.ljust(size) for cell, size in zip(row, sizes, strict=True)] for row in rows])

    places = f"fields quotes breaks blanks signs ragged top middle end left right head names long {places}"
    _faults.append(Fault(name, "fields", change, frozenset(places.split()), told))


def _rule(rows: Grid, cross: str = "+", dash: str = "-") -> str:
    return cross.join(dash * (len(cell) + 2) for cell in rows[0])


def _barred(row: Sequence[str]) -> str:
    return "| " + " | ".join(row) + " |"


drawn("markdown", lambda rows: "\n".join(
    [_barred(rows[0]), f"|{_rule(rows, '|')}|", *map(_barred, rows[1:])]
) + "\n", "the line under the header")  # fmt: skip
drawn("a table of psql", lambda rows: "\n".join(
    [" " + " | ".join(rows[0]), _rule(rows), *(" " + " | ".join(row) for row in rows[1:]), f"({len(rows) - 1} rows)"]
) + "\n\n", "the line under the header")  # fmt: skip
drawn("a table of MySQL", lambda rows: "\n".join(
    [f"+{_rule(rows)}+", _barred(rows[0]), f"+{_rule(rows)}+", *map(_barred, rows[1:]), f"+{_rule(rows)}+"]
) + "\n", "the line under the header")  # fmt: skip
drawn("a grid of reStructuredText", lambda rows: f"+{_rule(rows)}+\n" + _barred(rows[0])
      + f"\n+{_rule(rows, '+', '=')}+\n" + "".join(f"{_barred(row)}\n+{_rule(rows)}+\n" for row in rows[1:]),
      "the line under the header")  # fmt: skip
drawn(
    "columns of one width",
    lambda rows: "".join("  ".join(row).rstrip() + "\n" for row in rows),
    "at fixed places",
)
drawn("columns of one width, dashes under the names", lambda rows: "  ".join(rows[0]) + "\n" + "  ".join(
    "-" * len(cell) for cell in rows[0]) + "\n" + "".join("  ".join(row).rstrip() + "\n" for row in rows[1:]),
      "at fixed places")  # fmt: skip


@fault("fields", "a blank after each comma", "fields quotes blanks breaks commas")
def _(draft: Draft) -> None:
    draft.text = "".join(", ".join(row) + "\n" for row in draft.grid)


@fault("fields", "every row as one quoted text", "fields quotes breaks top end", "one quoted text")
def _(draft: Draft) -> None:
    lines = draft.written().splitlines()
    draft.text = "".join('"' + line.replace('"', '""') + '"\n' for line in lines)


@fault(
    "fields", "backslashes before quotes", "fields breaks left right head names top middle end", "backslash"
)
def _(draft: Draft) -> None:
    for n in (2, 7):
        draft.grid[n][-1] = draft.rows[n - 1][-1] = draft.grid[n][-1] + ' "x", y'
    draft.text = draft.written().replace('""', '\\"')


# Lines


def lines(
    name: str, change: Callable[[list[str]], list[str]], places: str, told: str = "", is_refused: bool = False
) -> None:
    """Register a fault of lines."""

    def apply(draft: Draft) -> None:
        draft.text = "\n".join(change(draft.text.removesuffix("\n").split("\n"))) + "\n"

    _faults.append(Fault(name, "lines", apply, frozenset(places.split()), told, is_refused))


lines(
    "comments before the table",
    lambda all_: ["# made by a program", "# in May 2020", *all_],
    "top",
    "before the table",
)
lines(
    "a comment between rows",
    lambda all_: [*all_[:9], "# broken sensor", *all_[9:]],
    "middle breaks ",
    "comment",
)
lines("a comment at the end", lambda all_: [*all_, "# end of file"], "end", "comment")
lines(
    "blank lines between rows",
    lambda all_: [*all_[:9], "", *all_[9:12], "  ", *all_[12:]],
    "middle breaks head",
)
lines("a blank line under the header", lambda all_: [all_[0], "", *all_[1:]], "head top names breaks")
lines("blank lines at both ends", lambda all_: ["", "", *all_, "", ""], "top end")
lines("a quote that is not closed", lambda all_: [*all_[:9], re.sub("([a-z ]+)$", r'"\1', all_[9]), *all_[10:]],
      "middle breaks quotes fields", is_refused=True)  # fmt: skip
lines("a line of Excel's delimiter", lambda all_: ["sep=,", *all_], "top fields")
lines("marks of a merge", lambda all_: [
    *all_[:5], "<<<<<<< HEAD", *all_[5:7], "=======", *all_[5:7], ">>>>>>> main", *all_[7:]
], "middle breaks fields", is_refused=True)  # fmt: skip


@fault("lines", "no line break at the end", "last")
def _(draft: Draft) -> None:
    draft.text = draft.text.rstrip("\n")


@fault("lines", "a sign of DOS at the end", "last")
def _(draft: Draft) -> None:
    draft.text += "\x1a"


# Line ends, bytes, wrapping


@fault("line ends", "CRLF", "line ends")
def _(draft: Draft) -> None:
    draft.newline = "\r\n"


@fault("line ends", "CR", "line ends")
def _(draft: Draft) -> None:
    draft.newline = "\r"


@fault("line ends", "CRCRLF", "line ends")
def _(draft: Draft) -> None:
    draft.newline = "\r\r\n"


@fault("line ends", "mixed line ends", "line ends")
def _(draft: Draft) -> None:
    pieces = draft.text.split("\n")
    draft.text = (
        "".join(piece + ("\r\n" if n % 2 else "\n") for n, piece in enumerate(pieces[:-1])) + pieces[-1]
    )


def encoded(name: str, encoding: str, mark: str = "", told: str = "") -> None:
    """Register a fault of a text's encoding."""

    def change(draft: Draft) -> None:
        draft.content = (mark + draft.text).encode(encoding)

    _faults.append(Fault(name, "bytes", change, frozenset({"bytes"}), told))


encoded("UTF-8 with a mark", "utf-8", "\ufeff")
encoded("UTF-8 with two marks", "utf-8", "\ufeff\ufeff")
encoded("a mark that was read as letters", "utf-8", "ï»¿")
encoded("UTF-16 with a mark", "utf-16-le", "\ufeff", "UTF-16-LE")
encoded("UTF-16 without a mark", "utf-16-le", "", "UTF-16-LE")
encoded("UTF-16, big end first", "utf-16-be", "\ufeff", "UTF-16-BE")
encoded("UTF-32", "utf-32-le", "\ufeff", "UTF-32-LE")
encoded("Latin-1", "latin-1", "", "not UTF-8")
encoded("a code page of DOS", "cp850", "", "not UTF-8")
encoded("a code page of the Mac", "mac_roman", "", "not UTF-8")


@fault("bytes", "UTF-8 and Latin-1, line by line", "bytes", "not UTF-8")
def _(draft: Draft) -> None:
    pieces = draft.text.split(draft.newline)
    draft.content = draft.newline.encode().join(
        piece.encode("latin-1" if n % 2 else "utf-8") for n, piece in enumerate(pieces)
    )


@fault("bytes", "NUL bytes", "bytes", "NUL")
def _(draft: Draft) -> None:
    draft.content = re.sub(r"(20)(2\d-)", "\\1\0\\2", draft.text, count=3).encode()


def wrapped(name: str, ending: str, wrap: Callable[[bytes], bytes], told: str = "") -> None:
    """Register a fault of what a file is wrapped in."""

    def change(draft: Draft) -> None:
        draft.content, draft.file = wrap(draft.content), f"f.{ending}"

    _faults.append(Fault(name, "wrapping", change, frozenset({"wrapping"}), told))


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", content)
    return buffer.getvalue()


wrapped("gzip", "csv.gz", gzip.compress)
wrapped("bzip2", "csv.bz2", bz2.compress)
wrapped("xz", "csv.xz", lzma.compress)
wrapped("zstd", "csv.zst", zstandard.compress)
wrapped("zip", "zip", zipped)
wrapped("gzip in gzip", "csv.gz", lambda content: gzip.compress(gzip.compress(content)))
wrapped("gzip under the name of a text", "csv", gzip.compress)
wrapped("a text under the name of a workbook", "xlsx", lambda content: content, "is not a workbook")
wrapped("a text under the name of JSON", "json", lambda content: content)


# Formats


def typed(text: str) -> Any:
    """Return a cell as a program would keep it."""
    for kind in (int, float, date.fromisoformat):
        try:
            return kind(text)
        except ValueError:
            continue
    return text or None


def formatted(name: str, ending: str, write: Callable[[Draft], bytes], *, takes: str, told: str = "") -> None:
    """Register a format; takes: which places of rows it has."""

    def change(draft: Draft) -> None:
        draft.content, draft.file = write(draft), f"f.{ending}"

    kept = {"left", "right", "head", "names", "top", "middle", "end", "ragged", "breaks", "blanks"} - set(
        takes.split()
    )
    _faults.append(Fault(name, "format", change, frozenset({"format", "fields", "bytes", *kept}), told))


def workbook(draft: Draft, *, before: bool = False, hidden: bool = False, merged: bool = False) -> bytes:
    """Return an .xlsx file, with another sheet before it, which may be hidden, or a title over merged cells."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    other = book.add_worksheet("Other") if before or hidden else None
    sheet = book.add_worksheet("Data")
    if other is not None:
        other.write_row(0, 0, ["a", "b"]) if hidden else None
        other.write_row(1, 0, [1, 2]) if hidden else None
    if hidden and other is not None:
        other.hide()
        sheet.activate()
        sheet.set_first_sheet()
    if merged:
        sheet.merge_range(0, 0, 0, 4, "Weather of some towns")
    for r, row in enumerate(draft.grid, start=2 * merged):
        for c, text in enumerate(row):
            value = typed(text)
            if isinstance(value, date):
                sheet.write_datetime(r, c, value, day)
            elif text == "#DIV/0!":
                sheet.write_formula(r, c, "=1/0", None, "#DIV/0!")
            elif isinstance(value, float):
                sheet.write_formula(r, c, f"={value}", None, value)
            else:
                sheet.write(r, c, value) if not isinstance(value, str) else sheet.write_string(r, c, value)
    book.close()
    return buffer.getvalue()


def spreadsheet(draft: Draft) -> bytes:
    """Return an .ods file of texts and numbers."""

    def cell(text: str) -> str:
        value = typed(text)
        kind = 'float" office:value="' + text if isinstance(value, int | float) else "string"
        safe = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        return f'<table:table-cell office:value-type="{kind}"><text:p>{safe}</text:p></table:table-cell>'

    rows = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in draft.grid)
    oasis = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0"?><office:document-content xmlns:office="{oasis}:office:1.0" '
        f'xmlns:table="{oasis}:table:1.0" xmlns:text="{oasis}:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="S">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<a/>")
    return buffer.getvalue()


def records(draft: Draft) -> list[dict[str, Any]]:
    return [dict(zip(draft.grid[0], map(json_value, row), strict=True)) for row in draft.grid[1:]]


def json_value(text: str) -> Any:
    value = typed(text)
    return text if isinstance(value, date) else value


def frame(draft: Draft) -> pl.DataFrame:
    columns = zip(*draft.grid[1:], strict=True)
    return pl.DataFrame(
        {
            name: pl.Series([typed(text) for text in column], strict=False)
            if all(typed(text) is None or not isinstance(typed(text), str) for text in column)
            else pl.Series([text or None for text in column])
            for name, column in zip(draft.grid[0], columns, strict=True)
        }
    )


def parquet(draft: Draft) -> bytes:
    buffer = io.BytesIO()
    frame(draft).write_parquet(buffer)
    return buffer.getvalue()


def arrow(draft: Draft) -> bytes:
    buffer = io.BytesIO()
    frame(draft).write_ipc(buffer)
    return buffer.getvalue()


def database(draft: Draft) -> bytes:
    link = sqlite3.connect(":memory:")
    names = ", ".join(f'"{name}"' for name in draft.grid[0])
    link.execute(f"CREATE TABLE t ({names})")
    marks = ", ".join("?" * len(draft.grid[0]))
    link.executemany(
        f"INSERT INTO t VALUES ({marks})", [[json_value(text) for text in row] for row in draft.grid[1:]]
    )
    link.commit()
    content = link.serialize()
    link.close()
    return content


SHEET = "left head names top middle end blanks"
formatted("a workbook", "xlsx", workbook, takes=SHEET)
formatted("a workbook after an empty sheet", "xlsx", lambda draft: workbook(draft, before=True), takes=SHEET)
formatted("a workbook after a hidden sheet", "xlsx", lambda draft: workbook(draft, hidden=True), takes=SHEET)
formatted("a workbook with merged cells", "xlsx", lambda draft: workbook(draft, merged=True),
          takes="left head names middle end", told="before the table")  # fmt: skip
formatted("OpenDocument", "ods", spreadsheet, takes=SHEET)
formatted("Parquet", "parquet", parquet, takes="")
formatted("Arrow", "arrow", arrow, takes="")
formatted("SQLite", "db", database, takes="")
formatted("JSON, a list of objects", "json", lambda draft: json.dumps(records(draft)).encode(), takes="")
formatted("JSON, an object a line", "ndjson",
          lambda draft: "\n".join(map(json.dumps, records(draft))).encode(), takes="")  # fmt: skip
formatted("JSON, columns", "json", lambda draft: json.dumps(
    {name: [row[name] for row in records(draft)] for name in draft.grid[0]}).encode(), takes="")  # fmt: skip
formatted("JSON, rows in an object", "json", lambda draft: json.dumps(
    {"ok": True, "data": {"rows": records(draft)}}).encode(), takes="", told="rows")  # fmt: skip

FAULTS: tuple[Fault, ...] = tuple(_faults)


def written(faults: Sequence[Fault], seed: int) -> Draft:
    """Return a file with faults."""
    draft = clean(seed)
    by_step = {step: [each for each in FAULTS if each in faults and each.step == step] for step in STEPS}
    for each in (*by_step["cells"], *by_step["rows"], *by_step["format"]):
        each.change(draft)
    if by_step["format"]:
        return draft
    for each in by_step["fields"]:
        each.change(draft)
    draft.text = draft.text or draft.written()
    for each in (*by_step["lines"], *by_step["line ends"]):
        each.change(draft)
    if draft.newline != "\n":
        draft.text = draft.text.replace("\n", draft.newline)
    draft.content = draft.text.encode()
    for each in (*by_step["bytes"], *by_step["wrapping"]):
        each.change(draft)
    return draft


def fit_together(one: Fault, other: Fault) -> bool:
    """Return whether two faults can be in one file."""
    if one.places & other.places:
        return False
    steps = {one.step, other.step}
    return "format" not in steps or steps <= {"format", "cells", "rows"}


def judge(draft: Draft, faults: Sequence[Fault], folder: Path) -> tuple[Verdict, str]:
    """Return whether the table comes back, or one sentence says why not with what can be typed, and what was said."""
    path = folder / draft.file
    path.write_bytes(draft.content)
    try:
        table = read_table(path)
    except DeltaruleError as error:
        said = str(error)
        is_mended = any(opens(path, words) for words in remedies(said)) or not remedies(said)
        may_be = len(faults) > 1 or faults[0].is_refused
        return ("refused" if is_mended and str(path) in said and may_be else "silently wrong"), said
    said = "; ".join(table.notices)
    is_told = all(each.told in said for each in faults)
    return ("found" if is_told and is_right(table, draft) else "silently wrong"), said


def is_right(table: Table, draft: Draft) -> bool:
    """Return whether a table is as it was meant."""
    if table.names != draft.names or len(table) != len(draft.rows):
        return False
    columns = zip(*draft.rows, strict=True)
    return all(
        _same(text, meant)
        for name, column in zip(draft.names, columns, strict=True)
        for text, meant in zip(table[name].texts(), column, strict=True)
    )


def _same(text: str | None, meant: str) -> bool:
    if (text or "") == meant or text is None:
        return (text or "") == meant or meant == "#DIV/0!"
    return text.removesuffix("T00:00:00") == meant or typed(text) == typed(meant)


OPTION = r"""--(?!encoding NAME)[a-z-]+(?: (?:"[^"]*"|'[^']*'|fill|skip|refuse|none|blanks|\d+|cp\d+))?"""


def remedies(message: str) -> list[list[str]]:
    """Return the options that a message shows, as they can be typed; those beside each other belong together."""
    return [shlex.split(found) for found in re.findall(rf"{OPTION}(?: {OPTION})*", message)]


def opens(path: Path, words: Sequence[str]) -> bool:
    """Return whether a file can be read with options as they are typed."""
    options: dict[str, Any] = {}
    for n, word in enumerate(words):
        if word.startswith("--"):
            value = words[n + 1] if n + 1 < len(words) and not words[n + 1].startswith("--") else None
            name = word.removeprefix("--")
            options[name.removeprefix("no-")] = value or not name.startswith("no-")
    if "skip" in options:
        options["skip"] = int(options["skip"])
    try:
        read_table(path, **options)
    except DeltaruleError:
        return False
    return True


def tried(faults: Sequence[Fault], seed: int, folder: Path) -> tuple[Verdict, str]:
    """Return the verdict on a file with faults, and what was said."""
    return judge(written(faults, seed), faults, folder)


PAIRS = 12
"""Pairs of a fault with others, that `measure` makes."""


def partners(one: Fault, most: int, seed: int) -> list[Fault]:
    """Return other faults that go together with one."""
    every = [each for each in FAULTS if fit_together(one, each)]
    return [every[n] for n in np.random.default_rng(seed).permutation(len(every))[:most]]


def measure(one: Fault, folder: Path) -> Mapping[str, Verdict]:
    """Return the verdicts on a fault alone, under "", and with others, by their names."""
    seed = FAULTS.index(one)
    others = {each.name: each for each in partners(one, PAIRS, seed)}
    verdicts = {name: tried([one, each], seed, folder)[0] for name, each in others.items()}
    return {"": tried([one], seed, folder)[0], **verdicts}


def row(one: Fault) -> str:
    """Return the beginning of a fault's row in the documentation."""
    return f"| {one.name} | {one.step} |"


def main() -> None:
    """Print the table of docs/tables.md."""
    print("| fault | in the | alone | in pairs |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for one in FAULTS:
            verdicts = dict(measure(one, Path(folder)))
            alone, others = verdicts.pop(""), list(verdicts.values())
            print(
                f"{row(one)} {alone} | {sum(each != 'silently wrong' for each in others)} of {len(others)} |"
            )


if __name__ == "__main__":
    main()
