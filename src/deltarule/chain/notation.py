"""The project's notation, written in ASCII once, as text, LaTeX and MathML.

    y_hat_l (1[l=i] - y_hat_i)      W_3      dh_2/da_2      h_{0,3} e(1)      w[1,2,3]

A name may have a prime, an index after _, indices in brackets and a power after ^; dX/dY is a derivative. What
stands between backticks in a sentence is mathematics.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape

_SYMBOL = r"(?:y_hat|[A-Za-z]+)'?(?:_(?:\{[^}]*\}|[A-Za-z0-9]+))?(?:\[[\d,]+\])?"
_TOKEN = re.compile(
    rf"(?P<derivative>d(?P<upper>{_SYMBOL})/d(?P<lower>{_SYMBOL}))"
    r"|(?P<indicator>1(?=\[))"
    r"|(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
    rf"|(?P<name>{_SYMBOL})(?:\^(?P<power>\w+))?"
    r"|(?P<space>\s+)"
    r"|(?P<sign><=|>=|->|<-|.)"
)
_NAME = re.compile(
    r"(?P<base>y_hat|[A-Za-z]+)(?P<prime>'?)(?:_(?:\{(?P<index>[^}]*)\}|(?P<short>[A-Za-z0-9]+)))?"
    r"(?:\[(?P<indices>[\d,]+)\])?"
)
_GREEK = {"alpha": "α", "delta": "δ", "pi": "π", "sigma": "σ", "theta": "θ"}
_FUNCTIONS = ("clip", "diag", "exp", "log", "sign", "sqrt", "tanh")
_LATEX_SIGNS = {
    "<=": r"\le",
    ">=": r"\ge",
    "->": r"\to",
    "<-": r"\leftarrow",
    ".": r"\cdot",
    "|": r"\lvert ",
    "...": r"\cdots",
}
_MATHML_SIGNS = {"<=": "≤", ">=": "≥", "->": "→", "<-": "←", ".": "·", "-": "−"}
_TEXT_SIGNS = [
    ("<=", "≤"),
    (">=", "≥"),
    ("->", "→"),
    ("<-", "←"),
    (" . ", " · "),
    ("^2", "²"),
    ("^3", "³"),
    ("sqrt", "√"),
]


def text(formula: str, is_ascii: bool = False) -> str:
    """Return a formula for a terminal.

    >>> text("y_hat_l (1[l=i] - y_hat_i)"), text("h_{0,3} e(1)", is_ascii=True)
    ('ŷ_l (1[l=i] - ŷ_i)', 'h_0,3 e(1)')
    """
    formula = re.sub(r"_\{([^}]*)\}", r"_\1", formula)
    if is_ascii:
        return formula
    formula = formula.replace("y_hat", "ŷ")
    for sign, letter in _TEXT_SIGNS:
        formula = formula.replace(sign, letter)
    return re.sub(r"[a-z]+", lambda match: _GREEK.get(match[0], match[0]), formula)


def latex(formula: str) -> str:
    r"""Return a formula as LaTeX, for use inside mathematics.

    >>> latex("-(1/y_hat_l) e(l)"), latex("dh_2/da_2")
    ('-(1/\\hat{y}_{l}) e(l)', '\\frac{\\partial h_{2}}{\\partial a_{2}}')
    """
    return "".join(_latex_parts(formula)).strip()


def _latex_parts(formula: str) -> Iterator[str]:
    for token in _TOKEN.finditer(formula):
        if token["derivative"]:
            yield rf"\frac{{\partial {_latex_name(token['upper'])}}}{{\partial {_latex_name(token['lower'])}}}"
        elif token["indicator"]:
            yield r"\mathbf{1}"
        elif token["number"]:
            yield latex_number(token["number"])
        elif token["name"]:
            power = f"^{{{token['power']}}}" if token["power"] else ""
            yield _latex_name(token["name"]) + power
        elif token["space"]:
            yield " "
        else:
            yield _LATEX_SIGNS.get(token["sign"], token["sign"])


def _latex_name(name: str) -> str:
    base, prime, index, place = _parts(name)
    if base == "y_hat":
        base = r"\hat{y}"
    elif base in _GREEK:
        base = f"\\{base} "
    elif base in _FUNCTIONS:
        base = rf"\operatorname{{{base}}}"
    end = f"[{place}]" if place else ""
    return base.rstrip() + prime + (f"_{{{index}}}" if index else " " if base.endswith(" ") else "") + end


def latex_number(number: str) -> str:
    r"""Return a number as LaTeX.

    >>> latex_number("-1.5e-07")
    '-1.5 \\times 10^{-7}'
    """
    mantissa, e, exponent = number.partition("e")
    words = {"nan": r"\mathrm{nan}", "inf": r"\infty", "-inf": r"-\infty"}
    return rf"{mantissa} \times 10^{{{int(exponent)}}}" if e else words.get(mantissa, mantissa)


def equation(left: str, right: str) -> str:
    """Return left = right, or left alone, as the inside of a MathML element."""
    inner = f"{mathml(left)}<mo>=</mo>{mathml(right)}" if right else mathml(left)
    return f"<mrow>{inner}</mrow>"


def mathml(formula: str) -> str:
    """Return a formula as the inside of a MathML element.

    >>> mathml("W_3")
    '<msub><mi>W</mi><mn>3</mn></msub>'
    """
    return "".join(_mathml_parts(formula))


def _mathml_parts(formula: str) -> Iterator[str]:
    for token in _TOKEN.finditer(formula):
        if token["derivative"]:
            upper, lower = (
                f"<mrow><mi>∂</mi>{_mathml_name(token[part])}</mrow>" for part in ("upper", "lower")
            )
            yield f"<mfrac>{upper}{lower}</mfrac>"
        elif token["indicator"]:
            yield "<mn>𝟏</mn>"
        elif token["number"]:
            yield mathml_number(token["number"])
        elif token["name"]:
            name = _mathml_name(token["name"])
            yield f"<msup>{name}<mi>{token['power']}</mi></msup>" if token["power"] else name
        elif token["space"]:
            yield '<mspace width="0.25em"/>'
        else:
            sign = token["sign"]
            flat = ' stretchy="false"' if sign in "()[]|" else ""
            yield f"<mo{flat}>{escape(_MATHML_SIGNS.get(sign, sign))}</mo>"


def _mathml_name(name: str) -> str:
    base, prime, index, place = _parts(name)
    if base == "y_hat":
        inner = '<mover accent="true"><mi>y</mi><mo>^</mo></mover>'
    else:
        inner = f"<mi>{_GREEK.get(base, base)}</mi>"
    kind = "mn" if index.replace(",", "").isdigit() else "mi"
    below = f"<{kind}>{escape(index)}</{kind}>"
    if prime and index:
        inner = f"<msubsup>{inner}{below}<mo>′</mo></msubsup>"
    elif index:
        inner = f"<msub>{inner}{below}</msub>"
    elif prime:
        inner = f"<msup>{inner}<mo>′</mo></msup>"
    return (
        f'{inner}<mo stretchy="false">[</mo><mn>{place}</mn><mo stretchy="false">]</mo>' if place else inner
    )


def mathml_number(number: str) -> str:
    """Return a number as MathML.

    >>> mathml_number("-1.5")
    '<mrow><mo>−</mo><mn>1.5</mn></mrow>'
    """
    if number.startswith("-"):
        return f"<mrow><mo>−</mo>{mathml_number(number[1:])}</mrow>"
    mantissa, e, exponent = number.partition("e")
    if e:
        return f"<mrow><mn>{mantissa}</mn><mo>×</mo><msup><mn>10</mn>{mathml_number(str(int(exponent)))}</msup></mrow>"
    return "<mi>∞</mi>" if mantissa == "inf" else f"<mn>{mantissa}</mn>"


def _parts(name: str) -> tuple[str, str, str, str]:
    """Return the base, the prime, the index, and the place in brackets where there is an index besides."""
    match = _NAME.fullmatch(name)
    assert match is not None, name
    index, place = match["index"] or match["short"] or "", match["indices"] or ""
    return (
        (match["base"], match["prime"], index, place) if index else (match["base"], match["prime"], place, "")
    )


def sentence(words: str, plain: Callable[[str], str], maths: Callable[[str], str]) -> str:
    """Return a sentence with what is between backticks made by `maths`, and the rest by `plain`.

    >>> sentence("so `w_1` < 2", escape, mathml)
    'so <msub><mi>w</mi><mn>1</mn></msub> &lt; 2'
    """
    return "".join(maths(part) if n % 2 else plain(part) for n, part in enumerate(words.split("`")))
