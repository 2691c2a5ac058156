"""One block of memory: a network's padded parameters and the buffers that a plan asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.engines.compiled.plan import AT, IN, MASK, N_IN, N_OUT, OUT, THETA, Plan, W
from deltarule.errors import DataError
from deltarule.network import Floats, Network
from deltarule.parameters import Selection

ALIGNMENT = 64  # bytes: a cache line, and the widest vector


class Memory:
    """`numbers`, and what goes in and out of it."""

    def __init__(self, net: Network, plan: Plan) -> None:
        self.net, self.plan = net, plan
        size = net.dtype.itemsize
        try:
            whole = np.zeros(plan.size + ALIGNMENT // size, net.dtype)
        except MemoryError:
            raise DataError(
                f"the engine needs {plan.size * size / 2**20:,.0f} MiB for its buffers, which cannot be had; "
                "take a smaller batch_size or a smaller network."
            ) from None
        first = (-whole.ctypes.data % ALIGNMENT) // size
        self.numbers: Floats = whole[first : first + plan.size]
        self.known: Floats | None = None
        """theta as the memory holds it."""

    def write(self, at: int, theta: NDArray[Any]) -> None:
        """Copy a vector like theta, (P,), to a padded one from `at` on."""
        weights, biases = self.net.layout.split(theta)
        for k in range(1, self.net.K + 1):
            to_W, to_b = self._layer(k, at)
            to_W[:], to_b[:] = weights[k], biases[k]

    def read(self, at: int, theta: Floats) -> None:
        """Copy the padded vector from `at` on to one like theta, (P,)."""
        weights, biases = self.net.layout.split(theta)
        for k in range(1, self.net.K + 1):
            weights[k][:], biases[k][:] = self._layer(k, at)
        if at == self.plan.places[THETA]:
            self.known = theta.copy()

    def load(self, *, is_forced: bool = False) -> None:
        """Take theta over from the network, where it is not what is here already."""
        if not is_forced and self.known is not None and np.array_equal(self.known, self.net.theta):
            return
        self.write(int(self.plan.places[THETA]), self.net.theta)
        self.known = self.net.theta.copy()
        for k in range(1, self.net.K + 1):
            layer = self.plan.layers[k]
            if layer[W]:
                inner, n_in, n_out = int(layer[IN]), int(layer[N_IN]), int(layer[N_OUT])
                copy = self.numbers[layer[W] : layer[W] + n_out * inner].reshape(n_out, inner)
                copy[:, :n_in] = self.net.W[k]

    def mark(self, selection: Selection) -> None:
        """Write 1 where a parameter learns, where the plan has room for that."""
        if self.plan.places[MASK] >= 0:
            mask = np.zeros_like(self.net.theta)
            mask[selection.index] = 1
            self.write(int(self.plan.places[MASK]), mask)

    def _layer(self, k: int, at: int) -> tuple[Floats, Floats]:
        """Return views of W_k, (n_k, n_{k-1}), and b_k, (n_k,), in the padded theta from `at` on."""
        layer = self.plan.layers[k]
        n_in, n_out, outer = int(layer[N_IN]), int(layer[N_OUT]), int(layer[OUT])
        rows = self.numbers[at + layer[AT] : at + layer[AT] + (1 + n_in) * outer].reshape(1 + n_in, outer)
        return rows[1:, :n_out].T, rows[0, :n_out]
