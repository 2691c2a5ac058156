"""Bytes to UTF-8 text, from whatever encoding they are in."""

from __future__ import annotations

import codecs
import encodings.aliases
import re
from collections.abc import Iterator
from functools import cache

from deltarule.errors import DataError, OptionError, closest, lacking
from deltarule.spelling import plural
from deltarule.tables.readers.options import cut

CHUNK = 2**20
HEAD, FARTHEST, ENOUGH = 2**18, 2**24, 2**14
"""Bytes in which zeros are counted; in which lines beyond ASCII are looked for; and of such lines that are enough."""
MARKS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
"""What stands at the beginning of texts that say their encoding; UTF-32's begins with UTF-16's."""
TWICE = codecs.BOM_UTF8, "ï»¿".encode()
"""What is left of marks that are written twice, or were read as letters."""
USUAL = (
    "utf-8", "utf-16", "utf-32", "cp1252", "latin-1", "cp1250", "cp1251", "mac_roman", "cp850", "iso8859_15", "koi8_r",
    "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr",
)  # fmt: skip
LATIN = "cp1252", "mac_roman", "cp850", "cp1250", "iso8859_2", "cp1254", "cp1257"
"""Code pages of European languages, the more frequent first."""
_WESTERN = "äöüßéèêëàâáãçñíìîïóòôõúùûøåæœÄÖÜÉÈÀÁÇÑÓÍÚØÅÆ"
_CENTRAL = "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽőűŐŰäöüÄÖÜßăâîșțĂÂÎ"
LETTERS = {
    "mac_roman": _WESTERN,
    "cp850": _WESTERN,
    "iso8859_2": _CENTRAL,
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "cp1254": "çğıöşüÇĞİÖŞÜâîû",
    "cp1257": "āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽąęėįųĄĘĖĮŲõäöüÕÄÖÜ",
}
SIGNS = frozenset("€£°§²³µ½¼·±×–—‘’“”„…«»®©™•¿¡ºª\u00a0")
MOST_LATIN = 0.6
"""Share of bytes beyond ASCII in the words that have any, up to which they are of a Latin script."""
_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")


def decoded(content: bytes, name: str, encoding: str | None) -> tuple[bytes, list[str]]:
    """Return a text as UTF-8 with "\\n" between its lines, and what is to be told of how it was read.

    Raises
    ------
    OptionError
        There is no such encoding.
    DataError
        The bytes are no text in it, or no text at all.
    """
    told: list[str] = []
    if encoding is not None:
        content = _with_newlines(_transcoded(content, codec(encoding), name, encoding))
    else:
        found, start = _marked(content)
        found = found or _unmarked_wide(content)
        if found and found != "utf-8":
            content = _with_newlines(_transcoded(content[start:], found, name, found))
            told.append(f"read as {found.upper()} text (--encoding NAME reads it as another)")
        else:
            content = _with_newlines(content[start:])
            if (bad := _first_not_utf8(content)) is not None:
                content, said = _guessed(content, bad, name)
                content = _with_newlines(content)
                told.append(said)
    while content.startswith(TWICE):
        content = content.removeprefix(TWICE[0]).removeprefix(TWICE[1])
    if b"\0" in content:
        content, said = _without_nul(content, name)
        told.append(said)
    return content.rstrip(b"\x1a"), told


def _with_newlines(content: bytes) -> bytes:
    if b"\r" not in content:
        return content
    return content.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def codec(encoding: str) -> str:
    """Return the name of an encoding as Python has it.

    >>> codec("Windows-1252")
    'cp1252'
    """
    try:
        info = codecs.lookup(encoding)
    except (LookupError, ValueError):
        info = None
    if info is None or not _is_text(info.name):
        near = closest(encoding, _known())
        hint = f"; did you mean {near!r}?" if near else "."
        raise OptionError(f"unknown encoding {encoding!r}{hint} The usual ones: {', '.join(USUAL)}.")
    return info.name


@cache
def _known() -> list[str]:
    return [
        *USUAL,
        *sorted({each for each in encodings.aliases.aliases.values() if _is_text(each)} - set(USUAL)),
    ]


def _is_text(name: str) -> bool:
    try:
        "a".encode(name)
        return name not in (
            "idna",
            "punycode",
            "unicode_escape",
            "undefined",
        )
    except (LookupError, UnicodeError):
        return False


def _marked(content: bytes) -> tuple[str | None, int]:
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return encoding, len(mark)
    return None, 0


def _unmarked_wide(content: bytes) -> str | None:
    """Return the wide encoding of a text without a mark, by where its zero bytes are."""
    head = content[: HEAD - HEAD % 4]
    if b"\0" not in head or len(head) < 8:
        return None
    zeros = [head[n::4].count(0) / max(len(head[n::4]), 1) for n in range(4)]
    most = 0.7  # of Latin letters, commas and digits
    if min(zeros[1:]) > most and zeros[0] < 0.05:
        return "utf-32-le"
    if min(zeros[:3]) > most and zeros[3] < 0.05:
        return "utf-32-be"
    even, odd = (zeros[0] + zeros[2]) / 2, (zeros[1] + zeros[3]) / 2
    for encoding, none, many in (("utf-16-le", even, odd), ("utf-16-be", odd, even)):
        if len(content) % 2 == 0 and none < 0.02 and many > 0.3:
            return encoding
    return None


def _pieces(content: bytes, encoding: str, errors: str = "strict") -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for start in range(0, len(content), CHUNK):
        yield decoder.decode(content[start : start + CHUNK], start + CHUNK >= len(content))


def _transcoded(content: bytes, encoding: str, name: str, called: str) -> bytes:
    pieces: list[bytes] = []
    try:
        pieces.extend(piece.encode() for piece in _pieces(content, encoding))
    except UnicodeError as error:
        line = sum(piece.count(b"\n") for piece in pieces) + 1
        at = (
            f"holds the byte 0x{error.object[error.start]:02x}, which"
            if isinstance(error, UnicodeDecodeError)
            else "holds what"
        )
        if isinstance(error, UnicodeDecodeError):
            line += error.object.count(b"\n", 0, error.start)
        raise DataError(
            f"{name} is not {called} text: line {line:,} {at} is none in it; leave out --encoding to have it found, or "
            "name another, such as --encoding cp1252."
        ) from None
    return b"".join(pieces)


def _first_not_utf8(content: bytes) -> int | None:
    """Return the place of the first byte that is no UTF-8."""
    if content.isascii():
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(content), CHUNK):
        held = len(decoder.getstate()[0])
        try:
            decoder.decode(content[start : start + CHUNK], start + CHUNK >= len(content))
        except UnicodeDecodeError as error:
            return start - held + error.start
    return None


def _guessed(content: bytes, bad: int, name: str) -> tuple[bytes, str]:
    """Return a text of no stated encoding as UTF-8, and how it was read, with the words that it was judged by."""
    line = content.count(b"\n", 0, bad) + 1
    whole = content[content.rfind(b"\n", 0, bad) + 1 : (content.find(b"\n", bad) + 1 or len(content))]
    foreign = sum(
        content[: 2**16].count(control) for control in (b"\x01", b"\x02", b"\x03", b"\x04", b"\x06", b"\x0e")
    )
    if foreign > 3:
        raise DataError(
            f"{name} is no text file: line {line:,} holds the byte 0x{content[bad]:02x} among control characters; "
            "expected CSV, Parquet or another format that tables are kept in."
        )
    if bad >= len(content) - 3 and not content[:bad].isascii():
        return content[
            :bad
        ], f"the last letter, in line {line:,}, was cut short and is left out; the file may lack more"
    escaped = "".join(_pieces(content, "utf-8", "surrogateescape"))
    strange = len(re.findall(r"[\udc80-\udcff]", escaped))
    good = len(re.findall(r"[^\x00-\x7f\udc80-\udcff]", escaped))
    if good > 3 * strange:  # some bytes of another kind in a text of UTF-8
        mended = re.sub(r"[\udc80-\udcff]", _as_1252, escaped)
        shown = cut(mended.split("\n")[line - 1])
        return mended.encode(), (
            f"{plural(strange, 'byte')} not UTF-8 as the rest is, first in line {line:,} ({shown}); read as cp1252 "
            "(--encoding NAME reads all as another)"
        )
    lines = content.split(b"\n")
    is_other = [_first_not_utf8(each) is not None for each in lines]
    encoding = found_encoding(
        b"\n".join(each for each, is_one in zip(lines, is_other, strict=True) if is_one)
    )
    if (
        good > 0
        and encoding in LATIN
        and any(not a.isascii() and not b for a, b in zip(lines, is_other, strict=True))
    ):
        mended = "\n".join(
            each.decode(encoding, "replace") if is_one else each.decode()
            for each, is_one in zip(lines, is_other, strict=True)
        )
        return mended.encode(), (
            f"{plural(sum(is_other), 'line')} not UTF-8 as others are, first line {line:,} "
            f"({cut(whole.decode(encoding, 'replace').strip())}), read as {encoding} (--encoding NAME reads all as "
            "another)"
        )
    mended = "".join(_pieces(content, encoding, "replace"))
    shown = whole.decode(encoding, "replace").strip()
    return (
        mended.encode(),
        f"not UTF-8, read as {encoding}: line {line:,} is {cut(shown)} (--encoding NAME reads it as another)",
    )


def _as_1252(match: re.Match[str]) -> str:
    return bytes([ord(match.group()) - 0xDC00]).decode("cp1252", "replace")


def found_encoding(content: bytes) -> str:
    """Return the encoding that makes the most sense of a text that is not UTF-8.

    Latin scripts by their letters, of which chardet sees too few in a table; others by chardet.

    >>> found_encoding("Müller;Köln".encode("mac_roman")), found_encoding("Łódź;Gdańsk".encode("cp1250"))
    ('mac_roman', 'cp1250')
    """
    foreign = b""
    for line in content[:FARTHEST].split(b"\n"):
        if not line.isascii():
            foreign += line + b"\n"
            if len(foreign) > ENOUGH:
                break
    words = [word for word in _WORD.findall(foreign) if len(word) > 1]
    beyond = sum(len(word) - sum(byte < 128 for byte in word) for word in words)
    if beyond > MOST_LATIN * sum(map(len, words)):
        try:
            import chardet
        except ImportError:
            raise lacking(
                "the text is not UTF-8, and finding its encoding", "chardet", "app",
                "or name the encoding, as in --encoding cp1251",
            ) from None  # fmt: skip
        found = chardet.detect(foreign)["encoding"]
        if found is not None:
            return codec(found)
    scores = {encoding: _sense(foreign, encoding) for encoding in LATIN}
    return max(scores, key=lambda encoding: scores[encoding])


def _sense(content: bytes, encoding: str) -> float:
    """Return how much like a European language a text is in a code page."""
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode(encoding, "replace")
    score = 0.0
    for match in re.finditer(r"[^\x00-\x7f]", text):
        letter = match.group()
        before, after = text[max(match.start() - 1, 0) : match.start()], text[match.end() : match.end() + 1]
        is_beside, is_inside = before.isalpha() or after.isalpha(), before.isalpha() and after.isalpha()
        if letter in LETTERS[encoding]:
            score += 1.0 if is_beside else 0.3
            score -= 1.5 if letter.isupper() and before.islower() else 0.0
        elif letter in SIGNS:
            score += -1.0 if is_inside and letter not in "’–\u00a0" else 1.0
        else:
            score += 0.1 if letter.isalpha() else -1.0
    return score


def _without_nul(content: bytes, name: str) -> tuple[bytes, str]:
    nuls, row = content.count(b"\0"), content.count(b"\n", 0, content.index(b"\0")) + 1
    if nuls > max(0.1 * len(content), 1) and content.rstrip(b"\0 \n").count(b"\0") > 0.1 * len(content):
        raise DataError(
            f"{name} holds {nuls:,} NUL bytes, the first in line {row:,}, so it is no text file; "
            "expected CSV, Parquet or "
            "another format that tables are kept in."
        )
    left = content.replace(b"\0", b"")
    if not left.strip():
        raise DataError(
            f"{name} is empty: it holds NUL bytes and nothing else; expected a table with a header line."
        )
    return left, f"{plural(nuls, 'NUL byte')} left out, first in line {row:,}"
