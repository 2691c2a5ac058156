"""What every engine is given, does and gives back.

An epoch is one call, so that compiled code need not come back to Python for every batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from deltarule.engines.examples import keys_of
from deltarule.errors import OptionError
from deltarule.maths.dropout import Dropout
from deltarule.maths.optimisers import Optimiser, State
from deltarule.maths.penalties import Penalty
from deltarule.maths.schedules import Schedule
from deltarule.network import Floats, Network
from deltarule.options import OPTIONS, is_several
from deltarule.parameters import Selection
from deltarule.spelling import plural


def dropout_of(net: Network, X: Any, rates: float | Sequence[float], seed: int) -> Dropout | None:
    """Return the dropout of a network's hidden layers on the examples X; None where all rates are 0.

    Raises
    ------
    OptionError
        A rate is not from 0 to less than 1, or there is not one for every hidden layer.

    >>> net = Network([3, 4, 5, 2])
    >>> dropout_of(net, np.zeros((1, 3)), 0.2, seed=0).rates
    (0.2, 0.2)
    """
    hidden = net.K - 1
    given = OPTIONS["dropout"].check(rates)
    each: tuple[float, ...] = tuple(given) if is_several(given) else (float(given),) * hidden
    if len(each) != hidden:
        raise OptionError(
            f"{plural(len(each), 'dropout rate')} given for {plural(hidden, 'hidden layer')}; give one rate, or "
            "one for each."
        )
    return Dropout(each, seed, keys_of(X)) if any(each) else None


@dataclass(frozen=True)
class Problem:
    """The loss to go down, and the way to go.

    X is (N, n_0), a matrix or a CSR array in canonical form, p (N, n_K) and w (N,), all in the network's dtype; w are
    example weights in any scale. A batch's loss is sum_n c_n L_n with c = w / sum w over the batch. The penalty is
    added to the loss of every batch, over the weights that learn. Dropout is of epochs alone, not of `objective` and
    `loss`. begun: updates that the optimiser's state comes with, from which on the schedule counts. rates: factors on
    the learning rate, (P,); None where all are 1.
    """

    net: Network
    X: Any
    p: Floats
    w: Floats
    batch_size: int
    epochs: int
    optimiser: Optimiser
    schedule: Schedule
    selection: Selection
    penalty: Penalty
    clip_norm: float | None
    clip_value: float | None
    dropout: Dropout | None = None
    begun: int = 0
    rates: NDArray[np.float64] | None = None

    @property
    def updates_per_epoch(self) -> int:
        return -(-len(self.p) // self.batch_size)

    def masks(self, batch: NDArray[np.intp], t: int) -> dict[int, Floats]:
        """Return the masks of the hidden layers for a batch in update t, counted from 0."""
        if self.dropout is None:
            return {}
        return {
            k: self.dropout.mask(k, self.net.sizes[k], t, batch)
            for k in range(1, self.net.K)
            if self.dropout.threshold(k)
        }

    def learning_rate(self, t: int) -> float:
        """Return alpha of update t, counted from 0, taken in the middle of the update."""
        passed = (t - self.begun + 0.5) / self.updates_per_epoch
        return self.optimiser.lr * self.schedule(passed, self.epochs)


class EpochResult(NamedTuple):
    """What an epoch reports.

    loss
        sum_n c_n L_n over the table, each example's loss as its update saw it, without the penalty.
    mean_of_batches
        The mean over examples of the loss of the batch that each was in: the same where all weigh the same.
    penalty
        The mean over examples of the penalty on that batch.
    gradient_norms
        (K,): the mean over updates of the 2-norm of the gradient by [W_k, b_k], before clipping, 0 where
        nothing learns; that by s is in none of them.
    learning_rate
        Of the last update.
    examples
        How many examples were visited: fewer than N where the epoch was interrupted.
    """

    loss: float
    mean_of_batches: float
    penalty: float
    gradient_norms: NDArray[np.float64]
    learning_rate: float
    examples: int


class Engine(Protocol):
    """Trains problem.net in place."""

    name: ClassVar[str]
    problem: Problem
    state: State
    """The optimiser's; assigning one goes on from there."""
    compiling: float
    """Seconds that were spent on compiling for it; 0 where machine code was there."""
    notice: str
    """Why this engine runs where another one was expected, and what that costs; empty where there is nothing to say."""

    def __init__(self, problem: Problem, n_threads: int | None = None, *, is_quiet: bool = False) -> None:
        """n_threads: how many threads work, where there is work for as many; None for one or one each processor, as is
        faster. The result is the same for any.

        is_quiet: nothing is told of compiling.
        """
        ...

    def epoch(self, order: NDArray[np.intp], interrupted: NDArray[np.bool_]) -> EpochResult:
        """Update the network once for every batch of `order`, a permutation of the rows.

        Ends after the batch in which interrupted[0] becomes True.

        Raises
        ------
        DivergenceError
            A number stopped being finite; the network holds the parameters before that update.
        """
        ...

    def objective(self) -> tuple[float, float, NDArray[Any]]:
        """Return the full batch's loss, its penalty, and their gradient by the parameters that learn."""
        ...

    def loss(self, X: Any, p: Floats, c: Floats) -> float:
        """Return sum_n c_n L_n of other examples, X a matrix or sparse, in bounded memory."""
        ...
