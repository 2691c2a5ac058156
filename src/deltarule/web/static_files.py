"""The files that the page is made of, as they are sent."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from deltarule.errors import InputError

TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Static:
    body: bytes
    media_type: str


def static_files() -> dict[str, Static]:
    """Return the files of the page by name, read once.

    Raises
    ------
    InputError
        The two libraries were not there when the package was built.
    """
    folder, found = files("deltarule.web") / "static", dict[str, Static]()
    for prefix, place in (("", folder), ("vendor/", folder / "vendor")):
        for each in sorted(place.iterdir(), key=lambda entry: entry.name) if place.is_dir() else []:
            ending = "." + each.name.rpartition(".")[2]
            if each.is_file() and ending in TYPES:
                found[prefix + each.name] = Static(each.read_bytes(), TYPES[ending])
    if not any(name.startswith("vendor/") for name in found):
        raise InputError(
            "the page's libraries are not in this installation, for npm's registry was out of reach when it was "
            "built; install deltarule again with a connection to it."
        )
    return found
