"""deltarule explore: the page, on the worked example or on a model and its table."""

from __future__ import annotations

import sys
import webbrowser
from typing import Annotated

from cyclopts import Parameter

from deltarule.cli.output import Data, Whole, read_for, setting, with_targets, working
from deltarule.cli.reading import FOUND, FileOptions, Names
from deltarule.errors import OptionError
from deltarule.saving import open_table
from deltarule.web import MEMBER, PORT, page_of


def explore(
    model: str | None = None,
    data: Data | None = None,
    /,
    *,
    port: Annotated[Whole | None, setting(PORT, "--port")] = None,
    browser: Annotated[bool, Parameter(show_default=False)] = True,
    member: Annotated[Whole, setting(MEMBER, "--member")] = 1,
    lesson: str | None = None,
    missing: Names = None,
    file: FileOptions = FOUND,
) -> int:
    """Open the page on which every number of one gradient step can be seen; Ctrl-C ends it.

    For example: deltarule explore, or deltarule explore penguins.deltarule penguins.csv. It listens on this machine
    alone, and its address holds a secret of this run.

    Parameters
    ----------
    model
        A model file that fit has written; left out, the notes' worked example.
    data
        The table to look at, with the target in it, as for explain.
    browser
        Open it in the browser; --no-browser prints the address, no more.
    lesson
        What the page is set to, in place of a model: a text that its "export" shares, in quotes.
    missing
        A text that means a missing value, besides NA, NaN, null, ? and nothing; may be given several times.
    file
        How the file is read; what is left out is found by looking, and told.
    """
    if lesson is not None:
        page = page_of(model, None, None, port=port, lesson=lesson)
    elif model is None:
        page = page_of(None, None, None, port=port)
    elif data is None:
        raise OptionError(f"to explore {model}, name its table too: deltarule explore {model} DATA.")
    else:
        opened = open_table(model)
        table = with_targets(opened, read_for(opened, data, missing, file))
        with working(f"reading {data} into the network"):
            page = page_of(opened, table, None, port=port, member=member, title=data)
    try:
        if page.notice:
            print(f"deltarule: {page.notice}", file=sys.stderr)
        print(page.address, flush=True)
        print(
            "deltarule: the page is at this address, for this machine alone; Ctrl-C ends it.", file=sys.stderr
        )
        if browser and not _opened(page.address):
            print("deltarule: no browser could be started; open the address yourself.", file=sys.stderr)
        page.serve()
    except KeyboardInterrupt:
        print("deltarule: the page has ended.", file=sys.stderr)
    return 0


def _opened(address: str) -> bool:
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False
