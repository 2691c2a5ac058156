"""A progress bar in the terminal, silent elsewhere."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from deltarule.errors import lacking
from deltarule.options import OPTIONS
from deltarule.training.events import EpochEnded, Event, RunStarted

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class ProgressBar:
    """Shows epoch, both losses, examples per second and time left on standard error.

    Parameters
    ----------
    is_shown
        None shows it where standard error is a terminal and rich is installed.

    Raises
    ------
    OptionError
        A bar is asked for and rich is not installed.
    """

    def __init__(self, is_shown: bool | None = None) -> None:
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        is_shown = OPTIONS["progress"].check(is_shown)
        self.is_shown: bool = (
            (sys.stderr is not None and sys.stderr.isatty()) if is_shown is None else is_shown
        )
        if self.is_shown and find_spec("rich") is None:
            if is_shown:
                raise lacking("the progress bar", "rich", "app")
            self.is_shown = False

    def __call__(self, event: Event) -> None:
        if not self.is_shown:
            return
        if isinstance(event, RunStarted):
            self._start(event)
        elif isinstance(event, EpochEnded):
            self._advance(event)
        elif self._progress:
            self._progress.stop()
            self._progress = None

    def _start(self, event: RunStarted) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("epoch {task.completed}/{task.total}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[losses]}"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            console=Console(stderr=True),
            transient=False,
        )
        self._task = self._progress.add_task("train", total=event.epochs, losses="", speed="")
        self._progress.start()

    def _advance(self, event: EpochEnded) -> None:
        assert self._progress is not None
        assert self._task is not None
        losses = f"loss {event.loss:.4g}"
        if event.validation_loss is not None:
            losses += f"  validation {event.validation_loss:.4g}"
        speed = f"{_short(event.examples_per_second)} examples/s"
        self._progress.update(self._task, completed=event.epoch, losses=losses, speed=speed)


class RunsBar:
    """Shows how many of several runs are done, and how well the last one did, on standard error.

    is_shown: as in `ProgressBar`. done: how many are done already. what: what they are called. title: what stands
    before all.
    """

    def __init__(
        self, is_shown: bool | None, runs: int, done: int = 0, what: str = "network", title: str = ""
    ) -> None:
        self._runs, self._done, self._what, self._title = runs, done, what, title
        self._progress: Progress | None = None
        self.is_shown = ProgressBar(is_shown).is_shown

    def __enter__(self) -> RunsBar:
        if self.is_shown:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            self._progress = Progress(
                *([TextColumn(self._title)] if self._title else []),
                TextColumn(f"{self._what} {{task.completed}}/{{task.total}}"),
                BarColumn(bar_width=20),
                TextColumn("{task.fields[losses]}"),
                TimeRemainingColumn(compact=True, elapsed_when_finished=True),
                console=Console(stderr=True),
            )
            self._task = self._progress.add_task("networks", total=self._runs, losses="")
            self._progress.advance(self._task, self._done)
            self._progress.start()
        return self

    def advance(self, best: float | None, n: int = 1, said: str = "validation") -> None:
        """Count n runs that are done; best: the least validation loss of the last, or what is said."""
        if self._progress is not None:
            losses = "" if best is None else f"{said} {best:.4g}"
            self._progress.update(self._task, advance=n, losses=losses)

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()


def _short(n: float) -> str:
    """Return a count in three digits: 950, 12.3k, 4.56M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if n >= size:
            return f"{n / size:.3g}{letter}"
    return f"{n:.0f}"
