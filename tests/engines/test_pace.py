"""How many threads work is chosen by their pace, and changes no bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.engines.test_compiled import order_of, problem

from deltarule import Network, train
from deltarule.engines import engine, machine
from deltarule.engines.compiled import pace as module
from deltarule.engines.compiled.pace import Pace


def simulate(pace: Pace, seconds_of: Callable[[int, float], float], until: float) -> dict[int, float]:
    """Work until a time, as fast as seconds_of(threads, time) says; return the seconds that each number worked."""
    time, spent = 0.0, dict.fromkeys((1, 2), 0.0)
    while time < until:
        units, threads = min(pace.next(), 10_000), pace.threads
        seconds = units * seconds_of(threads, time)
        spent[threads] += seconds
        time += seconds
        pace.took(units, seconds)
    return spent


@pytest.mark.parametrize("step", [2e-6, 5e-5, 1e-3, 0.2])
@pytest.mark.parametrize("faster", [1, 2])
def test_the_faster_number_of_threads_works_nearly_all_the_time(faster: int, step: float):
    until = max(60.0, 3000 * step)
    spent = simulate(Pace(2), lambda threads, _: step * (1.0 if threads == faster else 1.6), until)
    assert spent[faster] > 0.97 * sum(spent.values())


def test_a_neighbour_comes_and_goes():
    def seconds_of(threads: int, time: float) -> float:
        return 1e-3 if threads == 1 else 6e-3 if 10 < time < 20 else 6e-4

    pace = Pace(2)
    assert simulate(pace, seconds_of, 10.0)[2] > 9.6
    spent = simulate(pace, lambda threads, time: seconds_of(threads, time + 10.1), 9.9)
    assert spent[1] > 9.0
    spent = simulate(pace, lambda threads, time: seconds_of(threads, time + 20.1), 20.0)
    assert spent[2] > 20.0 - module.LATE - 1.0


def test_a_single_thread_that_becomes_faster_is_a_neighbour_that_has_gone():
    pace = Pace(2)
    simulate(pace, lambda threads, _: 2e-3 if threads == 1 else 2e-2, 30.0)
    assert pace.threads == 1
    spent = simulate(pace, lambda threads, _: 1e-3 if threads == 1 else 6e-4, 10.0)
    assert spent[2] > 9.0


def test_seldom_hiccups_change_nothing():
    rng = np.random.default_rng(0)

    def seconds_of(threads: int, _: float) -> float:
        return (1e-3 if threads == 1 else 6e-4) * (20 if rng.random() < 0.01 else 1)

    spent = simulate(Pace(2), seconds_of, 60.0)
    assert spent[2] > 0.9 * sum(spent.values())


def test_an_order_is_kept():
    pace = Pace(2, is_fixed=True)
    simulate(pace, lambda threads, _: 1.0 if threads == 2 else 0.1, 100_000.0)
    assert pace.threads == 2


class Restless(Pace):
    """Changes the number of threads after every step or two."""

    def next(self) -> int:
        return 1 + self.threads % 2

    def took(self, units: float, seconds: float) -> None:
        self.threads = self._others[self.threads]


CASES: list[dict[str, Any]] = [
    {"sizes": (30, 128, 64, 3), "N": 1000, "batch_size": 100},
    {"sizes": (30, 400, 3), "N": 1000, "batch_size": 100},  # in strands
    {"sizes": (20, 32, 3), "N": 6000, "batch_size": 2000},  # in groups
    {"sizes": (30, 128, 64, 3), "N": 1000, "batch_size": 130, "clip_norm": 0.1},
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_bits_are_the_same_however_often_the_threads_change(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    outcomes: list[tuple[object, ...]] = []
    for kind, n_threads in ((Pace, 1), (Pace, 2), (Restless, 2)):
        monkeypatch.setattr("deltarule.engines.compiled.engine.Pace", kind)
        q = problem(**case)
        runner = engine("compiled", q, n_threads)
        results = [runner.epoch(order_of(q, epoch), np.zeros(1, bool)) for epoch in range(3)]
        assert runner.training.threads == n_threads
        losses = [(each.loss, each.mean_of_batches, each.examples) for each in results]
        norms = [each.gradient_norms.tobytes() for each in results]
        state = [np.asarray(values).tobytes() for values in runner.state.values()]
        outcomes.append((q.net.theta.tobytes(), losses, norms, state))
    assert outcomes[1] == outcomes[0]
    assert outcomes[2] == outcomes[0]


def test_an_interruption_and_a_divergence_between_two_pieces(monkeypatch: pytest.MonkeyPatch):
    """What was learnt up to there is given back."""
    monkeypatch.setattr("deltarule.engines.compiled.engine.Pace", Restless)
    q = problem(sizes=(30, 128, 64, 3), N=1000, batch_size=100)
    before, runner = q.net.theta.copy(), engine("compiled", q, 2)
    interrupted = np.zeros(1, bool)
    took = Restless.took

    def interrupt(self: Restless, units: float, seconds: float) -> None:
        took(self, units, seconds)
        interrupted[0] = True

    monkeypatch.setattr(Restless, "took", interrupt)
    result = runner.epoch(order_of(q, 0), interrupted)
    assert 0 < result.examples < 1000
    assert (q.net.theta != before).any()


def test_a_quota_bounds_the_processors(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    for quota, processors in ((1.5, 2), (0.5, 1), (100.0, 8), (np.inf, 8)):
        monkeypatch.setattr(machine.groups, "processors", lambda quota=quota: quota)
        assert machine.processors() == processors


def test_more_threads_than_processors_are_allowed_with_a_notice(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("deltarule.engines.compiled.engine.processors", lambda: 2)
    X, y = np.random.default_rng(0).normal(size=(64, 3)), np.arange(64) % 2
    thetas: list[bytes] = []
    with pytest.warns(UserWarning, match=r"n_threads is 3, and this process may use 2 of the machine's"):
        run = train(net := Network([3, 4, 2]), X, y, epochs=2, n_threads=3, engine="compiled", progress=False)
    assert run.notice.startswith("n_threads is 3")
    thetas.append(net.theta.tobytes())
    run = train(net := Network([3, 4, 2]), X, y, epochs=2, n_threads=2, engine="compiled", progress=False)
    assert run.notice == ""
    assert net.theta.tobytes() == thetas[0]
