"""save and load: of networks, table models, estimators, and pipelines with an estimator at their end."""

# pyright: basic
# scikit-learn's classes carry no types.

from __future__ import annotations

import warnings
from dataclasses import replace
from importlib import import_module
from inspect import signature
from itertools import pairwise
from os import PathLike, fspath
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from deltarule.errors import ModelFileError, OptionError
from deltarule.estimators.learners import LEARNERS
from deltarule.files import head_of, pack, read, tensors_of, valid
from deltarule.network import Network
from deltarule.options import typed_keywords
from deltarule.saving.pipelines import dumped, is_pipeline, restored, skops
from deltarule.saving.plain import CannotSaveError, Decoder, Encoder, Tensors, network_of, set_attributes
from deltarule.tables import TableModel
from deltarule.writing import write

Model: TypeAlias = Any
"""A Network, a TableModel, one of the four estimators, or a Pipeline."""

TABLE_ESTIMATORS = ("TableClassifier", "TableRegressor")
ESTIMATORS = (*TABLE_ESTIMATORS, "MLPClassifier", "MLPRegressor")
TRAINING = ("settings", "history", "scores")
"""What a TableModel keeps of its training."""
STEPS, LAST = "steps", "last/"
"""The tensor of a pipeline's first steps, and what the names of its last step's begin with."""


class Parts(NamedTuple):
    """What a file holds of a model: the oldest format that can, the kind, a record for JSON, and arrays."""

    format: int
    kind: str
    record: dict[str, Any]
    tensors: Tensors


@typed_keywords
def save(model: Model, path: str | Path) -> None:
    """Write a model to a file, whole or not at all.

    Parameters
    ----------
    model
        A Network, a TableModel, a fitted TableClassifier, TableRegressor, MLPClassifier or MLPRegressor, or a Pipeline
        of scikit-learn with one of these at its end (which takes the package skops).
    path
        Where to; a file that exists is replaced once the new one is safely on the disk, which then has its mode.
        A link is followed; a pipe or a device is written into.

    Warns
    -----
    UserWarning
        An estimator has listeners, which are functions and thus not saved.

    Raises
    ------
    OptionError
        It is something else, is not fitted, or holds something that a file cannot, which is named.
    OutputError
        The folder does not exist, or it or what is at `path` may not be written.
    FileError
        The disk is full or failed; a file that was at `path` is untouched.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "net.deltarule"
    >>> net = Network([3, 4, 2], seed=1)
    >>> save(net, path)
    >>> bool((load(path).theta == net.theta).all())
    True
    """
    parts = _parts(model)
    write(pack(*parts), Path(path))


@typed_keywords
def load(path: str | Path) -> Model:
    """Return what `save` wrote, of the same type and bit for bit: parameters, predictions, and how learning goes on.

    Raises
    ------
    InputError
        There is no such file, or it may not be read.
    ModelFileError
        The file is foreign, truncated, altered, or of a later format.
    OptionError
        The file holds a Pipeline, and skops is missing.
    """
    content = read(path)
    head = head_of(content, path)
    if head.get("kind") == "Pipeline":
        skops("loading")  # refuses by a sentence of its own
    return valid(path, lambda: _model(head["kind"], head, tensors_of(content)))


def open_table(path: str | Path) -> TableModel:
    """Return the TableModel in a file, also that of an estimator, without what only an estimator needs.

    Raises
    ------
    ModelFileError
        As `load`, or the file holds something else.
    """
    content = read(path)
    head = head_of(content, path)
    kind = head.get("kind")
    if kind != "table" and kind not in TABLE_ESTIMATORS:
        held = "a bare network" if kind == "network" else f"a model of the kind {kind}"
        raise ModelFileError(
            f"{path} holds {held}, which reads no tables; give a model that fit has written."
        )
    return valid(path, lambda: _table(head, tensors_of(content)))


# Writing ------------------------------------------------------------------------------------------------------


def _parts(model: Model) -> Parts:
    if type(model) is Network:
        return Parts(_oldest(1, model), "network", {"network": model.spec()}, {"theta": _finite(model)})
    if type(model) is TableModel:
        return Parts(3, "table", *_parts_of_table(model))
    if is_pipeline(model):
        return _parts_of_pipeline(model)
    if type(model) in LEARNERS:
        return _parts_of_estimator(LEARNERS[type(model)], model)
    name = type(model).__name__
    if name not in ESTIMATORS or type(model) is not _estimator(name):
        raise OptionError(
            f"cannot save a {name}; give a Network, a TableModel, a fitted {', '.join(ESTIMATORS[:-1])} or "
            f"{ESTIMATORS[-1]}, or a Pipeline with one of them at its end."
        )
    return _parts_of_estimator(name, model)


def _parts_of_table(model: TableModel, encoder: Encoder | None = None) -> tuple[dict[str, Any], Tensors]:
    """Return a table model's record and arrays; the optimiser's state is left out where it is of a kind of its own."""
    if encoder is None:
        encoder = Encoder()
        for member in model.members:
            encoder.keep(member)
    record = model.record()
    try:
        record["state"] = encoder.encode(model.state, "state")
    except CannotSaveError:
        encoder.tensors.clear()
    thetas = [_finite(member) for member in model.members]
    return record, {"theta": np.concatenate(thetas), **encoder.tensors}


def _parts_of_estimator(name: str, estimator: Any) -> Parts:
    if not hasattr(estimator, "n_features_in_"):
        raise OptionError(f"this {name} is not fitted and cannot be saved; call fit first.")
    held = dict(vars(estimator))
    record: dict[str, Any] = {}
    tensors: Tensors = {}
    encoder = Encoder()
    if name in TABLE_ESTIMATORS:
        model: TableModel = held.pop("model_")
        for member in model.members:
            encoder.keep(member)
        training = {part: getattr(model, part) for part in TRAINING}
        record, tensors = _parts_of_table(model, encoder)
        record["training"] = encoder.encode(training, "training")
        record = {part: value for part, value in record.items() if part not in TRAINING}
        encoder.keep(model)
    if len(held.get("listeners") or ()):
        warnings.warn(
            f"the listeners of this {name} are functions and are not saved; after load, "
            "set_params(listeners=...) gives them back.",
            stacklevel=4,
        )
        held["listeners"] = ()
    if isinstance(held.get("tune_file"), PathLike):
        held["tune_file"] = fspath(held["tune_file"])
    parameters = sorted(signature(type(estimator)).parameters)
    for part, names in (
        ("parameters", parameters),
        ("attributes", [each for each in held if each not in parameters]),
    ):
        record[part] = {each: _encoded(encoder, name, each, held[each]) for each in names}
    return Parts(3 if name in TABLE_ESTIMATORS else 2, name, record, {**tensors, **encoder.tensors})


def _encoded(encoder: Encoder, owner: str, name: str, value: Any) -> Any:
    try:
        return encoder.encode(value, name)
    except CannotSaveError as error:
        raise OptionError(
            f"cannot save this {owner}: its {name} holds a {error}, and a model file holds numbers, texts, dates, "
            "lists, tuples, dicts, arrays of them and deltarule's own optimisers and schedules; "
            f"set_params({name}=...) to one of these."
        ) from None
    except RecursionError:
        raise OptionError(f"cannot save this {owner}: its {name} is nested too deeply.") from None


def _parts_of_pipeline(pipeline: Any) -> Parts:
    last = pipeline.steps[-1][1]
    if not (is_pipeline(last) or type(last).__name__ in ESTIMATORS):
        raise OptionError(
            f"cannot save a Pipeline that ends in a {type(last).__name__}; its last step must be a fitted "
            f"{', '.join(ESTIMATORS[:-1])} or {ESTIMATORS[-1]}."
        )
    of_last = _parts(last)
    record = {
        "steps": [name for name, _ in pipeline.steps],
        "last": {"kind": of_last.kind, **of_last.record},
    }
    tensors = {f"{LAST}{name}": values for name, values in of_last.tensors.items()}
    return Parts(max(2, of_last.format), "Pipeline", record, {STEPS: dumped(pipeline), **tensors})


def _oldest(format: int, network: Network) -> int:
    """Return the format of a kind of model, or the one from which on networks have scales."""
    return format if network.s is None else 3


def _finite(network: Network) -> Any:
    if not np.isfinite(network.theta).all():
        raise OptionError("the network has a parameter that is not finite and cannot be saved.")
    return network.theta


# Reading ------------------------------------------------------------------------------------------------------


def _model(kind: object, record: dict[str, Any], tensors: Tensors) -> Model:
    """Return the model of a record; what is wrong with it raises one of the errors that `valid` knows."""
    if kind == "network":
        return network_of(record["network"], _theta(tensors))
    if kind == "table":
        return _table(record, tensors)
    if kind == "Pipeline":
        of_last = {
            name.removeprefix(LAST): values for name, values in tensors.items() if name.startswith(LAST)
        }
        return restored(
            Decoder(tensors).tensor(STEPS), _model(record["last"]["kind"], record["last"], of_last)
        )
    if kind not in ESTIMATORS:
        raise ValueError(f"there is no kind {kind!r}")
    return _estimator_of(str(kind), record, tensors)


def _table(record: dict[str, Any], tensors: Tensors, decoder: Decoder | None = None) -> TableModel:
    n = record.get("members", 1)
    if not isinstance(n, int) or n < 1:
        raise ValueError("there are no members")
    members = tuple(network_of(record["network"], theta) for theta in np.split(_theta(tensors), n))
    decoder = decoder or Decoder(tensors)
    for member in members:
        decoder.keep(member)
    state = decoder.decode(record.get("state"))
    held = {**record, **(decoder.decode(record["training"]) if "training" in record else {})}
    model = TableModel.from_record(held, members)
    if len(model.encoder.features) != members[0].sizes[0]:
        raise ValueError("the encoders do not fit the network")
    shapes = (), model.learning.shape
    if state is not None and any(np.shape(each) not in shapes for each in state.values()):
        raise ValueError("the optimiser's state does not fit the network")
    return replace(model, state=state)


def _estimator_of(name: str, record: dict[str, Any], tensors: Tensors) -> Any:
    decoder = Decoder(tensors)
    model = decoder.keep(_table(record, tensors, decoder)) if name in TABLE_ESTIMATORS else None
    estimator = _estimator(name)(**decoder.by_name(record["parameters"]))
    set_attributes(estimator, decoder.by_name(record["attributes"]))
    if model is not None:
        estimator.model_ = model
    else:
        _refuse_unfit(estimator)
    return estimator


def _refuse_unfit(estimator: Any) -> None:
    """Raise a ValueError where the weights of an MLP estimator do not fit each other, or what they are asked of."""
    W, b = estimator.coefs_, estimator.intercepts_
    sizes = [estimator.n_features_in_, *map(len, b)]
    if (
        len(W) != len(b)
        or any(w.shape != shape for w, shape in zip(W, pairwise(sizes), strict=True))
        or any(np.ndim(each) != 1 for each in b)
        or sizes[-1] != estimator.n_outputs_
    ):
        raise ValueError("the weights do not fit each other")
    estimator.net_  # noqa: B018 -- refuses activations and outputs that do not fit


def _theta(tensors: Tensors) -> Any:
    return Decoder(tensors).tensor("theta")


def _estimator(name: str) -> Any:
    return getattr(import_module("deltarule.estimators"), name)
