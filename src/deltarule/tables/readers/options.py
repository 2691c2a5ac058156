"""How a file is read where looking at it shall not decide, and what reading one gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from deltarule.errors import DataError, OptionError, unknown
from deltarule.tables.numbering import Numbering

if TYPE_CHECKING:
    import polars as pl

Ragged: TypeAlias = Literal["fill", "skip", "refuse"]
BLANKS = "blanks"
"""The delimiter of columns that are set apart by any number of blanks."""
FIXED = "fixed"
"""The delimiter of columns that stand at fixed places."""
NO_QUOTE = "none"
_SPOKEN = {
    "tab": "\t",
    "\\t": "\t",
    "comma": ",",
    "semicolon": ";",
    "space": BLANKS,
    "blank": BLANKS,
    " ": BLANKS,
}


@dataclass(frozen=True)
class Reading:
    """Options of `read_table`; None where looking decides."""

    missing: tuple[str, ...] = ()
    encoding: str | None = None
    sheet: str | None = None
    header: bool | None = None
    delimiter: str | None = None
    quote: str | None = None
    skip: int | None = None
    ragged: Ragged | None = None
    names: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        missing: Sequence[str],
        encoding: str | None,
        sheet: str | int | None,
        header: bool | None,
        delimiter: str | None,
        quote: str | None,
        skip: int | None,
        ragged: str | None,
        names: Sequence[str],
    ) -> Reading:
        """Return the options as they were given, checked.

        Raises
        ------
        OptionError
            One is none that there is.
        """
        if delimiter is not None:
            delimiter = _SPOKEN.get(delimiter.lower(), delimiter)
            if not delimiter or "\n" in delimiter or "\r" in delimiter or '"' in delimiter:
                raise OptionError(
                    f'the delimiter is {delimiter!r}; expected a character or a few, such as --delimiter ";", '
                    "or tab, or blanks, or fixed for columns at fixed places."
                )
        if (
            quote is not None
            and quote != NO_QUOTE
            and (len(quote) != 1 or not quote.isascii() or quote.isalnum())
        ):
            raise OptionError(f'the quote is {quote!r}; expected one sign such as --quote "\'", or none.')
        if skip is not None and skip < 0:
            raise OptionError(f"skip is {skip}; expected how many lines stand before the table, 0 or more.")
        if ragged not in (None, "fill", "skip", "refuse"):
            raise unknown("ragged", ragged, get_args(Ragged))
        return cls(
            tuple(word.strip() for word in missing), encoding, None if sheet is None else str(sheet), header,
            delimiter, quote, skip, ragged, frozenset(names),
        )  # fmt: skip

    def refuse_idle(self, name: str, what: str, *useful: str) -> None:
        """Raise an OptionError for an option of texts that is not `useful`, as it says nothing of such a file."""
        for option in ("encoding", "delimiter", "quote", "header", "skip", "ragged"):
            value = getattr(self, option)
            if value is not None and option not in useful:
                said = f"--{'no-' if value is False else ''}{option}"
                raise OptionError(f"{name} is {what}, which has no use for {said}; leave it out.")


@dataclass(frozen=True)
class Read:
    """A table as it was read, what is to be told of it, and what its rows are called."""

    frame: pl.DataFrame
    notices: list[str] = field(default_factory=list[str])
    numbering: Numbering = field(default_factory=Numbering)


def refuse_no_rows(height: int, name: str) -> None:
    """Raise a DataError for a table of no rows."""
    if height == 0:
        raise DataError(f"{name} has a header but no rows; give at least one example.")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, without a full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def cut(text: str, most: int = 60) -> str:
    """Return a text as a message shows it: on one line, not too long, in quotes."""
    return repr(text if len(text) <= most else text[: most - 1] + "…")
