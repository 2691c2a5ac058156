"""The words of a command line: numbers as people type them, and a sentence for words that are wrong."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args, get_origin

from cyclopts import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
    ValidationError,
)

from deltarule.errors import DeltaruleError, unknown
from deltarule.spelling import closest

if TYPE_CHECKING:
    from cyclopts import App, Argument

    from deltarule.options import Option

UNITS = "--hidden"
SEVERAL = UNITS, "--quantile", "--dropout"
"""The options that take several numbers, which may be words of their own."""
POSITIONS = {"MODEL": "a model file that fit has written", "DATA": "a table, such as a CSV file"}
KINDS = {int: "a whole number", float: "a number", Path: "the name of a file"}


def joined(words: Sequence[str]) -> list[str]:
    """Return a command line in which several numbers after --hidden and its like are one word.

    >>> joined(["fit", "t.csv", "--hidden", "64", "32", "--seed", "1"])
    ['fit', 't.csv', '--hidden', '64,32', '--seed', '1']
    """
    made: list[str] = []
    for word in words:
        if len(made) > 1 and made[-2] in SEVERAL and re.fullmatch(r"[\d.,)\]]+", word):
            made[-1] = f"{made[-1].rstrip(',')},{word}"
        else:
            made.append(word)
    return made


def checked(option: Option, texts: Sequence[str]) -> Any:
    """Return what was typed for a number as the option allows it, or raise its sentence.

    >>> from deltarule.options import Option
    >>> checked(Option("--epochs", "whole", low=1), ["1e3"])
    1000
    >>> checked(Option("--epochs", "whole", low=1), ["1,000"])
    Traceback (most recent call last):
    deltarule.errors.OptionError: --epochs is '1,000'; it must be a whole number from 1 on, such as 1000.
    """
    values = [number(text, option.kind) for text in texts]
    try:
        return option.check(values if option.several == "list" or len(values) > 1 else values[0])
    except DeltaruleError as error:
        meant = next(filter(None, (_meant(str(value), option) for value in values)), None)
        if meant is None:
            raise
        raise type(error)(f"{str(error).rstrip('.')}, such as {meant}.") from None


def said_of(error: CycloptsError, words: Sequence[str], app: App) -> str:
    """Return one sentence for words that are wrong, with what to type."""
    verb = words[0] if words and words[0] in app and not words[0].startswith("-") else ""
    where = f" See: deltarule {verb} --help" if verb else " See: deltarule --help"
    sentence = " ".join(_sentence(error, list(words), verb, app).split())
    return (sentence if sentence.endswith((".", "?")) else f"{sentence}.") + where


def _sentence(error: CycloptsError, words: list[str], verb: str, app: App) -> str:
    cause = error.__cause__
    match error:
        case UnknownOptionError():
            return _of_option(error.token.keyword or error.token.value, verb, app)
        case ValidationError():
            value = error.argument.value if error.argument is not None else None
            if (
                isinstance(value, str)
                and value.startswith("-")
                and "Unknown option" in error.exception_message
            ):
                return _of_option(value, verb, app)
            return error.exception_message
        case CoercionError() if isinstance(cause, DeltaruleError):
            return str(cause)
        case CoercionError() if error.token is not None:
            return _of_value(error, error.token.value)
        case UnknownCommandError():
            return _of_verb((error.unused_tokens or words)[0], app)
        case UnusedCliTokensError():
            return _of_rest((error.unused_tokens or words)[0], words, verb, app)
        case MissingArgumentError() if error.argument is not None:
            return _of_missing(error, verb)
        case RepeatArgumentError():
            return f"{error.token.keyword} is given more than once; give it once."
        case _:
            return str(error)


def number(text: str, kind: str) -> object:
    """Return the number that a text is; else the text itself."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text) if kind in ("whole", "real") else text
    except ValueError:
        return text


def _meant(text: str, option: Option) -> str | None:
    """Return how a number with a comma, or in percent, is typed."""
    plain = text.replace(" ", "")
    if option.kind == "whole" and re.fullmatch(r"\d{1,3}([,.']\d{3})+", plain):
        return re.sub(r"\D", "", plain)
    if option.kind == "real" and re.fullmatch(r"\d*,\d+", plain):
        return plain.replace(",", ".")
    if option.kind == "real" and re.fullmatch(r"\d+(\.\d+)?%", plain):
        return f"{float(plain[:-1]) / 100:g}"
    if (
        option.kind == "real"
        and option.high == 1
        and re.fullmatch(r"\d\d?(\.\d+)?", plain)
        and float(plain) > 1
    ):
        return f"{float(plain) / 100:g}"
    return None


def _of_option(typed: str, verb: str, app: App) -> str:
    name = typed.partition("=")[0]
    names = _names(app, verb) if verb else ["--help", "--version", "--debug"]
    others = [other for other in _verbs(app) if other != verb and name in _names(app, other)]
    if others and verb:
        return f"{verb} has no {name}, which is an option of {' and '.join(others[:3])}."
    long = [each for each in names if each.startswith("--")]
    near = closest(name, long) if name.startswith("--") or len(name) > 2 else None
    return f"unknown option {name}; did you mean {near}?" if near else f"unknown option {name}."


def _of_value(error: CoercionError, value: str) -> str:
    kind, argument = cast(Any, error.target_type), error.argument
    token = error.token
    flag = (token.keyword if token is not None else None) or (
        argument.name if argument is not None else "the value"
    )
    if get_origin(kind) is Literal:
        return str(unknown(flag, value, map(str, get_args(kind))))
    return f"{flag} is {value!r}; it must be {KINDS.get(kind, 'another value')}."


def _of_verb(typed: str, app: App) -> str:
    if typed.startswith("-"):
        return _of_option(typed, "", app)
    if Path(typed).exists() or re.search(r"\.\w{2,}$", typed):
        return f"{typed} is no command; one comes before it, for example: deltarule fit {typed}"
    return str(unknown("command", typed, _verbs(app)))


def _of_rest(word: str, words: list[str], verb: str, app: App) -> str:
    before = words[: words.index(word)] if word in words else []
    option = next((each for each in reversed(before) if each.startswith("-")), "")
    hint = 'a text with blanks in it goes in quotes, such as "total cost"'
    if verb and (argument := _arguments(app, verb).get(option)) is not None and _is_list(argument):
        hint = f"give the option again: {option} {word}"
    elif Path(word).exists():
        hint = 'several files are one word, a pattern in quotes such as "part-*.csv"'
    return f"{word!r} is one word too many; {hint}."


def _of_missing(error: MissingArgumentError, verb: str) -> str:
    argument = error.argument
    assert argument is not None
    if argument.name.startswith("-"):
        typed = error.keyword or next(
            (each.keyword for each in argument.tokens if each.keyword), argument.name
        )
        return f"{typed} needs {_wanted(argument)} after it."
    example = _example(cast(Any, error).target)
    name = argument.name.upper()
    return f"{name} is missing: {verb} needs {POSITIONS.get(name, 'it')}; for example: {example}"


def _wanted(argument: Argument) -> str:
    kinds = [each for each in (argument.hint, *get_args(argument.hint)) if each is not type(None)]
    choices = next((get_args(each) for each in kinds if get_origin(each) is Literal), ())
    if choices:
        return f"one of {', '.join(map(str, choices))}"
    return next((KINDS[each] for each in kinds if each in KINDS), "a value")


def _example(verb: Any) -> str:
    """Return the command that the help of a verb shows."""
    text = inspect.getdoc(verb) or ""
    found = re.search(r"For example: (.+?)(?=\n\n|\n[A-Z]|$)", text, re.S)
    return " ".join(found[1].split()) if found else ""


def _verbs(app: App) -> list[str]:
    return [name for name in app if not name.startswith("-")]


def _arguments(app: App, verb: str) -> dict[str, Argument]:
    """Return the arguments of a verb by the names of their options."""
    collection = app[verb].assemble_argument_collection()
    return {name: argument for argument in collection for name in argument.names if name.startswith("-")}


def _names(app: App, verb: str) -> list[str]:
    return [*_arguments(app, verb), "--help"]


def _is_list(argument: Argument) -> bool:
    return any(get_origin(each) is list for each in (argument.hint, *get_args(argument.hint)))
