"""Early stopping, with the best weights restored."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from deltarule.maths.optimisers import State
from deltarule.network import Floats
from deltarule.options import Option, check_fields, declared
from deltarule.spelling import plural
from deltarule.training.events import EpochEnded, Event, RunStarted

FIELDS = declared(
    Option("patience", "whole", low=1, help="Epochs to wait for a better loss."),
    Option("least", "real", low=0, help="By how much a loss must be better to count."),
)


@dataclass
class EarlyStopping:
    """Ends a run after `patience` epochs without a better loss, and puts the best weights back.

    The loss watched is the validation loss, or the training loss where nothing is held out. "Better" is lower
    by more than `least`. The best weights come back however the run ends; best_state is the optimiser's state that
    belongs to them, None with L-BFGS.
    """

    patience: int = 10
    least: float = 0.0
    best_loss: float = math.inf
    best_epoch: int = 0
    best_state: State | None = field(default=None, init=False, repr=False)
    _state: Callable[[], State] | None = field(default=None, init=False, repr=False)
    _best_theta: Floats | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_fields(self, FIELDS)

    def __call__(self, event: Event) -> str | None:
        if isinstance(event, RunStarted):
            self._state = event.state
        elif isinstance(event, EpochEnded):
            watched = event.loss if event.validation_loss is None else event.validation_loss
            if watched < self.best_loss - self.least:
                self.best_loss, self.best_epoch = watched, event.epoch
                self._best_theta = event.net.theta.copy()
                self.best_state = None if self._state is None else self._state()
            elif event.epoch - self.best_epoch >= self.patience:
                which = "training" if event.validation_loss is None else "validation"
                return f"at epoch {event.epoch}, after {plural(self.patience, 'epoch')} without a better {which} loss"
        elif self._best_theta is not None:
            event.net.theta = self._best_theta
        return None
