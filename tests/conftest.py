"""Settings of all tests.

DELTARULE_HYPOTHESIS=quick takes few random examples, else "full" takes all; both always take the same ones.
DELTARULE_EXPECT_SOURCE names a folder that the package must come from.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault(
    "SCIPY_ARRAY_API", "1"
)  # which SciPy reads once; else scikit-learn skips checks of its own

from hypothesis import HealthCheck, settings

import deltarule

settings.register_profile(
    "full", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("quick", settings.get_profile("full"), max_examples=10)
settings.load_profile(os.environ.get("DELTARULE_HYPOTHESIS", "full"))

if expected := os.environ.get("DELTARULE_EXPECT_SOURCE"):
    assert Path(deltarule.__file__).is_relative_to(Path(expected).resolve()), (
        f"deltarule is imported from {deltarule.__file__}, not from {expected}"
    )
