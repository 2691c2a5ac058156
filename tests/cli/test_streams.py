"""What a command prints, whatever letters the locale has, and where standard streams are closed."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from deltarule.cli import main
from deltarule.cli.streams import printable

LETTERS = ["ascii", "latin-1", "cp1252", "utf-8"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a table whose names need letters beyond ASCII, and a model of it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    rows = [f"{n % 7}.5,{n % 11},{'São' if n % 7 > 3 else 'Öl ☃'}" for n in range(60)]
    Path("t.csv").write_text("\n".join(["länge,größe,art", *rows, ""]), encoding="utf-8")
    assert main(["fit", "t.csv", "--target", "art", "--epochs", "2", "--members", "1", "--quiet"]) == 0
    return tmp_path


def printed(encoding: str, *words: str, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Return what a command prints to a standard output of this encoding, which it leaves as it was."""
    bare = io.BytesIO()
    out = io.TextIOWrapper(bare, encoding=encoding, newline="\n")
    monkeypatch.setattr(sys, "stdout", out)
    assert main(words) == 0
    assert (out.encoding, out.errors) == (encoding, "strict")
    return bare.getvalue()


@pytest.mark.parametrize("encoding", LETTERS)
def test_a_person_reads_a_plainer_letter_where_one_lacks(
    folder: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
):
    evaluated = printed(encoding, "evaluate", "t.deltarule", "t.csv", monkeypatch=monkeypatch).decode(
        encoding
    )
    words = ("fit", "t.csv", "--target", "größe", "--task", "regression", "--epochs", "2", "--force")
    fitted = printed(encoding, *words, monkeypatch=monkeypatch).decode(encoding)
    is_ascii, is_utf8 = encoding == "ascii", encoding == "utf-8"
    assert ("Sao" if is_ascii else "São") in evaluated
    assert ("Ol ?" if is_ascii else "Öl ☃" if is_utf8 else "Öl ?") in evaluated
    assert ("  R2  " if is_ascii else "  R²  ") in fitted
    assert ("lange " if is_ascii else "länge ") in fitted
    assert ("gro?e" if is_ascii else "größe") in fitted


@pytest.mark.parametrize("encoding", LETTERS)
@pytest.mark.parametrize(
    "words",
    [
        ("predict", "t.deltarule", "t.csv"),
        ("evaluate", "t.deltarule", "t.csv", "--json"),
        *[
            ("explain", "t.deltarule", "t.csv", "--parameter", "b[3,1]", "--format", form)
            for form in ("latex", "html", "json")
        ],
    ],
    ids=lambda words: f"{words[0]}-{words[-1]}",
)
def test_a_program_reads_the_same_utf8_everywhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], encoding: str
):
    text = printed(encoding, *words, monkeypatch=monkeypatch).decode("utf-8")
    assert "São" in text
    assert text == printed("utf-8", *words, monkeypatch=monkeypatch).decode("utf-8")


def test_a_chain_is_explained_in_ascii_where_there_is_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    words = ("explain", "t.deltarule", "t.csv", "--row", "3", "--parameter", "w[1,1,1]")
    shown = [
        printed(encoding, *words, *option, monkeypatch=monkeypatch).decode(encoding)
        for encoding, option in (("ascii", ()), ("utf-8", ("--ascii",)), ("utf-8", ()))
    ]
    names = str.maketrans("äöüãß", "aoua?")
    assert shown[0].translate(names) == shown[1].translate(names).replace("☃", "?").replace("Ö", "O")
    assert "⎡" in shown[2]
    assert "⎡" not in shown[1]


def test_bytes_in_a_name_of_a_file_that_are_no_text(monkeypatch: pytest.MonkeyPatch):
    bare = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(bare, encoding="utf-8", newline="\n"))
    with printable():
        print("t\udce9.csv")
    assert bare.getvalue() == b"t?.csv\n"


@pytest.mark.parametrize("closed", ["stdin", "stdout", "stderr"])
def test_a_closed_standard_stream(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], closed: str
):
    monkeypatch.setattr(sys, closed, None)
    printed = 74 if closed == "stdout" else 0
    assert main(["fit", "t.csv", "--target", "art", "--epochs", "2", "--force"]) == printed
    assert main(["explain", "t.deltarule", "t.csv"]) == printed
    assert main(["predict", "t.deltarule", "t.csv", "--out", "p.csv"]) == 0
    assert main(["fit", "none.csv", "--target", "art"]) == 66
    capsys.readouterr()
    if closed == "stdin":
        assert main(["predict", "t.deltarule", "-"]) == 66
        assert "standard input is closed; pipe a table" in capsys.readouterr().err
