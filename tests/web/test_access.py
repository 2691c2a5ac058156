"""The page for everyone: axe finds no serious fault in any state, light or dark, wide or narrow; nothing is cut off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from deltarule.web.commands import command
from deltarule.web.session import Session


def begin_tour(page: Any) -> None:
    with page.expect_response("**/act"):
        page.keyboard.press("t")


STATES: dict[str, Callable[[Any], None]] = {
    "opened": lambda page: None,
    "forward": lambda page: page.keyboard.press("f"),
    "update": lambda page: page.keyboard.press("u"),
    "batch and maps": lambda page: (page.keyboard.press("a"), page.keyboard.press("m")),
    "pulls": lambda page: page.keyboard.press("p"),
    "check": lambda page: page.keyboard.press("c"),
    "mistakes": lambda page: page.keyboard.press("k"),
    "source": lambda page: page.keyboard.press("s"),
    "rows": lambda page: page.get_by_role("button", name="row", exact=True).click(),
    "predict": lambda page: [page.keyboard.press("o") for _ in range(3)],
    "tour": begin_tour,
    "keys": lambda page: page.keyboard.press("?"),
    "settings": lambda page: page.locator("summary").first.click(),
}
NARROW: dict[str, Callable[[Any], None]] = {
    name: lambda page, name=name: page.locator("#views").get_by_role("button", name=name).click()
    for name in ("Network", "Chain", "Why", "Data", "History")
}


def faults_of(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['target']}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def begun() -> Session:
    session = Session()
    for body in (
        {"do": "set", "option": "data", "value": "moons"},
        {"do": "set", "option": "validation", "value": 0.2},
        {"do": "step", "n": 9},
        {"do": "freeze", "name": "b[2]"},
    ):
        session.act(command(body))
    return session


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_in_any_state(open_page: Any, scheme: str):
    found: dict[str, list[str]] = {}
    tab = open_page(begun(), color_scheme=scheme)
    for state, come in STATES.items():
        tab.page.reload()
        tab.page.wait_for_selector("#network svg.net")
        tab.settled()
        come(tab.page)
        tab.settled()
        found[state] = faults_of(tab.page)
    assert not {state: faults for state, faults in found.items() if faults}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_on_a_phone(open_page: Any, scheme: str):
    found: dict[str, list[str]] = {}
    tab = open_page(begun(), size=(390, 844), color_scheme=scheme)
    for state, come in NARROW.items():
        come(tab.page)
        tab.settled()
        found[state] = faults_of(tab.page)
    assert not {state: faults for state, faults in found.items() if faults}


@pytest.mark.parametrize("size", [(1280, 720), (1024, 768), (768, 1024), (390, 844), (1920, 1080)], ids=str)
def test_nothing_is_wider_than_the_screen(open_page: Any, size: tuple[int, int]):
    tab = open_page(begun(), size=size)
    tab.settled()
    assert tab.page.evaluate("() => document.documentElement.scrollWidth") <= size[0]
    shown = tab.page.locator("button, input, a, select").filter(visible=True)
    inside = """(of, wide) => of.map((each) => each.getBoundingClientRect())
        .every(({ left, right }) => left >= 0 && right <= wide + 1)"""
    bars = tab.page.locator("#head, #rail, #status")
    for summary in [None, *tab.page.locator("#head summary").all()]:
        if summary is not None:
            summary.click()
            tab.settled()
        assert bars.locator(shown).evaluate_all(inside, size[0])
        if summary is not None:
            summary.click()


def test_panels_that_a_phone_does_not_show_are_not_in_the_tab_order(open_page: Any):
    tab = open_page(begun(), size=(390, 844))
    tab.settled()
    seen = set()
    for _ in range(80):
        tab.page.keyboard.press("Tab")
        seen.add(tab.page.evaluate("() => document.activeElement.closest('.panel')?.id ?? ''"))
    assert seen <= {"", "network"}


def test_who_wants_less_motion_gets_none(open_page: Any):
    tab = open_page(begun(), reduced_motion="reduce")
    tab.settled()
    durations = "() => [...document.querySelectorAll('*')].map((e) => getComputedStyle(e).transitionDuration)"
    assert set(tab.page.evaluate(durations)) == {"0s"}
