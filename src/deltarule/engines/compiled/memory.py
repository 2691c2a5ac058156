"""One block of memory: a network's parameters and the buffers that a plan asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.engines.compiled.cuts import up
from deltarule.engines.compiled.places import (
    AT,
    BIAS,
    COLUMNS,
    FACTORS,
    FIRST,
    HEIGHT,
    INPUT,
    IS_TURNED,
    MASK,
    N_IN,
    N_OUT,
    NUMBERS,
    PANEL_WIDTH,
    ROWS,
    SINGLE,
    STRANDS,
    THETA,
    UNIT,
    H,
)
from deltarule.engines.compiled.plan import Plan
from deltarule.memory import SMALLER, require, room_for
from deltarule.network import Floats, Network
from deltarule.parameters import Selection

ALIGNMENT = 64  # bytes: a cache line, and the widest vector


class Memory:
    """`numbers`, and what goes in and out of it."""

    def __init__(self, net: Network, plan: Plan) -> None:
        self.net, self.plan = net, plan
        size = net.dtype.itemsize
        with room_for(f"the engine's memory of {plan.size * size / 2**20:,.0f} MiB", SMALLER):
            require(plan.size * size, "the engine's memory", SMALLER)
            whole = np.zeros(plan.size + ALIGNMENT // size, net.dtype)
        first = (-whole.ctypes.data % ALIGNMENT) // size
        self.numbers: Floats = whole[first : first + plan.size]
        numbers = net.output.by_unit(net.sizes[-1])
        self.numbers[plan.places[NUMBERS] :][: len(numbers)] = numbers
        self._write_ones()

    def _write_ones(self) -> None:
        """Give every h_k, and its copy with a row for every example, its ones for the biases, and s its one."""
        if self.net.s is not None:
            self.numbers[int(self.plan.places[THETA] + self.plan.layers[0, AT]) + self.net.sizes[0]] = 1
        if self.plan.places[SINGLE]:
            return
        columns, chunks = int(self.plan.places[COLUMNS]), self.plan.chunks
        for layers in self.plan.layers_of[: self.plan.regions]:
            for layer in layers[:-1]:
                at, height, n = int(layer[H]), int(layer[HEIGHT]), int(layer[N_OUT])
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
        for block, weights, biases in self._blocks(at, theta):
            block[:, : weights.shape[1]] = weights
            block[:, weights.shape[1] :] = biases

    def read(self, at: int, theta: Floats) -> None:
        """Copy the engine's form of a vector like theta, (P,), from `at` on to one."""
        for block, weights, biases in self._blocks(at, theta):
            weights[:] = block[:, : weights.shape[1]]
            biases[:] = block[:, weights.shape[1] :]

    def mark(self, selection: Selection) -> None:
        """Write 1 where a parameter learns, where the plan has room for that."""
        if self.plan.places[MASK] >= 0:
            mask = np.zeros_like(self.net.theta)
            mask[selection.index] = 1
            self.write(int(self.plan.places[MASK]), mask)

    def rate(self, rates: NDArray[np.float64] | None) -> None:
        """Write the factors on the learning rate, (P,), where the plan has room for them."""
        if rates is not None and self.plan.places[FACTORS] >= 0:
            self.write(int(self.plan.places[FACTORS]), rates)

    def _blocks(self, at: int, theta: NDArray[Any]) -> Iterator[tuple[Floats, NDArray[Any], NDArray[Any]]]:
        """Yield views of [W_k b_k], (n_k, n_{k-1} + 1), in the vector from `at` on, and of W_k and b_k in theta.

        Strand by strand, where there are any: b_k has no column but for the last of them. And s, as weights of one row.
        """
        W, b = self.net.layout.split(theta)
        if self.net.s is not None:
            s, begin = theta[None, self.net.layout.s], at + int(self.plan.layers[0, AT])
            yield self.numbers[None, begin : begin + s.shape[1]], s, s[:, :0]
        for layers in self.plan.layers_of[: max(1, int(self.plan.places[STRANDS]))]:
            for k in range(1, self.net.K + 1):
                n_in, n_out, bias, unit, step = layers[k, [N_IN, N_OUT, BIAS, UNIT, INPUT]].tolist()
                begin, below = int(layers[k, AT]), int(layers[k - 1, FIRST])
                size = self.numbers.itemsize
                block = np.lib.stride_tricks.as_strided(
                    self.numbers[at + begin :], (n_out, n_in + bias), (unit * size, step * size)
                )
                units = slice(int(layers[k, FIRST]), int(layers[k, FIRST]) + n_out)
                yield block, W[k][units, below : below + n_in], b[k][units, None][:, :bias]
