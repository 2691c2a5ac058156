"""Make the pictures of the page: docs/pictures/*.png, by a real browser. Needs Debian's chromium and playwright.

python docs/pictures.py
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from deltarule.web.commands import command
from deltarule.web.server import Page
from deltarule.web.session import Session

FOLDER = Path(__file__).parent / "pictures"
COLOURS = 256


def worked(session: Session, page: Any) -> None:
    """The worked example as it opens."""


def moons(session: Session, page: Any) -> None:
    """Two moons in the middle of training, with maps of the hidden units and who pulls."""
    for body in (
        {"do": "set", "option": "data", "value": "moons"},
        {"do": "set", "option": "validation", "value": 0.2},
        {"do": "step", "by": "epoch", "n": 40},
    ):
        session.act(command(body))
    for key in ("m", "a", "p"):
        page.keyboard.press(key)


def tour(session: Session, page: Any) -> None:
    """A stop of the tour, with a wrong answer that is told which mistake it is."""
    for n in range(1, 5):
        page.keyboard.press("t")
        page.wait_for_selector(f"h2:has-text('{n}. ')")
    page.locator("input[name=given]").fill("-0.56")
    page.locator("input[name=given]").press("Enter")
    page.wait_for_selector(".verdict-of.FAIL")


PICTURES: dict[str, tuple[Callable[[Session, Any], None], tuple[int, int], str]] = {
    "worked": (worked, (1280, 720), "light"),
    "moons": (moons, (1280, 720), "dark"),
    "tour": (tour, (1280, 720), "light"),
    "phone": (worked, (390, 844), "light"),
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, (come, (width, height), scheme) in PICTURES.items():
            session = Session()
            served = Page(session).start()
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            page.goto(served.address)
            page.wait_for_selector("#network svg.net")
            come(session, page)
            page.wait_for_timeout(1500)  # for the last answers
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            few = picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            few.save(FOLDER / f"{name}.png", optimize=True)
            page.close()
            served.stop()
        browser.close()


if __name__ == "__main__":
    main()
