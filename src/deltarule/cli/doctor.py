"""deltarule doctor: what deltarule finds on this machine."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any, cast

from threadpoolctl import threadpool_info

import deltarule
from deltarule.cli.output import Flag, paragraph, print_json
from deltarule.engines import ENGINES, compiled, default
from deltarule.engines.machine import available_threads, processor
from deltarule.errors import unknown

DTYPES = "float32", "float64"


def doctor(*, warm: Flag = False, json: Flag = False) -> int:
    """Show what deltarule finds on this machine: engine, threads, processor, BLAS, and where compiled code is kept.

    The engine is compiled once a machine, when it is first used in float32 or float64; --warm does that now.
    DELTARULE_VECTORS=16, 32 or 64 in the environment makes its vectors that many bytes wide. For example: deltarule
    doctor --warm

    Parameters
    ----------
    warm
        Compile the engine for both dtypes, where that is yet to be done.
    json
        Print all of it as JSON.
    """
    found = _examine()
    if warm:
        for dtype in DTYPES:
            compiled.code_for(dtype, *compiled.RARE)
        found = _examine()
    if json:
        print_json(found)
    else:
        print("\n".join(paragraph(label, text, 11) for label, text in _lines(found, warm)))
    return 0


def _examine() -> dict[str, Any]:
    name = default()
    if name not in ENGINES:
        raise unknown("engine in the environment variable DELTARULE_ENGINE:", name, ENGINES)
    libraries = cast("list[dict[str, Any]]", threadpool_info())
    lanes = {"float32": compiled.LANES_4, "float64": compiled.LANES_8}
    return {
        "versions": {
            "deltarule": deltarule.__version__,
            "python": platform.python_version(),
            **{package: version(package) for package in ("numpy", "scipy", "numba", "scikit-learn")},
        },
        "platform": platform.platform(),
        "engine": name,
        "engine_is_chosen": bool(os.environ.get("DELTARULE_ENGINE")),
        "threads": available_threads(),
        "processor": processor(),
        "vector_bits": 8 * compiled.BYTES,
        "vectors_are_chosen": compiled.IS_CHOSEN,
        "lanes": lanes,
        "blas": [
            {key: library.get(key) for key in ("internal_api", "version", "architecture", "num_threads")}
            for library in libraries
            if library["user_api"] == "blas" and "numpy" in library["filepath"]
        ],
        "cache": {
            "folder": str(compiled.folder() or ""),
            **{dtype: compiled.is_kept(dtype) for dtype in DTYPES},
        },
    }


def _lines(found: dict[str, Any], is_warm: bool) -> list[tuple[str, str]]:
    versions, cache, lanes = found["versions"], found["cache"], found["lanes"]
    others = ", ".join(f"{name} {number}" for name, number in versions.items() if name != "deltarule")
    why = "as DELTARULE_ENGINE says" if found["engine_is_chosen"] else "the default"
    width = "as DELTARULE_VECTORS says" if found["vectors_are_chosen"] else "the widest there are"
    libraries = [
        f"{library['internal_api']} {library['version']} ({library['architecture']})"
        for library in found["blas"]
    ]
    kept = [dtype for dtype in DTYPES if cache[dtype]]
    missing = [dtype for dtype in DTYPES if not cache[dtype]]
    if not cache["folder"]:
        state = "no folder to write to, so every process compiles anew; DELTARULE_CACHE can name one"
    elif not missing:
        state = f"{cache['folder']}: float32 and float64 are compiled"
    elif is_warm:
        state = f"{cache['folder']} takes no files, so every process compiles anew; DELTARULE_CACHE can name another"
    else:
        done = f"{kept[0]} is compiled, {missing[0]} is not" if kept else "nothing is compiled yet"
        state = f"{cache['folder']}: {done}; deltarule doctor --warm does it"
    return [
        ("deltarule", f"{versions['deltarule']}; {others}"),
        ("Platform", found["platform"]),
        ("Engine", f"{found['engine']}, {why}"),
        ("Threads", f"{found['threads']} that this process may use"),
        ("Processor", found["processor"]),
        (
            "Vectors",
            f"{found['vector_bits']} bits, {width}: {lanes['float32']} float32 or {lanes['float64']} float64",
        ),
        (
            "BLAS",
            f"{', '.join(libraries) or 'none found'}: NumPy's; the compiled engine has products of its own",
        ),
        ("Cache", state),
    ]
