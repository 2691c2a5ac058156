"""History: the course of a run, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from deltarule.training.events import EpochEnded, Event

STILL = 0.99
"""A loss below this share of the least before, in the last tenth of the epochs, is still falling."""


@dataclass
class History:
    """Lists with one entry an epoch; `gradient_norms` holds a tuple with one norm a layer."""

    epoch: list[int] = field(default_factory=list[int])
    loss: list[float] = field(default_factory=list[float])
    validation_loss: list[float | None] = field(default_factory=list[float | None])
    gradient_norms: list[tuple[float, ...]] = field(default_factory=list[tuple[float, ...]])
    learning_rate: list[float | None] = field(default_factory=list[float | None])
    seconds: list[float] = field(default_factory=list[float])

    def __call__(self, event: Event) -> None:
        if isinstance(event, EpochEnded):
            for name, values in vars(self).items():
                values.append(getattr(event, name))

    def __len__(self) -> int:
        return len(self.epoch)

    @property
    def best(self) -> float | None:
        """The least validation loss; None where there is none."""
        return min((loss for loss in self.validation_loss if loss is not None), default=None)

    def then(self, later: History) -> History:
        """Return this course and a later one, whose epochs and seconds go on from here."""
        epochs, seconds = len(self), self.seconds[-1] if self.seconds else 0.0
        moved = replace(
            later,
            epoch=[epochs + each for each in later.epoch],
            seconds=[seconds + each for each in later.seconds],
        )
        return History(
            *([*one, *other] for one, other in zip(vars(self).values(), vars(moved).values(), strict=True))
        )

    @property
    def is_falling(self) -> bool:
        """Whether the loss watched, of validation where there is one, was least at the end and fell until then.

        >>> History(loss=[1 / n for n in range(1, 40)]).is_falling, History(loss=[1.0] * 40).is_falling
        (True, False)
        """
        held = [loss for loss in self.validation_loss if loss is not None]
        if held and len(held) < len(self.validation_loss):  # the rows held out joined the others
            return False
        watched = held or self.loss
        last = max(1, len(watched) // 10)
        return len(watched) > 2 and min(watched[-last:]) < STILL * min(watched[:-last])

    def record(self) -> dict[str, Any]:
        """Return the lists by name, ready for JSON."""
        return {name: list(values) for name, values in vars(self).items()}
