"""What the page asks: about one parameter on the example or its batch, about the proof, about the source.

Every answer says of which revision it is, and its numbers are the text that is shown.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from deltarule import chain
from deltarule.chain.blocks import runs
from deltarule.chain.certificate import CENTRAL_LIMIT, COMPLEX_LIMIT
from deltarule.chain.explanation import Chain, next_update
from deltarule.chain.grid import shown
from deltarule.errors import OptionError
from deltarule.maths import passes
from deltarule.spelling import plural
from deltarule.training.proof import check
from deltarule.web import commands, lesson, plane, tour
from deltarule.web.commands import Message, OfParameter
from deltarule.web.frame import DIGITS, DIGITS_OF_LOSS, text
from deltarule.web.lesson import Lesson
from deltarule.web.session import Session

MOST_CHECKED, MOST_EXAMPLES = 200, 32
FEWEST_CHECKED, FEWEST_EXAMPLES = 10, 2
"""Parameters and examples that the badge looks at."""
WORK = 5_000_000
"""Parameters compared x examples x parameters of the network, in some hundredths of a second."""
MOST_NUMBERS = 200_000
"""Examples x parameters of a network up to which a batch's factors are shown."""
MOST_PULLS, MOST_POINTS = 200, 400
DIGITS_OF_CURVE = 9
"""Of a loss that hardly moves along a weight, so that its curve is one."""


def answer(session: Session, question: Message) -> dict[str, Any]:
    """Return the answer to a question, of the session as it is now.

    Raises
    ------
    DeltaruleError
        There is no such parameter.
    """
    with session.lock, np.errstate(all="ignore"):  # what is not finite is shown as it is
        said = ANSWERS[type(question)](session, question)
        return {"rev": session.rev, **said}


def _chain(session: Session, asked: OfParameter) -> dict[str, Any]:
    X, p, w = session.examples("batch")
    update = next_update(session.walk, asked.of, X, p, w)  # the batch's, whatever is looked at
    is_much = asked.on == "batch" and len(p) * session.walk.net.layout.size > MOST_NUMBERS
    on = "example" if is_much else asked.on
    found = chain.explain(session.walk, asked.of, *session.examples(on), **session.names)
    found = replace(found, update=update)
    return {
        "note": f"a batch of {len(p):,} is too much to show; these are the factors of the row"
        if is_much
        else "",
        "of": str(found.parameter),
        "where": found.where,
        "on": on,
        "derivative": shown(found.product, DIGITS),
        "w": shown(update.w, DIGITS),
        "step": shown(update.step, DIGITS),
        "new_w": shown(update.new_w, DIGITS),
        "predicted": shown(update.predicted, DIGITS),
        "actual": shown(update.actual, DIGITS),
        "verdict": found.numerical.verdict,
        "error": _small(found.numerical.complex_error),
        "learns": f"the update is by the batch, with {update.assumes}"
        if update.learns
        else "it is frozen, and takes no step",
        "sections": found.sections(),
        "paths": _paths(found),
    }


def _small(error: float) -> str:
    """Return an error as it is shown: its power of ten."""
    return f"{error:.0e}" if error else "0"


def _paths(found: Chain) -> dict[str, Any]:
    """Return the largest paths, with the sum so far and the weights on the way, and what the others add."""
    paths, is_one = found.paths, len(found.p) == 1
    sums = np.cumsum([path.value for path in paths.largest])
    return {
        "count": f"{paths.count:,}",
        "largest": [
            {
                "words": found.way(path) if is_one else f"example {path.example:,}: {found.way(path)}",
                "value": shown(path.value, DIGITS),
                "sum": shown(float(sum_), DIGITS),
                "edges": found.edges(path),
            }
            for path, sum_ in zip(paths.largest, sums, strict=True)
        ],
        "others": f"{paths.count - len(paths.largest):,}" if paths.count > len(paths.largest) else "",
        "rest": shown(paths.rest, DIGITS),
        "total": shown(paths.total, DIGITS),
    }


def _check(session: Session, _: Message) -> dict[str, Any]:
    X, p, w = session.examples("batch")
    size = session.walk.net.layout.size
    found = check(
        session.walk,
        X,
        p,
        w,
        max_parameters=max(FEWEST_CHECKED, min(MOST_CHECKED, WORK // size // min(len(p), MOST_EXAMPLES))),
        max_examples=max(FEWEST_EXAMPLES, min(MOST_EXAMPLES, WORK // size // FEWEST_CHECKED)),
        seed=0,
        engine="reference",
    )
    worst = found.worst
    return {
        "verdict": "PASS" if found.passed else "FAIL",
        "worst": worst.name,
        "error": _small(max(each.complex_error for each in found.comparisons)),
        "central": _small(max(each.central_error for each in found.comparisons)),
        "limits": [f"{COMPLEX_LIMIT:.0e}", f"{CENTRAL_LIMIT:.0e}"],
        "text": found.text(),
        "rows": [
            {
                key: value if isinstance(value, str) else shown(value, DIGITS)
                for key, value in asdict(each).items()
            }
            for each in sorted(found.comparisons, key=lambda each: -each.severity)[:12]
        ],
    }


def _pulls(session: Session, asked: commands.Pulls) -> dict[str, Any]:
    X, p, w = session.examples("batch")
    groups = session.groups(asked.by) if asked.by else None
    found = chain.pullers(session.walk, asked.of, X, p, w, groups=groups, **session.names)
    each, rows = found.contributions, session.walk.rows
    order = np.argsort(-np.abs(each), kind="stable")[:MOST_PULLS]
    finite = np.nan_to_num(each)
    levels = np.round(100 * finite / (np.abs(finite).max() or 1.0)).astype(int)
    return {
        "of": str(found.parameter),
        "where": found.where,
        "derivative": shown(found.derivative, DIGITS),
        "variance": shown(found.variance, DIGITS),
        "examples": len(each),
        "up": shown(float(each[each < 0].sum()), DIGITS),
        "down": shown(float(each[each > 0].sum()), DIGITS),
        "by": asked.by,
        "groups": [
            {
                "name": group.name,
                "examples": f"{group.examples:,}",
                "pull": shown(group.pull, DIGITS),
                "mean": shown(group.mean, DIGITS),
            }
            for group in found.groups[:MOST_PULLS]
        ],
        "pulls": [
            {
                "row": int(session.numbers[rows[n]]),
                "pull": shown(float(each[n]), DIGITS),
                "level": int(levels[n]),
            }
            for n in order
        ],
    }


def _nudge(session: Session, asked: OfParameter) -> dict[str, Any]:
    found = chain.nudge(session.walk, asked.of, *session.examples(asked.on))
    return {
        "of": found.parameter,
        "w": shown(found.w, DIGITS),
        "loss": shown(found.loss, DIGITS_OF_LOSS),
        "derivative": shown(found.derivative, DIGITS),
        "values": text(found.values),
        **{
            name: [shown(value, DIGITS_OF_CURVE) for value in getattr(found, name)]
            for name in ("losses", "tangent")
        },
    }


def _curve(session: Session, asked: OfParameter) -> dict[str, Any]:
    found = chain.curve(session.walk, asked.of, *session.examples(asked.on))
    return {
        "of": found.parameter,
        "taken": shown(found.taken, 2),
        "best": shown(found.best, 2),
        **{name: text(getattr(found, name)) for name in ("steps", "central", "complex_step")},
    }


def _mistakes(session: Session, asked: OfParameter) -> dict[str, Any]:
    found = chain.explain(session.walk, asked.of, *session.examples(asked.on))
    return {
        "of": str(found.parameter),
        "derivative": shown(found.product, DIGITS),
        "mistakes": [
            {"words": runs(each.words), "value": shown(each.value, DIGITS)} for each in chain.guesses(found)
        ],
    }


def _broken(session: Session, asked: commands.Broken) -> dict[str, Any]:
    """Return the certificate of a gradient that is right but for one entry."""
    X, p, w = session.examples(asked.on)
    known = chain.guesses(chain.explain(session.walk, asked.of, X, p, w))
    if asked.mistake >= len(known):
        raise OptionError(
            f"there are {plural(len(known), 'mistake')} of {asked.of} that differ from the right one."
        )
    net = session.walk.net
    theta = net.gradients(X, p, weights=w).theta.copy()
    theta[net.layout.find(asked.of)] = known[asked.mistake].value
    found = check(net, X, p, w, gradient=theta, max_parameters=MOST_CHECKED, seed=0, engine="reference")
    return {"verdict": "PASS" if found.passed else "FAIL", "text": found.text(), "mistake": asked.mistake}


def _guess(session: Session, asked: commands.Guess) -> dict[str, Any]:
    found = chain.explain(session.walk, asked.of, *session.examples(asked.on))
    return tour.guess(found, asked.given, asked.step, asked.place)


def _norms(session: Session, _: Message) -> dict[str, Any]:
    walk = session.walk
    layout, moment = walk.net.layout, walk.moment
    whole, step = np.zeros(layout.size), np.zeros(layout.size)
    whole[walk.problem.selection.index], step[walk.problem.selection.index] = moment.gradient, moment.step
    layers: list[dict[str, str]] = []
    for k in range(1, walk.net.K + 1):
        of = slice(layout.W[k].start, layout.b[k].stop)
        g, s, theta = (float(np.linalg.norm(each[of])) for each in (whole, step, walk.net.theta))
        layers.append(
            {
                "layer": str(k),
                "gradient": shown(g, DIGITS),
                "step": shown(s, DIGITS),
                "ratio": shown(s / theta, 2) if theta else "",
            }
        )
    return {"layers": layers}


def _history(session: Session, _: Message) -> dict[str, Any]:
    losses, held = session.walk.losses, list(session.held_losses.items())
    told, told_held = _some(len(losses)), [held[n] for n in _some(len(held))]
    return {
        "t": [str(n + 1) for n in told],
        "loss": text([losses[n] for n in told]),
        "held_t": [str(t) for t, _ in told_held],
        "held": text([loss for _, loss in told_held]),
    }


def _some(n: int) -> list[int]:
    """Return an even choice of n places: all, or MOST_POINTS."""
    return np.unique(np.linspace(0, n - 1, MOST_POINTS).astype(int)).tolist() if n else []


def _lesson(session: Session, asked: commands.Lesson) -> dict[str, Any]:
    text = lesson.write(Lesson(session.settings, asked.of, asked.phase))
    return {"text": text, "command": f'deltarule explore --lesson "{text}"'}


def _source(session: Session, asked: commands.Source) -> dict[str, Any]:
    q = session.walk.problem
    of: dict[str, object] = {
        "forward": passes.forward,
        "output": type(q.net.output),
        "backward": passes.backward,
        "update": type(q.optimiser),
    }
    found = of[asked.phase]
    file = (inspect.getsourcefile(found) or "").replace("\\", "/").rpartition("/deltarule/")[2]  # type: ignore[arg-type]
    return {"file": file, "lines": inspect.getsource(found)}  # type: ignore[arg-type]


ANSWERS: dict[type[Message], Callable[[Session, Any], dict[str, Any]]] = {
    commands.Chain: _chain,
    commands.Check: _check,
    commands.Pulls: _pulls,
    commands.Nudge: _nudge,
    commands.Curve: _curve,
    commands.Points: plane.points,
    commands.Surface: plane.surface,
    commands.Maps: plane.maps,
    commands.Suspects: lambda session, _: plane.suspects(session),
    commands.Norms: _norms,
    commands.Mistakes: _mistakes,
    commands.Broken: _broken,
    commands.Guess: _guess,
    commands.Stops: lambda session, _: {"stops": tour.stops()},
    commands.Grade: tour.grade,
    commands.Progress: tour.progress,
    commands.History: _history,
    commands.Lesson: _lesson,
    commands.Source: _source,
}
