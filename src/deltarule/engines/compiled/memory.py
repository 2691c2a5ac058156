"""One block of memory: a network's parameters and the buffers that a plan asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.engines.compiled.plan import (
    AT,
    COLUMNS,
    HEIGHT,
    INPUT,
    IS_TURNED,
    MASK,
    N_IN,
    PANEL_WIDTH,
    ROWS,
    SINGLE,
    UNIT,
    H,
    Plan,
    up,
)
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
        self._write_ones()

    def _write_ones(self) -> None:
        """Give every h_k, and its copy with a row for every example, its ones: the input of the biases."""
        if self.plan.places[SINGLE]:
            return
        columns, chunks = int(self.plan.places[COLUMNS]), self.plan.chunks
        for layers in self.plan.layers_of[: self.plan.regions]:
            for k, n in enumerate(self.net.sizes):
                at, height = int(layers[k, H]), int(layers[k, HEIGHT])
                if height:  # else h_0 is lists
                    h = self.numbers[at : at + chunks * height * columns]
                    h.reshape(chunks, height, columns)[:, n] = 1
            for layer in layers[1:]:
                at, panel, n = int(layer[ROWS]), int(layer[PANEL_WIDTH]), int(layer[N_IN])
                if at >= 0 and not layer[IS_TURNED]:
                    rows = self.numbers[at : at + chunks * columns * up(n + 1, panel)]
                    rows.reshape(-1, chunks * columns, panel)[n // panel, :, n % panel] = 1

    def write(self, at: int, theta: NDArray[Any]) -> None:
        """Copy a vector like theta, (P,), to the engine's form of it from `at` on."""
        weights, biases = self.net.layout.split(theta)
        for k in range(1, self.net.K + 1):
            block = self._layer(k, at)
            block[:, :-1], block[:, -1] = weights[k], biases[k]

    def read(self, at: int, theta: Floats) -> None:
        """Copy the engine's form of a vector like theta, (P,), from `at` on to one."""
        weights, biases = self.net.layout.split(theta)
        for k in range(1, self.net.K + 1):
            block = self._layer(k, at)
            weights[k][:], biases[k][:] = block[:, :-1], block[:, -1]

    def mark(self, selection: Selection) -> None:
        """Write 1 where a parameter learns, where the plan has room for that."""
        if self.plan.places[MASK] >= 0:
            mask = np.zeros_like(self.net.theta)
            mask[selection.index] = 1
            self.write(int(self.plan.places[MASK]), mask)

    def _layer(self, k: int, at: int) -> Floats:
        """Return a view of [W_k b_k], (n_k, n_{k-1} + 1), in the vector from `at` on."""
        n_in, n_out = self.net.sizes[k - 1], self.net.sizes[k]
        layer, begin = self.plan.layers[k], at + int(self.plan.layers[k, AT])
        if layer[IS_TURNED]:
            row = int(layer[INPUT])
            return self.numbers[begin : begin + (n_in + 1) * row].reshape(n_in + 1, row)[:, :n_out].T
        row = int(layer[UNIT])
        return self.numbers[begin : begin + n_out * row].reshape(n_out, row)[:, : n_in + 1]
