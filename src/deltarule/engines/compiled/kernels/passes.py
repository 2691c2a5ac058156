"""A thread's examples from their rows to dL/da_k: gathered, forward, losses, backward."""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

import numpy as np
from numba import njit

from deltarule.engines.compiled.kernels import rowwise
from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.copying import copy_columns, copy_rows, transpose_tile
from deltarule.engines.compiled.kernels.dropout import WORD, mixed
from deltarule.engines.compiled.kernels.inner import dot
from deltarule.engines.compiled.kernels.listing import list_rows, multiply_listed
from deltarule.engines.compiled.kernels.tiles import MULTIPLY, SET
from deltarule.engines.compiled.kernels.vectors import apart, call, lanes_of
from deltarule.engines.compiled.places import (
    ACTIVATE,
    AT,
    BIAS,
    CHANGE,
    CODE,
    COLUMNS,
    DELTA,
    DROP,
    DROPPING,
    EXAMPLE_ROWS,
    FIRST,
    HEIGHT,
    INPUT,
    INPUT_PANEL,
    INPUT_ROWS,
    INPUT_STEP,
    IS_TURNED,
    KEYS,
    LEARNS,
    LISTED,
    LOGITS,
    LOSSES,
    LOWEST,
    N_IN,
    N_OUT,
    NUMBERS,
    OUTPUT,
    PANEL,
    PANEL_WIDTH,
    PRODUCT,
    READ,
    ROWS,
    ROWS_STEP,
    SIZE,
    THETA,
    UNIT,
    C,
    D,
    H,
)  # fmt: skip
from deltarule.engines.compiled.shapes import ROWS as TILE_ROWS

ALONE = np.int64(0), np.int64(1)
"""Thread 0 of 1, as numbers and not as literals, for which Numba would compile everything once more."""
HOT = 16_384
"""Numbers of theta up to which each chunk of examples goes all the way while it is in the cache; of a larger one, each
layer had better stay there for all chunks."""


@njit(**OPTIONS)
def share(n, unit, thread, threads):
    """Return the first of n things that a thread does, in whole units; with thread + 1, where it ends."""
    if threads == 1:
        return n * thread
    return min(n, (n + unit - 1) // unit * thread // threads * unit)


@njit(**OPTIONS)
def change(memory, places, which, y, y_row, x, x_row, rows, width, a, b):
    """Change rows of memory[y:] by a formula of `rowwise` with those of memory[x:]."""
    call(places[CHANGE], memory, (which, y, y_row, x, x_row, y, y_row, rows, width, a, b))


@njit(**OPTIONS)
def gather(memory, layers, places, X, lists, p, w, keys, scale, order, chunk, thread, threads):
    """Copy the examples `order` into the buffers from a chunk on: h_0, targets (to D_K), c = scale w, and keys.

    X is empty where its rows are lists.
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
    is_matrix = places[LISTED] == 0
    if not is_matrix:
        list_rows(places, lists, order, begin, last, chunk)
    while begin < last:
        end = min(begin + lanes, count)
        if is_matrix and not keeps_rows:
            h = layers[0, H] + of * layers[0, HEIGHT] * columns + column
            copy_columns(memory, h, columns, X, order, begin, end, n)
        for first in range(0, n + 1 if is_matrix and keeps_rows else 0, PANEL):
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
def forward(memory, layers, places, lists, k, salted, chunk, count, thread, threads):
    """Make this thread's units of h_k and g'_k(a_k), or of the logits, for `count` examples from a chunk on.

    Above lists, all units of this thread's chunks. salted: the update's salt, for dropout.
    """
    apart()
    lanes, columns = lanes_of(memory), places[COLUMNS]
    n, inputs = layers[k, N_OUT], layers[k, N_IN] + layers[k, BIAS]
    is_listed = k == 1 and places[LISTED] > 0
    first, end = share(n, TILE_ROWS, thread, threads), share(n, TILE_ROWS, thread + 1, threads)
    if is_listed:
        first, end = ALONE[0], n
    theta = places[THETA] + layers[k, READ] + first * layers[k, UNIT]
    of = chunk - 1
    for start in range(0, count, columns):
        of += 1
        if is_listed and (of - chunk) % threads != thread:
            continue
        examples = (min(columns, count - start) + lanes - 1) // lanes * lanes
        h = layers[k, H] + (of * layers[k, HEIGHT] + first) * columns
        if is_listed:
            multiply_listed(memory, layers, places, lists, of, min(columns, count - start))
        else:
            call(places[PRODUCT], memory, (
                h, columns, theta, layers[k, UNIT], layers[k, INPUT],
                layers[k - 1, H] + of * layers[k - 1, HEIGHT] * columns, columns, 0,
                end - first, 0, examples, inputs, inputs, 0, SET,
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
                    places[KEYS] + of * columns, mixed(salted ^ k), layers[k, FIRST] + first, layers[k, DROP],
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
            places[DELTA], memory, (places[OUTPUT], places[NUMBERS],
            places[LOGITS] + of * layers[K, HEIGHT] * columns + column, layers[K, D] + of * n * columns + column,
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
def is_turning(layers, places, k):
    """Return whether a factor of layer k's gradient needs a row for every example, which gathering does not make."""
    return layers[k, LEARNS] and layers[k, ROWS] >= 0 and layers[k, ROWS] != places[INPUT_ROWS]


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
def through(memory, layers, places, X, lists, p, w, keys, scale, salted, order, chunk):
    """Do part 1 for examples of one thread, from a chunk on."""
    apart()
    K, count, columns = len(layers) - 1, len(order), places[COLUMNS]
    zero, one = ALONE
    together = columns if places[SIZE] <= HOT else max(1, count)
    for start in range(0, count, together):
        examples, of = order[start : start + together], chunk + start // columns
        size = len(examples)
        gather(memory, layers, places, X, lists, p, w, keys, scale, examples, of, zero, one)
        for k in range(1, K + 1):
            forward(memory, layers, places, lists, k, salted, of, size, zero, one)
        delta(memory, layers, places, of, size, zero, one)
        for k in range(K - 1, places[LOWEST] - 1, -1):
            backward(memory, layers, places, k, of, size, zero, one)
        for k in range(places[LOWEST], K + 1):
            if is_turning(layers, places, k):
                turn(memory, layers, places, k, of, size, zero, one)


@njit(**OPTIONS)
def strands_forth(
    memory, layers_of, places_of, X, lists, p, w, keys, scale, salted, order, chunk, thread, threads
):  # fmt: skip
    """Make what this thread's strands add to the logits of the examples `order`, from a chunk on."""
    apart()
    zero, one = ALONE
    gather(
        memory, layers_of[thread], places_of[thread], X, lists, p, w, keys, scale, order, chunk, zero, one
    )  # fmt: skip
    for s in range(thread, len(layers_of), threads):
        for k in range(1, 3):
            forward(memory, layers_of[s], places_of[s], lists, k, salted, chunk, len(order), zero, one)


@njit(**OPTIONS)
def strands_back(memory, layers_of, places_of, chunk, count, thread, threads):
    """Add up the logits of all strands, and go on to what the gradient of this thread's strands needs."""
    apart()
    layers, places, columns = layers_of[thread], places_of[thread], places_of[thread, COLUMNS]
    zero, one = ALONE
    length = layers[2, HEIGHT] * columns
    of, width = chunk * length, (count + columns - 1) // columns * length
    to, a = places[LOGITS] + of, layers_of[:, 2, H]
    call(places[CHANGE], memory, (
        rowwise.SUM, to, width, a[0] + of, width, a[1] + of, width, one, width, 0.0, 0.0
    ))  # fmt: skip
    for s in range(2, len(layers_of)):
        change(memory, places, rowwise.ADD, to, width, a[s] + of, width, one, width, 0.0, 0.0)
    delta(memory, layers, places, chunk, count, zero, one)
    for s in range(thread, len(layers_of), threads):
        if places[LOWEST] == 1:
            backward(memory, layers_of[s], places_of[s], one, chunk, count, zero, one)
        for k in range(places[LOWEST], 3):
            if is_turning(layers_of[s], places_of[s], k):
                turn(memory, layers_of[s], places_of[s], k, chunk, count, zero, one)
