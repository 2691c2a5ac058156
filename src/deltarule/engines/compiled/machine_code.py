"""Machine code: compiled once a machine, kept in files, loaded in milliseconds by whoever comes later."""

# pyright: basic
# llvmlite has no types.

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
from collections.abc import Callable, Generator
from functools import cache, partial
from pathlib import Path
from time import monotonic, perf_counter, sleep

import llvmlite.binding as llvm
import numpy as np

from deltarule.engines.compiled.cache import Code, file_of, folder, lock_of, read
from deltarule.engines.compiled.catalogue import HALF, MEETING, NAMES, RARE
from deltarule.engines.compiled.compiler import Compiling, Made, Order, compile_here
from deltarule.engines.machine import available_threads
from deltarule.memory import room_for

PATIENCE = 120
"""Seconds to wait for another process that compiles the same."""
ELSEWHERE = "compile it once without the limit (deltarule doctor --warm), or take engine='reference'"
OFTEN = 0.1
"""Seconds between two looks at those who compile."""


class Loaded:
    """An object file in memory, there as long as this is."""

    def __init__(self, code: Code) -> None:
        symbol, content = code
        _prepare()
        target = llvm.Target.from_default_triple().create_target_machine()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(content))
        self._engine.finalize_object()
        self.address = int(self._engine.get_function_address(symbol))


@cache
def _prepare() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


class MachineCode:
    """The kernels for networks of one dtype that were asked for: their addresses, and those that Python calls."""

    side_by_side: Callable[..., None]
    listen: Callable[..., None]
    hire: Callable[..., None]
    dismiss: Callable[..., None]

    def __init__(self) -> None:
        self._loaded: dict[str, Loaded] = {}
        self.address: dict[str, int] = {}

    def add(self, codes: dict[str, Code]) -> None:
        """Load kernels."""
        for name, code in codes.items():  # each alone, for names may repeat
            self._loaded[name] = Loaded(code)
            self.address[name] = self._loaded[name].address
            if name in MEETING:
                setattr(self, name, _function(self.address[name], 8 if name == "side_by_side" else 1))


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
_codes: dict[str, MachineCode] = {}
_spent = 0.0


def seconds_spent() -> float:
    """Return how many seconds this process has waited for something to be compiled."""
    return _spent


def code_for(dtype: str, *rare: str, is_quiet: bool = False) -> MachineCode:
    """Return the kernels for a dtype; those that this machine has not compiled before are compiled now.

    Of those that few networks need only the ones that are named. What is compiled is told on standard error, unless
    `is_quiet`.

    Raises
    ------
    OutOfMemoryError
        The process that compiles was ended, which happens where memory is short.
    """
    with _lock:
        code = _codes.setdefault(dtype, MachineCode())
        missing = [name for name in NAMES if name not in code.address and (name not in RARE or name in rare)]
        if missing:
            code.add(_read_or_compiled(dtype, missing, is_quiet))
        return code


def is_kept(dtype: str) -> bool:
    """Return whether what every network of a dtype needs, from these sources and for this processor, is there."""
    return all(read(file_of(name, dtype)) for name in NAMES if name not in RARE)


def _read_or_compiled(dtype: str, names: list[str], is_quiet: bool) -> dict[str, Code]:
    global _spent
    files = {name: file_of(name, dtype) for name in names}
    codes = _there(files)
    if len(codes) < len(files):
        begin = perf_counter()
        with _turn(lock_of(dtype)):
            codes |= _there({name: file for name, file in files.items() if name not in codes})
            missing = {name: file for name, file in files.items() if name not in codes}
            if missing:
                with room_for("compiling the engine", f"free some, {ELSEWHERE}"):
                    codes |= _compiled(dtype, missing, is_quiet)
        _spent += perf_counter() - begin
    return codes


def _there(files: dict[str, Path | None]) -> dict[str, Code]:
    """Return those kernels that are kept."""
    return {name: code for name, file in files.items() if (code := read(file))}


@contextlib.contextmanager
def _turn(file: Path | None) -> Generator[None]:
    """Wait until no other process compiles the same, so that the second finds what the first has made.

    The system gives the turn back when its owner ends, in whatever way. Nobody waits longer than PATIENCE.
    """
    try:
        import fcntl

        if file is None:
            raise OSError("there is no folder")
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = file.open("ab")
    except (ImportError, OSError):  # nothing to take turns at
        yield
        return
    with lock:
        end = monotonic() + PATIENCE
        while monotonic() < end:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                sleep(OFTEN)
            except OSError:
                break
        yield


def _compiled(dtype: str, files: dict[str, Path | None], is_quiet: bool) -> dict[str, Code]:
    """Return kernels compiled now, in two processes where there are two processors, and tell how it goes."""
    begin = perf_counter()
    orders = [Order(dtype, part) for part in _shares({name: str(file or "") for name, file in files.items()})]
    telling = _Telling(dtype, len(files), is_quiet)
    running: list[Compiling] = []
    try:
        with contextlib.suppress(OSError):  # then this process does it
            running = [Compiling(order) for order in orders]
        while any(process.is_running for process in running):
            running[0 if running[0].is_running else -1].wait(OFTEN)
            telling.so_far(sum(len(process.made) for process in running))
    finally:
        for process in running:
            process.stop()
    made = [each for process in running for each in process.made]
    missing = {name: place for order in orders for name, place in order.files.items()}
    for each in made:
        del missing[each.name]
    if missing and any(process.process.returncode < 0 for process in running):
        telling.end()
        raise MemoryError  # this process would share its fate
    made += compile_here(Order(dtype, missing)) if missing else ()
    telling.end(f"compiled in {perf_counter() - begin:.1f} s", made)
    return {each.name: each.code for each in made}


def _shares(files: dict[str, str]) -> list[dict[str, str]]:
    """Return what each process is to compile."""
    half = {name: file for name, file in files.items() if name in HALF}
    others = {name: file for name, file in files.items() if name not in HALF}
    return [half, others] if half and others and available_threads() > 1 else [files]


class _Telling:
    """Says on standard error what takes so long: a line that goes on where that is a terminal, else two lines."""

    def __init__(self, dtype: str, kernels: int, is_quiet: bool) -> None:
        self.kernels, self.begin, self.is_quiet = kernels, perf_counter(), is_quiet
        self.is_terminal = sys.stderr is not None and sys.stderr.isatty()
        is_whole = kernels >= len(NAMES) - len(RARE)
        what = "the engine" if is_whole else f"{kernels} of the engine's {len(NAMES)} kernels"
        self.text = f"deltarule: compiling {what} for {dtype} on this processor, once"
        how_long = "ten to twenty seconds" if is_whole else "a few seconds"
        self._say(f"{self.text} ..." if self.is_terminal else f"{self.text} ({how_long}) ...\n")

    def so_far(self, done: int) -> None:
        """Tell how much is done."""
        if self.is_terminal:
            seconds = perf_counter() - self.begin
            self._say(f"\r{self.text}: {done} of {self.kernels} kernels, {seconds:.0f} s ")

    def end(self, how: str = "", made: list[Made] | None = None) -> None:
        """Tell how it ended, and why it could not be kept, if so."""
        trouble = next((each.trouble for each in made or () if each.trouble), "")
        if how and folder() is None:
            trouble = "there is no home folder"
        if trouble:
            how += (
                f", but not kept in {folder() or 'a file'} ({trouble}), so that every process compiles anew until "
                "DELTARULE_CACHE names a folder that may be written"
            )
        if self.is_terminal:
            self._say("\r\033[K")
        if how:
            self._say(f"deltarule: {how}.\n")

    def _say(self, text: str) -> None:
        if self.is_quiet:
            return
        with contextlib.suppress(OSError, ValueError, AttributeError):  # nobody to tell
            sys.stderr.write(text)
            sys.stderr.flush()
