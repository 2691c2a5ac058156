"""What a session begins with: the network and the examples of its settings, and the settings a network stands for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.chain.explained import Explained
from deltarule.maths.optimisers import LBFGS, Optimiser, optimiser
from deltarule.network import Network
from deltarule.sparse import dense
from deltarule.training import hold_out
from deltarule.web.controls import OF_OTHERS, OWN, STARTS, FieldError, Settings
from deltarule.web.examples import MAKERS, WORKED, start_of, worked

MOST_LOOKED_AT, ALIKE = 1000, 0.95
"""Rows by which the first plane is chosen, and the correlation from which two inputs say the same."""


def made(settings: Settings, own: Explained | None) -> Explained:
    """Return a network, in float64, with its examples and the first weights that are chosen.

    Raises
    ------
    FieldError
        The data are one's own, and none were given.
    """
    seen = _examples(settings, own)
    net = _shaped(seen.net, settings)
    if settings.start != STARTS[0]:
        net.theta = start_of(net, settings.start)
    return replace(seen, net=net)


def _examples(settings: Settings, own: Explained | None) -> Explained:
    """Return the examples, with a network that is theirs or fits them."""
    if settings.data == OWN:
        if own is None:
            raise FieldError(
                "no data of your own were given; name a model and its table, or choose others.", "data"
            )
        return replace(own, net=own.net.astype("float64"), X=dense(own.X), y=np.asarray(own.y))
    if settings.data == WORKED:
        net, of = worked()
    else:
        of = MAKERS[settings.data].make(settings.rows, settings.noise, settings.seed)
        sizes = [of.X.shape[1], *settings.hidden, len(of.outputs)]
        net = _drawn(sizes, "softmax" if of.is_class else "linear", settings)
    return Explained(net, of.X, of.y, inputs=of.inputs, outputs=of.outputs)


def _shaped(net: Network, settings: Settings) -> Network:
    """Return the network, or another one where it has other hidden layers than the settings."""
    if net.sizes[1:-1] == settings.hidden and activation_of(net) == settings.activation:
        return net
    return _drawn([net.sizes[0], *settings.hidden, net.sizes[-1]], str(net.output), settings)


def _drawn(sizes: list[int], output: str, settings: Settings) -> Network:
    return Network(sizes, activation=settings.activation, output=output, seed=settings.seed, dtype="float64")


def split(settings: Settings, seen: Explained) -> tuple[NDArray[np.intp], NDArray[np.intp] | None]:
    """Return the rows that are learnt from, and those that are held out; None where none are."""
    y = np.asarray(seen.y)
    N = len(y)
    if not settings.validation or N < 2:
        return np.arange(N), None
    classes = y if seen.net.output.name == "softmax" and y.ndim == 1 else None
    return hold_out(N, settings.validation, np.random.default_rng([settings.seed, 0]), classes)


def settings_of(own: Explained) -> Settings:
    """Return the settings that a given network stands for."""
    net, training = own.net, own.training
    chosen = training.optimiser if training is not None else optimiser("adam")
    chosen = optimiser("adam") if isinstance(chosen, LBFGS) else chosen
    assert isinstance(chosen, Optimiser)
    rate = chosen.lr if training is None or training.rate is None or training.rate <= 0 else training.rate
    return replace(
        OF_OTHERS,
        data=OWN,
        hidden=net.sizes[1:-1],
        activation=activation_of(net),
        optimiser=chosen.name,
        learning_rate=rate,
        weight_decay=chosen.weight_decay,
    )


def rate_of(name: str) -> float:
    """Return the rate that an optimiser has of its own."""
    chosen = optimiser(name)
    assert isinstance(chosen, Optimiser)
    return chosen.lr


def activation_of(net: Network) -> str:
    """Return the activation of all hidden layers; of several, or none, the first there is."""
    names = [g.name for g in net.g[1:]]
    return names[0] if names else OF_OTHERS.activation


def axes_of(X: Any) -> list[int]:
    """Return two inputs with many different values that do not say the same, from 1; one alone is both."""
    columns = dense(X[:MOST_LOOKED_AT]).astype(np.float64)
    order = np.argsort([-len(np.unique(column)) for column in columns.T], kind="stable")
    first, *others = order.tolist()
    with np.errstate(all="ignore"):
        moved = columns - columns.mean(axis=0)
        likeness = np.abs(moved[:, first] @ moved) / np.sqrt(
            (moved[:, first] @ moved[:, first]) * (moved**2).sum(axis=0)
        )
    second = next((j for j in others if not likeness[j] > ALIKE), others[0] if others else first)
    return sorted([first + 1, second + 1])
