"""What the page may ask for: every control with its range, every command and every question with its fields.

A command is {"do": name, ...}, a question {"about": name, ...}. Both are checked here, against the declarations that
the page's controls are made of.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
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
SPEEDS = ("1", "2", "5", "20", "100", "500", "2000")
"""Updates a second."""


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
        checked = _checked(CONTROLS[option].option, value)
        if option == "hidden":
            if len(checked) > MOST_LAYERS:
                raise FieldError(
                    f"hidden has {len(checked)} layers; it must have at most {MOST_LAYERS}.", option
                )
            checked = tuple(checked)
        return replace(self, **{option: checked})


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


@dataclass(frozen=True)
class Message:
    """A command or a question; every field is declared."""


def _field(option: Option) -> Any:
    """Return a dataclass's field with its declaration and default."""
    return field(default=option.default, metadata={"option": option})


NAME = Option("name", "column", default="")
STOP = Option("stop", "whole", low=1, default=1)


@dataclass(frozen=True)
class Step(Message):
    """Go on: to the next example of the batch, and over the last make the update; or by updates, or epochs."""

    by: str = _field(Option("by", "choice", choices=("example", "batch", "epoch"), default="batch"))
    n: int = _field(Option("n", "whole", low=1, high=10_000, default=1))


@dataclass(frozen=True)
class Back(Message):
    """Take updates back."""

    n: int = _field(Option("n", "whole", low=1, default=1))


@dataclass(frozen=True)
class Go(Message):
    """Go to where t updates had been made."""

    t: int = _field(Option("t", "whole", low=0, high=10**7, default=0))


@dataclass(frozen=True)
class Restart(Message):
    """Begin anew from the first parameters."""


@dataclass(frozen=True)
class Play(Message):
    """Make updates until something stops it."""


@dataclass(frozen=True)
class Pause(Message):
    """Stop playing."""


@dataclass(frozen=True)
class Speed(Message):
    """How many updates a second playing makes."""

    value: str = _field(Option("value", "choice", choices=SPEEDS, default="20"))


@dataclass(frozen=True)
class Set(Message):
    """Change a control, which checks the value."""

    option: str = _field(Option("option", "column", default=""))
    value: Any = None


@dataclass(frozen=True)
class Freeze(Message):
    """Let an array such as "W[1]", or a parameter, learn no more, or again."""

    name: str = _field(NAME)
    is_frozen: bool = _field(Option("is_frozen", "flag", default=True))


@dataclass(frozen=True)
class Weight(Message):
    """Set a parameter."""

    name: str = _field(NAME)
    value: float = _field(Option("value", "real", default=0.0))


@dataclass(frozen=True)
class Example(Message):
    """Look at another example, by its row from 1; 0 follows the batch."""

    row: int = _field(Option("row", "whole", low=0, default=0))


@dataclass(frozen=True)
class Input(Message):
    """Set input j of the example that is looked at, from 1; training begins anew with the parameters of now."""

    j: int = _field(Option("j", "whole", low=1, default=1))
    value: float = _field(Option("value", "real", default=0.0))


@dataclass(frozen=True)
class Stop(Message):
    """Go to a stop of the tour."""

    n: int = _field(Option("n", "whole", low=1, default=1))


@dataclass(frozen=True)
class OfParameter(Message):
    """A question about a parameter, on the example or on the whole batch."""

    of: str = _field(Option("of", "column", default=""))
    on: str = _field(Option("on", "choice", choices=("example", "batch"), default="example"))


@dataclass(frozen=True)
class Chain(OfParameter):
    """Every factor of the derivative, its proof and what the update makes of it."""


@dataclass(frozen=True)
class Check(Message):
    """The certificate of the gradient on the batch."""


@dataclass(frozen=True)
class Pulls(OfParameter):
    """What every example of the batch adds to a derivative, and every group of them: by a column, from 1; 0 is none."""

    by: int = _field(Option("by", "whole", low=0, default=0))


@dataclass(frozen=True)
class Nudge(OfParameter):
    """The loss along one parameter, with its tangent."""


@dataclass(frozen=True)
class Curve(OfParameter):
    """How far central differences are off, by their step."""


@dataclass(frozen=True)
class History(Message):
    """The losses of the updates so far."""


@dataclass(frozen=True)
class OfPlane(Message):
    """A question about a plane through the example: the inputs j of its two axes, from 1; y = 0 is the output."""

    x: int = _field(Option("x", "whole", low=1, default=1))
    y: int = _field(Option("y", "whole", low=0, default=2))


@dataclass(frozen=True)
class Points(OfPlane):
    """The rows that are learnt from, as points of the plane."""


@dataclass(frozen=True)
class Surface(OfPlane):
    """What the network says over the plane."""


@dataclass(frozen=True)
class Maps(OfPlane):
    """What every hidden unit says over the plane."""


@dataclass(frozen=True)
class Suspects(Message):
    """The rows that are hardest to believe."""


@dataclass(frozen=True)
class Norms(Message):
    """How large gradient and step are, layer by layer, beside the parameters."""


@dataclass(frozen=True)
class Mistakes(OfParameter):
    """The wrong derivatives that people make of the parameter."""


@dataclass(frozen=True)
class Broken(OfParameter):
    """The certificate of the gradient with one of those mistakes in it, by its place from 0."""

    mistake: int = _field(Option("mistake", "whole", low=0, default=0))


@dataclass(frozen=True)
class Guess(OfParameter):
    """Whether a number is the derivative (step 0), or entry `place` of the product after so many factors."""

    given: str = _field(Option("given", "column", default=""))
    step: int = _field(Option("step", "whole", low=0, default=0))
    place: int = _field(Option("place", "whole", low=1, default=1))


@dataclass(frozen=True)
class Stops(Message):
    """The stops of the tour, without the answers."""


@dataclass(frozen=True)
class Grade(Message):
    """Whether an answer to a stop's question is right; nothing given tells it."""

    stop: int = _field(STOP)
    given: str = _field(Option("given", "column", default=""))


@dataclass(frozen=True)
class Progress(Message):
    """Whether what a stop wants done is done, by what the tab looks at."""

    stop: int = _field(STOP)
    watch: str = _field(Option("watch", "column", default=""))
    group: str = _field(Option("group", "column", default=""))
    at: str = _field(Option("at", "column", default=""))


@dataclass(frozen=True)
class Lesson(Message):
    """The text that opens the page as it is set now, at this parameter and phase."""

    of: str = _field(Option("of", "column", default="w[1,1,1]"))
    phase: str = _field(Option("phase", "column", default="u"))


@dataclass(frozen=True)
class Export(OfParameter):
    """What a file is about: a parameter, and the example or the batch."""

    of: str = _field(Option("of", "column", default="w[1,1,1]"))


@dataclass(frozen=True)
class Source(Message):
    """The lines that compute a phase."""

    phase: str = _field(
        Option("phase", "choice", choices=("forward", "output", "backward", "update"), default="forward")
    )


COMMANDS: dict[str, type[Message]] = {
    each.__name__.lower(): each
    for each in (Step, Back, Go, Restart, Play, Pause, Speed, Set, Freeze, Weight, Example, Input, Stop)
}
QUESTIONS: dict[str, type[Message]] = {
    each.__name__.lower(): each
    for each in (
        Chain,
        Check,
        Pulls,
        Nudge,
        Curve,
        Points,
        Surface,
        Maps,
        Suspects,
        Norms,
        History,
        Lesson,
        Source,
        Mistakes,
        Broken,
        Guess,
        Stops,
        Grade,
        Progress,
    )
}


def command(body: object) -> Message:
    """Return a command, or raise a FieldError.

    >>> command({"do": "step", "by": "epoch"})
    Step(by='epoch', n=1)
    >>> command({"do": "step", "n": 0})
    Traceback (most recent call last):
    deltarule.web.commands.FieldError: n is 0; it must be a whole number from 1 to 10000.
    """
    return _message(body, "do", COMMANDS)


def question(body: object) -> Message:
    """Return a question, or raise a FieldError."""
    return _message(body, "about", QUESTIONS)


def export(fields: Mapping[str, str]) -> Export:
    """Return what a file is asked for with, or raise a FieldError."""
    return cast(Export, _message({**fields, "as": "export"}, "as", {"export": Export}))


def _message(body: object, key: str, known: Mapping[str, type[Message]]) -> Message:
    if not isinstance(body, dict):
        raise FieldError(f'a message must be an object with "{key}" in it.', key)
    given: dict[str, Any] = {str(name): value for name, value in body.items()}  # type: ignore[misc]
    name = given.pop(key, None)
    if not isinstance(name, str) or name not in known:
        raise FieldError(str(unknown(key, str(name), known)), key)
    kind = known[name]
    given.pop("rev", None)
    declared = {each.name: each.metadata.get("option") for each in fields(kind)}
    for field_name, value in given.items():
        if field_name not in declared:
            raise FieldError(f"{name} has no {field_name}.", field_name)
        option: Option | None = declared[field_name]
        if option is not None:
            given[field_name] = _checked(option, value)
    return kind(**given)


def _checked(option: Option, value: object) -> Any:
    try:
        return option.check(value)
    except OptionError as error:
        raise FieldError(str(error), option.name) from None
