"""Where everything lies in the engine's one block of memory, and how the work is cut.

Rows are padded with zeros to whole vectors, so that no loop has a tail, and counts of rows to multiples of 4; every
array begins at a vector. The cuts depend on shapes alone, never on the number of threads:

- a batch's rows fall into groups, each with its own sum of losses;
- where the batch is long and the network small (`sums_by_group`), every group also has its own gradient, added
  up in the order of the groups; else a gradient is summed over the whole batch, block by block of W_k's rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from deltarule.engines.compiled.activations import CODES
from deltarule.engines.compiled.outputs import CODES as OUTPUTS
from deltarule.engines.compiled.tiles import LANES_4, LANES_8
from deltarule.network import Network
from deltarule.parameters import Selection

N_IN, N_OUT, IN, OUT, AT, W, H, D, CODE, FIRST_ROW, END_ROW, IS_PARTIAL = range(12)
"""Columns of `Plan.layers`: true and padded widths; the place of layer k within a padded theta, whose rows are b_k
and then W_k^T; the places of W_k (0: nobody needs it), h_k and dL/da_k in memory; the activation; which rows
learn, from row 0 = b_k on, and whether only single parameters of them do."""

GROUPS_BY_BLOCK, GROUPS_WITH_GRADIENT = 64, 8
BLOCK = 8192
"""About how many weights a block has: its gradient stays in the first cache until it is used."""
CHUNK = 16_384
"""About how many numbers the activations of a chunk of rows take, where they need not be kept."""
WORTH = 400_000
"""Floating-point operations of a step that are worth a thread."""
QUICK = 2e7
"""Floating-point operations below which a thread costs more to start than it saves."""


def up(n: int, to: int) -> int:
    """Return n rounded up to a multiple."""
    return -(-n // to) * to


FIELDS = (
    "n_theta", "theta", "states", "mask", "gradient", "zeros", "scratch", "scratch_size", "batch_size",
    "group_rows", "sums", "sums_by_group", "chunk_rows", "lowest", "output",
)  # fmt: skip
"""The entries of `Plan.places`. States, mask and gradients have theta's padded form, one after another."""
(
    N_THETA, THETA, STATES, MASK, GRADIENT, ZEROS, SCRATCH, SCRATCH_SIZE, BATCH,
    GROUP_ROWS, SUMS, SUMS_BY_GROUP, CHUNK_ROWS, LOWEST, OUTPUT,
) = range(len(FIELDS))  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """The cut of a network's training at one batch size.

    batch, group_rows
        Rows of a batch, and of one of its groups.
    layers
        (K + 1, 12) int64, see above.
    blocks
        (n, 3) int64: layer, first row, end row.
    costs
        (n,): what a block costs, to share blocks among threads.
    places
        (15,) int64, see `FIELDS`.
    size
        How many numbers the memory holds; the first `kept` of them are theta and the optimiser's state.
    """

    batch: int
    group_rows: int
    layers: NDArray[np.int64]
    blocks: NDArray[np.int64]
    costs: NDArray[np.float64]
    places: NDArray[np.int64]
    size: int
    kept: int

    @property
    def operations(self) -> float:
        """About the floating-point operations that an example takes in a step."""
        return 6.0 * float((self.layers[1:, N_IN] * self.layers[1:, N_OUT]).sum())

    def threads_worth(self, most: int, examples: int) -> int:
        """Return how many threads pay, by the floating-point operations of a step and of so many examples."""
        if self.operations * examples < QUICK:
            return 1
        return max(1, min(most, int(self.operations * self.batch / WORTH)))

    def shares(self, threads: int) -> NDArray[np.int64]:
        """Return the first block of every thread, and the number of blocks, (threads + 1,)."""
        done = np.concatenate([[0.0], np.cumsum(self.costs)])
        goals = done[-1] * np.arange(threads + 1) / threads - 1e-9
        return np.array(np.searchsorted(done, goals), np.int64)


def plan(
    net: Network,
    selection: Selection | None,
    batch: int,
    threads: int,
    n_states: int = 0,
    keeps_gradient: bool = True,
) -> Plan:
    """Return the plan for the gradient of what is selected of a network, in batches of so many rows.

    selection is None where no gradient is wanted. n_states counts the optimiser's arrays; keeps_gradient says
    whether the whole gradient is needed at once.
    """
    lanes = LANES_4 if net.dtype == np.float32 else LANES_8
    learns = np.zeros(net.layout.size, bool)
    if selection is not None:
        learns[selection.index] = True
    layers = np.zeros((net.K + 1, 12), np.int64)
    n_theta = 0
    for k in range(1, net.K + 1):
        n_in, n_out = net.sizes[k - 1], net.sizes[k]
        inner, outer = up(n_in, lanes), up(n_out, lanes)
        layers[k, [N_IN, N_OUT, IN, OUT]] = n_in, n_out, inner, outer
        layers[k, AT] = n_theta
        n_theta += (1 + inner) * outer
        layers[k, CODE] = CODES[net.g[k].name] if k < net.K else -1
        of_W, of_b = learns[net.layout.W[k]], learns[net.layout.b[k]]
        layers[k, [FIRST_ROW, END_ROW]] = 0 if of_b.any() else 1, 1 + n_in * of_W.any()
        layers[k, IS_PARTIAL] = any(part.any() and not part.all() for part in (of_W, of_b))
    layers[0, OUT] = layers[1, IN]
    learning = [k for k in range(1, net.K + 1) if layers[k, FIRST_ROW] < layers[k, END_ROW]]
    lowest = min(learning, default=net.K)

    widths = int(2 * layers[1:, OUT].sum() + layers[1, IN])
    sums_by_group = (
        selection is not None and batch >= 8 * GROUPS_WITH_GRADIENT and batch * widths > 16 * n_theta
    )
    group_rows = up(-(-batch // (GROUPS_WITH_GRADIENT if sums_by_group else GROUPS_BY_BLOCK)), 4)
    chunk_rows = min(group_rows, max(48, CHUNK // widths // 12 * 12)) if sums_by_group else batch
    rows = threads * up(chunk_rows, 4) if sums_by_group else up(batch, 4)

    at = 0

    def take(n: int) -> int:
        nonlocal at
        at += up(n, lanes)
        return at - up(n, lanes)

    places = dict.fromkeys(FIELDS, 0)
    places["n_theta"] = n_theta
    places["theta"] = take(n_theta)
    places["states"] = take(n_states * n_theta)
    kept = at
    places["mask"] = take(n_theta) if layers[:, IS_PARTIAL].any() else -1
    places["gradient"] = take(GROUPS_WITH_GRADIENT * n_theta if sums_by_group else n_theta * keeps_gradient)
    places["zeros"] = take(int(layers[:, [IN, OUT]].max()))
    for k in range(net.K + 1):
        if k:
            if k > lowest:
                layers[k, W] = take(int(layers[k, OUT] * layers[k, IN]))
            layers[k, D] = take(rows * int(layers[k, OUT]))
        layers[k, H] = take(rows * int(layers[k, OUT]))
    places["sums"] = take(rows)
    blocks, costs = _blocks(layers, learning, batch)
    largest = max(((up(r1 - r0, 4) + 4) * layers[k, OUT] for k, r0, r1 in blocks), default=0)
    places["scratch_size"] = up(int(largest), 64)
    places["scratch"] = take(threads * places["scratch_size"])
    places["batch_size"], places["group_rows"] = batch, group_rows
    places["sums_by_group"], places["chunk_rows"], places["lowest"] = sums_by_group, chunk_rows, lowest
    places["output"] = OUTPUTS[net.output.name]
    order = np.array([places[name] for name in FIELDS], np.int64)
    return Plan(
        batch,
        group_rows,
        layers,
        np.array(blocks, np.int64).reshape(-1, 3),
        np.array(costs),
        order,
        at + lanes,
        kept,
    )


def _blocks(
    layers: NDArray[np.int64], learning: list[int], batch: int
) -> tuple[list[tuple[int, int, int]], list[float]]:
    """Return the blocks of rows that learn, and what each costs."""
    blocks: list[tuple[int, int, int]] = []
    costs: list[float] = []
    for k in learning:
        outer, first, end = int(layers[k, OUT]), int(layers[k, FIRST_ROW]), int(layers[k, END_ROW])
        most = max(BLOCK // outer, 4)
        if outer * (end - first) > BLOCK // 4:
            most = min(most, -(-end // 8))
        whole = (
            LANES_4 if layers[k, W] else 12 if most > 4 else 4
        )  # a transposed copy is made by whole squares
        rows = up(most, whole)
        cuts = sorted({first, *range(1 + rows, end, rows), end})
        for r0, r1 in pairwise(cuts):
            blocks.append((k, r0, r1))
            costs.append(float(up(r1 - r0, 4) * outer) * (batch / 16 + 2))
    return blocks, costs
