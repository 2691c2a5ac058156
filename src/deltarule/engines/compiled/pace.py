"""How many threads work: one or all, whichever is faster, as measured while they work.

Two threads that meet for every layer are slower than one where a neighbour takes a processor from one of them, where
the processors are far apart, or where a step is short. No rule foresees that, so both are tried: at the beginning, from
time to time, and when the pace changes. The bits of a result do not depend on it.
"""

from __future__ import annotations

import math

FIRST = 0.001
LONGEST = 0.02
"""Seconds of a window in which one number of threads is tried, at the beginning and at most. Within the longest, a
system that shares a processor out by slices of some milliseconds gives several."""
WATCHED = 0.05
"""Seconds of a window between trials, in which it is noticed that the pace changes."""
SOON, LATE = 0.03, 4.0
"""Seconds from a trial to the next, after the first one and at most: they double where the choice stays the same."""
DEAR = 50
"""How many times as long as a trial took is the time up to the next, at least, where a unit of work is long."""
SHARE = 100
"""How many times as long as a window of the next trial is the time up to it."""
CHANGED = 1.3
"""By which factor, in two windows one after the other, all threads become slower where a neighbour has come, or one
becomes faster where a neighbour has gone. All else changes nothing about which of them is better."""
CALM = 20
"""One thread's change is heeded where this many times as long as the last trial has passed since."""
BETTER = 0.97
"""What the other number of threads may take, in its worst window, of what the present one does, to be chosen."""
HOPELESS = 1.3
"""A trial ends with the first window that takes so many times as long as the present number of threads."""


class Pace:
    """The number of threads for what comes next, and how much of it, by what was measured.

    Parameters
    ----------
    most
        How many threads there are work and room for.
    is_fixed
        Whether that many work, whatever is measured.

    >>> pace = Pace(2)
    >>> for _ in range(400):
    ...     pace.took(1, 0.003 if pace.threads == 2 else 0.002)
    >>> pace.threads
    1
    """

    def __init__(self, most: int, *, is_fixed: bool = False) -> None:
        self.threads = self._chosen = most
        self.is_fixed = is_fixed or most == 1
        self._others = {most: 1, 1: most}
        self._to_try = [1, most, 1, most, 1]
        self._unheeded = 2
        """Windows of the first trial in which caches and threads wake up."""
        self._window = FIRST
        self._units, self._seconds = 0.0, 0.0
        self._latest: dict[int, float] = {}
        """Seconds a unit took last, by threads."""
        self._tried: dict[int, list[float]] = {}
        self._is_trying = self._is_first = True
        self._expected = math.nan
        self._strange = 0
        """Windows one after the other in which the pace was another."""
        self._rest = SOON
        self._since, self._trial = 0.0, 0.0
        """Seconds since the last trial, and of it."""

    def next(self) -> int:
        """Return how many units of work to do before the next look at the clock."""
        if self.is_fixed:
            return 2**62
        if self.threads not in self._latest:
            return 1
        return max(1, int((self._window - self._seconds) / self._latest[self.threads]))

    def took(self, units: float, seconds: float) -> None:
        """Take note of how long some units of work took."""
        if self.is_fixed or units <= 0:
            return
        self._latest[self.threads] = max(seconds / units, 1e-9)
        self._units += units
        self._seconds += seconds
        if self._seconds < self._window:
            return
        pace, seconds = self._seconds / self._units, self._seconds
        self._units, self._seconds = 0.0, 0.0
        if self._is_trying:
            self._try(pace, seconds)
        else:
            self._watch(pace, seconds)

    def _try(self, pace: float, seconds: float) -> None:
        self._trial += seconds
        if self._unheeded:
            self._unheeded -= 1
        else:
            self._tried.setdefault(self.threads, []).append(pace)
        is_hopeless = self.threads != self._chosen and pace > HOPELESS * self._expected
        if self._to_try and not is_hopeless:
            self.threads = self._to_try.pop(0)
            return
        other, stays = self._others[self._chosen], True
        if not is_hopeless:
            now = self._tried[self._chosen]
            self._expected = sum(now) / len(now)
            if (worst := max(self._tried[other])) < BETTER * self._expected:
                self._chosen, self._expected, stays = other, worst, False
        self.threads, self._to_try = self._chosen, []
        is_first, self._is_first = self._is_first, False
        self._rest = SOON if is_first or not stays else max(min(LATE, 2 * self._rest), DEAR * self._trial)
        self._is_trying, self._strange, self._since = False, 0, 0.0
        self._window = min(WATCHED, self._rest)

    def _watch(self, pace: float, seconds: float) -> None:
        self._since += seconds
        factor = self._expected / pace if self._chosen == 1 else pace / self._expected
        self._strange = self._strange + 1 if factor > CHANGED else 0
        if not self._strange:
            self._expected += 0.2 * (pace - self._expected)
        has_changed = self._strange > 1 and (self._chosen > 1 or self._since > CALM * self._trial)
        if not has_changed and self._since < self._rest:
            return
        if has_changed:
            self._expected = pace
        self._window = LONGEST if has_changed else min(LONGEST, max(FIRST, self._rest / SHARE))
        self.threads = self._others[self._chosen]
        self._to_try = [self._chosen, self.threads, self._chosen]
        self._tried, self._is_trying, self._trial = {}, True, 0.0
