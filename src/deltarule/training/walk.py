"""A training that is walked: update by update, back again to any of them, with options that change on the way.

    walk = Walk(net, X, y, optimiser="adam", learning_rate=0.01)
    walk.moment                             # the update that comes next, and all that it is made of
    walk.take()                             # makes it
    walk.back()                             # and takes it back

What is walked forward ends in the bits of `train(..., engine="reference")`, whatever was walked back before. An option
that changes does so at an update: before it the walk goes by the old one, and back there it is the old one again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.chain.explained import Explained, Training, aside
from deltarule.engines import Problem, dropout_of
from deltarule.engines.reference import Proposal, ReferenceEngine
from deltarule.errors import OptionError
from deltarule.maths import passes
from deltarule.maths.optimisers import LBFGS, Optimiser, State, optimiser
from deltarule.maths.penalties import Penalty
from deltarule.maths.schedules import Constant, Schedule, schedule
from deltarule.network import Floats, Network
from deltarule.options import FEWEST_UPDATES, OPTIONS, checked, plain_scalar, typed_keywords
from deltarule.parameters import Only, Rates
from deltarule.training.preparing import order_of, prepared, state_of, updates_of

ROOM = 2**26
"""Bytes of the moments that are kept; of those between, the updates are made again."""


@dataclass(frozen=True)
class Mark:
    """Where a walk was before update t: in which epoch, at which of its rows, with which parameters and options."""

    t: int
    epoch: int
    start: int
    theta: Floats
    state: State
    problem: Problem
    is_act: bool
    """Whether something was changed here, which no update before it tells."""

    @property
    def nbytes(self) -> int:
        return self.theta.nbytes + sum(np.asarray(each).nbytes for each in self.state.values())


class Walk:
    """A training of a copy of a network, which can be stopped at every update, looked into, changed and taken back.

    Parameters
    ----------
    net, X, y
        As of `train`; `net` is left as it is, `walk.net` is what learns.
    optimiser, learning_rate, weights, rates, schedule, epochs, batch_size, only, l1, l2, weight_decay, clip_norm, \
clip_value, dropout, validation, shuffle, seed, state
        As of `train`, with its defaults; but for "lbfgs", which makes no updates of batches. A walk may go on after
        `epochs`, with the rate that the schedule ends at.
    room
        Bytes of the moments that are kept to go back to; others are made again from the nearest before them.

    Attributes
    ----------
    net
        With the parameters of now.
    t
        How many updates led here.
    epoch
        The one that the next update is in, from 1.
    losses
        The loss of every batch that led here, as its update saw it, without the penalty.

    Raises
    ------
    OptionError, DataError
        As of `train`.

    Examples
    --------
    >>> from deltarule import Network
    >>> X = np.random.default_rng(0).normal(size=(40, 3))
    >>> walk = Walk(Network([3, 4, 1], output="linear", seed=0), X, X.sum(axis=1), batch_size=20)
    >>> walk.moment.loss > 0, walk.t
    (True, 0)
    >>> walk.take(3)
    >>> walk.t, walk.epoch
    (3, 2)
    >>> walk.back()
    >>> walk.t, len(walk.losses)
    (2, 2)
    """

    @typed_keywords
    def __init__(
        self,
        net: Network,
        X: ArrayLike,
        y: ArrayLike,
        *,
        weights: ArrayLike | None = None,
        optimiser: str | Optimiser = "adam",
        learning_rate: float | None = None,
        rates: Rates = None,
        schedule: str | Schedule = "constant",
        epochs: int | None = None,
        batch_size: int | None = 32,
        only: Only = None,
        l1: float = 0.0,
        l2: float = 0.0,
        weight_decay: float | None = None,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        dropout: float | Sequence[float] = 0.0,
        validation: float | Sequence[ArrayLike] | None = None,
        shuffle: bool = True,
        seed: int = 0,
        state: State | None = None,
        room: int = ROOM,
    ) -> None:
        plain = checked(
            epochs=epochs, batch_size=batch_size, l1=l1, l2=l2, clip_norm=clip_norm, clip_value=clip_value,
            shuffle=shuffle, seed=seed,
        )  # fmt: skip
        self.net, self.room = net.copy(), room
        problem, self.held = prepared(
            self.net,
            X,
            y,
            weights=weights,
            optimiser=_chosen(optimiser, learning_rate, weight_decay),
            rates=rates,
            schedule=_schedule(schedule),
            epochs=plain["epochs"],
            batch_size=plain["batch_size"],
            fewest_updates=FEWEST_UPDATES,
            only=only,
            penalty=Penalty(plain["l1"], plain["l2"]),
            clip_norm=plain["clip_norm"],
            clip_value=plain["clip_value"],
            dropout=dropout,
            validation=validation,
            seed=plain["seed"],
            begun=updates_of(state),
        )
        self._seed, self._shuffle, self._first = (
            int(plain["seed"]),
            bool(plain["shuffle"]),
            self.net.theta.copy(),
        )
        self._engine = ReferenceEngine(problem)
        if state is not None:
            self._engine.state = state_of(state, self._engine.state)
        self._begun = None if state is None else self._engine.state
        self._begin()

    def _begin(self) -> None:
        self.t, self.epoch = 0, 1
        self.losses: list[float] = []
        self._marks: dict[int, Mark] = {}
        self.__dict__.pop("_order", None)
        self._go_on(0)
        self._mark(is_act=True)

    # Where it is --------------------------------------------------------------------------------------

    @property
    def problem(self) -> Problem:
        """What is learnt and how, with the options of now."""
        return self._engine.problem

    @property
    def state(self) -> State:
        """The optimiser's, of the parameters that learn."""
        return self._engine.state

    @cached_property
    def _order(self) -> NDArray[np.intp]:
        return order_of(len(self.problem.p), self._shuffle, self._seed, self.epoch)

    @cached_property
    def moment(self) -> Proposal:
        """The update that comes next."""
        with np.errstate(all="ignore"):  # what is not finite is refused by name when it is taken
            return self._engine.propose(self.rows)

    @property
    def rows(self) -> NDArray[np.intp]:
        """The batch that comes next: its rows, from 0."""
        return self._order[self._start : self._start + self.problem.batch_size]

    def _go_on(self, start: int) -> None:
        """Come to the next batch from row `start` of the epoch on of which a row weighs anything."""
        self._start = start
        while self._start >= len(self._order) or not self.problem.w[self.rows].any():
            self._start += self.problem.batch_size
            if self._start >= len(self._order):
                self.epoch, self._start = self.epoch + 1, 0
                self.__dict__.pop("_order", None)
        self.__dict__.pop("moment", None)

    def loss(self) -> float:
        """Return the loss of all rows that are learnt from, by the parameters of now, without penalty and dropout."""
        q = self.problem
        return self._engine.loss(q.X, q.p, q.w / q.w.sum())

    def validation_loss(self) -> float | None:
        """Return the loss of the rows that are held out; None where there are none."""
        return None if self.held is None else self._engine.loss(*self.held)

    def explained(self, X: Any, y: Any, weights: Any = None, *, table: Any = None) -> Explained:
        """Return what `explain`, `check`, `pullers` and `suspects` look at: they take a walk in place of a network.

        The update that `explain` shows is the walk's next one, were X its batch: with the optimiser's state of now, the
        rate of the schedule, penalty, clipping and decay.
        """
        q, layout = self.problem, self.net.layout
        learns = np.zeros(layout.size, bool)
        learns[q.selection.index] = True
        t = int(self.state["t"])
        rate = q.learning_rate(t)
        is_course = not isinstance(q.schedule, Constant)
        return Explained(
            self.net,
            X,
            y,
            weights,
            training=Training(
                optimiser=q.optimiser,
                state=self._whole_state(),
                rate=rate,
                schedule=f" by its schedule at update {t + 1:,}" if is_course else "",
                aside=aside(0.0 if q.dropout is None else q.dropout.rates, 0.0),
                penalty=q.penalty,
                clip_norm=q.clip_norm,
                clip_value=q.clip_value,
                learns=None if q.selection.is_all else learns,
                rates=q.rates,
            ),
        )

    @property
    def products(self) -> tuple[int, int]:
        """How many products the backward pass makes for an example, and how many it would if everything learnt."""
        net, of = self.net, self.problem.selection
        every = range(1, net.K + 1)
        return (
            passes.products(net.sizes, of.W, of.b, of.units, of.inputs, learn_s=of.s),
            passes.products(net.sizes, every, every, learn_s=net.s is not None),
        )

    def _whole_state(self) -> State:
        """Return the optimiser's state with an entry for every parameter: its first where one does not learn."""
        whole = self.problem.optimiser.init(self.net.theta)
        for name, of in self.state.items():
            if np.ndim(whole[name]):
                whole[name][self.problem.selection.index] = of
            else:
                whole[name] = of
        return whole

    # Walking ------------------------------------------------------------------------------------------

    def take(self, n: int = 1) -> None:
        """Make n updates.

        Raises
        ------
        DivergenceError
            A number of the next one is not finite; the walk stays before it.
        """
        for _ in range(n):
            update = self.moment
            self._engine.take(update)
            self.losses.append(update.loss)
            self.t += 1
            self._go_on(self._start + len(update.rows))
            self._mark()

    def take_epoch(self) -> None:
        """Make the updates that are left of this epoch."""
        epoch = self.epoch
        while self.epoch == epoch:
            self.take()

    def back(self, n: int = 1) -> None:
        """Take n updates back.

        Raises
        ------
        OptionError
            There are not so many.
        """
        self.go(self.t - n)

    def go(self, t: int) -> None:
        """Go to where t updates had been made, or make as many.

        Raises
        ------
        OptionError
            t is below 0.
        """
        if t < 0:
            raise OptionError(f"a walk begins at update 0, and {t:,} is before it.")
        if t < self.t:
            self._stand_at(self._marks[max(at for at in self._marks if at <= t)])
        self.take(t - self.t)

    def restart(self) -> None:
        """Begin anew from the first parameters, with the options of now."""
        self.net.theta = self._first
        problem = replace(self.problem, begun=updates_of(self._begun))
        begun, now = self._begun, self.state
        self._engine = ReferenceEngine(problem)
        if begun is not None and _shapes(begun) == _shapes(now):
            self._engine.state = begun
        self._begin()

    # Changing what comes ------------------------------------------------------------------------------

    @typed_keywords
    def set(
        self,
        *,
        optimiser: str | Optimiser | None = None,
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        schedule: str | Schedule | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        l1: float | None = None,
        l2: float | None = None,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        dropout: float | Sequence[float] | None = None,
    ) -> None:
        """Change options from the next update on; what is left out stays as it is.

        Another optimiser begins in its first state; what was taken back is forgotten. Of clip_norm and clip_value 0
        takes the limit away.

        Raises
        ------
        OptionError
            As of `train`; nothing is changed.
        """
        q = self.problem
        plain = checked(
            epochs=epochs, batch_size=batch_size, l1=l1 or 0.0, l2=l2 or 0.0, clip_norm=clip_norm or None,
            clip_value=clip_value or None,
        )  # fmt: skip
        penalty = Penalty(
            q.penalty.l1 if l1 is None else plain["l1"], q.penalty.l2 if l2 is None else plain["l2"]
        )
        size = q.batch_size if batch_size is None else min(plain["batch_size"], len(q.p))
        changed = replace(
            q,
            optimiser=_chosen(q.optimiser if optimiser is None else optimiser, learning_rate, weight_decay),
            schedule=q.schedule if schedule is None else _schedule(schedule),
            epochs=q.epochs if epochs is None else plain["epochs"],
            batch_size=size,
            penalty=penalty,
            clip_norm=q.clip_norm if clip_norm is None else plain["clip_norm"],
            clip_value=q.clip_value if clip_value is None else plain["clip_value"],
            dropout=q.dropout if dropout is None else dropout_of(self.net, q.X, dropout, self._seed),
        )
        t = int(self.state["t"])
        state = self.state
        if type(changed.optimiser) is not type(q.optimiser):
            state = changed.optimiser.init(self.net.theta[q.selection.index])
        begun = int(state["t"]) - round((t - q.begun) / q.updates_per_epoch * changed.updates_per_epoch)
        self._change(replace(changed, begun=begun), state)

    def learn(self, only: Only = None) -> None:
        """Let only some parameters learn from now on, None all; what did not learn before begins in its first state.

        Raises
        ------
        OptionError, ShapeError
            As of `train`; nothing is changed.
        """
        q, selection = self.problem, self.net.layout.select(only)
        whole = self._whole_state()
        state = {name: of[selection.index] if np.ndim(of) else of for name, of in whole.items()}
        self._change(replace(q, selection=selection), state)

    def weight(self, name: str, value: float) -> None:
        """Set a parameter, by a name such as "w[2,1,3]", "b[1,2]" or "s[1]".

        Raises
        ------
        OptionError
            There is no such parameter, or the value is not finite.
        """
        place, given = self.net.layout.find(name), plain_scalar(value)
        if isinstance(given, bool) or not isinstance(given, int | float) or not np.isfinite(given):
            raise OptionError(f"{name} cannot be {given!r}; a parameter is a finite number.")
        self.net.theta[place] = given
        self._change(self.problem, self.state)

    # What it remembers --------------------------------------------------------------------------------

    def _change(self, problem: Problem, state: State) -> None:
        """Go on with other options, or another state, and forget what was made without them."""
        engine = ReferenceEngine(problem)
        engine.state = state
        self._engine = engine
        self._go_on(self._start)
        self._mark(is_act=True)

    def _mark(self, *, is_act: bool = False) -> None:
        """Keep where it is; of marks that take too much room, every other one between changes goes."""
        theta = self.net.theta.copy()
        mark = Mark(self.t, self.epoch, self._start, theta, self.state, self.problem, is_act)
        self._marks[self.t] = mark
        if len(self._marks) * mark.nbytes > self.room:
            plain = [t for t, each in self._marks.items() if not each.is_act]
            for t in plain[:-1:2]:
                del self._marks[t]

    def _stand_at(self, mark: Mark) -> None:
        self._engine = ReferenceEngine(mark.problem)
        self._engine.state = mark.state
        self.net.theta = mark.theta
        self.t, self.epoch = mark.t, mark.epoch
        del self.losses[mark.t :]
        self._marks = {t: each for t, each in self._marks.items() if t <= mark.t}
        self.__dict__.pop("_order", None)
        self._go_on(mark.start)


def _shapes(state: State) -> dict[str, tuple[int, ...]]:
    return {name: np.shape(of) for name, of in state.items()}


def _chosen(which: str | Optimiser, learning_rate: float | None, weight_decay: float | None) -> Optimiser:
    """Return the optimiser of an option."""
    chosen = _optimiser(which, learning_rate)
    if isinstance(chosen, LBFGS):
        raise OptionError(
            "lbfgs makes no updates of batches to walk by; take another optimiser, or train with it."
        )
    decay = OPTIONS["weight_decay"].check(weight_decay)
    return chosen if decay is None else replace(chosen, weight_decay=decay)


# Some arguments carry the names of these functions.
_optimiser, _schedule = optimiser, schedule
