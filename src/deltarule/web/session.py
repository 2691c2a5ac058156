"""What the page looks at: a network, its examples, and a training that is walked. One thing happens at a time.

Every act makes a new revision, and every answer says of which one it is, so that the page knows what is out of date.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.chain.explained import Explained
from deltarule.errors import DeltaruleError, DivergenceError, OptionError
from deltarule.maths.optimisers import optimiser
from deltarule.network import Floats
from deltarule.sparse import dense
from deltarule.spelling import plural
from deltarule.tables import groups_of
from deltarule.tables.columns import Column
from deltarule.training import Walk
from deltarule.web import commands, tour
from deltarule.web.beginning import axes_of, made, rate_of, settings_of, split
from deltarule.web.commands import Message
from deltarule.web.controls import CONTROLS, OF_OTHERS, OF_WORKED, OWN, FieldError, Settings, told_controls
from deltarule.web.examples import MAKERS, WORKED
from deltarule.web.frame import frame_of
from deltarule.web.script import Change, needs_start

FRAMES = 20
"""A second, while it plays."""


class Session:
    """A walk with what surrounds it; safe to use from several threads.

    Parameters
    ----------
    own
        A network with examples to begin with; None for the worked example.
    settings
        Values of the controls to begin with, where nothing is given.
    title
        What the given data are called.
    opening
        The parameter and the phase that the page opens at; empty for its own choice.

    Attributes
    ----------
    first, kept
        The network at the beginning; the rows that are learnt from, from 0.
    changes
        What led here beside updates: how it began, and what was changed on the way and not taken back.
    """

    def __init__(
        self,
        own: Explained | None = None,
        settings: Settings = OF_WORKED,
        title: str = "",
        opening: tuple[str, str] = ("", ""),
    ) -> None:
        self.own, self.title, self.opening = own, title, opening
        self.lock, self._acting = threading.RLock(), threading.Lock()
        self.rev = 0
        self.speed = 20.0
        self.halted = ""
        self._listeners: list[Callable[[], None]] = []
        self._player: threading.Thread | None = None
        self._stop = threading.Event()
        self.acts: list[str] = []
        self.begin(settings if own is None else settings_of(own))

    # What is looked at -----------------------------------------------------------------------------

    def begin(self, settings: Settings, changed: Explained | None = None) -> None:
        """Make the network and the walk of some settings, or of changed examples; refused, nothing is changed."""
        seen = made(settings, self.own) if changed is None else changed
        kept, out = split(settings, seen)
        weights = None if seen.weights is None else np.asarray(seen.weights)
        walk = Walk(
            seen.net,
            seen.X[kept],
            seen.y[kept],
            weights=None if weights is None else weights[kept],
            validation=None if out is None else (seen.X[out], seen.y[out]),
            optimiser=optimiser(settings.optimiser, settings.learning_rate),  # type: ignore[arg-type]
            batch_size=min(settings.batch_size, len(kept)),
            l1=settings.l1,
            l2=settings.l2,
            weight_decay=settings.weight_decay,
            clip_norm=settings.clip_norm or None,
            dropout=settings.dropout,
            seed=settings.seed,
        )
        self.settings, self.seen, self.walk = settings, seen, walk
        self.first = seen.net
        self.kept: NDArray[np.intp] = kept
        self._axes = axes_of(seen.X)
        of = seen.numbering
        self.numbers = kept + 1 if of is None else np.array([of.number(int(n)) for n in kept])
        self.example, self.halted = 0, ""
        self.held_losses: dict[int, float] = {}
        self.frozen: set[str] = set()
        self.changes = [Change(0, "begin", {}, settings)]
        self.acts, self.is_input_changed = [], changed is not None

    @property
    def row(self) -> int:
        """The example that is looked at, from 0, among the rows that are learnt from."""
        if self.example:
            return self.example - 1
        return int(self.walk.rows[0])

    def examples(self, on: str) -> tuple[Floats, Floats, Floats]:
        """Return X, p and weights of the example, or of the batch."""
        q, is_one = self.walk.problem, on == "example"
        rows = np.array([self.row]) if is_one else self.walk.rows
        return dense(q.X[rows]), q.p[rows], np.ones(1) if is_one else q.w[rows]

    @property
    def groupings(self) -> list[str]:
        """What the examples can be grouped by: the columns of a table, or the inputs, and the target, if it is one."""
        net, seen = self.walk.net, self.seen
        columns = seen.columns or seen.inputs or [f"x{j + 1}" for j in range(net.sizes[0])]
        is_one = net.output.name == "softmax" or net.sizes[-1] == 1
        return [*columns, *(["the target"] if is_one else [])]

    def groups(self, by: int) -> NDArray[np.str_]:
        """Return the group of every example of the batch, by a place among the groupings, from 1."""
        names, rows = self.groupings, self.kept[self.walk.rows]
        if by > len(names):
            raise FieldError(f"by is {by}; there are {plural(len(names), 'column')}.", "by")
        columns, n_0 = self.seen.columns, self.walk.net.sizes[0]
        if by <= len(columns) and self.seen.groups is not None:
            return np.array(self.seen.groups(columns[by - 1]))[rows]
        if not columns and by <= n_0:
            return np.array(groups_of(Column.of("x", dense(self.seen.X[:, [by - 1]])[:, 0])))[rows]
        p = self.walk.problem.p
        if self.walk.net.output.name != "softmax":
            return np.array(groups_of(Column.of("y", p[:, 0])))[self.walk.rows]
        classes = self.seen.outputs or [str(i + 1) for i in range(p.shape[1])]
        return np.array(classes)[p[self.walk.rows].argmax(axis=1)]

    @property
    def names(self) -> dict[str, Any]:
        """What inputs and outputs are called, as arguments of `explain`."""
        return {"inputs": self.seen.inputs, "outputs": self.seen.outputs}

    # Acts ------------------------------------------------------------------------------------------

    def act(self, command: Message) -> int:
        """Do what a command says and return the new revision.

        Raises
        ------
        DeltaruleError
            It cannot be done; nothing is changed. (An update that diverges is not made, and is said in `halted`.)
        """
        with self._acting:
            match command:
                case commands.Play():
                    self._play()
                case commands.Pause():
                    self.pause()
                case _:
                    if not isinstance(command, commands.Speed):
                        self.pause()
                    with self.lock:
                        try:
                            self._do(command)
                            self.acts.append(type(command).__name__.lower())
                        except DivergenceError as error:  # it stays before that update, and says why
                            self.halted = str(error)
            return self._changed()

    def _do(self, command: Message) -> None:
        walk = self.walk
        match command:
            case commands.Step(by="example"):
                self._next_example()
            case commands.Step(by=by, n=n):
                for _ in range(n):
                    if by == "batch":
                        walk.take()
                    else:
                        walk.take_epoch()
                self.example = 0
            case commands.Back(n=n):
                self._go(max(walk.t - n, 0))
            case commands.Go(t=t):
                self._go(t)
            case commands.Restart():
                walk.restart()
                self.halted, self.example = "", 0
                self.changes = [Change(0, "begin", {}, self.settings, frozenset(self.frozen))]
            case commands.Speed(value=value):
                self.speed = float(value)
            case commands.Set(option=option, value=value):
                self._set(option, value)
            case commands.Freeze(name=name, is_frozen=is_frozen):
                self._freeze(name, is_frozen)
            case commands.Weight(name=name, value=value):
                walk.weight(name, value)
                self._note("weight", name=name, value=value)
                self.halted = ""
            case commands.Input(j=j, value=value):
                self._input(j, value)
            case commands.Stop(n=n):
                tour.begin(self, n)
            case commands.Example(row=row):
                self.example = 0 if row == 0 else self._place(row) + 1
            case _:
                raise OptionError("this cannot be done.")

    def _go(self, t: int) -> None:
        """Go to where t updates had been made, with what was set and frozen there."""
        self.walk.go(t)
        self.halted, self.example = "", 0
        self.changes = [each for each in self.changes if each.t <= t]
        self.settings, self.frozen = self.changes[-1].settings, set(self.changes[-1].frozen)

    def _note(self, method: str, **arguments: Any) -> None:
        """Keep what was changed; of a weight that is dragged, where it came to lie."""
        change = Change(self.walk.t, method, arguments, self.settings, frozenset(self.frozen))
        if change.replaces(self.changes[-1]):
            self.changes.pop()
        self.changes.append(change)

    def _place(self, row: int) -> int:
        """Return the place of a row, from 0, among those that are learnt from."""
        found = np.flatnonzero(self.numbers == row)
        if not len(found):
            N = len(self.numbers)
            first, last = self.numbers[0], self.numbers[-1]
            raise FieldError(
                f"there is no row {row:,} among the {plural(N, 'row')} to learn from, {first:,} to {last:,}.",
                "row",
            )
        return int(found[0])

    def _next_example(self) -> None:
        """Look at the next example of the batch; after its last make the update."""
        batch = self.walk.rows.tolist()
        at = batch.index(self.row) + 1 if self.row in batch else 0
        if at < len(batch):
            self.example = batch[at] + 1
        else:
            self.walk.take()
            self.example = int(self.walk.rows[0]) + 1

    def _input(self, j: int, value: float) -> None:
        """Change an input of the example, and begin anew with the parameters of now."""
        n = self.walk.net.sizes[0]
        if j > n:
            raise FieldError(f"j is {j}; there are {plural(n, 'input')}.", "j")
        row = self.row
        X = np.array(self.seen.X, dtype=np.float64)
        X[self.kept[row], j - 1] = value
        self.begin(self.settings, replace(self.seen, X=X, net=self.walk.net.copy()))
        self.example = row + 1

    def _set(self, option: str, value: Any) -> None:
        changed = self.settings.changed(option, value)
        if CONTROLS[option].is_of_network:
            if option == "data":
                changed = self._settings_for(changed)
            self.begin(changed)
            return
        given = {option: getattr(changed, option)}
        if option == "optimiser":
            changed = replace(changed, learning_rate=rate_of(changed.optimiser), weight_decay=0.0)
            given |= {"learning_rate": changed.learning_rate, "weight_decay": 0.0}
        elif option in ("learning_rate", "weight_decay"):
            given |= {"learning_rate": changed.learning_rate, "weight_decay": changed.weight_decay}
        self.walk.set(**given)
        self.settings = changed
        self._note("set", **given)

    def _settings_for(self, settings: Settings) -> Settings:
        """Return what other data begin with: the worked example and given data with their own networks."""
        if settings.data == WORKED:
            return OF_WORKED
        if settings.data == OWN and self.own is not None:
            return settings_of(self.own)
        if self.settings.data in (WORKED, OWN):
            return replace(OF_OTHERS, data=settings.data)
        return settings

    def _freeze(self, name: str, is_frozen: bool) -> None:
        layout = self.walk.net.layout
        layout.select([name])  # refuses what there is not
        frozen = self.frozen | {name} if is_frozen else self.frozen - {name}
        learns = np.ones(layout.size, bool)
        for each in frozen:
            learns[layout.select([each]).index] = False
        if not learns.any():
            raise FieldError("nothing would learn any more; let one array learn.", "name")
        self.walk.learn(None if learns.all() else learns)
        self.frozen = frozen
        self._note("learn")

    # Playing ---------------------------------------------------------------------------------------

    @property
    def is_playing(self) -> bool:
        return self._player is not None and self._player.is_alive() and not self._stop.is_set()

    def _play(self) -> None:
        if self.is_playing:
            return
        self._stop = threading.Event()
        self._player = threading.Thread(target=self._run, args=(self._stop,), daemon=True)
        self._player.start()

    def pause(self) -> None:
        """Stop playing, and wait until no update is being made."""
        self._stop.set()
        player = self._player
        if player is not None and player is not threading.current_thread():
            player.join()
        self._player = None

    def _run(self, stop: threading.Event) -> None:
        debt = 0.0
        while not stop.is_set():
            begun, pause = time.monotonic(), max(1 / FRAMES, 1 / self.speed)
            debt += self.speed * pause
            try:
                with self.lock:
                    self.example = 0
                    while debt >= 1 and not stop.is_set():
                        self.walk.take()
                        debt = debt - 1 if time.monotonic() < begun + pause else 0.0  # who is late skips
            except DeltaruleError as error:
                self.halted = str(error)
                stop.set()
            self._changed()
            stop.wait(max(begun + pause - time.monotonic(), 0.001))  # others want the lock, too

    def close(self) -> None:
        """Stop all that goes on."""
        self.pause()

    def _see_held(self) -> None:
        """Keep the loss of what is held out, of now, and forget what was taken back."""
        t = self.walk.t
        self.held_losses = {at: loss for at, loss in self.held_losses.items() if at <= t}
        if (loss := self.walk.validation_loss()) is not None:
            self.held_losses[t] = loss

    # What is told ----------------------------------------------------------------------------------

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have a function called after every change; what is returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _changed(self) -> int:
        with self.lock:
            self.rev += 1
            rev = self.rev
        for listener in tuple(self._listeners):
            listener()
        return rev

    def told(self) -> dict[str, Any]:
        """Return what the page is made of: controls, names, shapes; it changes with settings alone."""
        with self.lock:
            net, settings = self.walk.net, self.settings
            known = (*MAKERS, *([OWN] if self.own is not None else []))
            optimisers = CONTROLS["optimiser"].option.choices
            words = {name: maker.words for name, maker in MAKERS.items()} | {OWN: self.title or "your own"}
            return {
                "controls": told_controls(settings, {"data": known, "optimiser": optimisers}),
                "words": words,
                "sizes": list(net.sizes),
                "activation": [g.name for g in net.g[1:]],
                "output": net.output.name,
                "loss": net.output.loss_name,
                "inputs": list(self.seen.inputs or (f"x{j + 1}" for j in range(net.sizes[0]))),
                "outputs": list(self.seen.outputs or (str(i + 1) for i in range(net.sizes[-1]))),
                "has_scale": net.s is not None,
                "parameters": net.layout.size,
                "axes": self._axes,
                "groupings": self.groupings,
                "N": len(self.walk.problem.p),
                "speeds": list(commands.SPEEDS),
                "opening": list(self.opening),
                "needs_start": needs_start(self),
            }

    def frame(self, watch: str = "", by: str = "forward") -> dict[str, Any]:
        """Return the moment as text; watch and by choose the units that are told of wide layers."""
        with self.lock, np.errstate(all="ignore"):  # what is not finite is shown as it is
            self._see_held()
            return frame_of(self, watch, by)
