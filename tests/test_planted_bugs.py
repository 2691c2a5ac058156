"""Every planted bug is caught: a copy of the package with one mistake in it must fail its tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.planted_bugs import BUGS, Bug

ROOT = Path(__file__).parents[1]


def run_tests(
    source: Path, tests: tuple[str, ...], engine: str = "reference"
) -> subprocess.CompletedProcess[str]:
    """Run tests on the package below `source`, with few random examples."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(source),
        "DELTARULE_EXPECT_SOURCE": str(source),
        "DELTARULE_HYPOTHESIS": "quick",
        "DELTARULE_ENGINE": engine,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts="]
    command = [sys.executable, "-m", "pytest", *options, *tests]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False
    )


def copy_of_the_package(folder: Path) -> Path:
    source = folder / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
    return source


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught(bug: Bug, tmp_path: Path):
    source = copy_of_the_package(tmp_path)
    file = source / "deltarule" / bug.file
    text = file.read_text(encoding="utf-8")
    assert text.count(bug.right) == 1, f"{bug.file} holds {text.count(bug.right)} times: {bug.right}"
    file.write_text(text.replace(bug.right, bug.wrong), encoding="utf-8")
    is_compiled = bug.file.startswith("engines/compiled")
    done = run_tests(source, bug.tests, "compiled" if is_compiled else "reference")
    report = done.stdout[-3000:] + done.stderr[-1000:]
    assert done.returncode == 1, f"pytest ended with {done.returncode} (1 means: a test failed)\n{report}"
    assert re.search(r"^1 failed", done.stdout, re.MULTILINE), report
    assert " error" not in done.stdout.splitlines()[-1], report


@pytest.mark.parametrize("file", sorted({test.split("::")[0] for bug in BUGS for test in bug.tests}))
def test_the_package_without_a_bug_passes(file: str, tmp_path: Path):
    """So that it is the bug that fails; of a file, those tests that bugs name."""
    named = {test for bug in BUGS for test in bug.tests if test.split("::")[0] == file}
    done = run_tests(copy_of_the_package(tmp_path), (file,) if file in named else tuple(sorted(named)))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
