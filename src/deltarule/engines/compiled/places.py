"""What the kernels are told: by which number they find what, in rows of integers.

`Plan.layers_of` has a row for every layer, whose columns come first here; `Plan.places_of` has the entries of FIELDS.
"""

from __future__ import annotations

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
    BIAS,
    FIRST,
    WEIGHTS,
    WEIGHTS_ROW,
    BIASES,
    READ,
    IS_RATED,
) = range(FIELDS_OF_LAYER := 23)
"""Columns of `Plan.layers`: widths; the place of [W_k b_k] in a vector like theta, the distances from unit to unit
and from input to input in it, and whether it is kept as its transpose; the place of h_k and the rows of a chunk of
it; the place of dL/da_k; the place of the factor of the gradient that has a row for every example (h_{k-1}, or
dL/da_k where turned; -1: nobody needs it, as where the gradient is made of inner products), its distance from chunk
to chunk, and the width of its panels; the activation; whether anything learns, and whether not everything does; the
threshold of dropout, 0 without; 1 if b_k is added, which only the last of several strands does; the number of the
first unit, 0 but for strands; in the network's theta, the place of W_k, how long its rows are, and the place of b_k;
from where the forward pass reads [W_k b_k], from theta on: AT, but for W_1 diag(s); whether rates differ in it. Where
inputs have scales, layer 0 has s, with a 1 after it, for b_1."""

PANEL = 64
"""Columns that lie together in a matrix, a multiple of the widest tile: its rows are PANEL or fewer numbers apart."""

FIELDS = (
    "batch", "size", "theta", "states", "mask", "gradient", "scratch", "scratch_size", "columns", "group", "span", "c",
    "keys", "seed", "losses", "input_rows", "input_step", "input_panel", "example_rows", "lowest", "output", "numbers",
    "single", "spare", "listed", "starts", "inputs", "values", "firsts", "ends", "turning", "strands",
    "logits", "scaled", "slopes", "factors", "binned", "spans", "means",
    "product", "inner", "activate", "drop", "delta", "y_hat", "step", "change",
    "one", "part", "blocks", "clipped", "scales", "layers",
)  # fmt: skip
"""The entries of `Plan.places`. batch: examples of a batch. theta, states, mask, gradient: places of vectors like
theta, `size` numbers each, one after another; of `gradient` there is one a group. columns: examples of a chunk; group:
examples of a group, 0 where there are none; span: examples whose factors of the gradient are there at once; c, keys,
losses: places of a number for every example (keys: -1 without dropout); seed: of dropout; input_rows: the place of the
batch's rows of X, in panels of width input_panel, input_step further on for each chunk; example_rows: how many examples
the factors with a row for each have room for; lowest: the lowest layer that learns; numbers: the place of the number
that the output has for each of its units; single: the numbers of a vector of units where a batch is one example, else
0, and spare: what it needs beside. listed: 0 where X is a matrix, else X is kept as lists of what is not 0, and no
row's list is longer; starts, inputs, firsts, ends: places among the engine's `lists`, see `kernels/listing.py`; values,
turning: in memory. strands: how many there are, 0 where the network is not cut into any; logits: the place of a_K;
scaled: of [W_1 diag(s), b_1], 0 where inputs have no scales; slopes: of what each block of layer 1 adds to dL/ds, a row
like s for each; factors: of those on the learning rate, a vector like theta, -1 where all are 1; binned: how many
numbers are in bins, see `kernels/bins.py`, spans: the place of their bins among the lists, means: in memory, of a
number for each input. From product on they
are addresses of kernels, and of `Plan.layers`, which the engine fills in."""
(
    BATCH, SIZE, THETA, STATES, MASK, GRADIENT, SCRATCH, SCRATCH_SIZE, COLUMNS, GROUP, SPAN, C, KEYS,
    SEED, LOSSES, INPUT_ROWS, INPUT_STEP, INPUT_PANEL, EXAMPLE_ROWS, LOWEST, OUTPUT, NUMBERS,
    SINGLE, SPARE, LISTED, STARTS, INPUTS, VALUES, FIRSTS, ENDS, TURNING, STRANDS,
    LOGITS, SCALED, SLOPES, FACTORS, BINNED, SPANS, MEANS,
    PRODUCT, INNER, ACTIVATE, DROPPING, DELTA, Y_HAT, STEP, CHANGE, ONE, PART, BLOCKS, CLIPPED, SCALES, LAYERS,
) = range(len(FIELDS))  # fmt: skip
