"""The page in a notebook: one module, messages by the notebook's channel, and the whole of it in JupyterLab."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.web.quantities import SHAPES, net_and_examples, quantities

import deltarule
from deltarule.chain.explained import Explained
from deltarule.web import server
from deltarule.web.commands import command
from deltarule.web.session import FRAMES, Session

pytest.importorskip("anywidget")

from comm.base_comm import BaseComm

from deltarule.web.widget import PageWidget, module

SHAPE, OUTPUT = 1, "softmax"
"""The network that both the test and the notebook's cell make."""
WAIT = 60.0
"""Seconds after which a message does not come any more."""


class FakeComm(BaseComm):
    """A channel whose other end is the test."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.sent: list[tuple[float, dict[str, Any]]] = []
        super().__init__(*args, **kwargs)

    def publish_msg(self, msg_type: str, data: Any = None, *args: Any, **kwargs: Any) -> None:
        if msg_type == "comm_msg" and data["method"] == "custom":
            self.sent.append((time.monotonic(), json.loads(json.dumps(data["content"], allow_nan=False))))

    def tell(self, **content: Any) -> None:
        self.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})

    def said(self, to: str, message: object) -> dict[str, Any]:
        """Return the answer to a message."""
        self.tell(id="1", to=to, message=message)
        return next(content for _, content in reversed(self.sent) if content.get("id") == "1")

    def frames(self, view: str) -> list[dict[str, Any]]:
        return [
            json.loads(content["frame"]) for _, content in tuple(self.sent) if content.get("view") == view
        ]


def soon(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def widget(monkeypatch: pytest.MonkeyPatch) -> Iterator[PageWidget]:
    monkeypatch.setattr("comm.create_comm", FakeComm)
    made = PageWidget(Session())
    yield made
    made.stop()


@pytest.fixture
def comm(widget: PageWidget) -> FakeComm:
    return widget.comm


def test_the_module_has_every_file_once_and_resolves_every_import(static: dict):
    text = module()
    assert not re.search(r'from \\?"\./', text)
    made: set[str] = set()
    for line in text.splitlines():
        if found := re.match(r'  at\["([^"]+)"\] = ', line):
            assert set(re.findall(r'at\["([^"]+)"\]', line[found.end() :])) <= made
            assert found[1] not in made
            made.add(found[1])
    assert made == {name for name in static if name.endswith(".js")}


def test_acts_and_questions_go_round_as_by_http(comm: FakeComm, widget: PageWidget):
    assert comm.said("act", {"do": "step", "n": 2}) == {"id": "1", "said": {"rev": 1}}
    assert widget.session.walk.t == 2
    said = comm.said("ask", {"about": "chain", "of": "w[1,1,1]"})["said"]
    assert (said["rev"], said["of"]) == (1, "w[1,1,1]")


@pytest.mark.parametrize(
    ("to", "message", "field"),
    [
        ("act", {"do": "step", "n": 0}, "n"),
        ("act", {"do": "jump"}, "do"),
        ("act", None, "do"),
        ("ask", {"about": "nothing"}, "about"),
        ("ask", {"about": "chain", "of": "w[9,9,9]"}, ""),
    ],
)
def test_what_is_refused_gets_one_sentence_and_its_field(
    comm: FakeComm, to: str, message: object, field: str
):
    refusal = comm.said(to, message)["refusal"]
    assert refusal["field"] == field
    assert refusal["error"].endswith(".")


def test_every_view_has_settings_once_and_then_frames_until_it_wants_no_more(comm: FakeComm):
    comm.tell(to="events", view="a", of={"watch": "w[1,1,1]", "by": "forward"})
    comm.tell(to="events", view="b", of={})
    soon(lambda: comm.frames("a") and comm.frames("b"))
    comm.said("act", {"do": "step"})
    soon(lambda: comm.frames("a")[-1]["t"] == comm.frames("b")[-1]["t"] == 1)
    assert [("settings" in content) for _, content in comm.sent if content.get("view") == "a"] == [
        True,
        False,
    ]
    comm.tell(to="events", view="b")
    told = len(comm.frames("b"))
    comm.said("act", {"do": "step"})
    soon(lambda: comm.frames("a")[-1]["t"] == 2)
    assert len(comm.frames("b")) == told
    comm.said("act", {"do": "set", "option": "data", "value": "moons"})
    soon(lambda: "settings" in comm.sent[-1][1])
    assert json.loads(comm.sent[-1][1]["settings"])["sizes"] == [2, 4, 4, 2]


def test_frames_come_twenty_a_second_at_most_and_the_last_is_of_now(comm: FakeComm, widget: PageWidget):
    comm.tell(to="events", view="a", of={})
    soon(lambda: comm.frames("a"))
    for _ in range(200):
        widget.session.act(command({"do": "step"}))
    soon(lambda: comm.frames("a")[-1]["t"] == 200)
    times = [at for at, content in comm.sent if "frame" in content]
    assert len(times) < 200
    assert min(b - a for a, b in pairwise(times)) > 0.9 / FRAMES


def test_when_it_is_stopped_nothing_goes_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("comm.create_comm", FakeComm)
    widget = PageWidget(Session())
    widget.session.act(command({"do": "play"}))
    widget.stop()
    assert not widget.session.is_playing
    widget.stop()


class Shell:
    kernel = object()


@pytest.fixture
def in_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("IPython.get_ipython", Shell)
    monkeypatch.setattr("comm.create_comm", FakeComm)


@pytest.mark.usefixtures("in_notebook")
def test_in_a_notebook_explore_opens_no_port(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server, "bound", None)
    widget = deltarule.explore(*net_and_examples(SHAPES[SHAPE], OUTPUT))
    assert isinstance(widget, PageWidget)
    assert widget.session.walk.net.sizes == (3, 4, 4, 2)
    assert "application/vnd.jupyter.widget-view+json" in widget._repr_mimebundle_()[0]
    widget.stop()


@pytest.mark.usefixtures("in_notebook")
@pytest.mark.parametrize("lacks", [True, False], ids=["without anywidget", "where a port is named"])
def test_else_it_is_served_and_shown_as_a_link(monkeypatch: pytest.MonkeyPatch, lacks: bool):
    if lacks:
        monkeypatch.delitem(sys.modules, "deltarule.web.widget")
        monkeypatch.setitem(sys.modules, "anywidget", None)
    page = deltarule.explore(port=None if lacks else 8_440)
    assert f'<a href="{page.address}"' in page._repr_html_()
    page.stop()


# JupyterLab ------------------------------------------------------------------------------------------

ROOT = Path(__file__).parents[2]
TOKEN = "of-the-test"
CELL = f"""import deltarule
from tests.web.quantities import SHAPES, net_and_examples
widget = deltarule.explore(*net_and_examples(SHAPES[{SHAPE}], "{OUTPUT}"))
widget"""


def notebook(*cells: str) -> str:
    made = [
        {
            "cell_type": "code",
            "id": f"cell{n}",
            "source": cell,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for n, cell in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps({"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})


def _port(folder: Path) -> int:
    """Return where JupyterLab says that it listens; 0 before it has said so."""
    for each in folder.glob(".runtime/jpserver-*.json"):
        text = each.read_text(encoding="utf-8")
        if text.rstrip().endswith("}"):  # it is written whole
            return json.loads(text)["port"]
    return 0


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """JupyterLab with a folder of its own, as the address of a notebook in it."""
    pytest.importorskip("jupyterlab")
    folder = tmp_path_factory.mktemp("lab")
    (folder / "page.ipynb").write_text(notebook(CELL, "widget", "1 + 1"), encoding="utf-8")
    (folder / "other.ipynb").write_text(notebook(CELL), encoding="utf-8")
    places = {
        f"JUPYTER_{each}_DIR": str(folder / f".{each.lower()}") for each in ("CONFIG", "DATA", "RUNTIME")
    }
    path = os.pathsep.join([os.environ["PYTHONPATH"], str(ROOT)])
    said = folder / "said"
    with said.open("w", encoding="utf-8") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *(
                    "--ServerApp.port=0",
                    f"--IdentityProvider.token={TOKEN}",
                    f"--ServerApp.root_dir={folder}",
                ),
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                "--LabApp.extension_manager=readonly",
            ],
            env=os.environ | places | {"PYTHONPATH": path, "HOME": str(folder)},
            stdout=log,
            stderr=log,
        )
    try:
        soon(lambda: _port(folder) or server.poll() is not None)
        assert server.poll() is None, said.read_text(encoding="utf-8")
        yield f"http://127.0.0.1:{_port(folder)}/doc/tree/{{}}.ipynb?token={TOKEN}"
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:  # it waits for ever for a kernel that is just beginning
            server.kill()
            server.wait()


@pytest.fixture
def cells(chromium: Any, lab: str) -> Iterator[Any]:
    """Open a notebook of JupyterLab, as a page of the browser; at the end there may have been no error in it."""
    context = chromium.new_context(viewport={"width": 1500, "height": 1000})
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))

    def opens(name: str) -> Any:
        page.goto(lab.format(name))
        page.locator("text=Python 3 (ipykernel) | Idle").wait_for(timeout=1000 * WAIT)
        return page

    yield opens
    context.close()
    assert not faults


def run(page: Any, n: int) -> Any:
    """Run a cell, and return the page that it shows."""
    cell = page.locator(".jp-CodeCell").nth(n)
    cell.locator(".jp-InputPrompt").click()
    page.locator('jp-button[data-command="notebook:run-cell-and-select-next"]').click()
    shown = cell.locator("#page")
    shown.locator("svg.net").wait_for(timeout=1000 * WAIT)
    return shown


def equals_pythons(shown: Any, session: Session) -> None:
    """Wait for the session's update, in every panel, and compare all numbers."""
    shown.locator("[data-q=t]", has_text=re.compile(f"^{session.walk.t}$")).wait_for(timeout=1000 * WAIT)
    shown.locator(".facts-of").wait_for()
    shown.locator(".old").first.wait_for(state="detached", timeout=1000 * WAIT)
    found: dict[str, set[str]] = {}
    for name, text in shown.evaluate(
        "(root) => [...root.querySelectorAll('[data-q]')].map((each) => [each.dataset.q, each.textContent])"
    ):
        found.setdefault(name, set()).add(text)
    told = quantities(session)
    assert {name: texts for name, texts in found.items() if name in told} == {
        name: {told[name]} for name in found if name in told
    }
    assert {name for name in told if name.startswith(("w", "dL/dw", "step w", "a[", "dL/da"))} <= set(found)


def test_in_jupyterlab_every_number_is_pythons_and_a_step_changes_them(cells: Any):
    page, session = cells("page"), Session(Explained(*net_and_examples(SHAPES[SHAPE], OUTPUT)))
    shown = run(page, 0)
    equals_pythons(shown, session)
    again = run(page, 1)
    shown.get_by_role("button", name="+batch").click()
    session.act(command({"do": "step"}))
    for view in (shown, again):  # both are of one session
        equals_pythons(view, session)
    again.get_by_role("button", name="play").click()
    again.get_by_role("button", name="pause").click()
    shown.locator('select[name="data"]').select_option("moons")
    again.locator("text=of 200").wait_for()


def test_in_jupyterlab_neither_takes_the_others_keys_or_styles(cells: Any):
    page = cells("page")
    look = "() => { const of = getComputedStyle(document.querySelector('.jp-Notebook')); return [of.font, of.color]; }"
    before = page.evaluate(look)
    shown = run(page, 0)
    assert page.evaluate(look) == before
    n = page.locator(".jp-CodeCell").count()
    shown.locator("#chain h2").click()
    for key in ("b", "a", "c", "Shift+ArrowRight", "d", "d", "f"):  # in JupyterLab new cells, and one gone
        page.keyboard.press(key)
    shown.locator("[data-q=t]", has_text=re.compile("^1$")).wait_for()
    shown.locator('.segments [aria-pressed=true] >> text="Forward"').wait_for()
    assert page.locator(".jp-CodeCell").count() == n
    page.locator(".jp-CodeCell").nth(2).locator(".cm-content").click()
    page.keyboard.type("e b")
    assert "e b" in page.locator(".jp-CodeCell").nth(2).locator(".cm-content").inner_text()
    shown.locator('.segments [aria-pressed=true] >> text="Forward"').wait_for()
    assert shown.locator("[data-q=t]").inner_text() == "1"


def test_in_jupyterlab_it_says_when_the_kernel_has_ended(cells: Any):
    page = cells("other")
    shown = run(page, 0)
    page.locator('jp-button[data-command="notebook:restart-kernel"]').click()
    page.locator(".jp-Dialog .jp-mod-warn").click()
    shown.locator("text=the program has ended").wait_for(timeout=1000 * WAIT)
    shown.get_by_role("button", name="+batch").click()
    shown.locator("text=the program does not answer").wait_for()
    page.locator("text=Python 3 (ipykernel) | Idle").wait_for(timeout=1000 * WAIT)
