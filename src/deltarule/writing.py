"""Writing a file: whole or not at all, and into what is no file as it stands."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import sys
from pathlib import Path

from deltarule.errors import FileError, OutputError

if sys.platform == "win32":
    fcntl = None
else:
    import fcntl

MOST_OF_NAME = 50
"""Characters of a file's name in that of its temporary file, which must not become too long."""


def write(content: bytes, path: Path) -> None:
    """Write a file so that after a crash at any moment the old or the new one is there, whole.

    A temporary file in the same folder, fsync, rename, fsync of the folder. The new file has the mode of the
    old one; a link stays, and the file that it leads to is written. A pipe or a device is written into.

    Raises
    ------
    OutputError
        The file cannot be made or opened.
    FileError
        The disk is full or failed; what was at `path` is untouched.
    """
    if is_standard_output(path):
        sys.stdout.flush()
        _pour(content, path, os.dup(1))  # opened anew, a file would be written from its beginning
    elif is_stream(path):
        try:
            handle = os.open(path, os.O_WRONLY)
        except OSError as error:
            raise refused(path, error) from None
        _pour(content, path, handle)
    else:
        _replace(content, target_of(path))


def is_stream(path: Path) -> bool:
    """Return whether a pipe or a device is at `path`, which is written into and never replaced."""
    found = _status(path)
    return found is not None and not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode))


def is_standard_output(path: Path) -> bool:
    """Return whether `path`, /dev/stdout for one, is where standard output goes."""
    found = _status(path)
    try:
        return found is not None and os.path.samestat(found, os.fstat(1))
    except OSError:
        return False


def target_of(path: Path) -> Path:
    """Return the file that is written for `path`: where the link leads to, if it is one."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise refused(path, error) from None


def refused(path: Path, error: OSError) -> OutputError:
    if isinstance(error, FileNotFoundError):
        return OutputError(f"{path} cannot be written: there is no folder {path.parent}.")
    if isinstance(error, NotADirectoryError):
        return OutputError(f"{path} cannot be written: {path.parent} is not a folder.")
    return OutputError(f"{path} cannot be written: {error.strerror or error}.")


def _pour(content: bytes, path: Path, handle: int) -> None:
    """Write into a pipe or a device, and close it."""
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
    except OSError as error:
        raise FileError(
            f"writing into {path} broke off: {error.strerror or error}; what came before is written."
        ) from None


def _replace(content: bytes, path: Path) -> None:
    """Write a file beside `path` and give it that name."""
    old = _status(path)
    if old is not None and stat.S_ISDIR(old.st_mode):
        raise OutputError(f"{path} cannot be written: it is a folder.")
    _remove_leftovers(path)
    try:
        handle, temporary = _temporary(path, old)
    except OSError as error:
        raise refused(path, error) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if fcntl is None:
                file.close()  # Windows renames no open file; elsewhere the lock must last until then
            temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise FileError(
            f"writing {path} broke off: {error.strerror or error}; nothing was changed."
        ) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _temporary(path: Path, old: os.stat_result | None) -> tuple[int, Path]:
    """Return a new file beside `path`, with the old one's mode if there is one; it is locked while it is open."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    while True:
        temporary = path.with_name(f".{path.name[:MOST_OF_NAME]}.{secrets.token_hex(8)}.tmp")
        handle = os.open(temporary, flags, 0o666 if old is None else 0o600)
        if fcntl is not None:
            with contextlib.suppress(OSError):  # some file systems cannot
                fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink == 0:  # taken for a leftover before it was locked
                os.close(handle)
                continue
            if old is not None:
                with contextlib.suppress(OSError):  # some file systems have no modes
                    os.fchmod(handle, stat.S_IMODE(old.st_mode) & 0o777)
        return handle, temporary


def _remove_leftovers(path: Path) -> None:
    """Remove what runs that were killed left beside `path`; a file that is being written is locked, and stays."""
    if fcntl is None:
        return
    name = re.compile(re.escape(f".{path.name[:MOST_OF_NAME]}.") + r"[0-9a-f]{16}\.tmp")
    with contextlib.suppress(OSError):  # a folder that may not be listed
        for each in path.parent.iterdir():
            if name.fullmatch(each.name):
                _remove_unlocked(each)


def _remove_unlocked(leftover: Path) -> None:
    assert fcntl is not None
    with contextlib.suppress(OSError):  # it is locked, gone by now, or another user's
        handle = os.open(leftover, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            leftover.unlink()
        finally:
            os.close(handle)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
