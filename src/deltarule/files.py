"""The model file: safetensors with JSON metadata, a format number and a SHA-256 over the whole file.

The file is a valid safetensors file with one tensor, theta. Its metadata hold "deltarule", a JSON text with
the format number and everything but theta, and "sha256", the digest of the file as it is with the digest's own 64
characters replaced by zeros. So every altered byte is found, and loading runs no code.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import safetensors.numpy

from deltarule.errors import FileError, InputError, ModelFileError, OptionError, OutputError
from deltarule.network import Network
from deltarule.parameters import Layout
from deltarule.tables import TableModel

FORMAT = 1
SUFFIX = ".deltarule"

_NO_DIGEST = "0" * 64
_T = TypeVar("_T")


def save(model: Network | TableModel | object, path: str | Path) -> None:
    """Write a network, a table model or a fitted table estimator to a file, whole or not at all.

    Parameters
    ----------
    model
        A Network, a TableModel, or a fitted TableClassifier or TableRegressor (its `model_` is written).
    path
        Where to; a file that exists is replaced once the new one is safely on the disk.

    Raises
    ------
    OutputError
        The folder does not exist or may not be written.
    FileError
        The disk is full or failed; what was at `path` is untouched.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "net.deltarule"
    >>> net = Network([3, 4, 2], seed=1)
    >>> save(net, path)
    >>> bool((load(path).theta == net.theta).all())
    True
    """
    model = getattr(model, "model_", model)
    if isinstance(model, TableModel):
        content = _content("table", model.record(), model.network)
    elif isinstance(model, Network):
        content = _content("network", {"network": model.spec()}, model)
    else:
        raise OptionError(
            f"cannot save a {type(model).__name__}; give a Network, a TableModel or a fitted table estimator."
        )
    write(content, Path(path))


def load(path: str | Path) -> Network | TableModel:
    """Return what `save` wrote, bit for bit.

    Raises
    ------
    InputError
        There is no such file, or it may not be read.
    ModelFileError
        The file is foreign, truncated, altered, or of a later format.
    """
    return _model(read(path), path)


def summary(path: str | Path) -> dict[str, Any]:
    """Return what a model file says of itself: format, kind, SHA-256, size in bytes."""
    content = read(path)
    head = _head(content, path)
    return {
        "path": str(path),
        "format": head["format"],
        "kind": head["kind"],
        "sha256": _digest(content, path),
        "bytes": len(content),
    }


def read(path: str | Path) -> bytes:
    """Return a file's bytes, or raise an InputError that says why not."""
    try:
        return Path(path).read_bytes()
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


def write(content: bytes, path: Path) -> None:
    """Write a file so that after a crash at any moment the old or the new one is there, whole.

    A temporary file in the same folder, fsync, rename, fsync of the folder.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent or Path())
    except FileNotFoundError:
        raise OutputError(f"{path} cannot be written: there is no folder {path.parent}.") from None
    except NotADirectoryError:
        raise OutputError(f"{path} cannot be written: {path.parent} is not a folder.") from None
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from None
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp lets nobody else read
        temporary.replace(path)
        _sync_folder(path.parent)
    except IsADirectoryError:
        raise OutputError(f"{path} cannot be written: it is a folder.") from None
    except OSError as error:
        raise FileError(
            f"writing {path} broke off: {error.strerror or error}; nothing was changed."
        ) from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _content(kind: str, record: dict[str, Any], network: Network) -> bytes:
    head = {"format": FORMAT, "kind": kind, **record}
    try:
        text = json.dumps(head, allow_nan=False, default=_plain)
    except ValueError:
        raise OptionError("the model holds a number that is not finite and cannot be saved.") from None
    if not np.isfinite(network.theta).all():
        raise OptionError("the network has a parameter that is not finite and cannot be saved.")
    content = safetensors.numpy.save({"theta": network.theta}, {"deltarule": text, "sha256": _NO_DIGEST})
    return content.replace(_NO_DIGEST.encode(), _hash(content).encode(), 1)


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return cast(object, value.item())
    raise TypeError(f"cannot write a {type(value).__name__} to a model file")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _metadata(content: bytes, path: str | Path) -> dict[str, str]:
    """Return the metadata of a safetensors file."""
    foreign = ModelFileError(f"{path} is not a deltarule model file; give one that save or fit has written.")
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or not 2 <= length <= len(content) - 8:
        raise foreign
    try:
        metadata = json.loads(content[8 : 8 + length])["__metadata__"]
        if not ("deltarule" in metadata and isinstance(metadata["sha256"], str)):
            raise foreign
        return metadata
    except (ValueError, KeyError, TypeError, RecursionError):
        raise foreign from None


def _digest(content: bytes, path: str | Path) -> str:
    """Return the file's SHA-256 as it says, once it is shown to be true."""
    claimed = _metadata(content, path)["sha256"]
    if len(claimed) != 64 or _hash(content.replace(claimed.encode(), _NO_DIGEST.encode(), 1)) != claimed:
        raise ModelFileError(
            f"{path} was altered or truncated since it was written: its SHA-256 does not match; "
            "take it from where it came from again."
        )
    return claimed


def _head(content: bytes, path: str | Path) -> dict[str, Any]:
    """Return the JSON part of a file that is shown to be unaltered."""
    _digest(content, path)
    head = _valid(path, lambda: dict(json.loads(_metadata(content, path)["deltarule"])))
    if not isinstance(head.get("format"), int) or head["format"] > FORMAT:
        raise ModelFileError(
            f"{path} has the format {head.get('format')!r} and this version reads up to {FORMAT}; "
            "update deltarule to open it."
        )
    return head


def _model(content: bytes, path: str | Path) -> Network | TableModel:
    head = _head(content, path)

    def build() -> Network | TableModel:
        theta = safetensors.numpy.load(content)["theta"]
        spec = head["network"]
        if Layout(spec["sizes"]).size != theta.size:  # before a network of any size is made
            raise ValueError("theta does not fit the sizes")
        network = Network(spec["sizes"], spec["activation"], spec["output"], dtype=spec["dtype"])
        if theta.dtype != network.dtype or not np.isfinite(theta).all():
            raise ValueError("theta has another dtype, or a number in it is not finite")
        network.theta = theta
        if head["kind"] == "network":
            return network
        model = TableModel.from_record(head, network)
        if len(model.encoder.features) != network.sizes[0]:
            raise ValueError("the encoders do not fit the network")
        return model

    return _valid(path, build)


def _valid(path: str | Path, build: Callable[[], _T]) -> _T:
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
