"""Where everything lies in the engine's one block of memory, cut as `cuts.py` says.

Examples lie side by side: h_k and dL/da_k are kept in chunks of up to PANEL examples, each a matrix with a row for
every unit. h_k has one more row, of ones, and a parameter block [W_k b_k] one more column. The gradient of a layer
is a product over examples, for which one of its factors is also kept with a row for every example.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from deltarule.engines.compiled.codes import ACTIVATION_CODES, OUTPUT_CODES
from deltarule.engines.compiled.cuts import (
    GROUPS,
    LONG_BATCH,
    Cut,
    blocks_of,
    cut_of,
    is_by_units,
    lanes_of_units,
    parts_of,
    scale_blocks,
    strands_of,
    up,
)
from deltarule.engines.compiled.places import (
    AT,
    BIAS,
    BIASES,
    CODE,
    DROP,
    ENDS,
    FIELDS,
    FIELDS_OF_LAYER,
    FIRST,
    FIRSTS,
    GROUP,
    HEIGHT,
    INPUT,
    INPUT_ROWS,
    IS_PARTIAL,
    IS_RATED,
    IS_TURNED,
    KEYS,
    LEARNS,
    LOGITS,
    LOSSES,
    N_IN,
    N_OUT,
    PANEL,
    PANEL_WIDTH,
    READ,
    ROWS,
    ROWS_STEP,
    SINGLE,
    STRANDS,
    TURNING,
    UNIT,
    WEIGHTS,
    WEIGHTS_ROW,
    C,
    D,
    H,
)
from deltarule.engines.compiled.processor import LANES_4, LANES_8
from deltarule.engines.compiled.rows import NO_LISTS, Lists
from deltarule.engines.compiled.shapes import CHUNK
from deltarule.maths.dropout import WORD, Dropout
from deltarule.network import Network
from deltarule.parameters import Selection

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


@dataclass(frozen=True)
class Plan:
    """The cut of a network's training at one batch size.

    batch
        Examples of a batch.
    chunks
        Of examples that a thread's buffers have room for.
    threads
        How many have something to do.
    regions
        1 where threads share their buffers, else one a thread or strand.
    layers_of, places_of
        int64, (threads, K + 1, columns) and (threads, fields): what each thread is told, see `places.py`; with strands,
        what is told of each of them.
    told
        The function that returns both for a number of threads that are at work, up to `threads`.
    blocks
        (n, 5) int64: layer, first and end row, first and end column of the layer's part of theta, or of the strand's.
        Those of the inputs' scales, layer 0, come last, and where W_1 learns: then W_1 diag(s) is another.
    strands
        The first block of every strand, and the number of blocks; nothing where there are no strands.
    costs
        What a block costs, to share blocks among threads; not of scales.
    lists
        How many integers there are to be for lists.
    size
        How many numbers the memory holds; the first `kept` of them are theta and the optimiser's state.
    """

    batch: int
    chunks: int
    threads: int
    regions: int
    layers_of: NDArray[np.int64]
    places_of: NDArray[np.int64]
    told: Callable[[int], tuple[NDArray[np.int64], NDArray[np.int64]]]
    blocks: NDArray[np.int64]
    costs: NDArray[np.float64]
    strands: NDArray[np.int64]
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
    def way(self) -> str:
        """The kernel that does part 1 of a step."""
        ways = {"by_one": SINGLE, "in_strands": STRANDS, "in_groups": GROUP}
        return next((name for name, place in ways.items() if self.places[place]), "together")

    @property
    def sums(self) -> int:
        """How many sums of losses a batch has at once: one a group, or a thread."""
        return -(-self.batch // int(self.places[GROUP])) if self.places[GROUP] else self.threads

    def shares(self, threads: int) -> NDArray[np.int64]:
        """Return the first block of every one of so many threads, or of every strand, and the number of blocks."""
        if len(self.strands):
            return self.strands
        done = np.concatenate([[0.0], np.cumsum(self.costs)])
        goals = done[-1] * np.arange(threads + 1) / threads - 1e-9
        return np.array(np.searchsorted(done, goals), np.int64)


def ways_of(net: Network, batch: int, dropout: Dropout | None) -> tuple[int, list[int]]:
    """Return the numbers of a vector of units, where a batch is one example taken by units, else 0; and the strands."""
    lanes = _lanes(net)
    single = lanes_of_units(net, lanes) if is_by_units(net, batch, dropout) else 0
    return single, [] if single else strands_of(net, batch, lanes)


def rare_kernels(net: Network, batch: int, dropout: Dropout | None) -> tuple[str, ...]:
    """Return the kernels that training in such batches needs and few networks do."""
    single, strands = ways_of(net, batch, dropout)
    return (
        *(("by_one", "singles", f"one_{single}") if single else ()),
        *(("in_strands",) if strands else ()),
        *(("scales",) if net.s is not None else ()),
    )


def _lanes(net: Network) -> int:
    return LANES_4 if net.dtype == np.float32 else LANES_8


def plan(
    net: Network,
    selection: Selection | None,
    batch: int,
    threads: int,
    n_states: int = 0,
    keeps_gradient: bool = True,
    dropout: Dropout | None = None,
    listed: Lists = NO_LISTS,
    rates: NDArray[np.float64] | None = None,
) -> Plan:
    """Return the plan for the gradient of what is selected of a network, in batches of so many examples.

    selection is None where no gradient is wanted: then every thread has room for a chunk of its own. n_states counts
    the optimiser's arrays; keeps_gradient says whether the whole gradient is needed at once; dropout, what is left out;
    listed: where X is kept as lists, what they are; rates: factors on the learning rate, (P,).
    """
    longest, numbers, rows_of_X, bins = listed
    lanes = _lanes(net)
    learns = np.zeros(net.layout.size, bool)
    if selection is not None:
        learns[selection.index] = True
    layers = np.zeros((net.K + 1, FIELDS_OF_LAYER), np.int64)
    of_s = learns[net.layout.s]
    layers[0, [N_OUT, LEARNS, IS_PARTIAL]] = net.sizes[0], of_s.any(), of_s.any() and not of_s.all()
    single, strands = ways_of(net, batch, dropout) if selection is not None else (0, [])
    together = batch if batch < LONG_BATCH else CHUNK * lanes
    threads = min(threads, len(strands) - 1) if strands else threads
    is_inner: dict[int, bool] = {}
    learning: dict[int, bool] = {}  # whether weights of a layer learn, and not its biases alone
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
        layers[k, [N_IN, N_OUT, IS_TURNED, BIAS]] = n_in, n_out, is_turned, 1
        layers[k, CODE] = ACTIVATION_CODES[net.g[k].name] if k < net.K else -1
        layers[k, DROP] = dropout.threshold(k) if dropout is not None and k < net.K else 0
        of_W, of_b = learns[net.layout.W[k]], learns[net.layout.b[k]]
        carries = k == 1 and layers[0, LEARNS]  # dL/ds is made of dL/dW_1
        layers[k, LEARNS] = of_W.any() or of_b.any() or carries
        if layers[k, LEARNS]:
            learning[k] = bool(of_W.any() or carries)
            layers[k, IS_PARTIAL] = not (of_b.all() and (of_W.all() or not (of_W.any() or carries)))
    if rates is not None:
        spans = (
            net.layout.s,
            *(slice(net.layout.W[k].start, net.layout.b[k].stop) for k in range(1, net.K + 1)),
        )
        layers[:, IS_RATED] = [(rates[span] != 1.0).any() for span in spans]
    lowest = min(learning, default=net.K)
    layers_of, size = _placed(layers, net, strands, single, lanes)

    widths = 2 * sum(net.sizes[1:]) + 3 * (longest or net.sizes[0])
    is_long = batch >= LONG_BATCH and batch * widths > GROUPS * size and not bins
    if selection is None:
        cut = Cut(1, CHUNK * lanes, 0, CHUNK * lanes)
    else:
        parts = 1 if strands or bins else parts_of(net, batch, size)
        cut = cut_of(batch, parts, 1 if strands else threads, lanes, is_long=is_long)
    groups, columns, group, span = cut
    has_own = selection is None or groups > 1 or bool(strands)  # every thread has buffers of its own
    chunks = -(-span // columns) if has_own else -(-batch // columns)
    sizes = list(net.sizes)
    if strands:
        sizes[1] = max(end - first for first, end in pairwise(strands))
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
    places["factors"] = take(size) if layers[:, IS_RATED].any() else -1
    is_kept = keeps_gradient or single > 0 or layers[0, LEARNS]
    places["gradient"] = take(groups * size if groups > 1 else size * int(is_kept))
    places["columns"], places["group"], places["span"] = columns, 1 if single else group, span
    blocks: list[tuple[int, int, int, int, int]] = []
    costs: list[float] = []
    firsts = [0]
    strip = 4 * lanes if longest else 0
    for each in layers_of:
        more, their_costs = blocks_of(_ranges(each, learning), batch, strip, is_given_out=not strands)
        blocks += more
        costs += their_costs
        firsts.append(len(blocks))
    if net.s is not None:
        layer = layers_of[0, 1]
        rows, row = (layer[N_IN] + len(bins) + 1, layer[INPUT]) if layer[IS_TURNED] else layer[[N_OUT, UNIT]]
        places["scaled"] = take(int(rows * row))
        layers_of[:, 1, READ] = places["scaled"] - places["theta"]
        if layers[1, LEARNS]:
            of_first = sum(block[0] == 1 for block in blocks)
            places["slopes"] = take(of_first * up(net.sizes[0] + 1, lanes))
            blocks += scale_blocks(net, lanes, bins)
    largest = max(((r1 - r0 + len(bins)) * (c1 - c0) for _, r0, r1, c0, c1 in blocks), default=0)
    places["scratch_size"] = (up(largest, 64) + 64) * 2
    places["scratch"] = take(max(threads, len(layers_of)) * places["scratch_size"])
    places["strands"] = len(strands) and len(strands) - 1
    places["single"], places["spare"] = single, take(2 * net.sizes[-1] * single)
    places["lowest"], places["output"] = lowest, OUTPUT_CODES[net.output.name]
    places["numbers"] = take(net.sizes[-1])
    places["seed"] = 0 if dropout is None else dropout.seed % WORD

    begin = take(APART)
    examples = chunks * columns
    places["example_rows"] = examples
    places["c"], places["losses"] = take(examples), take(examples)
    places["keys"] = -1 if dropout is None else take(examples)
    places["input_panel"] = panel = min(PANEL, up(net.sizes[0] + 1, lanes))
    places["input_rows"] = take(0 if longest else examples * up(net.sizes[0] + 1, panel))
    places["input_step"] = columns * panel
    layers_of[:, :, ROWS] = -1
    if not longest:
        layers_of[:, 0, HEIGHT] = up(sizes[0] + 1, lanes)
        layers_of[:, 0, H] = take(examples * up(sizes[0] + 1, lanes))
    layers_of[:, net.K, D] = take(examples * sizes[net.K])
    places["turning"] = take(chunks * lanes * PANEL if longest else 0)
    of_thread = 0
    if strands:  # what follows a thread has several times
        places["logits"] = take(examples * sizes[net.K])
        take(APART)
        of_thread = at - begin
    for k in range(1, net.K + 1):
        height = sizes[k] + (k < net.K)
        layers_of[:, k, HEIGHT] = up(height, lanes) if k == 1 and longest else height  # made by whole vectors
        layers_of[:, k, H] = take(examples * int(layers_of[0, k, HEIGHT]))
        if k < net.K:
            layers_of[:, k, D] = take(examples * sizes[k])
        if single and k > lowest:
            layers_of[:, k, ROWS] = take(up(sizes[k], single) * up(sizes[k - 1], single))
        elif layers[k, LEARNS] and not is_inner[k]:
            width = sizes[k] if layers[k, IS_TURNED] else sizes[k - 1] + 1
            layers_of[:, k, PANEL_WIDTH] = panel = min(PANEL, up(width, lanes))
            layers_of[:, k, ROWS_STEP] = columns * panel
            if k == 1 and not layers[k, IS_TURNED]:
                layers_of[:, k, ROWS] = places["input_rows"]
            else:
                layers_of[:, k, ROWS] = take(examples * up(width, panel))
    if not strands:
        places["logits"] = int(layers_of[0, net.K, H])
    regions = len(layers_of) if strands else threads if has_own else 1
    region, ints = up(at - begin - of_thread + APART, lanes), 0
    at = begin + threads * of_thread + regions * region
    if longest:
        ints = up(2 * examples + APART, lanes)
        places["listed"], places["ends"] = longest, examples
        places["values"] = take(numbers)
        places["starts"], places["inputs"] = regions * ints, regions * ints + rows_of_X + 1
        places["spans"], places["binned"] = places["inputs"] + numbers, len(bins)
        places["means"] = take(net.sizes[0] if bins else 0)
    at += lanes * PANEL  # tiles may read beyond what they use
    apart = (of_thread, region, ints) if has_own else (0, 0, 0)
    told = partial(_told, layers_of, places, threads, *apart)
    return Plan(
        batch,
        chunks,
        threads,
        regions,
        *told(threads),
        told,
        np.array(blocks, np.int64).reshape(-1, 5),
        np.array(costs),
        np.array(firsts if strands else [], np.int64),
        places["inputs"] + numbers + 2 * len(bins),
        at,
        kept,
    )


def _placed(
    layers: NDArray[np.int64], net: Network, strands: list[int], single: int, lanes: int
) -> tuple[NDArray[np.int64], int]:
    """Return the layers of every strand, or of a network that is not cut, placed in theta, and how long that is."""
    layers_of, size = np.repeat(layers[None], max(1, len(strands) - 1), axis=0), 0
    for s, of_strand in enumerate(layers_of):
        if strands:
            first, end = strands[s : s + 2]
            of_strand[1, [N_OUT, FIRST]] = end - first, first
            of_strand[2, [N_IN, BIAS]] = end - first, end == strands[-1]
            size += APART if s else 0
        for k in range(1, net.K + 1):
            n_in, n_out, is_turned, first = of_strand[k, [N_IN, N_OUT, IS_TURNED, FIRST]].tolist()
            row = up(n_out, single or 1) if is_turned else n_in + 1
            # Rows a whole page apart would all fall into the same lines of the cache.
            row += lanes if row % PAGE == 0 else 0
            of_strand[k, [AT, UNIT, INPUT, READ]] = (
                (size, 1, row, size) if is_turned else (size, row, 1, size)
            )
            size = up(size + (n_in + 1 if is_turned else n_out) * row, lanes)
            length, of_W, of_b = net.sizes[k - 1], net.layout.W[k].start, net.layout.b[k].start
            from_theta = of_W + first * length + int(of_strand[k - 1, FIRST]), length, of_b + first
            of_strand[k, [WEIGHTS, WEIGHTS_ROW, BIASES]] = from_theta
        if net.s is not None:
            of_strand[0, [AT, UNIT, INPUT]] = size, net.sizes[0], 1
            size = up(size + net.sizes[0] + 1, lanes)
    return layers_of, size


def _ranges(layers: NDArray[np.int64], learning: dict[int, bool]) -> dict[int, tuple[int, int, int, int]]:
    """Return what learns of each layer's part of theta: first and end row, first and end column."""
    ranges: dict[int, tuple[int, int, int, int]] = {}
    for k, has_weights in learning.items():
        n_in, n_out, bias, is_turned = layers[k, [N_IN, N_OUT, BIAS, IS_TURNED]].tolist()
        first, end = 0 if has_weights else n_in, n_in + bias
        if first < end:
            ranges[k] = (first, end, 0, n_out) if is_turned else (0, n_out, first, end)
    return ranges


def _told(
    layers_of: NDArray[np.int64],
    places: dict[str, int],
    threads: int,
    of_thread: int,
    region: int,
    ints: int,
    at_work: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return layers and places for each thread, whose buffers lie `region` numbers and `ints` integers further on.

    at_work: how many of the threads, for which there is room, work. With strands, for each strand. What does not depend
    on units, as h_0, is the same for all strands of a thread, and lies `of_thread` numbers further on for the next,
    before all else.
    """
    strands = len(layers_of) if places["strands"] else 0
    count = strands or threads
    layers_of = np.repeat(layers_of, 1 if strands else threads, axis=0)
    places_of = np.repeat(np.array([[places[name] for name in FIELDS]], np.int64), count, axis=0)
    if count == 1:
        return layers_of, places_of
    thread = np.arange(count) % (at_work if strands else threads)
    own = (threads - 1) * of_thread + np.arange(count) * region
    shared = thread * of_thread if strands else own
    is_shared = np.zeros(layers_of.shape[1:], bool)
    is_shared[0, H] = is_shared[-1, D] = True
    is_shared[1, ROWS] = layers_of[0, 1, ROWS] == places["input_rows"]
    for field in (H, D, ROWS):
        step = np.where(is_shared[:, field], shared[:, None], own[:, None])
        layers_of[:, :, field] += np.where(layers_of[0, :, field] < 0, 0, step)
    for field in (C, KEYS, LOSSES, INPUT_ROWS, TURNING):
        places_of[:, field] += np.where(places_of[0, field] < 0, 0, shared)
    places_of[:, LOGITS] += shared
    for field in (FIRSTS, ENDS):
        places_of[:, field] += ints * thread
    return layers_of, places_of
