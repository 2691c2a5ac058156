r"""The tree as LaTeX: paragraphs, tables, and `align*` environments, which need amsmath."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from deltarule.chain import notation
from deltarule.chain.document import Block, Equation, Heading, Matrix, Paragraph, Table
from deltarule.chain.grid import ELIDED, Grid

_SECTIONS = {1: "section*", 2: "subsection*", 3: "subsubsection*"}
_SPECIAL = re.compile(r"[&%$#_{}~^\\]")
_ESCAPES = {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
MOST = 5
"""Factors of a product on a line."""
LONG = 60
"""Characters of a formula that has a line of its own."""


def render(blocks: Iterable[Block], *, is_standalone: bool = False) -> str:
    """Return the blocks as LaTeX, for a document that uses amsmath, or as such a document."""
    parts: list[str] = []
    for is_equation, group in groupby(blocks, key=lambda block: isinstance(block, Equation)):
        if is_equation:
            parts.append(equations(group))
        else:
            parts += [_block(block) for block in group]
    body = "\n\n".join(parts)
    if not is_standalone:
        return body
    return (
        "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{amsmath}\n"
        "\\usepackage[margin=2cm]{geometry}\n\\setlength{\\parindent}{0pt}\n\\allowdisplaybreaks\n"
        "\\begin{document}\n" + body + "\n\\end{document}"
    )


def equations(blocks: Iterable[Block]) -> str:
    """Return the equations alone, as one environment, which is what a notebook can show."""
    rows = [row for block in blocks if isinstance(block, Equation) for row in _rows(block)]
    return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"\\{_SECTIONS[block.level]}{{{_words(block.text)}}}"
        case Paragraph():
            words = _words(block.text)
            if block.verdict:
                words = words.replace(block.verdict, f"\\textbf{{{block.verdict}}}", 1)
            return words + " \\par"
        case Table():
            return _table(block)
        case Equation():
            return " \\\\\n".join(_rows(block))


def _rows(block: Equation) -> list[str]:
    """Return an equation as rows of an align environment, a matrix a row."""
    left = notation.latex(block.left)
    factors = block.formula.split(" . ")
    if not block.matrices and len(factors) > MOST:
        lines = [factors[n : n + MOST] for n in range(0, len(factors), MOST)]
        products = [r" \cdot ".join(notation.latex(factor) for factor in line) for line in lines]
        return [f"{left} &= {products[0]}", *(rf"&\quad \cdot {line}" for line in products[1:])]
    right = notation.latex(block.formula)
    if not block.matrices:
        return [f"{left} &= {right}"]
    matrices = [_matrix(matrix) for matrix in block.matrices]
    if not right:
        first = [rf"{left} &= {matrices[0]} \quad \text{{{_plain(block.words)}}}"]
    elif len(right) < LONG:
        first = [f"{left} &= {right} = {matrices[0]}"]
    else:
        first = [f"{left} &= {right}", f"&= {matrices[0]}"]
    return [*first, *(rf"&\phantom{{=}} {matrix}" for matrix in matrices[1:])]


def _matrix(matrix: Matrix) -> str:
    body = r" \\ ".join(" & ".join(_cells(row, matrix.grid)) for row in matrix.grid.rows)
    caption = rf" \quad \text{{({_plain(matrix.caption)})}}" if matrix.caption else ""
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}{caption}"


def _cells(row: tuple[str, ...], whole: Grid) -> list[str]:
    """Return a row's numbers; dots that stand for rows are vertical."""
    is_row_of_dots = all(cell == ELIDED for cell in row) and len(whole.rows) > 1
    dots = r"\vdots" if is_row_of_dots else r"\cdots"
    return [dots if cell == ELIDED else notation.latex_number(cell) for cell in row]


def _table(block: Table) -> str:
    form = "".join("r" if n in block.right else "l" for n in range(len(block.head)))
    rows = [" & ".join(_cell(cell) for cell in row) + r" \\" for row in block.rows]
    head = [" & ".join(_words(cell) for cell in block.head) + r" \\ \hline"] if any(block.head) else []
    return "\n".join([rf"\begin{{tabular}}{{{form}}}", *head, *rows, r"\end{tabular} \par\medskip"])


def _cell(cell: str) -> str:
    is_number = re.fullmatch(r"-?(\d[\d.]*(e[+-]?\d+)?|inf|nan)", cell)
    return f"${notation.latex_number(cell)}$" if is_number else _words(cell)


def _words(words: str) -> str:
    return notation.sentence(words, _plain, lambda formula: f"${notation.latex(formula)}$")


def _plain(words: str) -> str:
    words = _SPECIAL.sub(lambda match: _ESCAPES.get(match[0], "\\" + match[0]), words)
    return words.replace("->", r"$\to$")
