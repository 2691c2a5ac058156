"""How the work is cut: batches into groups, parts and chunks, networks into strands, parameters into blocks.

The cuts depend on shapes alone, never on the number of threads. A gradient is summed over the batch in the order of its
examples. Only where the batch is long and the network small, or parts of the batch are worth threads, do groups of
examples have gradients of their own, which are added up in the order of the groups.

A network with one hidden layer is cut into strands instead: some of the hidden units, with the weights that lead to
them and from them. Each is a network of its own, whose logits are added up in the order of the strands:

    a_2 = b_2 + sum_s W_2[:, s] h_1[s]

Nothing else of a step is another strand's business. So a thread, which makes the same strands in every step, hears of
others no more than these sums; theta, gradients and the optimiser's state stay in its processor's cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from deltarule.engines.compiled.places import PANEL
from deltarule.engines.compiled.shapes import BLOCK_WIDTH, CHUNK, LONG_CHUNK
from deltarule.maths.dropout import Dropout
from deltarule.network import Network

Bins: TypeAlias = Sequence[tuple[int, int]]

GROUPS = 16
LONG_BATCH = 512
"""Groups of a batch, and from how many examples on there are any."""
BLOCK = 8192
"""About how many parameters a block has: its gradient stays in the first cache until it is used."""
STRAND = 48
"""Units of a strand, at least."""
PART = 64
"""Examples of a part of a batch, at least,"""
PART_WORTH = 1_000_000
"""floating-point operations of one, or of a strand, at least,"""
PARTIAL = 65_536
"""and numbers of all parts' gradients, at most."""
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


def strands_of(net: Network, batch: int, lanes: int) -> list[int]:
    """Return the first unit of every strand of a network and the number of units; nothing where it is not cut.

    A strand is worth a thread, and begins with a vector of units. What it has is no other strand's business, as scales
    of inputs would be.
    """
    if net.K != 2 or batch >= LONG_BATCH or net.s is not None:
        return []
    n = net.sizes[1]
    most = min(GROUPS, n // STRAND, int(operations(net) * batch / PART_WORTH))
    count = 1 << max(0, most.bit_length() - 1)
    return [round(n * s / count / lanes) * lanes for s in range(count)] + [n] if count > 1 else []


class Cut(NamedTuple):
    """How a batch is cut: into groups, of `group` examples, and these into chunks, of `columns`.

    Without groups, `groups` is 1 and `group` 0. `span`: of how many examples a thread keeps what their gradient needs.
    """

    groups: int
    columns: int
    group: int
    span: int


def cut_of(batch: int, parts: int, threads: int, lanes: int, *, is_long: bool) -> Cut:
    """Return the cut of a batch for a gradient."""
    widest = min(PANEL, (LONG_CHUNK if batch >= LONG_BATCH else CHUNK) * lanes)

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


def is_by_units(net: Network, batch: int, dropout: Dropout | None) -> bool:
    """Return whether vectors are of units, and not of examples: with one example a batch and a network not large."""
    return batch == 1 and dropout is None and net.layout.size <= SMALL and net.s is None


def lanes_of_units(net: Network, lanes: int) -> int:
    """Return the numbers of a vector of units, no more than the widest layer needs."""
    narrow = [n for n in (2, 4, 8, 16) if 16 * n >= lanes * 4 and n >= max(net.sizes[1:])]
    return min([lanes, *narrow])


def scale_blocks(net: Network, lanes: int, spans: Bins = ()) -> list[tuple[int, int, int, int, int]]:
    """Return blocks of s, which is layer 0, each with about as many weights as other blocks have.

    spans: the inputs that are one number's bins, which are not cut.
    """
    width = up(max(1, BLOCK // net.sizes[1]), lanes)
    ends = {inner: end for first, end in spans for inner in range(first + 1, end)}
    cuts = {ends.get(cut, cut) for cut in (*range(0, net.sizes[0], width), net.sizes[0])}
    return [(0, 0, 1, left, right) for left, right in pairwise(sorted(cuts))]


def blocks_of(
    ranges: dict[int, tuple[int, int, int, int]], batch: int, strip: int, *, is_given_out: bool
) -> tuple[list[tuple[int, int, int, int, int]], list[float]]:
    """Return the blocks of what learns, and what each costs.

    strip: the units of a block that goes through the lists of X, 0 where there are none; is_given_out: whether threads
    share the blocks.
    """
    blocks: list[tuple[int, int, int, int, int]] = []
    costs: list[float] = []
    for k, (r0, r1, c0, c1) in ranges.items():
        width = BLOCK_WIDTH if batch * (c1 - c0) > CACHE and c1 - c0 > BLOCK_WIDTH else c1 - c0
        height = max(6, BLOCK // width // 6 * 6)
        if is_given_out and (r1 - r0) * (c1 - c0) > BLOCK // 4:
            height = min(height, up(-(-(r1 - r0) // 16), 6))
        if k == 1 and strip:  # each block goes through all lists
            width, height = strip if is_given_out else c1 - c0, r1 - r0
        for top, bottom in pairwise([*range(r0, r1, height), r1]):
            for left, right in pairwise([*range(c0, c1, width), c1]):
                blocks.append((k, top, bottom, left, right))
                costs.append(float((bottom - top) * up(right - left, 16)) * (batch / 16 + 2))
    return blocks, costs
