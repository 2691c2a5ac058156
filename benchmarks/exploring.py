"""What one waits for on the page, in headless Chromium on this machine, beside its budgets.

    python benchmarks/exploring.py [--minutes 10] [--rounds 40] [--write docs/performance.md]

Needs Debian's chromium and playwright. Times are p95 over the rounds: first paint from the first byte asked for; an act
from the key to the frame that shows it; frames as they arrive while a 3-4-4-2 network trains; the heap after a garbage
collection before and after minutes of play.
"""

from __future__ import annotations

import argparse
import gzip
import json
import platform
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from deltarule import Network
from deltarule.chain.explained import Explained
from deltarule.web.answers import answer
from deltarule.web.commands import command, question
from deltarule.web.server import Page, static_files
from deltarule.web.session import Session
from page import markdown, renew

PAINTED = """async (key) => {
  const { frame } = await import(`${location.pathname}static/store.js`);
  const before = frame.value.rev, from = performance.now();
  document.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey: true, bubbles: true }));
  while (frame.value.rev === before) await new Promise((done) => requestAnimationFrame(done));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - from;
}"""
FRAMES = """async (ms) => {
  const { frame } = await import(`${location.pathname}static/store.js`);
  let seen = 0, last = frame.value.rev, from = performance.now();
  while (performance.now() - from < ms) {
    await new Promise((done) => requestAnimationFrame(done));
    if (frame.value.rev !== last) { seen += 1; last = frame.value.rev; }
  }
  return 1000 * seen / (performance.now() - from);
}"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? performance.now()"


def session_of(sizes: list[int], N: int = 200) -> Session:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(N, sizes[0])), rng.integers(0, sizes[-1], size=N)
    return Session(Explained(Network(sizes, seed=0), X, y))


def p95(values: list[float]) -> float:
    return float(np.percentile(values, 95))


def first_paint(browser: Any, rounds: int) -> float:
    """Return ms from asking for the page to the first drawing of the network."""
    found: list[float] = []
    for _ in range(rounds):
        served = Page(Session()).start()
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(served.address)
        page.wait_for_selector("#network svg.net")
        found.append(page.evaluate(PAINT))
        page.close()
        served.stop()
    return p95(found)


def acts(page: Any, rounds: int) -> float:
    return p95([page.evaluate(PAINTED, "ArrowRight") for _ in range(rounds)])


def heap(page: Any) -> float:
    """Return MB of the page's heap after a garbage collection."""
    client = page.context.new_cdp_session(page)
    client.send("HeapProfiler.collectGarbage")
    return float(client.send("Runtime.getHeapUsage")["usedSize"]) / 1e6


def size_of(frame: dict[str, Any]) -> float:
    return len(json.dumps(frame, separators=(",", ":"), ensure_ascii=False).encode()) / 1000


def asked(session: Session, rounds: int) -> float:
    """Return ms of the chain's answer."""
    found: list[float] = []
    for n in range(rounds):
        name = session.walk.net.layout.name(n % session.walk.net.layout.size)
        start = time.perf_counter()
        json.dumps(answer(session, question({"about": "chain", "of": name})))
        found.append(1e3 * (time.perf_counter() - start))
    return p95(found)


def served_bytes() -> int:
    return sum(len(gzip.compress(each.body)) for each in static_files().values())


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--minutes", type=float, default=10.0)
    options.add_argument("--rounds", type=int, default=40)
    options.add_argument("--write", type=Path)
    given = options.parse_args()
    small, wide = session_of([3, 4, 4, 2]), session_of([784, 512, 256, 10])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        rows = [("first paint, ms", first_paint(browser, max(given.rounds // 4, 3)), "<= 1,000")]
        served = Page(small).start()
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(served.address)
        page.wait_for_selector("#network svg.net")
        rows.append(("act to painted, 3-4-4-2, ms", acts(page, given.rounds), "<= 100"))
        small.act(command({"do": "speed", "value": "100"}))
        small.act(command({"do": "play"}))
        page.wait_for_timeout(2000)
        rows.append(
            ("frames a second while 3-4-4-2 trains", page.evaluate(FRAMES, 5000), ">= 19.5, of 20 sent")
        )
        before = heap(page)
        page.wait_for_timeout(60_000 * given.minutes)
        rows.append((f"heap's growth in {given.minutes:g} minutes of play, MB", heap(page) - before, "< 5"))
        small.act(command({"do": "pause"}))
        page.close()
        served.stop()
        other = Page(wide).start()
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(other.address)
        page.wait_for_selector("#network svg.net")
        rows.append(("act to painted, 784-512-256-10, ms", acts(page, max(given.rounds // 4, 3)), ""))
        page.close()
        other.stop()
        browser.close()
    rows += [
        ("ask chain, 3-4-4-2, ms", asked(small, given.rounds), "<= 60"),
        ("ask chain, 784-512-256-10, ms", asked(wide, given.rounds), "<= 60"),
        ("frame, 3-4-4-2, kB", size_of(small.frame()), "<= 4"),
        ("frame, 784-512-256-10, kB", size_of(wide.frame("w[2,77,300]", "backward")), "<= 40"),
        ("all that is served, gzipped, kB", served_bytes() / 1000, "<= 90"),
    ]
    told = [[what, f"{value:,.1f}", budget] for what, value, budget in rows]
    text = markdown([["what", "found", "budget"], *told])
    text += f"\n\n{platform.machine()}, Python {platform.python_version()}, headless Chromium; p95 where it is a time."
    print(text)
    if given.write:
        renew(given.write, Path(__file__).name, text)


if __name__ == "__main__":
    main()
