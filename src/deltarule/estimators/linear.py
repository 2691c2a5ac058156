"""A linear model of the same columns, judged by the same rows: what networks gain over it is theirs.

It is a network without hidden layers and without coordinates, a_K = W x + b, of the same output and loss, which learns
by a recipe of its own, whatever is set for the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.engines import predict
from deltarule.errors import DivergenceError
from deltarule.estimators.course import Course, Examples, seed_of
from deltarule.estimators.recipes import LARGE, Recipe
from deltarule.network import Network
from deltarule.sparse import first_of
from deltarule.tables import TableModel
from deltarule.tables.measures import TITLES
from deltarule.training import train

SMALL_TABLE = Recipe(False, learning_rate=5e-2, weight_decay=3e-2, hidden=(), updates=1_000, most=100)
LARGE_TABLE = Recipe(False, learning_rate=5e-2, weight_decay=3e-2, hidden=(), largest_batch=256, most=10)
MOST = 0.5
"""Its parameters, over those of a network, up to which it is trained: of many classes it takes as long."""
STREAM = 5
"""Of the seed."""


def linear_scores(
    course: Course,
    model: TableModel,
    parts: Iterable[tuple[Examples, NDArray[Any]]],
    y: NDArray[Any],
    weights: NDArray[Any] | None,
) -> dict[str, Any]:
    """Return what a linear model scores on rows held out; nothing where it would take long, or is interrupted.

    Parameters
    ----------
    model
        Which encodes the columns, and whose members are compared.
    parts
        By part, the rows to learn from and X of those to judge, (n, m).
    y, weights
        The targets of all that judge, in the order of the parts, and how much each of them counts.
    """
    m, net = len(model.encoder.plain.features), model.members[0]
    if net.K == 1 or (m + 1) * net.sizes[-1] > MOST * net.layout.size or course.plain.only is not None:
        return {}
    said: list[NDArray[np.float64]] = []
    for n, ((X, of, counted), X_held) in enumerate(parts):
        recipe = SMALL_TABLE if len(of) < LARGE else LARGE_TABLE
        linear = Network(
            [m, net.sizes[-1]], output=str(net.output), seed=seed_of(course.plain.seed, STREAM, n)
        )
        try:
            run = train(
                linear,
                first_of(X, m),
                course.smoothed(of, net.sizes[-1]),
                weights=counted,
                optimiser="adamw",
                learning_rate=recipe.learning_rate,
                weight_decay=recipe.weight_decay,
                schedule="one_cycle",
                epochs=recipe.epochs_of(len(of)),
                batch_size=recipe.batch_of(len(of)),
                seed=seed_of(course.plain.seed, STREAM, n),
                n_threads=1,
                progress=False,
            )
        except DivergenceError:
            return {}
        if run.is_interrupted:
            return {}
        said.append(predict(linear, first_of(X_held, m), 1))
    return model.measured(np.concatenate(said), y, weights)


def beside(scores: dict[str, Any], linear: dict[str, Any]) -> dict[str, Any]:
    """Return scores with those of a linear model, as "linear", where there are any; of several targets with each."""
    if not linear:
        return scores
    if "targets" in scores:
        each = {name: beside(one, linear["targets"][name]) for name, one in scores["targets"].items()}
        return {**scores, "targets": each}
    return {**scores, "linear": {name: linear[name] for name in TITLES if name in linear}}
