"""The kernel: whole epochs in one call, run by one or more threads over shared memory.

A step, with a barrier after each part where there are several threads:

1. the batch is gathered; h_k and g'_k(a_k) layer by layer; the losses and delta; dL/da_k layer by layer, each
   thread making some units of a layer for all examples;
2. by blocks of parameters: the gradient over the whole batch, penalty, norm, clipping, the optimiser's step;
3. only where the gradient is clipped by its norm: the optimiser's step.

Where groups of examples have gradients of their own, part 1 is done group by group, each by one thread alone.
Everything a thread does is a function of what all threads wrote before the last barrier, in a fixed order; so the
bits do not depend on how many there are.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

import math

import numpy as np
from numba import njit

from deltarule.engines.compiled.codes import CLIP_NORM, CLIP_VALUE, DECAY, FIVE, IS_SHARED, L1, L2
from deltarule.engines.compiled.kernels import rowwise
from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.dropout import WORD, mixed, salt
from deltarule.engines.compiled.kernels.meeting import add, look, meet, next_of, swap
from deltarule.engines.compiled.kernels.optimisers import corrected
from deltarule.engines.compiled.kernels.single import loss_of
from deltarule.engines.compiled.kernels.tiles import (
    ADD,
    MULTIPLY,
    SET,
    copy_columns,
    copy_rows,
    dot,
    prefetch_rows,
    transpose_tile,
)
from deltarule.engines.compiled.kernels.tiles import ROWS as TILE_ROWS
from deltarule.engines.compiled.kernels.vectors import apart, call, lanes_of
from deltarule.engines.compiled.plan import (
    ACTIVATE,
    AT,
    BATCH,
    CHANGE,
    CODE,
    COLUMNS,
    DELTA,
    DROP,
    DROPPING,
    EXAMPLE_ROWS,
    GRADIENT,
    GROUP,
    HEIGHT,
    INPUT,
    INPUT_PANEL,
    INPUT_ROWS,
    INPUT_STEP,
    IS_PARTIAL,
    IS_TURNED,
    KEYS,
    LEARNS,
    LOSSES,
    LOWEST,
    MASK,
    N_IN,
    N_OUT,
    OUTPUT,
    PANEL,
    PANEL_WIDTH,
    PRODUCT,
    ROWS,
    ROWS_STEP,
    SCRATCH,
    SCRATCH_SIZE,
    SEED,
    SETTING,
    SINGLE,
    SIZE,
    STATES,
    STEP,
    THETA,
    UNIT,
    Y_HAT,
    C,
    D,
    H,
)  # fmt: skip
from deltarule.engines.compiled.threads import DIVERGED, GOING, INTERRUPTED, NEXT, QUEUES, STOP

ALONE = np.int64(0), np.int64(1)
"""Thread 0 of 1, as numbers and not as literals, for which Numba would compile everything once more."""
LITTLE = 256
"""Examples of a batch that the cache may take up in advance."""
EVEN = 1.15
"""Threads make examples of their own where the one with most has no more than this times its share,"""
HOT = 16_384
"""Numbers of theta up to which each chunk of examples goes all the way while it is in the cache; of a larger one, each
layer had better stay there for all chunks."""
SHARED = 262_144
"""and where theta has no more numbers than this. Of a larger one a thread had better read only those rows that it also
updates: what both threads have read, neither can write to without asking the other."""


@njit(**OPTIONS)
def share(n, unit, thread, threads):
    """Return the first of n things that a thread does, in whole units; with thread + 1, where it ends."""
    if threads == 1:
        return n * thread
    return min(n, (n + unit - 1) // unit * thread // threads * unit)


@njit(**OPTIONS)
def gather(memory, layers, places, X, p, w, keys, scale, order, chunk, thread, threads):
    """Copy the examples `order` into the buffers from a chunk on: h_0, targets (to D_K), c = scale w, and keys.

    Where p has no rows, targets and c are left out; where w has none, c = scale; where keys has none, there are none.
    """
    apart()
    lanes, columns = lanes_of(memory), places[COLUMNS]
    n, K, count = layers[0, N_OUT], len(layers) - 1, len(order)
    width, n_K = places[INPUT_PANEL], layers[K, N_OUT]
    begin, last = share(count, lanes, thread, threads), share(count, lanes, thread + 1, threads)
    of = chunk + begin // columns if begin > 0 else chunk
    column = begin - (of - chunk) * columns
    rows = places[INPUT_ROWS] + chunk * places[INPUT_STEP]
    keeps_rows = layers[1, ROWS] == places[INPUT_ROWS]
    c = places[C] + chunk * columns
    if len(p) > 0 and len(w) == 0:
        change(memory, places, rowwise.FILL, c + begin, 0, 0, 0, 1, last - begin, scale, 0.0)
    while begin < last:
        end = min(begin + lanes, count)
        if not keeps_rows:
            h = layers[0, H] + of * layers[0, HEIGHT] * columns + column
            copy_columns(memory, h, columns, X, order, begin, end, n)
        for first in range(0, n + 1 if keeps_rows else 0, PANEL):
            at = rows + first // PANEL * places[EXAMPLE_ROWS] * width
            copy_rows(memory, at + begin * width, width, X, order, begin, end, first, min(PANEL, n - first))
            to = layers[0, H] + (of * layers[0, HEIGHT] + first) * columns + column
            for j in range(0, min(PANEL, n - first), lanes):
                transpose_tile(memory, to + j * columns, columns, at + begin * width + j, width)
        if len(p) > 0:
            copy_columns(
                memory, layers[K, D] + of * n_K * columns + column, columns, p, order, begin, end, n_K
            )
            for r in range(begin, end if len(w) > 0 else begin):
                memory[c + r] = scale * w[order[r]]
            for r in range(begin, end if len(keys) > 0 else begin):
                memory[places[KEYS] + chunk * columns + r] = keys[order[r]]
        begin, column = begin + lanes, column + lanes
        if column == columns:
            of, column = of + 1, 0


@njit(**OPTIONS)
def forward(memory, layers, places, k, salted, chunk, count, thread, threads):
    """Make this thread's units of h_k and g'_k(a_k), or of the logits, for `count` examples from a chunk on.

    salted: the update's salt, for dropout.
    """
    apart()
    lanes, columns = lanes_of(memory), places[COLUMNS]
    n, n_in = layers[k, N_OUT], layers[k, N_IN]
    first, end = share(n, TILE_ROWS, thread, threads), share(n, TILE_ROWS, thread + 1, threads)
    theta = places[THETA] + layers[k, AT] + first * layers[k, UNIT]
    of = chunk - 1
    for start in range(0, count, columns):
        of += 1
        examples = (min(columns, count - start) + lanes - 1) // lanes * lanes
        h = layers[k, H] + (of * layers[k, HEIGHT] + first) * columns
        call(places[PRODUCT], memory, (
            h, columns, theta, layers[k, UNIT], layers[k, INPUT],
            layers[k - 1, H] + of * layers[k - 1, HEIGHT] * columns, columns, 0,
            end - first, 0, examples, n_in + 1, n_in + 1, 0, SET,
        ))  # fmt: skip
        if k < len(layers) - 1:
            call(
                places[ACTIVATE],
                memory,
                (
                    layers[k, CODE],
                    h,
                    layers[k, D] + (of * n + first) * columns,
                    end - first,
                    columns,
                    examples,
                ),
            )
            if layers[k, DROP] > 0:
                call(places[DROPPING], memory, (
                    h, layers[k, D] + (of * n + first) * columns, end - first, columns, examples,
                    places[KEYS] + of * columns, mixed(salted ^ k), first, layers[k, DROP],
                    WORD / float(WORD - layers[k, DROP]),
                ))  # fmt: skip


@njit(**OPTIONS)
def backward(memory, layers, places, k, chunk, count, thread, threads):
    """Make this thread's units of dL/da_k from dL/da_{k+1}: D_k holds g'_k and is multiplied."""
    apart()
    lanes, columns = lanes_of(memory), places[COLUMNS]
    n, n_out = layers[k, N_OUT], layers[k + 1, N_OUT]
    first, end = share(n, TILE_ROWS, thread, threads), share(n, TILE_ROWS, thread + 1, threads)
    theta = places[THETA] + layers[k + 1, AT] + first * layers[k + 1, INPUT]
    of = chunk - 1
    for start in range(0, count, columns):
        of += 1
        call(places[PRODUCT], memory, (
            layers[k, D] + (of * n + first) * columns, columns, theta, layers[k + 1, INPUT], layers[k + 1, UNIT],
            layers[k + 1, D] + of * n_out * columns, columns, 0,
            end - first, 0, (min(columns, count - start) + lanes - 1) // lanes * lanes, n_out, n_out, 0, MULTIPLY,
        ))  # fmt: skip


@njit(**OPTIONS)
def delta(memory, layers, places, chunk, count, thread, threads):
    """Replace the targets of this thread's share of examples by delta, and write their losses."""
    apart()
    lanes, columns, K = lanes_of(memory), places[COLUMNS], len(layers) - 1
    n = layers[K, N_OUT]
    begin, end = share(count, lanes, thread, threads), share(count, lanes, thread + 1, threads)
    of = chunk + begin // columns if begin > 0 else chunk
    column = begin - (of - chunk) * columns
    while begin < end:
        size = min(end - begin, columns - column)
        at = of * columns + column
        call(
            places[DELTA], memory, (places[OUTPUT], places[SETTING],
            layers[K, H] + of * layers[K, HEIGHT] * columns + column, layers[K, D] + of * n * columns + column,
            places[C] + at, places[LOSSES] + at, columns, n, size)
        )  # fmt: skip
        begin, of, column = begin + size, of + 1, 0


@njit(**OPTIONS)
def total_loss(memory, places, chunk, count):
    """Return sum c L of `count` examples from a chunk on, in float64."""
    apart()
    first = chunk * places[COLUMNS]
    return dot(memory, places[C] + first, places[LOSSES] + first, count)


@njit(**OPTIONS)
def turn(memory, layers, places, k, chunk, count, thread, threads):
    """Copy this thread's share of a factor of layer k's gradient so that each example has a row."""
    apart()
    lanes, columns, panel = lanes_of(memory), places[COLUMNS], layers[k, PANEL_WIDTH]
    if layers[k, IS_TURNED]:
        width, height, at = layers[k, N_OUT], layers[k, N_OUT], layers[k, D]
    else:
        width, height, at = layers[k, N_IN], layers[k - 1, HEIGHT], layers[k - 1, H]
    first, end = share(width, lanes, thread, threads), share(width, lanes, thread + 1, threads)
    rows = layers[k, ROWS] + chunk * layers[k, ROWS_STEP]
    at += chunk * height * columns
    r = 0
    while r < count:
        for column in range(0, min(columns, count - r), lanes):
            for j in range(first, end, lanes):
                to = rows + (j // PANEL * places[EXAMPLE_ROWS] + r + column) * panel + j % PANEL
                transpose_tile(memory, to, panel, at + j * columns + column, columns)
        r += columns
        at += height * columns


@njit(**OPTIONS)
def add_product(memory, layers, places, block, to, to_row, chunk, count, mode):
    """Set to, or add to, memory[to:] the gradient of a block of parameters over `count` examples from a chunk on."""
    apart()
    k, r0, r1, c0, c1 = block[0], block[1], block[2], block[3], block[4]
    columns, panel = places[COLUMNS], layers[k, PANEL_WIDTH]
    if layers[k, IS_TURNED]:
        height, at = layers[k - 1, HEIGHT], layers[k - 1, H]
    else:
        height, at = layers[k, N_OUT], layers[k, D]
    rows = layers[k, ROWS] + chunk * layers[k, ROWS_STEP]
    call(places[PRODUCT], memory, (
        to, to_row, at + (chunk * height + r0) * columns, columns, 1,
        rows, panel, places[EXAMPLE_ROWS] * panel,
        r1 - r0, c0, c1, count, columns, height * columns, mode,
    ))  # fmt: skip


@njit(**OPTIONS)
def row_length(layers, k):
    """Return the distance of rows in layer k's part of theta."""
    return layers[k, INPUT] if layers[k, IS_TURNED] else layers[k, UNIT]


@njit(**OPTIONS)
def group_losses(
    memory, layers, places, blocks, X, p, w, keys, scale, salted, order, losses, counters, thread
):  # fmt: skip
    """Do part 1 for groups of a batch, with the gradient of each group; losses[group]: sum c L."""
    apart()
    K, rows, columns = len(layers) - 1, places[GROUP], places[COLUMNS]
    first, one = ALONE
    groups = (len(order) + rows - 1) // rows
    while True:  # whoever is free takes the next group
        group = add(counters, NEXT, 1)
        if group >= groups:
            break
        to = places[GRADIENT] + group * places[SIZE]
        change(memory, places, rowwise.FILL, to, 0, 0, 0, 1, places[SIZE], 0.0, 0.0)
        total = 0.0
        for start in range(group * rows, min(len(order), (group + 1) * rows), columns):
            examples = order[start : min(len(order), (group + 1) * rows, start + columns)]
            count = len(examples)
            gather(memory, layers, places, X, p, w, keys, scale, examples, thread, first, one)
            prefetch_rows(X, order, start + count, min(len(order), start + 2 * count))
            prefetch_rows(p, order, start + count, min(len(order), start + 2 * count))
            for k in range(1, K + 1):
                forward(memory, layers, places, k, salted, thread, count, first, one)
            delta(memory, layers, places, thread, count, first, one)
            total += total_loss(memory, places, thread, count)
            for k in range(K - 1, places[LOWEST] - 1, -1):
                backward(memory, layers, places, k, thread, count, first, one)
            for k in range(places[LOWEST], K + 1):
                if layers[k, LEARNS] and layers[k, ROWS] != places[INPUT_ROWS]:
                    turn(memory, layers, places, k, thread, count, first, one)
            for n in range(len(blocks)):
                row = row_length(layers, blocks[n, 0])
                begin = to + layers[blocks[n, 0], AT] + blocks[n, 1] * row + blocks[n, 3]
                add_product(memory, layers, places, blocks[n], begin, row, thread, count, np.int64(ADD))
        losses[group] = total


@njit(**OPTIONS)
def batch_losses(
    memory, layers, places, X, p, w, keys, scale, salted, order, losses, counters, thread, threads
):  # fmt: skip
    """Do part 1 for a batch together with the other threads; losses[0]: sum c L."""
    apart()
    K, count, columns = len(layers) - 1, len(order), places[COLUMNS]
    zero, one = ALONE
    chunks = (count + columns - 1) // columns
    each = (chunks + threads - 1) // threads * columns
    if threads == 1 or (
        each * threads <= EVEN * count and places[SIZE] <= SHARED
    ):  # every thread makes its own examples up to the end
        first, end = min(count, thread * each), min(count, (thread + 1) * each)
        together = columns if places[SIZE] <= HOT else max(1, end - first)
        for start in range(first, end, together):
            examples, chunk = order[start : min(end, start + together)], start // columns
            size = len(examples)
            gather(memory, layers, places, X, p, w, keys, scale, examples, chunk, zero, one)
            for k in range(1, K + 1):
                forward(memory, layers, places, k, salted, chunk, size, zero, one)
            delta(memory, layers, places, chunk, size, zero, one)
            for k in range(K - 1, places[LOWEST] - 1, -1):
                backward(memory, layers, places, k, chunk, size, zero, one)
            for k in range(places[LOWEST], K + 1):
                if layers[k, LEARNS] and layers[k, ROWS] != places[INPUT_ROWS]:
                    turn(memory, layers, places, k, chunk, size, zero, one)
        meet(counters, threads)
        if thread == 0:
            losses[0] = total_loss(memory, places, zero, count)
        return
    gather(memory, layers, places, X, p, w, keys, scale, order, zero, thread, threads)
    meet(counters, threads)
    for k in range(1, K + 1):
        forward(memory, layers, places, k, salted, zero, count, thread, threads)
        if k > 1 and layers[k, LEARNS] and not layers[k, IS_TURNED]:
            turn(memory, layers, places, k, zero, count, thread, threads)
        meet(counters, threads)
    delta(memory, layers, places, zero, count, thread, threads)
    meet(counters, threads)
    for k in range(K - 1, places[LOWEST] - 1, -1):
        backward(memory, layers, places, k, zero, count, thread, threads)
        if layers[k + 1, LEARNS] and layers[k + 1, IS_TURNED]:
            turn(memory, layers, places, k + 1, zero, count, thread, threads)
        meet(counters, threads)
    lowest = places[LOWEST]
    if layers[lowest, LEARNS] and layers[lowest, IS_TURNED]:
        turn(memory, layers, places, lowest, zero, count, thread, threads)
        meet(counters, threads)
    if thread == 0:
        losses[0] = total_loss(memory, places, zero, count)


@njit(**OPTIONS)
def block_gradient(memory, layers, places, block, to, count):
    """Write the gradient of a block of parameters over the whole batch to memory[to:], and zeros after it."""
    apart()
    k, rows, width = block[0], block[2] - block[1], block[4] - block[3]
    if places[GROUP] == 0:
        add_product(memory, layers, places, block, to, width, np.int64(0), count, np.int64(SET))
        return
    row = row_length(layers, k)
    begin = places[GRADIENT] + layers[k, AT] + block[1] * row + block[3]
    change(memory, places, rowwise.COPY, to, width, begin, row, rows, width, 0.0, 0.0)
    for _ in range(1, (count + places[GROUP] - 1) // places[GROUP]):
        begin += places[SIZE]
        change(memory, places, rowwise.ADD, to, width, begin, row, rows, width, 0.0, 0.0)


@njit(**OPTIONS)
def change(memory, places, which, y, y_row, x, x_row, rows, width, a, b):
    """Change rows of memory[y:] by a formula of `rowwise` with those of memory[x:]."""
    call(places[CHANGE], memory, (which, y, y_row, x, x_row, y, y_row, rows, width, a, b))


@njit(**OPTIONS)
def weights_of(layers, block):
    """Return how many rows of a block, and how many numbers of each, are weights; biases follow them."""
    if layers[block[0], IS_TURNED]:
        return min(block[2], layers[block[0], N_IN]) - block[1], block[4] - block[3]
    return block[2] - block[1], min(block[4], layers[block[0], N_IN]) - block[3]


@njit(**OPTIONS)
def penalty_of(memory, layers, places, block, l1, l2):
    """Return l1 sum |w| + l2/2 sum w^2 over the weights of a block that learn."""
    apart()
    row = row_length(layers, block[0])
    at = layers[block[0], AT] + block[1] * row + block[3]
    height, length = weights_of(layers, block)
    total = 0.0
    for r in range(height):
        theta = places[THETA] + at + r * row
        if l1 == 0.0 and not layers[block[0], IS_PARTIAL]:
            total += 0.5 * l2 * dot(memory, theta, theta, length)
            continue
        for j in range(length):
            w = float(memory[theta + j])
            if not layers[block[0], IS_PARTIAL] or memory[places[MASK] + at + r * row + j] > 0.0:
                total += l1 * abs(w) + 0.5 * l2 * w * w
    return total


@njit(**OPTIONS)
def update(memory, layers, places, code, block, g, lr, reals, corrections, spare):
    """Make the optimiser's step on a block of parameters, with its gradient in memory[g:]."""
    apart()
    row, width, rows = row_length(layers, block[0]), block[4] - block[3], block[2] - block[1]
    at = layers[block[0], AT] + block[1] * row + block[3]
    theta, mask = places[THETA] + at, places[MASK] + at
    if layers[block[0], IS_PARTIAL]:
        change(memory, places, rowwise.COPY, spare, width, theta, row, rows, width, 0.0, 0.0)
    if reals[DECAY] != 0.0:
        height, length = weights_of(layers, block)
        kept = 1.0 - lr * reals[DECAY]
        change(memory, places, rowwise.SCALE, theta, row, 0, 0, height, length, kept, 0.0)
    run = width * rows if width == row else width  # what lies together
    for first in range(0, width * rows, run):
        step(memory, places, code, at, g + first, run, lr, reals, corrections)
        at += row
    if layers[block[0], IS_PARTIAL]:  # what does not learn is put back, bit for bit
        call(places[CHANGE], memory, (
            rowwise.PUT_BACK, theta, row, spare, width, mask, row, rows, width, 0.0, 0.0
        ))  # fmt: skip


@njit(**OPTIONS)
def step(memory, places, code, at, g, count, lr, reals, corrections):
    """Make the optimiser's step on `count` parameters from place `at` of theta on."""
    state = places[STATES] + at
    call(places[STEP], memory, (
        code, places[THETA] + at, g, state, state + places[SIZE], count,
        lr, reals[FIVE], reals[FIVE + 1], reals[FIVE + 2], reals[FIVE + 3], reals[FIVE + 4],
        corrections[0], corrections[1], corrections[2],
    ))  # fmt: skip


@njit(**OPTIONS)
def by_blocks(
    memory, layers, places, blocks, shares, code, reals, share_of, count, lr, corrections, squares, keeps, counters,
    thread, threads,
):  # fmt: skip
    """Do part 2 for the blocks that this thread gets.

    squares[block] becomes sum g^2, before and after clipping, and the penalty, whose factor is share_of.
    """
    apart()
    scratch = places[SCRATCH] + thread * places[SCRATCH_SIZE]
    spare = scratch + places[SCRATCH_SIZE] // 2
    while True:
        n = next_of(counters, shares, thread, threads)
        if n < 0:
            break
        block = blocks[n]
        k, rows, width = block[0], block[2] - block[1], block[4] - block[3]
        size, row = rows * width, row_length(layers, k)
        at = layers[k, AT] + block[1] * row + block[3]
        block_gradient(memory, layers, places, block, scratch, count)
        if reals[L1] != 0.0 or reals[L2] != 0.0:
            squares[n, 2] = share_of * penalty_of(memory, layers, places, block, reals[L1], reals[L2])
            height, length = weights_of(layers, block)
            theta = places[THETA] + at
            change(
                memory,
                places,
                rowwise.PENALISE,
                scratch,
                width,
                theta,
                row,
                height,
                length,
                share_of * reals[L1],
                share_of * reals[L2],
            )
        if layers[k, IS_PARTIAL]:
            change(
                memory,
                places,
                rowwise.MULTIPLY,
                scratch,
                width,
                places[MASK] + at,
                row,
                rows,
                width,
                0.0,
                0.0,
            )
        squares[n, 0] = dot(memory, scratch, scratch, size)
        if reals[CLIP_VALUE] > 0.0:
            change(memory, places, rowwise.CLIP, scratch, size, 0, 0, 1, size, reals[CLIP_VALUE], 0.0)
        if keeps:
            squares[n, 1] = dot(memory, scratch, scratch, size)
            change(
                memory,
                places,
                rowwise.COPY,
                places[GRADIENT] + at,
                row,
                scratch,
                width,
                rows,
                width,
                0.0,
                0.0,
            )
        else:
            update(memory, layers, places, code, block, scratch, lr, reals, corrections, spare)


@njit(**OPTIONS)
def by_blocks_clipped(memory, layers, places, blocks, shares, code, reals, lr, corrections, squares, thread):
    """Do part 3: scale the gradient to the longest norm allowed, and make the step."""
    apart()
    squared = 0.0
    for n in range(len(blocks)):
        squared += squares[n, 1]
    norm = math.sqrt(squared)
    scale = reals[CLIP_NORM] / norm if norm > reals[CLIP_NORM] else 1.0
    scratch = places[SCRATCH] + thread * places[SCRATCH_SIZE]
    spare = scratch + places[SCRATCH_SIZE] // 2
    for n in range(shares[thread], shares[thread + 1]):
        block = blocks[n]
        row, width = row_length(layers, block[0]), block[4] - block[3]
        begin = places[GRADIENT] + layers[block[0], AT] + block[1] * row + block[3]
        rows = block[2] - block[1]
        change(memory, places, rowwise.COPY, scratch, width, begin, row, rows, width, 0.0, 0.0)
        change(memory, places, rowwise.SCALE, scratch, width, 0, 0, rows, width, scale, 0.0)
        update(memory, layers, places, code, block, scratch, lr, reals, corrections, spare)


@njit(**OPTIONS)
def batch_weight(w, order):
    """Return sum w over a batch; without w, how many examples it has."""
    if len(w) == 0:
        return float(len(order))
    total = 0.0
    for n in range(len(order)):
        total += w[order[n]]
    return total


@njit(**OPTIONS)
def steps_of(
    memory, layers, places, blocks, shares, code, reals, X, p, w, keys, order, rates, t, losses, squares,
    norms, result, counters, interrupted, most, threads, thread,
):  # fmt: skip
    """Run at most `most` steps of an epoch as thread `thread` of `threads`.

    w has no entries where all examples weigh the same. Where code is negative, gradients are made and nothing else:
    that of the last batch, penalty included, is in memory[places[GRADIENT]:]. result, (5,): sum over batches of
    their weight times their loss; steps made; updates made; sums over batches of their size times their loss, and
    times their penalty.
    norms, (K,): the sums over updates of the gradient's norm by layer. losses and squares are this epoch's
    scratch. counters[STOP] says why it ended.
    """
    apart()
    N, batch = len(order), places[BATCH]
    total = counted = penalty = 0.0
    updates = 0
    steps = 0
    clips = reals[CLIP_NORM] > 0.0
    running_a, running_b = reals[FIVE] ** t, reals[FIVE + 1] ** t  # beta^t, for Adam
    for start in range(0, N, batch):
        if steps == most:
            break
        rows = order[start : start + batch]
        weight = batch_weight(w, rows)
        if thread == 0 and interrupted[0]:
            add(counters, STOP, INTERRUPTED - look(counters, STOP))
        if weight > 0.0:
            swap(counters, QUEUES + 8 * thread, 0)
            ahead = min(N, start + 2 * batch) - start - len(rows)
            if ahead > 0 and ahead <= LITTLE:
                first = start + batch + share(ahead, 1, thread, threads)
                last = start + batch + share(ahead, 1, thread + 1, threads)
                prefetch_rows(X, order, first, last)
                prefetch_rows(p, order, first, last)
            scale, salted = 1.0 / weight, salt(places[SEED], t + updates)
            if places[SINGLE] > 0:
                if thread == 0:
                    losses[0] = loss_of(memory, layers, places, X, p, rows[0])
            elif places[GROUP] > 0:
                group_losses(
                    memory,
                    layers,
                    places,
                    blocks,
                    X,
                    p,
                    w,
                    keys,
                    scale,
                    salted,
                    rows,
                    losses,
                    counters,
                    thread,
                )
            else:
                batch_losses(
                    memory,
                    layers,
                    places,
                    X,
                    p,
                    w,
                    keys,
                    scale,
                    salted,
                    rows,
                    losses,
                    counters,
                    thread,
                    threads,
                )
        meet(counters, threads)
        if look(counters, STOP) != GOING:
            break
        if thread == 0:
            add(counters, NEXT, -look(counters, NEXT))
        if weight > 0.0:
            loss = 0.0
            groups = (len(rows) + places[GROUP] - 1) // places[GROUP] if places[GROUP] > 0 else 1
            for group in range(groups):
                loss += losses[group]
            if not math.isfinite(loss):
                if thread == 0:
                    add(counters, STOP, DIVERGED)
                break
            total += weight * loss
            counted += len(rows) * loss
            lr = rates[updates]
            updates += 1
            running_a *= reals[FIVE]
            running_b *= reals[FIVE + 1]
            corrections = corrected(running_a, running_b, reals[FIVE:])
            share_of = 1.0 / weight if reals[IS_SHARED] == 1.0 else 1.0
            by_blocks(
                memory, layers, places, blocks, shares, code, reals, share_of, len(rows), lr, corrections, squares,
                clips or code < 0, counters, thread, threads,
            )  # fmt: skip
            meet(counters, threads)
            if clips and code >= 0:
                by_blocks_clipped(
                    memory, layers, places, blocks, shares, code, reals, lr, corrections, squares, thread
                )  # fmt: skip
                meet(counters, threads)
            if thread == 0:
                for n in range(len(blocks)):
                    penalty += len(rows) * squares[n, 2]
                if not add_norms(blocks, squares, norms):
                    add(counters, STOP, DIVERGED)
        steps += 1
    if thread == 0:
        result[0], result[1], result[2], result[3], result[4] = total, steps, updates, counted, penalty


@njit(**OPTIONS)
def add_norms(blocks, squares, norms):
    """Add the norm of every layer's gradient to norms; return whether all are finite."""
    summed = 0.0
    is_finite = True
    for n in range(len(blocks)):
        summed += squares[n, 0]
        if n + 1 == len(blocks) or blocks[n + 1, 0] != blocks[n, 0]:
            norms[blocks[n, 0] - 1] += math.sqrt(summed)
            is_finite = is_finite and math.isfinite(summed)
            summed = 0.0
    return is_finite


@njit(**OPTIONS)
def chunks_of(memory, layers, places, X, p, w, order, out, sums, threads, thread):
    """Do this thread's chunks of examples: y_hat to out, or, where out is empty, sum w L to sums[chunk]."""
    apart()
    columns, K = places[COLUMNS], len(layers) - 1
    n = layers[K, N_OUT]
    first, one = ALONE
    a = layers[K, H] + thread * layers[K, HEIGHT] * columns
    chunks = (len(order) + columns - 1) // columns
    for chunk in range(share(chunks, 1, thread, threads), share(chunks, 1, thread + 1, threads)):
        examples = order[chunk * columns : (chunk + 1) * columns]
        count = len(examples)
        gather(memory, layers, places, X, p, w, w[:0], 1.0, examples, thread, first, one)
        for k in range(1, K + 1):
            forward(memory, layers, places, k, first, thread, count, first, one)
        if len(out) == 0:
            delta(memory, layers, places, thread, count, first, one)
            sums[chunk] = total_loss(memory, places, thread, count)
        else:
            call(places[Y_HAT], memory, (places[OUTPUT], a, columns, n, count))
            for r in range(count):
                for i in range(n):
                    out[chunk * columns + r, i] = memory[a + i * columns + r]
