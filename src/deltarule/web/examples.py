"""Examples to learn from that need no file: the notes' worked example, and tables whose answer can be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.network import Floats, Network

WORKED = "worked"
EQUAL = 0.5
"""What all weights are where they begin all equal."""


@dataclass(frozen=True)
class Examples:
    """X, (N, n_0), and y: class numbers, (N,), or values, (N,); with the names of inputs and outputs."""

    X: Floats
    y: NDArray[Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    is_class: bool = True


@dataclass(frozen=True)
class Maker:
    """What makes examples, n of them with some noise and a seed; `words` says what they are."""

    words: str
    make: Callable[[int, float, int], Examples]


def worked() -> tuple[Network, Examples]:
    """Return the worked example: logits (log 4, 0), so that y_hat = (.8, .2) and L = -log .8, where class 1 is true.

    >>> net, of = worked()
    >>> round(net.loss(of.X, of.y), 5)
    0.22314
    """
    net = Network([3, 2, 2, 2], activation="relu", output="softmax", dtype="float64")
    net.W[1][:], net.b[1][:] = [[0.5, 0.25, 0.0], [0.0, 0.5, -0.25]], 0
    net.W[2][:], net.b[2][:] = [[0.25, 0.0], [1.0, 2.0]], 0
    net.W[3][:], net.b[3][:] = [[2.0, -1.0], [1.0, 2.0]], (np.log(4) + 1.0, -3.25)
    return net, _worked(1, 0.0, 0)


def start_of(net: Network, start: str) -> Floats:
    """Return first parameters, (P,), "equal" or "zero": weights of one value, biases 0, scales 1.

    >>> start_of(Network([1, 2], output="linear"), "equal")
    array([0.5, 0.5, 0. , 0. ])
    """
    theta: Floats = np.zeros(net.layout.size)
    if net.s is not None:
        net.layout.scale_of(theta)[:] = 1
    if start == "equal":
        for k in range(1, net.K + 1):
            theta[net.layout.W[k]] = EQUAL
    return theta


def _worked(n: int, noise: float, seed: int) -> Examples:
    return Examples(np.array([[1.0, 2.0, 3.0]]), np.array([0]), _names(3), ("1", "2"))


def _classes(n: int, noise: float, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    of = X[:, 0] - X[:, 1] * X[:, 2] + noise * rng.normal(size=n)
    return Examples(X, (of > 0).astype(int), _names(3), ("1", "2"))


def _values(n: int, noise: float, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2] / 2 + noise * rng.normal(size=n)
    return Examples(X, y, _names(3), ("y",), is_class=False)


def _moons(n: int, noise: float, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    angle = rng.uniform(0, np.pi, size=n)
    X = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (1 - 2 * y)[:, None] + y[:, None] * [1.0, 0.5]
    return _plane(_standardised(X + noise * rng.normal(size=(n, 2))), y)


def _circles(n: int, noise: float, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    angle = rng.uniform(0, 2 * np.pi, size=n)
    X = (1 - 0.5 * y)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return _plane(_standardised(X + noise * rng.normal(size=(n, 2))), y)


def _blobs(n: int, noise: float, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    angle = 2 * np.pi * y / 3
    X = np.stack([np.cos(angle), np.sin(angle)], axis=1) + (0.2 + noise) * rng.normal(size=(n, 2))
    return _plane(_standardised(X), y)


def _xor(n: int, noise: float, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    corner = np.stack([np.arange(n) % 2, np.arange(n) // 2 % 2], axis=1)
    X = 2.0 * corner - 1.0 + (0.25 + noise) * rng.normal(size=(n, 2))
    return _plane(X, corner[:, 0] ^ corner[:, 1])


def _spirals(n: int, noise: float, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    turn = np.sqrt(rng.uniform(0.02, 1.0, size=n)) * 3 * np.pi
    angle = turn + np.pi * y
    X = (turn / (3 * np.pi))[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return _plane(_standardised(X + noise / 10 * rng.normal(size=(n, 2))), y)


def _line(n: int, noise: float, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-2, 2, size=n)
    return Examples(
        x[:, None], 0.75 * x - 0.5 + noise * rng.normal(size=n), _names(1), ("y",), is_class=False
    )


def _sine(n: int, noise: float, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, size=n)
    return Examples(x[:, None], np.sin(2 * x) + noise * rng.normal(size=n), _names(1), ("y",), is_class=False)


def _names(n: int) -> tuple[str, ...]:
    return tuple(f"x{j + 1}" for j in range(n))


def _plane(X: Floats, y: NDArray[Any]) -> Examples:
    return Examples(X, y, _names(2), tuple(str(l + 1) for l in range(int(y.max()) + 1)))


def _standardised(X: Floats) -> Floats:
    return (X - X.mean(axis=0)) / X.std(axis=0)


MAKERS = {
    WORKED: Maker("the worked example", _worked),
    "classes": Maker("x in R³, two classes", _classes),
    "values": Maker("x in R³, y in R", _values),
    "moons": Maker("two moons", _moons),
    "circles": Maker("two circles", _circles),
    "xor": Maker("exclusive or", _xor),
    "spirals": Maker("two spirals", _spirals),
    "blobs": Maker("three blobs", _blobs),
    "line": Maker("a line, y in R", _line),
    "sine": Maker("a sine, y in R", _sine),
}
