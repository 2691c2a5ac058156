"""Threads that work side by side in native code: how they are hired and let go.

A run is one call of native code. Its thread hands the work to the others itself, through a board that each of them
watches, so that no Python stands between two short epochs.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deltarule.engines.compiled.machine_code import MachineCode

SPREAD = 16
"""Numbers of 8 bytes between what different threads write: two lines of the cache, which are fetched together."""
STOP, NEXT, QUEUES, MEETINGS = (SPREAD * n for n in range(4))
"""Places of counters that threads share: whether to go on, which group is next, and two a thread: one that gives out
its share of blocks, and how many meetings it has come to;"""
EACH = 2 * SPREAD
"""these are so far apart from thread to thread."""
GOING, INTERRUPTED, DIVERGED = range(3)

BOARD, FUNCTION, LETTER, THREAD, GIVEN, DONE, STATE, WAS = 64, 0, 1, 2, 16, 32, 48, 49
"""The size of a worker's board; the places on it of what to call, with what, and as which thread; of how much work was
given and how much is done; of what the worker is, and of what it was before it was hired:"""
LISTENING, HIRED, ASLEEP = range(3)


class Worker:
    """A thread that works for whoever hires it. It ends with the process.

    For a moment after its work it listens for more, since waking a sleeping thread takes as long as a short epoch.
    """

    idle: ClassVar[list[Worker]] = []

    def __init__(self, code: MachineCode) -> None:
        self.code = code
        self.board = np.zeros(BOARD, np.int64)
        self.address = int(self.board.ctypes.data)
        self.bell: SimpleQueue[None] = SimpleQueue()
        code.hire(self.address)
        threading.Thread(target=self._live, daemon=True).start()

    def _live(self) -> None:
        while True:
            self.code.listen(self.address)
            self.bell.get()

    @classmethod
    def hired(cls, code: MachineCode) -> Worker:
        """Return an idle worker, or a new one."""
        try:
            worker = cls.idle.pop()
        except IndexError:
            return cls(code)
        worker.code.hire(worker.address)
        if worker.board[WAS] == ASLEEP:
            worker.bell.put(None)
        return worker

    def dismiss(self) -> None:
        self.code.dismiss(self.address)
        self.idle.append(self)


def alone(*shape: int, dtype: type[np.float64] | type[np.int64] = np.float64) -> NDArray[Any]:
    """Return zeros that share no line of the cache with anything else."""
    size = math.prod(shape)
    whole = np.zeros(size + 3 * SPREAD, dtype)
    first = SPREAD + (-whole.ctypes.data // 8) % SPREAD
    return whole[first : first + size].reshape(shape)


@contextmanager
def hired(code: MachineCode, count: int) -> Generator[NDArray[np.int64]]:
    """Give the addresses of the boards of so many workers, for one run."""
    workers = [Worker.hired(code) for _ in range(count)]
    try:
        yield np.array([worker.address for worker in workers], np.int64)
    finally:
        for worker in workers:
            worker.dismiss()


class Caller:
    """A thread that calls functions, one after another. It ends with the process.

    It is not made anew for each of them: a thread that has found its processor had better stay there.
    """

    idle: ClassVar[list[Caller]] = []

    def __init__(self) -> None:
        self.given: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.done: SimpleQueue[BaseException | None] = SimpleQueue()
        threading.Thread(target=self._live, daemon=True).start()

    def _live(self) -> None:
        while True:
            work = self.given.get()
            try:
                work()
            except BaseException as error:
                self.done.put(error)
            else:
                self.done.put(None)
            del work


def aside(work: Callable[[], None]) -> None:
    """Call work() in another thread and wait for it, since a main thread sees Ctrl-C only outside of native code."""
    try:
        caller = Caller.idle.pop()
    except IndexError:
        caller = Caller()
    caller.given.put(work)
    error = caller.done.get()
    Caller.idle.append(caller)
    if error is not None:
        raise error


if hasattr(os, "register_at_fork"):  # a child process has no threads but the one that forked
    os.register_at_fork(after_in_child=Worker.idle.clear)
    os.register_at_fork(after_in_child=Caller.idle.clear)
