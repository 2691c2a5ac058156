"""The certificate: the analytic gradient against two numerical ones, on the user's own data.

In float64, for a parameter w of layer k, the loss as a function of w alone is evaluated around its value (`local.py`).

Complex step and central differences share no arithmetic with the backward pass. The complex step is exact to
rounding and checked to 1e-7; central differences carry an error of their own and are checked to 1e-5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from deltarule.chain.agreement import Agreement, Runner, agree
from deltarule.chain.local import above_by, loss_by, step_of
from deltarule.chain.mistakes import Findings, Setting, recognise
from deltarule.chain.own import Given, flat
from deltarule.maths import differences, passes
from deltarule.maths.arrays import Array
from deltarule.maths.penalties import Penalty
from deltarule.network import Floats, Network
from deltarule.options import CHECK, checked, typed_keywords
from deltarule.parameters import Only
from deltarule.spelling import plural
from deltarule.units import still

COMPLEX_LIMIT = 1e-7
CENTRAL_LIMIT = 1e-5
EPS = float(np.finfo(np.float64).eps)

Verdict: TypeAlias = Literal["PASS", "FAIL", "kink"]


@dataclass(frozen=True)
class Comparison:
    """One parameter's derivative, three times.

    Errors are |analytic - numerical| / max(|analytic|, |numerical|, floor), where below the floor rounding
    alone makes the difference. The verdict is "kink" where an activation or a loss with a kink changes side within
    the central step, so that only the complex step counts. `step` is the h of the central difference.
    """

    name: str
    analytic: float
    complex_step: float
    central: float
    complex_error: float
    central_error: float
    step: float
    verdict: Verdict

    @property
    def severity(self) -> float:
        """How near the errors come to their limits: above 1 fails; infinite for NaN."""
        ratios = [self.complex_error / COMPLEX_LIMIT]
        if self.verdict != "kink":
            ratios.append(self.central_error / CENTRAL_LIMIT)
        return max(math.inf if math.isnan(ratio) else ratio for ratio in ratios)


@dataclass(frozen=True)
class Certificate:
    """The outcome of `check`: one Comparison a parameter, and on how much of the data."""

    comparisons: tuple[Comparison, ...]
    n_parameters: int
    n_examples: int
    n_given: int
    loss: float
    units: tuple[str, ...] = ()
    own: Findings | None = None
    engine: Agreement | None = None

    @property
    def passed(self) -> bool:
        """Whether no comparison failed, and no entry of a given or an engine's gradient is off; not finite is off."""
        is_right = not (self.own and self.own.off) and not (self.engine and self.engine.off)
        return is_right and all(each.verdict != "FAIL" for each in self.comparisons)

    @property
    def n_zero(self) -> int:
        """How many of the derivatives compared are exactly 0."""
        return sum(each.analytic == 0.0 for each in self.comparisons)

    @property
    def headline(self) -> str:
        """The verdict on the derivation's gradient, which is no comfort where most derivatives are 0."""
        n, zero = len(self.comparisons), self.n_zero
        if any(each.verdict == "FAIL" for each in self.comparisons):
            return "FAIL"
        if 2 * zero <= n:
            return "PASS"
        return f"PASS, but {'all' if zero == n else 'most'} derivatives are 0, so little is proven"

    @property
    def worst(self) -> Comparison:
        """The comparison nearest to, or farthest beyond, its limit."""
        return max(self.comparisons, key=lambda each: each.severity)

    def text(self) -> str:
        """Return the certificate for a person."""
        n, worst = len(self.comparisons), self.worst
        complex_error = _largest(self.comparisons, "complex_error")
        central_error = _largest(self.comparisons, "central_error")
        failed = sum(each.verdict == "FAIL" for each in self.comparisons)
        kinks = sum(each.verdict == "kink" for each in self.comparisons)
        lines = [*self.engine.lines(), ""] if self.engine and self.engine.off else []
        lines += [*_own_lines(self.own), ""] if self.own else []
        whose = "the derivation's" if self.own or (self.engine and self.engine.off) else "the"
        lines += [
            f"{self.headline}: {whose} gradient of {_of(n, self.n_parameters, 'parameter')}",
            f"      on {_of(self.n_examples, self.n_given, 'example')}, in float64; loss {self.loss:.6g}",
            "",
            "  largest relative error     found      limit",
            f"  against complex step       {complex_error:<10.1e} {COMPLEX_LIMIT:.0e}",
            f"  against central difference {central_error:<10.1e} {CENTRAL_LIMIT:.0e}",
            "",
            f"  worst parameter: {worst.name} ({worst.verdict})",
            f"    analytic           {worst.analytic: .15e}",
            f"    complex step       {worst.complex_step: .15e}",
            f"    central difference {worst.central: .15e}",
        ]
        if self.engine and not self.engine.off:
            lines += ["", *self.engine.lines()]
        if self.n_zero:
            lines += ["", f"  {self.n_zero:,} of {plural(n, 'derivative')} are exactly 0."]
        lines += [f"  {line}" for line in self.units]
        if kinks:
            lines += [
                "",
                f"  {plural(kinks, 'parameter')} at a kink: a unit or the loss changes side within the",
                "  central step, so the complex step alone is the proof there.",
            ]
        if failed:
            lines += ["", f"  {plural(failed, 'parameter')} failed."]
        return "\n".join(lines)

    def record(self) -> dict[str, Any]:
        """Return everything, ready for JSON except that NaN may occur in a certificate that failed."""
        return {"passed": self.passed, "worst": self.worst.name, "n_zero": self.n_zero, **asdict(self)}

    def __str__(self) -> str:
        return self.text()


@typed_keywords
def check(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    only: Only = None,
    gradient: Given | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    max_parameters: int = 1000,
    max_examples: int | None = 1000,
    seed: int = 0,
    runner: Runner | None = None,
) -> Certificate:
    """Compare the analytic gradient with central differences and the complex step, in float64.

    `deltarule.check` is the same with the engine that trains the network as `runner`.

    Parameters
    ----------
    net
        Of any dtype; the check uses its weights in float64.
    X, y, weights
        As in `Network.loss`.
    only
        The parameters to check, as in `Network.gradients`.
    gradient
        One of your own to compare with the derivation's, on all the examples given: (W, b), lists of K arrays;
        {"W": W, "b": b}; W_1, b_1, W_2, ..., in one list or in pairs; `Gradients`; or one flat array like theta, (P,).
        Where inputs have scales, (W, b, s), {"W": W, "b": b, "s": s}, or s as the last of the list. What fits a wrong
        one is said.
    l1, l2
        The penalty whose gradient the engine adds, and yours contains, as in `train`.
    max_parameters
        The most parameters to check: where there are more, a sample drawn from the seed.
    max_examples
        The most examples whose loss is taken: where there are more, a sample drawn from the seed; None takes all.
    seed
        Of the samples.
    runner
        An engine whose gradient of loss and penalty is compared with the derivation's, in the network's dtype.

    Returns
    -------
    Certificate
        With `passed`, `worst`, `text()` and every comparison.

    Examples
    --------
    >>> net = Network([3, 4, 4, 2], activation="tanh", output="softmax", seed=0)
    >>> certificate = check(net, [[0.1, 0.2, 0.3], [-0.5, 0.1, 0.9]], [0, 1])
    >>> certificate.passed, len(certificate.comparisons)
    (True, 46)
    """
    l1, l2, max_parameters, max_examples, seed = checked(
        CHECK, l1=l1, l2=l2, max_parameters=max_parameters, max_examples=max_examples, seed=seed
    ).values()
    exact = net.astype("float64")
    examples = exact.examples(X, y, weights)
    n_given = len(examples[0])
    own = None
    if gradient is not None:
        mine, tolerance = flat(exact, gradient)
        selected = np.zeros(exact.layout.size, bool)
        selected[exact.layout.select(only).index] = True
        whole = passes.forward(exact, examples[0])
        own = recognise(Setting(exact, whole, *examples[1:], Penalty(l1, l2)), mine, selected, tolerance)
    rng = np.random.default_rng(seed)
    rows = np.arange(n_given)
    if max_examples is not None and n_given > max_examples:
        rows = np.sort(rng.choice(n_given, max_examples, replace=False))
    inputs, p, c = (part[rows] for part in examples)
    c = exact.weights(c, len(rows))
    chosen = np.arange(exact.layout.size)[exact.layout.select(only).index]
    n_parameters = len(chosen)
    if n_parameters > max_parameters:
        chosen = np.sort(rng.choice(chosen, max_parameters, replace=False))
    with np.errstate(all="ignore"):  # what overflows does not pass
        gradients = exact.gradients(inputs, p, weights=c)
        trace = passes.forward(exact, inputs)
        compared = [compare(exact, trace, p, c, int(n), float(gradients.theta[n])) for n in chosen]
        units = still(exact, trace)
        engine = runner and agree(net, inputs, p, c, exact.layout.select(only), Penalty(l1, l2), runner)
    return Certificate(tuple(compared), n_parameters, len(rows), n_given, gradients.loss, units, own, engine)


def compare(net: Network, trace: passes.Trace, p: Floats, c: Floats, n: int, analytic: float) -> Comparison:
    """Compare one derivative, that by entry n of theta, of a float64 network with its numerical ones."""
    at = net.layout.parameter(n)
    a_above, loss = above_by(net, trace, at), loss_by(net, trace, p, c, at)
    w = net.theta[n : n + 1]
    step = step_of(trace, at)
    by_complex = float(differences.complex_step(loss, w)[0])
    by_central = float(differences.central(loss, w, step=step)[0])

    # Each example's loss is known to about eps times what goes into it, its slope to eps da_K/dw of that.
    a_K = trace.a[net.K]
    size = np.maximum(1.0, np.maximum(np.abs(a_K), np.maximum(np.abs(p), np.abs(trace.y_hat)))).max(axis=1)
    slope = np.abs(a_above(w + 1j * differences.COMPLEX_STEP)[-1].imag).max(axis=1) / differences.COMPLEX_STEP
    rounding = 8.0 * EPS * float((c * size * slope).sum())
    noise = 8.0 * EPS * float((c * size * size).sum()) / step
    verdict: Verdict = "PASS"
    complex_error = _relative(analytic, by_complex, rounding / COMPLEX_LIMIT)
    central_error = _relative(analytic, by_central, noise / CENTRAL_LIMIT)
    if not complex_error <= COMPLEX_LIMIT:
        verdict = "FAIL"
    elif _changes_side(net, at.k, trace, p, [a_above(w + step), a_above(w - step)]):
        verdict = "kink"
    elif not central_error <= CENTRAL_LIMIT:
        verdict = "FAIL"
    return Comparison(str(at), analytic, by_complex, by_central, complex_error, central_error, step, verdict)


def _own_lines(own: Findings) -> list[str]:
    """Return what is said of a gradient that was given."""
    if not own.off:
        return [f"PASS: the gradient given is right in {_entries(own.n_compared)}"]
    shown = ", ".join(own.off[:6]) + (", ..." if len(own.off) > 6 else "")
    return [
        f"FAIL: the gradient given is off in {len(own.off):,} of {_entries(own.n_compared)}: {shown}",
        *(f"  {each}" for each in own.relations),
    ]


def _entries(n: int) -> str:
    return f"{n:,} {'entry' if n == 1 else 'entries'}"


def _relative(x: float, y: float, floor: float) -> float:
    """Return |x - y| / max(|x|, |y|, floor); NaN where either is not a number."""
    if not (math.isfinite(x) and math.isfinite(y)):
        return math.nan
    size = max(abs(x), abs(y), floor)
    return abs(x - y) / size if size > 0 else 0.0


def _changes_side(
    net: Network, k: int, trace: passes.Trace, p: Floats, moved: Sequence[Sequence[Array]]
) -> bool:
    """Return whether an activation with a kink, or the loss, is on different sides of it in the moved networks."""
    here = net.output.side(trace.a[net.K], p)
    return any(
        bool((net.output.side(moved_a[-1], p) != here).any())
        or any(
            net.g[m].has_kink and bool(((moved_a[m - k] > 0) != (trace.a[m] > 0)).any())
            for m in range(max(k, 1), net.K)
        )
        for moved_a in moved
    )


def _largest(comparisons: Sequence[Comparison], error: str) -> float:
    """Return the largest error, NaN before all, leaving out central differences across a kink."""
    values = [
        float(getattr(each, error))
        for each in comparisons
        if error == "complex_error" or each.verdict != "kink"
    ]
    return max(values, key=lambda value: math.inf if math.isnan(value) else value, default=0.0)


def _of(n: int, total: int, noun: str) -> str:
    return plural(n, noun) if n == total else f"{n:,} of {plural(total, noun)} (a seeded sample)"
