"""The pages of docs/: made ones say what the program says now, links lead somewhere; the demo runs as it says."""

import importlib.util
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def _make():
    spec = importlib.util.spec_from_file_location("make_docs", DOCS / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["options.md", "public-names.md"])
def test_a_made_page_is_what_the_program_says_now(page):
    made = _make().PAGES[page]()
    assert (DOCS / page).read_text(encoding="utf-8") == made, "make docs brings it up to date"


def test_every_setting_of_every_face_is_on_the_page():
    make = _make()
    page = make.options_page()
    for face in make.faces().values():
        for name in (name for names in face.values() for name in names):
            plain = name.removeprefix("fit(").removesuffix("=)")
            assert f"`{plain}`" in page
    for verb in make.verbs():
        for argument in make.arguments(verb):
            assert all(f"`{name}`" in page for name in argument.names)
    several, same = make.names_of_settings()
    assert "| `epochs` | `max_iter` | `epochs` | `--epochs` |" in several
    assert {"batch_size", "activation"} <= set(same)
    assert "epochs" not in same


def test_every_public_name_is_on_its_page():
    make = _make()
    page = make.names_page()
    for module in ("deltarule", *make.MODULES):
        for name in make.public(importlib.import_module(module)):
            assert re.search(rf"`{name}\b", page), (module, name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_are_there(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_index_names_every_page():
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).as_posix()
        assert name == "README.md" or f"]({name})" in index


def test_what_a_link_of_the_readme_leads_to_is_named_where_links_break():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for words, target in re.findall(r"(?<!!)\[([^]\n]+)\]\(([^)#\s]+)\)", text):
        assert "://" in target or words == target


def test_the_install_section_names_every_extra():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Install")[1].split("\n## ")[0]
    for extra in project["optional-dependencies"]:
        assert extra == "dev" or f"deltarule[{extra}]" in section
    assert project["requires-python"].removeprefix(">=") in section


def test_a_setting_has_pythons_name_in_the_shell_too():
    make = _make()
    names = {
        name: argument.names
        for verb in ("fit", "check")
        for argument in make.arguments(verb)
        for name in argument.names
    }
    assert names["--n-threads"] == ("--threads", "--n-threads")
    assert names["--max-parameters"] == ("--parameters", "--max-parameters")
    assert names["--max-examples"] == ("--rows", "--max-examples")


def _opens_a_page(line: str, folder: Path) -> None:
    command = [sys.executable, "-m", *shlex.split(line), "--no-browser"]
    page = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    assert page.stdout.readline().startswith("http://127.0.0.1:")
    page.send_signal(signal.SIGINT)
    page.communicate(timeout=60)
    assert page.returncode == 0


def test_the_demo_runs_and_what_it_says_comes_next_does_too(tmp_path):
    """The commands that it ends with are what a new user types first."""
    demo = [sys.executable, ROOT / "examples" / "demo.py"]
    done = subprocess.run(demo, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert "PASS" in done.stdout
    told = [line.strip() for line in done.stdout.splitlines() if line.startswith("  deltarule ")]
    assert [line.split()[1] for line in told] == ["inspect", "explain", "explore", "predict", "fit"]
    for line in told[:-1]:
        if "explore" in line:
            _opens_a_page(line, tmp_path)
            continue
        command = [sys.executable, "-m", *shlex.split(line)]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout
