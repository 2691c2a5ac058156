"""A kernel is compiled anew where something has changed that it is made of, and nowhere else."""

from __future__ import annotations

import dis
import json
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
from numba.core.dispatcher import Dispatcher
from numba.extending import _Intrinsic

import deltarule
from deltarule.engines.compiled import kernels
from deltarule.engines.compiled.cache import digests, stamped
from deltarule.engines.compiled.catalogue import NAMES, place_of
from deltarule.engines.compiled.sources import APART, Sources

KERNELS = "engines/compiled/kernels/"
ROOM = "deltarule.engines.compiled.kernels"


@pytest.fixture(scope="module")
def before() -> dict[str, str]:
    return digests()


@pytest.mark.parametrize(
    ("file", "right", "wrong", "changed"),
    [
        ("maths/dropout.py", '"""Return the 32 bits', '"""Give all the 32 bits', set[str]()),
        ("maths/activations.py", "from __future__", "# So far nothing.\nfrom __future__", set[str]()),
        (KERNELS + "rowwise.py", "def _sum(y: Vector, x: Vector", "def _sum(y: Any, x: Any", set[str]()),
        (KERNELS + "rowwise.py", "return x + m", "return x - m", {"change"}),
        (
            KERNELS + "tiles.py",
            'flags=("contract",))\n            summed',
            ")\n            summed",
            {"product"},
        ),
        (KERNELS + "transfers.py", "total.get() + (x - x)", "total.get() + 0.0 * x", {"give"}),
        (
            "maths/dropout.py",
            "0x846CA68B % WORD\n",
            "0x846CA68D % WORD\n",
            {"chunks", "drop", "in_groups", "in_strands", "steps", "together"},
        ),
        ("engines/compiled/letters.py", '"t", "norms", "result"', '"t", "result", "norms"', {"singles"}),
        (
            "engines/compiled/kernels/compiling.py",
            '"error_model": "numpy"',
            '"error_model": "python"',
            {*NAMES},
        ),
    ],
    ids=lambda value: value.split("/")[-1][:24] if isinstance(value, str) else None,
)
def test_a_change_reaches_what_is_made_of_it(
    tmp_path: Path, before: dict[str, str], file: str, right: str, wrong: str, changed: set[str]
):
    copy = tmp_path / "deltarule"
    source = Path(deltarule.__file__).parent
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    text = (copy / file).read_text(encoding="utf-8")
    assert text.count(right) == 1
    (copy / file).write_text(text.replace(right, wrong), encoding="utf-8")
    script = "import json; from deltarule.engines.compiled.cache import digests; print(json.dumps(digests()))"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", script]
    after = json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
    assert {name for name in NAMES if before[name] != after[name]} == changed


@pytest.fixture(scope="module")
def sources() -> Sources:
    return Sources()


@pytest.mark.parametrize("name", NAMES)
def test_all_that_a_kernel_really_reaches_is_found(sources: Sources, name: str):
    """Follow the objects themselves, by the names in their byte code, and look for each among what was read."""
    found: dict[tuple[str, str], str] = {}
    sources._reach(tuple(f"{ROOM}.{place_of(name)}".rsplit(".", 1)), found)
    reached = {(one.__module__, one.__qualname__.split(".")[0]) for one in _reached(kernels._function(name))}
    assert len(reached) > 1
    assert {place for place in reached if place[0] not in APART and place[1] != "<lambda>"} <= found.keys()
    files = {Path(sys.modules[module].__file__ or "") for module, _ in found}
    assert files <= {*stamped()}  # else digests that are kept for these files would be out of date


def _reached(start: Any) -> set[Any]:
    """Return the functions and classes of the package that a function reaches through its names."""
    found: set[Any] = set()
    waiting = [start]
    while waiting:
        one = waiting.pop()
        one = (
            one.py_func if isinstance(one, Dispatcher) else one._defn if isinstance(one, _Intrinsic) else one
        )
        if isinstance(one, (tuple, list, dict)):
            waiting += one.values() if isinstance(one, dict) else one
        elif isinstance(one, (FunctionType, type)) and (one.__module__ or "").startswith("deltarule."):
            if one in found:
                continue
            found.add(one)
            for function in vars(one).values() if isinstance(one, type) else [one]:
                if isinstance(function, FunctionType):
                    waiting += [cell.cell_contents for cell in function.__closure__ or ()]
                    waiting += _named(function.__code__, function.__globals__)
    return found


def _named(code: CodeType, names: dict[str, Any]) -> list[Any]:
    """Return what the names in byte code stand for, also those of functions within, and of modules."""
    steps, found = list(dis.get_instructions(code)), list[Any]()
    for step, following in pairwise(steps):
        if step.opname == "LOAD_GLOBAL" and step.argval in names:
            one = names[step.argval]
            found.append(getattr(one, following.argval) if isinstance(one, ModuleType) else one)
    inner = [
        each
        for constant in code.co_consts
        if isinstance(constant, CodeType)
        for each in _named(constant, names)
    ]
    return found + inner
