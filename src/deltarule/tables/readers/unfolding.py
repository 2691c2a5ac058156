"""Compressed files, unfolded piece by piece so that none takes more memory than there is."""

from __future__ import annotations

import bz2
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, cast

from deltarule.errors import DataError, DeltaruleError, OptionError, closest, lacking
from deltarule.memory import require
from deltarule.tables.readers.contents import form
from deltarule.tables.readers.options import first_line
from deltarule.tables.readers.sources import PART

PIECE = 2**20
ZSTD_PIECE = 2**10  # a byte of it unfolds to 32 kB at most
FIRST = 2**26
"""Bytes in which a text has a line break, and other contents more than zeros."""
BYTES_A_BYTE = 3
"""The least memory that reading an unfolded byte takes."""
WORKBOOKS = "xl/workbook.xml", "xl/workbook.bin", "content.xml"
DOCUMENTS = {
    "word/": "a text document (DOCX)",
    "ppt/": "a presentation (PPTX)",
    "META-INF/MANIFEST.MF": "a Java archive",
}


def unfolded(content: bytes, kind: str, name: str) -> bytes:
    """Return what a gzip, bzip2, xz or zstd file holds.

    Raises
    ------
    DataError
        It is damaged, or cut short.
    OutOfMemoryError
        What it unfolds to cannot be had.
    """
    openers = {"gzip": _gzip, "bzip2": bz2.BZ2File, "xz": lzma.LZMAFile, "zstd": _zstd}
    try:
        with openers[kind](io.BytesIO(content)) as file:
            return b"".join(_bounded(file, name))
    except EOFError:
        raise DataError(f"{name} is a {kind} file that was cut short; write or fetch it again.") from None
    except (OSError, lzma.LZMAError, zlib.error, ValueError, RuntimeError) as error:
        if isinstance(error, DeltaruleError):
            raise
        raise DataError(
            f"{name} is not a readable {kind} file: {first_line(error)}; write or fetch it again."
        ) from None


def _gzip(file: IO[bytes]) -> IO[bytes]:
    import gzip

    return cast("IO[bytes]", gzip.GzipFile(fileobj=file))


def _zstd(file: IO[bytes]) -> IO[bytes]:
    try:
        import zstandard
    except ImportError:
        raise lacking("reading zstd files", "zstandard", "app", "or unpack it first (unzstd)") from None
    return cast("IO[bytes]", _Zstd(file, zstandard))


class _Zstd:
    """A zstd file as a file to read from, of one frame or several."""

    def __init__(self, file: IO[bytes], library: Any) -> None:
        self.file, self.library = file, library
        self.frame = library.ZstdDecompressor().decompressobj()

    def __enter__(self) -> _Zstd:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def read(self, _: int) -> bytes:
        """Return what the next bytes unfold to, nothing at the end."""
        try:
            while folded := self.frame.unused_data or self.file.read(ZSTD_PIECE):
                if self.frame.eof:
                    self.frame = self.library.ZstdDecompressor().decompressobj()
                if piece := self.frame.decompress(folded):
                    return piece
        except self.library.ZstdError as error:
            raise OSError(str(error)) from None
        if not self.frame.eof:
            raise EOFError
        return b""


def _bounded(file: IO[bytes], name: str) -> Iterator[bytes]:
    """Yield a file's pieces while there is room for what is made of them, and sense in them."""
    total, has_lines, has_sense = 0, False, False
    while piece := file.read(PIECE):
        total += len(piece)
        has_sense = has_sense or bool(piece.strip(b"\0"))
        has_lines = has_lines or b"\n" in piece or b"\r" in piece or b"\0" in piece
        if total > FIRST and not (has_sense and has_lines):
            raise DataError(
                f"{name} unfolds to more than {total // 10**6:,} MB without a line break; expected a compressed table."
            )
        require(BYTES_A_BYTE * total, f"what {name} unfolds to")
        yield piece


def member(content: bytes, name: str, part: str | None) -> tuple[bytes, str, str]:
    """Return what the one member of a zip file holds, its format (zip for a workbook), and its name.

    Raises
    ------
    DataError
        It is damaged, has a password, holds no table, or several and none is named.
    OptionError
        It has no member of that name.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if any(each in names for each in WORKBOOKS):
                return content, "workbook", name
            for sign, what in DOCUMENTS.items():
                if any(each.startswith(sign) for each in names):
                    raise DataError(
                        f"{name} is {what}, not a table; copy the table out of it into a CSV file."
                    )
            chosen = _chosen([info for info in archive.infolist() if _is_file(info)], name, part)
            called = f"{name}{PART}{chosen.filename}"
            if chosen.flag_bits & 1:
                raise DataError(f"{called} is protected by a password; unpack it first (unzip {name}).")
            with archive.open(chosen) as file:
                return b"".join(_bounded(file, called)), "", called
    except zipfile.BadZipFile:
        raise DataError(
            f"{name} is a zip file that is damaged or was cut short; write or fetch it again."
        ) from None
    except DeltaruleError:
        raise
    except (NotImplementedError, RuntimeError, zlib.error, EOFError, OSError, lzma.LZMAError) as error:
        raise DataError(
            f"{name} is not a readable zip file: {first_line(error)}; unpack it first (unzip {name})."
        ) from None


def _is_file(info: zipfile.ZipInfo) -> bool:
    parts = info.filename.split("/")
    return not info.is_dir() and not any(part.startswith((".", "__MACOSX")) for part in parts)


def _chosen(members: list[zipfile.ZipInfo], name: str, part: str | None) -> zipfile.ZipInfo:
    names = [info.filename for info in members]
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8:,} more" if len(names) > 8 else "")
    if part is not None:
        for info in members:
            if info.filename == part:
                return info
        near = closest(part, names)
        hint = f"did you mean {name}{PART}{near}?" if near else f"it holds {shown or 'no file'}."
        raise OptionError(f"there is no member {part!r} in {name}; {hint}")
    if not members:
        raise DataError(f"{name} is a zip file without a file in it; give a table.")
    if len(members) == 1:
        return members[0]
    if all(each.endswith(".npy") for each in names):
        raise DataError(f"{name} holds arrays of NumPy ({shown}); write a table with numpy.savetxt.")
    raise DataError(
        f'{name} holds {len(members):,} files ({shown}); name one of them: "{name}{PART}{names[0]}".'
    )


def is_compressed(content: bytes) -> bool:
    """Return whether a file is folded in a way that is known."""
    return form(content) in ("gzip", "bzip2", "xz", "zstd", "zip")


def without_ending(name: str) -> str:
    """Return a file's name without the ending of its compression.

    >>> without_ending("a.json.gz")
    'a.json'
    """
    return re.sub(r"\.(gz|bz2|xz|zst|zip)$", "", name, flags=re.I)
