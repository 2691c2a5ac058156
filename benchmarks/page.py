"""The page of figures, docs/performance.md: programs renew their own part of it."""

from __future__ import annotations

from pathlib import Path


def renew(page: Path, program: str, text: str) -> None:
    """Replace what stands between the marks of a program."""
    begin, end = f"<!-- made by {program} -->\n", f"<!-- end of {program} -->"
    before, mark, rest = page.read_text(encoding="utf-8").partition(begin)
    _, other, after = rest.partition(end)
    if not mark or not other:
        raise SystemExit(f"{page} has no part between {begin.strip()} and {end}")
    page.write_text(f"{before}{begin}\n{text}\n\n{end}{after}", encoding="utf-8")


def markdown(rows: list[list[str]]) -> str:
    """Return rows, the first of them the head, as a table; all columns but the first are flush right."""
    lines = [rows[0], ["---", *["---:"] * (len(rows[0]) - 1)], *rows[1:]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
