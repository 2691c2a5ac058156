"""Files to keep, of the session as it is: the chain, the network, the script and what it begins with."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from deltarule import chain
from deltarule.chain import Chain
from deltarule.saving import save
from deltarule.web.commands import Export
from deltarule.web.script import START, script
from deltarule.web.session import Session


@dataclass(frozen=True)
class Kind:
    """A kind of file: its media type, and what makes its content."""

    media_type: str
    make: Callable[[Session, Export], str | bytes]


def exported(session: Session, name: str, asked: Export) -> bytes:
    """Return the content of a file.

    Raises
    ------
    DeltaruleError
        There is no such parameter, or a file cannot hold the network.
    """
    with session.lock:
        content = EXPORTS[name].make(session, asked)
    return content if isinstance(content, bytes) else content.encode("utf-8", "replace")


def _chain(session: Session, asked: Export) -> Chain:
    return chain.explain(session.walk, asked.of, *session.examples(asked.on), **session.names)


def _model(session: Session, _: Export) -> bytes:
    """Return the network alone as a model file; of a table's model, what made numbers of the table stays with it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.deltarule"
        save(session.walk.net, path)
        return path.read_bytes()


def _start(session: Session, _: Export) -> bytes:
    """Return what a script begins with: the examples that are learnt from, and the first parameters."""
    seen, kept = session.seen, session.kept
    arrays: dict[str, Any] = {"X": seen.X[kept], "y": np.asarray(seen.y)[kept], "theta": session.first.theta}
    if seen.weights is not None:
        arrays["weights"] = np.asarray(seen.weights)[kept]
    file = BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


EXPORTS = {
    "chain.tex": Kind(
        "application/x-tex", lambda session, asked: _chain(session, asked).latex(standalone=True)
    ),
    "chain.html": Kind("text/html", lambda session, asked: _chain(session, asked).html()),
    "model.deltarule": Kind("application/octet-stream", _model),
    "script.py": Kind("text/x-python", lambda session, _: script(session)),
    START: Kind("application/octet-stream", _start),
}
