"""The tree as plain data, for a page that makes its own elements: text, MathML for formulas, grids as text.

    {"kind": "heading", "level", "text"}                {"kind": "paragraph", "text", "verdict"}
    {"kind": "table", "head", "rows", "right"}          {"kind": "equation", "mathml", "words", "shape", "matrices"}

A matrix is {"name", "symbol", "caption", "shape", "rows", "is_elided"}. Texts and cells are runs, each {"text"} or
{"mathml"}, the inside of a MathML element; so is a name, of which the symbol is the source.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deltarule.chain import notation
from deltarule.chain.document import Block, Equation, Heading, Matrix, Paragraph, Table

Run = dict[str, str]


def render(blocks: Iterable[Block]) -> list[dict[str, Any]]:
    """Return the blocks as plain data, ready for JSON."""
    return [_block(block) for block in blocks]


def runs(words: str) -> list[Run]:
    """Return a sentence as runs of text and of mathematics, which stands between backticks.

    >>> runs("so `w_1` < 2")
    [{'text': 'so '}, {'mathml': '<msub><mi>w</mi><mn>1</mn></msub>'}, {'text': ' < 2'}]
    """
    parts = enumerate(words.split("`"))
    return [{"mathml": notation.mathml(part)} if n % 2 else {"text": part} for n, part in parts if part]


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Heading():
            return {"kind": "heading", "level": block.level, "text": runs(block.text)}
        case Paragraph():
            return {"kind": "paragraph", "text": runs(block.text), "verdict": block.verdict}
        case Table():
            rows = [[runs(cell) for cell in row] for row in block.rows]
            return {
                "kind": "table",
                "head": [runs(cell) for cell in block.head],
                "rows": rows,
                "right": list(block.right),
            }
        case Equation():
            return {
                "kind": "equation",
                "mathml": notation.equation(block.left, block.formula),
                "words": block.words,
                "shape": None if block.shape is None else list(block.shape),
                "matrices": [_matrix(matrix) for matrix in block.matrices],
            }


def _matrix(matrix: Matrix) -> dict[str, Any]:
    return {
        "name": notation.mathml(matrix.name),
        "symbol": matrix.name,
        "caption": matrix.caption,
        "shape": list(matrix.grid.shape),
        "rows": [list(row) for row in matrix.grid.rows],
        "is_elided": matrix.grid.is_elided,
    }
