"""The kernel: whole epochs in one call, run by one or more threads over shared memory.

A step, with a barrier after each part where there are several threads:

1. by rows: gather the batch, forward, losses and delta, backward (and, where groups of rows have gradients of
   their own, dW);
2. by blocks of W_k's rows: the gradient over the whole batch, penalty, norm, clipping, the optimiser's step;
3. only where the gradient is clipped by its norm: the optimiser's step.

Everything a thread does in a part is a function of what all threads wrote in the part before, in a fixed order;
so the bits do not depend on how many there are.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

import math
from collections.abc import Callable

from numba import njit

from deltarule.engines.compiled import optimisers, outputs
from deltarule.engines.compiled.activations import activate
from deltarule.engines.compiled.functions import OPTIONS, apart, like
from deltarule.engines.compiled.plan import (
    AT,
    BATCH,
    CHUNK_ROWS,
    CODE,
    END_ROW,
    FIRST_ROW,
    GRADIENT,
    GROUP_ROWS,
    IN,
    IS_PARTIAL,
    LOWEST,
    MASK,
    N_IN,
    N_OUT,
    N_THETA,
    OUT,
    OUTPUT,
    SCRATCH,
    SCRATCH_SIZE,
    STATES,
    SUMS,
    SUMS_BY_GROUP,
    THETA,
    ZEROS,
    D,
    H,
    W,
)  # fmt: skip
from deltarule.engines.compiled.threads import add, look, meet
from deltarule.engines.compiled.tiles import LANES_4, LANES_8, add_squares, product, transpose_tile

DECAY, L1, L2, CLIP_VALUE, CLIP_NORM = range(5)
FIVE = 5
"""Entries of `reals`; from FIVE on the optimiser's settings. A clip of 0 means none."""

COUNTERS, STOP = 32, 16
"""How many counters threads share; the place of the one that says whether to go on, far from the barrier's."""
GOING, INTERRUPTED, DIVERGED = range(3)


@njit(**OPTIONS)
def forward(memory, layers, places, base, count):
    """Make h_k, g'_k(a_k) and the logits of `count` rows from row `base` of the buffers on."""
    apart()
    K = layers.shape[0] - 1
    for k in range(1, K + 1):
        width, inner = layers[k, OUT], layers[k, IN]
        h, d = layers[k, H] + base * width, layers[k, D] + base * width
        before = layers[k - 1, H] + base * inner
        bias = places[THETA] + layers[k, AT]
        product(
            memory, h, width, bias, 0, before, inner, 1, bias + width, width, count, width, layers[k, N_IN], 0
        )
        if k < K:
            activate(layers[k, CODE], memory, h, d, count * width)


@njit(**OPTIONS)
def backward(memory, layers, places, base, count):
    """Make dL/da_k of `count` rows down to the lowest layer that learns: D_k holds g'_k and is multiplied."""
    apart()
    for k in range(layers.shape[0] - 1, places[LOWEST], -1):
        width, inner = layers[k, OUT], layers[k, IN]
        below, delta = layers[k - 1, D] + base * inner, layers[k, D] + base * width
        product(
            memory, below, inner, places[ZEROS], 0, delta, width, 1, layers[k, W], inner, count, inner,
            layers[k, N_OUT], 1,
        )  # fmt: skip


@njit(**OPTIONS)
def gather(memory, layers, X, order, base, count):
    """Copy the rows order[:count] of X into the buffer, padded with zeros."""
    apart()
    n, width = layers[1, N_IN], layers[1, IN]
    for r in range(count):
        row = X[order[r]]
        h = memory[layers[0, H] + (base + r) * width : layers[0, H] + (base + r + 1) * width]
        for j in range(n):
            h[j] = row[j]
        for j in range(n, width):
            h[j] = 0


@njit(**OPTIONS)
def add_gradient(memory, layers, places, base, count, group):
    """Add dL/db_k and dL/dW_k^T of `count` rows to the gradient of their group."""
    apart()
    to = places[GRADIENT] + group * places[N_THETA]
    for k in range(places[LOWEST], layers.shape[0]):
        width, inner = layers[k, OUT], layers[k, IN]
        delta, h = layers[k, D] + base * width, layers[k - 1, H] + base * inner
        c = to + layers[k, AT]
        if layers[k, FIRST_ROW] == 0:
            add_rows(memory, c, delta, width, count)
        c += width
        n = layers[k, END_ROW] - 1
        product(memory, c, width, c, width, h, 1, inner, delta, width, n, width, count, 0)


@njit(**OPTIONS)
def add_rows(memory, to, rows, width, count):
    """Add `count` rows of `width` numbers to memory[to:]."""
    apart()
    total = memory[to : to + width]
    for r in range(count):
        row = memory[rows + r * width : rows + (r + 1) * width]
        for i in range(width):
            total[i] += row[i]


@njit(**OPTIONS)
def by_rows(memory, layers, places, X, p, w, order, share, losses, thread, threads):
    """Do part 1 for this thread's groups of rows of a batch; losses[group] becomes sum c L."""
    apart()
    K = layers.shape[0] - 1
    count, rows = len(order), places[GROUP_ROWS]
    groups = -(-count // rows)
    first, last = groups * thread // threads, groups * (thread + 1) // threads
    width, n = layers[K, OUT], layers[K, N_OUT]
    if places[SUMS_BY_GROUP]:
        base = thread * places[CHUNK_ROWS]
        for group in range(first, last):
            to = places[GRADIENT] + group * places[N_THETA]
            memory[to : to + places[N_THETA]] = 0
            total = 0.0
            end = min(count, (group + 1) * rows)
            for start in range(group * rows, end, places[CHUNK_ROWS]):
                size = min(places[CHUNK_ROWS], end - start)
                gather(memory, layers, X, order[start:], base, size)
                forward(memory, layers, places, base, size)
                total += outputs.delta_rows(
                    places[OUTPUT], memory, layers[K, H] + base * width, layers[K, D] + base * width,
                    places[SUMS] + base, width, n,
                    p, order[start:], w, share, size,
                )  # fmt: skip
                backward(memory, layers, places, base, size)
                add_gradient(memory, layers, places, base, size, group)
            losses[group] = total
        return
    base, end = first * rows, min(count, last * rows)
    if base >= end:
        return
    gather(memory, layers, X, order[base:], base, end - base)
    forward(memory, layers, places, base, end - base)
    for group in range(first, last):
        start = group * rows
        losses[group] = outputs.delta_rows(
            places[OUTPUT], memory, layers[K, H] + start * width, layers[K, D] + start * width,
            places[SUMS] + start, width, n,
            p, order[start:], w, share, min(rows, count - start),
        )  # fmt: skip
    backward(memory, layers, places, base, end - base)


@njit(**OPTIONS)
def block_gradient(memory, layers, places, k, r0, r1, to, count):
    """Write the gradient of a block of rows over the whole batch to memory[to:]."""
    apart()
    width, inner = layers[k, OUT], layers[k, IN]
    size = (r1 - r0) * width
    if places[SUMS_BY_GROUP]:
        begin = places[GRADIENT] + layers[k, AT] + r0 * width
        total, part = memory[to : to + size], memory[begin : begin + size]
        for i in range(size):
            total[i] = part[i]
        for _ in range(1, -(-count // places[GROUP_ROWS])):
            begin += places[N_THETA]
            part = memory[begin : begin + size]
            for i in range(size):
                total[i] += part[i]
        return
    delta, h = layers[k, D], layers[k - 1, H]
    if r0 == 0:
        memory[to : to + width] = 0
        add_rows(memory, to, delta, width, count)
        r0, to = 1, to + width
    product(memory, to, width, places[ZEROS], 0, h + r0 - 1, 1, inner, delta, width, r1 - r0, width, count, 0)


@njit(**OPTIONS)
def penalise(memory, x, g, size, l1, l2):
    """Add l1 sign(w) + l2 w to the gradient of weights."""
    apart()
    weight, gradient = memory[x : x + size], memory[g : g + size]
    zero = like(weight[0], 0.0)
    a, b = like(zero, l1), like(zero, l2)
    for i in range(size):
        way = a if weight[i] > zero else -a if weight[i] < zero else zero
        gradient[i] += way + b * weight[i]


@njit(**OPTIONS)
def clip(memory, g, size, bound):
    """Bring every entry of the gradient within [-bound, bound]."""
    apart()
    gradient = memory[g : g + size]
    most = like(gradient[0], bound)
    for i in range(size):
        value = gradient[i]
        gradient[i] = most if value > most else -most if value < -most else value


@njit(**OPTIONS)
def update(memory, layers, places, code, k, r0, r1, g, lr, reals, corrections):
    """Make the optimiser's step on a block of rows, and renew its part of W_k."""
    apart()
    width = layers[k, OUT]
    at, size = layers[k, AT] + r0 * width, (r1 - r0) * width
    x, state = places[THETA] + at, places[STATES] + at
    is_partial = layers[k, IS_PARTIAL] == 1
    if is_partial:  # what does not learn is put back, bit for bit
        keep = memory[x : x + size].copy()
    decay, five = reals[DECAY], reals[FIVE:]
    skip = width if r0 == 0 and decay != 0.0 else 0
    if skip:  # biases do not decay
        optimisers.step(code, memory, x, g, state, state + places[N_THETA], skip, lr, 0.0, five, corrections)
    if skip < size:
        optimisers.step(
            code, memory, x + skip, g + skip, state + skip, state + skip + places[N_THETA], size - skip, lr, decay,
            five, corrections,
        )  # fmt: skip
    if is_partial:
        mask = memory[places[MASK] + at : places[MASK] + at + size]
        theta = memory[x : x + size]
        for i in range(size):
            if mask[i] == 0:
                theta[i] = keep[i]
    if layers[k, W] != 0:
        transpose(memory, layers, places, k, max(r0 - 1, 0), r1 - 1)


@njit(**OPTIONS)
def transpose(memory, layers, places, k, j0, j1):
    """Renew the columns j0 to j1 of W_k from the rows of W_k^T."""
    apart()
    inner, width = layers[k, IN], layers[k, OUT]
    lanes = LANES_4 if memory.itemsize == 4 else LANES_8
    rows = places[THETA] + layers[k, AT] + width
    for j in range(j0, j1, lanes):
        for i in range(0, width, lanes):
            transpose_tile(memory, layers[k, W] + i * inner + j, inner, rows + j * width + i, width)


@njit(**OPTIONS)
def by_blocks(
    memory, layers, places, blocks, shares, code, reals, count, lr, corrections, squares, keeps, thread
):  # fmt: skip
    """Do part 2 for this thread's blocks; squares[block] becomes sum g^2, before and after clipping by value."""
    apart()
    scratch = places[SCRATCH] + thread * places[SCRATCH_SIZE]
    for n in range(shares[thread], shares[thread + 1]):
        k, r0, r1 = blocks[n, 0], blocks[n, 1], blocks[n, 2]
        width = layers[k, OUT]
        at, size = layers[k, AT] + r0 * width, (r1 - r0) * width
        block_gradient(memory, layers, places, k, r0, r1, scratch, count)
        if reals[L1] != 0.0 or reals[L2] != 0.0:
            bias = width if r0 == 0 else 0
            penalise(memory, places[THETA] + at + bias, scratch + bias, size - bias, reals[L1], reals[L2])
        if layers[k, IS_PARTIAL]:
            mask, gradient = (
                memory[places[MASK] + at : places[MASK] + at + size],
                memory[scratch : scratch + size],
            )
            for i in range(size):
                gradient[i] *= mask[i]
        squares[n, 0] = add_squares(memory, scratch, size)
        if reals[CLIP_VALUE] > 0.0:
            clip(memory, scratch, size, reals[CLIP_VALUE])
        if keeps:
            squares[n, 1] = add_squares(memory, scratch, size)
            to, gradient = (
                memory[places[GRADIENT] + at : places[GRADIENT] + at + size],
                memory[scratch : scratch + size],
            )
            for i in range(size):
                to[i] = gradient[i]
        else:
            update(memory, layers, places, code, k, r0, r1, scratch, lr, reals, corrections)


@njit(**OPTIONS)
def by_blocks_clipped(memory, layers, places, blocks, shares, code, reals, lr, corrections, squares, thread):
    """Do part 3: scale the gradient to the longest norm allowed, and make the step."""
    apart()
    norm = math.sqrt(squares[:, 1].sum())
    scale = like(memory[0], reals[CLIP_NORM] / norm if norm > reals[CLIP_NORM] else 1.0)
    for n in range(shares[thread], shares[thread + 1]):
        k, r0, r1 = blocks[n, 0], blocks[n, 1], blocks[n, 2]
        g = places[GRADIENT] + layers[k, AT] + r0 * layers[k, OUT]
        size = (r1 - r0) * layers[k, OUT]
        gradient = memory[g : g + size]
        for i in range(size):
            gradient[i] *= scale
        update(memory, layers, places, code, k, r0, r1, g, lr, reals, corrections)


@njit(**OPTIONS)
def batch_weight(w, order):
    """Return sum w over a batch."""
    total = 0.0
    for n in range(len(order)):
        total += w[order[n]]
    return total


@njit(**OPTIONS)
def _epoch(
    memory, layers, places, blocks, shares, code, reals, X, p, w, is_uniform, order, rates, t, losses, squares,
    norms, result, counters, interrupted, most, thread, threads,
):  # fmt: skip
    """Run at most `most` steps of an epoch as thread `thread` of `threads`.

    result, (3,): sum over batches of their weight times their loss; steps made; updates made. norms, (K,): the
    sums over updates of the gradient's norm by layer. losses and squares are this epoch's scratch. counters[STOP]
    says why it ended.
    """
    N, batch = len(order), places[BATCH]
    total = 0.0
    updates = 0
    steps = 0
    clips = reals[CLIP_NORM] > 0.0
    weight, weighed = 0.0, 0  # of the batch before, and how many rows it had
    running_a, running_b = reals[FIVE] ** t, reals[FIVE + 1] ** t  # beta^t, for Adam
    for start in range(0, N, batch):
        if steps == most:
            break
        rows = order[start : start + batch]
        if not is_uniform or len(rows) != weighed:
            weight, weighed = batch_weight(w, rows), len(rows)
        if thread == 0 and interrupted[0]:
            add(counters, STOP, INTERRUPTED - look(counters, STOP))
        if weight > 0.0:
            by_rows(memory, layers, places, X, p, w, rows, 1.0 / weight, losses, thread, threads)
        meet(counters, threads)
        if look(counters, STOP) != GOING:
            break
        if weight > 0.0:
            loss = 0.0
            for group in range(-(-len(rows) // places[GROUP_ROWS])):
                loss += losses[group]
            if not math.isfinite(loss):
                if thread == 0:
                    add(counters, STOP, DIVERGED)
                break
            total += weight * loss
            lr = rates[updates]
            updates += 1
            running_a *= reals[FIVE]
            running_b *= reals[FIVE + 1]
            corrections = (
                1.0 / (1.0 - running_a),
                1.0 / (1.0 - running_b),
                1.0 / (1.0 - running_a * reals[FIVE]),
            )
            by_blocks(
                memory, layers, places, blocks, shares, code, reals, len(rows), lr, corrections, squares,
                clips, thread,
            )  # fmt: skip
            meet(counters, threads)
            if clips:
                by_blocks_clipped(
                    memory, layers, places, blocks, shares, code, reals, lr, corrections, squares, thread
                )  # fmt: skip
                meet(counters, threads)
            if thread == 0 and not add_norms(blocks, squares, norms):
                add(counters, STOP, DIVERGED)
        steps += 1
    if thread == 0:
        result[0], result[1], result[2] = total, steps, updates


@njit(**OPTIONS)
def add_norms(blocks, squares, norms):
    """Add the norm of every layer's gradient to norms; return whether all are finite."""
    apart()
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
def _gradient(
    memory, layers, places, blocks, shares, reals, X, p, w, share, order, losses, squares, counters, thread, threads
):  # fmt: skip
    """Write the gradient of one batch, penalty included, to memory[places[GRADIENT]:]; losses[group]: sum c L."""
    by_rows(memory, layers, places, X, p, w, order, share, losses, thread, threads)
    meet(counters, threads)
    by_blocks(
        memory, layers, places, blocks, shares, 0, reals, len(order), 0.0, (0.0, 0.0, 0.0), squares, True, thread
    )  # fmt: skip


@njit(**OPTIONS)
def _evaluate(memory, layers, places, X, p, w, order, rows, out, sums, thread, threads):
    """Do this thread's share of blocks of `rows` rows: y_hat to out, or, where out is empty, sum w L to sums[block]."""
    K = layers.shape[0] - 1
    width, n = layers[K, OUT], layers[K, N_OUT]
    count, base = len(order), thread * rows
    blocks = -(-count // rows)
    a, d = layers[K, H] + base * width, layers[K, D] + base * width
    for block in range(blocks * thread // threads, blocks * (thread + 1) // threads):
        start = block * rows
        size = min(rows, count - start)
        gather(memory, layers, X, order[start:], base, size)
        forward(memory, layers, places, base, size)
        if len(out):
            outputs.y_hat_rows(places[OUTPUT], memory, a, width, n, out, start, size)
        else:
            sums[block] = outputs.delta_rows(
                places[OUTPUT], memory, a, d, places[SUMS] + base, width, n, p, order[start:], w, 1.0, size
            )  # fmt: skip


epoch: Callable[..., None] = _epoch
gradient: Callable[..., None] = _gradient
evaluate: Callable[..., None] = _evaluate
