"""The page on which every number of one gradient step can be seen, questioned and predicted."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from deltarule.chain.explained import Model, explained
from deltarule.errors import DataError, OptionError, lacking
from deltarule.network import Network
from deltarule.options import Option, typed_keywords

if TYPE_CHECKING:
    from deltarule.web.server import Page
    from deltarule.web.session import Session
    from deltarule.web.widget import PageWidget

__all__ = ["explore"]

PORT = Option(
    "port",
    "whole",
    low=1,
    high=65_535,
    none="for the first that is free from 8420 on",
    help="Where it listens",
)
MEMBER = Option(
    "member", "whole", low=0, default=1, help="Which member of a model to look at; 0 is their mean."
)


@typed_keywords
def explore(
    model: Model | None = None,
    X: ArrayLike | Any = None,
    y: ArrayLike | Any = None,
    weights: ArrayLike | None = None,
    *,
    port: int | None = None,
    member: int = 1,
    title: str = "",
    lesson: str | None = None,
) -> Page | PageWidget:
    """Serve the page to this machine alone, and return it with its address; in a notebook, show it there.

    Nothing of yours changes: the page works on a copy of the network, in float64.

    Parameters
    ----------
    model, X, y, weights
        As in `explain`: a Network with arrays, (N, n_0) and targets, or an estimator with a table; left out, the notes'
        worked example.
    port
        Where it listens on 127.0.0.1; None for the first that is free from 8420 on or, in a notebook that has
        anywidget, for the notebook's own channel, with no port opened.
    member
        Of a model that is the mean of several networks the one to look at, from 1; 0 for the mean itself.
    title
        What the page calls these data.
    lesson
        What the page is set to, in place of a model, as the page's "export" shares it: data, network, training, and the
        parameter and the phase that it opens at.

    Returns
    -------
    Page
        With `address`, and `stop()`, which frees the port; it also ends with the program.
    PageWidget
        In a notebook (IPython's kernel) with the extra "notebook": what its cell shows, with `stop()`.

    Raises
    ------
    PackageError
        The extra "app" is not installed.
    OptionError, ShapeError, DataError
        Port or member are out of range; X and y do not fit the model; the lesson's text is wrong.

    Examples
    --------
    >>> page = explore()
    >>> page.address.startswith("http://127.0.0.1:")
    True
    >>> page.stop()
    """
    if port is None and _is_notebook():
        try:
            from deltarule.web.widget import PageWidget
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "anywidget":
                raise
        else:
            return PageWidget(_session(model, X, y, weights, member, title, lesson))
    return page_of(model, X, y, weights, port=port, member=member, title=title, lesson=lesson).start()


def _is_notebook() -> bool:
    """Return whether IPython runs as a kernel."""
    ask = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return ask is not None and getattr(ask(), "kernel", None) is not None


def page_of(
    model: Model | None,
    X: Any,
    y: Any,
    weights: Any = None,
    *,
    port: int | None = None,
    member: int = 1,
    title: str = "",
    lesson: str | None = None,
) -> Page:
    """Return the page of `explore` before it serves."""
    try:
        from deltarule.web.server import Page
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn"):
            raise
        raise lacking("the page", str(error.name), "app") from None
    port = PORT.check(port)
    return Page(_session(model, X, y, weights, member, title, lesson), port)


def _session(
    model: Model | None, X: Any, y: Any, weights: Any, member: int, title: str, lesson: str | None
) -> Session:
    from deltarule.web.session import Session

    if lesson is not None:
        from deltarule.web.lesson import begun

        if model is not None:
            raise OptionError("a lesson brings its own data and network; leave it or the model out.")
        return begun(lesson)
    if model is None:
        return Session()
    seen = explained(model, X, y, weights)
    if len(seen.y) == 0:
        raise DataError("there is no row to look at; give at least one with its target.")
    chosen = _member(model, MEMBER.check(member))
    return Session(seen if chosen is None else replace(seen, net=chosen), title=title)


def _member(model: Any, member: int) -> Network | None:
    """Return one of the networks whose mean a model is; None where it is one alone, or the mean is asked for."""
    of = getattr(model, "model_", model)
    members: tuple[Network, ...] = getattr(of, "members", ())
    if member > max(len(members), 1):
        raise OptionError(f"member is {member}; this model has {len(members) or 1}, and 0 is their mean.")
    return members[member - 1] if member and len(members) > 1 else None
