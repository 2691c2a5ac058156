"""How the weights of an MLP estimator are learnt: epochs of the stochastic solvers, iterations of L-BFGS.

A step is scikit-learn's: dL/da_K = y_hat - y summed over outputs, alpha/2 sum w^2 divided by the weight of a batch,
Adam's eps where it has it, one shuffle an epoch from `random_state`.
"""

# pyright: basic, reportAttributeAccessIssue=false
# scikit-learn's classes carry no types.

from __future__ import annotations

import warnings
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import numpy as np
from joblib.parallel import get_active_backend
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer
from sklearn.utils.optimize import _check_optimize_result

from deltarule.engines import Engine, EpochResult, Problem, dropout_of, engine
from deltarule.errors import DivergenceError, OptionError
from deltarule.estimators.held import Held, Scorer, Weights
from deltarule.maths.dropout import Dropout
from deltarule.maths.optimisers import Adam, Momentum, Nesterov, Optimiser, State
from deltarule.maths.penalties import Penalty
from deltarule.maths.schedules import Constant, Schedule, schedule
from deltarule.network import Floats, Network
from deltarule.options import callables, checked
from deltarule.sparse import canonical, is_sparse
from deltarule.training import EpochEnded, Event, RunStarted, Stopped
from deltarule.training.interruption import interruptible
from deltarule.training.lbfgs import descend
from deltarule.training.loop import drive

SKLEARN_RATES = ("constant", "invscaling", "adaptive")
"""The learning rates that change between epochs alone, and not with "adam"."""
NOT_FINITE = (
    "Solver produced non-finite parameter weights. "
    "The input data may contain large values and need to be preprocessed."
)


class _Rate(Schedule):
    """The learning rate as scikit-learn's optimiser has it."""

    def __init__(self) -> None:
        self.factor = 1.0

    def __call__(self, epoch: float, epochs: float) -> float:
        return self.factor


def threads(estimator: Any) -> int | None:
    """Return the most threads to use; None for all. A worker of joblib that is a thread has one."""
    backend, _ = get_active_backend()
    return estimator.n_threads or (1 if backend.nesting_level else None)


def numbers(X: Any, dtype: Any) -> Any:
    """Return a table as engines take it: a contiguous matrix, or a CSR array in canonical form."""
    if not is_sparse(X):
        return np.ascontiguousarray(X, dtype)
    return canonical(X, dtype)


def optimiser_of(est: Any) -> Optimiser:
    """Return what a stochastic solver is among our optimisers."""
    lr = float(est.learning_rate_init)
    if est.solver == "adam":
        return Adam(lr=lr, beta1=est.beta_1, beta2=est.beta_2, eps=est.epsilon, eps_hat=True)
    return (Nesterov if est.nesterovs_momentum else Momentum)(lr=lr, mu=est.momentum)


def schedule_of(est: Any) -> Schedule | None:
    """Return the schedule of the learning rate; None where it is one of scikit-learn's."""
    if not isinstance(est.learning_rate, str) or est.learning_rate not in SKLEARN_RATES:
        return schedule(est.learning_rate)
    return None


def state_of(est: Any, net: Network, index: Any) -> State:
    """Return the optimiser's state as scikit-learn's optimiser keeps it: of the parameters at `index` of theta."""
    kept, K = est._optimizer, net.K

    def flat(params: list[Floats]) -> Floats:
        W, b = ([None, *part] for part in ([w.T for w in params[:K]], params[K:]))
        return net.layout.join(W, b, like=net.theta)[index]

    if isinstance(kept, AdamOptimizer):
        return {"t": kept.t, "m": flat(kept.ms), "v": flat(kept.vs)}
    return {"t": getattr(kept, "t", 0), "v": flat(kept.velocities)}


class Descent:
    """One fit of an estimator to examples X, targets (N, n_K) and weights, with `held` to watch, if anything.

    Attributes that scikit-learn's have too are written to the estimator.
    """

    def __init__(
        self,
        estimator: Any,
        X: Any,
        targets: NDArray[Any],
        weights: Weights,
        held: Held | None,
        metric: str | Scorer | None,
        *,
        is_incremental: bool,
    ) -> None:
        self.listeners = callables("listeners", estimator.listeners)
        self.estimator, self.held, self.metric, self.is_incremental = estimator, held, metric, is_incremental
        self.net: Network = estimator._network()
        # Line searches compare losses that differ by less than float32 resolves.
        self.work = self.net.astype("float64") if estimator.solver == "lbfgs" else self.net
        dtype, N = self.work.dtype, X.shape[0]
        self.N = N
        self.rate = _Rate()
        X = numbers(X, dtype)
        self.problem = Problem(
            net=self.work,
            X=X,
            p=self._smoothed(np.ascontiguousarray(targets, dtype)),
            w=np.ones(N, dtype) if weights is None else weights.astype(dtype),
            batch_size=self._batch_size(),
            epochs=estimator.max_iter,
            optimiser=optimiser_of(estimator),
            schedule=self._schedule(),
            selection=self.work.layout.select(estimator.trainable),
            penalty=Penalty(l2=float(estimator.alpha), is_shared=True),
            **checked(clip_norm=estimator.clip_norm, clip_value=estimator.clip_value),
            dropout=self._dropout(X),
        )
        self.runner: Engine = engine("auto", self.problem, threads(estimator))
        self._held_examples = self._watched(dtype)
        # scikit-learn reports the squared error as a mean over outputs, though it goes down their sum.
        self.scale = 1.0 / estimator.n_outputs_ if estimator.out_activation_ == "identity" else 1.0

    def run(self) -> None:
        """Learn, and leave weights and curves with the estimator.

        Raises
        ------
        ValueError
            A number stopped being finite, and no earlier weights were kept by early stopping.
        """
        est = self.estimator
        self.interrupted = np.zeros(1, bool)
        with interruptible(self.interrupted):
            try:
                if est.solver == "lbfgs":
                    self._minimise()
                else:
                    drive(self._epochs(), self.listeners)
            except DivergenceError as error:
                if not est.early_stopping:
                    raise ValueError(f"{NOT_FINITE} {str(error)[0].upper()}{str(error)[1:]}") from error
                self._note_divergence(error)
        if self.interrupted[0]:
            warnings.warn("Training interrupted by user.", stacklevel=2)
        self._take_weights()
        if est.solver != "lbfgs":
            self._keep_state(self.runner.state)
        if est.early_stopping:
            est.coefs_, est.intercepts_ = est._best_coefs, est._best_intercepts

    def _take_weights(self) -> None:
        if self.work is not self.net:
            self.net.theta = self.work.theta
        est = self.estimator
        for k in range(self.net.K):
            est.coefs_[k] = np.ascontiguousarray(self.net.W[k + 1].T)
            est.intercepts_[k] = self.net.b[k + 1].copy()

    # What is watched ------------------------------------------------------------------------------------

    def _watched(self, dtype: Any) -> tuple[Any, Floats, Floats] | None:
        """Return what is held out as the engine takes it."""
        if self.held is None:
            return None
        X, targets, weights = self.held.X, self.held.targets, self.held.weights
        w = np.ones(len(targets)) if weights is None else weights.astype(np.float64)
        return numbers(X, dtype), np.ascontiguousarray(targets, dtype), (w / w.sum()).astype(dtype)

    def _watch(self) -> float | None:
        """Write the validation loss and, where wanted, the score; return the loss."""
        est, held = self.estimator, self.held
        if held is None or self._held_examples is None:
            return None
        loss = self.scale * self.runner.loss(*self._held_examples)
        est.validation_loss_curve_.append(loss)
        if est.early_stopping or self.metric is not None:
            is_loss = self.metric == "loss" or (self.metric is None and est._stops_by_loss)
            if not is_loss:
                self._take_weights()
            score = -loss if is_loss else held.score(est, self.metric)
            est.validation_scores_.append(score)
            if est.verbose:
                print(f"Validation score: {score:f}")
        return loss

    def _has_stalled(self) -> bool:
        """Count the epochs without progress, by the score if early stopping and else by the loss."""
        est = self.estimator
        if est.early_stopping:
            score = est.validation_scores_[-1]
            is_stalled = score < est.best_validation_score_ + est.tol
            if score > est.best_validation_score_:
                est.best_validation_score_ = score
                self._take_weights()
                est._best_coefs = [W.copy() for W in est.coefs_]
                est._best_intercepts = [b.copy() for b in est.intercepts_]
        else:
            is_stalled = est.loss_curve_[-1] > est.best_loss_ - est.tol
            est.best_loss_ = min(est.best_loss_, est.loss_curve_[-1])
        est._no_improvement_count = est._no_improvement_count + 1 if is_stalled else 0
        return est._no_improvement_count > est.n_iter_no_change

    @property
    def _stalled(self) -> str:
        """What to say when there is no more progress."""
        est = self.estimator
        what = "Validation score" if est.early_stopping else "Training loss"
        return (
            f"{what} did not improve more than tol={est.tol:f} for {est.n_iter_no_change} consecutive epochs."
        )

    def _note_divergence(self, error: DivergenceError) -> None:
        est = self.estimator
        for curve in (est.loss_curve_, est.validation_loss_curve_, est.validation_scores_):
            curve.append(float("nan"))
        warnings.warn(
            f"{error} With early_stopping, the best weights were restored.", ConvergenceWarning, stacklevel=3
        )

    def _started(self, name: str) -> RunStarted:
        index = self.problem.selection.index
        return RunStarted(
            net=self.work,
            engine=name,
            n_examples=self.N,
            n_validation=len(self.held.targets) if self.held else 0,
            n_learning=len(self.work.theta[index]),
            epochs=self.estimator.max_iter,
            updates_per_epoch=self.problem.updates_per_epoch,
            notice=self.runner.notice,
        )

    def _ended(
        self,
        result: EpochResult,
        validation_loss: float | None,
        rate: float | None,
        took: float,
        started: float,
    ) -> EpochEnded:
        return EpochEnded(
            net=self.work,
            epoch=self.estimator.n_iter_,
            loss=self.scale * result.loss,
            validation_loss=validation_loss,
            gradient_norms=tuple(result.gradient_norms.tolist()),
            learning_rate=rate,
            examples_per_second=self.N / max(took, 1e-9),
            seconds=perf_counter() - started,
        )

    # Stochastic solvers ---------------------------------------------------------------------------------

    def _epochs(self) -> Iterator[Event]:
        """Yield the events of the epochs; scikit-learn's optimiser keeps the rates, and the state between calls."""
        est, runner, N = self.estimator, self.runner, self.N
        if not self.is_incremental or not hasattr(est, "_optimizer"):
            est._optimizer = self._sklearn_optimiser()
        else:
            runner.state = state_of(est, self.work, self.problem.selection.index)
        keeps_rate = isinstance(self.problem.schedule, _Rate)
        order, reason = np.arange(N), f"after {est.max_iter:,} epochs"
        yield self._started(runner.name)
        started, est.n_iter_ = perf_counter(), 0
        for _ in range(1 if self.is_incremental else est.max_iter):
            if est.shuffle:  # as sklearn.utils.shuffle does
                places = np.arange(N)
                est._random_state.shuffle(places)
                order = order[places]
            if keeps_rate:
                self.rate.factor = est._optimizer.learning_rate / est.learning_rate_init
            before = perf_counter()
            result = runner.epoch(order, self.interrupted)
            if self.interrupted[0]:
                break
            est.n_iter_ += 1
            est.loss_ = self.scale * result.mean_of_batches + result.penalty
            est.t_ += N
            est.loss_curve_.append(est.loss_)
            if est.verbose:
                print(f"Iteration {est.n_iter_}, loss = {est.loss_:.8f}")
            seconds = perf_counter() - before
            validation_loss = self._watch()
            has_stalled = self._has_stalled()
            est._optimizer.iteration_ends(est.t_)
            if self.listeners:  # nobody else hears of it
                yield self._ended(result, validation_loss, result.learning_rate, seconds, started)
            if has_stalled:
                if est._optimizer.trigger_stopping(self._stalled, est.verbose):
                    reason = f"at epoch {est.n_iter_}: {self._stalled[0].lower()}{self._stalled[1:-1]}"
                    break
                est._no_improvement_count = 0
            if est.n_iter_ == est.max_iter and not self.is_incremental:
                warnings.warn(
                    f"Stochastic Optimizer: Maximum iterations ({est.max_iter}) reached and the optimization "
                    "hasn't converged yet.",
                    ConvergenceWarning,
                    stacklevel=5,
                )
        yield Stopped(self.work, est.n_iter_, reason, is_interrupted=bool(self.interrupted[0]))

    def _batch_size(self) -> int:
        est = self.estimator
        if est.solver == "lbfgs":
            return self.N
        if est.batch_size == "auto":
            return min(200, self.N)
        if est.batch_size > self.N:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
                stacklevel=5,
            )
        return int(np.clip(est.batch_size, 1, self.N))

    def _dropout(self, X: Any) -> Dropout | None:
        est = self.estimator
        if not np.any(est.dropout):
            return None
        if est.solver == "lbfgs":
            raise OptionError(
                'dropout needs solver "sgd" or "adam": L-BFGS asks for the same loss every time.'
            )
        return dropout_of(self.work, X, est.dropout, int(est._random_state.randint(2**31)))

    def _schedule(self) -> Schedule:
        est = self.estimator
        of_its_own = schedule_of(est)
        if of_its_own is not None:
            return of_its_own
        return Constant() if est.solver != "sgd" or est.learning_rate == "constant" else self.rate

    def _sklearn_optimiser(self) -> AdamOptimizer | SGDOptimizer:
        est = self.estimator
        params = est.coefs_ + est.intercepts_
        if est.solver == "adam":
            return AdamOptimizer(params, est.learning_rate_init, est.beta_1, est.beta_2, est.epsilon)
        rate = est.learning_rate if isinstance(self.problem.schedule, _Rate) else "constant"
        return SGDOptimizer(
            params, est.learning_rate_init, rate, est.momentum, est.nesterovs_momentum, est.power_t
        )

    def _keep_state(self, state: State) -> None:
        """Write the engine's state to scikit-learn's optimiser."""
        kept, index = self.estimator._optimizer, self.problem.selection.index

        def params(values: Floats) -> list[Floats]:
            whole = np.zeros_like(self.work.theta)
            whole[index] = values
            W, b = self.net.layout.split(whole)
            return [*(np.ascontiguousarray(w.T) for w in W[1:]), *b[1:]]

        kept.t = state["t"]
        if isinstance(kept, AdamOptimizer):
            kept.ms, kept.vs = params(state["m"]), params(state["v"])
        else:
            kept.velocities = params(state["v"])

    def _smoothed(self, p: Floats) -> Floats:
        """Return targets with part of their probability spread over all classes."""
        share = float(getattr(self.estimator, "label_smoothing", 0.0))
        if share == 0.0:
            return p
        classes = p.shape[1] if self.estimator.out_activation_ == "softmax" else 2
        return (1.0 - share) * p + share / classes

    # L-BFGS ---------------------------------------------------------------------------------------------

    def _minimise(self) -> None:
        """Run L-BFGS in this thread: SciPy calls back, and listeners hear of it there."""
        est, listeners = self.estimator, self.listeners
        before = started = perf_counter()
        est.n_iter_, reason, is_ended = 0, f"after {est.max_iter:,} iterations", False

        def tell(event: Event) -> str | None:
            return next((told for listen in listeners if (told := listen(event))), None)

        def after(result: EpochResult) -> bool:
            nonlocal before, reason, is_ended
            est.n_iter_ += 1
            est.loss_ = self.scale * result.loss + result.penalty
            est.loss_curve_.append(est.loss_)
            if est.verbose:
                print(f"Iteration {est.n_iter_}, loss = {est.loss_:.8f}")
            now = perf_counter()
            validation_loss = self._watch()
            has_stalled = est.early_stopping and self._has_stalled()
            told = listeners and tell(self._ended(result, validation_loss, None, now - before, started))
            before = perf_counter()
            if has_stalled and est.verbose:
                print(f"{self._stalled} Stopping.")
            if has_stalled or told:
                reason = (
                    told or f"at iteration {est.n_iter_}: {self._stalled[0].lower()}{self._stalled[1:-1]}"
                )
            is_ended = bool(has_stalled or told or self.interrupted[0])
            return is_ended

        tell(self._started(self.runner.name))
        try:
            options = {"maxfun": est.max_fun, "maxiter": est.max_iter, "gtol": est.tol}
            best = descend(self.runner, options, after, self.scale)
        except BaseException as error:
            tell(Stopped(self.work, est.n_iter_, f"by an error: {error}"))
            raise
        if not is_ended:
            est.n_iter_ = _check_optimize_result("lbfgs", best, est.max_iter)
            est.loss_ = float(best.fun)
        tell(Stopped(self.work, est.n_iter_, reason, is_interrupted=bool(self.interrupted[0])))
