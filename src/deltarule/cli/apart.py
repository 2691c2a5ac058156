"""A command in a process of its own, where memory is limited.

A native library that is refused memory may end its process, with words of its own and no exception. Where a limit
is set (`ulimit -v`) that is likely; so a second process then does the work, and the first one says what did not fit.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress

from deltarule import memory

ROOM = 4096
"""Bytes for what one process tells the other.

The first is 1 once a command has ended in its own way; the second, one more than the exit code of which it has begun to
speak; then comes what to say if it does not.
"""
TEXT = 2
PASSED_ON = signal.SIGINT, signal.SIGTERM
OFTEN = 0.1
"""Seconds between two looks at the process that works."""
DEATH = 1
"""The option of prctl that ends a process with its parent."""


def is_wanted() -> bool:
    """Return whether memory is limited, on a system where that can be dealt with."""
    return sys.platform == "linux" and memory.limit() is not None


def run_apart(run: Callable[[], int]) -> tuple[int | None, str]:
    """Return run()'s exit code from another process; None where that process was ended, and what it said then.

    Signals to this process are passed on. Those of the terminal reach the other one anyway.
    """
    board = mmap.mmap(-1, ROOM)
    awaited = {signal.SIGCHLD, *PASSED_ON}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    was = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        parent, child = os.getpid(), os.fork()
        if child == 0:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            _work(run, board, parent)
        status = _awaited(child, awaited)
    finally:
        signal.signal(signal.SIGCHLD, was)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    code = os.waitstatus_to_exitcode(status)
    if -code in PASSED_ON:
        return 128 - code, ""
    said = board[TEXT:].rstrip(b"\0").decode(errors="ignore")
    if board[1] and not board[0]:
        return board[1] - 1, ""
    return (code, "") if board[0] else (None, said)


def _awaited(child: int, awaited: set[signal.Signals]) -> int:
    """Return the status that a process ended with; pass on the signals that come until then.

    A library's thread may have taken SIGCHLD before this one waits; so the process is asked for from time to time.
    """
    while True:
        came = signal.sigtimedwait(awaited, OFTEN)
        if came is not None and came.si_signo != signal.SIGCHLD:
            if came.si_pid:  # else from the terminal
                os.kill(child, came.si_signo)
            continue
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status


def _work(run: Callable[[], int], board: mmap.mmap, parent: int) -> None:
    """Run a command and end this process with its exit code; only Python's own messages reach standard error."""
    code = 1
    try:
        ctypes.CDLL(None).prctl(DEATH, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(code)
        with suppress(OSError):
            encoding = getattr(sys.stderr, "encoding", None)
            messages = os.fdopen(os.dup(2), "w", 1, encoding=encoding, errors="backslashreplace")
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            sys.stderr = messages
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message=memory.HALF_LOADED)  # with which Polars would go on

        def note(sentence: str) -> None:
            said = sentence.encode()[: ROOM - TEXT]
            board[TEXT:] = said.ljust(ROOM - TEXT, b"\0")

        def speak(code: int) -> None:
            board[1] = code + 1

        memory.tell, memory.over = note, speak
        code = run()
        board[0] = 1
    except Exception as error:
        if not memory.is_shortage(error):  # one that --debug lets through
            traceback.print_exc()
            board[0] = 1
    finally:  # a panic of Rust code, which is no Exception, counts as the end of the process
        os._exit(code)
