"""What page and session say to each other, however it is carried: acts, questions, and the moment."""

from __future__ import annotations

import json
from typing import Any

from deltarule.errors import DeltaruleError
from deltarule.web.answers import answer
from deltarule.web.commands import command, question
from deltarule.web.session import Session


def act(session: Session, body: object) -> dict[str, Any]:
    """Do what a message says, and return the new revision."""
    return {"rev": session.act(command(body))}


def ask(session: Session, body: object) -> dict[str, Any]:
    """Return the answer to the question that a message is."""
    return answer(session, question(body))


MESSAGES = {"act": act, "ask": ask}


def refusal(error: Exception) -> dict[str, str]:
    """Return one sentence, and the field of the message that it is about."""
    if isinstance(error, DeltaruleError):
        return {"error": str(error), "field": getattr(error, "field", "")}
    return {
        "error": f"unexpected {type(error).__name__}: {error} (this is a fault in deltarule).",
        "field": "",
    }


def moment(session: Session, watch: str, by: str) -> tuple[str, dict[str, Any]]:
    """Return what the page is made of, as JSON, and the frame of now."""
    with session.lock:
        try:
            frame = session.frame(watch, by)
        except DeltaruleError:  # watched is what another network had
            frame = session.frame("", by)
        return as_json(session.told()), frame


def as_json(data: object) -> str:
    """Return data as JSON that can be sent: half a surrogate pair in a name is a question mark."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace").decode("utf-8")
