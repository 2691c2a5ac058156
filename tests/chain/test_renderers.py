"""One tree, and its renderers: the same numbers in text, LaTeX, HTML, data and JSON, each well-formed."""

from __future__ import annotations

import json
import re
from html import escape
from xml.etree import ElementTree

import numpy as np
import pytest

from deltarule import Network, explain
from deltarule.chain import notation
from deltarule.chain.document import Equation, Paragraph, Table, document
from deltarule.chain.explanation import Chain
from deltarule.chain.grid import ELIDED, grid
from deltarule.chain.html import fragment
from deltarule.maths.activations import ACTIVATIONS
from deltarule.maths.outputs import OUTPUTS


def one(net: Network, name: str = "w[1,1,1]", N: int = 1, **options: object) -> Chain:
    X = np.random.default_rng(1).normal(size=(N, net.sizes[0]))
    y = (
        np.random.default_rng(2).integers(0, net.sizes[-1], N)
        if net.output.name == "softmax"
        else np.random.default_rng(3).integers(0, 2, (N, net.sizes[-1]))
    )
    return explain(net, name, X, y, **options)


def underflow() -> Chain:
    net = Network([3, 4, 2], seed=0)
    net.b[2][:] = 800.0, 0.0
    return explain(net, "w[1,1,1]", [1.0, 2.0, 3.0], 1)


CHAINS = {
    "lecture": one(Network([3, 4, 4, 2], "tanh", seed=0), split=1),
    "batch": one(Network([3, 4, 4, 2], "relu", seed=0), "b[2,1]", N=20),
    "wide": one(Network([784, 512, 256, 10], "gelu", seed=0), "w[1,300,5]", split=2),
    "poisson": one(Network([2, 3, 2], "softplus", "poisson", seed=0), "w[2,1,3]", optimiser="adam"),
    "quantile": one(Network([2, 3, 2], "relu", "quantile(0.9)", seed=0), "w[2,1,3]", N=3),
    "huber": one(Network([2, 3, 2], "tanh", "huber(0.3)", seed=0), split=1),
    "one layer": one(Network([2, 3], output="sigmoid", seed=0), "b[1,2]"),
    "underflow": underflow(),
    "columns": one(
        Network([2, 3, 2], seed=0), inputs=["net & gross <$>", "a_b^c{d}~#%\\"], outputs=["x->y", "é"]
    ),
}


@pytest.fixture(params=CHAINS, name="chain")
def _chain(request: pytest.FixtureRequest) -> Chain:
    return CHAINS[request.param]


def test_text_fits_80_columns(chain: Chain):
    text = chain.text()
    assert max(map(len, text.splitlines())) <= 80
    assert not any(line != line.rstrip() for line in text.splitlines())
    assert "`" not in text
    assert "\x1b" not in text


def test_ascii_is_ascii(chain: Chain):
    text = chain.text(ascii=True)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80
    assert f"dL/d{chain.parameter} = " in text


def test_latex_is_balanced_and_shows_every_number(chain: Chain):
    latex = chain.latex(standalone=True)
    bare = re.sub(r"\\[\\{}%#&_$]", "", latex)
    depth = 0
    for letter in bare:
        depth += (letter == "{") - (letter == "}")
        assert depth >= 0
    assert depth == 0
    assert bare.count("$") % 2 == 0
    begun, ended = (re.findall(rf"\\{word}\{{([a-z*]+)\}}", latex) for word in ("begin", "end"))
    assert sorted(begun) == sorted(ended)
    for block in document(chain):
        if isinstance(block, Equation):
            for matrix in block.matrices:
                for cell in (cell for row in matrix.grid.rows for cell in row if cell != ELIDED):
                    assert notation.latex_number(cell) in latex
    assert chain.latex().startswith("\\section*{")
    assert "`" not in latex


def test_html_is_well_formed_and_needs_nothing_from_elsewhere(chain: Chain):
    html = chain.html()
    tree = ElementTree.fromstring(html.partition("\n")[2])
    assert "<script" not in html
    assert not re.search(r"\b(src|href|url|@import|on[a-z]+=)", html)
    blocks = document(chain)
    matrices = [matrix for block in blocks if isinstance(block, Equation) for matrix in block.matrices]
    details = list(tree.iter("details"))
    assert len(details) == len(matrices)
    assert all(each.find("summary") is not None for each in details)
    assert [len(list(each.iter("mtr"))) for each in details] == [len(matrix.grid.rows) for matrix in matrices]
    assert len(list(tree.iter("table"))) == sum(isinstance(block, Table) for block in blocks)
    assert tree.get("lang") == "en"
    assert next(each.tag for each in tree.iter() if each.tag in ("h1", "h2")) == "h1"
    verdict = next(block for block in blocks if isinstance(block, Paragraph) and block.verdict)
    assert f"<strong>{verdict.verdict}</strong>" in html


def test_as_data_it_says_what_the_page_says(chain: Chain):
    """Put together by hand, the blocks are the page's own; a batch of a large network takes little of it."""
    blocks = chain.blocks()
    data = json.dumps(blocks, allow_nan=False)
    assert len(data) < 40_000
    assert json.loads(data) == blocks
    page = fragment(chain._document, style=False)
    assert "<style" not in page
    assert (
        fragment(chain._document).replace(page[len('<article class="deltarule">\n') :], "").count("<style")
        == 1
    )

    def of(runs: list[dict[str, str]]) -> str:
        words = [
            escape(run["text"]) if "text" in run else f"<math><mrow>{run['mathml']}</mrow></math>"
            for run in runs
        ]
        return "".join(words).replace("-&gt;", "→")

    for block in blocks:
        if block["kind"] == "heading":
            assert f"<h{block['level']}>{of(block['text'])}</h{block['level']}>" in page
        elif block["kind"] == "paragraph" and not block["verdict"]:
            assert f"<p>{of(block['text'])}</p>" in page
        elif block["kind"] == "paragraph":
            assert block["verdict"] in of(block["text"])
        elif block["kind"] == "table":
            assert all(
                f">{of(cell)}</t" in page
                for row in [block["head"], *block["rows"]]
                if any(row)
                for cell in row
            )
        else:
            assert f"{block['mathml']}</math>" in page
            for matrix in block["matrices"]:
                assert f"<math>{matrix['name']}</math>" in page
                assert len(matrix["rows"]) <= 13
                assert matrix["is_elided"] or [len(matrix["rows"]), len(matrix["rows"][0])] == matrix["shape"]
    whole = "".join(run["mathml"] for block in blocks for run in block.get("text", []) if "mathml" in run)
    ElementTree.fromstring(f"<math>{whole}</math>")


def test_a_batch_as_data_is_small():
    X, y = np.random.default_rng(0).normal(size=(32, 16)), np.random.default_rng(1).integers(0, 3, 32)
    chain = explain(Network([16, 128, 3], "tanh", seed=0), "w[1,5,2]", X, y)
    assert len(json.dumps(chain.blocks())) < 40_000 < len(chain.json())


def test_a_notebook_shows_a_fragment_and_latex(chain: Chain):
    fragment = chain._repr_html_()
    assert fragment.startswith('<article class="deltarule">')
    assert "<html" not in fragment
    latex = chain._repr_latex_()
    assert latex.startswith("\\begin{align*}")
    assert latex.count("\\begin{align*}") == 1
    assert "section" not in latex


def test_large_matrices_are_elided_and_never_dumped():
    chain = CHAINS["wide"]
    assert len(chain.text()) < 10_000
    assert len(chain.html()) < 80_000
    shown = grid(np.arange(20_000.0).reshape(100, 200), 6)
    assert shown.shape == (100, 200)
    assert shown.rows[0][:4] == ("0", "1", "2", "...")
    assert shown.rows[-1][-1] == "19999"
    assert set(shown.rows[3]) == {"..."}
    assert not grid(np.eye(7), 6).is_elided


@pytest.mark.parametrize(
    "formula",
    [formula for output in OUTPUTS.values() for formula in output.formulas]
    + [g.derivative for g in ACTIVATIONS.values()]
    + ["w[1,2,3] <- w[1,2,3] - alpha dL/dw[1,2,3]", "delta_1[2] h_0[3]", "diag(g'_2(a_2)), g' = 1 - h^2"],
)
def test_every_formula_is_mathematics_everywhere(formula: str):
    assert notation.text(formula, is_ascii=True).isascii()
    ElementTree.fromstring(f"<math>{notation.mathml(formula)}</math>")
    latex = notation.latex(formula)
    assert latex.count("{") == latex.count("}")
    assert not re.search(r"(?<!\\)(y_hat|sigma|alpha|<=|<-)", latex.replace("\\hat{y}", ""))
