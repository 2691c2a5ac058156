"""The page in a real browser: every number is Python's, every control does what it says, nothing goes out."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from tests.web.hostile import HOSTILE
from tests.web.quantities import OUTPUTS, SHAPES, net_and_examples, quantities

from deltarule import Network, pullers
from deltarule.chain.explained import Explained
from deltarule.chain.grid import shown
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
    tab.page.wait_for_selector(".badge:has-text('PASS')")
    tab.page.wait_for_selector(".facts-of .verdict:has-text('PASS')")


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
    missed = {
        name for name in told if name not in seen and not name.startswith(("h[0", "dL/dh[0", "L of", "|g'|"))
    }
    assert not missed


def test_the_tour_is_walked_by_keyboard_alone(open_page: Any):
    tab = open_page(Session())
    page = tab.page
    page.keyboard.press("t")
    for n in range(1, 13):
        page.wait_for_selector(f"#history h2:has-text('{n}. ')")
        tab.settled()
        hides = {"1": "a[1,1]", "7": "dL/dy_hat[1]", "9": "dL/da[3,2]"}.get(str(n))
        if hides and n != 7:
            assert "?" in tab.numbers()[hides]
        while page.evaluate("document.activeElement?.textContent") != "tell me":
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector(".verdict-of:has-text('It is')")
        assert "?" not in {text for texts in tab.numbers().values() for text in texts}
        page.keyboard.press("t")
    page.wait_for_selector("#history h2:has-text('1. ')")
    page.keyboard.press("Escape")
    page.wait_for_selector("#history h2:has-text('History')")


def test_the_chain_does_not_tell_what_the_tour_asks_for(open_page: Any):
    tab = open_page(Session())
    page = tab.page
    cells = {7: (0, ["?", "0"], ["-1.25", "0"]), 9: (2, ["-0.2", "?"], ["-0.2", "0.2"])}
    cells[8] = (1, ["?"] * 4, ["0.16", "-0.16", "-0.16", "0.16"])
    for n in range(1, 10):
        page.keyboard.press("t")
        page.wait_for_selector(f"#history h2:has-text('{n}. ')")
        tab.settled()
        if n in cells:
            place, before, after = cells[n]
            matrix = page.locator("#chain table.matrix").nth(place).locator("td")
            assert matrix.all_inner_texts() == before
            page.get_by_role("button", name="tell me").click()
            page.wait_for_selector(".verdict-of:has-text('It is')")
            assert matrix.all_inner_texts() == after


def test_an_answer_is_graded_and_a_mistake_named(open_page: Any):
    tab = open_page(Session())
    page = tab.page
    page.get_by_role("button", name="Predict: off").click()
    blank = page.locator("#why .blank")
    tab.settled()
    assert tab.numbers()["dL/dw[1,1,1]"] == tab.numbers()["step w[1,1,1]"] == {"?"}
    assert page.locator(".net .edge.absent").count() == 1
    blank.fill("-0.55")
    blank.press("Enter")
    page.wait_for_selector("#why .big .FAIL:has-text('the sign is wrong')")
    blank.fill(".55")
    blank.press("Enter")
    page.wait_for_selector("#why .big .PASS")
    assert tab.numbers()["dL/dw[1,1,1]"] == {"0.55"}
    for _ in range(2):
        page.locator(".predict").click()
    assert page.locator("#chain .blank").count() == 11
    page.locator("#chain .blank").nth(1).fill(".2")
    page.locator("#chain .blank").nth(1).press("Enter")
    page.wait_for_selector("#chain .blanks .PASS")
    shown = tab.numbers()
    assert (shown["dL/da[3,1]"], shown["dL/da[3,2]"]) == ({"?"}, {"0.2"})
    assert shown["dL/dh[1,1]"] == shown["dL/da[2,2]"] == {"?"}
    assert shown["dL/dy_hat[1]"] == {"-1.25"}
    page.get_by_role("tab", name="Mistakes").click()
    page.locator(".break").first.click()
    page.wait_for_selector("#answer pre:has-text('FAIL')")


KEYS = {
    "f": "document.querySelector('#rail .stop[aria-current=step]').textContent === 'L'",
    "b": "document.querySelector('#rail .stop[aria-current=step]').textContent === '1'",
    "u": "document.querySelector('#rail .stop[aria-current=step]').textContent === 'update'",
    "ArrowLeft": "document.querySelector('#rail .stop[aria-current=step]').textContent === '1'",
    "ArrowRight": "document.querySelector('#rail .stop[aria-current=step]').textContent === 'update'",
    "Shift+ArrowRight": "document.querySelector('[data-q=t]').textContent === '1'",
    "e": "document.querySelector('[data-q=epoch]').textContent !== '1'",
    "Shift+ArrowLeft": "Number(document.querySelector('[data-q=t]').textContent) > 0",
    "Home": "document.querySelector('[data-q=t]').textContent === '0'",
    "a": "document.querySelector('#network [aria-pressed=true][data-name=batch]') !== null",
    "m": "document.querySelector('#network [aria-pressed=true][data-name=maps]') !== null",
    "w": "document.querySelector('.parameter').textContent === 'w[1,1,2]'",
    "d": "document.querySelector('#data .as-table') !== null",
    "l": "document.querySelectorAll('.locks [aria-pressed=true]').length === 1",
    "n": "document.querySelector('.strip.indices') !== null",
    "c": "document.querySelector('#tab-check').ariaSelected === 'true'",
    "p": "document.querySelector('#tab-pulls').ariaSelected === 'true'",
    "k": "document.querySelector('#tab-mistakes').ariaSelected === 'true'",
    "s": "document.querySelector('#tab-source').ariaSelected === 'true'",
    "y": "document.querySelector('#tab-why').ariaSelected === 'true'",
    "o": "document.querySelector('.predict').ariaPressed === 'true'",
    "t": "document.querySelector('.tour') !== null",
    " ": "document.querySelector('.play').ariaPressed === 'true'",
    "/": "document.activeElement.id === 'goto'",
}


def test_every_key_does_what_the_list_says(open_page: Any):
    session = Session()
    do(session, "set", option="data", value="moons")
    tab = open_page(session)
    page = tab.page
    told = page.evaluate("import(`${location.pathname}static/keys.js`).then((of) => Object.keys(of.KEYS))")
    assert set(told) - {"?", "Escape", "arrows"} == set(KEYS)
    for key, done in KEYS.items():
        page.keyboard.press(key)
        page.wait_for_function(f"() => {done}")
    do(session, "pause")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0


def test_every_control_changes_the_session(open_page: Any):
    session = Session()
    do(session, "set", option="data", value="classes")
    tab = open_page(session)
    page = tab.page
    page.locator("summary:has-text('more')").first.click()
    values = {
        "rows": "60",
        "noise": "0.3",
        "validation": "0.2",
        "seed": "3",
        "learning_rate": "0.05",
        "batch_size": "7",
    }
    values |= {
        "l1": "0.01",
        "l2": "0.1",
        "weight_decay": "0.01",
        "clip_norm": "1",
        "dropout": "0.2",
        "hidden": "3-2",
    }
    for name, value in values.items():
        control = page.locator(f"input[name={name}]")
        control.fill(value)
        tab.acts(lambda control=control: control.press("Enter"))
        of = getattr(session.settings, name)
        assert ("-".join(map(str, of)) if isinstance(of, tuple) else f"{of:g}") == value
    for name, value in {
        "optimiser": "momentum",
        "activation": "relu",
        "start": "equal",
        "data": "blobs",
    }.items():
        control = page.locator(f"select[name={name}]")
        tab.acts(lambda control=control, value=value: control.select_option(value))
        assert getattr(session.settings, name) == value
    assert session.walk.net.sizes == (2, 3, 2, 3)
    page.locator("input[name=learning_rate]").fill("-1")
    page.locator("input[name=learning_rate]").press("Enter")
    page.wait_for_selector("em[role=alert]:has-text('above 0')")
    assert all("422" in fault for fault in tab.faults)  # which browsers note of every refusal
    tab.faults.clear()
    assert session.settings.learning_rate > 0


def test_a_row_a_weight_and_a_padlock(open_page: Any):
    session = Session()
    do(session, "set", option="data", value="xor")
    tab = open_page(session)
    page = tab.page
    apart = np.abs(session.walk.problem.X[:, None] - session.walk.problem.X[None]).max(axis=2)
    row = int((apart + 9 * np.eye(len(apart))).min(axis=1).argmax()) + 1  # no other point lies over it
    tab.acts(page.locator(f"circle.dot[data-row='{row}']").click)
    assert session.example == row
    page.locator("#weight").fill("1.25")
    tab.acts(lambda: page.locator("#weight").press("Enter"))
    assert session.walk.net.W[1][0, 0] == 1.25
    tab.acts(page.get_by_role("button", name="W[1]", exact=True).click)
    assert session.frozen == {"W[1]"}
    page.get_by_role("button", name="suspects").click()
    page.wait_for_selector("#data table.facts tr:nth-child(3)")
    page.get_by_role("button", name="row", exact=True).click()
    page.locator("#data input").first.fill("2")
    tab.acts(lambda: page.locator("#data input").first.press("Enter"))
    assert session.walk.problem.X[row - 1, 0] == 2.0


def test_hostile_names_are_text_and_break_nothing(open_page: Any):
    assert len(HOSTILE) >= 60
    rng = np.random.default_rng(0)
    n = len(HOSTILE)
    net = Network([n, 3, n], seed=0)
    X, y = rng.normal(size=(8, n)), rng.integers(0, n, size=8)
    session = Session(Explained(net, X, y, inputs=HOSTILE, outputs=HOSTILE[::-1]), title=HOSTILE[0])
    tab = open_page(session)
    page = tab.page
    title = page.title()
    for n in range(1, len(HOSTILE) + 1, 7):
        page.locator("#goto").fill(f"w[1,1,{n}]")
        page.locator("#goto").press("Enter")
        tab.settled()
    for name in ("row", "points"):
        page.get_by_role("button", name=name, exact=True).click()
        tab.settled()
    assert page.title() == title
    assert page.locator("body script, img, iframe, style").count() == 0
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 1280
    assert page.locator("#network").bounding_box()["width"] > 500


@pytest.mark.parametrize(
    "case", ["one row", "300 columns", "50,000 rows", "deep", "no hidden layer", "784-512-256-10"]
)
def test_tables_and_networks_of_every_size(open_page: Any, case: str):
    rng = np.random.default_rng(0)
    sizes, N = {
        "one row": ([3, 4, 2], 1),
        "300 columns": ([300, 8, 3], 40),
        "50,000 rows": ([3, 4, 2], 50_000),
        "deep": ([2, 3, 3, 3, 3, 3, 3, 3, 3, 2], 20),
        "no hidden layer": ([3, 2], 20),
        "784-512-256-10": ([784, 512, 256, 10], 100),
    }[case]
    session = Session(
        Explained(Network(sizes, seed=0), rng.normal(size=(N, sizes[0])), rng.integers(0, sizes[-1], size=N))
    )
    tab = open_page(session)
    page = tab.page
    tab.settled()
    tab.acts(lambda: page.keyboard.press("Shift+ArrowRight"))
    for key in ("f", "b", "u", "m", "a", "p", "c", "k", "s", "y"):
        page.keyboard.press(key)
        tab.settled()
    for name in ("row", "suspects"):
        page.get_by_role("button", name=name, exact=True).click()
        tab.settled()
    assert session.walk.t == 1


def test_what_is_not_finite_halts_is_said_and_can_be_taken_back(open_page: Any):
    session = Session()
    do(session, "set", option="data", value="values")
    do(session, "set", option="optimiser", value="gradient_descent")
    do(session, "step", n=3)
    theta = session.walk.net.theta.copy()
    do(session, "set", option="learning_rate", value=1e200)
    tab = open_page(session)
    page = tab.page
    for _ in range(6):
        tab.acts(lambda: page.keyboard.press("Shift+ArrowRight"))
    page.wait_for_selector("#status .FAIL:has-text('no longer finite')")
    while session.walk.t > 3:
        tab.acts(lambda: page.keyboard.press("Shift+ArrowLeft"))
    assert session.walk.net.theta.tobytes() == theta.tobytes()
    assert page.locator("#status .FAIL").count() == 0
    do(session, "weight", name="w[1,1,1]", value=1e308)
    do(session, "weight", name="w[1,1,2]", value=-1e308)
    tab.settled()


def test_eight_tabs_see_one_session(open_page: Any):
    session = Session()
    do(session, "set", option="data", value="moons")
    tabs = [open_page(session) for _ in range(8)]
    tabs[-1].page.bring_to_front()
    tabs[-1].acts(lambda: tabs[-1].page.keyboard.press("Shift+ArrowRight"))
    for tab in tabs:
        tab.page.bring_to_front()
        tab.page.wait_for_function("() => document.querySelector('[data-q=t]')?.textContent === '1'")


def test_a_connection_that_is_lost_is_said_and_comes_back(open_page: Any):
    session = Session()
    tab = open_page(session)
    page = tab.page
    page.context.set_offline(True)
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_selector("#status .FAIL:has-text('does not answer')")
    do(session, "step")
    page.context.set_offline(False)
    page.wait_for_function("() => document.querySelector('[data-q=t]')?.textContent === '1'")
    page.wait_for_selector(".connection.live")
    tab.faults.clear()  # which browsers note of a connection that was lost


def test_the_end_of_the_program_is_said(open_page: Any):
    tab = open_page(Session())
    tab.served.stop()
    tab.page.wait_for_selector(".connection.ended")
    tab.faults.clear()


def test_a_program_that_was_killed_is_said_and_its_address_is_of_no_use_to_the_next(chromium: Any):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = [sys.executable, "-m", "deltarule", "explore", "--no-browser", "--port", port]

    def started() -> tuple[subprocess.Popen[str], str]:
        program = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")
        assert program.stdout is not None
        return program, program.stdout.readline().strip()

    first, address = started()
    page = chromium.new_page()
    page.goto(address)
    page.wait_for_selector(".connection.live")
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=60)
    page.wait_for_selector(".connection.lost")
    second, other = started()
    assert other != address
    assert other.split("/")[2] == address.split("/")[2]
    assert page.goto(address).status == 404
    page.goto(other)
    page.wait_for_selector(".connection.live")
    page.close()
    second.send_signal(signal.SIGINT)
    second.communicate(timeout=60)
    assert second.returncode == 0


def test_a_weight_is_dragged_along_its_loss(open_page: Any):
    session = Session()
    tab = open_page(session)
    tab.settled()
    box = tab.page.locator("#why .plot.drag").bounding_box()
    tab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    tab.acts(tab.page.mouse.down)
    tab.acts(lambda: tab.page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 40))
    tab.page.mouse.up()
    assert session.walk.net.W[1][0, 0] > 1
    assert tab.page.locator("#weight").input_value() == f"{session.walk.net.W[1][0, 0]:.4g}"


def test_the_phases_of_one_update_add_up_to_it_and_nothing_changes_before(open_page: Any):
    session, other = Session(), Session()
    for each in (session, other):
        do(each, "set", option="data", value="classes")
    tab = open_page(session)
    tab.settled()
    before = session.walk.net.theta.copy()
    tab.page.locator("#rail .stop").first.click()
    for _ in range(2 * session.walk.net.K + 4):
        assert session.walk.net.theta.tobytes() == before.tobytes()
        tab.page.keyboard.press("ArrowRight")
    assert tab.page.locator(".next").inner_text() == "make the update"
    tab.acts(lambda: tab.page.keyboard.press("ArrowRight"))
    other.walk.take()
    assert session.walk.net.theta.tobytes() == other.walk.net.theta.tobytes()
    assert tab.page.locator("#rail .stop[aria-current=step]").inner_text() == "x"
    tab.acts(lambda: tab.page.keyboard.press("ArrowLeft"))
    assert session.walk.net.theta.tobytes() == before.tobytes()
    assert tab.page.locator(".next").inner_text() == "make the update"


def test_the_drawing_shows_the_quantities_of_its_phase(open_page: Any):
    tab = open_page(Session())
    tab.settled()
    expected = {
        "f": ("w[1,1,1]", {"a[1,1]", "h[1,1]", "a[3,2]", "y_hat[2]"}),
        "b": ("dL/dw[1,1,1]", {"dL/da[1,1]", "dL/dh[1,1]", "dL/da[3,2]", "dL/dy_hat[2]"}),
        "u": ("step w[1,1,1]", {"b[1,1]", "step b[1,1]", "b[3,2]", "step b[3,2]"}),
    }
    told = quantities(tab.session)
    for key, (edge, of_units) in expected.items():
        tab.page.keyboard.press(key)
        label = tab.page.locator(f".net .label [data-q='{edge}']")
        label.wait_for()
        assert label.text_content() == told[edge]
        shown = tab.page.locator(".net .unit [data-q]").evaluate_all("(of) => of.map((e) => e.dataset.q)")
        assert of_units <= set(shown)
        others = set().union(*(of for name, (_, of) in expected.items() if name != key))
        assert not others & set(shown)


def test_paths_light_their_way_and_add_up(open_page: Any):
    session = Session()
    tab = open_page(session)
    tab.settled()
    rows = tab.page.locator("#why .paths tr:has(button)")
    assert rows.locator("td:nth-child(2)").all_inner_texts() == ["0.4", "0.2", "-0.1", "0.05"]
    assert rows.locator("td:nth-child(3)").all_inner_texts() == ["0.4", "0.6", "0.5", "0.55"]
    for row in rows.all():
        row.get_by_role("button").focus()
        tab.page.wait_for_function("() => document.querySelectorAll('.net .edge.lit').length === 3")
    tab.page.locator("#goto").focus()
    tab.page.wait_for_function("() => document.querySelector('.net .edge.lit') === null")


def test_a_cell_of_a_factor_lights_what_it_is_about(open_page: Any):
    tab = open_page(Session())
    tab.settled()
    matrices = tab.page.locator("#chain table.matrix")
    expected = {
        0: (1, 0),
        1: (2, 0),
        2: (1, 0),
        3: (2, 1),
    }  # dL/dy_hat, dy_hat/da_3, dL/da_3, W_3: units, edges
    for n, (units, edges) in expected.items():
        matrices.nth(n).locator("td").nth(1).hover()
        tab.page.wait_for_function(
            "([units, edges]) => document.querySelectorAll('.net .unit.lit').length === units"
            " && document.querySelectorAll('.net .edge.lit').length === edges",
            arg=[units, edges],
        )


def test_units_that_let_nothing_through_are_marked_and_named(open_page: Any):
    session = Session()
    tab = open_page(session)
    do(session, "weight", name="b[1,2]", value=-50.0)
    tab.settled()
    assert tab.page.locator(".net .unit.off").count() == 1
    assert "Unit 2 is off, |g′| = 0." in tab.page.locator("#status .said").inner_text()
    do(session, "set", option="activation", value="tanh")
    do(session, "weight", name="b[1,1]", value=8.0)
    do(session, "weight", name="b[1,2]", value=40.0)
    tab.settled()
    assert tab.page.locator(".net .unit.saturated").count() == 2
    told = quantities(session)
    assert tab.numbers()["|g'|[1,1]"] == {told["|g'|[1,1]"]}
    assert "Unit 1 and 1 more are saturated" in tab.page.locator("#status .said").inner_text()


def test_arrows_walk_through_the_drawing(open_page: Any):
    session = Session()
    do(session, "set", option="data", value="classes")
    tab = open_page(session)
    tab.page.locator(".drawing").focus()
    for key, name in (
        ("ArrowDown", "w[1,2,1]"),
        ("ArrowRight", "w[2,2,1]"),
        ("ArrowRight", "w[3,2,1]"),
        ("ArrowRight", "w[3,2,1]"),
        ("ArrowUp", "w[3,1,1]"),
        ("ArrowLeft", "w[2,1,1]"),
    ):
        tab.page.keyboard.press(key)
        tab.page.wait_for_function(
            "(name) => document.querySelector('.parameter').textContent === name", arg=name
        )
    tab.settled()


def test_every_chart_is_a_table_where_one_wants(open_page: Any):
    session = Session()
    do(session, "set", option="data", value="moons")
    do(session, "set", option="validation", value=0.2)
    do(session, "step", n=5)
    tab = open_page(session)
    tab.settled()
    tab.page.keyboard.press("d")
    assert tab.page.locator("#data .as-table tr").count() == 1 + len(session.kept)
    assert tab.page.locator("#history .as-table tr").count() == 1 + 5
    assert tab.page.locator("#why .as-table tr").count() == 1 + 41
    tab.page.keyboard.press("c")
    tab.page.wait_for_selector("#why .as-table caption:has-text('by their step')")
    assert tab.page.locator("svg.plot, svg.plane").count() == 0


def test_pulls_are_added_up_by_a_column(open_page: Any):
    session = Session()
    do(session, "set", option="data", value="moons")
    do(session, "step", n=5)
    tab = open_page(session)
    tab.page.keyboard.press("p")
    tab.settled()
    tab.page.get_by_label("Column by which pulls are added up").select_option(label="the target")
    rows = tab.page.locator("#why .groups tr:has(td)")
    rows.nth(1).wait_for()
    q, batch = session.walk.problem, session.walk.rows
    names = q.p[batch].argmax(axis=1) + 1
    found = pullers(session.walk, "w[1,1,1]", q.X[batch], q.p[batch], q.w[batch], groups=names)
    told = [
        [each.name, str(each.examples), shown(each.pull, 4), shown(each.mean, 4)] for each in found.groups
    ]
    assert [row.locator("td").all_inner_texts() for row in rows.all()] == told


def test_the_drawing_is_saved_as_it_is_seen(open_page: Any, tmp_path: Path):
    rng = np.random.default_rng(0)
    inputs = ["<script>", "\x00\ud800&", "]]>", *(f"x{j}" for j in range(37))]
    wide = Session(
        Explained(Network([40, 30, 3], seed=0), rng.normal(size=(4, 40)), [0, 1, 2, 0], inputs=inputs)
    )
    for session, key in ((Session(), "b"), (Session(), "u"), (wide, "f")):
        tab = open_page(session)
        tab.settled()
        tab.page.keyboard.press(key)
        tab.page.get_by_text("export", exact=True).click()
        with tab.page.expect_download() as download:
            tab.page.get_by_role("button", name="network as it is drawn now").click()
        download.value.save_as(tmp_path / "network.svg")
        content = (tmp_path / "network.svg").read_text("utf-8")
        drawn = ElementTree.fromstring(content)
        texts = [each.text for each in drawn.iter("{http://www.w3.org/2000/svg}text")]
        seen = tab.page.locator("svg.net text").all_text_contents()
        assert [text.replace("\x00", "\ufffd") for text in seen] == texts
        assert "://" not in content.replace("http://www.w3.org/2000/svg", "")
        assert not [each for each in drawn.iter() if {"class", "style"} & set(each.attrib)]
        ink = tab.page.evaluate("() => getComputedStyle(document.querySelector('svg.net .number')).fill")
        number = next(each for each in drawn.iter() if each.get("data-q", "").startswith(("x", "h")))
        assert number.get("fill") == ink


def test_the_chain_shows_where_it_breaks(open_page: Any):
    tab = open_page(Session())
    tab.settled()
    where = tab.page.locator("#chain .break-here")
    assert where.count() == 1
    assert where.locator("table td").all_inner_texts() == ["0.55", "1.2"]  # dL/dh_1
    assert "shared by all of layer 1 and below" in where.inner_text()
    tab.page.locator("#goto").fill("w[3,1,1]")
    tab.page.locator("#goto").press("Enter")
    tab.settled()
    assert tab.page.locator("#chain .so-far").count() == 2
    assert where.count() == 0
