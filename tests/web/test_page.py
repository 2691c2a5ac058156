"""The page in a real browser: every number is Python's, every control does what it says, nothing goes out."""

from __future__ import annotations

from typing import Any

import pytest
from tests.web.quantities import OUTPUTS, SHAPES, net_and_examples, quantities

from deltarule.chain.explained import Explained
from deltarule.web.commands import command
from deltarule.web.session import Session


def do(session: Session, act: str, /, **fields: object) -> int:
    return session.act(command({"do": act, **fields}))


def test_it_opens_on_the_worked_example(open_page: Any):
    tab = open_page(Session())
    tab.settled()
    shown = tab.numbers()
    assert shown["L"] == {"0.223144"}
    assert (shown["dL/dy_hat[1]"], shown["dL/dy_hat[2]"]) == ({"-1.25"}, {"0"})
    assert (shown["dL/da[3,1]"], shown["dL/da[3,2]"]) == ({"-0.2"}, {"0.2"})
    assert shown["dL/dw[1,1,1]"] == {"0.55"}
    assert tab.page.locator(".badge").inner_text().startswith("PASS")
    assert tab.page.locator(".facts-of .verdict").inner_text().startswith("PASS")


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape["hidden"])) or "none")
def test_every_number_is_pythons_in_every_phase(open_page: Any, shape: dict, output: str):
    net, X, y = net_and_examples(shape, output)
    session = Session(Explained(net, X, y))
    do(session, "step", n=2)
    tab = open_page(session)
    stops = tab.page.locator("#rail .stop")
    assert stops.count() == 2 * net.K + 5
    seen: set[str] = set()
    for mode in ("Example", "Batch"):
        tab.page.get_by_role("button", name=mode, exact=True).click()
        told = quantities(session, mode.lower())
        for n in range(stops.count()):
            stops.nth(n).click()
            tab.settled()
            for name, texts in tab.numbers().items():
                if name in told:
                    seen.add(name)
                    assert texts <= {told[name], "–"}, (name, mode, n)
                    assert told[name] in texts or n < stops.count() - 2
    missed = {name for name in told if name not in seen and not name.startswith(("h[0", "dL/dh[0", "L of"))}
    assert not missed
