"""The tour: every stop can be answered and done on the live network, and answers are judged by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deltarule import explain
from deltarule.chain.grid import shown
from deltarule.web.answers import answer
from deltarule.web.commands import command, question
from deltarule.web.session import Session
from deltarule.web.tour import STOPS

N = len(STOPS)
BY_HAND = {1: "1", 2: ".9163", 6: "7", 7: "-1.25", 8: "minus", 9: ".2", 10: ".6", 11: "8"}
"""Answers worked out on paper."""
DOING: dict[int, list[dict[str, Any]]] = {
    1: [{"do": "input", "j": 1, "value": 2.5}],
    3: [{"do": "set", "option": "learning_rate", "value": 0.5}],
    5: [{"do": "freeze", "name": "W[1]"}],
    9: [{"do": "weight", "name": "b[3,2]", "value": 800}],
    11: [{"do": "weight", "name": "b[1,1]", "value": 9}],
    12: [{"do": "freeze", "name": "W[1]"}, {"do": "step"}, {"do": "back"}],
}
LOOKING = {
    2: {"group": "forward", "at": "L"},
    4: {"watch": "w[2,1,1]"},
    6: {"watch": "w[2,1,2]"},
    7: {"group": "backward", "at": "L"},
    8: {"group": "backward", "at": "3"},
    10: {"watch": "w[2,2,1]"},
}


def ask(session: Session, about: str, **fields: object) -> dict[str, Any]:
    return answer(session, question({"about": about, **fields}))


def words(said: dict[str, Any]) -> str:
    return "".join(run.get("text", "~") for run in said["said"])


@pytest.mark.parametrize("n", range(1, N + 1))
def test_every_stop_is_answered_by_its_own_number_and_done_by_what_it_asks_for(n: int):
    session = Session()
    session.act(command({"do": "stop", "n": n}))
    told = ask(session, "grade", stop=n, given="")
    assert not told["is_right"]
    right = words(told).removeprefix("It is ").removesuffix(".")
    assert ask(session, "grade", stop=n, given=BY_HAND.get(n, right))["is_right"]
    others = {choice for choice in STOPS[n - 1].choices if choice != right}
    wrong = others.pop() if others else shown(-3 * float(right) - 1, 4)
    assert not ask(session, "grade", stop=n, given=wrong)["is_right"]
    phase = {"group": STOPS[n - 1].phase[0], "at": STOPS[n - 1].phase[1], "watch": STOPS[n - 1].watch}
    assert not ask(session, "progress", stop=n, **phase)["is_done"]
    for act in DOING.get(n, []):
        session.act(command(act))
    assert ask(session, "progress", stop=n, **(phase | LOOKING.get(n, {})))["is_done"]


def test_what_the_page_is_told_holds_no_answer_and_little_to_read():
    told = ask(Session(), "stops")["stops"]
    assert len(told) == N == 12
    for stop, of in zip(told, STOPS, strict=True):
        assert len(of.text.split()) <= 60
        assert set(stop) == {
            "title",
            "text",
            "question",
            "choices",
            "to_do",
            "phase",
            "watch",
            "mode",
            "hides",
        }


def test_a_known_mistake_is_named():
    session = Session()
    session.act(command({"do": "stop", "n": 4}))
    q = session.walk.problem
    right = explain(session.walk, "w[1,1,1]", q.X[[session.row]], q.p[[session.row]]).product
    assert "the sign is wrong" in words(ask(session, "grade", stop=4, given=shown(-right, 6)))
    plain = Session()
    assert "the sign is wrong" in words(ask(plain, "guess", of="w[1,1,1]", given="-.55"))
    assert "one path alone" in words(ask(plain, "guess", of="w[1,1,1]", given=".4"))
    assert ask(plain, "guess", of="w[1,1,1]", given="0.55")["is_right"]
    assert ask(plain, "guess", of="w[1,1,1]", given="0,2", step=2, place=2)["is_right"]
    assert not ask(plain, "guess", of="w[1,1,1]", given="0.3", step=2, place=2)["is_right"]


@pytest.mark.parametrize(
    ("n", "off", "said"), [(5, 1, "fewer products"), (11, -1, "more paths"), (12, 1, "another row")]
)
def test_what_is_counted_must_be_met_exactly(n: int, off: int, said: str):
    session = Session()
    session.act(command({"do": "stop", "n": n}))
    right = STOPS[n - 1].right(session)
    graded = ask(session, "grade", stop=n, given=str(right + off))
    assert not graded["is_right"]
    assert said in words(graded)
    assert ask(session, "grade", stop=n, given=f"{right:g}")["is_right"]


@pytest.mark.parametrize("given", ["x", "1 2", "--1"])
def test_what_is_no_number_is_said(given: str):
    with pytest.raises(ValueError, match="is not a number"):
        ask(Session(), "guess", of="w[1,1,1]", given=given)


def test_every_mistake_breaks_the_certificate_and_is_another_number():
    session = Session()
    for data, name, on in (("worked", "w[1,1,1]", "example"), ("moons", "b[1,2]", "batch")):
        session.act(command({"do": "set", "option": "data", "value": data}))
        told = ask(session, "mistakes", of=name, on=on)
        assert len(told["mistakes"]) >= 4
        for n, mistake in enumerate(told["mistakes"]):
            assert mistake["value"] != told["derivative"]
            broken = ask(session, "broken", of=name, on=on, mistake=n)
            assert broken["verdict"] == "FAIL"
            assert name in broken["text"]
    with pytest.raises(ValueError, match="mistakes of"):
        ask(session, "broken", of=name, on=on, mistake=99)


def test_an_input_that_is_changed_changes_the_example_alone():
    session = Session()
    session.act(command({"do": "set", "option": "data", "value": "moons"}))
    session.act(command({"do": "step", "n": 5}))
    theta, X = session.walk.net.theta.copy(), np.array(session.walk.problem.X)
    row = session.row
    session.act(command({"do": "input", "j": 2, "value": 7.5}))
    assert session.row == row
    assert session.walk.net.theta.tobytes() == theta.tobytes()
    X[row, 1] = 7.5
    np.testing.assert_array_equal(session.walk.problem.X, X)
    with pytest.raises(ValueError, match="2 inputs"):
        session.act(command({"do": "input", "j": 3, "value": 0}))
