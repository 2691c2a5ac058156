"""The training loop: a generator of events, and `train`, which drives it with listeners.

for event in events(net, X, y, epochs=10):
    ...                                     # stopping is ceasing to iterate
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.engines import engine
from deltarule.errors import OptionError
from deltarule.maths.optimisers import LBFGS, GradientDescent, Optimiser, State, optimiser
from deltarule.maths.penalties import Penalty
from deltarule.maths.schedules import Schedule, schedule
from deltarule.memory import SMALLER, require_training, room_for
from deltarule.network import Network
from deltarule.options import (
    FEWEST_UPDATES,
    OPTIONS,
    callables,
    checked,
    typed_keywords,
)
from deltarule.parameters import Only, Rates
from deltarule.spelling import plural
from deltarule.training.events import EpochEnded, Event, Listener, RunStarted, Stopped
from deltarule.training.history import History
from deltarule.training.interruption import interruptible
from deltarule.training.lbfgs import iterations, options
from deltarule.training.preparing import examples_of, order_of, prepared, state_of, updates_of
from deltarule.training.progress import ProgressBar
from deltarule.training.stopping import EarlyStopping
from deltarule.units import off_everywhere


@dataclass(frozen=True)
class Run:
    """What `train` gives back; the network itself was changed in place.

    stopped completes the sentence "training stopped ..."; epochs counts those that were finished; best_epoch
    is the one whose weights were restored, None without early stopping; seconds are those of training, without
    the seconds of compiling the engine, which are 0 but for the first run on a machine; settings are ready for
    JSON; off has, by layer, the units, from 1, that are off (g' = 0) on every row learnt from; notice says why another
    engine ran than one would expect, and what that costs; state is the optimiser's as it was with these weights, with
    an entry for every parameter that learns, and None with L-BFGS.
    """

    net: Network
    history: History
    stopped: str
    is_interrupted: bool
    epochs: int
    best_epoch: int | None
    seconds: float
    compiling: float
    engine: str
    settings: dict[str, Any]
    off: dict[int, list[int]]
    notice: str = ""
    state: State | None = None

    def then(self, rest: Run) -> Run:
        """Return this run and its rest, which went on from here with the rows that were held out, as one."""
        epochs = self.epochs + rest.epochs
        return replace(
            rest,
            history=self.history.then(rest.history),
            stopped=rest.stopped
            if rest.is_interrupted
            else f"after {plural(epochs, 'epoch')}, the last {rest.epochs:,} with rows held out until then",
            epochs=epochs,
            seconds=self.seconds + rest.seconds,
            compiling=self.compiling + rest.compiling,
            settings={**rest.settings, "epochs": self.settings["epochs"] + rest.settings["epochs"]},
        )


@typed_keywords
def train(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    optimiser: str | Optimiser | LBFGS = "adam",
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
    early_stopping: int | EarlyStopping | None = None,
    shuffle: bool = True,
    seed: int = 0,
    n_threads: int | None = None,
    engine: str = "auto",
    state: State | None = None,
    progress: bool | None = None,
    listeners: Listener | Iterable[Listener] | None = (),
) -> Run:
    """Train a network in place by gradient descent, and return how it went.

    w <- w - alpha dL/dw for every parameter that learns, or the optimiser's refinement of it.

    Parameters
    ----------
    net
        Changed in place.
    X, y, weights
        As in `Network.loss`: (N, n_0); class numbers, distributions or values; example weights.
    optimiser
        A name ("gradient_descent", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "nadam",
        "rprop", "lbfgs") or an object of `deltarule.maths.optimisers`.
    learning_rate
        alpha; None takes the optimiser's own.
    rates
        Factors on alpha by the names of parameters as in `only`, such as {"s": 3.0, "W[1]": 0.5}: the steps of these,
        weight decay included, are so many times as long. A single parameter's goes before its array's. What is not
        named has 1, but the scales of the inputs, "s", have 6 where the network has any. Not for "lbfgs".
    schedule
        A name ("constant", "step", "exponential", "inverse_time", "cosine", "one_cycle") or an object of
        `deltarule.maths.schedules`: the factor on alpha over time.
    epochs
        Passes over the examples; with "lbfgs" the most iterations. None makes 100, or where batches are few as many as
        make 2,000 updates.
    batch_size
        Examples an update; None for the full batch, 1 for one example at a time.
    only
        What learns: names such as ["W[3]", "b[3]", "w[1,1,1]"], or a mask over theta.
    l1, l2
        Penalty l1 sum |w| + l2/2 sum w^2 over the weights that learn, not the biases and scales.
    weight_decay
        Decoupled: w <- w - alpha weight_decay w besides the step; None takes the optimiser's own.
    clip_norm, clip_value
        Longest gradient (2-norm over what learns); largest entry of it. Values are clipped first.
    dropout
        The share of the units of every hidden layer, or of each, that an update leaves out; not for "lbfgs".
    validation
        A fraction of the examples to hold out (by classes, where the output is a softmax), or (Xv, yv) or
        (Xv, yv, weights).
    early_stopping
        Epochs to wait for a better validation loss, or training loss where nothing is held out, before stopping; the
        best weights are restored.
    shuffle
        Visit the examples in a new order every epoch, from the seed.
    seed
        Of the validation part and of the order.
    n_threads
        How many threads work; None for one or one each processor, whichever is faster as measured while they work. The
        result is the same, to the last bit, for any.
    engine
        "compiled" (machine code made for this processor), "reference" (the functions of `deltarule.maths` as they
        are), or "auto": the first, or with a warning the second, where an activation, an output or an optimiser is a
        class of your own.
    state
        The optimiser's, as an earlier `Run` has it, to go on from; None begins anew. The schedule begins anew in either
        case.
    progress
        A bar on standard error: None where that is a terminal, or True or False; False also keeps silent about
        compiling the engine, which is done once a machine.
    listeners
        One or several, called with every event; one that returns a reason ends the run.

    Raises
    ------
    OptionError, DataError
        Before anything is changed.
    DivergenceError
        A number stopped being finite; the network keeps the parameters before that update.

    Examples
    --------
    >>> from deltarule import Network, train
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> y = (X.sum(axis=1) > 0).astype(int)
    >>> net = Network([3, 4, 4, 2], activation="tanh", output="softmax", seed=0)
    >>> run = train(net, X, y, epochs=50, learning_rate=0.01)
    >>> run.stopped
    'after 50 epochs'
    >>> run.history.loss[-1] < 0.1 < run.history.loss[0]
    True
    """
    plain = checked(
        epochs=epochs, batch_size=batch_size, l1=l1, l2=l2, clip_norm=clip_norm, clip_value=clip_value,
        dropout=dropout, shuffle=shuffle, seed=seed, n_threads=n_threads,
    )  # fmt: skip
    weight_decay = OPTIONS["weight_decay"].check(weight_decay)
    chosen = _optimiser(optimiser, learning_rate)
    if weight_decay is not None:
        if isinstance(chosen, LBFGS):
            raise OptionError("lbfgs has no weight decay; use l2, the penalty on the weights, instead.")
        chosen = replace(chosen, weight_decay=weight_decay)
    history = History()
    stopping = _stopping(early_stopping)
    listening: list[Listener] = [history, *callables("listeners", listeners), ProgressBar(progress)]
    if stopping is not None:
        listening.insert(0, stopping)
    started, interrupted = perf_counter(), np.zeros(1, bool)
    run = events(
        net,
        X,
        y,
        weights=weights,
        optimiser=chosen,
        rates=rates,
        schedule=schedule,
        only=only,
        validation=validation,
        engine=engine,
        state=state,
        interrupted=interrupted,
        is_quiet=progress is False,
        **plain,
    )
    with room_for("training", SMALLER):
        start = next(run)  # until here Ctrl-C is raised at once, since there is nothing to keep
        with interruptible(interrupted):
            first, last = drive(chain([start], run), listening)
    settings = {
        "optimiser": {"name": getattr(chosen, "name", type(chosen).__name__), **asdict(chosen)},
        "rates": {} if isinstance(chosen, LBFGS) else net.layout.rates(rates),
        "schedule": repr(_schedule(schedule)),
        **{name: value for name, value in plain.items() if name != "n_threads"},  # on which nothing depends
        "epochs": first.epochs,
        "learning": first.n_learning,
        "n_examples": first.n_examples,
        "n_validation": first.n_validation,
        "patience": stopping.patience if stopping else None,
    }
    best = stopping.best_epoch if stopping and stopping.best_epoch else None
    which = "validation" if first.n_validation else "training"
    restored = f"; weights of epoch {best} restored, where the {which} loss was least"
    restored = "" if best in (None, last.epoch) else restored
    state = None if first.state is None else first.state()
    return Run(
        net=net,
        history=history,
        stopped=last.reason + restored,
        is_interrupted=last.is_interrupted,
        epochs=len(history),
        best_epoch=best,
        seconds=perf_counter() - started - first.compiling,
        compiling=first.compiling,
        engine=first.engine,
        settings=settings,
        off=off_everywhere(net, examples_of(net, X, y, weights, validation, plain["seed"])[0][0]),
        notice=first.notice,
        state=stopping.best_state if stopping and best else state,
    )


def drive(run: Iterator[Event], listeners: Sequence[Listener]) -> tuple[RunStarted, Stopped]:
    """Show every event to every listener until the run ends or a listener gives a reason to end it.

    Listeners hear of the end in any case, even by an error, which is then raised.
    """
    first: RunStarted | None = None
    event: Event | None = None
    try:
        for event in run:
            if isinstance(event, RunStarted):
                first = event
            reasons = [reason for listen in listeners if (reason := listen(event))]
            if reasons and isinstance(event, EpochEnded):
                event = Stopped(event.net, event.epoch, reasons[0])
                for listen in listeners:
                    listen(event)
                break
    except BaseException as error:
        if event is not None:
            epoch = event.epoch if isinstance(event, EpochEnded) else 0
            for listen in listeners:
                listen(Stopped(event.net, epoch, f"by an error: {error}"))
        raise
    assert first is not None
    assert isinstance(event, Stopped)
    return first, event


@typed_keywords
def events(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    optimiser: str | Optimiser | LBFGS = "adam",
    rates: Rates = None,
    schedule: str | Schedule = "constant",
    epochs: int | None = None,
    batch_size: int | None = 32,
    only: Only = None,
    l1: float = 0.0,
    l2: float = 0.0,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    dropout: float | Sequence[float] = 0.0,
    validation: float | Sequence[ArrayLike] | None = None,
    shuffle: bool = True,
    seed: int = 0,
    n_threads: int | None = None,
    engine: str = "auto",
    state: State | None = None,
    interrupted: NDArray[np.bool_] | None = None,
    is_quiet: bool = False,
) -> Iterator[Event]:
    """Yield RunStarted, EpochEnded for every epoch, and Stopped; the network is trained in place.

    Parameters are those of `train`; `interrupted` is a (1,) flag which ends the run after the batch in hand, and with
    `is_quiet` nothing is told of compiling.

    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 3))
    >>> for event in events(Network([3, 1], output="linear"), X, X.sum(axis=1), epochs=1000):
    ...     if isinstance(event, EpochEnded) and event.loss < 1.0:
    ...         break
    """
    epochs, batch_size, l1, l2, clip_norm, clip_value, shuffle, seed, n_threads = checked(
        epochs=epochs, batch_size=batch_size, l1=l1, l2=l2, clip_norm=clip_norm, clip_value=clip_value,
        shuffle=shuffle, seed=seed, n_threads=n_threads,
    ).values()  # fmt: skip
    chosen = _optimiser(optimiser)
    is_lbfgs = isinstance(chosen, LBFGS)
    if is_lbfgs and rates:
        raise OptionError("lbfgs finds its own step length; leave rates out.")
    itemsize = 8 if is_lbfgs else net.dtype.itemsize
    require_training(net.layout.size, itemsize, chosen.name, 2 + chosen.numbers)
    # Line searches compare losses that differ by less than float32 resolves.
    work = net.astype("float64") if is_lbfgs and net.dtype != np.float64 else net
    problem, held = prepared(
        work,
        X,
        y,
        weights=weights,
        optimiser=GradientDescent() if isinstance(chosen, LBFGS) else chosen,
        rates=rates,
        schedule=_schedule(schedule),
        epochs=epochs,
        batch_size=None if is_lbfgs else batch_size,
        fewest_updates=0 if is_lbfgs else FEWEST_UPDATES,
        only=only,
        penalty=Penalty(l1, l2),
        clip_norm=clip_norm,
        clip_value=clip_value,
        dropout=dropout,
        validation=validation,
        seed=seed,
        begun=updates_of(state),
    )
    epochs, N = problem.epochs, len(problem.p)
    if is_lbfgs and problem.dropout is not None:
        raise OptionError(
            "lbfgs has no dropout: it needs the same loss whenever it asks; take another optimiser."
        )
    runner = _engine(engine, problem, n_threads, is_quiet=is_quiet)
    if state is not None:
        if is_lbfgs:
            raise OptionError("lbfgs has no state to go on from; leave out state.")
        runner.state = state_of(state, runner.state)
    interrupted = np.zeros(1, bool) if interrupted is None else interrupted
    yield RunStarted(
        net=net,
        engine=runner.name,
        n_examples=N,
        n_validation=len(held[1]) if held else 0,
        n_learning=len(net.theta[problem.selection.index]),
        epochs=epochs,
        updates_per_epoch=problem.updates_per_epoch,
        compiling=runner.compiling,
        notice=runner.notice,
        state=None if is_lbfgs else lambda: runner.state,
    )
    started = perf_counter()
    if isinstance(chosen, LBFGS):
        passes = iterations(runner, options(chosen, epochs), interrupted)
    else:
        passes = (
            runner.epoch(order_of(N, shuffle, seed, epoch), interrupted) for epoch in range(1, epochs + 1)
        )
    epoch, before, reason = 0, started, f"after {plural(epochs, 'iteration' if is_lbfgs else 'epoch')}"
    for result in passes:
        if work is not net:
            net.theta = work.theta
        if interrupted[0]:
            break
        epoch += 1
        now = perf_counter()
        yield EpochEnded(
            net=net,
            epoch=epoch,
            loss=result.loss,
            validation_loss=runner.loss(*held) if held else None,
            gradient_norms=tuple(float(norm) for norm in result.gradient_norms),
            learning_rate=None if is_lbfgs else result.learning_rate,
            examples_per_second=result.examples / max(now - before, 1e-9),
            seconds=now - started,
        )
        before = perf_counter()
        if interrupted[0]:
            break
    if interrupted[0]:
        reason = f"by an interruption after {epoch:,} full epochs; what was learnt so far is kept"
    elif epoch < epochs:
        reason = f"after {plural(epoch, 'iteration')}, at a minimum as near as the tolerance asks"
    yield Stopped(net, epoch, reason, is_interrupted=bool(interrupted[0]))


def _stopping(early_stopping: int | EarlyStopping | None) -> EarlyStopping | None:
    if isinstance(early_stopping, EarlyStopping):
        return early_stopping
    patience = OPTIONS["early_stopping"].check(early_stopping)
    return None if patience is None else EarlyStopping(patience)


# The arguments of train and events carry the names of these functions.
_optimiser, _schedule, _engine = optimiser, schedule, engine
