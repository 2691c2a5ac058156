"""What the page gives to keep: scripts end in the session's bits, files open, lessons are read as they are written."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.quantities import net_and_examples

import deltarule
from deltarule import explain, load
from deltarule.chain.explained import Explained
from deltarule.cli import main
from deltarule.errors import DeltaruleError, OptionError
from deltarule.web.answers import answer
from deltarule.web.commands import command, export, question
from deltarule.web.controls import CONTROLS, Settings
from deltarule.web.examples import MAKERS
from deltarule.web.exports import EXPORTS, exported
from deltarule.web.lesson import EXAMPLE, Lesson, begun, read, write
from deltarule.web.script import START
from deltarule.web.session import Session


def do(session: Session, act: str, /, **fields: object) -> int:
    return session.act(command({"do": act, **fields}))


def file_of(session: Session, name: str, /, **fields: str) -> bytes:
    return exported(session, name, export(fields))


def theta_of(session: Session, folder: Path) -> bytes:
    """Run the session's script in a program of its own, and return the parameters that it ends in."""
    program = file_of(session, "script.py").decode()
    (folder / START).write_bytes(file_of(session, START))
    (folder / "script.py").write_text(
        program + "from pathlib import Path\nPath('theta').write_bytes(walk.net.theta.tobytes())\n",
        encoding="utf-8",
    )
    source = str(Path(deltarule.__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": source}
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    digest = program.rpartition("# On the page it was ")[2].partition(";")[0]
    assert done.stdout.endswith(f"theta with SHA-256 {digest}\n")
    return (folder / "theta").read_bytes()


def at_random(session: Session, seed: int) -> None:
    """Do whatever changes a run, many times; what is refused changes nothing."""
    rng = np.random.default_rng(seed)
    options: dict[str, list[Any]] = {
        "optimiser": list(CONTROLS["optimiser"].option.choices),
        "learning_rate": [0.001, 0.02, 1 / 3],
        "batch_size": [1, 4, 7, 500],
        "l1": [0.0, 0.001],
        "l2": [0.0, 0.01],
        "weight_decay": [0.0, 0.02],
        "clip_norm": [0.0, 0.5],
        "dropout": [0.0, 0.25],
    }
    layout = session.walk.net.layout
    kinds = ["step", "epoch", "example", "back", "go", "restart", "set", "weight", "freeze"]
    for kind in rng.choice(kinds, size=60, p=[0.26, 0.06, 0.08, 0.08, 0.04, 0.02, 0.2, 0.13, 0.13]):
        name = layout.name(int(rng.integers(layout.size)))
        try:
            if kind in ("step", "epoch", "example"):
                by = "batch" if kind == "step" else kind
                do(session, "step", by=by, n=int(rng.integers(1, 4)) if kind == "step" else 1)
            elif kind == "back":
                do(session, "back", n=int(rng.integers(1, 9)))
            elif kind == "go":
                do(session, "go", t=session.walk.t + int(rng.integers(-5, 5)))
            elif kind == "set":
                option = str(rng.choice(list(options)))
                do(session, "set", option=option, value=options[option][rng.integers(len(options[option]))])
            elif kind == "weight":
                do(session, "weight", name=name, value=float(rng.normal()))
            elif kind == "freeze":
                of = (
                    name
                    if rng.random() < 0.4
                    else f"{name[0].replace('w', 'W')}[{name[2]}]"
                    if name[0] in "wb"
                    else "s"
                )
                do(session, "freeze", name=of, is_frozen=bool(rng.random() < 0.6))
            else:
                do(session, kind)
        except DeltaruleError:
            pass


def sessions() -> dict[str, Session]:
    """Return sessions to act on, by what is special about them."""
    moons = Session()
    do(moons, "set", option="data", value="moons")
    do(moons, "set", option="validation", value=0.2)
    do(moons, "set", option="start", value="equal")
    values = Session(settings=Settings("values", 50, 0.3, hidden=(3,), activation="gelu", optimiser="rprop"))
    values_held = Session(settings=Settings("sine", 40, 0.1, 0.25, hidden=(), optimiser="adam", batch_size=8))
    other = Session()
    do(other, "set", option="hidden", value=[3])
    net, X, y = net_and_examples({"hidden": [5], "activation": "gelu", "scale": True}, "softmax")
    own = Session(Explained(net, X, y, weights=[1.0, 0.0, 2.0, 1.0, 0.5, 1.0]), title='a "name"\nimport this')
    net, X, y = net_and_examples({"hidden": [3, 2], "activation": "elu"}, "sigmoid")
    labels = Session(Explained(net.astype("float32"), np.asfortranarray(X), y))
    do(labels, "set", option="validation", value=0.3)
    return {
        "worked": Session(),
        "worked, other network": other,
        "moons, some held out": moons,
        "values": values,
        "values, some held out, no hidden layer": values_held,
        "own, with weights and scales": own,
        "own, several labels": labels,
    }


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", sessions())
def test_the_script_ends_in_the_same_bits_after_whatever_was_done(name: str, seed: int, tmp_path: Path):
    session = sessions()[name]
    at_random(session, seed)
    assert theta_of(session, tmp_path) == session.walk.net.theta.tobytes()


def test_a_script_after_playing_and_a_divergence_ends_where_the_page_stands(tmp_path: Path):
    session = Session()
    do(session, "set", option="data", value="values")
    do(session, "play")
    do(session, "set", option="optimiser", value="gradient_descent")
    do(session, "set", option="learning_rate", value=1e150)
    do(session, "step", n=20)
    assert session.halted
    assert theta_of(session, tmp_path) == session.walk.net.theta.tobytes()


@pytest.mark.parametrize("name", sessions())
def test_a_script_after_an_input_was_changed_begins_with_what_there_was_then(name: str, tmp_path: Path):
    session = sessions()[name]
    do(session, "step", n=2)
    do(session, "input", j=1, value=0.625)
    assert session.told()["needs_start"]
    at_random(session, 2)
    assert theta_of(session, tmp_path) == session.walk.net.theta.tobytes()


def test_a_script_after_a_stop_of_the_tour_makes_its_updates(tmp_path: Path):
    session = Session()
    do(session, "stop", n=12)
    assert session.walk.t > 0
    assert not session.told()["needs_start"]
    assert theta_of(session, tmp_path) == session.walk.net.theta.tobytes()


def test_a_script_leaves_out_what_was_taken_back_and_how_a_weight_was_dragged():
    session = Session()
    do(session, "step", n=2)
    do(session, "set", option="learning_rate", value=0.25)
    do(session, "step", n=3)
    for value in (0.1, 0.2, 0.375):
        do(session, "weight", name="w[1,1,1]", value=value)
    do(session, "step")
    do(session, "set", option="l2", value=0.0625)
    do(session, "freeze", name="W[1]")
    do(session, "back")
    do(session, "back", n=1)
    do(session, "step", n=4)
    program = file_of(session, "script.py").decode()
    assert "0.0625" not in program
    assert "learns" not in program
    assert "walk.weight" not in program
    assert program.count("learning_rate=0.25") == 1
    do(session, "weight", name="w[1,1,1]", value=0.5)
    do(session, "weight", name="w[1,1,1]", value=0.75)
    assert file_of(session, "script.py").decode().count("walk.weight") == 1
    do(session, "restart")
    began, _, rest = file_of(session, "script.py").decode().partition("\n)\n")
    assert "learning_rate=0.25" in began
    assert rest.startswith("\ndigest = ")


def test_going_back_takes_back_what_is_set_and_frozen():
    session = Session()
    do(session, "step", n=2)
    do(session, "set", option="learning_rate", value=0.25)
    do(session, "freeze", name="W[1]")
    do(session, "step")
    do(session, "back", n=2)
    assert session.settings.learning_rate == session.walk.problem.optimiser.lr == 0.1
    assert session.frame()["frozen"] == []
    assert session.walk.problem.selection.is_all


def test_a_title_or_a_name_cannot_write_lines_of_the_script():
    net, X, y = net_and_examples({"hidden": [2], "activation": "tanh"}, "linear")
    session = Session(Explained(net, X, y), title="t\nimport this")
    do(session, "freeze", name="\n W[1] \n")
    do(session, "weight", name="\nb[1,1]\n", value=1.0)
    program = file_of(session, "script.py").decode()
    assert {each.names[0].name for each in ast.walk(ast.parse(program)) if isinstance(each, ast.Import)} == {
        "numpy"
    }
    assert "this" not in program.replace("this file", "")


def test_the_chain_as_latex_and_html_is_the_explanation_of_the_moment():
    session = Session()
    do(session, "set", option="data", value="classes")
    do(session, "step", n=3)
    q, rows = session.walk.problem, session.walk.rows
    one = explain(session.walk, "w[2,1,3]", q.X[[session.row]], q.p[[session.row]])
    many = explain(session.walk, "b[1,2]", q.X[rows], q.p[rows])
    names = {"inputs": session.seen.inputs, "outputs": session.seen.outputs}
    one, many = (
        explain(session.walk, str(each.parameter), X, p, **names)
        for each, X, p in ((one, q.X[[session.row]], q.p[[session.row]]), (many, q.X[rows], q.p[rows]))
    )
    assert file_of(session, "chain.tex", of="w[2,1,3]").decode() == one.latex(standalone=True)
    assert file_of(session, "chain.html", of="b[1,2]", on="batch").decode() == many.html()
    with pytest.raises(OptionError, match=r"w\[9,1,1\]"):
        file_of(session, "chain.tex", of="w[9,1,1]")
    with pytest.raises(OptionError, match="'example' or 'batch'"):
        file_of(session, "chain.tex", on="all")


def test_the_model_file_is_the_network_of_now(tmp_path: Path):
    session = Session()
    do(session, "step", n=3)
    path = tmp_path / "model.deltarule"
    path.write_bytes(file_of(session, "model.deltarule"))
    assert load(path).theta.tobytes() == session.walk.net.theta.tobytes()


def test_what_a_script_begins_with_has_no_pickle(tmp_path: Path):
    session = sessions()["own, with weights and scales"]
    (tmp_path / START).write_bytes(file_of(session, START))
    with np.load(tmp_path / START, allow_pickle=False) as start:
        assert set(start) == {"X", "y", "theta", "weights"}


# Lessons -------------------------------------------------------------------------------------------

REALS = {name: control for name, control in CONTROLS.items() if control.option.kind == "real"}


@st.composite
def lessons(draw: st.DrawFn) -> Lesson:
    settings = Settings()
    for name, control in CONTROLS.items():
        of = control.option
        if name == "data":
            value: Any = draw(st.sampled_from(sorted(MAKERS)))
        elif of.kind == "choice":
            value = draw(st.sampled_from(of.choices))
        elif name == "hidden":
            value = draw(st.lists(st.integers(1, 1024), max_size=8))
        elif of.kind == "whole":
            value = draw(st.integers(int(of.low), int(min(of.high, 10**9))))
        else:
            value = draw(
                st.floats(
                    of.low, min(of.high, 1e300), exclude_min=of.is_low_open, exclude_max=of.is_high_open
                )
            )
        settings = settings.changed(name, value)
    K = len(settings.hidden) + 1
    phases = ["fx", "fy", "fL", "bL", "u", *(f"{of}{k}" for of in "fb" for k in range(1, K + 1))]
    parameter = draw(st.sampled_from(["w[1,1,1]", f"b[{K},1]", "w[1,2,12]"]))
    return Lesson(settings, parameter, draw(st.sampled_from(phases)))


@given(lessons())
def test_a_lesson_is_read_as_it_was_written(lesson: Lesson):
    text = write(lesson)
    assert read(text) == lesson
    assert write(read(text)) == text
    assert not set(text) & set(" \"'`$\\!%&|<>")  # it stands in quotes on any command line


WRONG = [
    ("", "the lesson begins with ''; it must look like"),
    ("v2;moons", "the lesson begins with 'v2'"),
    ("v1;moons", "the lesson has 2 parts between semicolons, not 6"),
    (EXAMPLE + ";", "has 7 parts"),
    ("v" * 2000, "the lesson has 2,000 characters"),
    (EXAMPLE.replace("moons", "mons"), "'mons'"),
    (EXAMPLE.replace("moons", "own"), "no data of your own"),
    (EXAMPLE.replace("200,", ""), "where data, rows, noise and seed should stand"),
    (EXAMPLE.replace("200", "1"), "in the lesson, rows is 1; it must be a whole number from 2 to 50000."),
    (EXAMPLE.replace("200", "many"), "rows is 'many'"),
    (EXAMPLE.replace("200", "nan"), "rows is nan"),
    (EXAMPLE.replace("4-4", "4-x"), "hidden is"),
    (EXAMPLE.replace("4-4", ""), "hidden is"),
    (EXAMPLE.replace("tanh", "tanh,relu"), "where hidden units and activation should stand"),
    (EXAMPLE.replace("tanh", "tahn"), "'tahn'"),
    (EXAMPLE.replace("adam", "lbfgs"), "'lbfgs'"),
    (EXAMPLE.replace("0.01", "-1"), "learning_rate is -1"),
    (EXAMPLE.replace(",32", ",32,l2"), "the lesson has 'l2'; it must be one of validation, start, l1, l2"),
    (EXAMPLE.replace(",32", ",32,rows=3"), "'rows=3'"),
    (EXAMPLE.replace(",32", ",32,l2=1,l2=1"), "'l2=1'"),
    (EXAMPLE.replace(",32", ",32,l2=-1"), "l2 is -1"),
    (EXAMPLE.replace("w[2,1,3]", "W[1]"), "the lesson's parameter is 'W[1]'"),
    (EXAMPLE.replace("w[2,1,3]", ""), "the lesson's parameter is ''"),
    (EXAMPLE.replace("b1", "b4"), "the lesson's phase is 'b4'; it must be fx, f1 to f3"),
    (EXAMPLE.replace("b1", "update"), "the lesson's phase is 'update'"),
]


@pytest.mark.parametrize(("text", "words"), WRONG, ids=[text[:60] or "nothing" for text, _ in WRONG])
def test_a_wrong_lesson_gets_one_sentence(text: str, words: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(OptionError) as refused:
        read(text)
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert main(["explore", "--no-browser", "--lesson", text]) == 2
    assert words in capsys.readouterr().err


@given(st.text(max_size=60) | st.text("v1;,.-=[]mons204adhbuflLxy", max_size=60).map(lambda end: f"v1;{end}"))
def test_any_text_is_a_lesson_or_is_refused(text: str):
    try:
        lesson = read(text)
    except OptionError:
        return
    assert read(write(lesson)) == lesson


def test_a_lesson_opens_what_it_says():
    session = begun("v1;moons,60,.2,3;5,relu;rmsprop,.05,8,l2=.001,validation=.25;w[2,1,5];b1")
    assert session.walk.net.sizes == (2, 5, 2)
    assert (session.walk.problem.batch_size, len(session.kept)) == (8, 45)
    assert session.walk.problem.penalty.l2 == 0.001
    assert session.told()["opening"] == ["w[2,1,5]", "b1"]
    with pytest.raises(OptionError, match=r"w\[2,1,6\]"):
        begun("v1;moons,60,.2,3;5,relu;rmsprop,.05,8;w[2,1,6];b1")
    net, X, y = net_and_examples({"hidden": [2], "activation": "tanh"}, "linear")
    with pytest.raises(OptionError, match="leave it or the model out"):
        deltarule.explore(net, X, y, lesson=EXAMPLE)
    with pytest.raises(OptionError, match="no data of your own"):
        answer(Session(Explained(net, X, y)), question({"about": "lesson"}))


# On the page ---------------------------------------------------------------------------------------


def test_the_menu_gives_files_and_a_lesson_that_opens_the_page_there(open_page: Any, tmp_path: Path):
    session = Session()
    do(session, "set", option="data", value="moons")
    do(session, "step", n=3)
    tab = open_page(session, permissions=["clipboard-read", "clipboard-write"])
    tab.page.locator("#goto").fill("w[2,3,1]")
    tab.page.locator("#goto").press("Enter")
    tab.page.locator("#rail .stop").nth(2).click()
    tab.settled()
    menu = tab.page.locator("details.more", has=tab.page.get_by_text("export", exact=True))
    menu.locator("summary").click()
    links = menu.get_by_role("link")
    found = {}
    for n in range(links.count()):
        with tab.page.expect_download() as download:
            links.nth(n).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        found[path.name] = path.read_bytes()
    assert set(found) == set(EXPORTS) - {START}
    assert found["chain.tex"] == file_of(session, "chain.tex", of="w[2,3,1]")
    assert found["script.py"] == file_of(session, "script.py")
    assert load(tmp_path / "model.deltarule").theta.tobytes() == session.walk.net.theta.tobytes()
    menu.get_by_role("button", name="copy the lesson").click()
    menu.get_by_role("button", name="copied").wait_for()
    said = tab.page.evaluate("navigator.clipboard.readText()")
    assert said == f'deltarule explore --lesson "{write(Lesson(session.settings, "w[2,3,1]", "f2"))}"'
    assert tab.served.token not in said
    other = open_page(begun(said.split('"')[1]))
    other.settled()
    assert other.page.locator("#goto").input_value() == "w[2,3,1]"
    assert other.page.locator("#rail .stop[aria-current=step]").inner_text() == "2"
    assert other.session.settings == session.settings


def test_of_data_of_ones_own_the_menu_gives_what_the_script_begins_with_and_no_lesson(open_page: Any):
    tab = open_page(sessions()["own, with weights and scales"])
    tab.settled()
    tab.page.get_by_text("export", exact=True).click()
    sheet = tab.page.locator("#head details[open] .sheet")
    sheet.get_by_text("your own data do not fit").wait_for()
    assert sheet.locator(f"a[download='{START}']").count() == 1
    assert sheet.get_by_role("button").all_inner_texts() == ["network as it is drawn now, SVG"]


def test_every_file_is_sent_to_be_kept_and_what_cannot_be_made_is_said():
    page = deltarule.explore(lesson=EXAMPLE)
    do(page.session, "play")
    try:
        for name, kind in EXPORTS.items():
            with urlopen(f"{page.address}export/{name}?of=b[3,2]&on=batch", timeout=60) as sent:
                assert sent.headers["content-disposition"] == f'attachment; filename="{name}"'
                assert sent.headers["content-type"].partition(";")[0] == kind.media_type
                assert sent.headers["cache-control"] == "no-store"
                assert sent.read()
        for query, words in (
            ("of=w[9,1,1]", "w[9,1,1]"),
            ("on=all", "'batch'"),
            ("colour=red", "has no colour"),
        ):
            with pytest.raises(HTTPError) as refused:
                urlopen(f"{page.address}export/chain.tex?{query}", timeout=60)
            assert refused.value.code == 422
            assert words in json.load(refused.value)["error"]
            refused.value.close()
    finally:
        page.stop()
