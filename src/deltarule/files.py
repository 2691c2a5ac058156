"""The model file: safetensors with JSON metadata, a format number and a SHA-256 over the whole file.

The file is a valid safetensors file. Its metadata hold "deltarule", a JSON text with the format number, the kind of
model and everything but its arrays, and "sha256", the digest of the file as it is with the digest's own 64 characters
replaced by zeros. So every altered byte is found, loading runs no code, and a foreign file is refused before anything
in it is parsed. What a kind of model puts in is the matter of `deltarule.saving`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from deltarule.errors import FileError, InputError, ModelFileError, OptionError

FORMAT = 3
"""The newest; a file has the oldest one whose readers understand it."""
SUFFIX = ".deltarule"

LENGTH = 8
"""Bytes of the number that a safetensors file begins with: those of its header, which follows."""
MOST_HEADER = 100_000_000
"""The most bytes of a header, for safetensors too."""
NO_DIGEST = "0" * 64
SHA256 = re.compile(rb'"sha256":"([0-9a-f]{64})"')

_T = TypeVar("_T")


def pack(format: int, kind: str, record: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> bytes:
    """Return the bytes of a model file: a record of plain data, and arrays by name.

    Raises
    ------
    OptionError
        The record holds a number that is not finite, or takes more bytes than a header may.
    """
    head = {"format": format, "kind": kind, **record}
    try:
        text = json.dumps(head, allow_nan=False, default=_plain)
    except ValueError:
        raise OptionError("the model holds a number that is not finite and cannot be saved.") from None
    metadata = {"deltarule": text, "sha256": NO_DIGEST}
    content = _in_order(safetensors.numpy.save(tensors, metadata), metadata)
    if (size := _header_size(content)) > MOST_HEADER:
        raise OptionError(
            f"the model's columns take {size:,} bytes to describe, more than the {MOST_HEADER:,} that a model "
            "file may hold; learn from fewer columns."
        )
    first, last = _place_of_digest(content)
    return b"".join((content[:first], _hash(content).encode(), content[last:]))


def head_of(content: bytes, path: str | Path) -> dict[str, Any]:
    """Return the record of a file that is shown to be unaltered, with its "format" and "kind".

    Raises
    ------
    ModelFileError
        The file is foreign, truncated, altered, or of a later format.
    """
    _digest(content, path)
    text = _description(content, path)
    head = valid(path, lambda: dict(json.loads(text)))
    if not isinstance(head.get("format"), int) or head["format"] > FORMAT:
        raise ModelFileError(
            f"{path} has the format {head.get('format')!r} and this version reads up to {FORMAT}; "
            "update deltarule to open it."
        )
    return head


def tensors_of(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file by name."""
    return safetensors.numpy.load(content)


def summary(path: str | Path) -> dict[str, Any]:
    """Return what a model file says of itself: format, kind, SHA-256, size in bytes."""
    content = read(path)
    head = head_of(content, path)
    return {
        "path": str(path),
        "format": head["format"],
        "kind": head.get("kind"),
        "sha256": _digest(content, path),
        "bytes": len(content),
    }


def read(path: str | Path) -> bytes:
    """Return the bytes of a file that begins like a model file, or raise an error that says why not.

    Of a file that begins otherwise no more is read than its header.
    """
    try:
        with Path(path).open("rb") as file:
            start = file.read(LENGTH)
            size = _header_size(start)
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and size > status.st_size - LENGTH:
                raise _foreign(path)
            if size <= MOST_HEADER:
                start += file.read(size)
            if len(start) < LENGTH + size or not SHA256.search(start):
                raise _foreign(path)
            return start + file.read()
    except FileNotFoundError:
        raise InputError(
            f"there is no model file {path}; check the path, or make one with save or fit."
        ) from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; give a model file in it.") from None
    except PermissionError:
        raise InputError(f"{path} may not be read; check its permissions.") from None
    except OSError as error:
        raise FileError(f"reading {path} broke off: {error.strerror or error}.") from None


def _in_order(content: bytes, metadata: dict[str, str]) -> bytes:
    """Return a safetensors file with its metadata in the order given, which safetensors leaves to chance.

    So the same model makes the same file.
    """
    end = LENGTH + _header_size(content)
    header = json.dumps(json.loads(content[LENGTH:end]) | {"__metadata__": metadata}, separators=(",", ":"))
    header += " " * (-len(header) % LENGTH)
    return b"".join((len(header).to_bytes(LENGTH, "little"), header.encode(), memoryview(content)[end:]))


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return cast(object, value.item())
    raise TypeError(f"cannot write a {type(value).__name__} to a model file")


def _header_size(content: bytes) -> int:
    return int.from_bytes(content[:LENGTH], "little")


def _place_of_digest(content: bytes) -> tuple[int, int]:
    """Return where the digest's characters begin and end; (0, 0) where there are none.

    It is looked for in the header's bytes: no JSON is parsed before the digest is shown to be true. In the texts
    of a header every quotation mark has a backslash before it, so the pattern matches nowhere else.
    """
    found = SHA256.search(content, LENGTH, LENGTH + _header_size(content))
    return found.span(1) if found else (0, 0)


def _hash(content: bytes) -> str:
    """Return the SHA-256 of a file as it is with zeros for its digest."""
    first, last = _place_of_digest(content)
    whole = memoryview(content)
    digest = hashlib.sha256(whole[:first])
    digest.update(b"0" * (last - first))
    digest.update(whole[last:])
    return digest.hexdigest()


def _foreign(path: str | Path) -> ModelFileError:
    return ModelFileError(f"{path} is not a deltarule model file; give one that save or fit has written.")


def _digest(content: bytes, path: str | Path) -> str:
    """Return the file's SHA-256 as it says, once it is shown to be true."""
    first, last = _place_of_digest(content)
    claimed = content[first:last].decode()
    if _hash(content) != claimed:
        raise ModelFileError(
            f"{path} was altered or truncated since it was written: its SHA-256 does not match; "
            "take it from where it came from again."
        )
    return claimed


def _description(content: bytes, path: str | Path) -> str:
    """Return the JSON text that describes the model."""
    try:
        header = json.loads(content[LENGTH : LENGTH + _header_size(content)])
        return str(header["__metadata__"]["deltarule"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _foreign(path) from None


def valid(path: str | Path, build: Callable[[], _T]) -> _T:
    """Return build(), or raise a ModelFileError where what the file says cannot be a model."""
    try:
        return build()
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        OverflowError,
        RecursionError,
    ) as error:
        raise ModelFileError(f"{path} does not describe a model: {error}.") from None
    except safetensors.SafetensorError as error:
        raise ModelFileError(f"{path} is not a valid safetensors file: {error}.") from None
