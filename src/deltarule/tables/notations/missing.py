"""Missing: which texts of a column mean that there is no value, decided by the column's other texts.

NA is no value beside red and blue, and North America beside EU and AS; None is no value beside red, and a class
beside Mild and Severe.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deltarule.errors import OptionError, closest
from deltarule.spelling import plural
from deltarule.tables.table import Table

if TYPE_CHECKING:
    import polars as pl

WORDS = frozenset({
    "", "na", "n/a", "nan", "-nan", "null", "none", "?", "??", "#n/a", "#na", "#n/v", "#nv", "<na>", "nil", "nat",
    "(null)", "\\n", "(blank)", "(leer)", "(vide)",
})  # fmt: skip
"""Texts that mean a missing value, in small letters,"""
SIGNS = frozenset({"-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "_", "*", "**"})
"""signs that do, but where others of the column are signs too,"""
MARKS = WORDS | SIGNS | {
    "n.a.", "n.a", "n. a.", "n.d.", "nd", "n/d", "n.v.", "n.b.", "k.a.", "k. a.", "k.a", "s/d", "s.d.", "s/o",
    "missing", "unknown", "undefined", "unavailable", "not available", "not_available", "not applicable", "no data",
    "no value", "not reported", "not recorded", "not known", "void", "tbd", "tba", "n/k", "unbekannt", "keine angabe",
    "fehlt", "inconnu", "non disponible", "desconocido", "sin dato", "sin datos", "no disponible", "sconosciuto",
    "onbekend", "#value!", "#div/0!", "#ref!", "#null!", "#num!", "#name?", "#wert!", "#bezug!", "#valeur!", "1.#ind",
    "-1.#ind", "1.#qnan", "0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "00.00.0000",
}  # fmt: skip
"""and more in columns of numbers or dates."""

_STATES = frozenset({
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY", "LA",
    "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH", "OK",
    "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "DC", "PR", "AB", "BC",
    "MB", "NB", "NL", "NS", "ON", "PE", "QC", "SK",
})  # fmt: skip
"""States of North America, of which none is NA."""
_REGIONS = frozenset({
    "emea", "apac", "latam", "lac", "mena", "anz", "amer", "europe", "asia", "africa", "oceania", "australia",
    "south_america", "latin_america", "eu", "jp",
})  # fmt: skip
"""Regions of the world, beside which NA is one too."""
ANSWERS = (
    ("yes", "no"), ("y", "n"), ("t", "f"), ("true", "false"), ("on", "off"), ("ja", "nein"), ("j", "n"),
    ("wahr", "falsch"), ("oui", "non"), ("vrai", "faux"), ("si", "no"), ("s\u00ed", "no"), ("s", "n"), ("ja", "nee"),
    ("sim", "n\u00e3o"),
)  # fmt: skip
"""Words for yes and no, in small letters."""
FEW = 0.05
"""Up to this share of the cells, what is neither yes nor no is told."""
_ANSWERS = frozenset(word for pair in ANSWERS for word in pair) | {"ok"}
"""Answers, beside which None and NA are none."""


@dataclass(frozen=True)
class Kept:
    """A text that would mean a missing value, and is a level of its column, with the reason."""

    text: str
    why: str


def missing_in(texts: pl.Series, words: frozenset[str], also: Iterable[str] = ()) -> tuple[str, ...]:
    """Return those of a column's different texts that mean a missing value: the words, in any case, and others told."""
    more = [text.strip() for text in also]
    found = texts.filter(texts.str.to_lowercase().is_in(list(words)) | texts.is_in(more))
    return tuple(found.unique(maintain_order=True))


def levels_in(counts: Mapping[str, int], n_missing: int) -> tuple[Kept, ...]:
    """Return the texts of a column of levels that would mean a missing value elsewhere, and are levels in it.

    Parameters
    ----------
    counts
        How many cells each text has.
    n_missing
        Cells that have none.

    Examples
    --------
    >>> [kept.text for kept in levels_in({"EU": 5, "AS": 4, "NA": 3}, 0)]
    ['NA']
    >>> levels_in({"red": 5, "blue": 4, "NA": 3}, 0)
    ()
    """
    known = {text: n for text, n in counts.items() if text.lower() not in WORDS}
    others = {text: n for text, n in known.items() if text not in SIGNS}
    are_signs = len(known) > 1 and not any(re.search(r"\w", text) for text in known)
    has_others = n_missing > 0 or len(known) < len(counts) - 1
    kept: list[Kept] = []
    for text in counts:
        why = ""
        if text.lower() == "na":
            why = _why_code(text, others)
        elif text.lower() in ("none", "nil"):
            why = _why_class(text, others, has_others)
        elif text in SIGNS and are_signs:
            why = "the others are signs too"
        if why:
            kept.append(Kept(text, why))
    return tuple(kept)


def unlike_answers(counts: Mapping[str, int], name: str) -> tuple[str, ...]:
    """Return a notice of the texts that are neither yes nor no, where nearly all of a column are.

    counts: how many cells each text of the column has that is no missing value. name: of the column.
    """
    small = {text: text.lower() for text in counts}
    for yes, no in ANSWERS:
        others = [text for text, word in small.items() if word not in (yes, no)]
        n = sum(counts[text] for text in others)
        if {yes, no} <= set(small.values()) and 0 < n <= FEW * sum(counts.values()):
            cells = f"{plural(n, 'cell')} such as {others[0]!r}"
            return (
                f"{cells} neither {yes!r} nor {no!r}, and kept as levels "
                f'(--missing "{name}={others[0]}" counts it as missing)',
            )
    return ()


def _why_code(text: str, others: Mapping[str, int]) -> str:
    """Return why NA is a code as the others are, or nothing."""
    if len(others) < 2 or not _ANSWERS.isdisjoint(other.lower() for other in others):
        return ""
    if sum(other.lower().replace(" ", "_") in _REGIONS for other in others) >= 2 and text == "NA":
        return "" if {"North America", "NAM"} & others.keys() else "the others are regions of the world"
    form = {"NA": r"[A-Z]{2}", "Na": r"[A-Z][a-z]?", "na": r"[a-z]{2}"}.get(text)
    if form is None or not all(re.fullmatch(form, other) for other in others):
        return ""
    if text == "NA" and others.keys() <= _STATES:
        return ""
    return "the others are codes of the same form"


def _why_class(text: str, others: Mapping[str, int], has_other_missing: bool) -> str:
    """Return why None is a class as the others are, or nothing."""
    if not others or sum(others.values()) < 2 * len(others):
        return ""
    if _ANSWERS.issuperset(other.lower() for other in others):
        return ""
    if sum(_case(other) == _case(text) for other in others) <= len(others) / 2:
        return ""
    return "it is written as the others are" + (
        ", and missing cells are written otherwise" if has_other_missing else ""
    )


def _case(text: str) -> str:
    """Return whether a text is in capitals, begins with one, or has none."""
    if not text[:1].isalpha():
        return ""
    if text.isupper() and len(text) > 1:
        return "capitals"
    return "capital" if text[:1].isupper() else "small"


def by_column(texts: Sequence[str], table: Table) -> dict[str, tuple[str, ...]]:
    """Return for each column the texts that are said of it: TEXT of all columns, COLUMN=TEXT of one.

    Raises
    ------
    OptionError
        There is no such column.

    Examples
    --------
    >>> by_column(["-9", "income=0"], Table.of({"age": [1], "income": [2]}))
    {'age': ('-9',), 'income': ('-9', '0')}
    """
    said: dict[str, list[str]] = {name: [] for name in table.names}
    for text in texts:
        name = next((name for name in said if text.startswith(f"{name}=")), None)
        if name is not None:
            said[name].append(text[len(name) + 1 :].strip())
            continue
        if re.match(r"\w[\w .-]*=", text) and not any(
            text in column.texts() for column in table.columns.values()
        ):
            near = closest(text.partition("=")[0], table.names)
            hint = f"; did you mean {near!r}?" if near else f"; its columns: {', '.join(table.names[:20])}."
            raise OptionError(
                f"{text!r} is for a column {text.partition('=')[0]!r}, which {table.where} has not{hint}"
            )
        for each in said.values():
            each.append(text.strip())
    return {name: tuple(each) for name, each in said.items()}
