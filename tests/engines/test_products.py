"""The engine's matrix product: right, and with the same bits however it is cut, by rows, by blocks or not at all."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deltarule.engines.compiled.kernels.tiles import ADD, MULTIPLY, SET
from deltarule.engines.compiled.machine_code import code_for
from deltarule.engines.compiled.places import PANEL
from deltarule.engines.compiled.shapes import DEEPEST, LEAST, SHALLOW

ACROSS = 0
SHAPES = [
    (1, 3, 5, 3), (7, 64, 64, 64), (LEAST, DEEPEST + 1, 37, DEEPEST + 1), (LEAST + 5, 2 * DEEPEST + 7, 200, 64),
    (200, DEEPEST + 40, 130, 24), (193, 3 * DEEPEST, PANEL, 3 * DEEPEST), (LEAST, 1000, PANEL + 1, 40),
    (7, 70, 40, ACROSS), (LEAST + 5, 2 * SHALLOW + 3, 37, ACROSS), (LEAST + 97, 2 * DEEPEST + 41, PANEL + 9, ACROSS),
    (LEAST + 1, DEEPEST + 50, 40, -24),
]  # fmt: skip
"""M, K, N, and the k of a segment, or that A lies across, as W^T does: by rows of its transpose, -24 in segments of 24.

From LEAST rows and more than SHALLOW k on, there are blocks; from more than DEEPEST k on, A is turned.
"""


class Product:
    """A product whose A lies in segments of k or across, and whose B lies in panels, in memory of the engine's kind."""

    def __init__(self, shape: tuple[int, int, int, int], dtype: type[np.floating[Any]], seed: int) -> None:
        self.M, self.K, self.N, segment = M, K, N, _ = shape
        self.row, self.step = (1, M) if segment <= ACROSS else (segment, 1)
        self.segment = segment = abs(segment) or K
        rng = np.random.default_rng(seed)
        self.A, self.B, self.C = (rng.normal(size=size).astype(dtype) for size in ((M, K), (K, N), (M, N)))
        panels = -(-N // PANEL)
        wide = np.zeros((K, panels * PANEL), dtype)
        wide[:, :N] = self.B
        B = wide.reshape(K, panels, PANEL).transpose(1, 0, 2)
        segments = -(-K // segment)
        A = np.zeros((segments, M, segment), dtype)
        for s in range(segments):
            part = self.A[:, s * segment : (s + 1) * segment]
            A[s, :, : part.shape[1]] = part
        if self.row == 1:
            A = A.transpose(0, 2, 1)
        self.memory = np.concatenate([A.ravel(), B.ravel(), self.C.ravel(), np.zeros(PANEL, dtype)])
        self.b, self.c, self.jump = A.size, A.size + B.size, M * segment

    def __call__(self, mode: int, height: int) -> NDArray[np.floating[Any]]:
        """Return C, made by so many rows in a call."""
        name = self.memory.dtype.name
        product = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 3, *[ctypes.c_int64] * 15)(
            code_for(name).address["product"]
        )
        memory, for_numba = self.memory.copy(), (ctypes.c_int64 * 2)()
        for top in range(0, self.M, height):
            product(
                ctypes.addressof(for_numba), ctypes.addressof(for_numba), memory.ctypes.data,
                self.c + top * self.N, self.N, top * self.row, self.row, self.step, self.b, PANEL, self.K * PANEL,
                min(height, self.M - top), 0, self.N, self.K, self.segment, self.jump, mode,
            )  # fmt: skip
        assert (memory[self.c + self.C.size :] == 0).all()
        return memory[self.c : self.c + self.C.size].reshape(self.C.shape)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mode", [SET, MULTIPLY, ADD])
def test_a_product_is_right_and_has_the_same_bits_by_any_number_of_rows(
    shape: tuple[int, int, int, int], mode: int, dtype: type[np.floating[Any]]
):
    product = Product(shape, dtype, seed=sum(shape))
    made = product(mode, shape[0])
    exact = product.A.astype(np.float64) @ product.B.astype(np.float64)
    C = product.C.astype(np.float64)
    expected = exact if mode == SET else exact * C if mode == MULTIPLY else exact + C
    scale = np.abs(product.A).astype(np.float64) @ np.abs(product.B) * (np.abs(C) if mode == MULTIPLY else 1)
    error = np.abs(made - expected) / (scale + np.abs(C))
    assert error.max() < shape[1] * np.finfo(dtype).eps
    np.testing.assert_array_equal(product(mode, 13), made)
