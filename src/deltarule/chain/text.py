"""The tree as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from deltarule.chain import notation
from deltarule.chain.document import Block, Equation, Heading, Matrix, Paragraph, Table

INDENT = "  "


def render(blocks: Iterable[Block], *, width: int = 80, is_ascii: bool = False) -> str:
    """Return the blocks as text in lines of at most `width`."""
    lines: list[str] = []
    for block in blocks:
        match block:
            case Heading():
                title = _words(block.text, is_ascii)
                lines += ["", title] if lines else [title]
                if block.level < 3:
                    lines.append(("=" if block.level == 1 else "-") * min(len(title), width))
            case Paragraph():
                lines += textwrap.wrap(_words(block.text, is_ascii), width, break_on_hyphens=False)
            case Equation():
                lines += _equation(block, width, is_ascii)
            case Table():
                head = [block.head] if any(block.head) else []
                rows = [[_words(cell, is_ascii) for cell in row] for row in (*head, *block.rows)]
                lines += [line for row in _fitted(rows, block.right, width) for line in row]
    text = "\n".join(line.rstrip() for line in lines)
    return text.encode("ascii", "replace").decode() if is_ascii else text


def aligned(rows: Iterable[Sequence[str]], indent: int = 2, right: Sequence[int] = ()) -> list[str]:
    """Return rows as aligned lines; the columns in `right` are flush right.

    >>> aligned([["a", "1"], ["bc", "23"]], right=[1])
    ['  a    1', '  bc  23']
    """
    listed = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*listed, strict=True)]
    return [
        " " * indent
        + "  ".join(
            cell.rjust(width) if n in right else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in listed
    ]


def _fitted(rows: list[list[str]], right: Sequence[int], width: int) -> list[list[str]]:
    """Return a table's lines, row by row; where it is too wide, its widest column is wrapped."""
    lines = aligned(rows, right=right)
    if max(map(len, lines)) <= width:
        return [[line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widest = max(range(len(widths)), key=widths.__getitem__)
    room = max(20, widths[widest] - (max(map(len, lines)) - width))
    spread: list[list[str]] = []
    ends: list[int] = []
    for row in rows:
        parts = textwrap.wrap(row[widest], room, subsequent_indent="  ") or [""]
        for n, part in enumerate(parts):
            spread.append([part if m == widest else "" if n else cell for m, cell in enumerate(row)])
        ends.append(len(spread))
    lines = aligned(spread, right=right)
    return [lines[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _equation(block: Equation, width: int, is_ascii: bool) -> list[str]:
    left, right = notation.text(block.left, is_ascii), notation.text(block.formula, is_ascii) or block.words
    size = f"{block.shape[0]} x {block.shape[1]}" if block.shape else ""
    whole = f"{INDENT}{left} = {right}"
    lines = textwrap.wrap(whole, width - len(size) - 2, subsequent_indent=INDENT * 3, break_on_hyphens=False)
    lines = [INDENT + lines[0].lstrip(), *lines[1:]]
    if size:
        lines[0] += size.rjust(width - len(lines[0]))
    for matrix in block.matrices:
        lines += _matrix(matrix, is_ascii)
    return lines


def _matrix(matrix: Matrix, is_ascii: bool) -> list[str]:
    rows = aligned(matrix.grid.rows, indent=0, right=range(len(matrix.grid.rows[0])))
    longest = max(map(len, rows))
    brackets = _brackets(len(rows), is_ascii)
    caption = [f"{INDENT * 2}{matrix.caption}:"] if matrix.caption else []
    return caption + [
        f"{INDENT * 2}{left} {row.ljust(longest)} {right}"
        for (left, right), row in zip(brackets, rows, strict=True)
    ]


def _brackets(rows: int, is_ascii: bool) -> list[tuple[str, str]]:
    if rows == 1 or is_ascii:
        return [("[", "]")] * rows
    return [("⎡", "⎤"), *[("⎢", "⎥")] * (rows - 2), ("⎣", "⎦")]


def _words(words: str, is_ascii: bool) -> str:
    return notation.sentence(words, str, lambda formula: notation.text(formula, is_ascii))
