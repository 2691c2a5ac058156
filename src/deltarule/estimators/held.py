"""Examples that an MLP estimator watches while it learns from others: a part held out, or the user's `eval_set`."""

# pyright: basic, reportAttributeAccessIssue=false
# scikit-learn's classes carry no types.

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import _check_sample_weight, column_or_1d, validate_data

from deltarule.engines import hashes_of
from deltarule.errors import OptionError, ShapeError
from deltarule.maths.dropout import mixed
from deltarule.sparse import is_sparse

Weights = NDArray[Any] | None
Scorer = Callable[..., float]
Part = tuple[Any, NDArray[Any], Weights]
"""X, targets (N, n_K), and example weights."""

TOO_SMALL = "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."


@dataclass
class Held:
    """What is watched.

    X, (N, n_0), and y are checked; targets, (N, n_K), are as the loss takes them; weights are None where all weigh
    the same; `given` is the X that a scorer sees.
    """

    X: Any
    y: NDArray[Any]
    targets: NDArray[Any]
    weights: Weights
    given: Any

    def score(self, estimator: Any, metric: str | Scorer | None) -> float:
        """Return how well an estimator does: by its own score, or by a scorer of scikit-learn."""
        if metric is None:
            return estimator._score(self.X, self.y, sample_weight=self.weights)
        judged = copy.copy(estimator)
        if self.given is self.X:  # which has lost the names of its columns
            vars(judged).pop("feature_names_in_", None)
        scorer = get_scorer(metric)
        weights = {} if self.weights is None else {"sample_weight": self.weights}
        return float(scorer(judged, self.given, self.y, **weights))


def eval_set_of(estimator: Any, eval_set: Any) -> Held:
    """Return the user's own validation examples, checked: (X, y) or (X, y, sample_weight).

    Raises
    ------
    OptionError, ShapeError, ValueError
        It is something else, its columns are not those of X, or it has classes that y does not have.
    """
    if isinstance(eval_set, list) and len(eval_set) == 1:
        eval_set = eval_set[0]  # as others take several, of which one can decide
    if not isinstance(eval_set, (tuple, list)) or len(eval_set) not in (2, 3):
        raise OptionError("eval_set must be (X, y) or (X, y, sample_weight).")
    checked: Any = validate_data(
        estimator,
        *eval_set[:2],
        accept_sparse=["csr", "csc"],
        multi_output=True,
        y_numeric=not is_classifier(estimator),
        dtype=(np.float64, np.float32),
        reset=False,
    )
    X, y = checked
    weights = _check_sample_weight(eval_set[2], X) if len(eval_set) == 3 and eval_set[2] is not None else None
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    if is_classifier(estimator) and y.ndim == 1:
        unknown = np.setdiff1d(y, estimator.classes_)
        if len(unknown):
            raise OptionError(f"eval_set has classes that y does not have: {list(unknown)}.")
    targets = estimator._label_binarizer.transform(y) if is_classifier(estimator) else y
    targets = targets.reshape(-1, 1) if targets.ndim == 1 else targets
    if targets.shape[1] != estimator.n_outputs_:
        raise ShapeError(f"eval_set has {targets.shape[1]} outputs, where y has {estimator.n_outputs_}.")
    return Held(X, y, targets, weights, eval_set[0])


def split(estimator: Any, X: Any, targets: NDArray[Any], weights: Weights) -> tuple[Part, Held]:
    """Return what to learn from, and a share `validation_fraction` to watch.

    The rows are those that scikit-learn holds out, unless some are copies of others or have another weight. Copies
    stay together then, since a network scores well on what it has learnt, and a share is one of the weight, so that
    an example of weight 2 counts as two copies.
    """
    is_single = is_classifier(estimator) and estimator.n_outputs_ == 1
    stratify = targets if is_single else None
    is_plain = weights is None or bool((weights == weights[0]).all())
    keys = _keys(X, targets)
    if is_plain and len(np.unique(keys)) == len(keys):
        rows = train_test_split(
            np.arange(len(targets)),
            random_state=estimator._random_state,
            test_size=estimator.validation_fraction,
            stratify=stratify,
        )
        if len(rows[1]) < 2:
            raise ValueError(TOO_SMALL)
    else:
        w = np.ones(len(targets)) if weights is None else weights
        rows = _by_weight(keys, w, targets if stratify is not None else None, estimator)
    (X_kept, p_kept, w_kept), (X_held, p_held, w_held) = (
        (X[part], targets[part], None if weights is None else weights[part]) for part in rows
    )
    y_held = estimator._label_binarizer.inverse_transform(p_held) if is_classifier(estimator) else p_held
    return (X_kept, p_kept, w_kept), Held(X_held, y_held, p_held, w_held, X_held)


def _keys(X: Any, targets: NDArray[Any]) -> NDArray[np.uint64]:
    """Return a number for each example, equal for equal ones."""
    together = (
        sparse.hstack([X, sparse.csr_array(targets)]).tocsr() if is_sparse(X) else np.hstack([X, targets])
    )
    return hashes_of(together.astype(np.float64))


def _by_weight(
    keys: NDArray[np.uint64], weights: NDArray[Any], classes: NDArray[Any] | None, estimator: Any
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows to keep and those to hold out: copies together, and a share of the weight of every class."""
    seed = int(estimator._random_state.randint(2**31))
    groups, first, member = np.unique(keys, return_index=True, return_inverse=True)
    weight = np.bincount(member, weights)
    place = np.array([mixed(int(key) >> 32 ^ seed) for key in groups])
    is_held = np.zeros(len(groups), bool)
    which = np.zeros(len(groups), int) if classes is None else classes[first].reshape(-1)
    for one in np.unique(which):
        order = np.flatnonzero((which == one) & (weight > 0))
        order = order[np.argsort(place[order])]
        passed = np.cumsum(weight[order])
        share = estimator.validation_fraction * passed[-1] if len(passed) else 0.0
        is_held[order] = passed - weight[order] / 2 < share  # the middle of an example decides
    held = np.flatnonzero(is_held[member] & (weights > 0))
    if len(held) < 2:
        raise ValueError(TOO_SMALL)
    if not weight[~is_held].any():
        raise ValueError("No example is left to learn from. Decrease 'validation_fraction'.")
    return np.flatnonzero(~is_held[member]), held
