"""What the verbs share: aligned text, JSON, metrics for a person."""

from __future__ import annotations

import json
import math
import re
import shutil
import textwrap
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TextIO, TypeAlias

from cyclopts import Parameter, Token
from rich.console import Console
from rich.text import Text

from deltarule.chain.text import aligned
from deltarule.cli.reading import FileOptions, tell
from deltarule.cli.streams import print_document
from deltarule.cli.words import UNITS, checked
from deltarule.cli.words import number as as_number
from deltarule.errors import InputError, OptionError, OutputError
from deltarule.estimators.settings import OF_VALUES, SETTINGS
from deltarule.options import INTERVAL, Option, named
from deltarule.spelling import listed, plural
from deltarule.tables import Table, TableModel, read_table
from deltarule.tables.tasks import rows_with_targets
from deltarule.writing import is_standard_output, is_stream, target_of

QUANTILE = replace(OF_VALUES["quantile"], name="--quantile", several="no")
BUDGET = replace(SETTINGS["budget"], none=None)
LONG = {"ms": 1e-3, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
"""Seconds of what a time may be given in."""
LEVEL = replace(INTERVAL["level"], name="--interval")
DROPOUT = replace(SETTINGS["dropout"], name="--dropout", several="no", none=None)


def _refuse_option(_: object, value: str | None) -> None:
    if value is not None and value.startswith("-") and value != "-":
        raise ValueError(f"Unknown option: {value}")


def _number(kind: Any, tokens: Sequence[Token]) -> Any:
    """Return the number that was typed: of whole ones 20, 20.0 or 2e1, but not 20.5, which int() would cut."""
    name = tokens[0].keyword or "the number"
    return checked(Option(name, "real" if kind is float else "whole"), [token.value for token in tokens])


def setting(option: Option, flag: str) -> Parameter:
    """Return what a declared setting is on the command line: its help, and its check under the name of the flag.

    Where the flag is another name than the declared one, that is taken too.

    >>> setting(Option("l1", "real", low=0, none="for none", help="Penalty"), "--l1").help
    'Penalty; leave it out for none.'
    """
    typed = replace(option, name=flag, none=None, also=None)

    def read(_: object, tokens: Sequence[Token]) -> Any:
        return checked(typed, [token.value for token in tokens])

    left_out = "" if option.none is None else f"; leave it out {option.none}"
    declared = f"--{option.name.replace('_', '-')}"
    return Parameter(
        alias=() if declared == flag else declared,
        help=f"{option.help.rstrip('.')}{left_out}.",
        converter=read if option.kind in ("whole", "real") else None,
    )


def choice(flag: str, known: Mapping[str, object], *also: str, none: str = "") -> Parameter:
    """Return what a name out of a registry is on the command line: its help, and its check under the name of the flag.

    >>> choice("--activation", {"tanh": 1, "relu": 2}).help
    'tanh, relu.'
    """

    def read(_: object, tokens: Sequence[Token]) -> str:
        named(flag, tokens[0].value, known)
        return tokens[0].value

    left_out = f"; leave it out {none}" if none else ""
    return Parameter(help=f"{', '.join(known)}{left_out}.", converter=read, alias=also)


def _units(_: object, tokens: Sequence[Token]) -> list[int]:
    """Return the numbers of units that were typed: 64,64 or 64 64 or 64x64, in one text or several."""
    typed = " ".join(token.value for token in tokens)
    values = [as_number(part, "whole") for part in re.split(r"[\s,;x×]+", typed.strip(" ,()[]"))]
    try:
        return Option(UNITS, "whole", low=1, several="list").check(values)
    except OptionError:
        raise OptionError(
            f"{UNITS} is {typed!r}; it must be whole numbers from 1 on, such as 64 or 64,64."
        ) from None


def _seconds(_: object, tokens: Sequence[Token]) -> float:
    """Return the seconds that were typed: 10, 10s, 2min or 1.5h."""
    typed = " ".join(token.value for token in tokens).strip()
    found = re.fullmatch(r"(.*?)\s*(ms|s|sec|m|min|h)?", typed, re.DOTALL)
    amount, unit = found.groups() if found else (typed, None)
    try:
        return checked(BUDGET, [amount]) * LONG[unit or "s"]
    except OptionError:
        raise OptionError(
            f"--budget is {typed!r}; it must be a time above 0, such as 10s, 2min or 1h."
        ) from None


def _numbers(option: Option) -> Callable[[object, Sequence[Token]], list[float]]:
    """Return what reads the numbers of an option: 0.1,0.9 or 0.1 0.9, in one text or several."""

    def read(_: object, tokens: Sequence[Token]) -> list[float]:
        parts = re.split(r"[\s,;]+", " ".join(token.value for token in tokens).strip(" ,()[]"))
        return [checked(option, [part]) for part in parts]

    return read


Data: TypeAlias = Annotated[str, Parameter(allow_leading_hyphen=True, validator=_refuse_option)]
"""The table of a verb: a path, or - for standard input."""
Flag: TypeAlias = Annotated[bool, Parameter(negative="", show_default=False)]
Whole: TypeAlias = Annotated[int, Parameter(converter=_number)]
Real: TypeAlias = Annotated[float, Parameter(converter=_number)]
Seconds: TypeAlias = Annotated[
    float, Parameter(converter=_seconds, help=BUDGET.help + ", such as 10s, 2min or 1h.")
]
"""A time, however it is typed."""
Units: TypeAlias = Annotated[list[int], Parameter(converter=_units, negative="")]
"""Units of hidden layers, however they are typed."""
Levels: TypeAlias = Annotated[list[float], Parameter(converter=_numbers(QUANTILE), negative="")]
"""Quantiles, however they are typed."""
Shares: TypeAlias = Annotated[list[float], Parameter(converter=_numbers(DROPOUT), negative="")]
"""Shares of the units of hidden layers, however they are typed."""
TargetName: TypeAlias = Annotated[str, Parameter(alias="-t")]
Targets: TypeAlias = Annotated[list[str], Parameter(alias="-t", negative="")]
Out: TypeAlias = Annotated[Path, Parameter(alias="-o")]
Force: TypeAlias = Annotated[bool, Parameter(alias="-f", negative="")]
Quiet: TypeAlias = Annotated[bool, Parameter(alias="-q", negative="")]

VERDICTS = {"PASS": "bold green", "kink": "bold yellow", "FAIL": "bold red"}


def print_json(record: object, file: TextIO | None = None) -> None:
    """Print one JSON document, to standard output or another stream."""
    print_document(json.dumps(record, indent=2, ensure_ascii=False, default=str), file=file)


def print_text(text: str) -> None:
    """Print text with its verdict in colour where that is a terminal that has any."""
    coloured = Text(text)
    for verdict, style in VERDICTS.items():
        coloured.highlight_regex(rf"(?m)^{verdict}(?=:)", style)
    Console(highlight=False, soft_wrap=True).print(coloured)


def text_of(path: Path) -> str:
    """Return the text of a file that an option names."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InputError(f"cannot read {path}: {said}.") from None


def read_for(model: TableModel, data: str, missing: Sequence[str] | None, file: FileOptions) -> Table:
    """Return the table of a verb as a model reads it; what is to be told of it goes to standard error."""
    return as_read(model, raw_for(model, data, missing, file))


def raw_for(model: TableModel, data: str, missing: Sequence[str] | None, file: FileOptions) -> Table:
    """Return the table of a verb as it is in the file."""
    names = list(model.encoder.schema.columns)
    with working(f"reading {data}"):
        return read_table(data, missing=missing or (), names=names, **file.words())


def as_read(model: TableModel, raw: Table) -> Table:
    """Return a table as a model reads it; what is to be told of it goes to standard error."""
    table, notices = model.read(raw)
    tell([*raw.notices, *notices])
    return table


def with_targets(model: TableModel, table: Table, drop: bool | None = True) -> Table:
    """Return the rows of a table that have their targets; what is left out is told.

    drop: as in `rows_with_targets`.
    """
    columns = [table.column(target.name, "target column") for target in model.targets]
    kept, notices = rows_with_targets(columns, columns, drop)
    tell(notices)
    return table.rows(kept) if len(kept) < len(table) else table


@contextmanager
def working(what: str) -> Generator[None]:
    """Say what is done while it lasts, where standard error is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


def one_row(row: int, rows: int, data: str) -> int:
    """Return the place from 0 of a row that a person counts from 1."""
    if not 1 <= row <= rows:
        raise OptionError(f"there is no row {row:,} in {data}; rows count from 1, here to {rows:,}.")
    return row - 1


def table(rows: Iterable[Sequence[str]], indent: int = 2, right: Sequence[int] = ()) -> str:
    """Return rows as aligned text; the columns in `right` are flush right."""
    return "\n".join(aligned(rows, indent, right))


MOST_ALIKE, MOST_LINES, MOST_NAMES = 4, 40, 60


def columns_text(described: Sequence[tuple[str, str]]) -> str:
    """Return what becomes of every column; more than MOST_ALIKE with the same fate are told together."""
    groups: dict[str, list[str]] = {}
    for name, fate in described:
        groups.setdefault(fate, []).append(name)
    rows: list[tuple[str, str]] = []
    for fate, names in groups.items():
        if len(names) > MOST_ALIKE:
            rows.append((plural(len(names), "column"), f"{fate}: {listed(names, MOST_NAMES)}"))
        else:
            rows += [(name, fate) for name in names]
    shown = rows[:MOST_LINES]
    indent = 4 + max(len(label) for label, _ in shown)
    lines = [paragraph(f"  {label}", fate, indent) for label, fate in shown]
    if len(rows) > len(shown):
        lines.append(f"  ... and {len(rows) - len(shown)} more; deltarule inspect shows all")
    return "\n".join(lines)


def paragraph(label: str, text: str, indent: int = 9) -> str:
    """Return a labelled text, wrapped to the terminal."""
    width = max(min(shutil.get_terminal_size().columns, 100) - indent, 24)
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"{label if n == 0 else '':<{indent}}{line}" for n, line in enumerate(lines))


def number(value: float) -> str:
    """Return a metric in four digits."""
    if value == 0 or (math.isfinite(value) and 1e-3 <= abs(value) < 1e5):
        return (
            f"{value:,.4f}" if abs(value) < 10 else f"{value:,.5g}" if abs(value) < 1e4 else f"{value:,.0f}"
        )
    return f"{value:.4g}"


def refuse_existing(path: Path, is_forced: bool) -> None:
    """Raise an OutputError where a file would be overwritten without --force, or cannot be made.

    A pipe or a device is written into, so it needs no --force.
    """
    if is_stream(path) or is_standard_output(path):
        return
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of a file.")
    if path.exists() and not is_forced:
        raise OutputError(f"{path} exists; add --force to replace it, or give another --out.")
    if not (folder := target_of(path).parent).is_dir():
        raise OutputError(f"{path} cannot be written: there is no folder {folder}.")


def plain(value: Any) -> str:
    """Return a class name or a value as it stands in a CSV file."""
    return repr(float(value)) if isinstance(value, float) else str(value)
