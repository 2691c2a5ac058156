"""What `explain` and its like are told of an MLP estimator and its X and y: names, labels, and how it was trained."""

# pyright: basic, reportAttributeAccessIssue=false
# scikit-learn's classes carry no types.

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils.validation import _check_sample_weight, validate_data

from deltarule.chain.explained import Explained, Own, Training, aside
from deltarule.errors import DataError, OptionError, ShapeError
from deltarule.estimators.descent import optimiser_of, schedule_of, state_of
from deltarule.estimators.labels import times
from deltarule.maths.optimisers import LBFGS
from deltarule.maths.penalties import Penalty
from deltarule.network import Floats, Network
from deltarule.sparse import is_sparse
from deltarule.tables import Table, groups_of
from deltarule.tables.explained import SPENT


def explained(est: Any, X: Any, y: Any, weights: Any, table: Any) -> Explained:
    """Return an estimator's network with examples; X and y as in `fit`, or one example (m,) and its label or value."""
    given = X if table is None else table
    if not is_sparse(X) and np.ndim(X) == 1:
        X, y = np.asarray(X)[None, :], [y]
    name = str(getattr(y, "name", None) or "y")
    X = validate_data(est, X, accept_sparse=["csr", "csc"], dtype=(np.float64, np.float32), reset=False)
    y = np.asarray(y)
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim == 0 or len(y) != X.shape[0]:
        rows = "none" if y.ndim == 0 else f"{len(y):,}"
        raise ShapeError(f"X has {X.shape[0]:,} rows and y has {rows}; they must be the same rows.")
    is_class = is_classifier(est)
    net = est.net_
    targets = _targets(est, y) if is_class else y.reshape(len(y), -1)

    def decode(y_hat: Floats) -> NDArray[Any]:
        if is_class:
            return est._label_binarizer.inverse_transform(y_hat)
        return y_hat[:, 0] if y_hat.shape[1] == 1 else y_hat

    def groups(name: str) -> list[str]:
        if not hasattr(given, "columns"):
            raise OptionError(
                f"by={name!r} names a column, and X is no table; give groups, one for each example."
            )
        return groups_of(Table.of(given).column(name, "column"))

    names = getattr(est, "feature_names_in_", [f"x{j}" for j in range(1, X.shape[1] + 1)])
    return Explained(
        net=net,
        X=X.toarray() if is_sparse(X) else X,
        y=targets,
        weights=_weights(est, X, targets, weights),
        inputs=[str(name) for name in names],
        outputs=_outputs(est, name, net, is_class),
        groups=groups,
        columns=[str(name) for name in getattr(given, "columns", ())],
        own=Own(name, y, decode, is_class),
        training=_training(est, net),
    )


def _targets(est: Any, y: NDArray[Any]) -> NDArray[Any]:
    """Return labels as the network learns them, (N, n_K)."""
    if y.ndim == 1 and len(unknown := np.setdiff1d(y, est.classes_)):
        known = ", ".join(map(str, est.classes_[:20]))
        raise DataError(f"y has {str(unknown[0])!r}, a class that was not in training; known: {known}.")
    return est._label_binarizer.transform(y).astype(float)


def _weights(est: Any, X: Any, targets: NDArray[Any], weights: Any) -> NDArray[Any] | None:
    """Return example weights times the factors of their classes, as in training."""
    given = None if weights is None else _check_sample_weight(weights, X)
    of_classes = getattr(est, "class_weight", None)
    is_balanced = isinstance(of_classes, str)
    if of_classes is None or (
        is_balanced and not _has_every_class(est, targets)
    ):  # some classes have no balance
        return given
    return times(given, est._class_factors(targets, given, False), targets)


def _has_every_class(est: Any, targets: NDArray[Any]) -> bool:
    if est._label_binarizer.y_type_.startswith("multilabel"):
        return True
    found = targets.argmax(axis=1) if targets.shape[1] > 1 else targets[:, 0]
    return len(np.unique(found)) == len(est.classes_)


def _outputs(est: Any, name: str, net: Network, is_class: bool) -> list[str]:
    n = net.sizes[-1]
    if is_class and est._label_binarizer.y_type_.startswith("multilabel"):
        return [f"label {label}" for label in est.classes_]
    if is_class:
        return [f"{name}={label}" for label in (est.classes_[-1:] if n == 1 else est.classes_)]
    return [name] if n == 1 else [f"{name}{i}" for i in range(1, n + 1)]


def _training(est: Any, net: Network) -> Training:
    """Return how an estimator learns, and in what state it is."""
    index = net.layout.select(est.trainable).index
    learns = np.zeros(net.layout.size, bool)
    learns[index] = True
    penalty = Penalty(l2=float(est.alpha), is_shared=True)
    if est.solver == "lbfgs" or not hasattr(est, "_optimizer"):
        return Training(LBFGS(), penalty=penalty, learns=learns)
    optimiser, of_its_own = optimiser_of(est), schedule_of(est)
    usual, said = optimiser.lr, ""
    rate = est._optimizer.learning_rate if of_its_own is None and est.solver == "sgd" else usual
    if of_its_own is not None:
        rate = usual * float(of_its_own(est.n_iter_, est.max_iter))
    if rate < SPENT * usual:
        said, rate = f" (before its schedule, {est.learning_rate}, which has taken it to {rate:.3g})", usual
    return Training(
        optimiser=optimiser,
        state=state_of(est, net, slice(None)),
        rate=float(rate),
        schedule=said,
        penalty=penalty,
        clip_norm=est.clip_norm,
        clip_value=est.clip_value,
        aside=aside(est.dropout, getattr(est, "label_smoothing", 0.0)),
        learns=learns,
    )
