"""The file of a search: a line of JSON for what is searched, and one for every network that was trained.

A search that is started again goes on where it ended; a last line that was half written counts as none.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from deltarule.errors import FileError, InputError, OptionError
from deltarule.options import shown
from deltarule.spelling import listed
from deltarule.writing import refused

FORMAT = 1
ANOTHER = "give another tune_file (--tune-file)"

DIGESTS = {"table": "other rows", "weights": "rows with other weights", "held": "other rows left out"}
"""What is told apart by a digest, and cannot be shown."""

Key = tuple[int, int]
"""The number of a recipe, and the part that its network was trained on."""


@dataclass(frozen=True)
class Tried:
    """One network: the mean loss of rows that it has not seen, at points of its epochs; none where it diverged.

    count: how much these rows count together.
    """

    losses: tuple[float, ...]
    count: float
    seconds: float


class SearchFile:
    """What a search has tried, and the file that keeps it, if any.

    Parameters
    ----------
    path
        None keeps it in memory.
    head
        By name what the search is of, as plain data; a file of anything else is refused.

    Raises
    ------
    OptionError
        The file is of another search, or of none.
    InputError, OutputError
        It cannot be read, or made.
    """

    def __init__(self, path: Path | None, head: dict[str, Any]) -> None:
        self.path, self.known = path, dict[Key, Tried]()
        if path is None:
            return
        first = json.dumps({"deltarule": "search", "format": FORMAT, **head}).encode() + b"\n"
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            content = b""
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}.") from None
        whole = content[: content.rfind(b"\n") + 1]
        if not whole and not first.startswith(content):
            self._refuse("is not the file of a search")
        lines = whole.splitlines(keepends=True)
        if lines:
            self._refuse_other(lines[0], json.loads(first))
        for n, line in enumerate(lines[1:], 2):
            try:
                one = json.loads(line)
                key = int(one["number"]), int(one["part"])
                self.known[key] = Tried(
                    tuple(map(float, one["losses"])), float(one["count"]), float(one["seconds"])
                )
            except (ValueError, KeyError, TypeError):
                self._refuse(f"is damaged in line {n:,}")
        try:
            with path.open("r+b" if content else "wb") as file:
                file.truncate(len(whole))
                if not lines:
                    file.write(first)
        except OSError as error:
            raise refused(path, error) from None

    def add(self, key: Key, settings: dict[str, Any], tried: Tried) -> None:
        """Keep what was tried."""
        self.known[key] = tried
        if self.path is None:
            return
        line = {"number": key[0], "part": key[1], "settings": settings, **vars(tried)}
        try:
            with self.path.open("ab") as file:
                file.write(json.dumps(line).encode() + b"\n")
        except OSError as error:
            raise FileError(f"writing to {self.path} broke off: {error.strerror or error}.") from None

    def _refuse_other(self, line: bytes, head: dict[str, Any]) -> None:
        """Raise an OptionError where a file begins otherwise than that of this search."""
        found: dict[str, Any] = {}
        with suppress(ValueError, TypeError):
            found = dict(json.loads(line))
        if found.get("deltarule") != "search":
            self._refuse("is not the file of a search")
        other = [name for name in head if found.get(name) != head[name]]
        said = [
            f"{name} was {shown(found.get(name))} and is {shown(head[name])}"
            for name in other
            if name not in DIGESTS
        ]
        if said and "table" not in other:
            self._refuse(f"is a search with other settings ({listed(said)})")
        if other:
            self._refuse(f"is a search of {next(what for name, what in DIGESTS.items() if name in other)}")

    def _refuse(self, what: str) -> NoReturn:
        raise OptionError(f"{self.path} {what}; {ANOTHER}.")
