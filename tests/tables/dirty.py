"""Dirty tables: a clean table with a known answer, written in many notations and with many faults.

A fault writes one column of the clean table otherwise. `python -m tests.tables.dirty` prints
the table of docs/tables.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import numpy as np

from deltarule.tables import Table, find
from deltarule.tables.columns import Column

ROWS = 120
EPOCH = datetime(1970, 1, 1)
Verdict = Literal["found", "told", "silently wrong"]


@dataclass(frozen=True)
class Style:
    """How numbers are written: signs, what stands before and after them, how one below zero looks, other digits."""

    decimal: str = "."
    thousands: str = ""
    is_indian: bool = False
    before: str = ""
    after: str = ""
    minus: str = "-{}"
    plus: str = "{}"
    digits: str = "0123456789"
    lead: str = "0"
    power: str = ""


def written(value: Decimal, style: Style) -> str:
    """Return a number as a style writes it."""
    whole, _, part = f"{abs(value):f}".partition(".")
    end = ""
    if style.power:
        digits = f"{abs(value):e}"
        mantissa, _, exponent = digits.lower().partition("e")
        whole, _, part = mantissa.partition(".")
        end = style.power.format(int(exponent))
    if style.thousands:
        head, tail = whole[:-3], whole[-3:]
        size = 2 if style.is_indian else 3
        groups = [head[max(n - size, 0) : n] for n in range(len(head), 0, -size)][::-1]
        whole = style.thousands.join([*groups, tail])
    body = (style.lead if whole == "0" and part else whole) + (style.decimal + part if part else "") + end
    body = body.translate(str.maketrans("0123456789", style.digits))
    sign = style.minus if value < 0 else style.plus
    if "{body}" in sign:  # the sign stands beside the digits
        return style.before + sign.format(body=body) + style.after
    return sign.format(style.before + body + style.after)


@dataclass(frozen=True)
class Clean:
    """A column of the clean table: its values, the kinds that read it right, and how a clean file writes it."""

    name: str
    values: tuple[Any, ...]
    kinds: tuple[str, ...]
    render: Callable[[Any], str] = str


def clean_table(seed: int, rows: int = ROWS) -> dict[str, Clean]:
    """Return a table whose columns are of every kind, by their names."""
    rng = np.random.default_rng(seed)

    def decimals(values: Sequence[float], places: int) -> tuple[Decimal, ...]:
        return tuple(Decimal(f"{value:.{places}f}") for value in values)

    days = tuple(datetime(2012, 1, 1) + timedelta(days=int(n)) for n in rng.integers(0, 3650, rows))
    moments = tuple(
        day + timedelta(seconds=int(n)) for day, n in zip(days, rng.integers(0, 86_400, rows), strict=True)
    )
    sizes = tuple(
        Decimal(f"{value:.{places}f}")
        for value, places in zip(rng.lognormal(1, 1.5, rows), rng.integers(1, 4, rows), strict=True)
    )
    words = np.array(["red", "old", "small", "wheel", "lamp", "table", "of", "wood", "with", "paint"])
    columns = [
        Clean("amount", decimals(rng.normal(0, 90_000, rows).tolist(), 2), ("number",)),
        Clean("size", sizes, ("number",)),
        Clean("count", tuple(Decimal(int(n)) for n in rng.lognormal(7, 1.5, rows)), ("number",)),
        Clean("day", days, ("date", "datetime"), "{:%Y-%m-%d}".format),
        Clean("moment", moments, ("datetime",), "{:%Y-%m-%d %H:%M:%S}".format),
        Clean("clock", tuple(EPOCH + timedelta(minutes=int(n)) for n in rng.integers(0, 1440, rows)), ("datetime",),
              "{:%H:%M}".format),
        Clean("span", tuple(Decimal(int(n)) for n in rng.integers(30, 300_000, rows)), ("number",)),
        Clean("color", tuple(rng.choice(["blue", "green", "red", "white"], rows).tolist()), ("text",)),
        Clean("zip", tuple(f"{n:05}" for n in rng.integers(501, 99_999, rows)), ("text",)),
        Clean("part", tuple(f"{a}E{b}" if b < 5 else f"{a}{b}" for a, b in rng.integers(1, 10, (rows, 2))), ("text",)),
        Clean("flag", tuple(rng.choice(["true", "false"], rows).tolist()), ("boolean",)),
        Clean("note", tuple(" ".join(rng.choice(words, 4)) for _ in range(rows)), ("text",)),
    ]  # fmt: skip
    return {column.name: column for column in columns}


@dataclass(frozen=True)
class Fault:
    """One way to write a column otherwise.

    on: the columns it is for. aspects: what it changes; two that change the same cannot go together.
    restyle: of numbers. render: writes a value by itself. spoil: another text for a cell, which then has no value.
    share: of the cells spoilt. rounds: what is left of a value. options: what somebody says to `schema`, by the column.
    is_told: whether a notice must name the column. is_scaled: whether the unit is free. as_levels: whether only which
    cells are alike counts, and kinds beside those of the clean column.
    """

    name: str
    group: str
    on: tuple[str, ...]
    aspects: frozenset[str]
    restyle: Callable[[Style], Style] | None = None
    render: Callable[[Any, np.random.Generator], str] | None = None
    spoil: Callable[[np.random.Generator], str] | None = None
    share: float = 0.0
    rounds: Callable[[Any], Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    is_told: bool = False
    is_scaled: bool = False
    kinds: tuple[str, ...] = ()


def _numbers() -> list[Fault]:
    def fault(name: str, on: str, aspects: str, **style: Any) -> Fault:
        return Fault(
            name, "numbers", tuple(on.split()), frozenset(aspects.split()), lambda old: replace(old, **style)
        )

    def mixed(units: Mapping[str, str]) -> Callable[[Any, np.random.Generator], str]:
        def render(value: Decimal, rng: np.random.Generator) -> str:
            unit = rng.choice(list(units))
            return f"{value / Decimal(units[unit]):f} {unit}"

        return render

    return [
        fault("decimal comma", "amount size", "decimal", decimal=","),
        fault("thousands by comma", "amount count", "decimal", thousands=","),
        fault("thousands by point", "amount", "decimal", decimal=",", thousands="."),
        fault("thousands by point, whole numbers", "count", "decimal", thousands="."),
        fault("thousands by blank", "amount count", "thousands", thousands=" "),
        fault("thousands by thin blank", "amount count", "thousands", thousands="\u202f"),
        fault("thousands by no-break blank", "amount count", "thousands", thousands="\u00a0"),
        fault("thousands by apostrophe", "amount count", "thousands", thousands="\u2019"),
        fault("Indian groups", "amount", "decimal", thousands=",", is_indian=True),
        fault("currency before", "amount count", "money", before="$"),
        fault("currency after", "amount count", "money", after=" \u20ac"),
        fault("currency code before", "amount", "money", before="EUR "),
        fault("currency code after", "amount", "money", after=" USD"),
        fault("percent", "size", "money", after="%"),
        fault("percent after a blank", "size", "money", after=" %"),
        fault("unit", "size count", "money", after=" kg"),
        fault("unit without a blank", "size count", "money", after="GB"),
        fault("unit per unit", "size", "money", after=" km/h"),
        fault("brackets for minus", "amount", "minus", minus="({})"),
        fault("minus behind", "amount", "minus", minus="{}-"),
        fault("Unicode minus", "amount", "minus", minus="\u2212{}"),
        fault("minus beside the digits", "amount", "minus", minus="-{body}"),
        fault("plus signs", "amount", "plus", plus="+{}"),
        fault("exponents", "size amount", "decimal thousands", power="E{:+03}"),
        fault("powers of ten", "size amount", "decimal thousands", power=" \u00d7 10^{}"),
        fault("full-width digits", "amount size count", "digits", digits="".join(chr(0xFF10 + n) for n in range(10))),
        fault("Arabic digits", "amount count", "digits", digits="".join(chr(0x660 + n) for n in range(10))),
        fault("no zero before the point", "size", "lead", lead=""),
        fault("blanks around", "amount size count", "plus minus", plus="  {} ", minus=" -{}  "),
        fault("invisible characters", "amount size count", "plus minus", plus="\u200b{}\ufeff", minus="\u200e-{}"),
        Fault("multiples", "numbers", ("count",), frozenset({"all"}),
              render=lambda value, rng: f"{value / 1000:f}k" if value >= 1000 else str(value)),
        Fault("amounts without cents", "numbers", ("count",), frozenset({"all"}),
              render=lambda value, rng: f"{value:,}".replace(",", "'") + rng.choice([".-", ".\u2013"])),
        Fault("units of one kind", "numbers", ("size",), frozenset({"all"}), is_scaled=True,
              render=mixed({"g": "0.001", "kg": "1", "mg": "0.000001"})),
        Fault("units of time", "numbers", ("span",), frozenset({"all"}), is_scaled=True,
              render=lambda value, rng: f"{value} s" if value < 120 or value % 4 else f"{value / 60:.10f} min"),
    ]  # fmt: skip


def _spans() -> list[Fault]:
    def fault(name: str, render: Callable[[int], str]) -> Fault:
        return Fault(
            name,
            "durations",
            ("span",),
            frozenset({"all"}),
            render=lambda value, rng: render(int(value)),
            is_told=True,
        )

    def parts(n: int) -> str:
        return f"{n // 3600}h {n // 60 % 60}m {n % 60}s" if n >= 3600 else f"{n // 60}m {n % 60}s"

    return [
        fault("hours, minutes, seconds", lambda n: f"{n // 3600}:{n // 60 % 60:02}:{n % 60:02}"),
        fault("minutes, seconds", lambda n: f"{n // 60}:{n % 60:02}"),
        fault("days and a clock", lambda n: f"{n // 86_400} days {timedelta(seconds=n % 86_400)!s:0>8}"),
        fault("1h 30m", parts),
        fault("ISO 8601 duration", lambda n: f"PT{n // 3600}H{n // 60 % 60}M{n % 60}S"),
    ]


MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}


def _dates() -> list[Fault]:
    def fault(name: str, render: Callable[[datetime], str], on: str = "day", **more: Any) -> Fault:
        return Fault(
            name, "dates", (on,), frozenset({"all"}), render=lambda value, rng: render(value), **more
        )

    def named(language: str, form: str) -> Callable[[datetime], str]:
        names = MONTHS[language].split()
        return lambda day: form.format(day=day.day, month=names[day.month - 1], year=day.year)

    def quarter(day: datetime) -> int:
        return (day.month + 2) // 3

    def ordinal(n: int) -> str:
        return f"{n}{'th' if 4 <= n % 100 <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"

    def first_of_month(day: datetime) -> datetime:
        return day.replace(day=1)

    def to_minute(moment: datetime) -> datetime:
        return moment.replace(second=0)

    month = {"rounds": first_of_month}
    minute = {"rounds": to_minute, "on": "moment"}
    by_quarter = {"rounds": lambda day: day.replace(month=3 * quarter(day) - 2, day=1)}
    by_week = {"rounds": lambda day: day - timedelta(days=day.weekday())}
    return [
        *(fault(form, f"{{:{form}}}".format) for form in (
            "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%y", "%m/%d/%y", "%Y%m%d",
            "%d%m%Y", "%d %b %Y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y", "%A, %d %B %Y", "%a %d.%m.%Y", "%Y-%b-%d",
        )),
        fault("day and month without zeros", lambda day: f"{day.month}/{day.day}/{day.year}"),
        fault("ordinal day", lambda day: f"{ordinal(day.day)} {day:%B %Y}"),
        fault("German month", named("de", "{day}. {month} {year}")),
        fault("French month", named("fr", "{day} {month} {year}")),
        fault("Spanish month", named("es", "{day} de {month} de {year}")),
        fault("Chinese and Japanese", lambda day: f"{day.year}年{day.month}月{day.day}日"),
        fault("year and month", "{:%Y-%m}".format, **month),
        fault("month and year", "{:%m/%Y}".format, **month),
        fault("month's name and year", "{:%b %Y}".format, **month),
        fault("year and month, six digits", "{:%Y%m}".format, **month),
        fault("week", "{:%G-W%V}".format, **by_week),
        fault("quarter", lambda day: f"{day.year}-Q{quarter(day)}", **by_quarter),
        fault("quarter first", lambda day: f"Q{quarter(day)} {day.year}", **by_quarter),
        fault("ISO 8601 in UTC", "{:%Y-%m-%dT%H:%M:%SZ}".format, "moment"),
        fault("fractions of seconds", "{:%Y-%m-%d %H:%M:%S.250}".format, "moment",
              rounds=lambda moment: moment + timedelta(microseconds=250_000)),
        Fault("offsets", "dates", ("moment",), frozenset({"all"}), render=lambda moment, rng:
              f"{moment + timedelta(hours=(hours := int(rng.integers(-5, 6)))):%Y-%m-%dT%H:%M:%S}{hours:+03}:00"),
        Fault("mixed precision", "dates", ("moment",), frozenset({"all"}), rounds=to_minute, render=lambda moment, rng:
              moment.strftime(rng.choice(["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:00"]))),
        fault("12 hours", "{:%m/%d/%Y %I:%M %p}".format, **minute),
        fault("12 hours, small", lambda moment: f"{moment:%d.%m.%Y %I:%M} {moment:%p}".lower(), **minute),
        fault("a log's time", "{:%d/%b/%Y:%H:%M:%S +0000}".format, "moment"),
        fault("C's time", "{:%a %b %d %H:%M:%S %Y}".format, "moment"),
        fault("compact moment", "{:%Y%m%d%H%M%S}".format, "moment"),
        fault("German time", "{:%d.%m.%Y, %H:%M Uhr}".format, **minute),
        fault("epoch, told", lambda moment: str(int((moment - EPOCH).total_seconds())), "moment",
              options={"settings": "date:epoch"}),
        fault("epoch in milliseconds, told", lambda moment: str(1000 * int((moment - EPOCH).total_seconds())), "moment",
              options={"settings": "date:epoch ms"}),
        fault("time with seconds", "{:%H:%M:%S}".format, "clock"),
        fault("time in 12 hours", "{:%I:%M %p}".format, "clock"),
        fault("time in 12 hours, no zero", lambda clock: f"{clock:%I:%M%p}".lstrip("0").lower(), "clock"),
    ]  # fmt: skip


TYPED = ("amount", "size", "count", "day", "moment", "clock", "span")


def _cells() -> list[Fault]:
    def fault(group: str, text: str, on: Sequence[str], share: float, **more: Any) -> Fault:
        return Fault(
            f"{text!r}",
            group,
            tuple(on),
            frozenset({group, text}),
            spoil=lambda rng: text,
            share=share,
            **more,
        )

    missing = [
        *(fault("missing", text, (*TYPED, "color", "flag", "note"), 0.15)
          for text in ("", "NA", "N/A", "nan", "NULL", "None", "?", "??", "#N/A")),
        *(fault("missing", text, TYPED, 0.15)
          for text in ("-", "\u2014", ".", "n.a.", "#DIV/0!", "unknown", "k.A.", "s/d", "nd", "not available")),
        fault("missing", "-999", ("size", "count"), 0.1, options={"missing": "-999"}),
        fault("missing", "1900-01-00", ("day",), 0.1, options={"missing": "1900-01-00"}),
        fault("missing", "nichts", TYPED, 0.3, options={"missing": "nichts"}),
    ]  # fmt: skip
    unreadable = [
        fault("unreadable", text, on, 0.02, is_told=True)
        for text, on in (
            ("see note", (*TYPED, "flag")), ("1,2,3", ("amount", "size", "count")), ("<0.5", ("size", "amount")),
            ("~7", ("size", "count")), ("12*", ("count",)), ("inf", ("amount", "size")), ("1e400", ("amount", "size")),
            ("31.02.2020", ("day",)), ("2020-13-45", ("day", "moment")), ("99:99", ("clock",)),
        )
    ]  # fmt: skip
    return [*missing, *unreadable]


def _levels() -> list[Fault]:
    def fault(name: str, on: str, levels: Mapping[str, str], **more: Any) -> Fault:
        group = "true and false" if on == "flag" else "categories"
        aspects = more.pop("aspects", frozenset({"all"}))
        return Fault(name, group, (on,), aspects, render=lambda value, rng: levels[value], **more)

    colors = ("blue", "green", "red", "white")
    return [
        *(fault(f"{yes}/{no}", "flag", {"true": yes, "false": no}, kinds=("text", "number"))
          for yes, no in (("yes", "no"), ("ja", "nein"), ("Y", "N"), ("T", "F"), ("1", "0"), ("wahr", "falsch"),
                          ("TRUE", "FALSE"), ("vrai", "faux"), ("on", "off"))),
        fault("NA among continents", "color", dict(zip(colors, ("EU", "AS", "NA", "SA"), strict=True)),
              aspects=frozenset({"all", "NA"}), is_told=True),
        fault("None as a class", "color", dict(zip(colors, ("None", "Mild", "Severe", "Moderate"), strict=True)),
              aspects=frozenset({"all", "None"}), is_told=True),
        fault("signs as levels", "color", dict(zip(colors, ("+", "++", "-", "--"), strict=True))),
        fault("words that mean unknown elsewhere", "color",
              dict(zip(colors, ("unknown", "urban", "rural", "missing"), strict=True))),
        Fault("blanks around levels", "categories", ("color",), frozenset({"all"}),
              render=lambda value, rng: rng.choice([f" {value}", f"{value}  ", value])),
    ]  # fmt: skip


def _mixed() -> list[Fault]:
    """Return faults that write some cells in one way and some in another, and quantities of several parts."""

    def temperature(value: Decimal, rng: np.random.Generator) -> str:
        return f"{value} °C" if rng.random() < 0.7 else f"{value * 9 / 5 + 32} °F"

    def speed(value: Decimal, rng: np.random.Generator) -> str:
        return f"{value} km/h" if rng.random() < 0.7 else f"{value / Decimal('1.609344'):.15f} mph"

    def half(value: Decimal, rng: np.random.Generator) -> str:
        whole, rest = divmod((2 * value) // 1 / 2, 1)
        return f"{whole:.0f}½" if rest == Decimal("0.5") else f"{whole:.0f}"

    def angle(value: Decimal, rng: np.random.Generator) -> str:
        minutes, second = divmod(int(value), 60)
        return f"{minutes // 60}°{minutes % 60:02}'{second:02}\""

    def two(value: datetime, rng: np.random.Generator) -> str:
        return value.strftime(rng.choice(["%d.%m.%Y", "%Y-%m-%d"]))

    every = frozenset({"all"})
    return [
        Fault("Fahrenheit beside Celsius", "numbers", ("size",), every, render=temperature),
        Fault("miles beside kilometres per hour", "numbers", ("size",), every, render=speed),
        Fault("halves", "numbers", ("size",), every, render=half, rounds=lambda value: (2 * value) // 1 / 2),
        Fault("degrees, minutes, seconds", "numbers", ("span",), every, render=angle, is_scaled=True),
        Fault("two notations of dates", "dates", ("day",), every, render=two, is_told=True),
    ]


FAULTS: tuple[Fault, ...] = (*_numbers(), *_spans(), *_dates(), *_cells(), *_levels(), *_mixed())


@dataclass(frozen=True)
class Dirty:
    """A dirty column: its texts, and the values that a careful analyst reads, None where there is none."""

    clean: Clean
    texts: list[str]
    values: list[Any]
    faults: tuple[Fault, ...]


def dirty(clean: Clean, faults: Sequence[Fault], seed: int) -> Dirty:
    """Return a clean column with faults."""
    rng = np.random.default_rng([seed, 1])
    style, render, values = Style(), None, list(clean.values)
    for fault in faults:
        style = fault.restyle(style) if fault.restyle else style
        render = fault.render or render
        values = [fault.rounds(value) for value in values] if fault.rounds else values
    if render is not None:
        texts = [render(value, rng) for value in clean.values]
    elif isinstance(clean.values[0], Decimal):
        texts = [written(value, style) for value in clean.values]
    else:
        texts = [clean.render(value) for value in clean.values]
    for fault in faults:
        if fault.spoil:
            count = max(round(fault.share * len(texts)), 1)
            whole = [row for row, value in enumerate(values) if value is not None]
            for row in rng.choice(whole, count, replace=False):
                texts[row], values[row] = fault.spoil(rng), None
    return Dirty(clean, texts, values, tuple(faults))


def judge(columns: Sequence[Dirty], *, others: Sequence[Clean] = ()) -> dict[str, Verdict]:
    """Return for every column whether `schema` finds its clean values, or says that it does not, or neither."""
    every = [*columns, *(dirty(clean, (), 0) for clean in others)]
    table = Table.of({column.clean.name: column.texts for column in every})
    settings: dict[str, str] = {}
    missing: list[str] = []
    for column in columns:
        for fault in column.faults:
            if "settings" in fault.options:
                settings[column.clean.name] = fault.options["settings"]
            if "missing" in fault.options:
                missing.append(fault.options["missing"])
    found = find(table, settings=settings, missing=missing)
    typed, notices = found.read(table)
    said = [*found.notices, *notices]
    verdicts: dict[str, Verdict] = {}
    for column in every:
        name = column.clean.name
        is_told = any(notice.startswith(f"{name}: ") for notice in said)
        must_tell = any(fault.is_told for fault in column.faults)
        if is_right(column, typed[name]) and (is_told or not must_tell):
            verdicts[name] = "found"
        else:
            verdicts[name] = "told" if is_told else "silently wrong"
    return verdicts


def is_right(column: Dirty, read: Column) -> bool:
    """Return whether a column was read as it was meant."""
    other_kinds = {kind for fault in column.faults for kind in fault.kinds}
    if read.kind not in (*column.clean.kinds, *other_kinds):
        return False
    is_missing = np.array([value is None for value in column.values])
    if not np.array_equal(read.is_missing, is_missing):
        return False
    present = [value for value in column.values if value is not None]
    if read.kind in ("text", "boolean") or other_kinds:
        levels = read.rows(np.flatnonzero(~is_missing)).texts()
        pairs = set(zip(present, levels, strict=True))
        return len(pairs) == len(set(present)) == len(set(levels))
    meant = np.array([_number(value) for value in present])
    values = read.values[~is_missing]
    if any(fault.is_scaled for fault in column.faults):
        factor = values.sum() / meant.sum()
        return bool(np.allclose(values, factor * meant, rtol=1e-9))
    return bool(np.allclose(values, meant, rtol=1e-12, atol=0))


def _number(value: Any) -> float:
    return (value - EPOCH) / timedelta(days=1) if isinstance(value, datetime) else float(value)


def fit_together(one: Fault, other: Fault) -> bool:
    """Return whether two faults can be on one column."""
    if not set(one.on) & set(other.on) or one.aspects & other.aspects:
        return False
    return all("all" not in a.aspects or b.restyle is None for a, b in ((one, other), (other, one)))


def alone(fault: Fault, seed: int) -> Verdict:
    """Return the verdict on a column with one fault, among clean ones."""
    return _worst(_verdicts([(fault, fault.on[seed % len(fault.on)])], seed))


def pair(one: Fault, other: Fault, seed: int) -> Verdict:
    """Return the verdict on a table with two faults: on one column where they fit together, or else on two."""
    rng = np.random.default_rng(seed)
    shared = sorted(set(one.on) & set(other.on))
    if fit_together(one, other) and (rng.random() < 0.5 or set(one.on) == set(other.on) == set(shared[:1])):
        name = shared[int(rng.integers(len(shared)))]
        return _worst(_verdicts([(one, name), (other, name)], seed))
    choices = [(a, b) for a in one.on for b in other.on if a != b]
    if not choices:
        return alone(one, seed)
    a, b = choices[int(rng.integers(len(choices)))]
    return _worst(_verdicts([(one, a), (other, b)], seed))


def _verdicts(faults: Sequence[tuple[Fault, str]], seed: int) -> dict[str, Verdict]:
    table = clean_table(seed)
    by_column: dict[str, list[Fault]] = {}
    for fault, name in faults:
        by_column.setdefault(name, []).append(fault)
    columns = [dirty(table[name], each, seed) for name, each in by_column.items()]
    rest = [clean for name, clean in table.items() if name not in by_column]
    picked = np.random.default_rng([seed, 2]).choice(len(rest), 3, replace=False)
    return judge(columns, others=[rest[n] for n in picked])


def _worst(verdicts: Mapping[str, Verdict]) -> Verdict:
    order: tuple[Verdict, ...] = ("silently wrong", "told", "found")
    return min(verdicts.values(), key=order.index)


ALONE, PAIRS = 3, 12
"""Tables with each fault alone, and pairs of it with others, that `measure` makes."""


def example(fault: Fault) -> str:
    """Return a cell as a fault writes it, above zero where it can be, and other than in the clean table."""
    if fault.spoil:
        return fault.spoil(np.random.default_rng(0))
    clean = clean_table(0)[fault.on[0]]
    pairs = zip(dirty(clean, (fault,), 0).texts, dirty(clean, (), 0).texts, strict=True)
    texts = [text for text, usual in pairs if text != usual] or [dirty(clean, (fault,), 0).texts[0]]
    return next((text for text in texts if "-1" not in text), texts[0])


def row(fault: Fault) -> str:
    """Return the beginning of a fault's row in the documentation: its name, kind and a cell."""
    name = fault.name.strip("'") or "nothing"
    cell = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in example(fault))
    return f"| {name} | {fault.group} | {cell and f'`{cell}`'} |"


def measure(fault: Fault) -> str:
    """Return a fault's row: how often its table is found again, alone and in pairs."""
    seed = FAULTS.index(fault) * 100
    once = [alone(fault, seed + n) for n in range(ALONE)]
    rng = np.random.default_rng(seed)
    partners = rng.choice([n for n in range(len(FAULTS)) if FAULTS[n] is not fault], PAIRS, replace=False)
    twice = [pair(fault, FAULTS[n], seed + k) for k, n in enumerate(partners)]
    return f"{row(fault)} {once.count('found')} of {ALONE} | {twice.count('found')} of {PAIRS} |"


def main() -> None:
    """Print the table of docs/tables.md."""
    print("| notation or fault | kind | such as | found alone | found in pairs |\n|---|---|---|---|---|")
    for fault in FAULTS:
        print(measure(fault), flush=True)


if __name__ == "__main__":
    main()
