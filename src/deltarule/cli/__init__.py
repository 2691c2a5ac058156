"""The command line: one file a verb. Results go to standard output, messages to standard error."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from deltarule import __version__, memory
from deltarule.cli.apart import is_wanted, run_apart
from deltarule.cli.interruption import heeded
from deltarule.cli.standard import ReaderGoneError, guarded
from deltarule.cli.streams import printable
from deltarule.cli.words import joined, said_of
from deltarule.errors import DeltaruleError

NO_ROOM = "out of memory: the program itself does not fit; raise the limit (ulimit -v)."
USAGE, OUT_OF_MEMORY, INTERRUPTED, UNEXPECTED = 2, 71, 130, 1

app = App(
    name="deltarule",
    help="Train feed-forward neural networks on tables, and see why every weight moves.",
    help_epilogue="Exit codes: 0 done; 2 usage; 65 bad data; 66 no input; 71 out of memory; 73 cannot create; "
    "74 input/output; 76 bad model file; 130 Ctrl-C; 1 anything else.",
    version=__version__,
    version_flags=["--version", "-V"],
    suppress_keyboard_interrupt=False,
)
app.command("deltarule.cli.fit:fit", name="fit", help="Train a network on a table and write a model file.")
app.command(
    "deltarule.cli.predict:predict", name="predict", help="Predict the target for the rows of a table."
)
app.command(
    "deltarule.cli.evaluate:evaluate", name="evaluate", help="Measure a model on a table with the target."
)
app.command(
    "deltarule.cli.schema:schema", name="schema", help="Show what the columns of a table are, and why."
)
app.command("deltarule.cli.inspect:inspect", name="inspect", help="Show what a model file holds.")
app.command("deltarule.cli.check:check", name="check", help="Prove the gradient on the rows of a table.")
app.command(
    "deltarule.cli.explain:explain", name="explain", help="Show why a parameter moves, factor by factor."
)
app.command(
    "deltarule.cli.suspects:suspects",
    name="suspects",
    help="List the rows that a model finds hardest to believe.",
)
app.command(
    "deltarule.cli.importance:importance",
    name="importance",
    help="Show how much a model depends on each column.",
)
app.command(
    "deltarule.cli.explore:explore",
    name="explore",
    help="Open the page on which every number of a gradient step can be seen.",
)
app.command("deltarule.cli.doctor:doctor", name="doctor", help="Show what deltarule finds on this machine.")


def main(tokens: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; an error is one sentence on standard error."""
    words = list(sys.argv[1:] if tokens is None else tokens)
    is_debug = "--debug" in words
    words = [word for word in words if word != "--debug"]

    def run() -> int:
        with guarded():
            return _run(words, is_debug)

    if tokens is not None or not is_wanted():
        return run()
    code, said = run_apart(run)
    if code is not None:
        return code
    with guarded():
        return _fail(said or NO_ROOM, OUT_OF_MEMORY)


def _run(words: list[str], is_debug: bool) -> int:
    try:
        with printable(), heeded():
            code = app(
                joined(words),
                exit_on_error=False,
                print_error=False,
                result_action="return_value",
            )
        return code if isinstance(code, int) else 0
    except CycloptsError as error:
        return _fail(said_of(error, words, app), USAGE)
    except DeltaruleError as error:
        if is_debug:
            raise
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail("interrupted; nothing was written.", INTERRUPTED)
    except ReaderGoneError:
        return 0
    except MemoryError as error:
        if is_debug:
            raise
        what = " ".join(str(error).split()).rstrip(".") or "the data and what is made of them do not fit"
        return _fail(f"out of memory: {what}; take fewer rows or columns.", OUT_OF_MEMORY)
    except Exception as error:
        if is_debug:
            raise
        if memory.is_shortage(error):
            return _fail(NO_ROOM, OUT_OF_MEMORY)
        first = (str(error).strip().splitlines() or [""])[0]
        return _fail(
            f"unexpected {type(error).__name__}: {first} (this is a fault in deltarule; --debug shows where)",
            UNEXPECTED,
        )


def _fail(message: str, code: int) -> int:
    memory.over(code)
    print(f"deltarule: {message}", file=sys.stderr)
    return code
