"""What verbs tell of the files that they read, and that the words of a message work as they can be typed."""

from __future__ import annotations

import json
import random
import re
import shlex
from pathlib import Path

import pytest

from deltarule.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "4000")
    return tmp_path


def rows(n: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    points = [(rng.gauss(0, 1), rng.gauss(0, 1)) for _ in range(n)]
    return [f"{x:.2f},{z:.2f},{int(x + z > 0)}" for x, z in points]


PLAIN = "\n".join(rows(80)) + "\n"
HEADED = "x,z,y\n" + PLAIN
TOLD = {
    "plain": PLAIN,
    "years": "2019,2020,2021\n" + PLAIN,
    "titles": "Report\n\n" + HEADED,
    "comments": "# made\n# by us\n" + HEADED,
    "code page": HEADED.replace("x,", "größe,", 1).encode("cp1252"),
    "wide": HEADED.encode("utf-16-le"),
    "blanks": HEADED.replace(",", "   "),
    "colons": HEADED.replace(",", "::"),
    "short": HEADED + "1,2\n1,2,1\n",
    "notes": HEADED + "\nSource: us\n",
    "again": HEADED + HEADED,
    "empty rows": HEADED + ",,\n,,\n",
    "quotes": "".join("'" + line.replace(",", "','") + "'\n" for line in HEADED.splitlines()),
    "units": "x,z,y\nm,m/s,1\n" + PLAIN,
    "questions": "x,z,y\nHow far?,How fast?,Is it?\n" + PLAIN,
    "two lines": ",speed,speed\n" + HEADED,
    "markdown": "|x|z|y|\n|---|---|---|\n" + "".join(f"|{line.replace(',', '|')}|\n" for line in rows(80)),
    "dashes": HEADED.replace("\n", "\n---,---,---\n", 1) + "---,---,---\n",
    "places": "".join("{:8}{:8}{}\n".format(*line.split(",")) for line in HEADED.splitlines())
    + "1.5             1\n",
    "whole rows": "".join(f'"{line}"\n' for line in HEADED.splitlines()),
    "backslashes": "w,x,z,y\n" + "".join(f'"a \\"b\\"",{line}\n' for line in rows(80)),
    "code page of a line": (HEADED.replace("x,", "größe,", 1)).encode() + "é,1,1\n".encode("cp1252"),
    "total": "w,x,z,y\n" + "".join(f"t{n},{line}\n" for n, line in enumerate(rows(80))) + "Total,1,2,3\n",
    "header as a row": "a,b\n" + "u,v\nw,q\n" * 50 + "a,b\nu,v\n",
    "lines": HEADED + '"1,2,1\n2,3,1\n4",5,1\n',
}
REFUSED = {
    "long": HEADED + "1,2,3,4\n1,2,1\n",
    "quote": HEADED + '1,"2,1\n1,2,1\n',
    "open and wide": HEADED.replace("\n", ',"1,5"\n').replace(',"1,5"', ",w", 1) + '1,"2,1,3\n1,2,1,4\n',
    "two tables": HEADED + "\nu,v\n1,2\n3,4\n",
    "two delimiters": HEADED + PLAIN.replace(",", ";"),
    "row names": "x,z,y\n" + PLAIN.replace(".", ","),
    "short among blanks": HEADED.replace(",", " ") + "1.5 1\n1 1 1\n",
    "nick": HEADED + '1,"Big" John,1\n1,2,1\n',
    "encoding": HEADED.replace("x,", "größe,", 1).encode("cp1252"),
}


def typed(message: str) -> list[list[str]]:
    """Return the options that a message shows, as they can be typed."""
    values = r'(?: (?:"[^"]*"|\'[^\']*\'|fill|skip|refuse|none|\d+|cp\d+))?'
    option = rf"--(?!encoding NAME)[a-z-]+{values}"
    return [shlex.split(found) for found in re.findall(rf"{option}(?: {option})*", message)]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("case", TOLD)
def test_the_words_of_a_notice_can_be_typed(case: str, capsys: pytest.CaptureFixture[str]):
    content = TOLD[case]
    Path("t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert main(["schema", "t.csv", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["rows"] >= 80
    said = [notice for notice in record["notices"] if "--" in notice]
    assert said
    for words in typed(" ".join(said)):
        if words == ["--delimiter", ","] and case in ("blanks", "colons", "places"):
            continue  # which takes another, and here makes one column
        code = main(["schema", "t.csv", "--json", *words])
        out, err = capsys.readouterr()
        assert (code, err) == (0, "") or (words[-1] == "refuse" and code == 65), (words, err)
        if code == 0:
            assert json.loads(out) != record, words


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("case", REFUSED)
def test_the_words_of_a_refusal_can_be_typed(case: str, capsys: pytest.CaptureFixture[str]):
    content = REFUSED[case]
    Path("t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    more = ["--encoding", "utf-8"] if case == "encoding" else []
    assert main(["schema", "t.csv", *more]) == 65
    message = capsys.readouterr().err
    words = [each for each in typed(message) if each != ["--encoding"]]
    assert words
    for each in words:
        assert main(["schema", "t.csv", *each]) == 0, each
        assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("folder")
def test_every_verb_tells_and_takes_the_options(capsys: pytest.CaptureFixture[str]):
    Path("plain.csv").write_text(PLAIN, encoding="utf-8")
    fit = ["fit", "plain.csv", "--target", "x3", "--task", "classification", "--epochs", "5", "--quiet"]
    assert main([*fit[:-1]]) == 0
    out = capsys.readouterr().out
    assert "no header line: the first row" in out
    assert "80 rows" in out
    assert main([*fit[:-1], "--json", "--force", "--header"]) == 65  # for there is no x3 then
    assert "there is no target column 'x3' in plain.csv" in capsys.readouterr().err
    Path("new.csv").write_text("\n".join(rows(7, seed=1)) + "\n", encoding="utf-8")
    for verb in ("predict", "evaluate", "check", "suspects", "importance", "explain"):
        assert main([verb, "plain.deltarule", "new.csv"]) == 0, verb
        assert "deltarule: no header line" in capsys.readouterr().err
        assert main([verb, "plain.deltarule", "new.csv", "--no-header", "--delimiter", ","]) == 0, verb
        assert capsys.readouterr().err == ""
    assert main(["predict", "plain.deltarule", "new.csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 8


@pytest.mark.usefixtures("folder")
def test_a_model_knows_the_names_of_a_header(capsys: pytest.CaptureFixture[str]):
    body = "".join(f"{'uv'[n % 2]},{'pq'[n % 3 > 0]},{n % 2}\n" for n in range(40))
    Path("t.csv").write_text("u,p,y\n" + body, encoding="utf-8")
    assert main(["fit", "t.csv", "--target", "y", "--header", "--epochs", "5", "--quiet"]) == 0
    Path("new.csv").write_text("u,p\nv,p\nu,q\n", encoding="utf-8")
    assert main(["predict", "t.deltarule", "new.csv"]) == 0
    out, err = capsys.readouterr()
    assert (len(out.splitlines()), err) == (3, "")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--ragged", "fil"], 2, "fill"),
        (["--skip", "-1"], 2, "skip is -1"),
        (["--encoding", "cp1522"], 2, "did you mean 'cp1252'?"),
        (["--quote", "xy"], 2, "the quote is"),
    ],
)
def test_options_that_are_none(words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]):
    Path("t.csv").write_text(HEADED, encoding="utf-8")
    assert main(["schema", "t.csv", *words]) == code
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_models_of_patterns_and_parts_have_plain_names(capsys: pytest.CaptureFixture[str]):
    for name in ("a1.csv", "a2.csv"):
        Path(name).write_text(HEADED, encoding="utf-8")
    assert main(["fit", "a*.csv", "--target", "y", "--epochs", "3"]) == 0
    assert "2 files, a1.csv (80 rows) to a2.csv (80 rows)" in capsys.readouterr().out
    assert Path("model.deltarule").exists()
