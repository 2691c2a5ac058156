"""The parameters, block by block: the gradient over the whole batch, penalty, norm, clipping, the optimiser's step."""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

import math

import numpy as np
from numba import njit

from deltarule.engines.compiled.codes import CLIP_NORM, CLIP_VALUE, DECAY, FIVE, L1, L2
from deltarule.engines.compiled.kernels import rowwise
from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.inner import dot
from deltarule.engines.compiled.kernels.listing import add_listed
from deltarule.engines.compiled.kernels.meeting import next_of
from deltarule.engines.compiled.kernels.passes import change
from deltarule.engines.compiled.kernels.scales import add_slopes, scale_weights, through_scales
from deltarule.engines.compiled.kernels.tiles import SET
from deltarule.engines.compiled.kernels.vectors import apart, call
from deltarule.engines.compiled.places import (
    AT,
    CHANGE,
    COLUMNS,
    EXAMPLE_ROWS,
    FACTORS,
    GRADIENT,
    GROUP,
    HEIGHT,
    INNER,
    INPUT,
    IS_PARTIAL,
    IS_RATED,
    IS_TURNED,
    LEARNS,
    LISTED,
    MASK,
    N_IN,
    N_OUT,
    PANEL_WIDTH,
    PRODUCT,
    ROWS,
    SCALED,
    SCRATCH,
    SCRATCH_SIZE,
    SIZE,
    SPAN,
    STATES,
    STEP,
    STRANDS,
    THETA,
    UNIT,
    D,
    H,
)  # fmt: skip


@njit(**OPTIONS)
def add_product(memory, layers, places, lists, block, to, to_row, count, mode):
    """Set to, or add to, memory[to:] the gradient of a block of parameters over `count` examples."""
    apart()
    k, r0, r1, c0, c1 = block[0], block[1], block[2], block[3], block[4]
    if k == 1 and places[LISTED] > 0:
        add_listed(memory, layers, places, lists, block, to, to_row, count, mode)
        return
    columns, panel = places[COLUMNS], layers[k, PANEL_WIDTH]
    if layers[k, ROWS] < 0:
        n_out, height = layers[k, N_OUT], layers[k - 1, HEIGHT]
        delta, h = layers[k, D] + r0 * columns, layers[k - 1, H] + c0 * columns
        n_out, height = n_out * columns, height * columns
        if r1 - r0 < c1 - c0:
            call(places[INNER], memory, (
                to, 1, to_row, h, columns, delta, columns, c1 - c0, r1 - r0, count, columns, height, n_out, mode,
            ))  # fmt: skip
        else:
            call(places[INNER], memory, (
                to, to_row, 1, delta, columns, h, columns, r1 - r0, c1 - c0, count, columns, n_out, height, mode,
            ))  # fmt: skip
        return
    if layers[k, IS_TURNED]:
        height, at = layers[k - 1, HEIGHT], layers[k - 1, H]
    else:
        height, at = layers[k, N_OUT], layers[k, D]
    call(places[PRODUCT], memory, (
        to, to_row, at + r0 * columns, columns, 1,
        layers[k, ROWS], panel, places[EXAMPLE_ROWS] * panel,
        r1 - r0, c0, c1, count, columns, height * columns, mode,
    ))  # fmt: skip


@njit(**OPTIONS)
def row_length(layers, k):
    """Return the distance of rows in layer k's part of theta."""
    return layers[k, INPUT] if layers[k, IS_TURNED] else layers[k, UNIT]


@njit(**OPTIONS)
def block_gradient(memory, layers, places, lists, block, to, count):
    """Write the gradient of a block of parameters over the whole batch to memory[to:], and zeros after it."""
    apart()
    k, rows, width = block[0], block[2] - block[1], block[4] - block[3]
    if places[GROUP] == 0:
        add_product(memory, layers, places, lists, block, to, width, count, np.int64(SET))
        return
    row = row_length(layers, k)
    begin = places[GRADIENT] + layers[k, AT] + block[1] * row + block[3]
    groups = (count + places[GROUP] - 1) // places[GROUP]
    if groups == 1:
        change(memory, places, rowwise.COPY, to, width, begin, row, rows, width, 0.0, 0.0)
        return
    second = begin + places[SIZE]
    call(places[CHANGE], memory, (
        rowwise.SUM, to, width, begin, row, second, row, rows, width, 0.0, 0.0
    ))  # fmt: skip
    for group in range(2, groups):
        change(
            memory, places, rowwise.ADD, to, width, begin + group * places[SIZE], row, rows, width, 0.0, 0.0
        )


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
    theta, mask, factors = places[THETA] + at, places[MASK] + at, places[FACTORS] + at
    if layers[block[0], IS_PARTIAL] or layers[block[0], IS_RATED]:
        change(memory, places, rowwise.COPY, spare, width, theta, row, rows, width, 0.0, 0.0)
    if reals[DECAY] != 0.0 and block[0] > 0:
        height, length = weights_of(layers, block)
        kept = 1.0 - lr * reals[DECAY]
        change(memory, places, rowwise.SCALE, theta, row, 0, 0, height, length, kept, 0.0)
    run = width * rows if width == row else width  # what lies together
    for first in range(0, width * rows, run):
        step(memory, places, code, at, g + first, run, lr, reals, corrections)
        at += row
    if layers[block[0], IS_RATED]:
        call(places[CHANGE], memory, (
            rowwise.STRETCH, theta, row, spare, width, factors, row, rows, width, 0.0, 0.0
        ))  # fmt: skip
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
def keeps_to_its_own(places):
    """Return whether a thread does the same groups and blocks in every step.

    That pays where a step is short and the threads have as much to do: what another one has written comes slowly.
    """
    return places[STRANDS] > 0 or (places[GROUP] > 0 and places[SPAN] == places[GROUP])


def by_blocks(
    memory, layers_of, places_of, lists, blocks, shares, code, reals, squares, counters, threads,
    part, count, keeps, real_share, real_lr, real_corrected_a, real_corrected_b, real_corrected_c,
):  # fmt: skip
    """Do part 2 for the blocks that a thread gets, or a strand.

    squares[block] becomes sum g^2, before and after clipping, and the penalty, whose factor is real_share.
    """
    apart()
    layers, places = layers_of[part], places_of[part]
    corrections = real_corrected_a, real_corrected_b, real_corrected_c
    scratch = places[SCRATCH] + part * places[SCRATCH_SIZE]
    spare = scratch + places[SCRATCH_SIZE] // 2
    is_fixed = threads == 1 or keeps_to_its_own(places)
    n, end = shares[part] - 1, shares[part + 1]
    while True:
        n = n + 1 if is_fixed else next_of(counters, shares, part, threads)
        if n < 0 or (is_fixed and n == end):
            break
        block = blocks[n]
        k, rows, width = block[0], block[2] - block[1], block[4] - block[3]
        size, row = rows * width, row_length(layers, k)
        at = layers[k, AT] + block[1] * row + block[3]
        block_gradient(memory, layers, places, lists, block, scratch, count)
        if k == 1 and places[SCALED] > 0:
            through_scales(memory, layers, places, lists, block, n, scratch)
        if reals[L1] != 0.0 or reals[L2] != 0.0:
            squares[n, 2] = real_share * penalty_of(memory, layers, places, block, reals[L1], reals[L2])
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
                real_share * reals[L1],
                real_share * reals[L2],
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
            update(memory, layers, places, code, block, scratch, real_lr, reals, corrections, spare)


@njit(**OPTIONS)
def clipping(squares, blocks, reals):
    """Return the factor that brings the gradient to the longest norm allowed."""
    squared = 0.0
    for n in range(len(blocks)):
        squared += squares[n, 1]
    norm = math.sqrt(squared)
    return reals[CLIP_NORM] / norm if norm > reals[CLIP_NORM] else 1.0


def by_blocks_clipped(
    memory, layers_of, places_of, blocks, shares, code, reals, squares,
    part, real_lr, real_corrected_a, real_corrected_b, real_corrected_c,
):  # fmt: skip
    """Do part 3: scale the gradient to the longest norm allowed, and make the step."""
    apart()
    layers, places = layers_of[part], places_of[part]
    corrections = real_corrected_a, real_corrected_b, real_corrected_c
    scale = clipping(squares, blocks, reals)
    scratch = places[SCRATCH] + part * places[SCRATCH_SIZE]
    spare = scratch + places[SCRATCH_SIZE] // 2
    for n in range(shares[part], shares[part + 1]):
        block = blocks[n]
        row, width = row_length(layers, block[0]), block[4] - block[3]
        begin = places[GRADIENT] + layers[block[0], AT] + block[1] * row + block[3]
        rows = block[2] - block[1]
        change(memory, places, rowwise.COPY, scratch, width, begin, row, rows, width, 0.0, 0.0)
        change(memory, places, rowwise.SCALE, scratch, width, 0, 0, rows, width, scale, 0.0)
        update(memory, layers, places, code, block, scratch, real_lr, reals, corrections, spare)


def by_blocks_of_scales(
    memory, layers_of, places_of, lists, blocks, code, reals, squares, threads,
    thread, makes, steps, real_lr, real_corrected_a, real_corrected_b, real_corrected_c,
):  # fmt: skip
    """Do a thread's blocks of s: where `makes`, dL/ds, and where `steps`, the optimiser's step, and W_1 diag(s) anew.

    squares[block] becomes sum g^2 after clipping by value.
    """
    apart()
    layers, places = layers_of[thread], places_of[thread]
    corrections = real_corrected_a, real_corrected_b, real_corrected_c
    spare = places[SCRATCH] + thread * places[SCRATCH_SIZE]
    scale = clipping(squares, blocks, reals) if steps and reals[CLIP_NORM] > 0.0 else 1.0
    for n in range(len(blocks) - 1 - thread, -1, -threads):
        if blocks[n, 0] > 0:  # those of s come last
            break
        first, end = blocks[n, 3], blocks[n, 4]
        size, at = end - first, layers[0, AT] + first
        g = places[GRADIENT] + at
        if makes and layers[0, LEARNS]:
            add_slopes(memory, layers, places, blocks, first, end)
            if layers[0, IS_PARTIAL]:
                change(memory, places, rowwise.MULTIPLY, g, 0, places[MASK] + at, 0, 1, size, 0.0, 0.0)
            if reals[CLIP_VALUE] > 0.0:
                change(memory, places, rowwise.CLIP, g, 0, 0, 0, 1, size, reals[CLIP_VALUE], 0.0)
            squares[n, 1] = dot(memory, g, g, size)
        if not steps:
            continue
        if layers[0, LEARNS]:
            if scale != 1.0:
                change(memory, places, rowwise.SCALE, g, 0, 0, 0, 1, size, scale, 0.0)
            update(memory, layers, places, code, blocks[n], g, real_lr, reals, corrections, spare)
        scale_weights(memory, layers, places, lists, first, end + (end == layers[0, N_OUT]))


@njit(**OPTIONS)
def add_norms(blocks, squares, norms):
    """Add the norm of every layer's gradient to norms; return whether all are finite."""
    is_finite = True
    for k in range(1, len(norms) + 1):
        summed = 0.0
        for n in range(len(blocks)):
            if blocks[n, 0] == k:
                summed += squares[n, 0]
        norms[k - 1] += math.sqrt(summed)
        is_finite = is_finite and math.isfinite(summed)
    return is_finite
