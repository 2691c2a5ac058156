"""How dates and moments become numbers: a place in time, and one in the year, the week, the day and the hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from deltarule.tables.columns import Column
from deltarule.tables.encoders import Floats, Scaled, marks
from deltarule.tables.scaling import Scale, median_of

LIGHT = {"minute": 0.25}
"""Cycles that seldom tell, and have to be worth it to the weight decay."""


@dataclass(frozen=True)
class Dates(Scaled):
    """Days, scaled, and those of month, weekday, hour and minute that vary, each as a point on a circle.

    A missing date stands at the median.

    >>> days = np.array(["2024-01-01", "2024-01-08", "2024-01-15"], "M8[D]")  # Mondays in January
    >>> encoder = Dates.fit(Column.of("day", days))
    >>> encoder.features
    ('day',)
    >>> encoder.encode(Column.of("day", ["2024-01-08"]))
    array([[0.]])
    """

    kinds = ("datetime", "date")
    cycles: tuple[str, ...]

    @classmethod
    def fit(cls, column: Column) -> Dates:
        present = column.values[~column.is_missing]
        cycles = tuple(name for name, angle in _angles(present).items() if np.ptp(angle) > 0)
        return cls(column.name, **marks(column), scale=Scale.of(present, median_of(present)), cycles=cycles)

    @property
    def own_features(self) -> tuple[str, ...]:
        circles = (f"{self.name} {cycle} {part}" for cycle in self.cycles for part in ("sin", "cos"))
        return (self.name, *circles)

    def own_encode(self, column: Column) -> Floats:
        days = np.where(column.is_missing, self.scale.centre, column.values)
        angles = _angles(days)
        parts = [self.scale.z(days)]
        for cycle in self.cycles:
            weight = LIGHT.get(cycle, 1.0)
            parts += [weight * np.sin(angles[cycle]), weight * np.cos(angles[cycle])]
        return np.stack(parts, axis=1)

    def describe(self) -> str:
        return "date: " + ", ".join(["days", *self.cycles]) + (", missing" if self.marks_missing else "")

    def _converted(self, column: Column) -> Column:
        """Read ISO dates that come as text, in UTC where they carry an offset."""
        if column.kind != "text":
            return super()._converted(column)
        moments: list[datetime | None] = []
        for row, text in enumerate(column.texts()):
            try:
                moments.append(None if text is None else datetime.fromisoformat(text))
            except ValueError:
                raise self._refusal(column, row) from None
        return Column.of(column.name, moments)


def _angles(days: Floats) -> dict[str, Floats]:
    """Return the angle of month, weekday, hour and minute, each a whole turn a year, a week, a day, an hour."""
    date = np.floor(days).astype("M8[D]")
    month = date.astype("M8[M]").astype(np.int64) % 12
    weekday = (date.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    # Days are whole microseconds but for rounding, and 01:00 must not become 00:59:59.9999999.
    hour = np.minimum(np.rint((days - np.floor(days)) * 86_400e6) // 3_600e6, 23.0)
    minute = np.rint((days - np.floor(days)) * 86_400e6) % 3_600e6 // 60e6
    turns = {"month": month / 12, "weekday": weekday / 7, "hour": hour / 24, "minute": minute / 60}
    return {name: 2.0 * np.pi * turn for name, turn in turns.items()}
