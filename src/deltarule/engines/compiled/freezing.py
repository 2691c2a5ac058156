"""Kernels compiled for one network while others already train it."""

from __future__ import annotations

import os
import threading
from typing import ClassVar

from deltarule.engines.compiled.machine_code import MachineCode
from deltarule.engines.compiled.places import PRODUCT
from deltarule.engines.compiled.plan import Plan


class Frozen:
    """The epoch of single examples, compiled for one network and optimiser: all sizes and places are constants.

    It makes the same bits in about half the time. It compiles beside what runs: `address` is None until it is there.
    """

    LARGEST: ClassVar[int] = 1024
    """Numbers of a theta that is worth it."""
    known: ClassVar[dict[bytes, Frozen]] = {}
    lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, code: MachineCode, dtype: str, plan: Plan, optimiser: int) -> None:
        self.address: int | None = None
        arguments = code, dtype, plan, optimiser
        self._thread = threading.Thread(target=self._compile, args=arguments)
        self._thread.start()

    def _compile(self, code: MachineCode, dtype: str, plan: Plan, optimiser: int) -> None:
        from deltarule.engines.compiled.kernels import frozen

        self.address = code.load(*frozen(dtype, plan.layers.copy(), plan.places.copy(), optimiser))

    @classmethod
    def of(cls, code: MachineCode, dtype: str, plan: Plan, optimiser: int) -> Frozen:
        """Return the one for a plan, started if it is new."""
        key = plan.layers.tobytes() + plan.places[:PRODUCT].tobytes() + bytes([optimiser]) + dtype.encode()
        with cls.lock:
            if key not in cls.known:
                cls.known[key] = cls(code, dtype, plan, optimiser)
            return cls.known[key]

    @classmethod
    def wait(cls) -> None:
        """Return once nothing is being compiled."""
        for one in list(cls.known.values()):
            one._thread.join()


if hasattr(os, "register_at_fork"):  # a child cannot take over a compiler in the midst of its work
    os.register_at_fork(before=Frozen.wait)
