"""The compiled engine at every width of vectors that the processor has: the same contract, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.emulated import CONTRACT

from deltarule.engines.compiled import processor
from deltarule.errors import OptionError

ROOT = Path(__file__).parents[2]
NARROWER = [width for width in processor.WIDTHS if width < processor.BYTES]


@pytest.mark.parametrize("width", NARROWER)
def test_the_contract_with_narrower_vectors(width: int):
    environment = {
        **os.environ,
        "DELTARULE_VECTORS": str(width),
        "DELTARULE_ENGINE": "compiled",  # the reference has no vectors
        "DELTARULE_HYPOTHESIS": "quick",
    }
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts="]
    options += ["-o", "faulthandler_timeout=300"]  # before the one of the test that waits for it
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *CONTRACT],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


@pytest.mark.parametrize(
    ("width", "kept"),
    [(16, "sse4.2"), (32, "avx avx2 fma sse4.2"), (64, "avx avx2 avx512f avx512vl fma sse4.2")],
)
def test_features_wider_than_the_vectors_are_left_out(width: int, kept: str):
    names = ("sse4.2", "avx", "avx2", "fma", "avx512f", "avx512vl")
    found = processor.features_of({**dict.fromkeys(names, True), "xop": False}, width).split(",")
    assert sorted(found) == sorted([*("+-"[name not in kept.split()] + name for name in names), "-xop"])


def test_vectors_are_as_wide_as_told():
    assert processor.width_of("", 64) == 64
    assert processor.width_of("", 16) == 16
    assert [processor.width_of(str(width), 64) for width in processor.WIDTHS] == [16, 32, 64]
    assert processor.width_of(" 32 ", 32) == 32


@pytest.mark.parametrize("told", ["64", "8", "wide", "-16", "32.0", "016"])
def test_a_width_that_the_processor_lacks_gets_one_sentence(told: str):
    with pytest.raises(OptionError, match=f"DELTARULE_VECTORS is '{told}'; .* may be 16 or 32, or unset"):
        processor.width_of(told, 32)


def test_a_command_with_a_width_that_is_none_ends_with_usage():
    environment = {**os.environ, "DELTARULE_VECTORS": "999"}
    command = [sys.executable, "-m", "deltarule", "doctor"]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("deltarule: the environment variable DELTARULE_VECTORS is '999'")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("width", NARROWER)
def test_machine_code_for_narrower_vectors_is_another(width: int):
    script = (
        "import deltarule.engines.compiled.kernels; from numba.core.registry import cpu_target;"
        "from deltarule.engines.compiled.processor import *; print(LANES_4, fingerprint());"
        "print(cpu_target.target_context.codegen().magic_tuple()[2])"  # the features that Numba compiles for
    )
    environment = {**os.environ, "DELTARULE_VECTORS": str(width)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=True)
    told, features = done.stdout.splitlines()
    lanes, fingerprint = told.split(" ", 1)
    assert int(lanes) == width // 4
    assert fingerprint != processor.fingerprint()
    assert fingerprint.endswith(features)
    has = {feature[1:] for feature in features.split(",") if feature.startswith("+")}
    assert not any(name.startswith(("avx512", "avx10", "amx")) for name in has)
    assert {"avx2", "avx", "fma"}.isdisjoint(has) if width == 16 else {"avx2", "avx"} <= has
