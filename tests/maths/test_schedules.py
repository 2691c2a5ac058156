"""Schedules at times whose factor is known by hand."""

from __future__ import annotations

import pytest

from deltarule.errors import OptionError
from deltarule.maths.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    Exponential,
    InverseTime,
    OneCycle,
    Part,
    Schedule,
    Step,
    WarmUp,
    schedule,
)


@pytest.mark.parametrize(
    ("which", "epoch", "epochs", "factor"),
    [
        (Constant(), 7.3, 10, 1.0),
        (Step(every=3, factor=0.5), 0, 10, 1.0),
        (Step(every=3, factor=0.5), 2.999, 10, 1.0),
        (Step(every=3, factor=0.5), 3, 10, 0.5),
        (Step(every=3, factor=0.5), 6.5, 10, 0.25),
        (Exponential(0.5), 3, 10, 0.125),
        (Exponential(0.25), 0.5, 10, 0.5),
        (InverseTime(0.5), 2, 10, 0.5),
        (Cosine(), 0, 10, 1.0),
        (Cosine(), 10 / 3, 10, 0.75),
        (Cosine(), 10, 10, 0.0),
        (Cosine(last=0.2), 5, 10, 0.6),
        (Cosine(last=0.2), 10, 10, 0.2),
        (OneCycle(rise=0.25, first=0.1, last=0.01), 0, 8, 0.1),
        (OneCycle(rise=0.25, first=0.1, last=0.01), 1, 8, 0.55),
        (OneCycle(rise=0.25, first=0.1, last=0.01), 2, 8, 1.0),
        (OneCycle(rise=0.25, first=0.1, last=0.01), 5, 8, 0.505),
        (OneCycle(rise=0.25, first=0.1, last=0.01), 8, 8, 0.01),
        (OneCycle(rise=0.0), 0, 8, 1.0),
        (WarmUp(Constant(), 4), 1, 10, 0.25),
        (WarmUp(Constant(), 4), 9, 10, 1.0),
        (WarmUp(Cosine(), 10), 5, 10, 0.25),
        (WarmUp(Cosine(), 0), 5, 10, 0.5),
        (Part(Cosine(last=0.2), 0.5, 1.0), 0, 5, 0.6),
        (Part(Cosine(last=0.2), 0.5, 1.0), 5, 5, 0.2),
        (Part(OneCycle(rise=0.25, first=0.1, last=0.01), 0.0, 0.625), 5, 5, 0.505),
    ],
    ids=str,
)
def test_factors(which: Schedule, epoch: float, epochs: float, factor: float):
    assert which(epoch, epochs) == pytest.approx(factor, rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("name", SCHEDULES)
def test_names(name: str):
    which = schedule(name)
    assert type(which) is SCHEDULES[name]
    assert schedule(which) is which
    assert all(0 < which(epoch / 4, 25) <= 1 for epoch in range(100))


def test_unknown_names_list_the_known():
    with pytest.raises(OptionError, match=r"'cosin'; did you mean 'cosine'\? Known: constant, step"):
        schedule("cosin")
