"""Settings of all tests, which take nothing from the terminal and the user that start them.

DELTARULE_HYPOTHESIS=quick takes few random examples, else "full" takes all; both always take the same ones.
DELTARULE_EXPECT_SOURCE names a folder that the package must come from.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")):  # they share the processors
    for name in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS"):
        os.environ.setdefault(name, str(max(1, (os.cpu_count() or 1) // workers)))

os.environ.setdefault(
    "SCIPY_ARRAY_API", "1"
)  # which SciPy reads once; else scikit-learn skips checks of its own

import pytest
from hypothesis import HealthCheck, Phase, settings

import deltarule
from deltarule.engines import compiled

settings.register_profile(
    "full", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "quick", settings.get_profile("full"), max_examples=10, phases=[Phase.explicit, Phase.generate]
)  # a failure is enough, the least one is not looked for
settings.load_profile(os.environ.get("DELTARULE_HYPOTHESIS", "full"))

if expected := os.environ.get("DELTARULE_EXPECT_SOURCE"):
    assert Path(deltarule.__file__).is_relative_to(Path(expected).resolve()), (
        f"deltarule is imported from {deltarule.__file__}, not from {expected}"
    )


# Nothing of the terminal comes in, and processes that tests start run the same source, in whatever folder.
# Nor does CI, with which pytest writes differences out in full: minutes for the bytes of a theta.
# Nor that bytecode is not to be kept: each of hundreds of processes would compile the package anew.
for name in (
    *("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"),
    *("CI", "BUILD_NUMBER", "PYTHONDONTWRITEBYTECODE"),
):
    os.environ.pop(name, None)
sys.dont_write_bytecode = False
sources = [str(Path(deltarule.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sources))


@pytest.fixture(scope="session", autouse=True)
def _nothing_of_this_run_goes_out() -> None:
    """Processes that tests start take no options of this run, nor warn of files that other packages open."""
    for name in ("PYTEST_ADDOPTS", "PYTHONWARNDEFAULTENCODING"):
        os.environ.pop(name, None)


def can_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


if (kept := compiled.folder()) is None or not can_write(kept):  # then compile once for all these tests
    os.environ["DELTARULE_CACHE"] = tempfile.mkdtemp(prefix="deltarule-tests-")
    atexit.register(shutil.rmtree, os.environ["DELTARULE_CACHE"], ignore_errors=True)
