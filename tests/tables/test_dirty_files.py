"""Files with every fault that people's files have: the table comes back, or one sentence says why not."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from tests.tables.dirty_files import FAULTS, Fault, partners, row, tried

DOCS = Path(__file__).parents[2] / "docs" / "tables.md"
EACH = 4
"""Pairs of each fault with others."""


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{fault.step}, {fault.name}" for fault in FAULTS])
def test_one_fault(fault: Fault, tmp_path: Path):
    verdict, said = tried([fault], FAULTS.index(fault), tmp_path)
    assert verdict == ("refused" if fault.is_refused else "found"), said


def test_pairs_of_faults(tmp_path: Path):
    verdicts, missed = Counter[str](), list[str]()
    for seed, one in enumerate(FAULTS):
        for other in partners(one, EACH, seed):
            verdict, said = tried([one, other], seed, tmp_path)
            verdicts[verdict] += 1
            missed += (
                [f"{one.name} and {other.name} at seed {seed}: {said}"] if verdict == "silently wrong" else []
            )
    assert not missed
    assert verdicts["found"] >= 0.9 * verdicts.total(), verdicts


def test_the_documentation_shows_every_fault_and_what_is_found():
    text = DOCS.read_text(encoding="utf-8")
    for fault in FAULTS:
        shown = re.search(re.escape(row(fault)) + r" (found|refused) \| (\d+) of (\d+) \|", text)
        assert shown, (
            f"{row(fault)} is not in docs/tables.md; python -m tests.tables.dirty_files prints the table"
        )
        assert shown.group(1) == ("refused" if fault.is_refused else "found")
        assert shown.group(2) == shown.group(3)
