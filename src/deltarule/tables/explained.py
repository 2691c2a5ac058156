"""What `explain` and its like are told of a TableModel and a table: rows, names, cells, units, how it was trained."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from deltarule.chain.explained import Explained, Own, Training
from deltarule.errors import DataError, ShapeError, warn_of
from deltarule.maths.optimisers import OPTIMISERS
from deltarule.maths.penalties import Penalty
from deltarule.network import Floats
from deltarule.tables.columns import Column
from deltarule.tables.encoders import Number
from deltarule.tables.groups import groups_of
from deltarule.tables.table import Table
from deltarule.tables.targets import ClassTarget, Target
from deltarule.tables.tasks import rows_with_target

if TYPE_CHECKING:
    from deltarule.tables.model import TableModel

SPENT = 0.01
"""The share of its rate below which a schedule is said to have taken it away."""


def explained(
    model: TableModel, X: object, y: object, weights: Any = None, table: object = None
) -> Explained:
    """Return a model's network with the rows of X that have a target; what else there is to say is warned of.

    y: the name of a column of X, or its values, (N,); one label or value where X is one row.
    """
    given = Table.of(X)
    read, notices = model.read(given)
    column = _target(model, read, y)
    if len(column) != len(read):
        raise ShapeError(f"X has {len(read):,} rows and y has {len(column):,}; they must be the same rows.")
    kept, left_out = rows_with_target(column, column, drop=True)
    warn_of((*notices, *left_out))
    rows, true = read.rows(kept), column.rows(kept)
    looked_up = given if table is None else Table.of(table)
    features, targets, target = model.features_of(rows), model.target.encode(true), model.target
    is_class = isinstance(target, ClassTarget)

    def decode(y_hat: Floats) -> NDArray[Any]:
        return target.decode(y_hat.argmax(axis=1) if is_class else y_hat[:, 0])

    def groups(name: str) -> list[str]:
        return groups_of((read if name in read else looked_up).column(name, "column").rows(kept))

    def cells(n: int) -> list[str]:
        x = features[[n]]
        return _cells(
            model, rows.rows(np.array([n])), np.asarray(x.toarray() if hasattr(x, "toarray") else x)[0]
        )

    return Explained(
        net=model.network,
        X=features,
        y=targets,
        weights=None if weights is None else np.asarray(weights)[kept],
        inputs=list(model.encoder.features),
        outputs=_outputs(target),
        rows=kept,
        cells=cells,
        groups=groups,
        own=Own(target.name, target.decode(targets), decode, is_class, "" if is_class else "standardised"),
        training=training_of(model),
    )


def _outputs(target: Target) -> list[str]:
    return (
        [f"{target.name}={name}" for name in target.names]
        if isinstance(target, ClassTarget)
        else [target.name]
    )


def _target(model: TableModel, table: Table, y: object) -> Column:
    """Return the column to learn: one of the table's, values, or a single one."""
    if isinstance(y, str) and (y in table or len(table) != 1):
        return table.column(y, "target column")
    if len(table) == 1 and np.ndim(cast(Any, y)) == 0:
        y = [y]
    if y is None:
        raise DataError(
            f"y is None; give the values of {model.target.name}, or the name of a column that has them."
        )
    return Column.of(model.target.name, y)


def _cells(model: TableModel, row: Table, x: Floats) -> list[str]:
    """Return what a row says, by the inputs that are not 0, each with its column's own value where it has one."""
    told: list[str] = []
    at = 0
    for encoder in model.encoder.encoders:
        for feature in encoder.features:
            value, at = float(x[at]), at + 1
            if feature != encoder.name:
                told += [f"{feature} {value:.3g}"] if value else []
                continue
            scale = "standardised" if isinstance(encoder, Number) else "as"
            told.append(f"{feature} = {row[encoder.name].texts()[0] or 'missing'} ({scale} {value:.3g})")
    return told


def training_of(model: TableModel) -> Training | None:
    """Return how a model was trained, as its settings say; None where they do not, or name a class of its own."""
    settings: dict[str, Any] = model.settings
    optimiser = dict(settings.get("optimiser", {}))
    kind = OPTIMISERS.get(optimiser.pop("name", ""))
    if kind is None or set(optimiser) != {field.name for field in fields(kind)}:
        return None
    chosen = kind(**optimiser)
    rates = [rate for rate in model.history.get("learning_rate", []) if rate is not None]
    usual = getattr(chosen, "lr", None)
    rate, said = rates[-1] if rates else usual, ""
    if rate is not None and usual and rate < SPENT * usual:
        said = f" (before its schedule, {settings['schedule']}, which has taken it to {rate:.3g})"
        rate = usual
    return Training(
        optimiser=chosen,
        state=model.state,
        rate=rate,
        schedule=said,
        penalty=Penalty(settings.get("l1", 0.0), settings.get("l2", 0.0)),
        clip_norm=settings.get("clip_norm"),
        clip_value=settings.get("clip_value"),
    )
