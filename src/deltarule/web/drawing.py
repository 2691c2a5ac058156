"""The network of the moment as an SVG that stands alone: what static/network.js draws, with all of a group revealed.

Units have two numbers, edges are as wide as what they carry; what is negative is dashed, a gradient is hatched and
points back.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from html import escape
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from deltarule.web.commands import Export

if TYPE_CHECKING:
    from deltarule.web.session import Session

WIDE, LINE, GAP, ACROSS, TOP, LEFT, LOSS = 72, 18, 8, 150, 26, 2, 104
"""Of a unit the width, a line's height, the gap below it; the distance of layers; margins; the room of the loss."""
INK, SOFT, PAPER, TINT, FAINT, ACCENT = "#1c2330", "#545d6b", "#ffffff", "#f4f6f9", "#d3d9e1", "#1f5fbf"
COLOURS = {
    ("value", False): "#1f5fbf",
    ("value", True): "#b35806",
    ("gradient", False): "#762a83",
    ("gradient", True): "#1b7837",
}
"""By kind, and whether it is negative."""
HEADS = {
    "forward": ("x", "a{0}, h{0}", "a{0}, ŷ"),
    "backward": ("x", "∂L/∂a{0}, ∂L/∂h{0}", "∂L/∂a{0}, ∂L/∂ŷ"),
    "update": ("x", "b{0}, step", "b{0}, step"),
}
"""What the numbers of the inputs, of a hidden layer and of the outputs are, by group of phases."""
UNCLEAN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML has no place for."""


_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Column(NamedTuple):
    """A layer's units: the left edge, the top of each, how tall they are, and how many are left out."""

    x: float
    tops: list[float]
    tall: float
    more: int

    def middle(self, n: int) -> float:
        return self.tops[n] + self.tall / 2


def drawing(session: Session, asked: Export) -> str:
    """Return the drawing as SVG; the caller holds the session's lock."""
    layout, K = session.walk.net.layout, session.walk.net.K
    chosen = layout.name(layout.find(asked.of))
    f, told = session.frame(chosen, asked.by), session.told()
    of = f[asked.on]
    rows = [_rows(f, of, asked.by, k, K) for k in range(K + 1)]
    columns, height = _columns(told["sizes"], f["units"], rows)
    width = columns[K].x + WIDE + LOSS
    *edges, label = _edges(f, of, asked.by, chosen, columns, height)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="system-ui, DejaVu Sans, sans-serif" font-size="12" fill="{INK}">',
        f"<title>Network {'-'.join(map(str, told['sizes']))}, {asked.by}, after {f['t']} updates</title>",
        _definitions(),
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
        *edges,
    ]
    for k, column in enumerate(columns):
        head = HEADS[asked.by][0 if k == 0 else 1 if k < K else 2].format(str(k).translate(_SUBSCRIPTS))
        parts.append(_text(column.x + WIDE / 2, 16, head, SOFT, "middle"))
        if k < K:
            parts.append(_box(column.x + WIDE - 34, height - 22, 22, 20, 4, TINT, FAINT))
            parts.append(_text(column.x + WIDE - 23, height - 8, "1", INK, "middle"))
        parts += _layer(rows[k], column, [told["inputs"][i - 1] for i in f["units"][0]] if k == 0 else [])
    x, y = columns[K].x + WIDE, (columns[K].middle(0) + columns[K].middle(-1)) / 2
    parts += [
        f'<path d="M{x:g} {y:g}h14" stroke="{SOFT}"/>',
        _box(x + 14, y - 20, 88, 40, 20, TINT, SOFT),
        _text(x + 58, y - 4, "L", SOFT, "middle"),
        _text(x + 58, y + 11, of["loss"], INK, "middle"),
    ]
    return "\n".join([*parts, label, "</svg>", ""])


def _rows(f: dict[str, Any], of: dict[str, Any], by: str, k: int, K: int) -> list[tuple[str, list[str]]]:
    """Return the lines of a layer's units, each with its kind and a text for every unit."""
    if k == 0 and "s" not in f:
        return [("value", of["x"])]
    if k == 0 and by == "update":
        return [("value", f["s"]), ("value", f["step_s"])]
    if k == 0:
        return [("value", of["x"]), ("value", of["h"][0]) if by == "forward" else ("gradient", of["dh"][0])]
    if by == "forward":
        return [("value", of["a"][k - 1]), ("value", of["h"][k] if k < K else of["y_hat"])]
    if by == "backward":
        return [("gradient", of["da"][k - 1]), ("gradient", of["dh"][k] if k < K else of["dy"])]
    return [("value", f["b"][k - 1]), ("value", f["step_b"][k - 1])]


def _columns(
    sizes: list[int], units: list[list[int]], rows: list[list[tuple[str, list[str]]]]
) -> tuple[list[Column], float]:
    """Return where every layer stands, and how high the drawing is."""
    lines = [len(each) + (k == 0) for k, each in enumerate(rows)]  # inputs have one for their names
    tall = [LINE * n for n in lines]
    more = [n - len(told) for n, told in zip(sizes, units, strict=True)]
    spans = [len(told) * (tall[k] + GAP) + (20 if more[k] else 0) for k, told in enumerate(units)]
    height = TOP + max(spans) + 34
    columns: list[Column] = []
    for k, told in enumerate(units):
        top = TOP + (height - TOP - 30 - spans[k]) / 2
        tops = [top + n * (tall[k] + GAP) for n in range(len(told))]
        columns.append(Column(LEFT + k * ACROSS, tops, tall[k], more[k]))
    return columns, height


def _edges(
    f: dict[str, Any], of: dict[str, Any], by: str, chosen: str, columns: list[Column], height: float
) -> Iterator[str]:
    """Yield every parameter that is told as an edge, and the number of the one that is asked for."""
    kind = "gradient" if by == "backward" else "value"
    prefix = {"forward": "", "backward": "d", "update": "step_"}[by]
    W, b = (of.get(prefix + each) or f[prefix + each] for each in ("W", "b"))
    label = ""
    for k, (last, column) in enumerate(pairwise(columns), start=1):
        most = scale(chain(*W[k - 1], b[k - 1]))
        for n, i in enumerate(f["units"][k]):
            ends = [
                (f"w[{k},{i},{j}]", W[k - 1][n][m], 0, last.middle(m))
                for m, j in enumerate(f["units"][k - 1])
            ]
            for name, text, back, y in [*ends, (f"b[{k},{i}]", b[k - 1][n], 12, height - 12)]:
                start, end = (last.x + WIDE - back, y), (column.x, column.middle(n))
                is_frozen = not {name, f"{'W' if name[0] == 'w' else 'b'}[{k}]"}.isdisjoint(f["frozen"])
                yield _edge(start, end, text, kind, most, is_frozen)
                if name == chosen:
                    label = _label((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, text or "–")
    yield label


def _edge(
    start: tuple[float, float], end: tuple[float, float], text: str, kind: str, most: float, is_frozen: bool
) -> str:
    (x1, y1), (x2, y2) = start, end
    bend, share = (x2 - x1) / 2.4, tint(text, most)
    is_negative = text.startswith("-")
    stroke = SOFT if is_frozen else COLOURS[kind, is_negative] if text else FAINT
    dashes = ' stroke-dasharray="1 4"' if not text else ' stroke-dasharray="5 3"' if is_negative else ""
    arrow = ' marker-start="url(#back)"' if kind == "gradient" and share > 0 else ""
    return (
        f'<path d="M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}" fill="none" '
        f'stroke="{stroke}" stroke-width="{0.75 + 4 * share:.2f}" '
        f'opacity="{0.5 if is_frozen else 0.75}"{dashes}{arrow}/>'
    )


def _layer(rows: list[tuple[str, list[str]]], column: Column, names: list[str]) -> Iterator[str]:
    """Yield a layer's units: their names, where they have some, their numbers over ink, and frames."""
    for row, (kind, texts) in enumerate(rows, start=1 if names else 0):
        most = scale(texts)
        for top, text in zip(column.tops, texts, strict=True):
            y, is_negative, share = top + row * LINE, text.startswith("-"), tint(text, most)
            fill = f"url(#hatch-{int(is_negative)})" if kind == "gradient" else COLOURS[kind, is_negative]
            opacity = (0.65 if kind == "gradient" else 0.4) * share
            place = f'x="{column.x:g}" y="{y:g}" width="{WIDE}" height="{LINE}"'
            yield f'<rect {place} fill="{fill}" opacity="{opacity:.2f}"/>'
            yield _text(column.x + WIDE - 6, y + 13, text or "–", INK, "end")
    for top, name in zip(column.tops, names, strict=False):
        yield _text(column.x + 6, top + 13, name if len(name) <= 9 else f"{name[:8]}…", SOFT)
    for top in column.tops:
        yield _box(column.x, top, WIDE, column.tall, 6, "none", SOFT)
    if column.more:
        yield _text(
            column.x + WIDE / 2, column.tops[-1] + column.tall + 18, f"{column.more} more", SOFT, "middle"
        )


def scale(texts: Iterable[str]) -> float:
    """Return the modulus at which ink is full: the largest, but no more than three times the root mean square.

    >>> scale(["3", "-4", "", "nan"]), scale([])
    (4.0, 1.0)
    """
    sizes = [size for size in (abs(float(text)) for text in texts if text) if 0 < size < math.inf]
    return min(max(sizes), 3 * math.hypot(*sizes) / math.sqrt(len(sizes))) if sizes else 1.0


def tint(text: str, most: float) -> float:
    """Return the share of ink of a number, from 0 to 1."""
    size = abs(float(text)) if text else 0.0
    return min(size / most, 1.0) if size > 0 else 0.0


def _definitions() -> str:
    """Return the hatches of gradients, by whether they are negative, and the arrow's tip."""
    hatches = "".join(
        f'<pattern id="hatch-{int(is_negative)}" width="5" height="5" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="2.5" height="5" fill="{colour}"/></pattern>'
        for (kind, is_negative), colour in COLOURS.items()
        if kind == "gradient"
    )
    tip = f'<path d="M8 0 0 4 8 8z" fill="{SOFT}"/>'
    return (
        f'<defs>{hatches}<marker id="back" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
        f'markerUnits="userSpaceOnUse" orient="auto-start-reverse">{tip}</marker></defs>'
    )


def _label(x: float, y: float, text: str) -> str:
    wide = 8 * max(len(text), 3) + 8
    return _box(x - wide / 2, y - 10, wide, 20, 4, PAPER, ACCENT) + _text(x, y + 4, text, INK, "middle")


def _text(x: float, y: float, text: str, fill: str, anchor: str = "start") -> str:
    clean = escape(UNCLEAN.sub("\ufffd", text))
    return f'<text x="{x:g}" y="{y:g}" fill="{fill}" text-anchor="{anchor}">{clean}</text>'


def _box(x: float, y: float, width: float, height: float, rx: float, fill: str, stroke: str) -> str:
    place = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
    return f'<rect {place} rx="{rx:g}" fill="{fill}" stroke="{stroke}"/>'
