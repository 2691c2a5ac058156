"""The tree as a page of HTML with MathML: no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from deltarule.chain import notation
from deltarule.chain.document import Block, Equation, Heading, Matrix, Paragraph, Table
from deltarule.chain.grid import ELIDED

_STYLE = """
.deltarule { --ink: #1c2330; --soft: #5b6472; --line: #d9dee6; --tint: #f4f6f9; --good: #17693a; --bad: #a8201a;
  color: var(--ink); background: #fff; font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 0 auto;
  padding: 1rem 1.25rem 2rem; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { .deltarule { --ink: #e6e9ef; --soft: #a3acba; --line: #3a4352; --tint: #232a35;
  --good: #6fd39a; --bad: #ff9a92; background: #181d25; } }
.deltarule h1 { font-size: 1.5rem; margin: .25rem 0 .75rem; }
.deltarule h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; padding-bottom: .25rem;
  border-bottom: 1px solid var(--line); }
.deltarule h3 { font-size: 1rem; margin: 1.25rem 0 .5rem; color: var(--soft); font-weight: 600; }
.deltarule p { margin: .4rem 0; }
.deltarule .equation { margin: .6rem 0 .25rem; padding: .15rem 0; overflow-x: auto; overflow-y: hidden; }
.deltarule details { margin: .15rem 0 .5rem 1rem; }
.deltarule summary { cursor: pointer; color: var(--soft); font-size: .9rem; }
.deltarule .matrix { overflow-x: auto; padding: .4rem .25rem; }
.deltarule math { overflow-wrap: normal; white-space: nowrap; }
.deltarule .matrix mtd { padding: .2em .5em; text-align: right; text-align: -webkit-right; }
.deltarule table { border-collapse: collapse; margin: .5rem 0; font-variant-numeric: tabular-nums; }
.deltarule th, .deltarule td { text-align: left; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid var(--line); }
.deltarule th { color: var(--soft); font-weight: 600; font-size: .9rem; }
.deltarule .number { text-align: right; white-space: nowrap; }
.deltarule .scroll { overflow-x: auto; }
.deltarule .verdict { border-left: .3rem solid var(--good); padding: .4rem .75rem; background: var(--tint); }
.deltarule .verdict strong { color: var(--good); }
.deltarule .FAIL { border-color: var(--bad); }
.deltarule .FAIL strong { color: var(--bad); }
"""


def page(blocks: Sequence[Block]) -> str:
    """Return the blocks as a page of its own."""
    title = next(
        notation.sentence(block.text, str, notation.text) for block in blocks if isinstance(block, Heading)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        '<meta name="color-scheme" content="light dark"/>\n'
        f"<title>{escape(title)}</title>\n<style>body {{ margin: 0; }} @media (prefers-color-scheme: dark) "
        f"{{ body {{ background: #181d25; }} }}</style>\n</head>\n<body>\n{fragment(blocks)}\n</body>\n</html>"
    )


def fragment(blocks: Iterable[Block], *, style: bool = True) -> str:
    """Return the blocks as one element, for a page that is there already.

    style: with its own, which a page that allows no inline style must have elsewhere.
    """
    own = f"<style>{_STYLE}</style>\n" if style else ""
    body = "\n".join(_block(block) for block in blocks)
    return f'<article class="deltarule">\n{own}{body}\n</article>'


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"<h{block.level}>{_words(block.text)}</h{block.level}>"
        case Paragraph():
            words = _words(block.text)
            if not block.verdict:
                return f"<p>{words}</p>"
            words = words.replace(block.verdict, f"<strong>{block.verdict}</strong>", 1)
            return f'<p class="verdict {block.verdict}">{words}</p>'
        case Table():
            return _table(block)
        case Equation():
            return _equation(block)


def _equation(block: Equation) -> str:
    equation = notation.equation(block.left, block.formula)
    words = f", {escape(block.words)}" if block.words else ""
    shown = f'<div class="equation"><math displaystyle="true">{equation}</math>{words}</div>'
    return "\n".join([shown, *(_matrix(matrix, block.shape) for matrix in block.matrices)])


def _matrix(matrix: Matrix, shape: tuple[int, int] | None) -> str:
    name = f"<math>{notation.mathml(matrix.name)}</math>"
    size = f"{shape[0]:,} by {shape[1]:,}" if shape else ""
    told = ", ".join(
        part for part in (size, matrix.caption, "its edges" if matrix.grid.is_elided else "") if part
    )
    rows = "".join(
        f"<mtr>{''.join(f'<mtd>{cell}</mtd>' for cell in _cells(row))}</mtr>" for row in matrix.grid.rows
    )
    is_open = ' open=""' if len(matrix.grid.rows) <= 7 else ""
    return (
        f"<details{is_open}><summary>{name}: {told}</summary>"
        f'<div class="matrix"><math><mrow><mo>[</mo><mtable>{rows}</mtable><mo>]</mo></mrow></math></div>'
        "</details>"
    )


def _cells(row: tuple[str, ...]) -> list[str]:
    """Return a row's numbers; dots that stand for rows are vertical."""
    dots = "⋮" if len(row) > 1 and set(row) == {ELIDED} else "…"
    return [f"<mo>{dots}</mo>" if cell == ELIDED else notation.mathml_number(cell) for cell in row]


def _table(block: Table) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        starts = [f'<{tag} class="number">' if n in block.right else f"<{tag}>" for n in range(len(cells))]
        inner = (f"{start}{_words(cell)}</{tag}>" for start, cell in zip(starts, cells, strict=True))
        return f"<tr>{''.join(inner)}</tr>"

    head = f"<thead>{row(block.head, 'th')}</thead>" if any(block.head) else ""
    body = "".join(row(cells, "td") for cells in block.rows)
    return f'<div class="scroll"><table>{head}<tbody>{body}</tbody></table></div>'


def _words(words: str) -> str:
    return notation.sentence(
        words,
        lambda plain: escape(plain).replace("-&gt;", "→"),
        lambda formula: f"<math><mrow>{notation.mathml(formula)}</mrow></math>",
    )
