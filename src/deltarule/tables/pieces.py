"""Pieces: text of many words as a few numbers, from the words and parts of words that it has."""

# pyright: basic, reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false
# scikit-learn's classes carry no types.

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.tables.columns import Column
from deltarule.tables.encoders import Encoder, Floats, marks

HASHED = 2048
"""Places that words share, and as many that parts of words do."""
NUMBERS = 24
"""Numbers that a text becomes, at most;"""
ROWS_A_NUMBER = 20
"""and one for so many rows."""


@dataclass(frozen=True)
class Pieces(Encoder):
    """The words and the parts of words of a text, hashed, and the directions in which texts differ most.

    Words, pairs of words, and runs of 3 to 5 letters within a word are counted at hashed places, weighed so that rare
    ones count more (tf-idf), and reduced by a singular value decomposition (latent semantic analysis: Deerwester et
    al. 1990), fitted to the different texts of training. The target has no say.

    places: those of the hashed places that have a weight, and idf their weights; axes, (places, numbers): float32 as
    base64; std: of the first number, by which all are divided.

    >>> texts = [f"{colour} {thing} number {n}" for n, (colour, thing) in enumerate(
    ...     [("red", "house"), ("red", "car"), ("blue", "house"), ("blue", "car")] * 20)]
    >>> encoder = Pieces.fit(Column.of("what", texts))
    >>> encoder.features
    ('what piece 1', 'what piece 2', 'what piece 3', 'what piece 4')
    """

    kinds = ("text",)
    places: str
    idf: str
    axes: str
    mean: tuple[float, ...]
    std: float

    @classmethod
    def fit(cls, column: Column) -> Pieces:
        from sklearn.decomposition import TruncatedSVD

        texts = [text for text, count in column.coded.level_counts().items() if count]
        counts = _counted(texts)
        rows = np.asarray((counts != 0).sum(axis=0)).ravel()
        places = np.flatnonzero(rows)
        idf = np.log((1.0 + len(texts)) / (1.0 + rows[places])) + 1.0
        weighed = _weighed(counts[:, places], idf)
        n = int(min(NUMBERS, math.ceil(len(column) / ROWS_A_NUMBER), min(weighed.shape) - 1))
        svd: Any = TruncatedSVD(max(n, 1), random_state=0).fit(weighed)
        axes = svd.components_.T
        reduced = weighed @ axes
        mean = reduced.mean(axis=0)
        std = float((reduced - mean).std(axis=0).max()) or 1.0
        return cls(
            column.name,
            **marks(column),
            places=_packed(places, np.int32),
            idf=_packed(idf, np.float32),
            axes=_packed(axes, np.float32),
            mean=tuple(mean.tolist()),
            std=std,
        )

    @property
    def own_features(self) -> tuple[str, ...]:
        return tuple(f"{self.name} piece {n + 1}" for n in range(len(self.mean)))

    def own_encode(self, column: Column) -> Floats:
        places, idf = _unpacked(self.places, np.int32), _unpacked(self.idf, np.float32)
        axes = _unpacked(self.axes, np.float32).reshape(len(places), -1)
        coded = column.coded
        weighed = _weighed(_counted(coded.texts.to_list())[:, places], idf)
        reduced = (weighed @ axes - np.array(self.mean)) / self.std
        return np.vstack([reduced, np.zeros((1, reduced.shape[1]))])[coded.codes]

    def describe(self) -> str:
        missing = ", missing" if self.marks_missing else ""
        return f"text, words and their parts in {len(self.mean)} numbers{missing}"

    def _converted(self, column: Column) -> Column:
        return column.as_text()


def _counted(texts: list[str]) -> Any:
    """Return how often texts have a word or a part of one at each place, (N, 2 HASHED), sparse."""
    from scipy.sparse import csr_array, hstack
    from sklearn.feature_extraction.text import HashingVectorizer

    options = {"n_features": HASHED, "norm": None, "alternate_sign": False}
    words = HashingVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", **options)
    parts = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), **options)
    return csr_array(hstack([words.transform(texts), parts.transform(texts)]))


def _weighed(counts: Any, idf: NDArray[Any]) -> Any:
    """Return counts as (1 + log) idf, each text of length 1."""
    from scipy.sparse import csr_array

    weighed = csr_array(counts, dtype=np.float64)
    weighed.data = (1.0 + np.log(weighed.data)) * idf[weighed.indices]
    length = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    weighed.data /= np.repeat(np.where(length > 0, length, 1.0), np.diff(weighed.indptr))
    return weighed


def _packed(values: NDArray[Any], dtype: Any) -> str:
    return base64.b64encode(
        np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<")).tobytes()
    ).decode()


def _unpacked(text: str, dtype: Any) -> NDArray[Any]:
    return np.frombuffer(base64.b64decode(text), np.dtype(dtype).newbyteorder("<"))
