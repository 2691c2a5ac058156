"""Ctrl-C ends a command, whoever started it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def heeded() -> Generator[None]:
    """Let Ctrl-C raise KeyboardInterrupt meanwhile, also where the starting process left it ignored.

    So do shells with what they run in the background, cron, and some CI; Python then never hears of it.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or callable(before) or before is None:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
