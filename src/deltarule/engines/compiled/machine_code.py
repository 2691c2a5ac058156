"""Machine code: compiled once a machine, kept in a file, loaded in milliseconds by whoever comes later.

Numba is imported only where something must be compiled.
"""

# pyright: basic
# llvmlite has no types.

from __future__ import annotations

import ctypes
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

import deltarule.maths
from deltarule.engines.compiled.processor import fingerprint
from deltarule.engines.machine import available_threads
from deltarule.memory import room_for

MOST_KEPT = 16
"""Files of machine code that are kept; the newest ones stay."""
HELP = 120
"""Seconds to wait for the process that helps to compile."""
DIGEST = 32
"""Bytes of a SHA-256."""

Objects = dict[str, tuple[str, bytes]]
"""By the name of a kernel: its symbol, and the object file that has it."""


class MachineCode:
    """The kernels for networks of one dtype: their addresses, and those that Python calls as functions."""

    def __init__(self, objects: Objects) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        self.address = {name: self.load(*given) for name, given in objects.items()}
        self.side_by_side = _function(self.address["side_by_side"], 8)
        self.listen, self.hire, self.dismiss = (
            _function(self.address[name], 1) for name in ("listen", "hire", "dismiss")
        )

    def load(self, symbol: str, code: bytes) -> int:
        """Return the address of a symbol of an object file, there to stay until the process ends.

        Every file gets a loader of its own, for names may repeat.
        """
        target = llvm.Target.from_default_triple().create_target_machine()
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        engine.finalize_object()
        address = engine.get_function_address(symbol)
        engine.detach()
        return address


def _function(address: int, count: int) -> Callable[..., None]:
    """Return what calls a kernel of `count` integers, without the GIL.

    Numba's functions take two places more, for a result and for an error; ours have neither.
    """
    kind = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * count)
    scratch = np.zeros(2, np.int64)
    called = partial(kind(address), scratch.ctypes.data, scratch[1:].ctypes.data)
    called.scratch = scratch  # pyright: ignore[reportAttributeAccessIssue]
    return called


_lock = threading.RLock()


@cache
def _once(dtype: str) -> MachineCode:
    file = _file(dtype)
    objects = _read(file)
    if objects is None:
        _announce()
        with room_for("compiling the engine", "do it once without the limit: deltarule doctor --warm"):
            objects = _compiled(dtype)
        _keep(file, objects)
    return MachineCode(objects)


def _compiled(dtype: str) -> Objects:
    """Return all kernels for a dtype; where there is a second processor, another process compiles some of them."""
    helper = _helper(dtype)
    try:
        from deltarule.engines.compiled.kernels import LONGEST, OTHERS, compiled

        objects = compiled(dtype, [LONGEST])
        others = helper and _unpacked(helper.communicate(timeout=HELP)[0])
    except subprocess.TimeoutExpired:
        others = None
    finally:
        if helper is not None:
            helper.kill()
            helper.communicate()
    return objects | (others or compiled(dtype, OTHERS))


def _helper(dtype: str) -> subprocess.Popen[bytes] | None:
    """Return a Python that writes the kernels of OTHERS to its standard output, where one can be had."""
    if available_threads() < 2 or hasattr(sys, "frozen") or "python" not in Path(sys.executable or "").name:
        return None
    script = (
        f"from deltarule.engines.compiled.machine_code import help_to_compile; help_to_compile({dtype!r})"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        return subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
    except OSError:
        return None


def help_to_compile(dtype: str) -> None:
    """Write the kernels of OTHERS to standard output; what another process asks for that compiles the rest."""
    from deltarule.engines.compiled.kernels import OTHERS, compiled

    sys.stdout.buffer.write(_packed(compiled(dtype, OTHERS)))


def code_for(dtype: str) -> MachineCode:
    """Return the kernels for a dtype, compiled now if this machine has not done so before."""
    with _lock:
        return _once(dtype)


def folder() -> Path:
    """Return where machine code is kept: $DELTARULE_CACHE, or the user's folder for such things."""
    if chosen := os.environ.get("DELTARULE_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "deltarule"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "deltarule"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deltarule"


def is_kept(dtype: str) -> bool:
    """Return whether the code for a dtype, from these sources and for this processor, is there already."""
    return _read(_file(dtype)) is not None


@cache
def _stamp() -> str:
    """Return a digest of all that the machine code is made from."""
    here, maths = Path(__file__).parent, Path(deltarule.maths.__file__).parent
    digest = hashlib.sha256(f"{fingerprint()} {version('numba')} {version('llvmlite')}".encode())
    for path in sorted(path for base in (here, here / "kernels", maths) for path in base.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _file(dtype: str) -> Path:
    return folder() / f"{dtype}-{_stamp()[:24]}.safetensors"


def _read(file: Path) -> Objects | None:
    """Return what is in a file; None where it is missing or damaged."""
    try:
        return _unpacked(file.read_bytes())
    except OSError:
        return None


def _packed(objects: Objects) -> bytes:
    """Return object files with their symbols as one row of bytes, which ends with its digest."""
    arrays = {f"{name} {symbol}": np.frombuffer(code, np.uint8) for name, (symbol, code) in objects.items()}
    packed = save(arrays)
    return packed + hashlib.sha256(packed).digest()


def _unpacked(packed: bytes) -> Objects | None:
    """Return what was packed; None where that is damaged."""
    body, digest = packed[:-DIGEST], packed[-DIGEST:]
    if hashlib.sha256(body).digest() != digest:
        return None
    try:
        arrays = load(body)
    except SafetensorError:
        return None
    return {name.split(" ")[0]: (name.split(" ")[1], code.tobytes()) for name, code in arrays.items()}


def _keep(file: Path, objects: Objects) -> None:
    """Write a file in one go, where its folder may be written to, and remove the oldest beyond MOST_KEPT."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as new:
            new.write(_packed(objects))
        Path(new.name).replace(file)
        kept = sorted(file.parent.glob("*.safetensors"), key=lambda path: path.stat().st_mtime)
        for path in kept[:-MOST_KEPT]:
            path.unlink(missing_ok=True)
    except OSError:
        return


def _announce() -> None:
    """Say on a terminal what takes so long."""
    if sys.stderr.isatty():
        print("deltarule: compiling the engine for this processor, once ...", file=sys.stderr)
