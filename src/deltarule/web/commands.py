"""What the page may ask for: every control with its range, every command and every question with its fields.

A command is {"do": name, ...}, a question {"about": name, ...}. Both are checked here, against the declarations that
the page's controls are made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, cast

from deltarule.errors import unknown
from deltarule.options import Option
from deltarule.web.controls import FieldError, checked

SPEEDS = ("1", "2", "5", "20", "100", "500", "2000")
"""Updates a second."""


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
    deltarule.web.controls.FieldError: n is 0; it must be a whole number from 1 to 10000.
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
            given[field_name] = checked(option, value)
    return kind(**given)
