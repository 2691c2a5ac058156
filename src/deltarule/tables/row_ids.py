"""Columns that number or name the rows: they say nothing of what is to be learnt, but for the order of a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from deltarule.errors import typed
from deltarule.spelling import plural
from deltarule.tables.columns import Column

if TYPE_CHECKING:
    import polars as pl

FEW = 20
"""Rows from which on values that are all different may be keys."""
REPEATED = 0.2
"""The share of the rows that may repeat another's key, as copies of a row do."""
DENSE = 0.5
"""The share of their range that keys fill, which are part of what was numbered through."""
FEWEST_KEYS, TWICE, MOST_OF_ONE = 10, 1.5, 50
"""Keys that come again are told where there are so many, with so many rows each: fewer are copies, more are levels."""
KEYS = frozenset({
    "id", "ids", "key", "uid", "uuid", "guid",
    "rowid", "recid", "recordid", "userid", "customerid", "clientid", "patientid",
    "caseid", "sampleid", "subjectid", "passengerid", "orderid", "productid", "transactionid", "identifier", "unnamed",
    "rownum", "rownumber", "rownames", "kennung", "identifiant", "identificador",
})  # fmt: skip
"""Words that make keys of values that are all different, wherever they stand in a name,"""
NUMBERS = frozenset({
    "index", "idx", "no", "nr", "num", "number", "record", "row", "rows", "obs", "observation", "seq",
    "sequence", "serial", "line", "case", "sample", "subject", "patient", "participant", "respondent", "entry",
    "nummer", "lfd", "zeile", "numero", "ligne", "fila", "indice", "sno", "",
})  # fmt: skip
"""words that do where they are the whole name, or where the values are numbered through,"""
SUBJECTS = frozenset({
    "subject", "patient", "participant", "respondent", "proband", "donor", "member", "customer", "client", "user",
    "household", "person", "employee", "player", "animal",
})  # fmt: skip
"""Words that are the whole name of whom several rows may be of."""
AND = frozenset({"of", "per", "mean", "total", "count"})
"""and words beside which these do not: the number of rooms is a quantity."""
HEX = r"^\{?(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{16,128})\}?$"
"""UUIDs and hashes."""


def why_key(column: Column) -> str:
    """Return why whole numbers are keys of rows and say nothing, or nothing; by order and name.

    Being 1, 2, ... alone makes no key of a dose.

    >>> why_key(Column.of("Id", np.arange(1, 31)))
    'a row number, from 1 to 30'
    >>> why_key(Column.of("dose", np.arange(1, 31)))
    ''
    """
    values = column.values
    if not column.is_integer or len(column) < FEW or np.isnan(values).any():
        return ""
    words = _words(column.name)
    is_key = not KEYS.isdisjoint(words)
    is_number = not NUMBERS.isdisjoint(words) and AND.isdisjoint(words)
    if not is_key and not is_number:
        return ""
    if (np.diff(values) == 1).all():
        return f"a row number, from {values[0]:.0f} to {values[-1]:.0f}"
    n = len(column.different)
    # Quantities that fill half of their range repeat: the problem of birthdays.
    is_numbered = n == len(values) >= DENSE * (values.max() - values.min())
    if (
        (is_key and n >= (1 - REPEATED) * len(values))
        or (words <= NUMBERS and n == len(values))
        or is_numbered
    ):
        return f"a key, {n:,} different whole numbers in {plural(len(values), 'row')}"
    return ""


def why_key_text(name: str, distinct: pl.Series, n_rows: int) -> str:
    """Return why texts are keys of rows and say nothing, or nothing.

    Parameters
    ----------
    name
        Of the column.
    distinct
        Its different texts, each once.
    n_rows
        Rows of the column.
    """
    if n_rows < FEW or len(distinct) < (1 - REPEATED) * n_rows:
        return ""
    is_code = not distinct.str.contains(r"\s").any()
    is_named = is_code and (not KEYS.isdisjoint(_words(name)) or _words(name) <= NUMBERS)
    if is_named or (is_code and len(distinct) == n_rows and _are_counted(distinct)) or _are_hashes(distinct):
        return f"a key, {len(distinct):,} different texts such as {distinct[0]!r} in {plural(n_rows, 'row')}"
    return ""


def names_keys(name: str) -> bool:
    """Return whether a column is called as keys are, of rows or of groups of rows."""
    words = _words(name)
    return words <= SUBJECTS or (not KEYS.isdisjoint(words) and AND.isdisjoint(words))


def group_notices(name: str, n_keys: int, n_rows: int) -> tuple[str, ...]:
    """Return a sentence for a column of keys that come again, as patients do that came several times.

    >>> print(*group_notices("patient_id", 40, 160))
    40 keys of about 4 rows each, which may stand on both sides of a split; --group patient_id (in Python
    group="patient_id") keeps the rows of each together
    >>> group_notices("patient_id", 40, 41)
    ()
    """
    if n_keys < FEWEST_KEYS or not TWICE * n_keys <= n_rows <= MOST_OF_ONE * n_keys:
        return ()
    return (
        f"{plural(n_keys, 'key')} of about {n_rows / n_keys:.0f} rows each, which may stand on both sides of a split; "
        f'--group {typed(name)} (in Python group="{name}") keeps the rows of each together',
    )


def _are_counted(distinct: pl.Series) -> bool:
    """Return whether texts are one run of digits after letters that are the same in all: A-0001, but not 00501, 3x4."""
    for texts in distinct.head(FEW), distinct:  # the first few tell most columns
        shapes = texts.str.replace_all(r"\d+", "0")
        if shapes[0].count("0") != 1 or shapes[0][0] == "0" or shapes.n_unique() > 1:
            return False
    return True


def _are_hashes(distinct: pl.Series) -> bool:
    return bool(distinct.str.contains(HEX).all()) and distinct.str.len_chars().n_unique() == 1


def _words(name: str) -> frozenset[str]:
    """Return the words of a name in small letters: "PassengerId" has two."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower().replace("#", " no ")
    return frozenset(re.split(r"[\W\d_]+", parted.strip())) - {""} or frozenset({""})
