"""Where a table's bytes come from: a file, several by a pattern, standard input; and the part of it that is meant."""

from __future__ import annotations

import glob
import re
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from deltarule.errors import DeltaruleError, FileError, InputError
from deltarule.memory import require

PART = "::"
"""Between a file and what is meant in it: a table, a query, a member, a sheet."""
HEAD = 2**16
ALIKE = 0.8
"""From which on a file's name may be meant by another."""


@dataclass(frozen=True)
class Source:
    """A file or standard input ("-"), and the part of it that is meant.

    >>> Source.of("shop.db::orders")
    Source(path='shop.db', part='orders')
    """

    path: str
    part: str | None = None

    @classmethod
    def of(cls, path: str | Path) -> Source:
        """Return the source that a path names; a file that is called so has no part."""
        text = str(path)
        if PART not in text or Path(text).exists():
            return cls(text)
        before, _, after = text.partition(PART)
        return cls(before, after.strip() or None)

    @property
    def is_standard(self) -> bool:
        return self.path == "-"

    @property
    def name(self) -> str:
        """What messages call it."""
        return "standard input" if self.is_standard else self.path

    def matching(self) -> list[Source]:
        """Return the files that a pattern such as data/*.csv stands for, in order; itself where it is no pattern."""
        if self.is_standard or not re.search(r"[*?\[]", self.path) or Path(self.path).exists():
            return [self]
        found = sorted(path for path in _glob(self.path) if Path(path).is_file())
        if not found:
            raise InputError(f"no file matches {self.path}; check the pattern.")
        return [Source(path, self.part) for path in found]

    def head(self) -> bytes:
        """Return the first bytes, by which the format is known; nothing of what can be read but once."""
        if self.is_standard or not Path(self.path).is_file():
            return b""
        with _Told(self.name), Path(self.path).open("rb") as file:
            return file.read(HEAD)

    def read(self) -> bytes:
        """Return all bytes.

        Raises
        ------
        InputError
            There is no such file, or it may not be read.
        FileError
            Reading broke off.
        OutOfMemoryError
            The file is larger than the memory that can be had.
        """
        if self.is_standard and cast(Any, sys.stdin) is None:
            raise InputError("standard input is closed; pipe a table into it, or give a file.")
        with _Told(self.name):
            if self.is_standard:
                return sys.stdin.buffer.read()
            path = Path(self.path)
            if path.exists():
                require(path.stat().st_size, f"the table {self.name}")
            return path.read_bytes()


def _glob(pattern: str) -> list[str]:
    """Return what a pattern stands for; `Path.glob` takes none that begins with a root."""
    return glob.glob(pattern, recursive=True)  # noqa: PTH207


class _Told:
    """Errors of the system as sentences."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        name = self.name
        match error:
            case DeltaruleError():
                return
            case FileNotFoundError():
                near = get_close_matches(Path(name).name, _beside(Path(name)), n=1, cutoff=ALIKE)
                hint = f"did you mean {Path(name).with_name(near[0])}?" if near else "check the path."
                raise InputError(f"there is no file {name}; {hint}") from None
            case IsADirectoryError():
                raise InputError(
                    f'{name} is a folder; give a file in it, or several by a pattern: "{name.rstrip("/")}/*.csv".'
                ) from None
            case PermissionError():
                raise InputError(f"{name} may not be read; check its permissions.") from None
            case OSError():
                raise FileError(f"reading {name} broke off: {error.strerror or error}.") from None
            case ValueError():
                raise InputError(f"{name!r} is no name of a file; check the path.") from None
            case _:
                return


def _beside(path: Path) -> list[str]:
    try:
        return [each.name for each in path.parent.iterdir()][:10_000]
    except (OSError, ValueError):
        return []
