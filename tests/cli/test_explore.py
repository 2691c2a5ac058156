"""deltarule explore: the address, a port in use, Ctrl-C, and what it says of wrong input."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from deltarule import Network, explore
from deltarule.cli import main
from deltarule.errors import OptionError, ShapeError

COMMAND = [sys.executable, "-m", "deltarule", "explore", "--no-browser"]


def started(*words: str) -> tuple[subprocess.Popen[str], str]:
    program = subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    assert program.stdout is not None
    return program, program.stdout.readline().strip()


def test_it_prints_the_address_serves_the_page_and_ends_with_ctrl_c():
    program, address = started()
    with urllib.request.urlopen(address, timeout=60) as page:
        assert b"deltarule" in page.read()
    port = int(address.split(":")[2].split("/")[0])
    program.send_signal(signal.SIGINT)
    _, said = program.communicate(timeout=60)
    assert program.returncode == 0
    assert said.splitlines()[-1] == "deltarule: the page has ended."
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))


def test_ctrl_c_ends_it_while_a_page_is_open():
    program, address = started()
    with urllib.request.urlopen(f"{address}events", timeout=60) as stream:
        assert stream.readline()
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=60)
    assert program.returncode == 0


def test_a_port_in_use_is_said_and_the_next_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        program, address = started("--port", str(port))
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=60)
    assert f"port {port} is in use; the page is at " in said
    assert f":{port}/" not in address


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["model.deltarule"], "to explore model.deltarule, name its table too"),
        (["no.deltarule", "no.csv"], "no.deltarule"),
        (["--port", "0"], "--port is 0; it must be a whole number from 1 to 65535"),
        (["--port", "x"], "--port is 'x'"),
        (["--member", "-1"], "--member is -1"),
    ],
    ids=["no table", "no file", "port 0", "port x", "member"],
)
def test_wrong_words_get_one_sentence(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]):
    assert main(["explore", *words]) in (2, 66)
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.splitlines()) == 1


def test_a_model_is_explored_on_its_table_by_its_columns_names(tmp_path: Path):
    from deltarule.saving import open_table

    table = tmp_path / "table.csv"
    rows = [
        f"{n},{'a' if n % 3 else 'b'},{'' if n == 7 else n / 10},{'yes' if n % 2 else 'no'}"
        for n in range(40)
    ]
    table.write_text("\n".join(["n,kind,share,answer", *rows]), encoding="utf-8")
    model = tmp_path / "model.deltarule"
    fit = ["fit", str(table), "--target", "answer", "--out", str(model), "--epochs", "3", "--quiet"]
    assert main(fit) == 0
    import pandas as pd

    page = explore(open_table(model), pd.read_csv(table), None, title="table.csv")
    told = page.session.told()
    page.stop()
    assert "kind=a" in " ".join(told["inputs"])
    assert told["words"]["own"] == "table.csv"
    assert len(told["outputs"]) == 2
    with pytest.raises(OptionError, match="member is 9"):
        explore(open_table(model), pd.read_csv(table), None, member=9)


def test_explore_takes_a_network_and_refuses_what_does_not_fit():
    net = Network([2, 3, 2], seed=0)
    page = explore(net, [[0.0, 1.0], [1.0, 0.0]], [0, 1])
    assert page.session.frame()["example"]["x"] in (["0", "1"], ["1", "0"])
    page.stop()
    with pytest.raises(ShapeError):
        explore(net, [[0.0, 1.0, 2.0]], [0])


def test_without_the_extra_it_says_what_to_install():
    program = (
        "import sys; sys.modules['starlette'] = None\n"
        "from deltarule.cli import main\n"
        "sys.exit(main(['explore', '--no-browser']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("deltarule: the page needs starlette")
    assert 'python -m pip install "deltarule[app]"' in done.stderr
