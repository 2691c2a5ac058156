"""How the fields of a text file are set apart: delimiter and quotes, found by trying each on the first lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from deltarule.tables.readers.cells import filled, is_rule, look
from deltarule.tables.readers.options import BLANKS, FIXED, NO_QUOTE, Reading, cut
from deltarule.tables.readers.places import cut_at, places_of

UNIT = "\x1f"
"""The unit separator, which stands for delimiters of several letters; no text has it."""
USUAL = ",", ";", "\t", "|"
RARE = "::", "^", "~", "\x01", "\x1f", ":"
COMMENTS = "#", "//", "%", "!", "--"
LINES, CELLS = 1000, 20_000
"""Lines, and cells of them, that are looked at."""
LONGEST = 2**31 - 1
ENOUGH = 0.5
"""Share of lines that agree, from which on a delimiter is one though the first line has none of it."""
_BLANKS = re.compile(rb'"(?:[^"\n]|"")*"|^[ \t]+|[ \t]+$|[ \t]+', re.M)
_SPOKEN = {"\t": "tab", UNIT: "0x1F", "\x01": "0x01"}


@dataclass(frozen=True)
class Dialect:
    """delimiter: as it was written, "blanks", "fixed", or nothing in a file of one column. quote: None for none.

    places: where columns begin that stand at fixed places.
    """

    delimiter: str = ","
    quote: str | None = '"'
    places: tuple[int, ...] = ()

    @property
    def sign(self) -> str:
        """The one letter between fields after `set_apart`."""
        return self.delimiter if len(self.delimiter) == 1 and self.delimiter.isascii() else UNIT

    @property
    def shown_sign(self) -> str:
        """What messages show between fields."""
        return self.delimiter if self.delimiter not in ("", BLANKS, FIXED) else " "

    def set_apart(self, content: bytes) -> bytes:
        """Return a text with one letter between fields.

        >>> Dialect("blanks").set_apart(b'  1.5  2 "a b"\\n')
        b'1.5\\x1f2\\x1f"a b"\\n'
        """
        if self.places:
            lines = content.decode("utf-8", "replace").split("\n")
            return "\n".join(
                UNIT.join((line.strip() and cut_at(line, self.places)) or [line]) for line in lines
            ).encode()
        if self.delimiter == BLANKS:
            return _BLANKS.sub(_unit, content)
        if self.delimiter and self.delimiter != self.sign:
            return content.replace(self.delimiter.encode(), UNIT.encode())
        return content

    def records(self, lines: Iterable[str], is_strict: bool = False) -> Iterator[tuple[int, list[str]]]:
        """Yield every record's first line, from 1, and its fields."""
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST))  # a long text is no mistake
        rows = csv.reader(
            lines,
            delimiter=self.sign,
            quotechar=self.quote,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            skipinitialspace=True,
            strict=is_strict,
        )
        before = 0
        for row in rows:
            yield before + 1, row
            before = rows.line_num


def _unit(match: re.Match[bytes]) -> bytes:
    if match.group().startswith(b'"'):
        return match.group()
    text, start, end = match.string, match.start(), match.end()
    is_edge = (
        start == 0 or text[start - 1 : start] == b"\n" or end == len(text) or text[end : end + 1] == b"\n"
    )
    return b"" if is_edge else UNIT.encode()


def is_comment(text: str) -> bool:
    """Return whether a line or a first cell begins as comments do, or draws a line."""
    return text.lstrip().startswith(COMMENTS) or is_rule([text])


def found(head: str, reading: Reading) -> tuple[Dialect, list[str]]:
    """Return the dialect of a text by its first lines, and what is to be told of it.

    >>> found("temp;load\\n21,28;8\\n18,32;7\\n", Reading())[0].delimiter
    ';'
    """
    told: list[str] = []
    lines = [line for line in head.split("\n") if line.strip()][:LINES]
    if len(lines) > 2:
        lines = [line for line in lines if not is_comment(line)] or lines
    if (
        first := re.fullmatch(r'"?sep=(.)"?,*', lines[0].strip("\ufeff \r") if lines else "", re.I)
    ) is not None:
        del lines[0]
    quote = _quote(head, lines, reading)
    if quote not in (None, '"') and reading.quote is None:
        told.append(f"{quote} is read as the quote of texts (--quote none reads it as a letter)")
    if reading.delimiter == FIXED:
        return Dialect(FIXED, None, places_of(lines) or (0,)), told
    if reading.delimiter is not None:
        return Dialect(reading.delimiter, quote), told
    if first is not None:
        return Dialect(first.group(1), quote), told
    scores = {each: _score(lines, Dialect(each, quote)) for each in (*USUAL, BLANKS)}
    if not any(scores.values()):
        scores = {each: _score(lines, Dialect(each, quote)) for each in RARE}
    best = max(scores, key=lambda each: scores[each])
    is_usual = scores[best] and best != BLANKS and best in lines[0]
    if not is_usual and (places := _places(lines, quote)):
        shown = ", ".join(str(each + 1) for each in places[:5]) + (", ..." if len(places) > 5 else "")
        told.append(f'columns stand at fixed places, {shown} (--delimiter "," takes another)')
        return Dialect(FIXED, None, places), told
    if not scores[best]:
        if len(lines) > 1 and all(len(line.split()) > 1 for line in lines) and not _are_values(lines[1:]):
            told.append(
                f'no delimiter found, so that each line is one text: {cut(lines[1])} (--delimiter "," names one)'
            )
        return Dialect("", quote), told
    if best not in USUAL:
        called = (
            "columns are set apart by blanks"
            if best == BLANKS
            else f"the delimiter is {_SPOKEN.get(best, best)}"
        )
        told.append(f'{called} (--delimiter "," takes another)')
    return Dialect(best, quote), told


def _places(lines: Sequence[str], quote: str | None) -> tuple[int, ...]:
    """Return the places of columns where blanks alone do not give every line as many cells."""
    if quote is not None and any(quote in line for line in lines):
        return ()
    widths = {len(line.split()) for line in lines}
    return places_of(lines) if len(widths) > 1 else ()


def _quote(head: str, lines: Sequence[str], reading: Reading) -> str | None:
    if reading.quote is not None:
        return None if reading.quote == NO_QUOTE else reading.quote
    if '"' in head or "'" not in head:
        return '"'
    quoted = len(re.findall(r"(?:^|[,;\t|])\s?'[^'\n]*'\s?(?=[,;\t|]|$)", head, re.M))
    return "'" if quoted >= max(2, len(lines) / 2) and head.count("'") < 2.5 * quoted else '"'


def _score(lines: Sequence[str], dialect: Dialect) -> float:
    """Return how well a delimiter makes a table of lines: do the rows have one width, and the cells sense."""
    text = "\n".join(lines)
    if UNIT in text if dialect.delimiter == BLANKS else dialect.delimiter not in text:
        return 0.0
    text = dialect.set_apart(text.encode()).decode()
    rows = [row for _, row in dialect.records(text.split("\n")) if filled(row)]
    body = rows[1:] or rows
    if not body:
        return 0.0
    widths = Counter(len(row) for row in body if len(row) > 1) or Counter([1])
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    if width < 2:
        return 0.0
    agreement = count / len(body)
    if len(rows[0]) < 2 and (agreement < ENOUGH or _are_values(lines[1:])):
        return 0.0
    if len(rows[0]) < width - 1:
        agreement *= 0.7
    if dialect.delimiter in (BLANKS, ":") and (
        _are_values(lines)
        or agreement < 0.9
        or not _has_numbers(rows, width)
        or len(rows[0]) < width - (width > 2)
    ):
        return 0.0
    others = [each for each in USUAL if each != dialect.delimiter]
    sample = [cell for row in rows[: max(2, CELLS // width)] for cell in row[:CELLS]]
    clean = sum(look(cell) != "text" or not _is_several(cell, others) for cell in sample) / len(sample)
    return max(agreement * clean, 1e-6) * (0.95 if dialect.delimiter == BLANKS else 1.0)


def _is_several(cell: str, others: Sequence[str]) -> bool:
    """Return whether a cell holds what other delimiters set apart."""
    if any(each in cell for each in others):
        return True
    parts = cell.split()
    return len(parts) > 1 and all(look(part) in ("number", "missing") for part in parts)


def _are_values(lines: Sequence[str]) -> bool:
    """Return whether whole lines are numbers or dates, so that what stands in them sets nothing apart."""
    return bool(lines) and all(look(line) in ("number", "measure", "date", "missing") for line in lines)


def _has_numbers(rows: Sequence[Sequence[str]], width: int) -> bool:
    body = [row for row in rows[1:] if len(row) == width] or [row for row in rows if len(row) == width]
    return any(
        sum(look(row[n]) in ("number", "missing") for row in body) > 0.9 * len(body) for n in range(width)
    )
