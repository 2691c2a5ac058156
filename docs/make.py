"""Make the pages of docs/ that are read off the program: options.md and public-names.md.

Run it as `make docs`; a test holds the pages to what it makes.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import deltarule
from deltarule import MLPClassifier, MLPRegressor, Network, TableClassifier, TableRegressor, check, train
from deltarule.cli import app
from deltarule.cli.fit import TEST
from deltarule.cli.reading import ColumnOptions, FileOptions
from deltarule.estimators.settings import OF_CLASSES, OF_VALUES, SETTINGS
from deltarule.maths.activations import ACTIVATIONS
from deltarule.maths.optimisers import OPTIMISERS
from deltarule.maths.outputs import OUTPUTS
from deltarule.maths.schedules import SCHEDULES
from deltarule.options import CHECK, NETWORK, OPTIONS, Option

FOLDER = Path(__file__).parent
REGISTRIES = {
    "activation": ACTIVATIONS, "optimiser": OPTIMISERS, "output": OUTPUTS, "schedule": SCHEDULES,
}  # fmt: skip

# What a setting that `train` or the table classes name is called elsewhere, where that is not the same.
MLP = {
    "solver": "optimiser", "learning_rate_init": "learning_rate", "learning_rate": "schedule", "max_iter": "epochs",
    "random_state": "seed", "hidden_layer_sizes": "hidden", "alpha": "l2", "trainable": "only",
    "n_iter_no_change": "early_stopping", "validation_fraction": "validation", "eval_set": "validation",
    "sample_weight": "weights", "verbose": "progress",
}  # fmt: skip
TABLE = {"weight": "weights", "sample_weight": "weights"}
SHELL = {"threads": "n_threads", "weight": "weights", "quiet": "progress"}
REMARKS = {
    "hidden": "`train` takes a network, which has all its sizes: `Network([4, 64, 3])`",
    "learning_rate": "in `MLP*` the word `learning_rate` is a schedule's, as scikit-learn has it",
    "l2": "`l2` is `alpha` divided by the number of examples",
    "early_stopping": "epochs to wait; in `MLP*` a flag, and `n_iter_no_change` the epochs, as scikit-learn has it",
    "validation": "a share; `train` and `eval_set` take examples, too",
    "weights": "an array, one weight a row; `weight` is the name of a column that has them",
    "progress": "a bar; in `MLP*` a line an epoch; `--quiet` leaves out the summary, too",
    "seed": "`random_state` may be a generator, and None draws anew every time",
}

HEAD = "<!-- made by docs/make.py; do not edit -->"


def cell(text: str) -> str:
    """Return text as a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows as a table of Markdown."""
    lines = [head, ["---"] * len(head), *(list(map(cell, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def described(thing: Any) -> dict[str, tuple[str, str]]:
    """Return the type, where it is said, and the help of every parameter, from the docstring."""
    found: dict[str, tuple[str, str]] = {}
    _, _, rest = (inspect.getdoc(thing) or "").partition("Parameters\n----------\n")
    section = re.split(r"\n[A-Z]\w+\n-{3,}\n", rest)[0]
    for head, body in re.findall(r"^(\S.*)\n((?:(?: .*)?\n?(?!\S))*(?: .*)?)", section, re.MULTILINE):
        names, _, kind = head.partition(" : ")
        kind = re.sub(r",? default=.*", "", kind)
        for name in names.split(", "):
            found[name] = kind, " ".join(body.split())
    return found


def parameters(thing: Any) -> dict[str, inspect.Parameter]:
    """Return what a function or class takes besides itself and data."""
    every = inspect.signature(thing).parameters
    return {name: each for name, each in every.items() if name not in ("self", "net", "X", "y")}


def default(value: Any) -> str:
    """Return a default as it is typed."""
    return "must be given" if value is inspect.Parameter.empty else f"`{value!r}`"


def of_python(thing: Any, declared: Mapping[str, Option], besides: Iterable[str] = ()) -> str:
    """Return the table of what a function or class takes; besides: names told elsewhere."""
    said, rows = described(thing), []
    for name, parameter in parameters(thing).items():
        if name in besides:
            continue
        kind, text = said.get(name, ("", ""))
        if name in declared:
            kind, text = declared[name].allowed, text or declared[name].help
        elif name in REGISTRIES and not kind:
            kind = "one of " + ", ".join(REGISTRIES[name])
        rows.append((f"`{name}`", kind or f"`{parameter.annotation}`", default(parameter.default), text))
    return table(("name", "may be", "default", "what it is"), rows)


def arguments(verb: str) -> list[Any]:
    """Return the arguments of a verb, without those that stand for several."""
    return [
        each for each in app[verb].assemble_argument_collection(parse_docstring=True) if "*" not in each.names
    ]


def verbs() -> list[str]:
    """Return the names of the verbs, in the order of --help."""
    return [name for name in app if not name.startswith("-")]


def word(argument: Any) -> str:
    """Return the name of an argument as Python spells it."""
    return argument.names[0].lstrip("-").replace("-", "_")


def of_shell(argument: Any) -> tuple[str, str, str, str]:
    """Return the row of an argument of a verb."""
    settings = {**CHECK, **SETTINGS, **OF_CLASSES, **OF_VALUES, "test": TEST}
    names = [name.lstrip("-").replace("-", "_") for name in argument.names]
    option = next((settings[name] for name in names if name in settings), None)
    registry = next((REGISTRIES[name] for name in names if name in REGISTRIES), None)
    hint = str(argument.hint)
    text = argument.parameter.help or ""
    if choices := argument.get_choices():
        kind = " or ".join(choices)
    elif registry is not None:
        kind = "one of " + ", ".join(registry)
        text = text.partition("; ")[2] if text.startswith(next(iter(registry))) else text
    elif not argument.names[0].startswith("-"):
        kind = "a path"
    elif "bool" in hint:
        kind = "a flag"
    elif option is not None and option.kind in ("whole", "real", "column"):
        kind = replace(option, none=None, also=None).allowed
    elif "list" in hint:
        kind = "a text; several by the option again"
    else:
        kind = (
            "a file"
            if "Path" in hint
            else "a whole number"
            if "int" in hint
            else "a number"
            if "float" in hint
            else "a text"
        )
    value = argument.field_info.default
    is_left_out = value is None or value is False or value is inspect.Parameter.empty
    return (
        ", ".join(f"`{name}`" for name in argument.names),
        kind,
        "must be given" if argument.required else "" if is_left_out else f"`{value}`",
        text,
    )


def faces() -> dict[str, dict[str, list[str]]]:
    """Return, for each of the four, how it calls every setting; by the name in `train` or the table classes."""

    def by_key(
        names: Iterable[str], others: Mapping[str, str], shown: Callable[[str], str]
    ) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in names:
            found.setdefault(others.get(name, name), []).append(shown(name))
        return found

    def of_classes(classes: Sequence[Any], others: Mapping[str, str]) -> dict[str, list[str]]:
        made = dict.fromkeys(name for each in classes for name in parameters(each))
        called = [name for name in parameters(classes[0].fit) if name not in made]
        unknown = set(others) - {*made, *called}
        if unknown - {"sample_weight"}:
            raise ValueError(f"{classes[0].__name__} has no {', '.join(sorted(unknown))}; mend docs/make.py")
        return by_key([*made, *called], others, lambda name: name if name in made else f"fit({name}=)")

    shell = [word(each) for each in arguments("fit") if each.names[0].startswith("--")]
    flags = {word(each): each.names[0] for each in arguments("fit")}
    return {
        "`train`": by_key(parameters(train), {}, str),
        "`MLP*`": of_classes((MLPClassifier, MLPRegressor), MLP),
        "`Table*`": of_classes((TableClassifier, TableRegressor), TABLE),
        "`deltarule fit`": by_key(shell, SHELL, flags.__getitem__),
    }


def names_of_settings() -> tuple[str, list[str]]:
    """Return the table of settings with several names, and the settings that have one everywhere."""
    found = faces()
    rows: list[list[str]] = []
    same: list[str] = []
    for key in dict.fromkeys(key for face in found.values() for key in face):
        each = [face.get(key, []) for face in found.values()]
        plain = {name.strip("-").replace("-", "_") for names in each for name in names}
        if len(plain) > 1 or key in REMARKS:
            shown = [", ".join(f"`{name}`" for name in names) for names in each]
            rows.append([*shown, REMARKS.get(key, "")])
        elif sum(map(bool, each)) > 1:
            same.append(key)
    return table((*found, "remark"), rows), same


def options_page() -> str:
    """Return docs/options.md."""
    several, same = names_of_settings()
    declared = {**SETTINGS, **OF_CLASSES, **OF_VALUES}
    shared = {
        "What columns are": {each.name for each in fields(ColumnOptions)},
        "How a file is read": {each.name for each in fields(FileOptions)},
    }
    by_verb = {verb: {word(each): each for each in arguments(verb)} for verb in verbs()}
    parts = [
        "# Options", HEAD,
        "Every setting: its names, what may come, its default, what it is. `MLP*` are `MLPClassifier` and "
        "`MLPRegressor`, whose names are scikit-learn's; `Table*` are `TableClassifier` and `TableRegressor`.",
        "A name that another tool, or another of these, gives to a setting is answered with the one that it has here.",
        "## The same thing has these names", several,
        f"The same everywhere, with hyphens after `--`: {', '.join(f'`{name}`' for name in same)}.",
        "## Python", "### `Network`", of_python(Network, NETWORK), "### `train`", of_python(train, OPTIONS),
        "### `check`", of_python(check, CHECK),
        "### `TableClassifier`", of_python(TableClassifier, declared),
        "### `TableRegressor`", "Those of `TableClassifier` without `class_weight` and `label_smoothing`, and:",
        of_python(TableRegressor, declared, parameters(TableClassifier)),
        "### `MLPClassifier`", of_python(MLPClassifier, {}),
        "Its `fit(X, y, ...)` takes besides:", of_python(MLPClassifier.fit, {}),
        "### `MLPRegressor`", "Those of `MLPClassifier` without `class_weight` and `label_smoothing`, and:",
        of_python(MLPRegressor, {}, parameters(MLPClassifier)),
        "## Command line", "Every verb has `--help`, and `--debug`, which shows where an unexpected error comes from.",
    ]  # fmt: skip
    for heading, names in shared.items():
        having = [verb for verb, each in by_verb.items() if names <= set(each)]
        rows = [of_shell(by_verb[having[0]][name]) for name in by_verb[having[0]] if name in names]
        parts += [
            f"### {heading}: {', '.join(f'`{verb}`' for verb in having)}",
            table(("name", "may be", "default", "what it is"), rows),
        ]
    for verb, each in by_verb.items():
        told = {name for names in shared.values() if names <= set(each) for name in names}
        rows = [of_shell(argument) for name, argument in each.items() if name not in told]
        parts += [
            f"### `deltarule {verb}`",
            app[verb].help.strip(),
            table(("name", "may be", "default", "what it is"), rows),
        ]
    return "\n\n".join(parts) + "\n"


GROUPS = {
    "Networks and training": ("Network", "train"),
    "Tables": ("TableClassifier", "TableRegressor", "schema"),
    "In place of scikit-learn's": ("MLPClassifier", "MLPRegressor", "LossCurveDisplay"),
    "Why a weight moves, and the proof": ("explain", "pullers", "suspects", "check"),
    "Files": ("save", "load"),
}
"""Where a reader looks for the names of `deltarule`; those that are not here come last."""
MODULES = {
    "deltarule.tables": "Tables and what is found of them",
    "deltarule.training": "Training as events, and what listens",
    "deltarule.chain": "What explain, pullers, suspects and check return",
    "deltarule.maths.activations": "Activations",
    "deltarule.maths.outputs": "Outputs and their losses",
    "deltarule.maths.optimisers": "Optimisers",
    "deltarule.maths.schedules": "Schedules of the learning rate",
    "deltarule.errors": "Errors: each is a ValueError too",
}


BUILT = {"EarlyStopping", "ProgressBar", "Walk"}
"""What one makes oneself, of the modules whose classes are what functions give back."""
RETURNED = "deltarule.tables", "deltarule.training", "deltarule.chain"


def public(module: ModuleType) -> list[str]:
    """Return the names that a module is for: its __all__, or the classes and functions that it defines."""
    named: list[str] | None = getattr(module, "__all__", None)
    if named is not None:
        return [name for name in named if not name.startswith("_")]
    is_kind = inspect.isclass if module.__name__ == "deltarule.errors" else callable
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__ and is_kind(value)
    ]


def signature(name: str, value: Any) -> str:
    """Return how something is called, without types; what has a table in options.md is cut short."""
    every = inspect.signature(value)
    if len(every.parameters) > 20:
        return f"{name}(...)"
    plain = [
        each.replace(annotation=inspect.Parameter.empty)
        for each in every.parameters.values()
        if not each.name.startswith("_")
    ]
    text = str(every.replace(parameters=plain, return_annotation=inspect.Signature.empty))
    return f"{name}{re.sub(r'<.*?>', '...', text)}"


def members(kind: type) -> str:
    """Return the public attributes and methods of a class of what is given back."""
    made = [each.name for each in fields(kind)] if is_dataclass(kind) else []
    found = {name: "" for name in made if not name.startswith("_")}
    for base in reversed(kind.__mro__[:-1]):
        for name, value in vars(base).items():
            if not name.startswith("_") and (callable(value) or isinstance(value, (property, classmethod))):
                found[name] = "" if isinstance(value, property) else "()"
    return ", ".join(f"`.{name}{call}`" for name, call in found.items())


def row_of(module: ModuleType, name: str) -> tuple[str, str]:
    """Return a public name's row."""
    value = getattr(module, name)
    if not (inspect.isfunction(value) or inspect.isclass(value)):
        return f"`{name}`", "A type: `" + re.sub(r"\b(?:\w+\.)+", "", str(value)) + "`"
    first = (inspect.getdoc(value) or "").partition("\n\n")[0]
    if inspect.isclass(value) and module.__name__ in RETURNED and name not in BUILT:
        has = members(value)
        return f"`{name}`", f"{first} It has {has}." if has else first
    is_called = inspect.isfunction(value) or not (
        issubclass(value, (Exception, Warning)) or getattr(value, "_is_protocol", False)
    )
    return f"`{signature(name, value) if is_called else name}`", first


def names_page() -> str:
    """Return docs/public-names.md."""
    head = "name", "what it is"
    grouped = {name for names in GROUPS.values() for name in names}
    others = tuple(name for name in public(deltarule) if name not in grouped)
    groups = {**GROUPS, "Others": others} if others else GROUPS
    parts = [
        "# Public names", HEAD,
        "What `deltarule` and its parts offer, with the first line of each docstring; `help(deltarule.train)` shows "
        "the rest. What the settings mean, and their defaults, stands in [options.md](options.md).",
        "## deltarule",
    ]  # fmt: skip
    for heading, names in groups.items():
        parts += [f"### {heading}", table(head, [row_of(deltarule, name) for name in names])]
    told = set(public(deltarule))
    for path, heading in MODULES.items():
        module = import_module(path)
        names = [name for name in public(module) if name not in told]
        parts += [f"## {path}", f"{heading}.", table(head, [row_of(module, name) for name in names])]
    return "\n\n".join(parts) + "\n"


PAGES = {"options.md": options_page, "public-names.md": names_page}


if __name__ == "__main__":
    for page, make in PAGES.items():
        (FOLDER / page).write_text(make(), encoding="utf-8")
        print(f"{FOLDER.name}/{page}", file=sys.stderr)
