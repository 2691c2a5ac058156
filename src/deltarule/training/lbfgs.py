"""L-BFGS by SciPy, one iteration at a time.

SciPy's minimiser runs the show and calls back; the loop wants an iterator. So the minimiser runs in a thread
of its own that stands still whenever the loop has the word, and the other way round.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.engines import Engine, EpochResult
from deltarule.errors import DivergenceError
from deltarule.maths.optimisers import LBFGS


def iterations(
    engine: Engine, lbfgs: LBFGS, most: int, interrupted: NDArray[np.bool_]
) -> Iterator[EpochResult]:
    """Yield a result after every iteration; engine.problem.net holds its parameters by then.

    Ends after `most` iterations, at the gradient tolerance, where no step goes down any more, or at an
    interruption.

    Raises
    ------
    DivergenceError
        The loss or its gradient is not finite at the start.
    """
    from scipy.optimize import minimize  # a quarter of a second, which only this optimiser needs

    net, index = engine.problem.net, engine.problem.selection.index
    layout, N = net.layout, len(engine.problem.X)
    latest: tuple[float, float, NDArray[Any]] = (0.0, 0.0, np.zeros(0))
    done: queue.Queue[EpochResult | BaseException | None] = queue.Queue()
    go = threading.Semaphore(0)

    def objective(theta: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        nonlocal latest
        net.theta[index] = theta
        with np.errstate(all="ignore"):
            loss, penalty, grad = engine.objective()
        latest = (loss, penalty, grad)
        return loss + penalty, grad

    def callback(xk: NDArray[Any]) -> None:
        net.theta[index] = xk
        loss, penalty, grad = latest
        done.put(EpochResult(loss, loss, penalty, _norms(grad), 0.0, N))
        go.acquire()
        if interrupted[0] or is_over:
            raise StopIteration

    def _norms(grad: NDArray[Any]) -> NDArray[np.float64]:
        whole = np.zeros(layout.size)
        whole[index] = grad
        spans = (slice(layout.W[k].start, layout.b[k].stop) for k in range(1, layout.K + 1))
        return np.array([float(np.linalg.norm(whole[span])) for span in spans])

    def run() -> None:
        try:
            go.acquire()
            start = net.theta[index].copy()
            value, grad = objective(start)
            if not (np.isfinite(value) and np.isfinite(grad).all()):
                raise DivergenceError(
                    "the loss is not finite at the starting weights; standardise the columns of X."
                )
            best = minimize(
                objective,
                start,
                jac=True,
                method="L-BFGS-B",
                callback=callback,
                options={
                    "maxiter": most,
                    "maxfun": most * (lbfgs.line_search + 1),
                    "maxcor": lbfgs.memory,
                    "maxls": lbfgs.line_search,
                    "gtol": lbfgs.gradient_tolerance,
                    "ftol": 0.0,
                },
            )
            net.theta[index] = best.x
            done.put(None)
        except BaseException as error:
            done.put(error)

    is_over = False
    thread = threading.Thread(target=run, name="lbfgs", daemon=True)
    thread.start()
    try:
        while True:
            go.release()
            result = done.get()
            if isinstance(result, BaseException):
                raise result
            if result is None:
                return
            yield result
            if is_over or interrupted[0]:
                return
    finally:
        is_over = True
        go.release()
        thread.join()
