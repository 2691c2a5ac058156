"""Families: the ways to write dates and times, as regular expressions over texts in small plain letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from deltarule.tables.notations.calendars import ACCENTS, EAST, WEEKDAYS, ZONES
from deltarule.tables.notations.characters import plain
from deltarule.tables.notations.stamps import UNTOUCHED

if TYPE_CHECKING:
    import polars as pl

Order: TypeAlias = Literal["ymd", "dmy", "mdy"]

_Y, _M, _D = r"(?P<y>\d{4}|'?\d{2})", r"(?P<m>\d{1,2})", r"(?P<d>\d{1,2})(?:st|nd|rd|th|er|[.°º])?"
_NAME = r"(?P<name>[^\W\d_]{3,12})\.?"
_SEP = r"[-/. _]\s?"
_DAY = rf"(?:(?:{WEEKDAYS})[^\W\d_]{{0,7}}\.?,? )?"
_NAMED_ZONE = "|".join(sorted(ZONES, key=len, reverse=True))
_ZONE = rf"(?P<zone>(?:utc|gmt)?[+-](?:0\d|1[0-4]):?(?:\d{{2}})?|{_NAMED_ZONE})"
_CLOCK = (
    r"(?P<h>\d{1,2})(?:(?:[:.h]| ?uhr )(?P<mi>\d{2})(?:[:.](?P<s>\d{2})(?P<f>[.,:]\d{1,9})?)?)?"
    rf"(?: ?(?P<half>[ap]\.?m\.?))?(?P<mark> ?(?:h|hrs|uhr))?(?: ?{_ZONE})?(?:\[[\w/]+\])?"
)
_CLOCKS_ZONE = rf"(?P<zone>(?:utc|gmt)[+-]\d{{2}}:?(?:\d{{2}})?|{_NAMED_ZONE})"
"""Of a time alone, where 9:00-12:00 is from when to when."""
_TIME = rf"(?:(?:[t :]|, ?| at | um | klo | kl\.? | - ){_CLOCK})?"
_WEEK = r"(?:w|kw|cw|wk|week)[- ]?(?P<w>\d{1,2})"
PATTERNS: dict[str, str] = {
    "year first": rf"^{_DAY}(?P<y>\d{{4}})(?P<sep>{_SEP}|:){_M}(?:{_SEP}|:){_D}{_TIME}$",
    "compact": (
        r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"
        r"(?:[t _]?(?P<h>\d{2}):?(?P<mi>\d{2})(?::?(?P<s>\d{2}))?(?P<zone>z)?)?$"
    ),
    "year last": rf"^{_DAY}(?P<a>\d{{1,2}})(?P<sep>{_SEP})(?P<b>\d{{1,2}}){_SEP}{_Y}{_TIME}$",
    "compact last": r"^(?P<a>\d{2})(?P<b>\d{2})(?P<y>(?:19|20)\d{2})$",
    "day, name": rf"^{_DAY}{_D}(?: of | de |[-/. ]? ?){_NAME}(?:[-/., ]{{0,2}}| del? ){_Y}{_TIME}$",
    "name, day": rf"^{_DAY}{_NAME}[-/. ]{_D},?[-/ ]{_Y}{_TIME}$",
    "year, name": rf"^(?P<y>\d{{4}})(?:\. |[-/. ]){_NAME}(?:[-/. ]{_D})?{_TIME}$",
    "month": r"^(?P<y>\d{4})(?:[-/. ]| ?m)(?P<m>\d{1,2})$",
    "compact month": r"^(?P<y>(?:19|20)\d{2})(?P<m>0[1-9]|1[0-2])$",
    "month, year": r"^(?P<m>\d{1,2})[-/.](?P<y>\d{4})$",
    "name, year": rf"^{_NAME}(?:[-/., ]{{0,2}}| del? )(?P<y>\d{{4}}|'?\d{{2}})$",
    "week": rf"^(?P<y>\d{{4}})[-/. ]? ?{_WEEK}(?:-?(?P<wd>[1-7]))?$",
    "week, year": rf"^{_WEEK}[-/ ,]{{1,2}}'?(?P<y>\d{{4}}|\d{{2}})$",
    "quarter": r"^(?P<y>\d{4})[-/. :_]? ?(?:q|t|qtr|quarter) ?(?P<q>[1-4])$",
    "quarter, year": r"^(?:q|t|qtr|quarter) ?(?P<q>[1-4])[-/ ,]{1,2}'?(?P<y>\d{4}|\d{2})$",
    "quarter first": r"^(?P<q>[1-4])(?:\.|st|nd|rd|th)? ?(?:q|quarter|quartal)[-/ ']{0,2}(?P<y>\d{4}|\d{2})$",
    "half": r"^(?P<y>\d{4})[-/. :_]?h(?P<hy>[12])$",
    "half, year": r"^h(?P<hy>[12])[-/ ]'?(?P<y>\d{4}|\d{2})$",
    "time": rf"^{_CLOCK.replace(_ZONE, _CLOCKS_ZONE)}$",
    "any precision": rf"^(?P<y>\d{{4}})(?:(?P<sep>[-/.])(?P<m>\d{{1,2}})(?:[-/.]{_D}{_TIME})?)?$",
    "year first, day": rf"^{_DAY}(?P<y>\d{{4}})(?P<sep>{_SEP}|:){_D}(?:{_SEP}|:){_M}{_TIME}$",
}
"""By its name, a family of notations, as a regular expression over texts in lower case without accents."""
ORDERS: dict[str, tuple[Order, ...]] = {"year last": ("dmy", "mdy", "ymd"), "compact last": ("dmy", "mdy")}
"""Families whose parts may stand for day, month and year in several orders."""
SHOWN = {
    "year first": "%Y-%m-%d", "year first, day": "%Y-%d-%m",
    "any precision": "%Y[-%m[-%d]]", "compact": "%Y%m%d", "day, name": "%d %b %Y",
    "name, day": "%b %d, %Y", "year, name": "%Y %b %d", "month": "%Y-%m", "compact month": "%Y%m",
    "month, year": "%m/%Y", "name, year": "%b %Y", "week": "%G-W%V", "week, year": "W%V %G", "quarter": "%YQ%q",
    "quarter, year": "Q%q %Y", "quarter first": "%qQ%Y", "half": "%YH%h", "half, year": "H%h %Y", "time": "%H:%M",
}  # fmt: skip
_CTIME = r"^(.*) (\d{1,2}:\d{2}(?::\d{2})?)( [a-z]{3,4}| [+-]\d{4})? (\d{4})( [+-]\d{4})?$"
_TIME_FIRST = r"^(\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[ap]\.?m\.?)?),? (.*[-/. ]\d.*)$"


def small(texts: pl.Series) -> pl.Series:
    """Return texts in small plain letters, with the time of day behind the date."""
    if texts.str.contains(UNTOUCHED).all():
        return texts.str.to_lowercase()
    east = (
        plain(texts)
        .str.to_lowercase()
        .str.replace_many([*ACCENTS, *EAST], [*ACCENTS.values(), *EAST.values()])
    )
    return (
        east.str.replace_all(r" +", " ")
        .str.strip_chars_end("-: ")
        .str.replace(rf"^(.*\d[-/.]\d.*\d),? \(?(?:{WEEKDAYS})[a-z]{{0,7}}\.?\)?$", "${1}")
        .str.replace(r"(\d) г\.?$", "${1}")  # "of the year", in Russian
        .str.replace(r" \([a-z ]{2,40}\)$", "")  # the name of a zone
        .str.replace(r"^(\d{4}-\d\d-\d\d)[_t -]+(\d\d)-(\d\d)-(\d\d)$", "${1} ${2}:${3}:${4}")
        .str.replace(_CTIME, "${1} ${4} ${2}${5}${3}")
        .str.replace(_TIME_FIRST, "${2} ${1}")
    )
