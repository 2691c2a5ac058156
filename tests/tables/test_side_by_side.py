"""Columns are looked at on several threads, and all comes out as on one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deltarule.tables import TableEncoder, read_table, schema
from deltarule.tables.side_by_side import LARGE, side_by_side

MANY = 40_000


def _file(folder: Path) -> Path:
    random = np.random.default_rng(0)
    columns = {
        "town": random.choice(["Rome", "Bern", "Oslo", "NA", "Ulm ", "Pisa", "Brno"], MANY),
        "shop": [f"s{n}" for n in random.integers(0, 40, MANY)],
        "day": np.datetime64("2020-01-01") + random.integers(0, 700, MANY),
        "price": random.gamma(2.0, 3.0, MANY).round(3),
        "grade": random.integers(1, 7, MANY),
        "paid": random.choice(["true", "false", ""], MANY),
    }
    path = folder / "sales.csv"
    rows = zip(*columns.values(), strict=True)
    path.write_text(
        "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]), encoding="utf-8"
    )
    return path


@pytest.mark.parametrize("is_wide", [True, False])
def test_the_result_does_not_depend_on_threads(
    is_wide: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, left = _file(tmp_path), () if is_wide else ("town", "shop", "grade")
    made: list[tuple[Any, ...]] = []
    for threads in (1, 2, 5):
        monkeypatch.setattr("deltarule.tables.side_by_side.available_threads", lambda n=threads: n)
        table = read_table(path)
        found = schema(table)
        encoder = TableEncoder.fit(table, schema=found, exclude=left)
        X = encoder.encode(table, "float32")
        arrays = (X.data, X.indices, X.indptr) if is_wide else (X,)
        made.append((found, encoder, encoder.schema.notices, *(array.tobytes() for array in arrays)))
    assert made[0] == made[1] == made[2]


def test_what_the_first_item_raises_is_raised() -> None:
    def fail(n: int) -> int:
        if n > 1:
            raise ValueError(n)
        return n

    with pytest.raises(ValueError, match="2"):
        side_by_side(fail, range(20), LARGE)
