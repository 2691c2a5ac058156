"""How a training epoch runs: one protocol, several engines."""

from deltarule.engines.base import Engine, EpochResult, Problem
from deltarule.engines.reference import ReferenceEngine
from deltarule.errors import unknown

ENGINES: dict[str, type[Engine]] = {"reference": ReferenceEngine}


def engine(name: str, problem: Problem) -> Engine:
    """Return the engine of that name, ready to train on `problem`; "auto" is the fastest there is.

    Raises
    ------
    OptionError
        No engine has that name.
    """
    if name == "auto":
        name = "reference"
    if name not in ENGINES:
        raise unknown("engine", name, ["auto", *ENGINES])
    return ENGINES[name](problem)


__all__ = ["ENGINES", "Engine", "EpochResult", "Problem", "ReferenceEngine", "engine"]
