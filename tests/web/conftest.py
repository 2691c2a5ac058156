"""A real browser: Debian's Chromium, one for all tests of a process; without it these tests are skipped, said once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from deltarule.web.server import Page, static_files
from deltarule.web.session import Session

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium; Debian's package of that name brings it.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


SETTLED = """async (rev) => {
  const { frame } = await import(`${location.pathname}static/store.js`);
  const isSettled = () => frame.value?.rev === rev && !document.querySelector(".old, .asking");
  for (const end = performance.now() + 60_000; !isSettled(); await new Promise((done) => setTimeout(done, 10)))
    if (performance.now() > end) throw new Error(`not settled: ${frame.value?.rev} of ${rev}`);
}"""


@dataclass
class Tab:
    """A tab of the browser on a session's page, and what it did that it should not."""

    page: Any
    served: Page
    faults: list[str] = field(default_factory=list)

    @property
    def session(self) -> Session:
        return self.served.session

    def settled(self) -> None:
        """Wait until what is shown is of the session's revision, in every panel."""
        rev = self.session.rev
        self.page.evaluate(SETTLED, rev)

    def acts(self, does: Callable[[], object]) -> None:
        """Do what makes the page send an act, and wait until all of it is shown."""
        with self.page.expect_response("**/act"):
            does()
        self.settled()

    def numbers(self) -> dict[str, set[str]]:
        """Return every text of every quantity that is shown."""
        found: dict[str, set[str]] = {}
        for name, text in self.page.evaluate(
            "[...document.querySelectorAll('[data-q]:not([data-q=\"\"])')].map((e) => [e.dataset.q, e.textContent])"
        ):
            found.setdefault(name, set()).add(text)
        return found


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Any]:
    """Open a session's page in a tab of its own; at the end nothing may have gone wrong in it."""
    opened: list[tuple[Any, Tab]] = []
    pages: dict[int, Page] = {}

    def opens(session: Session, *, size: tuple[int, int] = (1280, 720), **context: Any) -> Tab:
        if id(session) not in pages:
            pages[id(session)] = Page(session).start()
        served = pages[id(session)]
        made = chromium.new_context(viewport={"width": size[0], "height": size[1]}, **context)
        tab = Tab(made.new_page(), served)
        watch(tab)
        tab.page.goto(served.address)
        tab.page.wait_for_selector("#network svg.net")
        opened.append((made, tab))
        return tab

    yield opens
    faults = [fault for _, tab in opened for fault in tab.faults]
    for context, _ in opened:
        context.close()
    for page in pages.values():
        page.stop()
    assert not faults


def watch(tab: Tab) -> None:
    """Note messages on the console, errors, and requests to any other host."""
    of = tab.page
    of.on("console", lambda message: tab.faults.append(f"console: {message.text}"))
    of.on("pageerror", lambda error: tab.faults.append(f"error: {error}"))

    def request(sent: Any) -> None:
        if not sent.url.startswith((f"http://{tab.served.host}/", "data:")):
            tab.faults.append(f"request: {sent.url}")

    of.on("request", request)


@pytest.fixture(scope="session")
def static() -> dict[str, Any]:
    """The files of the page."""
    return static_files()
