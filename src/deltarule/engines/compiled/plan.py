"""Where everything lies in the engine's one block of memory, and how the work is cut.

Examples lie side by side: h_k and dL/da_k are kept in chunks of up to PANEL examples, each a matrix with a row for
every unit. h_k has one more row, of ones, and a parameter block [W_k b_k] one more column. The gradient of a layer
is a product over examples, for which one of its factors is also kept with a row for every example.

The cuts depend on shapes alone, never on the number of threads. A gradient is summed over the batch in the
order of its examples. Only where the batch is long and the network small (`sums_by_group`) do groups of
examples have gradients of their own, which are added up in the order of the groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deltarule.engines.compiled.codes import ACTIVATION_CODES, OUTPUT_CODES
from deltarule.engines.compiled.processor import LANES_4, LANES_8
from deltarule.maths.dropout import WORD, Dropout
from deltarule.network import Network
from deltarule.parameters import Selection

(
    N_IN,
    N_OUT,
    AT,
    UNIT,
    INPUT,
    IS_TURNED,
    H,
    HEIGHT,
    D,
    ROWS,
    ROWS_STEP,
    PANEL_WIDTH,
    CODE,
    LEARNS,
    IS_PARTIAL,
    DROP,
) = range(FIELDS_OF_LAYER := 16)
"""Columns of `Plan.layers`: widths; the place of [W_k b_k] in a vector like theta, the distances from unit to unit
and from input to input in it, and whether it is kept as its transpose; the place of h_k and the rows of a chunk of
it; the place of dL/da_k; the place of the factor of the gradient that has a row for every example (h_{k-1}, or
dL/da_k where turned; -1: nobody needs it, as where the gradient is made of inner products), its distance from chunk
to chunk, and the width of its panels; the activation; whether anything learns, and whether not everything does; the
threshold of dropout, 0 without."""

PANEL = 64
"""Columns that lie together in a matrix, a multiple of the widest tile: its rows are PANEL or fewer numbers apart."""
GROUPS = 16
LONG_BATCH = 512
"""Groups of a batch, and from how many examples on there are any."""
BLOCK = 8192
"""About how many parameters a block has: its gradient stays in the first cache until it is used."""
PART = 64
"""Examples of a part of a batch, at least,"""
PART_WORTH = 1_000_000
"""floating-point operations of one, at least,"""
PARTIAL = 65_536
"""and numbers of all parts' gradients, at most."""
LARGE = 262_144
"""Numbers of a layer's part of theta that is not kept as its transpose: columns of it would be too far apart."""
TURNED = 9
"""Products of numbers that take as long as to copy one from a row of a unit's to a row of an example's."""
FOLDED = 6
"""Products of vectors that take as long as to add up the numbers of one, at the end of an inner product."""
APART = 1024
"""Numbers between what different threads write, which the processor would else fetch ahead from one to the other."""
PAGE = 1024
"""Numbers of a page of memory, in which the cache repeats itself."""
SMALL = 16_384
"""Parameters of a network that is trained on single examples in a way of its own."""
CACHE = 131_072
"""Numbers that the second cache holds beside others: a factor of a gradient larger than that is cut by columns."""
WORTH = 1_000_000
"""Floating-point operations of a step that are worth a thread."""
QUICK = 5e6
"""Floating-point operations below which a thread costs more to start than it saves."""


def up(n: int, to: int) -> int:
    """Return n rounded up to a multiple."""
    return -(-n // to) * to


FIELDS = (
    "batch", "size", "theta", "states", "mask", "gradient", "scratch", "scratch_size", "columns", "group", "span", "c",
    "keys", "seed", "losses", "input_rows", "input_step", "input_panel", "example_rows", "lowest", "output", "setting",
    "single", "spare", "listed", "starts", "inputs", "values", "firsts", "ends", "columns_of", "column_rows",
    "column_values", "turning",
    "product", "inner", "activate", "drop", "delta", "y_hat", "step", "change", "one", "layers",
)  # fmt: skip
"""The entries of `Plan.places`. batch: examples of a batch. theta, states, mask, gradient: places of vectors like
theta, `size` numbers each, one after another; of `gradient` there is one a group. columns: examples of a chunk; group:
examples of a group, 0 where there are none; span: examples whose factors of the gradient are there at once; c, keys,
losses: places of a number for every example (keys: -1 without dropout); seed: of dropout; input_rows: the place of the
batch's rows of X, in panels of width input_panel, input_step further on for each chunk; example_rows: how many examples
the factors with a row for each have room for; lowest: the lowest layer that learns; setting: the bits of the output's
number; single: the numbers of a vector of units where a batch is one example, else 0, and spare: what it needs beside.
listed: 0 where X is a matrix, else X is kept as lists of what is not 0, and no row's list is longer; starts, inputs,
firsts, ends, columns_of, column_rows: places among the engine's `lists`, see `kernels/listing.py`; values,
column_values, turning: in memory. The last ten are addresses of kernels and of `Plan.layers`, which the engine fills
in."""
(
    BATCH, SIZE, THETA, STATES, MASK, GRADIENT, SCRATCH, SCRATCH_SIZE, COLUMNS, GROUP, SPAN, C, KEYS,
    SEED, LOSSES, INPUT_ROWS, INPUT_STEP, INPUT_PANEL, EXAMPLE_ROWS, LOWEST, OUTPUT, SETTING,
    SINGLE, SPARE, LISTED, STARTS, INPUTS, VALUES, FIRSTS, ENDS, COLUMNS_OF, COLUMN_ROWS, COLUMN_VALUES, TURNING,
    PRODUCT, INNER, ACTIVATE, DROPPING, DELTA, Y_HAT, STEP, CHANGE, ONE, LAYERS,
) = range(len(FIELDS))  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """The cut of a network's training at one batch size.

    batch
        Examples of a batch.
    chunks
        Of examples that a thread's buffers have room for.
    regions
        1 where threads share their buffers, else one a thread.
    layers_of, places_of
        (threads, K + 1, 17) and (threads, 44) int64: what each thread is told; see above, and `FIELDS`.
    blocks
        (n, 5) int64: layer, first and end row, first and end column of the layer's part of theta.
    costs
        (n,): what a block costs, to share blocks among threads.
    lists
        How many integers there are to be for lists.
    size
        How many numbers the memory holds; the first `kept` of them are theta and the optimiser's state.
    """

    batch: int
    chunks: int
    regions: int
    layers_of: NDArray[np.int64]
    places_of: NDArray[np.int64]
    blocks: NDArray[np.int64]
    costs: NDArray[np.float64]
    lists: int
    size: int
    kept: int

    @property
    def layers(self) -> NDArray[np.int64]:
        """What thread 0 is told."""
        return self.layers_of[0]

    @property
    def places(self) -> NDArray[np.int64]:
        """What thread 0 is told."""
        return self.places_of[0]

    @property
    def sums(self) -> int:
        """How many sums of losses a batch has: by group, or by chunk."""
        return -(-self.batch // int(self.places[GROUP] or self.places[COLUMNS]))

    def shares(self, threads: int) -> NDArray[np.int64]:
        """Return the first block of every thread, and the number of blocks, (threads + 1,)."""
        done = np.concatenate([[0.0], np.cumsum(self.costs)])
        goals = done[-1] * np.arange(threads + 1) / threads - 1e-9
        return np.array(np.searchsorted(done, goals), np.int64)


def operations(net: Network) -> float:
    """Return about how many floating-point operations an example takes in a step."""
    return 6.0 * sum(n_in * n_out for n_in, n_out in pairwise(net.sizes))


def threads_worth(net: Network, batch: int, examples: int, most: int) -> int:
    """Return how many threads pay, by the operations of a step and of all examples."""
    if operations(net) * examples < QUICK:
        return 1
    return max(1, min(most, int(operations(net) * batch / WORTH)))


def parts_of(net: Network, batch: int, size: int) -> int:
    """Return into how many parts, each with a gradient of its own, a batch of no great length is cut; 1: none.

    A part is worth a thread, which then meets others twice a step and not for every layer.
    """
    most = min(GROUPS, batch // PART, int(operations(net) * batch / PART_WORTH), PARTIAL // size)
    return 1 << max(0, most.bit_length() - 1)


class Cut(NamedTuple):
    """How a batch is cut: into groups, of `group` examples, and these into chunks, of `columns`.

    Without groups, `groups` is 1 and `group` 0. `span`: of how many examples a thread keeps what their gradient needs.
    """

    groups: int
    columns: int
    group: int
    span: int


def _cut(batch: int, parts: int, threads: int, lanes: int, *, is_long: bool) -> Cut:
    """Return the cut of a batch for a gradient."""
    widest = min(PANEL, 4 * lanes)

    def even(n: int, least: int) -> int:
        """Return the examples of a chunk, so that all have about as many, and there are `least` or a multiple."""
        return up(-(-n // (least * -(-n // (least * widest)))), lanes)

    if is_long:
        columns = even(batch, 1)
        return Cut(GROUPS, columns, up(-(-batch // GROUPS), columns), columns)
    if parts > 1:
        group = up(-(-batch // parts), lanes)
        return Cut(parts, even(group, 1), group, group)
    return Cut(1, even(batch, threads), 0, batch)


def plan(
    net: Network,
    selection: Selection | None,
    batch: int,
    threads: int,
    n_states: int = 0,
    keeps_gradient: bool = True,
    dropout: Dropout | None = None,
    listed: tuple[int, int, int] = (0, 0, 0),
) -> Plan:
    """Return the plan for the gradient of what is selected of a network, in batches of so many examples.

    selection is None where no gradient is wanted: then every thread has room for a chunk of its own. n_states counts
    the optimiser's arrays; keeps_gradient says whether the whole gradient is needed at once; dropout, what is left out;
    listed: where X is kept as lists, how long they are at most and together, and how many there are.
    """
    longest, numbers, rows_of_X = listed
    lanes = LANES_4 if net.dtype == np.float32 else LANES_8
    learns = np.zeros(net.layout.size, bool)
    if selection is not None:
        learns[selection.index] = True
    layers = np.zeros((net.K + 1, FIELDS_OF_LAYER), np.int64)
    layers[0, N_OUT] = net.sizes[0]
    single = _lanes_of_units(net, lanes) if selection is not None and is_by_units(net, batch, dropout) else 0
    together = batch if batch < LONG_BATCH else min(PANEL, 4 * lanes)
    is_inner: dict[int, bool] = {}
    ranges: dict[int, tuple[int, int, int, int]] = {}  # what learns of each layer's part of theta
    size = 0
    for k in range(1, net.K + 1):
        n_in, n_out = net.sizes[k - 1], net.sizes[k]
        across, down = (n_in + 1) * up(n_out, lanes), n_out * up(n_in + 1, lanes)
        is_large = across >= LARGE
        across += TURNED * up(n_out, lanes)
        down += TURNED * up(n_in, lanes)
        inner = (n_in + 1) * n_out * (1 + FOLDED * lanes / together)
        is_listed = k == 1 and longest > 0
        is_inner[k] = single == 0 and not is_listed and inner < min(across, down)
        is_turned = single > 0 or is_listed or (across < down and not is_large and not is_inner[k])
        layers[k, [N_IN, N_OUT, AT, IS_TURNED]] = n_in, n_out, size, is_turned
        row = up(n_out, single or 1) if is_turned else n_in + 1
        row += lanes if row % PAGE == 0 else 0  # else every row would fall into the same lines of the cache
        layers[k, [UNIT, INPUT]] = (1, row) if is_turned else (row, 1)
        size = up(size + (n_in + 1 if is_turned else n_out) * row, lanes)
        layers[k, CODE] = ACTIVATION_CODES[net.g[k].name] if k < net.K else -1
        layers[k, DROP] = dropout.threshold(k) if dropout is not None and k < net.K else 0
        of_W, of_b = learns[net.layout.W[k]], learns[net.layout.b[k]]
        layers[k, LEARNS] = of_W.any() or of_b.any()
        if layers[k, LEARNS]:
            inputs = 0 if of_W.any() else n_in, n_in + 1
            ranges[k] = (*inputs, 0, n_out) if is_turned else (0, n_out, *inputs)
            layers[k, IS_PARTIAL] = not (of_b.all() and (of_W.all() or not of_W.any()))
    lowest = min(ranges, default=net.K)

    widths = 2 * sum(net.sizes[1:]) + 3 * (longest or net.sizes[0])
    is_long = batch >= LONG_BATCH and batch * widths > GROUPS * size
    if selection is None:
        cut = Cut(1, min(PANEL, 4 * lanes), 0, min(PANEL, 4 * lanes))
    else:
        cut = _cut(batch, parts_of(net, batch, size), threads, lanes, is_long=is_long)
    groups, columns, group, span = cut
    has_own = selection is None or groups > 1  # every thread has buffers of its own
    chunks = -(-span // columns) if has_own else -(-batch // columns)
    at = 0

    def take(n: int) -> int:
        nonlocal at
        at += up(n, lanes)
        return at - up(n, lanes)

    places: dict[str, int] = dict.fromkeys(FIELDS, 0)
    places["batch"], places["size"] = batch, size
    places["theta"] = take(size)
    places["states"] = take(n_states * size)
    kept = at
    places["mask"] = take(size) if layers[:, IS_PARTIAL].any() else -1
    places["gradient"] = take(groups * size if groups > 1 else size * (keeps_gradient or single > 0))
    places["columns"], places["group"], places["span"] = columns, 1 if single else group, span
    blocks, costs = _blocks(ranges, batch, is_listed=longest > 0)
    largest = max(((r1 - r0) * (c1 - c0) for _, r0, r1, c0, c1 in blocks), default=0)
    places["scratch_size"] = (up(largest, 64) + 64) * 2
    places["scratch"] = take(threads * places["scratch_size"])
    places["single"], places["spare"] = single, take(2 * net.sizes[-1] * single)
    places["lowest"], places["output"] = lowest, OUTPUT_CODES[net.output.name]
    places["setting"] = int(np.float64(net.output.setting or 0.0).view(np.int64))
    places["seed"] = 0 if dropout is None else dropout.seed % WORD

    begin = take(APART)
    examples = chunks * columns
    places["example_rows"] = examples
    places["c"], places["losses"] = take(examples), take(examples)
    places["keys"] = -1 if dropout is None else take(examples)
    places["input_panel"] = panel = min(PANEL, up(net.sizes[0] + 1, lanes))
    places["input_rows"] = take(0 if longest else examples * up(net.sizes[0] + 1, panel))
    places["input_step"] = columns * panel
    for k in range(1 if longest else 0, net.K + 1):
        is_whole = k == 0 or (k == 1 and longest > 0)  # made by whole vectors
        layers[k, HEIGHT] = up(net.sizes[k] + 1, lanes) if is_whole else net.sizes[k] + 1
        layers[k, H] = take(examples * int(layers[k, HEIGHT]))
        layers[k, D] = take(examples * net.sizes[k] if k else 0)
        layers[k, ROWS] = -1
        if single and k > lowest:
            layers[k, ROWS] = take(up(net.sizes[k], single) * up(net.sizes[k - 1], single))
        elif k and layers[k, LEARNS] and not is_inner[k]:
            width = net.sizes[k] if layers[k, IS_TURNED] else net.sizes[k - 1] + 1
            layers[k, PANEL_WIDTH] = panel = min(PANEL, up(width, lanes))
            layers[k, ROWS_STEP] = columns * panel
            if k == 1 and not layers[k, IS_TURNED]:
                layers[k, ROWS] = places["input_rows"]
            else:
                layers[k, ROWS] = take(examples * up(width, panel))
    ints = 0
    if longest:
        parts = 1 if has_own else threads
        entries = min(examples * longest, numbers) + examples
        places["listed"], places["ends"] = longest, examples
        places["columns_of"] = 2 * examples
        places["column_rows"] = places["columns_of"] + parts * (net.sizes[0] + 3)
        ints = up(places["column_rows"] + entries + APART, lanes)
        places["column_values"], places["turning"] = take(entries), take(chunks * lanes * PANEL)
    region, regions = up(at - begin + APART, lanes), threads if has_own else 1
    at = begin + regions * region
    if longest:
        places["values"] = take(numbers)
        places["starts"], places["inputs"] = regions * ints, regions * ints + rows_of_X + 1
    at += lanes * PANEL  # tiles may read beyond what they use
    layers_of, places_of = _told(layers, places, threads, region if has_own else 0, ints if has_own else 0)
    return Plan(
        batch,
        chunks,
        regions,
        layers_of,
        places_of,
        np.array(blocks, np.int64).reshape(-1, 5),
        np.array(costs),
        places["inputs"] + numbers,
        at,
        kept,
    )


def _told(
    layers: NDArray[np.int64], places: dict[str, int], threads: int, region: int, ints: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return layers and places for each thread, whose buffers lie `region` numbers and `ints` integers further on."""
    layers_of = np.repeat(layers[None], threads, axis=0)
    places_of = np.repeat(np.array([[places[name] for name in FIELDS]], np.int64), threads, axis=0)
    if threads == 1 or not (region or ints):
        return layers_of, places_of
    steps = np.arange(threads)
    for field in (H, D, ROWS):
        layers_of[:, :, field] += np.where(layers[:, field] < 0, 0, region) * steps[:, None]
    for field in (C, KEYS, LOSSES, INPUT_ROWS, COLUMN_VALUES, TURNING):
        places_of[:, field] += region * steps * (places_of[0, field] >= 0)
    for field in (FIRSTS, ENDS, COLUMNS_OF, COLUMN_ROWS):
        places_of[:, field] += ints * steps
    return layers_of, places_of


def is_by_units(net: Network, batch: int, dropout: Dropout | None) -> bool:
    """Return whether vectors are of units, and not of examples: with one example a batch and a network not large."""
    return batch == 1 and dropout is None and net.layout.size <= SMALL


def _lanes_of_units(net: Network, lanes: int) -> int:
    """Return the numbers of a vector of units, no more than the widest layer needs."""
    narrow = [n for n in (2, 4, 8, 16) if 16 * n >= lanes * 4 and n >= max(net.sizes[1:])]
    return min([lanes, *narrow])


def _blocks(
    ranges: dict[int, tuple[int, int, int, int]], batch: int, *, is_listed: bool
) -> tuple[list[tuple[int, int, int, int, int]], list[float]]:
    """Return the blocks of what learns, and what each costs."""
    blocks: list[tuple[int, int, int, int, int]] = []
    costs: list[float] = []
    for k, (r0, r1, c0, c1) in ranges.items():
        width = 4 * PANEL if batch * (c1 - c0) > CACHE and c1 - c0 > 4 * PANEL else c1 - c0
        height = max(6, BLOCK // width // 6 * 6)
        if (r1 - r0) * (c1 - c0) > BLOCK // 4:
            height = min(height, up(-(-(r1 - r0) // 16), 6))
        if k == 1 and is_listed:  # each block reads all of dL/da_1
            width, height = c1 - c0, -(-(r1 - r0) // 4)
        for top, bottom in pairwise([*range(r0, r1, height), r1]):
            for left, right in pairwise([*range(c0, c1, width), c1]):
                blocks.append((k, top, bottom, left, right))
                costs.append(float((bottom - top) * up(right - left, 16)) * (batch / 16 + 2))
    return blocks, costs
