"""What was done on the page as a program: it ends in the same parameters, bit for bit.

A walk's parameters follow from how it began, from what was changed at which update, and from how many updates were
made; what was taken back leaves nothing behind. So that is all that a session keeps.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

import deltarule
from deltarule.network import Network
from deltarule.web.controls import OWN, STARTS, Settings
from deltarule.web.examples import MAKERS, WORKED

if TYPE_CHECKING:
    from deltarule.web.session import Session

START = "start.npz"
"""The file of what a script begins with where it cannot make it."""


@dataclass(frozen=True)
class Change:
    """A method of Walk that was called after t updates ("begin": it was made); what is set and frozen since."""

    t: int
    method: str
    arguments: dict[str, Any]
    settings: Settings
    frozen: frozenset[str] = frozenset()

    def replaces(self, last: Change) -> bool:
        """Return whether nothing is left of the change before this one."""
        return self.method == "weight" and (self.t, self.method, self.arguments["name"]) == (
            last.t,
            last.method,
            last.arguments.get("name"),
        )


def script(session: Session) -> str:
    """Return the program; the caller holds the session's lock."""
    settings = session.changes[0].settings
    body = [
        *_examples(session, settings),
        "",
        *_walk(session, settings),
        *_walked(session),
        "",
        *_end(session),
    ]
    return "\n".join([*_head("\n".join(body)), "", *body, ""])


def needs_start(session: Session) -> bool:
    """Return whether a script cannot make its examples and its network: they are one's own, or an input was changed."""
    return session.settings.data == OWN or session.is_input_changed


def _head(body: str) -> Iterator[str]:
    """Yield what the program is, and the imports that its body needs."""
    yield '"""What was done on the page of deltarule, once more: to the same parameters, bit for bit.'
    yield ""
    yield f"Made by deltarule {deltarule.__version__}. What was taken back is left out: the end does not depend on it."
    yield '"""'
    yield ""
    yield "from hashlib import sha256"
    yield ""
    if "np." in body:
        yield from ("import numpy as np", "")
    if " Network(" in body:
        yield "from deltarule import Network"
    yield f"from deltarule.training import Walk{', hold_out' if ' hold_out(' in body else ''}"
    parts = {"MAKERS": "MAKERS[", "start_of": "start_of(", "worked": " = worked()"}
    if used := [name for name, text in parts.items() if text in body]:
        yield f"from deltarule.web.examples import {', '.join(used)}"


def _examples(session: Session, settings: Settings) -> Iterator[str]:
    """Yield what makes X and y, weights where there are any, and the network at its beginning."""
    net, N = session.first, len(session.seen.y)
    if needs_start(session):
        yield f"# The examples as the network takes them, and its first parameters: save {START} from the page beside"
        yield "# this file, or load X and y of your own in its place."
        yield f'start = np.load("{START}")'
        yield 'X, y = start["X"], start["y"]'
        yield _network(net, settings)
        yield 'net.theta = start["theta"]'
        return
    of = f"{settings.rows} of them with noise {settings.noise:g}, from seed {settings.seed}"
    yield f"# The examples: {MAKERS[settings.data].words}{'' if settings.data == WORKED else f', {of}'}."
    if settings.data == WORKED and _is_of_the_notes(settings):
        yield "net, of = worked()"
    else:
        yield f'of = MAKERS["{settings.data}"].make({settings.rows}, {settings.noise!r}, {settings.seed})'
        yield _network(net, settings)
    if settings.start != STARTS[0]:
        yield f'net.theta = start_of(net, "{settings.start}")'
    yield "X, y = of.X, of.y"
    if len(session.kept) < N:
        rng = f"np.random.default_rng([{settings.seed}, 0])"
        classes = ", y" if net.output.name == "softmax" else ""
        yield f"# {N - len(session.kept)} of them are held out, and not learnt from."
        yield f"kept, _ = hold_out(len(X), {settings.validation!r}, {rng}{classes})"
        yield "X, y = X[kept], y[kept]"


def _is_of_the_notes(settings: Settings) -> bool:
    """Return whether the worked example has its own network."""
    return (settings.hidden, settings.activation) == (Settings.hidden, Settings.activation)


def _network(net: Network, settings: Settings) -> str:
    """Return the line that makes a network of these functions."""
    activation = f"activation={json.dumps([g.name for g in net.g[1:]])}, " if net.K > 1 else ""
    scale = "" if net.s is None else ", scale=True"
    return (
        f'net = Network({list(net.sizes)}, {activation}output="{net.output}", seed={settings.seed}, '
        f'dtype="float64"{scale})'
    )


def _walk(session: Session, settings: Settings) -> Iterator[str]:
    """Yield what begins the walk."""
    batch_size = min(settings.batch_size, len(session.kept))
    yield "walk = Walk("
    yield "    net,"
    yield "    X,"
    yield "    y,"
    if session.seen.weights is not None:
        yield '    weights=start["weights"],'
    yield f'    optimiser="{settings.optimiser}",'
    yield f"    learning_rate={settings.learning_rate!r},"
    yield f"    weight_decay={settings.weight_decay!r},"
    yield f"    batch_size={batch_size},"
    for name in ("l1", "l2", "clip_norm", "dropout"):
        if value := getattr(settings, name):
            yield f"    {name}={value!r},"
    yield f"    seed={settings.seed},"
    yield ")"


def _walked(session: Session) -> Iterator[str]:
    """Yield the updates, and between them what was changed."""
    begun, *changes = session.changes
    t, layout = 0, session.walk.net.layout
    if begun.frozen:
        yield from _learning(session, begun.frozen)
    for change in changes:
        if change.t > t:
            yield f"walk.take({change.t - t})  # to update {change.t}"
            t = change.t
        if change.method == "learn":
            yield from _learning(session, change.frozen)
        elif change.method == "weight":
            name, value = change.arguments["name"], change.arguments["value"]
            yield f'walk.weight("{layout.name(layout.find(name))}", {value!r})'
        else:
            given = ", ".join(f"{name}={json.dumps(value)}" for name, value in change.arguments.items())
            yield f"walk.set({given})"
    if session.walk.t > t:
        yield f"walk.take({session.walk.t - t})  # to update {session.walk.t}"


def _learning(session: Session, frozen: frozenset[str]) -> Iterator[str]:
    """Yield what freezes these and lets all others learn."""
    if not frozen:
        yield "walk.learn()  # everything again"
        return
    layout = session.walk.net.layout
    yield f"learns = np.ones({layout.size}, bool)  # a place for every parameter of theta"
    for name in sorted(frozen):
        places = np.arange(layout.size)[layout.select([name]).index]  # which lie in a row
        yield f"learns[{places[0]}:{places[-1] + 1}] = False  # {name!r} is frozen"
    yield "walk.learn(learns)"


def _end(session: Session) -> Iterator[str]:
    digest = sha256(session.walk.net.theta.tobytes()).hexdigest()
    yield "digest = sha256(walk.net.theta.tobytes()).hexdigest()"
    yield 'print(f"update {walk.t}, loss {walk.loss():.6g}, theta with SHA-256 {digest}")'
    yield f"# On the page it was {digest}; another machine may round otherwise."
