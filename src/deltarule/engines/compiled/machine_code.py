"""Machine code: compiled once a machine, kept in a file, loaded in milliseconds by whoever comes later.

Numba is imported only where something must be compiled.
"""

# pyright: basic
# llvmlite has no types.

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path

import llvmlite.binding as llvm
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

import deltarule.maths
from deltarule.engines.compiled.processor import fingerprint

MOST_KEPT = 16
"""Files of machine code that are kept; the newest ones stay."""

Objects = dict[str, tuple[str, bytes]]
"""By the name of a kernel: its symbol, and the object file that has it."""


class MachineCode:
    """The kernels for networks of one dtype: their addresses, and those that Python calls as functions."""

    def __init__(self, objects: Objects) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        self.address = {name: self.load(*given) for name, given in objects.items()}
        self.side_by_side = _function(self.address["side_by_side"], 4)
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
    function, scratch = kind(address), (ctypes.c_int64 * 2)()
    place = ctypes.addressof(scratch)

    def call(*arguments: int, _scratch: object = scratch) -> None:
        function(place, place + 8, *arguments)

    return call


_lock = threading.RLock()


@cache
def _once(dtype: str) -> MachineCode:
    file = _file(dtype)
    objects = _read(file)
    if objects is None:
        _announce()
        from deltarule.engines.compiled.kernels import compiled

        objects = compiled(dtype)
        _keep(file, objects)
    return MachineCode(objects)


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
        with safe_open(file, "np") as opened:
            symbols = opened.metadata()
            return {name: (symbols[name], opened.get_tensor(name).tobytes()) for name in opened.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError):
        return None


def _keep(file: Path, objects: Objects) -> None:
    """Write a file in one go, where its folder may be written to, and remove the oldest beyond MOST_KEPT."""
    arrays = {name: np.frombuffer(code, np.uint8) for name, (_, code) in objects.items()}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as new:
            new.write(save(arrays, {name: symbol for name, (symbol, _) in objects.items()}))
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
