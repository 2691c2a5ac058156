"""Machine code that is kept on disk, so that a machine compiles once."""

# pyright: basic
# What Numba keeps is reached through attributes without types.

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba import njit
from numba.core.ccallback import CFunc

import deltarule.maths

OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
"""Of every function: no GIL, no exceptions in loops, products and sums may fuse, nothing is reordered."""

entries: list[Any] = []
"""The functions that Python calls and that are kept with all that they call."""


@cache
def _stamp() -> str:
    """Return a digest of every source file that the code is made from.

    Numba itself looks at the file of a function alone, not at those of what it calls.
    """
    folders = (Path(__file__).parent, Path(deltarule.maths.__file__).parent)
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(path for folder in folders for path in folder.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _keep(compiled: Any) -> None:
    """Let Numba keep a function's code, where it finds a folder that it may write to."""
    try:
        compiled.enable_caching()
    except RuntimeError:  # nowhere to write
        return
    compiled._cache._cache_file._source_stamp = _stamp()


def kept(function: Callable[..., Any]) -> Any:
    """Return a function that Numba compiles when it is first called with arguments of some types."""
    compiled = njit(**OPTIONS)(function)
    _keep(compiled)
    entries.append(compiled)
    return compiled


def kept_callback(function: Callable[..., None], signature: Any) -> CFunc:
    """Return a function compiled for a signature, with an address to call it by."""
    compiled = CFunc(function, (signature.args, signature.return_type), {}, OPTIONS)
    _keep(compiled)
    compiled.compile()
    return compiled


def folder() -> str | None:
    """Return where the code lies; None where there is no folder that may be written to."""
    return getattr(entries[0]._cache, "cache_path", None)


def is_kept(dtype: str) -> bool:
    """Return whether the code for memory of a dtype, on this processor, is there already."""

    def has(entry: Any, place: int) -> bool:
        file = getattr(entry._cache, "_cache_file", None)
        magic = entry.targetctx.codegen().magic_tuple()
        keys = file._load_index() if file else ()
        return any(key[0][place].dtype.name == dtype and key[1] == magic for key in keys)

    arguments = [(entry, entry.py_func.__code__.co_varnames) for entry in entries]
    return all(has(entry, names.index("memory")) for entry, names in arguments if "memory" in names)
