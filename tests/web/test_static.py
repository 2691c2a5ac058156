"""The page's own files: they compute nothing about the network, reach nobody else, and are small."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import deltarule.web

STATIC = Path(deltarule.web.__file__).parent / "static"
OURS = sorted(STATIC.glob("*.js"))
FORBIDDEN = {
    "functions of numbers that Python computes": r"Math\.(exp|log|tanh|pow|sinh|cosh|expm1|log1p|log2|log10)\b|\*\*",
    "HTML out of text": r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|unsafeHTML",
    "styles that the policy refuses": r"style=",
    "code out of text": r"\beval\(|new Function",
    "another address": r"https?://(?!www\.w3\.org/)",
}


def test_the_page_computes_nothing_and_reaches_nobody():
    assert len(OURS) > 10
    for path in OURS:
        text = path.read_text(encoding="utf-8")
        for what, pattern in FORBIDDEN.items():
            assert not re.search(pattern, text), f"{path.name}: {what}"
        for target in re.findall(r"""fetch\(([^,)]*)""", text):
            assert target == "to", path.name


def test_it_is_small(static: dict):
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in OURS) <= 2600
    assert sum(len(gzip.compress(each.body)) for each in static.values()) <= 90 * 1024


def test_every_module_that_is_imported_is_served(static: dict):
    for name, each in static.items():
        if name.endswith(".js") and not name.startswith("vendor/"):
            for target in re.findall(r"""from "\./([^"]+)";""", each.body.decode()):
                assert target in static, f"{name} imports {target}"
