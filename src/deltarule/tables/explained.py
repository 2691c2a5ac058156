"""What `explain` and its like are told of a TableModel and a table: rows, names, cells, units, how it was trained."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from deltarule.chain.explained import Explained, Own, Training, aside
from deltarule.errors import ShapeError, warn_of
from deltarule.maths.optimisers import OPTIMISERS
from deltarule.maths.penalties import Penalty
from deltarule.network import Floats
from deltarule.sparse import dense
from deltarule.spelling import listed
from deltarule.tables.columns import Column
from deltarule.tables.encoders import Number
from deltarule.tables.groups import groups_of
from deltarule.tables.table import Table
from deltarule.tables.targets import ClassTarget, NumberTarget
from deltarule.tables.tasks import rows_with_targets

if TYPE_CHECKING:
    from deltarule.tables.model import TableModel

SPENT = 0.01
"""The share of its rate below which a schedule is said to have taken it away."""


def explained(
    model: TableModel, X: object, y: object, weights: Any = None, table: object = None
) -> Explained:
    """Return a model's network with the rows of X that have a target; what else there is to say is warned of.

    y: the name of a column of X, or its values, (N,); one label or value where X is one row; of several targets a list
    of names, or (N, targets). None is the columns of X that were learnt.
    """
    given = Table.of(X)
    read, notices = model.read(given)
    true = Table(_targets(model, read, y))
    if len(true) != len(read):
        raise ShapeError(f"X has {len(read):,} rows and y has {len(true):,}; they must be the same rows.")
    columns = true.columns.values()
    kept, left_out = rows_with_targets(columns, columns, drop=True)
    warn_of((*notices, *left_out))
    rows, true = read.rows(kept), true.rows(kept)
    looked_up = given if table is None else Table.of(table)
    features, targets = model.features_of(rows), model.encoded(true)

    def groups(name: str) -> list[str]:
        return groups_of((read if name in read else looked_up).column(name, "column").rows(kept))

    def cells(n: int) -> list[str]:
        x = features[[n]]
        return _cells(model, rows.rows(np.array([n])), dense(x)[0])

    return Explained(
        net=model.network,
        X=features,
        y=targets,
        weights=None if weights is None else np.asarray(weights)[kept],
        inputs=list(model.encoder.features),
        outputs=_outputs(model),
        rows=kept,
        numbering=rows.numbering,
        cells=cells,
        groups=groups,
        columns=list(looked_up.columns),
        own=_own(model, targets),
        training=training_of(model),
    )


def _own(model: TableModel, y: NDArray[Any]) -> Own:
    """Return the targets as the table has them."""
    columns = y.reshape(len(y), -1).T
    each = [target.decode(of) for target, of in zip(model.targets, columns, strict=True)]
    true = each[0] if len(each) == 1 else np.column_stack([values.astype(object) for values in each])
    is_one = len(model.predicted) == 1
    is_class = model.task == "classification" and is_one
    return Own(listed(model.predicted), true, model.decoded, is_class, _scale(model) if is_one else "")


def _scale(model: TableModel) -> str:
    """Return how the network's values differ from the target's."""
    target = model.target
    if not isinstance(target, NumberTarget):
        return ""
    if model.output.name == "poisson":
        return "over the mean"
    return {"none": "", "log": "its logarithm, ", "sqrt": "its root, "}[target.transform] + "standardised"


def _outputs(model: TableModel) -> list[str]:
    """Return the names of the network's outputs: of each class, or of the second of two of each target."""
    if model.task == "regression":
        return model.predicted
    targets = cast(list[ClassTarget], list(model.targets))
    pairs = [(each, name) for each in targets for name in each.names[len(targets) > 1 :]]
    return [f"{each.name}={name}" for each, name in pairs]


def _targets(model: TableModel, table: Table, y: object) -> list[Column]:
    """Return the columns to learn: the table's own, or values."""
    names = [target.name for target in model.targets]
    if y is None:
        return [table.column(name, "target column") for name in names]
    if len(names) == 1:
        return [_target(model, table, y)]
    if isinstance(y, (list, tuple)) and all(isinstance(each, str) for each in cast("list[object]", y)):
        return [table.column(str(name), "target column") for name in cast("list[str]", y)]
    values: Any = np.atleast_2d(np.asarray(cast(Any, y))) if isinstance(y, (list, tuple)) else y
    columns = list(Table.of(values).columns.values())
    if len(columns) != len(names):
        raise ShapeError(f"y has {len(columns)} targets, and the model learnt {len(names)}.")
    return [replace(column, name=name) for column, name in zip(columns, names, strict=True)]


def _target(model: TableModel, table: Table, y: object) -> Column:
    """Return the column to learn: one of the table's, values, or a single one."""
    if isinstance(y, str) and (y in table or len(table) != 1):
        return replace(table.column(y, "target column"), name=model.target.name)
    if len(table) == 1 and np.ndim(cast(Any, y)) == 0:
        y = [y]
    return Column.of(model.target.name, y)


def _cells(model: TableModel, row: Table, x: Floats) -> list[str]:
    """Return what a row says, by the inputs that are not 0, each with its column's own value where it has one."""
    told: list[str] = []
    at = 0
    for encoder in model.encoder.plain.encoders:  # coordinates say again what their number does
        for feature in encoder.features:
            value, at = float(x[at]), at + 1
            if feature != encoder.name:
                told += [f"{feature} {value:.3g}"] if value else []
                continue
            scale = "scaled" if isinstance(encoder, Number) else "as"
            told.append(f"{feature} = {row[encoder.name].texts()[0] or 'missing'} ({scale} {value:.3g})")
    return told


def _spread(values: NDArray[Any], learns: NDArray[np.bool_]) -> NDArray[Any]:
    """Return values of what learns as those of all parameters, (P,), 0 where none."""
    whole = np.zeros(len(learns), values.dtype)
    whole[learns] = values
    return whole


def training_of(model: TableModel) -> Training | None:
    """Return how a model was trained, as its settings say; None where they do not, or name a class of its own."""
    settings: dict[str, Any] = model.settings
    if len(model.members) > 1:  # their mean is the network, and was not trained itself
        return None
    optimiser = dict(settings.get("optimiser", {}))
    kind = OPTIMISERS.get(optimiser.pop("name", ""))
    if kind is None or set(optimiser) != {field.name for field in fields(kind)}:
        return None
    chosen = kind(**optimiser)
    usual = getattr(chosen, "lr", None)
    rate, said = settings.get("rate", usual), ""
    if rate is not None and usual and rate < SPENT * usual:
        said = f" (before its schedule, {settings['schedule']}, which has taken it to {rate:.3g})"
        rate = usual
    state, learns = model.state, None
    if settings.get("only") is not None:
        learns = np.zeros(model.network.layout.size, bool)
        learns[model.learning] = True
        if state is not None:
            state = {
                name: each if np.ndim(each) == 0 else _spread(each, learns) for name, each in state.items()
            }
    return Training(
        optimiser=chosen,
        state=state,
        rate=rate,
        schedule=said,
        penalty=Penalty(settings.get("l1", 0.0), settings.get("l2", 0.0)),
        clip_norm=settings.get("clip_norm"),
        clip_value=settings.get("clip_value"),
        aside=aside(settings.get("dropout", 0.0), settings.get("label_smoothing", 0.0)),
        learns=learns,
        rates=model.network.layout.factors(settings.get("rates", {})),
    )
