"""Every exception of deltarule: one root, which is also a ValueError.

A message is one sentence that says what was expected, what came, and what to do. The command line
prints it as it stands and ends with the class's `exit_code` (BSD sysexits).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from inspect import currentframe
from typing import ClassVar

from deltarule.spelling import closest as closest


class DeltaruleError(ValueError):
    """The root of all errors that deltarule raises on purpose."""

    exit_code: ClassVar[int] = 1


class OptionError(DeltaruleError):
    """An option, name or argument is unknown or out of its range."""

    exit_code = 2


class KeywordError(OptionError, TypeError):
    """A function has no argument of this name."""


class PackageError(OptionError, ImportError):
    """What was asked for needs a package that is not installed."""


class DataError(DeltaruleError):
    """The data do not fit what was asked of them."""

    exit_code = 65


class DataWarning(UserWarning):
    """Something in the data that a reader should know; nothing has failed."""


def warn_of(notices: Iterable[str]) -> None:
    """Warn of each of these, as said by the line of the user's program that led here."""
    frame, level = currentframe(), 1
    while frame is not None and frame.f_globals.get("__name__", "").startswith("deltarule."):
        frame, level = frame.f_back, level + 1
    for notice in notices:
        warnings.warn(notice, DataWarning, stacklevel=level)


class ShapeError(DataError):
    """An array has the wrong shape."""


class InputError(DeltaruleError):
    """A file to read does not exist or cannot be opened."""

    exit_code = 66


class OutputError(DeltaruleError):
    """A file cannot be created where it was asked for."""

    exit_code = 73


class FileError(DeltaruleError):
    """Reading or writing broke off half way."""

    exit_code = 74


class OutOfMemoryError(DeltaruleError, MemoryError):
    """Something does not fit into memory; the message names it."""

    exit_code = 71


class ModelFileError(DeltaruleError):
    """A model file is foreign, altered, truncated, or of another format."""

    exit_code = 76


class DivergenceError(DeltaruleError):
    """Training produced a number that is not finite."""


def typed(name: str) -> str:
    """Return a name as it is typed in a shell.

    >>> print(typed("age"), typed("total cost"))
    age "total cost"
    """
    return name if name.replace("_", "").isalnum() else f'"{name}"'


def unknown(what: str, name: object, known: Iterable[str]) -> OptionError:
    """Return the error for a name that is not in a list, with the closest name and the whole list.

    >>> raise unknown("activation", "tahn", ["sigmoid", "tanh"])
    Traceback (most recent call last):
    deltarule.errors.OptionError: unknown activation 'tahn'; did you mean 'tanh'? Known: sigmoid, tanh.
    """
    names = list(known)
    near = closest(str(name), names)
    hint = f"; did you mean {near!r}?" if near else "."
    return OptionError(f"unknown {what} {name!r}{hint} Known: {', '.join(names)}.")


def lacking(what: str, package: str, extra: str, instead: str = "") -> PackageError:
    """Return the error for a package that is not installed, with the line that installs it.

    >>> raise lacking("reading workbooks", "python-calamine", "app", "or save the sheet as CSV")
    Traceback (most recent call last):
    deltarule.errors.PackageError: reading workbooks needs python-calamine; install it with: python -m pip install
    "deltarule[app]", or save the sheet as CSV.
    """
    otherwise = f", {instead}" if instead else ""
    return PackageError(
        f'{what} needs {package}; install it with: python -m pip install "deltarule[{extra}]"{otherwise}.'
    )
