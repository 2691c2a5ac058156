"""Tables in every notation and with every fault that people make: found again or told, never wrong in silence."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tests.tables.dirty import FAULTS, Fault, alone, clean_table, judge, pair, row

DOCS = Path(__file__).parents[2] / "docs" / "tables.md"
PAIRS = 120


def test_the_clean_table_is_found():
    for seed in range(3):
        assert set(judge([], others=list(clean_table(seed).values())).values()) == {"found"}


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{fault.group}, {fault.name}" for fault in FAULTS])
def test_one_fault(fault: Fault):
    assert alone(fault, FAULTS.index(fault)) == "found"


def test_pairs_of_faults():
    rng = np.random.default_rng(0)
    verdicts = Counter[str]()
    missed: list[str] = []
    for seed in range(PAIRS):
        one, other = (FAULTS[n] for n in rng.choice(len(FAULTS), 2, replace=False))
        verdict = pair(one, other, seed)
        verdicts[verdict] += 1
        missed += [f"{one.name} and {other.name} at seed {seed}: {verdict}"] if verdict != "found" else []
    assert verdicts["silently wrong"] == 0, missed
    assert verdicts["found"] >= 0.95 * PAIRS, missed


def test_faults_on_one_column():
    """Notations that go together, with cells that are missing or unreadable beside them."""
    rng = np.random.default_rng(1)
    kinds = [fault for fault in FAULTS if fault.group in ("numbers", "dates", "durations", "true and false")]
    cells = [fault for fault in FAULTS if fault.group in ("missing", "unreadable")]
    verdicts = Counter[str]()
    missed: list[str] = []
    for seed in range(50):
        one, other = kinds[rng.integers(len(kinds))], cells[rng.integers(len(cells))]
        verdict = pair(one, other, seed)
        verdicts[verdict] += 1
        missed += [f"{one.name} and {other.name} at seed {seed}: {verdict}"] if verdict != "found" else []
    assert verdicts["silently wrong"] == 0, missed
    assert verdicts["found"] >= 0.95 * 50, missed


def test_the_documentation_shows_every_fault_and_what_is_found():
    text = DOCS.read_text(encoding="utf-8")
    for fault in FAULTS:
        shown = re.search(re.escape(row(fault)) + r" (\d+) of (\d+) \| (\d+) of (\d+) \|", text)
        assert shown, f"{row(fault)} is not in docs/tables.md; python -m tests.tables.dirty prints the table"
        found_alone, tables, found_in_pairs, pairs = map(int, shown.groups())
        assert found_alone == tables
        assert found_in_pairs >= 0.8 * pairs
