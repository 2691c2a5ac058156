"""The folder of machine code: a file for every kernel, named by what that kernel is made of."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from time import time

import llvmlite
import numpy as np

import deltarule.maths
from deltarule.engines.compiled.catalogue import ENTRIES, NAMES, place_of
from deltarule.engines.compiled.processor import fingerprint
from deltarule.engines.compiled.sources import Sources

MOST_BYTES = 64 << 20
"""Of the files that are kept; the newest stay. All kernels of one dtype take a third of a million."""
DIGEST = 32
"""Bytes of a SHA-256."""
NEW, LOCK = ".new", ".lock"
"""How the names of files end that are being written, and of those that say whose turn it is to compile."""
LONG_AGO = 3600
"""Seconds after which nobody is still at work on these."""

Code = tuple[str, bytes]
"""A kernel's symbol, and the object file that has it."""


def folder() -> Path | None:
    """Return where machine code is kept: $DELTARULE_CACHE, or the user's folder for such things, if there is one."""
    if chosen := os.environ.get("DELTARULE_CACHE"):
        return Path(chosen)
    try:
        if sys.platform == "win32":
            return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "deltarule"
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "deltarule"
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deltarule"
    except RuntimeError:  # nobody knows where the user is at home
        return None


def file_of(name: str, dtype: str) -> Path | None:
    """Return the file of a kernel for networks of a dtype; None where there is no folder."""
    place = folder()
    return place and place / f"{name}-{dtype}-{_made_of(place)[name][:24]}.code"


def lock_of(dtype: str) -> Path | None:
    """Return the file that says whose turn it is to compile the kernels for a dtype from these sources."""
    place = folder()
    return place and place / f"{dtype}-{_stamp()[:24]}{LOCK}"


def read(file: Path | None) -> Code | None:
    """Return the kernel in a file; None where it is missing or damaged."""
    try:
        content = file.read_bytes() if file else b""
    except OSError:
        return None
    body, digest = content[:-DIGEST], content[-DIGEST:]
    if len(digest) < DIGEST or hashlib.sha256(body).digest() != digest:
        return None
    symbol, _, code = body.partition(b"\n")
    return symbol.decode(), code


def keep(file: Path, code: Code) -> None:
    """Write a kernel's file in one go, and remove the oldest beyond MOST_BYTES.

    Raises OSError where the folder takes no file; then none is there in part.
    """
    body = code[0].encode() + b"\n" + code[1]
    _write(file, body + hashlib.sha256(body).digest())
    _tidy(file.parent)


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(suffix=NEW, dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as new:
            new.write(content)
        Path(name).replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _tidy(place: Path) -> None:
    """Remove what a killed process left half written, and the oldest files beyond MOST_BYTES."""
    kinds, room, now = (".code", ".json", NEW, LOCK), MOST_BYTES, time()
    with contextlib.suppress(OSError):  # another process does the same
        files = [(path.stat(), path) for path in place.iterdir() if path.suffix in kinds]
        for state, path in sorted(files, key=lambda each: each[0].st_mtime, reverse=True):
            room -= state.st_size
            if room < 0 or (path.suffix in (NEW, LOCK) and now - state.st_mtime > LONG_AGO):
                path.unlink(missing_ok=True)


@cache
def _made_of(place: Path) -> dict[str, str]:
    """Return a digest of what each kernel is made from.

    To find them takes half a second; so they are kept, under a digest of all files that they are found in.
    """
    file = place / f"sources-{_stamp()[:24]}.json"
    try:
        known = json.loads(file.read_bytes())
        if known.keys() == {*NAMES}:
            return known
    except (OSError, ValueError, AttributeError):
        pass
    made_of = digests()
    with contextlib.suppress(OSError):
        _write(file, json.dumps(made_of).encode())
    return made_of


def digests() -> dict[str, str]:
    """Return a digest of all that each kernel is made from: its sources, Numba, Python, the processor.

    >>> digests().keys() == {*NAMES}
    True
    """
    sources, here = Sources(), f"{__name__.rpartition('.')[0]}.kernels"
    around = "compiled", "compiling.object_code", "compiling.of_memory", "compiling.by_letter"

    def digest(name: str) -> str:
        own = sources.digest(*(f"{here}.{place}" for place in (place_of(name), *around)))
        letter = ENTRIES[name][1:] if name in ENTRIES else ()
        return hashlib.sha256(f"{own} {letter} {_surroundings()}".encode()).hexdigest()

    return {name: digest(name) for name in NAMES}


@cache
def _surroundings() -> str:
    """Return what else machine code depends on."""
    numba = find_spec("numba")  # not imported, nor asked for by importlib.metadata: both take long
    version = Path(numba.origin).with_name("_version.py").read_bytes() if numba and numba.origin else b""
    made_with = hashlib.sha256(version).hexdigest(), llvmlite.__version__, np.__version__
    return f"{fingerprint()} {made_with} {sys.version_info[:2]}"


@cache
def _stamp() -> str:
    """Return a digest of all files that kernels are made from."""
    digest = hashlib.sha256(_surroundings().encode())
    for path in stamped():
        digest.update(path.read_bytes())
    return digest.hexdigest()


def stamped() -> list[Path]:
    """Return all files that kernels are made from."""
    here, maths = Path(__file__).parent, Path(deltarule.maths.__file__).parent
    return sorted(path for base in (here, here / "kernels", maths) for path in base.glob("*.py"))
