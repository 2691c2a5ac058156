"""Compiling, in processes of its own.

A Python that compiles has Numba, its memory and a processor for itself; it can be stopped at any moment, and whoever
waits for it can be interrupted.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

from deltarule.engines.compiled.cache import Code, keep


@dataclass(frozen=True)
class Order:
    """What to compile for networks of a dtype, and where to keep it.

    files: by the name of a kernel its file, empty where it is not to be kept. `frozen`: layers, places and optimiser
    of the one network and optimiser that a kernel is made for, which then is the only one.
    """

    dtype: str
    files: dict[str, str]
    frozen: dict[str, Any] | None = None


class Made(NamedTuple):
    """A kernel that was compiled, and why it could not be kept, if so."""

    name: str
    code: Code
    trouble: str


def compile_here(order: Order) -> Iterator[Made]:
    """Compile in this process, and keep every kernel as soon as it is made."""
    from deltarule.engines.compiled import kernels

    for name, file in order.files.items():
        if order.frozen is None:
            code = kernels.compiled(order.dtype, name)
        else:
            code = kernels.frozen(order.dtype, **order.frozen)
        trouble = ""
        try:
            if file:
                keep(Path(file), code)
        except OSError as error:
            trouble = error.strerror or str(error)
        yield Made(name, code, trouble)


class Compiling:
    """A process that compiles an order, and what it has made so far.

    Raises OSError where no Python can be started.
    """

    def __init__(self, order: Order) -> None:
        if hasattr(sys, "frozen") or "python" not in Path(sys.executable or "").name:
            raise OSError("this program is no Python that could compile in another process")
        self.made: list[Made] = []
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from deltarule.engines.compiled.compiler import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        self._thread = threading.Thread(target=self._collect, args=[order], daemon=True)
        self._thread.start()

    def _collect(self, order: Order) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            with self.process.stdin as stdin:
                stdin.write(json.dumps(asdict(order)).encode())
            with self.process.stdout as stdout:
                self.made.extend(_received(stdout))
        except (OSError, ValueError):  # it ended before its time; what it made until then is there
            pass
        self.process.wait()

    @property
    def is_running(self) -> bool:
        """Whether more may come."""
        return self._thread.is_alive()

    def wait(self, seconds: float | None = None) -> None:
        """Return when the process has ended, or after some seconds."""
        self._thread.join(seconds)

    def stop(self) -> None:
        """End the process, if it has not ended."""
        self.process.kill()
        self.wait()


def _received(stream: IO[bytes]) -> Iterator[Made]:
    """Yield what `serve` sends."""
    while head := stream.readline():
        name, symbol, size, trouble = json.loads(head)
        code = stream.read(size)
        if len(code) < size:
            return
        yield Made(name, (symbol, code), trouble)


def serve() -> None:
    """Compile the order on standard input, and write every kernel to standard output as soon as it is made."""
    gc.disable()  # a tenth of the time, and this process ends soon
    order = Order(**json.load(sys.stdin.buffer))
    if order.frozen is not None and hasattr(os, "nice"):
        os.nice(5)  # whom it is for is at work already
    for name, (symbol, code), trouble in compile_here(order):
        head = json.dumps([name, symbol, len(code), trouble]).encode()
        sys.stdout.buffer.write(head + b"\n" + code)
        sys.stdout.buffer.flush()
