"""CompiledEngine and `predict`: the interface of an engine over the compiled kernels."""

from __future__ import annotations

from functools import cached_property
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deltarule.binned import Binned
from deltarule.engines.base import EpochResult, Problem
from deltarule.engines.compiled.codes import (
    CLIP_NORM,
    CLIP_VALUE,
    FIVE,
    OPTIMISER_CODES,
    STATES,
    refuse_strangers,
    settings,
)
from deltarule.engines.compiled.cuts import is_by_units, operations, threads_worth
from deltarule.engines.compiled.freezing import Frozen
from deltarule.engines.compiled.letters import CHUNKS, SINGLES, STEPS, TRANSFERS, Letter
from deltarule.engines.compiled.machine_code import code_for, seconds_spent
from deltarule.engines.compiled.memory import Memory
from deltarule.engines.compiled.pace import Pace
from deltarule.engines.compiled.places import (
    ACTIVATE,
    BLOCKS,
    CHANGE,
    CLIPPED,
    COLUMNS,
    DELTA,
    DROPPING,
    GRADIENT,
    INNER,
    INPUTS,
    IS_PARTIAL,
    LAYERS,
    LEARNS,
    MEANS,
    ONE,
    PART,
    PRODUCT,
    SCALED,
    SCALES,
    SINGLE,
    SIZE,
    SPANS,
    STARTS,
    STEP,
    VALUES,
    Y_HAT,
)
from deltarule.engines.compiled.places import STATES as STATES_PLACE
from deltarule.engines.compiled.plan import plan, rare_kernels
from deltarule.engines.compiled.rows import NO_LISTS, Rows
from deltarule.engines.compiled.threads import EACH, GOING, QUEUES, SPREAD, STOP, alone, aside, hired
from deltarule.engines.divergence import diverged
from deltarule.engines.examples import SPARSE_ROWS, matrices
from deltarule.engines.machine import available_threads, processors
from deltarule.maths.dropout import Dropout
from deltarule.maths.optimisers import State
from deltarule.maths.schedules import Constant
from deltarule.network import Floats, Network
from deltarule.parameters import Selection
from deltarule.sparse import is_sparse

KERNELS = {
    PRODUCT: "product",
    INNER: "inner",
    ACTIVATE: "activate",
    DROPPING: "drop",
    DELTA: "delta",
    Y_HAT: "y_hat",
    STEP: "step",
    CHANGE: "change",
    BLOCKS: "by_blocks",
    CLIPPED: "clipped",
}
"""What every plan calls by its address."""
FREEZE = 2e9
"""Floating-point operations of a run on single examples from which on compiling for its sizes pays."""
LONG = 1e9
"""Floating-point operations after which a person may want to press Ctrl-C, which only an idle main thread sees."""


class Workplace:
    """Memory and threads for one shape of work on one network."""

    def __init__(
        self,
        net: Network,
        selection: Selection | None,
        batch: int,
        most_threads: int,
        examples: int,
        n_states: int = 0,
        keeps_gradient: bool = True,
        dropout: Dropout | None = None,
        rows: Rows | None = None,
        *,
        may_return: bool = False,
        is_order: bool = False,
        rates: NDArray[np.float64] | None = None,
    ) -> None:
        threads = threads_worth(net, batch, examples, most_threads)
        listed = rows.listed if rows else NO_LISTS
        self.plan = plan(net, selection, batch, threads, n_states, keeps_gradient, dropout, listed, rates)
        self.threads = self.plan.threads
        rare = rare_kernels(net, batch, dropout) if selection is not None else ()
        self.code = code_for(str(net.dtype), *rare)
        self.pace = Pace(self.threads, is_fixed=is_order)
        self.told = {threads: self._told(threads, *self.plan.told(threads)) for threads in {1, self.threads}}
        """What a letter says, by how many threads work."""
        self.memory = Memory(net, self.plan)
        if selection is not None:
            self.memory.mark(selection)
        self.memory.rate(rates)
        self.is_long = operations(net) * examples > LONG
        self.losses = alone(SPREAD * self.plan.sums)
        self.squares = alone(len(self.plan.blocks), SPREAD)
        self.counters = alone(QUEUES + EACH * self.threads, dtype=np.int64)
        self.lists = np.zeros(self.plan.lists, np.int64)
        if rows:
            self._take_lists(rows)
        self.before: Floats = np.empty(self.plan.kept if may_return else 0, net.dtype)
        """Room for theta and the optimiser's state as an epoch found them."""
        self.is_good = np.ones(1)
        """Whether nothing diverged in the last run that was to give theta back."""
        self._theta = self.letter(TRANSFERS).write(theta=net.theta, before=self.before, result=self.is_good)
        self._take, self._give = (
            (self.code.address[entry], self._theta.address) for entry in ("take", "give")
        )

    def _told(
        self, threads: int, layers_of: NDArray[np.int64], places_of: NDArray[np.int64]
    ) -> dict[str, Any]:
        for place, name in KERNELS.items():
            places_of[:, place] = self.code.address[name]
        places_of[:, PART] = self.code.address[self.plan.way]
        if self.plan.places[SINGLE]:
            places_of[:, ONE] = self.code.address[f"one_{self.plan.places[SINGLE]}"]
        if self.plan.places[SCALED] and "scales" in self.code.address:
            places_of[:, SCALES] = self.code.address["scales"]
        places_of[:, LAYERS] = layers_of.ctypes.data
        shares = self.plan.shares(threads)
        told = {"layers_of": layers_of, "places_of": places_of, "shares": shares, "threads": threads}
        return told | {"layers": layers_of[0], "places": places_of[0]}

    def _take_lists(self, rows: Rows) -> None:
        """Copy the lists of X to where the kernels look for them."""
        places = self.plan.places
        for place, where, values in (
            (STARTS, self.lists, rows.starts),
            (INPUTS, self.lists, rows.inputs),
            (VALUES, self.memory.numbers, rows.values),
            (SPANS, self.lists, rows.spans.ravel()),
            (MEANS, self.memory.numbers, rows.means),
        ):
            where[places[place] : places[place] + len(values)] = values

    def letter(self, names: tuple[str, ...]) -> Letter:
        """Return a letter to an entry, with what belongs to this workplace."""
        own = {
            **self.told[self.threads],
            "memory": self.memory.numbers,
            "blocks": self.plan.blocks,
            "losses": self.losses,
            "squares": self.squares,
            "counters": self.counters,
            "lists": self.lists,
        }
        letter = Letter(names, self.memory.numbers.dtype)
        return letter.write(**{name: value for name, value in own.items() if name in names})

    def run(self, entry: int, letter: Letter, units: int, *, takes: bool = True, gives: bool = False) -> None:
        """Call the entry at an address with a letter, in as many threads as work fastest.

        units: how much work that is. With `takes`, theta is taken over from the network before; with `gives`, it goes
        back to the network, if nothing diverged and it and the optimiser's state are finite.
        """
        self.counters[:] = 0
        around = (*(self._take if takes else (0, 0)), *(self._give if gives else (0, 0)))
        threads = self.pace.threads
        if self.threads > 1:
            letter.write(**{name: value for name, value in self.told[threads].items() if name in letter})

        def work() -> None:
            if threads == 1:
                self.code.side_by_side(entry, letter.address, 0, 0, *around)
                return
            with hired(self.code, threads - 1) as boards:
                self.code.side_by_side(entry, letter.address, boards.ctypes.data, len(boards), *around)

        begin = perf_counter()
        if self.is_long:
            aside(work)
        else:
            work()
        self.pace.took(units, perf_counter() - begin)

    def give(self) -> None:
        """Give theta back to the network, as `run` does."""
        self.code.side_by_side(*self._give, 0, 0, 0, 0, 0, 0)


class CompiledEngine:
    """Runs an epoch as machine code made for this processor, on several threads where it pays.

    The bits of the result are the same for every number of threads.
    """

    name: ClassVar[str] = "compiled"
    notice: str = ""

    def __init__(self, problem: Problem, n_threads: int | None = None, *, is_quiet: bool = False) -> None:
        self.problem = q = problem
        refuse_strangers(q.net, q)
        before = seconds_spent()
        rare = rare_kernels(q.net, q.batch_size, q.dropout)
        code_for(str(q.net.dtype), *rare, is_quiet=is_quiet)
        self.compiling = seconds_spent() - before
        self.N = q.X.shape[0]
        is_single = is_by_units(q.net, q.batch_size, q.dropout)
        self.rows = Rows.of(q.X, q.epochs, may_list=not is_single, may_bin=q.net.s is not None)
        self.most_threads = n_threads or available_threads()
        self.is_order = n_threads is not None
        if (n_threads or 0) > processors():
            self.notice = (
                f"n_threads is {n_threads}, and this process may use {processors()} of the machine's processors: the "
                "result is the same, and more threads than processors are slower."
            )
        clips = (q.clip_value or 0.0, q.clip_norm or 0.0)
        self.w = q.w[:0] if (q.w == q.w[0]).all() else q.w
        """Empty where all examples weigh the same, and are only counted."""
        self.keys = q.w[:0] if q.dropout is None else np.asarray(q.dropout.keys, q.net.dtype)
        self.weight = float(self.w.sum(dtype=np.float64)) or self.N
        share = 1.0 if len(self.w) else q.penalty.share(float(q.w[0]))
        self.reals = np.array(
            [
                q.optimiser.weight_decay,
                q.penalty.l1 * share,
                q.penalty.l2 * share,
                *clips,
                *settings(q.optimiser),
                float(q.penalty.is_shared),
            ]
        )
        self.optimiser = OPTIMISER_CODES[q.optimiser.name]
        self.states = STATES[q.optimiser.name]
        self.t = 0
        self.freezing: Frozen | None = None
        self.norms, self.result = alone(q.net.K), alone(7)
        self._last: tuple[Binned, Workplace] | None = None

    @cached_property
    def training(self) -> Workplace:
        """Where epochs run, with the optimiser's state."""
        q = self.problem
        clips = q.clip_norm is not None
        place = Workplace(
            q.net,
            q.selection,
            q.batch_size,
            self.most_threads,
            self.N,
            len(self.states),
            keeps_gradient=clips,
            dropout=q.dropout,
            rows=self.rows,
            may_return=True,
            is_order=self.is_order,
            rates=q.rates,
        )
        initial = q.optimiser.init(q.net.theta)
        for n, name in enumerate(self.states):
            place.memory.write(_state_at(place, n), initial[name])
        return place

    @cached_property
    def whole(self) -> Workplace:
        """Where the gradient of the full batch is taken."""
        q = self.problem
        return Workplace(
            q.net, q.selection, self.N, self.most_threads, self.N, rows=self.rows, is_order=self.is_order
        )

    @cached_property
    def evaluation(self) -> Workplace:
        """Where the losses of other examples are taken."""
        return _evaluation(self.problem.net, self.most_threads, self.N, is_order=self.is_order)

    @property
    def state(self) -> State:
        """The optimiser's: the count t of updates, and arrays over the parameters that learn."""
        state: State = {"t": self.t}
        for n, name in enumerate(self.states):
            whole = np.zeros_like(self.problem.net.theta)
            self.training.memory.read(_state_at(self.training, n), whole)
            state[name] = whole[self.problem.selection.index]
        return state

    @state.setter
    def state(self, state: State) -> None:
        self.t = state["t"]
        for n, name in enumerate(self.states):
            whole = np.zeros_like(self.problem.net.theta)
            whole[self.problem.selection.index] = state[name]
            self.training.memory.write(_state_at(self.training, n), whole)

    def epoch(self, order: NDArray[np.intp], interrupted: NDArray[np.bool_]) -> EpochResult:
        q = self.problem
        rates = self._rates(q.updates_per_epoch)
        self._run(order, rates, interrupted, q.updates_per_epoch)
        total, steps, updates, of_batches, penalty = self.result[:5].tolist()
        if not self.training.is_good[0]:
            self._return_to_last_good(order, rates, int(steps))
        self.t += int(updates)
        return EpochResult(
            loss=total / self.weight,
            mean_of_batches=of_batches / len(order),
            penalty=penalty / len(order),
            gradient_norms=self.norms / max(steps, 1.0),
            learning_rate=float(rates[int(updates) - 1]) if updates else 0.0,
            examples=min(int(steps) * q.batch_size, len(order)),
        )

    def _run(self, order: NDArray[np.intp], rates: Floats, interrupted: NDArray[np.bool_], most: int) -> None:
        """Make at most so many steps of an epoch, and give theta to the network if that went well."""
        place, letter = self.training, self._letter
        letter.write(order=order, rates=rates, t=self.t, interrupted=interrupted, most=most)
        if self.is_simple:
            place.run(self._frozen() or place.code.address["singles"], letter, most, gives=True)
            return
        done, entry = 0, place.code.address["steps"]
        while True:
            end = min(most, done + place.pace.next())
            place.run(
                entry, letter.write(done=done, most=end), end - done, takes=done == 0, gives=end == most
            )
            if end == most:
                return
            if place.counters[STOP] != GOING:  # interrupted, or diverged
                place.give()
                return
            done = end

    @cached_property
    def _letter(self) -> Letter:
        """What epochs are told; the rest of it changes from epoch to epoch."""
        q, names = self.problem, SINGLES if self.is_simple else STEPS
        letter = self.training.letter(names).write(
            code=self.optimiser,
            reals=self.reals,
            X=self.rows.X,
            p=q.p,
            norms=self.norms,
            result=self.result,
        )
        return letter if self.is_simple else letter.write(w=self.w, keys=self.keys)

    @cached_property
    def is_simple(self) -> bool:
        """Whether this is the update of the notes, one example at a time, with any optimiser and nothing beside."""
        layers = self.training.plan.layers[1:]
        return bool(
            self.training.plan.places[SINGLE]
            and not self.reals[:FIVE].any()
            and not len(self.w)
            and self.problem.rates is None
            and layers[:, LEARNS].all()
            and not layers[:, IS_PARTIAL].any()
        )

    def _frozen(self) -> int | None:
        """Return the entry compiled for this network alone, once it is there; that begins where the run is long."""
        q, place = self.problem, self.training
        if place.plan.places[SIZE] > Frozen.LARGEST or operations(q.net) * self.N * q.epochs < FREEZE:
            return None
        if self.freezing is None:
            self.freezing = Frozen.of(str(q.net.dtype), place.plan, self.optimiser)
        return self.freezing and self.freezing.address

    def _return_to_last_good(self, order: NDArray[np.intp], rates: Floats, steps: int) -> None:
        """Repeat the epoch up to the last step that left everything finite, and raise the error of the next.

        The same steps give the same bits; so the loop need not keep what was before each of them.
        """
        q, place = self.problem, self.training
        never = np.zeros(1, bool)
        for most in range(steps, -1, -1):
            place.memory.numbers[: len(place.before)] = place.before
            self._run(order, rates, never, most)
            if place.is_good[0]:
                updates = int(self.result[2])
                self.t += updates
                batch = order[most * q.batch_size : (most + 1) * q.batch_size]
                raise diverged(q, batch, float(rates[updates]), self.t)
        raise diverged(q, order[: q.batch_size], float(rates[0]), self.t)  # what came in was not finite

    @cached_property
    def _objective(self) -> tuple[Letter, NDArray[np.float64], Floats]:
        """The letter that asks for the gradient of the full batch, where the loss comes to, and where it does."""
        q, place = self.problem, self.whole
        result, reals = alone(7), self.reals.copy()
        reals[[CLIP_VALUE, CLIP_NORM]] = 0.0
        letter = place.letter(STEPS).write(
            code=-1, reals=reals, X=self.rows.X, p=q.p, w=self.w, keys=self.w[:0],
            order=np.arange(self.N), rates=np.zeros(1), t=0, norms=alone(q.net.K), result=result,
            interrupted=np.zeros(1, bool), done=0, most=1,
        )  # fmt: skip
        return letter, result, np.zeros_like(q.net.theta)

    def objective(self) -> tuple[float, float, NDArray[Any]]:
        q, place = self.problem, self.whole
        letter, result, whole = self._objective
        place.run(place.code.address["steps"], letter, 1)
        place.memory.read(int(place.plan.places[GRADIENT]), whole)
        loss, penalty = float(result[0]) / self.weight, float(result[4]) / self.N
        return loss, penalty, whole[q.selection.index]

    def loss(self, X: Any, p: Floats, c: Floats) -> float:
        if isinstance(X, Binned) and self.problem.net.s is not None:
            return self._loss(self._in_bins(X), np.zeros((0, X.shape[1]), X.dtype), p, c)
        total, start = 0.0, 0
        for rows in matrices(X):
            end = start + len(rows)
            total, start = total + self._loss(self.evaluation, rows, p[start:end], c[start:end]), end
        return total

    def _loss(self, place: Workplace, X: Floats, p: Floats, c: Floats) -> float:
        sums = np.zeros(-(-len(p) // int(place.plan.places[COLUMNS])))
        _evaluate(place, X, p, c, np.zeros((0, 0), X.dtype), sums)
        return float(sums.sum())

    def _in_bins(self, X: Binned) -> Workplace:
        """Return where the losses of examples in bins are taken; while these are the same, it has their lists."""
        if self._last is None or self._last[0] is not X:
            rows, q = Rows.of(X, 1, may_list=True, may_bin=True), self.problem
            self._last = X, _evaluation(q.net, self.most_threads, X.shape[0], rows, is_order=self.is_order)
        return self._last[1]

    @cached_property
    def _constant_rates(self) -> NDArray[np.float64]:
        return np.full(self.problem.updates_per_epoch, self.problem.optimiser.lr)

    def _rates(self, steps: int) -> NDArray[np.float64]:
        q = self.problem
        if type(q.schedule) is Constant:
            return self._constant_rates
        return np.array([q.learning_rate(self.t + n) for n in range(steps)])


def predict(net: Network, X: Any, n_threads: int | None = None) -> Floats:
    """Return y_hat, (N, n_K), of X, (N, n_0), dense or in CSR, in the network's dtype, in bounded memory."""
    refuse_strangers(net)
    N = X.shape[0]
    out = np.zeros((N, net.sizes[-1]), net.dtype)
    nothing = np.zeros((0, net.sizes[-1]), net.dtype)
    most = n_threads or available_threads()
    step = SPARSE_ROWS if is_sparse(X) else max(1, N)
    for start in range(0, N, step):
        block = X[start : start + step] if is_sparse(X) else X
        rows = Rows.of(block, 1, may_list=True, may_bin=False)
        place = _evaluation(net, most, block.shape[0], rows, is_order=n_threads is not None)
        _evaluate(place, rows.X, nothing, np.zeros(0, net.dtype), out[start : start + step], np.zeros(0))
    return out


def _evaluation(
    net: Network, most_threads: int, examples: int, rows: Rows | None = None, *, is_order: bool
) -> Workplace:
    return Workplace(net, None, examples, most_threads, examples, rows=rows, is_order=is_order)


def _evaluate(place: Workplace, X: Floats, p: Floats, c: Floats, out: Floats, sums: Floats) -> None:
    order = np.arange(max(len(p), len(out)))
    tables = {name: np.ascontiguousarray(table) for name, table in (("X", X), ("p", p), ("w", c))}
    letter = place.letter(CHUNKS).write(**tables, order=order, out=out, sums=sums)
    place.run(place.code.address["chunks"], letter, len(order))


def _state_at(place: Workplace, n: int) -> int:
    return int(place.plan.places[STATES_PLACE] + n * place.plan.places[SIZE])
