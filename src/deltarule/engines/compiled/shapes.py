"""The shapes of tiles and blocks, by what the processor has: registers, the width of its vectors, its caches.

Every entry says why it is as it is, and where that was measured: by benchmarks/products.py and benchmarks/speed.py, on
Zen 3 (32-byte vectors; caches of 32 kB and 512 kB), Zen 4 (32 and 64-byte; 32 kB and 1 MB) or Zen 5 (64-byte; 48 kB
and 1 MB). No shape changes a bit of a result: sums keep their order.
"""

from __future__ import annotations

from deltarule.engines.compiled.processor import FIRST_CACHE, IS_WIDE, SECOND_CACHE

ROWS = 6
VECTORS = 4 if IS_WIDE else 2
"""The largest tile of a product: ROWS rows of VECTORS vectors.

Its sums, a row of B and a number of A fill the registers: 24 + 4 + 1 of 32, or 12 + 2 + 1 of 16; four rows leave a
quarter of 16 unused. Zen 3 and 4: 128 x 256 x 256 at 1.14 of a BLAS in place of .88.
"""
TALL, FLAT = (8, 4) if IS_WIDE else (4, 2)
"""Rows of A in a tile of inner products where it has one or two rows of B, and where it has up to INNER_COLUMNS."""
INNER_COLUMNS = 6

IS_BLOCKED = not IS_WIDE
"""Whether a long product goes by blocks of k.

A tile of 2 x 32 bytes waits for a B that does not stay in the first cache. Zen 4, 2048 x 2048 x 1024: .97 of a BLAS in
place of .80. With 64 bytes it is slower by 5% there: a tile computes four times as long for twice what it loads.
"""
SHALLOW = 128
"""The k up to which a product goes without blocks: so much of a panel of B stays in the first cache as it lies there.

Zen 3, of a BLAS: 128 x 256 x 256 at 1.11 and 2048 x 384 x 1024 at .90, in place of 1.05 and .74 with 384.
"""
ACROSS = 128
"""The k of a block where the numbers of A that follow in k are in rows of their own, as in W^T, and are not turned.

A line of the cache for each k stays in the first cache beside B. Zen 3, 300 x 300 x 104: .92 of a BLAS in place of .84.
"""
DEEPEST = 384
IN_FIRST = FIRST_CACHE * 3 // 4
"""The k of a block, at most, and bytes of B that a tile goes through in one: three quarters of the first cache.

The rest is for A and C. Zen 4: half of the cache is slower by 2%, a quarter by 8%.
"""
TALLEST = 192
IN_SECOND = SECOND_CACHE * 5 // 8
"""Rows of A of a block, at most, and bytes of them: they stay in the second cache for all tiles of the block.

Zen 4: 96 rows are slower by 2%, 48 by 8%.
"""
TALLEST_TURNED = 96 * 4
"""Bytes of a column of A in a block, at most, where A is turned, as W^T is for k beyond DEEPEST: room on the stack.

Zen 3, 2048 x 2048 x 64: .98 of a BLAS in place of .80.
"""
BREADTH = 512 if SECOND_CACHE > 2**19 else 256
"""Bytes of a row of B in a block: B lies in the second cache beside A. Zen 4: 256 are slower by 2%."""
LEAST = 48
"""Rows of A that are worth copying B together, which takes as long as two of them."""

CHUNK = 4
LONG_CHUNK = 4 if IS_WIDE else 8
"""Vectors of examples of a chunk, and of one of a long batch.

More columns mean fewer ways through the weights; but threads share the chunks of a batch. Zen 4, 32 bytes: the
full batch of 10,000 is faster by 7% in chunks of 8 vectors, a batch of 64 to 128 slower by half on two threads.
Zen 3: 1000-2048-2048-10 at 1,024 examples is faster by 9% on one thread, the same on two.
"""
BLOCK_WIDTH = 256 if IS_WIDE else 128
"""Columns of a block of parameters of a large layer: with fewer there are more rows, for which B is packed once.

Zen 4, 32 bytes: a step of 784-512-256-10 is faster by 5% with 128.
"""
STRIP = 4
"""Columns that are transposed together."""
PREFETCHED = 64
"""Numbers of a row that are asked for ahead; the processor follows a longer row by itself."""
