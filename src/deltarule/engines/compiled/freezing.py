"""Kernels compiled for one network while others already train it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import suppress
from typing import ClassVar

from deltarule.engines.compiled.compiler import Compiling, Order
from deltarule.engines.compiled.machine_code import Loaded
from deltarule.engines.compiled.places import PRODUCT
from deltarule.engines.compiled.plan import Plan


class Frozen:
    """The epoch of single examples, compiled for one network and optimiser: all sizes and places are constants.

    It makes the same bits in about half the time. Another process compiles it beside what runs: `address` is None until
    it is there, and for ever where no process can be had.
    """

    LARGEST: ClassVar[int] = 1024
    """Numbers of a theta that is worth it."""
    MOST: ClassVar[int] = 32
    """Kernels that are held; whoever runs a longer one holds it himself. Each takes a hundred kilobytes."""
    known: ClassVar[OrderedDict[bytes, Frozen]] = OrderedDict()
    lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, dtype: str, plan: Plan, optimiser: int) -> None:
        told = {"layers": plan.layers.tolist(), "places": plan.places.tolist(), "optimiser": optimiser}
        self._compiling: Compiling | None = None
        self._loaded: Loaded | None = None
        with suppress(OSError):
            self._compiling = Compiling(Order(dtype, {"frozen": ""}, told))

    @property
    def is_running(self) -> bool:
        """Whether it is being compiled."""
        return self._compiling is not None and self._compiling.is_running

    @property
    def address(self) -> int | None:
        """The kernel's, once it is there."""
        if self._loaded is None and self._compiling is not None and self._compiling.made:
            self._loaded = Loaded(self._compiling.made[0].code)
            self._compiling = None
        return self._loaded and self._loaded.address

    @classmethod
    def of(cls, dtype: str, plan: Plan, optimiser: int) -> Frozen | None:
        """Return the one for a plan, begun if it is new; None while another is being compiled."""
        key = plan.layers.tobytes() + plan.places[:PRODUCT].tobytes() + bytes([optimiser]) + dtype.encode()
        with cls.lock:
            if key not in cls.known:
                if any(one.is_running for one in cls.known.values()):
                    return None
                cls.known[key] = cls(dtype, plan, optimiser)
                if len(cls.known) > cls.MOST:
                    cls.known.popitem(last=False)
            cls.known.move_to_end(key)
            return cls.known[key]

    @classmethod
    def wait(cls) -> None:
        """Return once nothing is being compiled."""
        for one in list(cls.known.values()):
            if one._compiling is not None:
                one._compiling.wait()
