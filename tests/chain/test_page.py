"""docs/explain.md shows what explain prints: its code is run, and every text block stands in the output."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "explain.md"


def test_every_text_block_of_the_page_is_printed():
    source = PAGE.read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for example in doctest.DocTestParser().get_examples(source):
        exec(compile(example.source, str(PAGE), "single"), names)
    printed = str(names["chain"])
    blocks = re.findall(r"```text\n(.*?)```", source, re.DOTALL)
    assert len(blocks) >= 6
    for block in blocks:
        assert block.rstrip() in printed
