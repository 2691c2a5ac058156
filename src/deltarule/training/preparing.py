"""What an engine is given, of a network, a table and settings as users give them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.engines import Problem, dropout_of
from deltarule.errors import OptionError
from deltarule.maths.optimisers import Optimiser, State
from deltarule.maths.penalties import Penalty
from deltarule.maths.schedules import Schedule
from deltarule.network import Floats, Network
from deltarule.options import FEWEST_EPOCHS, OPTIONS, plain_scalar
from deltarule.parameters import Only, Rates
from deltarule.training.splitting import hold_out

Examples: TypeAlias = tuple[Any, Floats, Floats]
"""X (N, n_0), dense or in CSR, targets p (N, n_K) and weights (N,)."""


def prepared(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    weights: ArrayLike | None,
    optimiser: Optimiser,
    rates: Rates,
    schedule: Schedule,
    epochs: int | None,
    batch_size: int | None,
    fewest_updates: int,
    only: Only,
    penalty: Penalty,
    clip_norm: float | None,
    clip_value: float | None,
    dropout: float | Sequence[float],
    validation: float | Sequence[ArrayLike] | None,
    seed: int,
    begun: int,
) -> tuple[Problem, Examples | None]:
    """Return the problem of a training, and the examples that are held out.

    epochs: None makes FEWEST_EPOCHS, or as many as make `fewest_updates`. batch_size: None is the full batch. The other
    parameters are those of `deltarule.train`.
    """
    factors = net.layout.factors(net.layout.rates(rates))
    learn, held = examples_of(net, X, y, weights, validation, seed)
    N: int = learn[0].shape[0]
    batch_size = N if batch_size is None else min(batch_size, N)
    problem = Problem(
        net=net,
        X=learn[0],
        p=learn[1],
        w=learn[2],
        batch_size=batch_size,
        epochs=max(FEWEST_EPOCHS, math.ceil(fewest_updates / math.ceil(N / batch_size)))
        if epochs is None
        else epochs,
        optimiser=optimiser,
        schedule=schedule,
        selection=net.layout.select(only),
        penalty=penalty,
        clip_norm=clip_norm,
        clip_value=clip_value,
        dropout=dropout_of(net, learn[0], dropout, seed),
        begun=begun,
        rates=factors,
    )
    return problem, held


def order_of(N: int, shuffle: bool, seed: int, epoch: int) -> NDArray[np.intp]:
    """Return the order in which an epoch visits the rows: its own, so that a resumed run repeats it."""
    return np.random.default_rng([seed, epoch]).permutation(N) if shuffle else np.arange(N)


def updates_of(state: object) -> int:
    """Return how many updates a state comes with; 0 of what is none, which is refused by name."""
    t = plain_scalar(cast(Mapping[str, Any], state).get("t")) if isinstance(state, Mapping) else 0
    return t if isinstance(t, int) else 0


def state_of(given: State, fresh: State) -> State:
    """Return an optimiser's state, or raise an OptionError where it is another optimiser's, or another network's."""
    is_state = isinstance(cast(object, given), dict) and given.keys() == fresh.keys()
    if not is_state or any(np.shape(given[name]) != np.shape(fresh[name]) for name in fresh):
        raise OptionError(
            "state must be that of a Run of the same optimiser, network and choice of what learns, or None."
        )
    return given


def examples_of(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    weights: ArrayLike | None,
    validation: float | Sequence[ArrayLike] | None,
    seed: int,
) -> tuple[Examples, Examples | None]:
    """Return the examples to learn from and those held out, weights summing to 1 in both."""
    examples = net.examples(X, y, weights, may_be_sparse=True)
    if isinstance(validation, (list, tuple)) and len(validation) in (2, 3):
        return examples, net.examples(*validation, may_be_sparse=True)
    fraction = OPTIONS["validation"].check(validation)
    if fraction is None:
        return examples, None
    rng = np.random.default_rng([seed, 0])
    classes = examples[1].argmax(axis=1) if net.output.name == "softmax" else None
    kept, out = hold_out(len(examples[1]), fraction, rng, classes)
    kept_examples, held = (tuple(part[rows] for part in examples) for rows in (kept, out))
    return _rescaled(net, kept_examples), _rescaled(net, held)


def _rescaled(net: Network, part: tuple[Any, ...]) -> Examples:
    X, p, c = part
    return X, p, net.weights(c, len(p))
