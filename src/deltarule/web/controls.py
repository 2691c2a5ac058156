"""The settings of the page: each is a control, declared with what it may be, which checks it wherever it comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from deltarule.errors import OptionError, unknown
from deltarule.maths.activations import ACTIVATIONS
from deltarule.maths.optimisers import LBFGS, OPTIMISERS
from deltarule.options import OPTIONS, Option
from deltarule.web.examples import MAKERS, WORKED

OWN = "own"
"""The name of data that were given."""
MOST_ROWS, MOST_LAYERS, MOST_UNITS = 50_000, 8, 1024
STARTS = ("drawn", "equal", "zero")
"""First weights: as the seed, the notes or a model have them; or all the same or all 0, with biases 0."""


class FieldError(OptionError):
    """A command's field that is not what it may be; `field` is its name."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Control:
    """A setting of the page: its declaration, what it is called, and whether changing it makes another network."""

    option: Option
    words: str
    is_of_network: bool = False


def _chosen(name: str, choices: tuple[str, ...], words: str, *, is_of_network: bool = False) -> Control:
    return Control(Option(name, "choice", choices=choices), words, is_of_network)


def _of_training(name: str, words: str, **changed: Any) -> Control:
    return Control(replace(OPTIONS[name], none=None, also=None, **changed), words)


CONTROLS = {
    control.option.name: control
    for control in (
        _chosen("data", (*MAKERS, OWN), "data", is_of_network=True),
        Control(Option("rows", "whole", low=2, high=MOST_ROWS), "examples", is_of_network=True),
        Control(Option("noise", "real", low=0, high=2), "noise", is_of_network=True),
        Control(
            Option("validation", "real", low=0, high=0.9), "part held out", is_of_network=True
        ),
        Control(
            Option("hidden", "whole", low=1, high=MOST_UNITS, several="list"), "hidden units", is_of_network=True
        ),
        _chosen("activation", tuple(ACTIVATIONS), "activation", is_of_network=True),
        _chosen("start", STARTS, "first weights", is_of_network=True),
        Control(Option("seed", "whole", low=0, high=2**32 - 1), "seed", is_of_network=True),
        _chosen("optimiser", tuple(name for name, of in OPTIMISERS.items() if of is not LBFGS), "optimiser"),
        _of_training("learning_rate", "learning rate α"),
        _of_training("batch_size", "examples a batch"),
        _of_training("l1", "penalty l1"),
        _of_training("l2", "penalty l2"),
        _of_training("weight_decay", "weight decay"),
        _of_training("clip_norm", "gradient's norm at most", is_low_open=False),
        _of_training("dropout", "dropout", several="no"),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """The values of all controls; 0 of clip_norm and of validation is none."""

    data: str = WORKED
    rows: int = 200
    noise: float = 0.1
    validation: float = 0.0
    hidden: tuple[int, ...] = (2, 2)
    activation: str = "relu"
    start: str = STARTS[0]
    seed: int = 0
    optimiser: str = "gradient_descent"
    learning_rate: float = 0.1
    batch_size: int = 1
    l1: float = 0.0
    l2: float = 0.0
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    dropout: float = 0.0

    def changed(self, option: str, value: Any) -> Settings:
        """Return them with another value of one control, or raise a FieldError that says what it may be."""
        if option not in CONTROLS:
            raise FieldError(str(unknown("option", option, CONTROLS)), option)
        value = checked(CONTROLS[option].option, value)
        if option == "hidden":
            if len(value) > MOST_LAYERS:
                raise FieldError(
                    f"hidden has {len(value)} layers; it must have at most {MOST_LAYERS}.", option
                )
            value = tuple(value)
        return replace(self, **{option: value})


OF_WORKED = Settings()
OF_OTHERS = Settings(hidden=(4, 4), activation="tanh", optimiser="adam", learning_rate=0.01, batch_size=32)
"""What the worked example begins with, and what all else does."""


def _plain(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def told_controls(settings: Settings, choices: Mapping[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    """Return what the page makes its controls of; choices: those that are fewer than declared, by control."""
    told: list[dict[str, Any]] = []
    for name, control in CONTROLS.items():
        of, value = control.option, getattr(settings, name)
        each: dict[str, Any] = {"name": name, "words": control.words, "kind": of.kind, "allowed": of.allowed}
        if of.kind == "choice":
            each["choices"] = choices.get(name, of.choices)
        else:
            each |= {
                end: f"{limit:g}"
                for end, limit in (("low", of.low), ("high", of.high))
                if math.isfinite(limit)
            }
        each["value"] = (
            "-".join(map(str, cast(tuple[int, ...], value))) if isinstance(value, tuple) else _plain(value)
        )
        told.append(each)
    return told


def checked(option: Option, value: object) -> Any:
    """Return a value that an option allows, or raise a FieldError."""
    try:
        return option.check(value)
    except OptionError as error:
        raise FieldError(str(error), option.name) from None
