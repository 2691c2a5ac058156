"""The page in a notebook's cell: the same modules and messages, which come and go by the notebook's own channel.

A notebook loads one module and refuses imports from beside it. So the text that it gets makes every module of the page
from text, those that are imported first, with the address of each where it is imported.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

from anywidget import AnyWidget

from deltarule.web.messages import MESSAGES, as_json, moment, refusal
from deltarule.web.session import FRAMES, Session
from deltarule.web.static_files import static_files

IMPORT = re.compile(r'from "\./([^"]+)"')
RATE = 500_000
"""Bytes a second; a notebook's server drops what comes faster than twice that."""


@cache
def module() -> str:
    """Return the page as one ES module, with the function `render` that a notebook calls."""
    files = {name: each.body.decode() for name, each in static_files().items()}
    imported = {name: IMPORT.findall(text) for name, text in files.items() if name.endswith(".js")}
    return "\n".join(
        [
            "async function render({ model, el }) {",
            '  const at = {}, made = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));',
            *(
                f"  at[{_quoted(name)}] = made({_addressed(files[name])});"
                for name in TopologicalSorter(imported).static_order()
            ),
            '  const { show } = await import(at["notebook.js"]);',
            f"  const leave = show(model, el, {_quoted(files['index.html'])}, {_quoted(files['page.css'])});",
            '  await import(at["app.js"]);',
            "  Object.values(at).forEach((address) => URL.revokeObjectURL(address));",
            "  return leave;",
            "}",
            "export default { render };",
        ]
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _addressed(text: str) -> str:
    """Return a module's text as an expression, in which imports are from the addresses that are made."""
    return re.sub(r'from \\"\./([^"]+)\\"', r'from \\"" + at["\1"] + "\\"', _quoted(text))


@dataclass
class View:
    """One place that shows the page: what it watches, and what it has been told: settings, as JSON, and a revision."""

    watch: str
    by: str
    told: str = ""
    rev: int = -1


class PageWidget(AnyWidget):
    """A session in a notebook's cell, until it is stopped; no port is opened.

    What comes is {"id", "to": "act" or "ask", "message"}; and {"to": "events", "view", "of": {"watch", "by"}} to have
    frames, without "of" to have no more. What goes is {"id", "said"}, or {"id", "refusal"}; and {"view", "frame"}, with
    "settings" where they have changed.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._views: dict[str, View] = {}
        self._wake, self._end = threading.Event(), threading.Event()
        self._esm = module()
        super().__init__()
        self._stop_listening = session.listen(self._wake.set)
        self.on_msg(self._hear)  # type: ignore[misc]
        threading.Thread(target=self._push, daemon=True).start()

    def stop(self) -> None:
        """End it: the session stops, and the notebook shows it no more."""
        self.close()

    def close(self) -> None:
        """The same, by its name in ipywidgets."""
        if self.comm is not None and not self._end.is_set():
            self._end.set()
            self._wake.set()
            self._stop_listening()
            self.session.close()
        super().close()

    def _hear(self, _: object, content: dict[str, Any], buffers: object) -> None:
        """Answer what a view sends."""
        to = content.get("to")
        if to in MESSAGES:
            try:
                answer = {"said": MESSAGES[to](self.session, content.get("message"))}
            except Exception as error:
                answer = {"refusal": refusal(error)}
            self._tell({"id": content.get("id"), **answer})
        elif to == "events":
            view, of = str(content.get("view")), content.get("of")
            if of is None:
                self._views.pop(view, None)
            else:
                self._views[view] = View(str(of.get("watch", "")), str(of.get("by", "forward")))
                self._wake.set()

    def _push(self) -> None:
        """Send every view a frame after every change: the latest, FRAMES a second at most."""
        while self._wake.wait() and not self._end.is_set():
            self._wake.clear()
            views = [
                (name, view) for name, view in tuple(self._views.items()) if view.rev != self.session.rev
            ]
            sent = sum(self._show(name, view) for name, view in views)
            self._end.wait(max(1 / FRAMES, sent / RATE))

    def _show(self, name: str, view: View) -> int:
        """Send a view what is new to it, and return its length."""
        told, frame = moment(self.session, view.watch, view.by)
        view.rev = frame["rev"]
        content = {"view": name, "frame": as_json(frame)}
        if told != view.told:
            content["settings"] = view.told = told
        self._tell(content)
        return sum(map(len, content.values()))

    def _tell(self, content: dict[str, Any]) -> None:
        self.send(content)  # type: ignore[misc]
