"""What a command prints comes out to its end, whatever letters the locale has."""

from __future__ import annotations

import codecs
import io
import sys
import unicodedata
from collections.abc import Generator
from contextlib import contextmanager

PLAINER = "deltarule.plainer"
"""The name, for Python's codecs, of `_plainer`."""


def _plainer(error: UnicodeError) -> tuple[str, int]:
    """Return what stands in ASCII for the letters that cannot be encoded: R2 for R², y for ŷ, else a ?."""
    assert isinstance(error, UnicodeEncodeError)
    apart = [unicodedata.normalize("NFKD", letter) for letter in error.object[error.start : error.end]]
    return "".join(letters.encode("ascii", "ignore").decode("ascii") or "?" for letters in apart), error.end


codecs.register_error(PLAINER, _plainer)


@contextmanager
def printable() -> Generator[None]:
    """Let standard output print any letter meanwhile, a plainer one where it lacks that; then flush it.

    It lacks many in the C locale and on old terminals, and bytes in names of files that are no text everywhere.
    """
    out = sys.stdout
    if not isinstance(out, io.TextIOWrapper):  # a text in memory, or closed
        yield
        return
    encoding, errors = out.encoding, out.errors
    out.reconfigure(errors=PLAINER)
    try:
        yield
    finally:
        out.reconfigure(encoding=encoding, errors=errors)


def has_every_letter() -> bool:
    """Return whether standard output can print any letter as it is."""
    return (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")


def print_document(text: str, end: str = "\n") -> None:
    """Print what a program reads, CSV say, in UTF-8 like the files that deltarule reads and writes."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(encoding="utf-8", errors=PLAINER)
    print(text, end=end)
