"""L-BFGS by SciPy: with a call after every iteration, or as an iterator over them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.engines import Engine, EpochResult
from deltarule.errors import DivergenceError
from deltarule.maths.optimisers import LBFGS


def options(lbfgs: LBFGS, most: int) -> dict[str, Any]:
    """Return SciPy's options for at most so many iterations."""
    return {
        "maxiter": most,
        "maxfun": most * (lbfgs.line_search + 1),
        "maxcor": lbfgs.memory,
        "maxls": lbfgs.line_search,
        "gtol": lbfgs.gradient_tolerance,
        "ftol": 0.0,
    }


def descend(
    engine: Engine, options: dict[str, Any], after: Callable[[EpochResult], bool], scale: float = 1.0
) -> Any:
    """Go down by L-BFGS as SciPy's options say, and return SciPy's result; engine.problem.net has the parameters.

    after(result) is called after every iteration, when the network holds its parameters, and says whether to end.
    `scale` multiplies the loss, but not its gradient.

    Raises
    ------
    DivergenceError
        The loss or its gradient is not finite at the start.
    """
    from scipy.optimize import minimize  # a quarter of a second, which only this optimiser needs

    net, index = engine.problem.net, engine.problem.selection.index
    N = len(engine.problem.p)
    latest: tuple[float, float, NDArray[Any]] | None = None

    def objective(theta: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        nonlocal latest
        net.theta[index] = theta
        with np.errstate(all="ignore"):
            loss, penalty, grad = engine.objective()
        if latest is None and not (np.isfinite(loss + penalty) and np.isfinite(grad).all()):
            raise DivergenceError(
                "the loss is not finite at the starting weights; standardise the columns of X."
            )
        latest = (loss, penalty, grad)
        return scale * loss + penalty, grad

    def callback(xk: NDArray[Any]) -> None:
        net.theta[index] = xk
        assert latest is not None
        loss, penalty, grad = latest
        if after(EpochResult(loss, loss, penalty, _norms(engine, grad), 0.0, N)):
            raise StopIteration

    start = net.theta[index].copy()
    given: Any = options  # its type lists what options there are
    best: Any = minimize(objective, start, jac=True, method="L-BFGS-B", callback=callback, options=given)
    net.theta[index] = best.x
    return best


def _norms(engine: Engine, grad: NDArray[Any]) -> NDArray[np.float64]:
    """Return the norm of the gradient by layer."""
    layout = engine.problem.net.layout
    whole = np.zeros(layout.size)
    whole[engine.problem.selection.index] = grad
    spans = (slice(layout.W[k].start, layout.b[k].stop) for k in range(1, layout.K + 1))
    return np.array([float(np.linalg.norm(whole[span])) for span in spans])


def iterations(
    engine: Engine, options: dict[str, Any], interrupted: NDArray[np.bool_]
) -> Iterator[EpochResult]:
    """Yield a result after every iteration of `descend`; an interruption ends it too.

    SciPy's minimiser runs the show and calls back, where a loop wants an iterator. So it runs in a thread of its own
    that stands still whenever the loop has the word, and the other way round.
    """
    done: queue.Queue[EpochResult | BaseException | None] = queue.Queue()
    go = threading.Semaphore(0)
    is_over = False

    def after(result: EpochResult) -> bool:
        done.put(result)
        go.acquire()
        return is_over or bool(interrupted[0])

    def run() -> None:
        try:
            go.acquire()
            descend(engine, options, after)
            done.put(None)
        except BaseException as error:
            done.put(error)

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
            if interrupted[0]:
                return
    finally:
        is_over = True
        go.release()
        thread.join()
