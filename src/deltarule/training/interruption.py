"""Ctrl-C ends a run after the batch in hand, so that what was learnt is kept."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

import numpy as np
from numpy.typing import NDArray


@contextmanager
def interruptible(flag: NDArray[np.bool_]) -> Generator[None]:
    """Let the first Ctrl-C set a flag, (1,); the second raises KeyboardInterrupt as usual.

    Outside the main thread, where Python delivers no signals, and where a program has a handler that is not Python's,
    the flag just stays as it is.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is None:
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        flag[0] = True
        signal.signal(signal.SIGINT, before if callable(before) else signal.default_int_handler)

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
