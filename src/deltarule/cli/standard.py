"""Standard output and standard error of a command, and what becomes of it where they fail."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator
from typing import Any, TextIO, cast

from deltarule.errors import FileError


class ReaderGoneError(Exception):
    """Who reads standard output, `head` say, has what it wants."""


class _Output:
    """Standard output, of which every failure is one that the command line can tell from others."""

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        if self.stream is None:
            raise FileError("standard output is closed; send it to a file, or to /dev/null.")
        with _told():
            return self.stream.write(text)

    def flush(self) -> None:
        if self.stream is not None:
            with _told():
                self.stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _Messages:
    """Standard error; where that fails, nobody can be told."""

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            if self.stream is not None:
                self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            if self.stream is not None:
                self.stream.flush()

    def isatty(self) -> bool:
        return self.stream is not None and self.stream.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextlib.contextmanager
def guarded() -> Generator[None]:
    """Let what fails in standard output raise a FileError or a ReaderGoneError meanwhile, and never afterwards."""
    before = sys.stdout, sys.stderr
    if None in before:
        _take_places()
    sys.stdout, sys.stderr = cast(TextIO, _Output(before[0])), cast(TextIO, _Messages(before[1]))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        for stream in before:
            _empty(stream)


@contextlib.contextmanager
def _told() -> Generator[None]:
    try:
        yield
    except BrokenPipeError:
        raise ReaderGoneError from None
    except OSError as error:
        raise FileError(
            f"writing to standard output broke off: {error.strerror or error}; send it where there is room."
        ) from None


def _take_places() -> None:
    """Give the numbers of standard streams that are closed to something harmless, before a file gets them."""
    while (handle := os.open(os.devnull, os.O_RDONLY)) <= 2:
        pass
    os.close(handle)


def _empty(stream: TextIO | None) -> None:
    """Flush a stream, or let go of what it cannot write: Python would complain of that when it ends."""
    if stream is None:
        return
    try:
        stream.flush()
    except OSError:
        with contextlib.suppress(OSError):  # no file behind it
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
