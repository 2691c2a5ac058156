"""Make pictures of every state of the page, to be looked at: two sizes, light and dark.

    python docs/states.py FOLDER [STATE ...]

Needs Debian's chromium and playwright. Of every state FOLDER gets STATE-wide.png, 1280 x 720, and STATE-phone.png,
390 x 844; each has light and dark.
"""

from __future__ import annotations

import argparse
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from deltarule import Network
from deltarule.chain.explained import Explained
from deltarule.web.commands import command
from deltarule.web.server import Page
from deltarule.web.session import Session

SIZES = {"wide": (1280, 720), "phone": (390, 844)}
Doing = Callable[[Any], object]


def of(*bodies: dict[str, Any]) -> Callable[[], Session]:
    """Return what makes the built-in session after some acts."""

    def make() -> Session:
        session = Session()
        for body in bodies:
            session.act(command(body))
        return session

    return make


def made(name: str, **settings: Any) -> Callable[[], Session]:
    """Return what makes a session on made examples in the middle of training."""
    changed = ({"do": "set", "option": option, "value": value} for option, value in settings.items())
    return of(
        {"do": "set", "option": "data", "value": name}, *changed, {"do": "step", "by": "epoch", "n": 10}
    )


def wide() -> Session:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 784))
    return Session(Explained(Network([784, 512, 256, 10], seed=0), X, rng.integers(0, 10, size=200)))


def named() -> Session:
    """A table of many columns with long names, and three classes with long ones."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 9)), rng.integers(0, 3, size=80)
    inputs = (
        "age in years",
        "fare",
        "sex=female",
        "sex=male",
        "embarked=Southampton",
        "class=3",
        "<b>x</b>",
        "",
        "x_9",
    )
    outputs = ("survived without a scratch", "no", "unknown")
    return Session(
        Explained(Network([9, 6, 5, 3], seed=0), X, y, inputs=inputs, outputs=outputs), title="titanic.csv"
    )


def key(*keys: str) -> Doing:
    return lambda page: [page.keyboard.press(each) for each in keys]


def shown(panel: str, *keys: str) -> Doing:
    """Press keys, and on a phone turn to a panel."""

    def do(page: Any) -> None:
        key(*keys)(page)
        button = page.locator("#views").get_by_role("button", name=panel)
        if button.is_visible():
            button.click()

    return do


def button(name: str, panel: str = "", *, exact: bool = True) -> Doing:
    def do(page: Any) -> None:
        if panel:
            shown(panel)(page)
        page.get_by_role("button", name=name, exact=exact).filter(visible=True).first.click()

    return do


def stop(n: int, given: str = "") -> Doing:
    """Go to a stop of the tour, and answer its question."""

    def do(page: Any) -> None:
        for at in range(1, n + 1):
            page.keyboard.press("t")
            page.wait_for_selector(f"h2:has-text('{at}. ')")
        if given:
            page.locator("input[name=given]").fill(given)
            page.locator("input[name=given]").press("Enter")

    return do


def opened(summary: str) -> Doing:
    return lambda page: (
        page.locator(f"#head summary:has-text('{summary}')").filter(visible=True).first.click()
    )


def settings(page: Any) -> None:
    opened("settings" if page.locator("#head summary:has-text('settings')").count() else "more")(page)


def refused(page: Any) -> None:
    settings(page)
    page.locator("#head input[name=dropout]").fill("3")
    page.locator("#head input[name=dropout]").press("Tab")


def halted(page: Any) -> None:
    page.keyboard.press(" ")


def broken(page: Any) -> None:
    shown("Why", "k")(page)
    page.locator(".break").first.click()


DIVERGING = made("values", optimiser="gradient_descent", learning_rate=50.0)
MOONS = made("moons", validation=0.2)
STATES: dict[str, tuple[Callable[[], Session], Doing]] = {
    "opened": (of(), lambda page: None),
    "first-phase": (of(), key(*["ArrowLeft"] * 20)),
    "loss": (of(), key("f")),
    "update": (MOONS, key("u")),
    "batch-and-maps": (MOONS, key("a", "m")),
    "why": (MOONS, shown("Why", "y")),
    "pulls": (MOONS, shown("Why", "p")),
    "check": (MOONS, shown("Why", "c")),
    "broken": (of(), broken),
    "source": (of(), shown("Why", "s")),
    "row": (named, button("row", "Data")),
    "suspects": (named, button("suspects", "Data")),
    "points": (made("blobs"), shown("Data")),
    "line": (made("sine"), shown("Data", "m")),
    "matrices": (made("values"), shown("Chain", "n", "n")),
    "indices": (named, shown("Chain", "n")),
    "history": (MOONS, shown("History")),
    "predict": (of(), shown("Chain", "o", "o", "o")),
    "tour-1": (of(), stop(1, "1")),
    "tour-3": (of(), stop(3)),
    "tour-4": (of(), stop(4, "-0.56")),
    "tour-9": (of(), stop(9)),
    "tour-12": (of(), stop(12, "7")),
    "keys": (of(), key("?")),
    "settings": (MOONS, settings),
    "export": (of(), opened("export")),
    "refused": (MOONS, refused),
    "halted": (DIVERGING, halted),
    "frozen": (named, key("l", "w", "w")),
    "folded": (wide, key("b")),
    "overflow": (of({"do": "weight", "name": "b[3,2]", "value": 800.0}), shown("Chain")),
    "lost": (of(), lambda page: None),
}  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("folder", type=Path)
    options.add_argument("states", nargs="*", metavar="STATE", default=[])
    given = options.parse_args()
    if unknown := set(given.states) - set(STATES):
        options.error(f"there is no state {', '.join(sorted(unknown))}; there are {', '.join(STATES)}.")
    given.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for state in given.states or STATES:
            for name, size in SIZES.items():
                two = [pictured(browser, state, size, scheme) for scheme in ("light", "dark")]
                together(two, is_below=name == "wide").save(given.folder / f"{state}-{name}.png")
        browser.close()


def pictured(browser: Any, state: str, size: tuple[int, int], scheme: str) -> Image.Image:
    make, do = STATES[state]
    served = Page(make()).start()
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    page.on("pageerror", lambda error: print(f"{state}: {error}"))
    page.goto(served.address)
    page.wait_for_selector("#network svg.net")
    page.wait_for_timeout(700)
    do(page)
    if state == "lost":
        served.stop()
    page.wait_for_timeout(1200)  # for the last answers
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.close()
    served.stop()
    return picture


def together(pictures: list[Image.Image], *, is_below: bool) -> Image.Image:
    """Return pictures of one size in one, below each other or beside."""
    width, height = pictures[0].size
    x, y = (0, height) if is_below else (width, 0)
    sheet = Image.new("RGB", (width + x, height + y))
    for n, picture in enumerate(pictures):
        sheet.paste(picture, (n * x, n * y))
    return sheet


if __name__ == "__main__":
    main()
