"""The session: acts and what they lead to, what is refused, and frames of what is."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import numpy as np
import pytest
from tests.web.quantities import OUTPUTS, SHAPES, net_and_examples, quantities

from deltarule import Network, explain, train
from deltarule.chain.explained import Explained
from deltarule.chain.grid import shown
from deltarule.errors import DeltaruleError
from deltarule.estimators import TableClassifier
from deltarule.web.answers import answer
from deltarule.web.commands import COMMANDS, QUESTIONS, command, question
from deltarule.web.controls import CONTROLS, FieldError
from deltarule.web.examples import MAKERS
from deltarule.web.session import Session


def do(session: Session, act: str, /, **fields: object) -> int:
    return session.act(command({"do": act, **fields}))


def ask(session: Session, about: str, /, **fields: object) -> dict:
    said = answer(session, question({"about": about, **fields}))
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    return said


def test_it_opens_on_the_worked_example():
    frame = Session().frame()
    of = frame["example"]
    assert of["loss"] == "0.223144"
    assert of["y_hat"] == ["0.8", "0.2"]
    assert of["dy"] == ["-1.25", "0"]
    assert of["da"][-1] == ["-0.2", "0.2"]
    assert frame["dW"][0][0][0] == of["dW"][0][0][0] == "0.55"


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape["hidden"])) or "none")
def test_a_frame_has_every_number_as_the_text_of_the_network(shape: dict, output: str):
    net, X, y = net_and_examples(shape, output)
    session = Session(Explained(net, X, y))
    do(session, "step", n=3)
    frame = session.frame()
    for mode in ("example", "batch"):
        told, of = quantities(session, mode), frame[mode]
        K = net.K
        for k in range(1, K + 1):
            for n, i in enumerate(frame["units"][k]):
                assert of["a"][k - 1][n] == told[f"a[{k},{i}]"]
                assert of["da"][k - 1][n] == told[f"dL/da[{k},{i}]"]
                if k < K:
                    assert (of["h"][k][n], of["dh"][k][n]) == (told[f"h[{k},{i}]"], told[f"dL/dh[{k},{i}]"])
                assert frame["b"][k - 1][n] == told[f"b[{k},{i}]"]
                assert frame["step_b"][k - 1][n] == told[f"step b[{k},{i}]"]
                for m, j in enumerate(frame["units"][k - 1]):
                    name = f"w[{k},{i},{j}]"
                    assert frame["W"][k - 1][n][m] == told[name]
                    assert frame["step_W"][k - 1][n][m] == told[f"step {name}"]
                    assert (of.get("dW") or frame["dW"])[k - 1][n][m] == told[f"dL/d{name}"]
        assert of["y_hat"] == [told[f"y_hat[{i + 1}]"] for i in range(net.sizes[-1])]
        assert of["dy"] == [told[f"dL/dy_hat[{i + 1}]"] for i in range(net.sizes[-1])]
        assert of["loss"] == told["L"]


def test_random_acts_end_in_the_bits_of_training():
    net, X, y = net_and_examples(SHAPES[1], "softmax")
    session = Session(Explained(net, X, y))
    do(session, "set", option="batch_size", value=2)
    do(session, "set", option="learning_rate", value=0.02)
    rng = np.random.default_rng(0)
    for _ in range(200):
        act = rng.choice(
            ["step", "example", "epoch", "back", "go", "restart", "look"],
            p=[0.4, 0.2, 0.1, 0.1, 0.1, 0.02, 0.08],
        )
        if act in ("step", "example", "epoch"):
            do(session, "step", by={"step": "batch"}.get(act, act))
        elif act == "back":
            do(session, "back", n=int(rng.integers(1, 4)))
        elif act == "go":
            do(session, "go", t=int(rng.integers(0, 40)))
        elif act == "restart":
            do(session, "restart")
        else:
            do(session, "example", row=int(rng.integers(0, 7)))
        session.frame()
    do(session, "go", t=0)
    do(session, "step", by="epoch", n=7)
    train(
        net,
        X,
        y,
        optimiser="adam",
        learning_rate=0.02,
        batch_size=2,
        epochs=7,
        engine="reference",
        progress=False,
    )
    assert net.theta.tobytes() == session.walk.net.theta.tobytes()


def test_a_network_of_ones_own_is_left_as_it_is():
    net, X, y = net_and_examples(SHAPES[0], "softmax")
    before = net.theta.copy()
    session = Session(Explained(net, X, y))
    do(session, "step", n=5)
    do(session, "weight", name="w[1,1,1]", value=3.5)
    assert session.frame()["W"][0][0][0] == "3.5"
    assert net.theta.tobytes() == before.tobytes()


@pytest.mark.parametrize("data", MAKERS)
def test_every_data_set_learns(data: str):
    session = Session()
    do(session, "set", option="data", value=data)
    before = session.walk.loss()
    do(session, "step", by="epoch", n=30)
    assert session.walk.loss() < 0.9 * before
    assert len(json.dumps(session.frame(), separators=(",", ":"))) < 4096


def test_a_frame_of_a_wide_network_is_small_and_has_what_is_watched():
    rng = np.random.default_rng(0)
    net = Network([784, 512, 256, 10], "relu", seed=0)
    session = Session(Explained(net, rng.normal(size=(64, 784)), rng.integers(0, 10, size=64)))
    frame = session.frame("w[2,77,300]", "backward")
    assert len(json.dumps(frame, separators=(",", ":"))) < 40_000
    assert 77 in frame["units"][2]
    assert 300 in frame["units"][1]
    n, m = frame["units"][2].index(77), frame["units"][1].index(300)
    assert frame["W"][1][n][m] == shown(float(session.walk.net.W[2][76, 299]), 4)
    assert set(frame["strips"]) == {"0", "1", "2"}


def test_the_example_steps_through_its_batch_and_makes_the_update_after_the_last():
    session = Session()
    do(session, "set", option="data", value="xor")
    do(session, "set", option="batch_size", value=3)
    rows = session.frame()["batch_rows"]
    seen = [session.frame()["row"]]
    for _ in range(2):
        do(session, "step", by="example")
        seen.append(session.frame()["row"])
    assert seen == rows
    assert session.walk.t == 0
    do(session, "step", by="example")
    assert session.walk.t == 1
    assert session.frame()["row"] == session.frame()["batch_rows"][0]


def test_what_is_frozen_neither_moves_nor_is_computed():
    session = Session()
    before = session.frame()["products"]
    do(session, "freeze", name="W[1]")
    do(session, "freeze", name="b[1]")
    do(session, "freeze", name="w[2,1,2]")
    frame = session.frame()
    assert frame["frozen"] == ["W[1]", "b[1]", "w[2,1,2]"]
    made, each = (int(told.replace(",", "")) for told in frame["products"])
    assert before == [frame["products"][1]] * 2
    assert made < each
    assert frame["dW"][0] == [["", "", ""], ["", "", ""]]
    assert frame["batch"]["da"][0] == ["", ""]
    W = session.walk.net.W[1].copy(), session.walk.net.W[2][0, 1]
    do(session, "step", n=3)
    assert session.walk.net.W[1].tobytes() == W[0].tobytes()
    assert session.walk.net.W[2][0, 1] == W[1]
    do(session, "freeze", name="W[1]", is_frozen=False)
    assert session.frame()["dW"][0] != [["", "", ""], ["", "", ""]]
    for name in ("W[1]", "W[2]", "b[2]", "W[3]"):
        do(session, "freeze", name=name)
    with pytest.raises(DeltaruleError, match="nothing would learn"):
        do(session, "freeze", name="b[3]")


def test_equal_weights_stay_equal_and_zero_ones_teach_no_hidden_layer():
    session = Session()
    do(session, "set", option="data", value="classes")
    do(session, "set", option="start", value="equal")
    do(session, "step", n=9)
    W = session.walk.net.W
    assert not np.array_equal(W[3][0], W[3][1])
    for k in (1, 2):
        assert np.abs(W[k] - 0.5).max() > 0
        assert np.allclose(W[k], W[k][:1], rtol=0, atol=1e-15)
    do(session, "set", option="start", value="zero")
    do(session, "step", n=9)
    assert not session.walk.net.W[1].any()
    assert session.walk.net.b[3].any()


@pytest.mark.parametrize("data", ["blobs", "values"])
def test_pulls_are_added_up_by_inputs_and_target_of_the_batch(data: str):
    session = Session()
    do(session, "set", option="data", value=data)
    do(session, "set", option="validation", value=0.5)
    names, n = session.told()["groupings"], session.walk.net.sizes[0]
    assert names[-1] == "the target"
    rows = session.walk.rows
    by_target = session.groups(len(names))
    if data == "blobs":
        assert (by_target == np.array(["1", "2", "3"])[session.walk.problem.p[rows].argmax(axis=1)]).all()
    for by, values in (
        *((j + 1, session.walk.problem.X[rows, j]) for j in range(n)),
        (n + 1, session.walk.problem.p[rows, 0]),
    ):
        if data == "blobs" and by == n + 1:
            continue
        ends = np.array([each.split(" to ") for each in session.groups(by)], dtype=float)
        assert (ends[:, 0] <= values + 1e-4).all()
        assert (values <= ends[:, 1] + 1e-4).all()
    said = ask(session, "pulls", of="w[1,1,1]", by=len(names))
    assert sum(int(each["examples"]) for each in said["groups"]) == len(rows)


def test_pulls_of_a_table_are_added_up_by_its_own_columns():
    table = {"sex": ["f", "m", "f", "m"] * 10, "age": list(range(40)), "y": ["a", "b", "b", "a"] * 10}
    model = TableClassifier(epochs=2, seed=0).fit(table, "y")
    seen = model.explained(table, None)
    session = Session(replace(seen, net=model.model_.members[0]))
    names = session.told()["groupings"]
    assert names == ["sex", "age", "y", "the target"]
    do(session, "set", option="batch_size", value=40)
    said = ask(session, "pulls", of="w[1,1,1]", by=names.index("sex") + 1)
    each = {pull["row"]: float(pull["pull"]) for pull in said["pulls"]}
    for group in said["groups"]:
        rows = [row for row in each if table["sex"][row - 1] == group["name"]]
        assert int(group["examples"]) == len(rows)
        assert float(group["pull"]) == pytest.approx(sum(each[row] for row in rows), rel=1e-2, abs=1e-6)
    assert {group["name"] for group in said["groups"]} == {"f", "m"}
    with pytest.raises(FieldError, match=f"there are {len(names)} columns"):
        ask(session, "pulls", of="w[1,1,1]", by=len(names) + 1)


def test_divergence_halts_names_what_is_not_finite_and_goes_back():
    session = Session()
    do(session, "set", option="data", value="values")
    do(session, "set", option="optimiser", value="gradient_descent")
    do(session, "step", n=2)
    theta = session.walk.net.theta.copy()
    do(session, "set", option="learning_rate", value=1e200)
    do(session, "step", n=50)
    assert "the loss is no longer finite" in session.frame()["halted"]
    do(session, "go", t=2)
    assert session.walk.net.theta.tobytes() == theta.tobytes()
    assert session.frame()["halted"] == ""


@pytest.mark.parametrize("n", [1, 2, 3])
def test_every_question_is_answered_where_numbers_are_not_finite(n: int):
    session = Session()
    do(session, "set", option="data", value="values")
    do(session, "set", option="optimiser", value="gradient_descent")
    do(session, "step", n=3)
    if n < 3:
        do(session, "set", option="learning_rate", value=1e200)
        do(session, "step", n=n)
    else:
        do(session, "weight", name="w[1,1,1]", value=1e308)
        do(session, "weight", name="w[1,1,2]", value=-1e308)
    session.frame()
    for about, kind in QUESTIONS.items():
        fields = {"of": "w[1,1,1]"} if "of" in kind.__dataclass_fields__ else {}
        if about in ("guess", "grade"):
            fields["given"] = "1"
        if about != "broken":  # there may be no mistake that gives another number
            ask(session, about, **fields)


def test_playing_makes_updates_until_it_is_paused_and_halts_where_it_diverges():
    session = Session()
    do(session, "set", option="data", value="values")
    do(session, "speed", value="2000")
    enough = threading.Event()

    def listener() -> None:
        if session.walk.t >= 30 or session.halted:
            enough.set()

    session.listen(listener)
    do(session, "play")
    assert session.is_playing
    assert enough.wait(60)
    do(session, "pause")
    assert not session.is_playing
    t = session.walk.t
    assert t >= 30
    other = Session()
    do(other, "set", option="data", value="values")
    do(other, "step", n=t)
    assert other.walk.net.theta.tobytes() == session.walk.net.theta.tobytes()
    do(session, "set", option="optimiser", value="gradient_descent")
    do(session, "set", option="learning_rate", value=1e300)
    do(session, "restart")
    enough.clear()
    do(session, "play")
    assert enough.wait(60)
    session.close()
    assert "no longer finite" in session.frame()["halted"]


BAD = [
    ({"do": "set", "option": "learning_rate", "value": -1}, "learning_rate", "above 0"),
    ({"do": "set", "option": "learning_rate", "value": "x"}, "learning_rate", "above 0"),
    ({"do": "set", "option": "hidden", "value": [0]}, "hidden", "from 1"),
    ({"do": "set", "option": "hidden", "value": [2] * 9}, "hidden", "at most 8"),
    ({"do": "set", "option": "hidden", "value": [10**9]}, "hidden", "to 1024"),
    ({"do": "set", "option": "rows", "value": 10**9}, "rows", "50000"),
    ({"do": "set", "option": "data", "value": "own"}, "data", "no data of your own"),
    ({"do": "set", "option": "activation", "value": "tahn"}, "activation", "tanh"),
    ({"do": "set", "option": "colour", "value": 1}, "colour", "unknown option"),
    ({"do": "set", "option": "validation", "value": float("nan")}, "validation", "0.9"),
    ({"do": "step", "by": "moon"}, "by", "'example'"),
    ({"do": "step", "n": 0}, "n", "from 1"),
    ({"do": "step", "m": 0}, "m", "has no m"),
    ({"do": "go", "t": -1}, "t", "from 0"),
    ({"do": "example", "row": 9}, "row", "no row 9"),
    ({"do": "weight", "name": "w[9,9,9]", "value": 1}, "", "w[9,9,9]"),
    ({"do": "weight", "name": "w[1,1,1]", "value": float("inf")}, "value", "finite"),
    ({"do": "freeze", "name": "V[1]"}, "", "V[1]"),
    ({"do": "jump"}, "do", "unknown do"),
    ({"do": 7}, "do", "unknown do"),
    ({}, "do", "unknown do"),
    ([], "do", "object"),
]


@pytest.mark.parametrize(("body", "field", "words"), BAD, ids=[json.dumps(body)[:50] for body, *_ in BAD])
def test_what_cannot_be_done_is_refused_in_one_sentence_and_changes_nothing(
    body: object, field: str, words: str
):
    session = Session()
    before = session.frame()
    with pytest.raises(DeltaruleError) as refused:
        session.act(command(body))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert getattr(refused.value, "field", "") == field
    assert session.frame() == before


def test_every_control_is_declared_and_can_be_set():
    session = Session()
    do(session, "set", option="data", value="classes")
    told = {control["name"]: control for control in session.told()["controls"]}
    assert set(told) == set(CONTROLS)
    values = {"rows": 60, "noise": 0.3, "validation": 0.2, "hidden": [3, 2], "activation": "relu", "seed": 3}
    values |= {"start": "equal"}
    values |= {"optimiser": "momentum", "learning_rate": 0.05, "batch_size": 7, "l1": 0.01, "l2": 0.1}
    values |= {"weight_decay": 0.01, "clip_norm": 1.0, "dropout": 0.2, "data": "blobs"}
    for option, value in values.items():
        do(session, "set", option=option, value=value)
        do(session, "step", n=2)
        session.frame()
        shown_value = next(each["value"] for each in session.told()["controls"] if each["name"] == option)
        assert shown_value == (
            "-".join(map(str, value))
            if isinstance(value, list)
            else f"{value:g}"
            if isinstance(value, float)
            else str(value)
        )
    assert session.walk.problem.batch_size == 7
    assert session.walk.net.sizes == (2, 3, 2, 3)


def test_a_question_is_answered_on_the_example_or_on_the_batch():
    session = Session()
    do(session, "set", option="data", value="classes")
    do(session, "step", n=5)
    name = "w[1,2,3]"
    q, rows = session.walk.problem, session.walk.rows
    one = explain(session.walk, name, q.X[[session.row]], q.p[[session.row]])
    many = explain(session.walk, name, q.X[rows], q.p[rows])
    assert ask(session, "chain", of=name)["derivative"] == shown(one.product, 4)
    batch = ask(session, "chain", of=name, on="batch")
    assert batch["derivative"] == shown(many.product, 4)
    assert batch["rev"] == session.rev
    n = session.walk.net.layout.find(name)
    assert batch["step"] == shown(float(session.walk.moment.step[n]), 4)
    assert ask(session, "pulls", of=name)["derivative"] == shown(many.product, 4)
    assert ask(session, "check")["verdict"] == "PASS"
    assert ask(session, "nudge", of=name)["derivative"] == shown(one.product, 4)
    assert len(ask(session, "curve", of=name)["steps"]) == 31
    assert "def backward" in ask(session, "source", phase="backward")["lines"]
    assert ask(session, "source", phase="update")["file"] == "maths/optimisers.py"
    with pytest.raises(DeltaruleError, match="w\\[9,1,1\\]"):
        ask(session, "chain", of="w[9,1,1]")
    with pytest.raises(FieldError):
        question({"about": "chain", "on": "both"})


@pytest.mark.parametrize("data", ["worked", "classes", "values", "blobs", "sine"])
def test_planes_have_the_networks_numbers(data: str):
    session = Session()
    do(session, "set", option="data", value=data)
    points = ask(session, "points")
    q = session.walk.problem
    losses = session.walk.net.output.loss(session.walk.net.forward(q.X).a[session.walk.net.K], q.p)
    assert points["loss"] == [shown(float(each), 4) for each in losses]
    assert points["row"] == list(range(1, len(q.p) + 1))
    surface = ask(session, "surface")
    assert ("line" in surface) == (session.walk.net.sizes[0] == 1)
    units = ask(session, "maps")["units"]
    assert {k: len(each) for k, each in units.items()} == {
        str(k): session.walk.net.sizes[k] for k in range(1, session.walk.net.K)
    }
    assert ask(session, "suspects")["rows"][0]["row"] in points["row"]
    assert len(ask(session, "norms")["layers"]) == session.walk.net.K
    if session.walk.net.sizes[0] == 3:
        with pytest.raises(FieldError, match="3 inputs"):
            ask(session, "points", x=4)


def test_the_first_plane_is_along_the_inputs_with_the_most_values():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 2, 50), rng.normal(size=50), np.ones(50), rng.normal(size=50)])
    session = Session(Explained(Network([4, 3, 2], seed=0), X, rng.integers(0, 2, size=50)))
    assert session.told()["axes"] == [2, 4]
    X = np.column_stack(
        [X[:, 1], 3 - 2 * X[:, 1], np.ones(50), rng.integers(0, 9, 50)]
    )  # of two that say the same, one
    session = Session(Explained(Network([4, 3, 2], seed=0), X, rng.integers(0, 2, size=50)))
    assert session.told()["axes"] == [1, 4]


def test_every_message_has_a_docstring_and_defaults():
    for kind in (*COMMANDS.values(), *QUESTIONS.values()):
        assert kind.__doc__
        kind()


def test_a_paths_value_is_the_product_along_its_edges():
    session = Session()  # all its units let everything through
    net = session.walk.net
    told = ask(session, "chain", of="w[1,1,1]")["paths"]
    da_K = net.gradients(session.walk.problem.X, session.walk.problem.p).a[net.K][0]
    for path in told["largest"]:
        last = path["edges"][-1]
        along = np.prod([net.theta[net.layout.find(name)] for name in path["edges"]])
        assert path["value"] == shown(float(session.walk.problem.X[0, 0] * along * da_K[int(last[4]) - 1]), 4)
    assert len({tuple(path["edges"]) for path in told["largest"]}) == 4
    assert told["largest"][-1]["sum"] == told["total"] == "0.55"
