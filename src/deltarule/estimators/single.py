"""One network: of a large table, or with a validation part that was asked for."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import OptionError, warn_of
from deltarule.estimators.course import Course, seed_of
from deltarule.estimators.linear import beside, linear_scores
from deltarule.estimators.recipes import LARGE, calm, of_large
from deltarule.estimators.settings import HELD_OUT_LARGE, HELD_OUT_QUANTILES, LARGE_QUANTILES
from deltarule.tables import TableModel
from deltarule.tables.bounds import with_errors
from deltarule.tables.folds import is_whole
from deltarule.tables.prepared import Prepared
from deltarule.training import Run

ALONE = 0.7
"""Share of the epochs before the rows that were held out join the others ..."""
LATE = 0.8
"""... where the best of these epochs is in the rest after this share of them; else more would be learnt by heart."""
JUDGES = 500
"""Of values so many of these rows stay held out, half at most: they tell what the network errs by at its end."""


def fit_one(
    course: Course,
    rows: Prepared,
    values: NDArray[Any],
    said: tuple[str, ...],
    earlier: TableModel | None,
) -> tuple[TableModel, Run, tuple[str, ...]]:
    """Return a model of one network, how it was trained, and all there is to say, which was warned of.

    Parameters
    ----------
    values
        (N,) or (N, targets): class numbers, or values in their own units.
    said
        What there is to say so far.
    earlier
        The model that learns on, of one network.
    """
    plain, is_quantiles = course.plain, course.output.name == "quantile"
    share = _share(course, rows)
    if plain.early_stopping is not None and share == 0:
        raise OptionError(
            "early stopping watches the loss of a validation part, and there is none; add validation=0.1 "
            "(--validation 0.1)."
        )
    parts = rows.split(
        share, np.random.default_rng([plain.seed, 0]),
        part="validation part", equal_rows=plain.equal_rows,
        classes=values if course.output.name == "softmax" else None,
    )  # fmt: skip
    part, held = rows.rows(parts.learn), rows.rows(parts.held)
    leaks = part.leaks(values[parts.learn], plain.seed)
    (recipe,) = course.told(of_large(are_classes=course.are_classes) if len(rows) >= LARGE else calm())
    if earlier is None:
        model, how = course.begun(rows, part, [recipe])
        net = course.network(len(model.encoder.features), recipe, plain.seed)
    else:
        model, how = earlier, ()
        net = deepcopy(earlier.members[0])  # an error leaves the earlier one as it was
    notices = (*said, *rows.notices, *parts.notices, *leaks, *how)
    warn_of(notices)
    model = replace(model, members=(net,), settings={}, scores={}, errors=())
    examples = course.examples(part, model)
    seen = course.examples(held, model) if len(held) else None
    epochs = recipe.epochs_of(len(part))
    joins = seen is not None and not (
        is_quantiles or course.is_lbfgs or plain.validation is not None or plain.early_stopping is not None
    )
    alone = max(1, round(ALONE * epochs)) if joins else epochs
    run = course.train(
        net, examples, recipe,
        epochs=alone, stretch=(0.0, alone / epochs), held=seen, patience=plain.early_stopping,
    )  # fmt: skip
    judged, learnt = None, examples
    if seen is not None:
        judged = model.outputs_of(seen[0]), seen[1], held.weights
    if alone < epochs and not run.is_interrupted and (run.best_epoch or 0) >= LATE * alone:
        few = 0.0 if course.are_classes else min(0.5, JUDGES / len(held))
        judges = held.split(
            few, np.random.default_rng([plain.seed, 4]), part="validation part", equal_rows=plain.equal_rows
        )
        held = held.rows(judges.held)
        part = rows.rows(np.sort(np.append(parts.learn, parts.held[judges.learn])))
        examples = course.examples(part, model)
        rest = course.train(
            net, examples, recipe,
            epochs=epochs - alone, stretch=(alone / epochs, 1.0), state=run.state, seed=seed_of(plain.seed, alone),
        )  # fmt: skip
        run = run.then(rest)
        if len(held):
            seen, learnt = course.examples(held, model), examples
            judged = model.outputs_of(seen[0]), seen[1], held.weights
    linear: dict[str, Any] = {}
    if judged is not None and seen is not None and earlier is None and not run.is_interrupted:
        linear = linear_scores(course, model, [(learnt, seen[0])], *judged[1:])
    if judged is not None and is_quantiles:
        model = model.calibrated(*judged)
    scores = {"train": model.metrics(*examples[:2], part.weights)}
    if judged is not None:
        scores["validation"] = beside(model.measured(*judged), linear)
    model = replace(model, scores=scores)
    if judged is not None and earlier is None:  # which may have learnt from them
        model = with_errors(model, *judged)
    return model, run, notices


def _share(course: Course, rows: Prepared) -> float:
    """Return the share of the rows to hold out: what was asked for, else what the size of the table can spare."""
    if course.plain.validation is not None:
        return course.plain.validation
    is_quantiles = course.output.name == "quantile"
    large, usual = (LARGE_QUANTILES, HELD_OUT_QUANTILES) if is_quantiles else (LARGE, HELD_OUT_LARGE)
    can_be = large <= len(rows) and not any(is_whole(each) for each in (rows.group, rows.time) if each)
    return usual if can_be else 0.0
