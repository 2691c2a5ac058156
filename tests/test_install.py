"""Without the extras the library works, and whatever needs a package of theirs says in one sentence what to install."""

import os
import subprocess
import sys

import pytest

EXTRAS = (
    "cyclopts", "rich", "matplotlib", "matplotlib.pyplot", "chardet", "python_calamine", "zstandard", "duckdb",
    "skops", "skops.io", "starlette", "uvicorn",
)  # fmt: skip
HIDDEN = f"import sys, warnings\nfor name in {EXTRAS}: sys.modules[name] = None\n"
TABLE = """
from deltarule import TableClassifier, check, schema
data = {"size": [1.0, 1.2, None, 5.1, 4.8, 5.0] * 5, "colour": ["red", "red", "blue", "blue", "blue", "blue"] * 5}
y = ["small", "small", "small", "big", "big", "big"] * 5
few = {"epochs": 50, "hidden": [8]}
model = TableClassifier(**few).fit(data, y)
"""


@pytest.fixture
def bare(tmp_path):
    """Return what a program writes, and says, in a process that finds none of the extras' packages."""

    def run(program: str) -> tuple[str, str]:
        done = subprocess.run(
            [sys.executable, "-c", HIDDEN + program],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        return done.stdout, done.stderr

    return run


def test_the_library_works_without_the_extras(bare):
    out, said = bare(
        TABLE
        + """
import pandas as pd
from deltarule import load, save
from deltarule.tables import read_table
print(*model.predict({"size": [0.9, 6.0], "colour": ["red", "blue"]}))
print(TableClassifier(**few).fit(pd.DataFrame(data), y).predict({"size": [0.9, 6.0], "colour": ["red", "blue"]}))
print(schema({**data, "y": y}, "y").columns["colour"].kind, check(model, data, y).passed)
save(model, "m.deltarule")
print((load("m.deltarule").predict(data) == model.predict(data)).all())
open("t.csv", "w", encoding="utf-8").write("a;b\\n1,5;x\\n2,5;y\\n")
print(read_table("t.csv").names)
"""
    )
    assert out.splitlines() == [
        "small big",
        "['small' 'big']",
        "category True",
        "True",
        "['a', 'b']",
    ], said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (
            "model.plot_loss_curve()",
            'a plot needs matplotlib; install it with: python -m pip install "deltarule[app]".',
        ),
        (
            "TableClassifier(epochs=5, progress=True).fit(data, y)",
            'the progress bar needs rich; install it with: python -m pip install "deltarule[app]".',
        ),
        (
            "read_table(made('t.zst', bytes.fromhex('28b52ffd') + bytes(99)))",
            'reading zstd files needs zstandard; install it with: python -m pip install "deltarule[app]", or unpack '
            "it first (unzstd).",
        ),
        (
            "read_table(made('t.csv', 'имя,город\\nИван,Москва\\n'.encode('cp1251')))",
            "the text is not UTF-8, and finding its encoding needs chardet; install it with: python -m pip install "
            '"deltarule[app]", or name the encoding, as in --encoding cp1251.',
        ),
        (
            "read_table(made('t.duckdb', bytes(8) + b'DUCK' + bytes(4096)))",
            "t.duckdb is a database of DuckDB and needs duckdb; install it with: python -m pip install "
            '"deltarule[duckdb]".',
        ),
        (
            "save(make_pipeline(StandardScaler(), MLPClassifier(max_iter=500)).fit([[0.0], [1.0]], [0, 1]), 'p')",
            'saving a Pipeline needs skops; install it with: python -m pip install "deltarule[pipelines]".',
        ),
    ],
)  # fmt: skip
def test_a_package_that_is_not_there_is_one_sentence(bare, asked, sentence):
    out, said = bare(
        TABLE
        + f"""
from pathlib import Path
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from deltarule import MLPClassifier, save
from deltarule.tables import read_table
warnings.simplefilter("ignore")
def made(name, content):
    Path(name).write_bytes(content)
    return name
try:
    {asked}
except ImportError as error:
    print(error)
    print(isinstance(error, ValueError))
"""
    )
    assert out.splitlines() == [sentence, "True"], said


@pytest.mark.parametrize("words", ["", "--version", "fit penguins.csv", "--help"])
def test_the_command_line_says_what_to_install(bare, words):
    out, said = bare(f"from deltarule.__main__ import main\nsys.argv[1:] = {words.split()}\nsys.exit(main())")
    assert (out, said) == (
        "",
        "deltarule: the command line needs cyclopts and rich; install it with: "
        'python -m pip install "deltarule[app]"\n',
    )
