"""Whether rows are among those that a model learnt from: by a small sample of their digests, kept with the model."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from deltarule.tables.columns import Column
from deltarule.tables.schema import Schema
from deltarule.tables.table import Table

Digests = NDArray[np.uint64]

MOST = 512
"""Digests that a model keeps: the least ones, which are a sample of the rows that copies of them fall into too."""
FEWEST = 5
"""Rows in that sample from which on a share is said."""
_NOTHING = np.uint64(0x9E3779B97F4A7C15)


def kept(table: Table, schema: Schema, y: NDArray[np.generic]) -> str:
    """Return what a model keeps of the rows it learnt from, 3 kB at most; y: (N,) or (N, targets)."""
    least = np.unique(_digests(table, schema, y))[:MOST]
    return base64.b64encode(least.astype("<u4").tobytes()).decode()


def fingerprint(table: Table, schema: Schema, y: NDArray[np.generic]) -> str:
    """Return a text that is another for other rows, or for the same in another order; y: (N,) or (N, targets)."""
    return blake2b(_digests(table, schema, y).tobytes(), digest_size=8).hexdigest()


def share_seen(table: Table, schema: Schema, y: NDArray[np.generic], known: str | None) -> float | None:
    """Return the share of rows, in any order, that a model learnt from; None where too few tell.

    >>> table = Table.of({"x": np.arange(40.0), "colour": ["red", "blue"] * 20})
    >>> of = ["x", "colour"]
    >>> from deltarule.tables.schema import ColumnSchema
    >>> schema = Schema({name: ColumnSchema(name, "text") for name in of})
    >>> known = kept(table.rows(np.arange(20)), schema, np.zeros(20))
    >>> share_seen(table.rows(np.arange(39, -1, -1)), schema, np.zeros(40), known)
    0.5
    """
    if not known:
        return None
    least = np.frombuffer(base64.b64decode(known), "<u4")
    digests = _digests(table, schema, y)
    sampled = digests[digests <= least[-1]] if len(least) == MOST else digests
    if len(sampled) < min(FEWEST, len(digests)):
        return None
    return float(np.isin(sampled, least).mean()) if len(sampled) else None


def _digests(table: Table, schema: Schema, y: NDArray[np.generic]) -> NDArray[np.uint32]:
    """Return 32 bits for each row, which depend on nothing but its cells."""
    names = sorted(
        name for name, one in schema.columns.items() if name in table and one.kind not in ("row id", "ignore")
    )
    digests = np.zeros(len(y), np.uint64)
    for values in np.asarray(y, np.float64).reshape(len(y), -1).T:
        digests = _mixed(digests ^ _bits(values))
    for name in names:
        digests = _mixed(digests ^ _of_cells(table[name])) * np.uint64(3)
    return (_mixed(digests) >> np.uint64(32)).astype(np.uint32)


def _of_cells(column: Column) -> Digests:
    if column.kind != "text":
        return _mixed(_bits(column.values))
    coded = column.coded
    return np.append(_of_texts(coded.texts.to_list()), _NOTHING)[coded.codes]


def _of_texts(texts: Sequence[str]) -> Digests:
    digests = b"".join(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def _bits(values: NDArray[np.float64]) -> Digests:
    bits = (values + 0.0).view(np.uint64).copy()  # + 0: -0 is 0
    bits[np.isnan(values)] = _NOTHING
    return bits


def _mixed(x: Digests) -> Digests:
    """Return numbers of which every bit depends on every bit of x (splitmix64)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
