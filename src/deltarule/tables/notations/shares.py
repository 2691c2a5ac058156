"""Shares: whether enough cells of a column read alike to say what all of them are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

MOST = 0.9
"""Where at least this share of a column's cells read in one notation, the column is in it;"""
HALF = 0.5
"""or this share, where the cells that do not are few words again and again."""
MANY = 20
"""Different texts from which on that can be told."""
SOME = 500
"""Different texts that are enough to see which notation to try on all."""


@dataclass(frozen=True)
class Cells:
    """The different texts of a column, how many cells each has, and whether somebody said what they are.

    >>> import polars as pl
    >>> cells = Cells(pl.Series(["1", "2", "x"]), np.array([8.0, 1.0, 1.0]))
    >>> cells.are_most(np.array([True, True, False])), cells.are_most(np.array([True, False, False]))
    (True, False)
    """

    texts: pl.Series
    weights: NDArray[np.float64]
    is_told: bool = False

    @classmethod
    def of(cls, texts: pl.Series, weights: pl.Series | None, is_told: bool) -> Cells:
        """Return the cells of texts; each has one where no weights are given."""
        counts = np.ones(len(texts)) if weights is None else weights.to_numpy().astype(np.float64)
        return cls(texts, counts, is_told)

    def count(self, is_one: NDArray[np.bool_]) -> float:
        """Return how many cells have the texts that are one."""
        return float(self.weights[is_one].sum())

    def are_most(self, is_one: NDArray[np.bool_]) -> bool:
        """Return whether the texts that are one are enough for all: any, where somebody said so."""
        if self.is_told:
            return bool(is_one.any())
        share = self.count(is_one) / self.weights.sum()
        return bool(share >= MOST or (share >= HALF and len(is_one) >= MANY and is_one.mean() >= MOST))

    def may_be(self, is_one: NDArray[np.bool_]) -> bool:
        """Return whether the texts that are one are enough for all, or nearly."""
        return self.are_most(is_one) or bool(self.nearly(is_one, "numbers"))

    @property
    def are_even(self) -> bool:
        """Whether no text has far more cells than another, so that some of them stand for all cells."""
        return not self.is_told and bool(self.weights.max() <= 2 * self.weights.mean())

    def some(self, texts: pl.Series) -> pl.Series:
        """Return texts for each of these cells' texts, or where there are very many, some of them."""
        return texts.gather_every(max(len(texts) // SOME, 1))

    def nearly(self, is_one: NDArray[np.bool_], what: str) -> str:
        """Return the sentence for a column most of whose cells, and not enough, are numbers or dates; or nothing."""
        share = self.count(is_one) / max(self.weights.sum(), 1.0)
        if is_one.mean() < HALF or is_one.sum() < (2 if share >= HALF else MANY):
            return ""
        others = self.texts.filter(~is_one)
        if not len(others):
            return ""
        return f"{share:.0%} of the cells are {what}, and others, such as {others[0]!r}, are not"
