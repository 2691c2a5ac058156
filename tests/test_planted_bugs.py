"""Every planted bug is caught: a copy of the package with one mistake in it must fail its tests."""

from __future__ import annotations

import gc
import multiprocessing
import os
import re
import shutil
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from tests.planted_bugs import BUGS, Bug

ROOT = Path(__file__).parents[1]
USERS_OF_ENGINES = ("tables", "estimators", "saving", "cli")
"""Rooms whose bugs are found by fits, with whatever engine."""
METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
PROCESSES = multiprocessing.get_context(METHOD)
if METHOD == "forkserver":  # every process begins with what takes long to import; of deltarule it has nothing
    PROCESSES.set_forkserver_preload([
        "cyclopts", "hypothesis.extra.numpy", "numba", "pytest", "rich.markdown", "scipy.optimize",
        "sklearn.model_selection", "sklearn.neural_network",
    ])  # fmt: skip


def _run(
    source: str, tests: tuple[str, ...], engine: str, vectors: str, compiles_here: bool, report: str
) -> None:
    """Run tests on the package below `source`, with few random examples, in this process."""
    gc.disable()  # which takes long where so much is loaded
    if compiles_here:  # where Numba is loaded already, as a program does that is no Python
        sys.executable = ""
    for stream in (1, 2):
        os.dup2(os.open(report, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    os.chdir(ROOT)
    os.environ.update(
        PYTHONPATH=source,
        DELTARULE_EXPECT_SOURCE=source,
        DELTARULE_HYPOTHESIS="quick",
        DELTARULE_ENGINE=engine,
        DELTARULE_VECTORS=vectors or os.environ.get("DELTARULE_VECTORS", ""),
    )
    sys.path.insert(0, source)
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts="]
    options += ["-o", "faulthandler_timeout=300"]  # before the one of the test that waits for it
    options += ["-p", "no:unraisableexception", "--tb=native"]  # which collect garbage, and look for sources
    known = [
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
    ]  # a plugin that was imported before pytest came
    code = pytest.main([*options, *known, *tests])
    sys.stdout.flush()
    os._exit(code)  # at once: processes that joblib keeps would be waited for


def run_tests(
    source: Path,
    tests: tuple[str, ...],
    engine: str,
    vectors: str = "",
    compiles_here: bool = False,
) -> tuple[int | None, str]:
    """Run tests in a process of their own; return its exit code and what it said."""
    report = source.with_name("report")
    settings = (str(source), tests, engine, vectors, compiles_here, str(report))
    process = PROCESSES.Process(target=_run, args=settings)
    process.start()
    process.join()
    return process.exitcode, report.read_text(encoding="utf-8")


def copy_of_the_package(folder: Path) -> Path:
    """Return a copy with its bytecode, which is valid there: the files keep their times."""
    source = folder / "src"
    half_written = shutil.ignore_patterns("*.pyc.*")  # by another process
    shutil.copytree(ROOT / "src", source, ignore=half_written)
    return source


def engine_of(bug: Bug) -> str:
    """Return the engine that a bug's tests run with: the reference for what it is made of, else the quick one."""
    is_quick = bug.file.startswith(("engines/compiled", *USERS_OF_ENGINES))
    return "compiled" if is_quick else "reference"


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught(bug: Bug, tmp_path: Path):
    source = copy_of_the_package(tmp_path)
    file = source / "deltarule" / bug.file
    text = file.read_text(encoding="utf-8")
    assert text.count(bug.right) == 1, f"{bug.file} holds {text.count(bug.right)} times: {bug.right}"
    file.write_text(text.replace(bug.right, bug.wrong), encoding="utf-8")
    Path(cache_from_source(str(file))).unlink(missing_ok=True)  # its bytecode has no bug
    is_of_a_kernel = bug.file.startswith("engines/compiled/kernels")
    code, said = run_tests(source, bug.tests, engine_of(bug), bug.vectors, is_of_a_kernel)
    assert code == 1, f"pytest ended with {code} (1 means: a test failed)\n{said[-4000:]}"
    assert re.search(r"^1 failed", said, re.MULTILINE), said[-4000:]
    assert " error" not in said.splitlines()[-1], said[-4000:]


def room_of(test: str) -> str:
    return test.split("/")[1].split("::")[0]


@pytest.mark.parametrize(
    ("room", "engine"), sorted({(room_of(test), engine_of(bug)) for bug in BUGS for test in bug.tests})
)
def test_the_package_without_a_bug_passes(room: str, engine: str, tmp_path: Path):
    """So that it is the bug that fails; of a room's tests, those that bugs name, with the engine of these bugs."""
    named = {test for bug in BUGS if engine_of(bug) == engine for test in bug.tests if room_of(test) == room}
    tests = tuple(sorted(test for test in named if "::" not in test or test.split("::")[0] not in named))
    code, said = run_tests(copy_of_the_package(tmp_path), tests, engine)
    assert code == 0, said[-4000:]
