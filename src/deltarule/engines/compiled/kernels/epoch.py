"""The kernel: whole epochs in one call, run by one or more threads over shared memory.

A step, with a barrier after each part where there are several threads:

1. the batch is gathered; h_k and g'_k(a_k) layer by layer; the losses and delta; dL/da_k layer by layer, each
   thread making some units of a layer for all examples;
2. by blocks of parameters: the gradient over the whole batch, penalty, norm, clipping, the optimiser's step;
3. only where the gradient is clipped by its norm: the optimiser's step.

Where inputs have scales, these follow after part 2, and with them W_1 diag(s), which the first layer is made with.

Where groups of examples have gradients of their own, part 1 is done group by group, each by one thread alone. Where the
network is cut into strands, each thread does both parts for its own ones, with a barrier before logits are added up.
Each of these ways of part 1 is a kernel of its own, and so are parts 2 and 3: `steps` calls them by their addresses
with its own letter, and they are compiled by themselves.
Everything a thread does is a function of what all threads wrote before the last barrier, in a fixed order; so the
bits do not depend on how many there are.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

import math

import numpy as np
from numba import njit

from deltarule.engines.compiled.codes import CLIP_NORM, FIVE, IS_SHARED
from deltarule.engines.compiled.kernels.blocks import (
    add_norms,
    add_product,
    keeps_to_its_own,
    row_length,
)
from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.copying import prefetch_rows
from deltarule.engines.compiled.kernels.dropout import salt
from deltarule.engines.compiled.kernels.meeting import add, look, meet, swap
from deltarule.engines.compiled.kernels.optimisers import corrected
from deltarule.engines.compiled.kernels.passes import (
    ALONE,
    HOT,
    backward,
    delta,
    forward,
    gather,
    is_turning,
    share,
    strands_back,
    strands_forth,
    through,
    total_loss,
    turn,
)
from deltarule.engines.compiled.kernels.tiles import ADD, SET
from deltarule.engines.compiled.kernels.vectors import apart, call
from deltarule.engines.compiled.places import (
    AT,
    BATCH,
    BLOCKS,
    CLIPPED,
    COLUMNS,
    GRADIENT,
    GROUP,
    IS_TURNED,
    LISTED,
    LOWEST,
    N_OUT,
    OUTPUT,
    PART,
    SCALES,
    SEED,
    SIZE,
    SPAN,
    STRANDS,
    Y_HAT,
    H,
)  # fmt: skip
from deltarule.engines.compiled.threads import DIVERGED, EACH, GOING, INTERRUPTED, NEXT, QUEUES, SPREAD, STOP

LITTLE = 256
"""Examples of a batch that the cache may take up in advance."""
EVEN = 1.15
"""Threads make examples of their own where the one with most has no more than this times its share,"""
SHARED = 262_144
"""and where theta has no more numbers than this. Of a larger one a thread had better read only those rows that it also
updates: what both threads have read, neither can write to without asking the other."""


def in_groups(
    memory, layers_of, places_of, blocks, X, lists, p, w, keys, order, losses, counters, threads,
    thread, start, count, salted, real_scale,
):  # fmt: skip
    """Do part 1 for groups of a batch, with the gradient of each group; losses[SPREAD group]: sum c L."""
    apart()
    layers, places, order = layers_of[thread], places_of[thread], order[start : start + count]
    rows, span = places[GROUP], places[SPAN]
    zero = ALONE[0]
    groups = (len(order) + rows - 1) // rows
    is_fixed, group = keeps_to_its_own(places), thread - threads
    while True:  # else whoever is free takes the next group
        group = group + threads if is_fixed else add(counters, NEXT, 1)
        if group >= groups:
            break
        first, end = group * rows, min(len(order), (group + 1) * rows)
        total = 0.0
        for at in range(first, end, span):
            examples = order[at : min(end, at + span)]
            size = len(examples)
            through(memory, layers, places, X, lists, p, w, keys, real_scale, salted, examples, zero)
            if places[LISTED] == 0:
                prefetch_rows(X, order, at + size, min(end, at + 2 * size))
            prefetch_rows(p, order, at + size, min(end, at + 2 * size))
            total += total_loss(memory, places, zero, size)
            for n in range(len(blocks)):
                if blocks[n, 0] == 0:  # of scales, whose gradient is made of W_1's
                    break
                row = row_length(layers, blocks[n, 0])
                begin = places[GRADIENT] + group * places[SIZE] + layers[blocks[n, 0], AT]
                begin += blocks[n, 1] * row + blocks[n, 3]
                mode = np.int64(SET if at == first else ADD)
                add_product(memory, layers, places, lists, blocks[n], begin, row, size, mode)
        losses[SPREAD * group] = total


def together(
    memory, layers_of, places_of, X, lists, p, w, keys, order, losses, counters, threads,
    thread, start, count, salted, real_scale,
):  # fmt: skip
    """Do part 1 for a batch together with the other threads; losses[0]: sum c L."""
    apart()
    layers, places, order = layers_of[thread], places_of[thread], order[start : start + count]
    K, columns, zero = len(layers) - 1, places[COLUMNS], ALONE[0]
    chunks = (count + columns - 1) // columns
    each = (chunks + threads - 1) // threads * columns
    if threads == 1 or (
        each * threads <= EVEN * count and places[SIZE] <= SHARED
    ):  # every thread makes its own examples up to the end
        first, end = min(count, thread * each), min(count, (thread + 1) * each)
        chunk = first // columns
        through(memory, layers, places, X, lists, p, w, keys, real_scale, salted, order[first:end], chunk)
        meet(counters, thread, threads)
        if thread == 0:
            losses[0] = total_loss(memory, places, zero, count)
        return
    gather(memory, layers, places, X, lists, p, w, keys, real_scale, order, zero, thread, threads)
    meet(counters, thread, threads)
    for k in range(1, K + 1):
        forward(memory, layers, places, lists, k, salted, zero, count, thread, threads)
        if is_turning(layers, places, k) and not layers[k, IS_TURNED]:
            turn(memory, layers, places, k, zero, count, thread, threads)
        meet(counters, thread, threads)
    delta(memory, layers, places, zero, count, thread, threads)
    meet(counters, thread, threads)
    for k in range(K - 1, places[LOWEST] - 1, -1):
        backward(memory, layers, places, k, zero, count, thread, threads)
        if is_turning(layers, places, k + 1) and layers[k + 1, IS_TURNED]:
            turn(memory, layers, places, k + 1, zero, count, thread, threads)
        meet(counters, thread, threads)
    lowest = places[LOWEST]
    if is_turning(layers, places, lowest) and layers[lowest, IS_TURNED]:
        turn(memory, layers, places, lowest, zero, count, thread, threads)
        meet(counters, thread, threads)
    if thread == 0:
        losses[0] = total_loss(memory, places, zero, count)


def in_strands(
    memory, layers_of, places_of, X, lists, p, w, keys, order, losses, counters, threads,
    thread, start, count, salted, real_scale,
):  # fmt: skip
    """Do part 1 for a batch, each thread for its strands; losses[SPREAD thread]: sum c L, the same for all."""
    apart()
    places, order = places_of[thread], order[start : start + count]
    columns, zero = places[COLUMNS], ALONE[0]
    together = columns if places[SIZE] <= HOT else max(1, count)
    for first in range(0, count, together):
        examples = order[first : first + together]
        chunk = first // columns
        strands_forth(
            memory, layers_of, places_of, X, lists, p, w, keys, real_scale, salted, examples, chunk, thread, threads
        )  # fmt: skip
        if threads == 1:
            strands_back(memory, layers_of, places_of, chunk, len(examples), thread, threads)
    if threads > 1:
        meet(counters, thread, threads)
        for first in range(0, count, together):
            size = min(together, count - first)
            strands_back(memory, layers_of, places_of, first // columns, size, thread, threads)
    losses[SPREAD * thread] = total_loss(memory, places, zero, count)


@njit(**OPTIONS)
def batch_weight(w, order):
    """Return sum w over a batch; without w, how many examples it has."""
    if len(w) == 0:
        return float(len(order))
    total = 0.0
    for n in range(len(order)):
        total += w[order[n]]
    return total


def steps(
    layers_of, places_of, blocks, code, reals, X, p, w, order, rates, t, losses, squares, norms, result, counters,
    interrupted, done, most, threads, letter, thread,
):  # fmt: skip
    """Go on with an epoch, of which `done` steps are made, up to step `most`, as thread `thread` of `threads`.

    w has no entries where all examples weigh the same. Where code is negative, gradients are made and nothing else:
    that of the last batch, penalty included, is in memory[places[GRADIENT]:]. result, (7,), of the epoch so far: sum
    over batches of their weight times their loss; steps made; updates made; sums over batches of their size times
    their loss, and times their penalty; beta^t twice, for Adam.
    norms, (K,): the sums over updates of the gradient's norm by layer. losses and squares are this epoch's
    scratch. counters[STOP] says why it ended.
    """
    apart()
    places = places_of[thread]
    N, batch = len(order), places[BATCH]
    total = counted = penalty = 0.0
    updates = 0
    made = done
    parts = max(threads, places[STRANDS])  # of part 2: strands, or one a thread
    clips = reals[CLIP_NORM] > 0.0
    keeps = np.int64(clips or code < 0)
    running_a, running_b = reals[FIVE] ** t, reals[FIVE + 1] ** t  # beta^t, for Adam
    if done > 0:
        total, updates, counted, penalty = result[0], int(result[2]), result[3], result[4]
        running_a, running_b = result[5], result[6]
    elif thread == 0:
        norms[:] = 0.0
    for start in range(done * batch, N, batch):
        if made == most:
            break
        rows = order[start : start + batch]
        weight = batch_weight(w, rows)
        if thread == 0 and interrupted[0]:
            add(counters, STOP, INTERRUPTED - look(counters, STOP))
        if weight <= 0.0:
            made += 1
            continue
        swap(counters, QUEUES + EACH * thread, 0)
        ahead = min(N, start + 2 * batch) - start - len(rows)
        if ahead > 0 and ahead <= LITTLE:
            first, last = start + batch, start + batch + ahead
            if places[STRANDS] == 0:
                first = start + batch + share(ahead, 1, thread, threads)
                last = start + batch + share(ahead, 1, thread + 1, threads)
            if places[LISTED] == 0:
                prefetch_rows(X, order, first, last)
            prefetch_rows(p, order, first, last)
        scale, salted = 1.0 / weight, salt(places[SEED], t + updates)
        call(places[PART], letter, (thread, start, len(rows), salted, scale))
        if places[STRANDS] == 0:  # else they met already
            meet(counters, thread, threads)
        if look(counters, STOP) != GOING:
            break
        if thread == 0:
            add(counters, NEXT, -look(counters, NEXT))
        loss = 0.0
        groups = (len(rows) + places[GROUP] - 1) // places[GROUP] if places[GROUP] > 0 else 1
        first = thread if places[STRANDS] > 0 else 0
        for group in range(first, first + groups):
            loss += losses[SPREAD * group]
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
        for part in range(thread, parts, threads):
            call(places[BLOCKS], letter, (
                part, len(rows), keeps, share_of, lr, corrections[0], corrections[1], corrections[2]
            ))  # fmt: skip
        meet(counters, thread, threads)
        has_scales = len(blocks) > 0 and blocks[len(blocks) - 1, 0] == 0
        if has_scales:
            call(places[SCALES], letter, (
                thread, np.int64(1), 1 - keeps, lr, corrections[0], corrections[1], corrections[2]
            ))  # fmt: skip
            meet(counters, thread, threads)
        if clips and code >= 0:
            for part in range(thread, parts, threads):
                call(places[CLIPPED], letter, (part, lr, corrections[0], corrections[1], corrections[2]))
            meet(counters, thread, threads)
            if has_scales:
                call(places[SCALES], letter, (
                    thread, np.int64(0), np.int64(1), lr, corrections[0], corrections[1], corrections[2]
                ))  # fmt: skip
                meet(counters, thread, threads)
        if thread == 0:
            for n in range(len(blocks)):
                penalty += len(rows) * squares[n, 2]
            if not add_norms(blocks, squares, norms):
                add(counters, STOP, DIVERGED)
        made += 1
    if thread == 0:
        result[0], result[1], result[2], result[3], result[4] = total, made, updates, counted, penalty
        result[5], result[6] = running_a, running_b


def chunks(memory, layers_of, places_of, X, lists, p, w, order, out, sums, threads, thread):
    """Do this thread's chunks of examples: y_hat to out, or, where out is empty, sum w L to sums[chunk]."""
    apart()
    layers, places = layers_of[thread], places_of[thread]
    columns, K = places[COLUMNS], len(layers) - 1
    n = layers[K, N_OUT]
    first, one = ALONE
    a = layers[K, H]
    every = (len(order) + columns - 1) // columns
    for chunk in range(share(every, 1, thread, threads), share(every, 1, thread + 1, threads)):
        examples = order[chunk * columns : (chunk + 1) * columns]
        count = len(examples)
        gather(memory, layers, places, X, lists, p, w, w[:0], 1.0, examples, first, first, one)
        for k in range(1, K + 1):
            forward(memory, layers, places, lists, k, first, first, count, first, one)
        if len(out) == 0:
            delta(memory, layers, places, first, count, first, one)
            sums[chunk] = total_loss(memory, places, first, count)
        else:
            call(places[Y_HAT], memory, (places[OUTPUT], a, columns, n, count))
            for r in range(count):
                for i in range(n):
                    out[chunk * columns + r, i] = memory[a + i * columns + r]
