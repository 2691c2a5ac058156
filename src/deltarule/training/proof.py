"""`check`: the certificate of a gradient, and of the engine that trains with it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from deltarule.chain import Certificate
from deltarule.chain import check as certify
from deltarule.chain.agreement import Runner
from deltarule.chain.explained import Model, explained
from deltarule.chain.own import Given
from deltarule.engines import Engine, Problem, engine
from deltarule.maths.optimisers import GradientDescent
from deltarule.maths.penalties import Penalty
from deltarule.maths.schedules import Constant
from deltarule.network import Floats, Network
from deltarule.options import typed_keywords
from deltarule.parameters import Only, Selection


@typed_keywords
def check(
    model: Model,
    X: ArrayLike | Any,
    y: ArrayLike | Any,
    weights: ArrayLike | None = None,
    *,
    only: Only = None,
    gradient: Given | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    max_parameters: int = 1000,
    max_examples: int | None = 1000,
    seed: int = 0,
    engine: str = "auto",
) -> Certificate:
    """Compare the analytic gradient with numerical ones in float64, and the training engine's with it.

    Parameters
    ----------
    model
        A Network of any dtype; the derivation is proven with its weights in float64, the engine works in its own dtype.
        Or an estimator with its X and y, as in `explain`.
    X, y, weights, only, gradient
        As in `deltarule.chain.check`; of the engine's gradient every entry of `only` is compared.
    l1, l2
        The penalty whose gradient the engine adds, and yours contains, as in `train`.
    max_parameters
        The most parameters to check: where there are more, a sample drawn from the seed.
    max_examples
        The most examples whose loss is taken: where there are more, a sample drawn from the seed; None takes all.
    seed
        Of the samples.
    engine
        As in `train`.

    Returns
    -------
    Certificate
        With `passed`, `worst`, `text()`, every comparison, and `engine`, which names the engine and what is off in it.

    Raises
    ------
    OptionError, ShapeError, DataError
        As in `train`.

    Examples
    --------
    >>> net = Network([3, 4, 4, 2], activation="tanh", output="softmax", seed=0)
    >>> certificate = check(net, [[0.1, 0.2, 0.3], [-0.5, 0.1, 0.9]], [0, 1], engine="reference")
    >>> certificate.passed, certificate.engine.name
    (True, 'reference engine, float32')
    """
    seen = explained(model, X, y, weights)
    with threadpool_limits(1, "blas"):  # products are small, and threads that wait for each other are slower
        return certify(
            seen.net, seen.X, seen.y, seen.weights, only=only, gradient=gradient, l1=l1, l2=l2,
            max_parameters=max_parameters, max_examples=max_examples, seed=seed, runner=runner_of(seen.net, engine),
        )  # fmt: skip


def runner_of(net: Network, name: str = "auto") -> Runner:
    """Return the engine that trains a network, as the certificate takes it."""

    def made(X: Floats, p: Floats, c: Floats, selection: Selection, penalty: Penalty) -> Engine:
        problem = Problem(
            net=net, X=X, p=p, w=c, batch_size=len(X), epochs=1, optimiser=GradientDescent(),
            schedule=Constant(), selection=selection, penalty=penalty, clip_norm=None, clip_value=None,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the certificate names the engine
            return engine(name, problem)

    def gradient(
        net: Network, X: Floats, p: Floats, c: Floats, selection: Selection, penalty: Penalty
    ) -> Floats:
        with np.errstate(all="ignore"):
            return made(X, p, c, selection, penalty).objective()[2]

    one = np.zeros((1, net.sizes[0]), net.dtype)
    target = np.zeros((1, net.sizes[-1]), net.dtype)
    chosen = made(one, target, np.ones(1, net.dtype), net.layout.select(None), Penalty()).name
    width = ""
    if chosen == "compiled":
        from deltarule.engines import compiled

        width = f", {compiled.BYTES}-byte vectors"
    return Runner(f"{chosen} engine, {net.dtype}{width}", gradient)
