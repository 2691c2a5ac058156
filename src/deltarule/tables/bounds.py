"""Intervals of a TableModel: from what its rows held out tell to bounds in the target's own units."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import OptionError
from deltarule.options import INTERVAL, checked
from deltarule.spelling import listed
from deltarule.tables.intervals import Errors, factor_of
from deltarule.tables.targets import NumberTarget

if TYPE_CHECKING:
    from deltarule.tables.model import TableModel


def level_of(model: TableModel, level: float) -> float:
    """Return the level of an interval as a plain number, or raise an OptionError that says why there is no such."""
    level = checked(INTERVAL, level=level)["level"]
    if model.task == "classification":
        raise OptionError(
            "intervals are of values, and this model predicts classes; how sure it is of them, their probabilities say "
            "(--probabilities, in Python predict_proba)."
        )
    if model.levels:
        low, high = _ends(level)
        if not all(np.isclose(q, model.levels, rtol=0.0, atol=1e-9).any() for q in (low, high)):
            known = listed([f"{q:g}" for q in model.levels])
            raise OptionError(
                f"an interval of {level:g} lies between the quantiles {low:g} and {high:g}, and this model predicts "
                f"{known}; fit it with --quantile {low:g} {high:g} (quantile=[{low:g}, {high:g}]), or by another loss."
            )
    elif not model.errors:
        raise OptionError(
            "this model knows no intervals, which take rows that it has not learnt from: none were held out, it learnt "
            "on later, or an earlier version made it; fit it again, and where it is one network with --validation 0.1 "
            "(validation=0.1)."
        )
    return level


def bounds_of(model: TableModel, y_hat: NDArray[Any], level: float) -> NDArray[np.float64]:
    """Return what `TableModel.predict_interval` does.

    y_hat: (N, n_K), the network's output; level: as from `level_of`.
    """
    each: list[NDArray[np.float64]] = []
    for n, (target, part) in enumerate(model.parts_of(y_hat)):
        assert isinstance(target, NumberTarget)
        if model.levels:
            at = [int(np.argmin(np.abs(np.array(model.levels) - q))) for q in _ends(level)]
            each.append(target.predict(part)[:, at])
            continue
        z = target.learnt(part)
        bounds = target.bounds(z, model.errors[n].half(z, level))
        each.append(np.maximum(bounds, 0.0) if model.output.name == "poisson" else bounds)
    return each[0] if len(each) == 1 else np.stack(each, axis=1)


def with_errors(
    model: TableModel, y_hat: NDArray[Any], y: NDArray[Any], weights: NDArray[Any] | None, X: Any = None
) -> TableModel:
    """Return a model that knows how far off its predictions are; one of classes or quantiles as it is.

    Parameters
    ----------
    y_hat, y, weights
        (N, n_K): what was predicted for rows that were not learnt from; (N,) or (N, targets): what is true, as the
        network learns it; (N,): how much each row counts.
    X
        (n, m): rows, encoded, on which members are compared, where y_hat is of each row what one member says.
    """
    if model.task == "classification" or model.levels:
        return model
    alone = [] if X is None else [replace(model, members=(net,)) for net in model.members]
    said = [one.parts_of(one.outputs_of(X)) for one in alone]
    errors: list[Errors] = []
    for n, ((target, part), of) in enumerate(model.parts_beside(y_hat, y)):
        assert isinstance(target, NumberTarget)
        z = target.learnt(part)
        by_member = [target.learnt(parts[n][1]) for parts in said]
        errors.append(Errors.of(z, of, weights, factor_of(z, of, by_member or [z], weights)))
    return replace(model, errors=tuple(errors))


def _ends(level: float) -> tuple[float, float]:
    """Return the quantiles between which an interval lies."""
    return (1.0 - level) / 2, (1.0 + level) / 2
