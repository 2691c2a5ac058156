"""What a training run reports, in order: RunStarted, EpochEnded for every epoch, Stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from deltarule.maths.optimisers import State
from deltarule.network import Network


@dataclass(frozen=True)
class RunStarted:
    """Everything is checked and the first update is about to be made."""

    net: Network
    engine: str
    n_examples: int
    n_validation: int
    n_learning: int
    """Parameters that learn."""
    epochs: int
    updates_per_epoch: int
    compiling: float = 0.0
    """Seconds spent on compiling the engine; 0 where this machine had done so."""
    notice: str = ""
    """Why another engine runs than one would expect, and what that costs; mostly empty."""
    state: Callable[[], State] | None = None
    """Gives the optimiser's state as it is then; None with L-BFGS."""


@dataclass(frozen=True)
class EpochEnded:
    """One pass over the examples is done (one iteration, with L-BFGS).

    loss is sum_n c_n L_n as the updates saw it, without the penalty; gradient_norms has the mean norm of the
    gradient by [W_k, b_k] for k = 1..K; seconds counts from the start.
    """

    net: Network
    epoch: int
    loss: float
    validation_loss: float | None
    gradient_norms: tuple[float, ...]
    learning_rate: float | None
    examples_per_second: float
    seconds: float


@dataclass(frozen=True)
class Stopped:
    """No update follows. `reason` completes the sentence "training stopped ..."."""

    net: Network
    epoch: int
    reason: str
    is_interrupted: bool = False


Event: TypeAlias = RunStarted | EpochEnded | Stopped

Listener: TypeAlias = Callable[[Event], str | None]
"""Called with every event; a listener that returns a reason ends the run."""
