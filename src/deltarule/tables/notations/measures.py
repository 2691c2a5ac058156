"""Measures: what may stand beside a number, and which of these are of one kind."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

CURRENCIES = (
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP", "HKD",
    "HUF", "IDR", "ILS", "INR", "JPY", "KRW", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PKR", "PLN", "RON",
    "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR", "Fr.", "SFr.", "kr", "kr.", "Kč",
    "zł", "Ft", "Rs", "Rs.", "RM", "Rp", "руб", "руб.", "TL", "円", "元", "원",
)  # fmt: skip
"""Codes and short names of currencies, beside the signs that Unicode calls so."""
MULTIPLES = {
    "万": 1e4, "萬": 1e4, "만": 1e4, "億": 1e8, "亿": 1e8, "억": 1e8, "lac": 1e5, "lacs": 1e5, "cr": 1e7,
    "k": 1e3, "tsd": 1e3, "thousand": 1e3, "thousands": 1e3, "lakh": 1e5, "lakhs": 1e5, "m": 1e6, "mm": 1e6, "mio": 1e6,
    "mln": 1e6, "million": 1e6, "millions": 1e6, "crore": 1e7, "crores": 1e7, "bn": 1e9, "b": 1e9, "mrd": 1e9,
    "billion": 1e9, "billions": 1e9, "trn": 1e12, "trillion": 1e12, "trillions": 1e12,
}  # fmt: skip
"""What may stand after a number beside a currency, or alone, and how many it means; in small letters."""
UNCLEAR = {"m", "mm", "b", "cr"}
"""Multiples that mean something else where no other stands beside them: metres, bytes, credit."""
_YEARS = {"month": 1.0, "mo": 1.0, "mos": 1.0, "mth": 1.0, "year": 12.0, "yr": 12.0, "yrs": 12.0, "y": 12.0}
FAMILIES: tuple[dict[str, float], ...] = (
    {"b": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "pb": 1e15, "bytes": 1.0, "byte": 1.0},
    {"kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30, "tib": 2.0**40},
    {"nm": 1e-9, "µm": 1e-6, "um": 1e-6, "mm": 1e-3, "cm": 1e-2, "dm": 0.1, "m": 1.0, "km": 1e3},
    {"in": 1.0, '"': 1.0, "inch": 1.0, "inches": 1.0, "'": 12.0, "ft": 12.0, "foot": 12.0, "feet": 12.0, "yd": 36.0,
     "mi": 63_360.0, "mile": 63_360.0, "miles": 63_360.0},
    {"ns": 1e-9, "µs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0,
     "seconds": 1.0, "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0, "h": 3600.0, "hr": 3600.0,
     "hrs": 3600.0, "hour": 3600.0, "hours": 3600.0, "d": 86_400.0, "day": 86_400.0, "days": 86_400.0,
     "w": 604_800.0, "wk": 604_800.0, "wks": 604_800.0, "week": 604_800.0, "weeks": 604_800.0},
    {**_YEARS, "months": 1.0, "years": 12.0},
    {"d": 1.0, "day": 1.0, "days": 1.0, "wk": 7.0, "wks": 7.0, "week": 7.0, "weeks": 7.0,
     **{each: 30.436875 * size for each, size in _YEARS.items()}, "months": 30.436875, "years": 365.2425},
    {"µg": 1e-6, "mcg": 1e-6, "mg": 1e-3, "g": 1.0, "kg": 1e3, "t": 1e6},
    {"oz": 1.0, "lb": 16.0, "lbs": 16.0, "st": 224.0},
    {"µl": 1e-6, "ml": 1e-3, "cl": 1e-2, "dl": 0.1, "l": 1.0, "hl": 100.0, "mm3": 1e-6, "cm3": 1e-3, "m3": 1e3},
    {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12},
    {"hz": 1.0, "khz": 1e3, "mhz": 1e6, "ghz": 1e9},
    {"mW": 1e-3, "w": 1.0, "kw": 1e3, "MW": 1e6, "gw": 1e9},
    {"wh": 1.0, "kwh": 1e3, "MWh": 1e6, "gwh": 1e9},
    {"mv": 1e-3, "v": 1.0, "kv": 1e3},
    {"ma": 1e-3, "a": 1.0, "ka": 1e3},
    {"pa": 1.0, "hpa": 1e2, "kpa": 1e3, "mbar": 1e2, "bar": 1e5},
    {"mm2": 1e-6, "cm2": 1e-4, "m2": 1.0, "ha": 1e4, "km2": 1e6},
    {"m/s": 3.6, "km/h": 1.0, "mph": 1.609344, "kn": 1.852, "knots": 1.852, "kt": 1.852, "kts": 1.852},
    {"j": 1.0, "kj": 1e3, "MJ": 1e6, "cal": 4.184, "kcal": 4184.0},
    {"°c": 1.0, "°f": 5 / 9, "K": 1.0},
    {"%": 1.0, "‰": 0.1},
    {"¢": 0.01, "$": 1.0},
    {"ct": 0.01, "cent": 0.01, "cents": 0.01, "€": 1.0},
    {"p": 0.01, "£": 1.0},
    {"st": 1.0, "nd": 1.0, "rd": 1.0, "th": 1.0},
    {"mm": 0.001, "cm": 0.01, "m": 1.0, "km": 1000.0, "in": 0.0254, '"': 0.0254, "inch": 0.0254, "inches": 0.0254,
     "ft": 0.3048, "feet": 0.3048, "foot": 0.3048, "yd": 0.9144, "mi": 1609.344, "mile": 1609.344, "miles": 1609.344},
    {"g": 1.0, "kg": 1000.0, "oz": 28.349523125, "lb": 453.59237, "lbs": 453.59237},
)  # fmt: skip
"""Units of one kind, with their sizes; in small letters but where that tells them apart. "st" ends ordinals too."""
_SAME = {
    "eur": "€", "euro": "€", "usd": "$", "us$": "$", "dollar": "$", "dollars": "$", "gbp": "£", "pound": "£",
    "euros": "€", "pounds": "£", "jpy": "¥", "円": "¥", "rs": "₹", "inr": "₹", "rub": "₽", "руб": "₽",
    "fr": "chf", "sfr": "chf", "kč": "czk", "zł": "pln", "ft": "ft", "r$": "brl", "pct": "%", "percent": "%",
    "prozent": "%", "c": "°c", "f": "°f",
    "ºc": "°c", "ºf": "°f", "℃": "°c", "sqm": "m2", "qm": "m2", "sq m": "m2", "cbm": "m3", "cc": "cm3", "ccm": "cm3",
    "std": "h", "tage": "days", "tag": "days", "jahre": "years", "jahr": "years", "monate": "months", "monat": "months",
    "liter": "l", "litre": "l", "liters": "l", "litres": "l", "gram": "g", "grams": "g", "kilo": "kg", "kilos": "kg",
    "kgs": "kg", "gr": "g", "meter": "m", "metre": "m", "meters": "m", "metres": "m", "lbs": "lb", "pts": "points",
    "pt": "points", "kmh": "km/h", "kph": "km/h",
    "pc": "piece", "pcs": "piece", "st.": "piece", "stk": "piece", "fahrenheit": "°f", "celsius": "°c", "°k": "K",
}  # fmt: skip
"""Spellings of one unit."""


def spelled(unit: str) -> str:
    """Return the one spelling of a unit: without case, points, raised digits and the s of a plural.

    >>> spelled("Bedrooms"), spelled("m²"), spelled("EUR")
    ('bedroom', 'm2', '€')
    """
    plain = unicodedata.normalize("NFKC", unit).casefold().strip(". ").replace("μ", "µ").replace("^", "")
    plain = _SAME.get(plain, plain)
    return plain.removesuffix("s") if len(plain) > 3 else plain


ZEROS = {"°c": 273.15, "°f": 459.67 * 5 / 9, "K": 0.0}
"""Kelvins at 0 of each scale of temperature."""


def shift_of(unit: str, base: str) -> float:
    """Return what to add to a number of one unit, brought to the size of another, for the other's zero.

    >>> round(shift_of("°F", "°C"), 9)
    -17.777777778
    """
    one, other = (ZEROS.get("K" if each == "K" else spelled(each)) for each in (unit, base))
    if one is None or other is None:
        return 0.0
    return (one - other) / (5 / 9 if spelled(base) == "°f" else 1.0)


def sizes_of(units: Mapping[str, float], *, has_bare: bool) -> dict[str, float] | None:
    """Return how many of the first of several units each of them is, or nothing where they are not of one kind.

    units: the units of a column, with how many cells have each, the most frequent first.
    has_bare: whether other cells have none. Multiples are of the number 1, whose unit is "".
    """
    multiples = _multiples(units, has_bare)
    if multiples is not None:
        return {"": 1.0, **multiples}
    if len({spelled(each) for each in units}) == 1:
        return dict.fromkeys(units, 1.0)
    for family in FAMILIES:
        sizes = {each: _size(each, family) for each in units}
        known = {each: size for each, size in sizes.items() if size is not None}
        if len(known) == len(units):
            base = known[next(iter(units))]
            return {each: size / base for each, size in known.items()}
    return None


def _multiples(units: Iterable[str], has_bare: bool) -> dict[str, float] | None:
    """Return the numbers that units mean, where all of them are multiples."""
    small = {each: each.strip(".").lower() for each in units}
    if not all(each in MULTIPLES for each in small.values()):
        return None
    is_clear = not UNCLEAR.issuperset(small.values())
    if is_clear or ((has_bare or set(small.values()) > {"b"}) and all(each.isupper() for each in small)):
        return {each: MULTIPLES[word] for each, word in small.items()}
    return None


def _size(unit: str, family: Mapping[str, float]) -> float | None:
    others = (unit.casefold(), spelled(unit)) if len(unit) > 1 or unit.islower() or unit in "BVAWLCF" else ()
    for each in (unit, *others):
        if each in family:
            return family[each]
    return None
