"""Class labels as targets."""

# pyright: basic, reportAttributeAccessIssue=false
# scikit-learn's classes carry no types.

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import LabelBinarizer


def binarised(y: NDArray[Any]) -> tuple[LabelBinarizer, NDArray[np.bool_]]:
    """Return scikit-learn's binarizer fitted to labels, (N,) or (N, labels), and the targets that it makes of them.

    It looks for the classes again at every turn. Where y is one whole number or one text an example, which leaves
    nothing to refuse, they are found once here, and the binarizer is told.
    """
    binarizer = LabelBinarizer()
    found = _found(y)
    if found is None:
        return binarizer, binarizer.fit(y).transform(y).astype(bool)
    classes, of = found
    is_binary = len(classes) <= 2
    binarizer.classes_, binarizer.sparse_input_ = classes, False
    binarizer.y_type_ = "binary" if is_binary else "multiclass"
    return binarizer, of[:, None] == (np.array([1]) if is_binary else np.arange(len(classes)))


def _found(y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]] | None:
    """Return the classes, sorted, and the place of every label among them; None where y may be something else."""
    if y.ndim != 1:
        return None
    if y.dtype.kind in "biu":
        return np.unique(y, return_inverse=True)
    labels = y.tolist() if y.dtype.kind in "OU" else []
    if set(map(type, labels)) != {str}:
        return None
    classes = sorted(set(labels))
    place = {label: n for n, label in enumerate(classes)}
    return np.array(classes), np.fromiter(map(place.__getitem__, labels), np.intp, len(labels))


def times(
    weights: NDArray[Any] | None, factors: list[NDArray[np.float64]] | None, targets: NDArray[Any]
) -> NDArray[Any] | None:
    """Return example weights times the factors of their classes."""
    if factors is None:
        return weights
    w = np.ones(len(targets)) if weights is None else np.array(weights, np.float64)
    classes = (
        targets.argmax(axis=1)[:, None] if len(factors) == 1 and targets.shape[1] > 1 else targets.astype(int)
    )
    for of_class, column in zip(factors, classes.T, strict=True):
        w *= of_class[column]
    return w
