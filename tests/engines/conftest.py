"""What tests of engines share."""

from __future__ import annotations

import pytest

from deltarule.engines.compiled import cuts


@pytest.fixture
def every_thread_counts(monkeypatch: pytest.MonkeyPatch):
    """Use as many threads as are asked for, however small the work."""
    monkeypatch.setattr(cuts, "QUICK", 0.0)
    monkeypatch.setattr(cuts, "WORTH", 1e-9)
