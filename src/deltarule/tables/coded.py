"""Coded: a column of text as its different texts, and the place of every cell among them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

MANY, MOST_DIFFERENT = 20_000, 0.3
"""Where of so many cells more than this share are different texts, looking each up costs more than it saves."""
MASK = 2**63 - 1

Known: TypeAlias = tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]


@dataclass(frozen=True)
class Coded:
    """The cells of a column of text.

    texts: Polars strings without null; each once if `is_unique`, which they are not where most cells differ.
    codes: (N,) int32, the place of each cell's text, -1 where missing. known: what the texts are, by the way in which
    they were read: the number of each, which are none and mean no missing value, and the number of each cell.

    >>> import polars as pl
    >>> coded = Coded.of(pl.Series(["b", None, "a", "b "])).stripped
    >>> coded.texts.to_list(), coded.codes, coded.counts
    (['b', 'a'], array([ 0, -1,  1,  0], dtype=int32), array([2, 1]))
    >>> coded.take(np.array([0.5, 7.0]))
    array([0.5, nan, 7. , 0.5])
    """

    texts: pl.Series
    codes: NDArray[np.int32]
    is_unique: bool = True
    known: dict[object, Known] = field(default_factory=dict[object, "Known"], compare=False, repr=False)

    @classmethod
    def of(cls, values: pl.Series) -> Coded:
        """Return the cells of a Polars Series of strings or categories."""
        import polars as pl

        if values.dtype == pl.Categorical or values.dtype == pl.Enum:
            return cls._of_categories(values)
        if len(values) >= MANY and cast(int, values.approx_n_unique()) > MOST_DIFFERENT * len(values):
            is_there = values.is_not_null().to_numpy()
            codes = np.where(is_there, np.cumsum(is_there, dtype=np.int32) - 1, np.int32(-1))
            return cls(values.drop_nulls(), codes, is_unique=False)
        found = values.unique(maintain_order=True).drop_nulls()
        return cls(found, _physical(values.cast(pl.Enum(found))))

    @classmethod
    def _of_categories(cls, values: pl.Series) -> Coded:
        """Return the cells of categories, of which a column need not have all, in the order of their first rows."""
        import polars as pl

        physical = _physical(values)
        first = np.full(
            int(physical.max(initial=-1)) + 2, -1, np.int32
        )  # the last for those that are missing
        first[physical[::-1]] = np.arange(len(physical) - 1, -1, -1, dtype=np.int32)
        order = np.flatnonzero(first[:-1] >= 0)
        order = order[np.argsort(first[order])]
        place = np.full(len(first), -1, np.int32)
        place[order] = np.arange(len(order))
        return cls(values.gather(first[order]).cast(pl.String), place[physical])

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How many cells each text has; it may be none in a part of a column."""
        if (least := int(self.codes.min(initial=0))) < 0:
            return np.bincount(self.codes - least, minlength=len(self.texts) + 1)[1:]
        return np.bincount(self.codes, minlength=len(self.texts))

    @cached_property
    def stripped(self) -> Coded:
        """The cells without blanks at the ends of their texts."""

        texts = self.texts.str.strip_chars()
        return (
            Coded(texts, self.codes, is_unique=False)
            if not self.is_unique
            else Coded(texts, self.codes).merged
        )

    @property
    def merged(self) -> Coded:
        """The cells with texts of which equal ones are one."""
        import polars as pl

        texts = self.texts
        levels = texts.unique(maintain_order=True)
        if len(levels) == len(texts):
            return Coded(texts, self.codes)
        return Coded(levels, np.append(_physical(texts.cast(pl.Enum(levels))), np.int32(-1))[self.codes])

    @property
    def keys(self) -> NDArray[np.int64]:
        """(N,): a number for every cell, the same for equal ones; -1 where missing."""
        if self.is_unique:
            return self.codes.astype(np.int64)
        return np.append(self.texts.hash().to_numpy().view(np.int64) & MASK, -1)[self.codes]

    def rows(self, index: NDArray[np.intp] | slice) -> Coded:
        """Return the cells of these rows."""
        codes = self.codes[index]
        if self.is_unique:
            return Coded(self.texts, codes)
        is_there = codes >= 0
        here = np.where(is_there, np.cumsum(is_there, dtype=np.int32) - 1, np.int32(-1))
        return Coded(self.texts.gather(codes[is_there]), here, is_unique=False)

    def without(self, is_missing: NDArray[np.bool_]) -> Coded:
        """Return the cells, where those of some texts are missing."""
        import polars as pl

        if not is_missing.any():
            return self
        place = np.append(np.where(is_missing, -1, np.cumsum(~is_missing) - 1), -1).astype(np.int32)
        return Coded(self.texts.filter(pl.Series(~is_missing)), place[self.codes], self.is_unique)

    def take(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return for every cell, (N,), the value of its text; NaN where it is missing."""
        return np.append(values, np.nan)[self.codes]

    def to_list(self) -> list[str | None]:
        """Return every cell as text, None where missing."""
        texts = [*self.texts.to_list(), None]
        return [texts[code] for code in self.codes.tolist()]

    @cached_property
    def levels(self) -> pl.Series:
        """The different texts that have cells."""
        import polars as pl

        there = self.texts.filter(pl.Series(self.counts > 0))
        return there if self.is_unique else there.unique(maintain_order=True)

    def level_counts(self) -> dict[str, int]:
        """Return the texts that have cells, and how many."""
        counts: dict[str, int] = {}
        for text, count in zip(self.texts, self.counts.tolist(), strict=True):
            if count:
                counts[text] = counts.get(text, 0) + count
        return counts


def _physical(values: pl.Series) -> NDArray[np.int32]:
    import polars as pl

    physical = values.to_physical()
    if not physical.null_count() and physical.dtype == pl.UInt32:
        return physical.to_numpy().view(np.int32)
    return physical.cast(pl.Int32).fill_null(-1).to_numpy()
