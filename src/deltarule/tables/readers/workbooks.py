"""Workbooks: Excel (.xlsx, .xls, .xlsb) and OpenDocument (.ods), by calamine."""

from __future__ import annotations

import io
from typing import Any

from deltarule.errors import DataError, OptionError, closest, lacking, typed
from deltarule.tables.readers.grids import read_grid
from deltarule.tables.readers.options import Read, Reading, cut, first_line

ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
SHEETS = ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))
"""Names of the streams of an .xls file's sheets."""


def read_workbook(content: bytes, name: str, part: str | None, reading: Reading) -> Read:
    """Return the table of a sheet: the one that is named, else the first that has one.

    Cells keep their types where a column has one; other columns are text, as people see it.

    Raises
    ------
    DataError
        The workbook is damaged, protected by a password, or empty.
    OptionError
        There is no such sheet; or the library that reads workbooks is not installed.
    """
    if content[:4] == b"\xd0\xcf\x11\xe0":
        if ENCRYPTED in content:
            raise _protected(name)
        if not any(each in content for each in SHEETS):
            raise DataError(
                f"{name} is a document of an old office program, not a workbook; copy the table into a CSV file."
            )
    try:
        import python_calamine as calamine
    except ImportError:
        raise lacking("reading workbooks", "python-calamine", "app", "or save the sheet as CSV") from None
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        visible = [
            each.name
            for each in book.sheets_metadata
            if each.visible == calamine.SheetVisibleEnum.Visible
            and each.typ == calamine.SheetTypeEnum.WorkSheet
        ]
        chosen, told = _chosen(book, visible, name, reading.sheet or part)
        rows: list[list[Any]] = book.get_sheet_by_name(chosen).to_python(skip_empty_area=True)
    except (OptionError, DataError):
        raise
    except calamine.PasswordError:
        raise _protected(name) from None
    except Exception as error:
        if "password" in str(error).lower() or "encrypt" in str(error).lower():
            raise _protected(name) from None
        raise DataError(
            f"{name} is not a readable workbook: {first_line(error)}; save it again, or as CSV."
        ) from None
    except BaseException as error:  # a panic of calamine's Rust code, of a class that cannot be imported
        if type(error).__name__ != "PanicException":
            raise
        raise DataError(
            f"{name} is not a readable workbook: its contents are damaged; save it again, or as CSV."
        ) from None
    read = read_grid(rows, f"{name}, sheet {cut(chosen)}", reading)
    return Read(read.frame, [*told, *read.notices])


def _chosen(book: Any, visible: list[str], name: str, wanted: str | None) -> tuple[str, list[str]]:
    """Return the sheet to read, and what is to be told of the choice."""
    names: list[str] = book.sheet_names
    if wanted is not None:
        if wanted in names:
            return wanted, []
        if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
            return names[int(wanted) - 1], []
        near = closest(wanted, names)
        hint = f"; did you mean {near!r}?" if near else "."
        raise OptionError(
            f"there is no sheet {wanted!r} in {name}{hint} Its sheets: {', '.join(map(cut, names[:10]))}."
        )
    full: list[str] = []
    for each in visible or names:
        sheet = book.get_sheet_by_name(each)
        if sheet.height > 1 or (sheet.height and len(names) == 1):
            full.append(each)
    if not full:
        raise DataError(
            f"{name} is a workbook without a table: its sheets ({', '.join(map(cut, names[:10]))}) are empty."
        )
    if len(full) == 1:
        return full[0], []
    others = ", ".join(map(cut, full[1:6])) + (", ..." if len(full) > 6 else "")
    return full[0], [
        f"sheet {cut(full[0])} is read, and {others} not (--sheet {typed(full[1])} reads another)"
    ]


def _protected(name: str) -> DataError:
    return DataError(
        f"{name} is protected by a password; open it, save it without one, or save the sheet as CSV."
    )
