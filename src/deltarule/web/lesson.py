"""A lesson: what the page is set to and looks at as one line of text, to be typed or sent.

    v1;moons,200,0.1,0;4-4,tanh;adam,0.01,32;w[2,1,3];b1

The version; data, rows, noise and seed; hidden units and activation; optimiser, rate and examples a batch, and behind
them whatever else is set, as in l2=0.01; the parameter; the phase: fx, f1, ..., fy, fL of the forward pass, bL, ..., b1
of the backward pass, u for the update.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any

from deltarule.errors import OptionError
from deltarule.options import shown
from deltarule.web.controls import CONTROLS, OWN, FieldError, Settings
from deltarule.web.session import Session

VERSION = "v1"
EXAMPLE = "v1;moons,200,0.1,0;4-4,tanh;adam,0.01,32;w[2,1,3];b1"
NONE = "none"
"""What stands for no hidden layers."""
PARTS = (
    ("data", "rows", "noise", "seed"),
    ("hidden", "activation"),
    ("optimiser", "learning_rate", "batch_size"),
)
WORDS = ("data, rows, noise and seed", "hidden units and activation", "optimiser, rate and batch")
OTHERS = tuple(each.name for each in fields(Settings) if not any(each.name in part for part in PARTS))
"""What is told only where it is not as it comes."""
MOST = 1000
_PARAMETER = re.compile(r"w\[\d+,\d+,\d+\]|b\[\d+,\d+\]", re.ASCII)
_PHASE = re.compile(r"[fb](\d+)|fx|fy|fL|bL|u", re.ASCII)


@dataclass(frozen=True)
class Lesson:
    """What the page is set to, and the parameter and the phase that it opens at."""

    settings: Settings
    of: str
    phase: str


def write(lesson: Lesson) -> str:
    """Return a lesson as text.

    Raises
    ------
    OptionError
        The data are one's own, or there is no such parameter or phase.

    >>> write(Lesson(Settings(), "w[1,1,1]", "b1"))
    'v1;worked,200,0.1,0;2-2,relu;gradient_descent,0.1,1;w[1,1,1];b1'
    """
    settings = lesson.settings
    if settings.data == OWN:
        raise OptionError(
            "a lesson is a text, and holds no data of your own; choose others, or share the script."
        )
    parts = [",".join(_written(getattr(settings, name)) for name in part) for part in PARTS]
    others = [f"{name}={_written(getattr(settings, name))}" for name in OTHERS if _is_set(settings, name)]
    text = ";".join([VERSION, *parts[:-1], ",".join([parts[-1], *others]), lesson.of, lesson.phase])
    read(text)
    return text


def read(text: str) -> Lesson:
    """Return the lesson of a text.

    Raises
    ------
    OptionError
        The text is no lesson; the sentence says what is wrong.

    >>> read("v1;moons,200,.1,0;4-4,tanh;adam,.01,32,l2=.5;w[2,1,3];b1").settings.l2
    0.5
    >>> read("v1;moons,200,.1,0;4-4,tanh;adam,.01,32;w[2,1,3];b4")
    Traceback (most recent call last):
    deltarule.errors.OptionError: the lesson's phase is 'b4'; it must be fx, f1 to f3, fy, fL, bL, b3 to b1, or u.
    """
    if len(text) > MOST:
        raise OptionError(f"the lesson has {len(text):,} characters; {MOST:,} are enough for any.")
    version, *parts = text.strip().split(";")
    if version != VERSION:
        raise OptionError(f'the lesson begins with {shown(version)}; it must look like "{EXAMPLE}".')
    if len(parts) != len(PARTS) + 2:
        raise OptionError(
            f'the lesson has {len(parts) + 1} parts between semicolons, not 6; it must look like "{EXAMPLE}".'
        )
    settings = Settings()
    for names, words, part in zip(PARTS, WORDS, parts, strict=False):
        settings = _set(settings, names, words, part)
    return Lesson(settings, _parameter(parts[-2]), _phase(parts[-1], len(settings.hidden) + 1))


def begun(text: str) -> Session:
    """Return the session that a lesson begins with.

    Raises
    ------
    OptionError
        The text is no lesson, or its network has no such parameter.
    """
    lesson = read(text)
    session = Session(settings=lesson.settings, opening=(lesson.of, lesson.phase))
    session.walk.net.layout.find(lesson.of)
    return session


def _set(settings: Settings, names: tuple[str, ...], words: str, part: str) -> Settings:
    """Return settings with those of one part; the last part ends in others by name."""
    values = part.split(",")
    given = list(zip(names, values, strict=False))
    others = values[len(names) :]
    if len(values) < len(names) or (others and names is not PARTS[-1]):
        raise OptionError(f"the lesson has {shown(part)} where {words} should stand, with commas between.")
    for other in others:
        name, equals, value = other.partition("=")
        if not equals or name not in OTHERS or name in dict(given):
            raise OptionError(
                f"the lesson has {shown(other)}; it must be one of {', '.join(OTHERS)}, once, with = and a value."
            )
        given.append((name, value))
    for name, value in given:
        try:
            settings = settings.changed(name, _value(name, value))
        except FieldError as error:
            raise OptionError(f"in the lesson, {error}") from None
    if settings.data == OWN:
        raise OptionError("a lesson holds no data of your own; name a model and its table instead.")
    return settings


def _value(name: str, text: str) -> Any:
    if CONTROLS[name].option.kind == "choice":
        return text
    if name == "hidden":
        return [] if text == NONE else [_number(each) for each in text.split("-")]
    return _number(text)


def _number(text: str) -> int | float | str:
    """Return the number that a text is, or the text, which the check then refuses."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return "-".join(map(str, value)) or NONE  # type: ignore[arg-type]
    return str(value).removesuffix(".0")


def _is_set(settings: Settings, name: str) -> bool:
    return getattr(settings, name) != getattr(Settings, name)


def _parameter(text: str) -> str:
    if not _PARAMETER.fullmatch(text):
        raise OptionError(
            f"the lesson's parameter is {shown(text)}; it must be one such as w[2,1,3] or b[1,2]."
        )
    return text


def _phase(text: str, K: int) -> str:
    found = _PHASE.fullmatch(text)
    if not found or (found[1] and found[1] not in map(str, range(1, K + 1))):
        raise OptionError(
            f"the lesson's phase is {shown(text)}; it must be fx, f1 to f{K}, fy, fL, bL, b{K} to b1, or u."
        )
    return text
