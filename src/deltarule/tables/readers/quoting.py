"""Quotes that a reader of CSV does not expect: around whole rows, and with a backslash before them."""

from __future__ import annotations

import re
from collections import Counter

from deltarule.tables.readers.dialects import LINES, USUAL, Dialect
from deltarule.tables.readers.options import Reading, cut
from deltarule.tables.readers.regular import scanned

SURE = 0.95
"""Share of lines that must be as wide as each other within their quotes."""
_QUOTED = re.compile(r'"(?:[^"]|"")*"\s*')
_ESCAPED = re.compile(rb'\\\\|\\"')


def unwrapped(content: bytes, head: str, reading: Reading) -> tuple[bytes, list[str]]:
    """Return a text without quotes around whole rows, as where a table was pasted into one column of a sheet."""
    lines = [line for line in head.split("\n") if line.strip()][:LINES]
    if reading.quote is not None or reading.delimiter is not None or len(lines) < 3:
        return content, []
    if not all(map(_QUOTED.fullmatch, lines[1:])):
        return content, []
    inner = [_bare(line) for line in lines]
    for sign in USUAL:
        widths = Counter(len(row) for _, row in Dialect(sign).records(inner))
        ((width, often),) = widths.most_common(1)
        if width > 1 and often >= SURE * len(inner):
            whole = "\n".join(map(_bare, content.decode("utf-8", "replace").split("\n")))
            return whole.encode(), [
                f"every row is one quoted text ({cut(lines[1].strip())}), and what it holds is read "
                "(--quote '\"' leaves it as it is)"
            ]
    return content, []


def _bare(line: str) -> str:
    return line.strip()[1:-1].replace('""', '"') if _QUOTED.fullmatch(line) else line


def unescaped(content: bytes, dialect: Dialect) -> tuple[bytes, list[str]]:
    """Return a text with quotes within quotes doubled, where a backslash before each makes sense of it."""
    may_be = (
        dialect.quote == '"' and b"\\" in content and b'\\"' in content
    )  # one byte is found far faster than two
    if not may_be or scanned(content, dialect).is_regular:
        return content, []
    mended = _ESCAPED.sub(lambda match: b"\\" if match.group() == b"\\\\" else b'""', content)
    if not scanned(mended, dialect).is_regular:
        return content, []
    line = content.count(b"\n", 0, content.index(b'\\"')) + 1
    return mended, [
        f'a backslash before a quote (\\") makes it a letter, first in line {line:,} (--quote none reads all so)'
    ]
