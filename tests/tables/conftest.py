"""Files of tables, written and read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deltarule.errors import DataError
from deltarule.tables import Table, read_table


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a text or bytes to a file, f.csv or of another name."""

    def write(content: str | bytes, name: str = "f.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def read(write: Callable[..., Path]) -> Callable[..., Table]:
    """Write a text or bytes to a file and read the table in it."""
    return lambda content, name="f.csv", **options: read_table(write(content, name), **options)


@pytest.fixture
def refusal() -> Callable[..., str]:
    """Return the one sentence that a file is refused with."""

    def refusal(path: object, error: type[Exception] = DataError, **options: Any) -> str:
        with pytest.raises(error) as caught:
            read_table(path, **options)  # type: ignore[arg-type]
        message = str(caught.value)
        assert type(caught.value) is error
        assert "\n" not in message
        assert message.endswith((".", "?", ").", "script.sql."))
        return message

    return refusal


@pytest.fixture
def rows() -> Callable[[Table], list[tuple[str | None, ...]]]:
    """Return a table's rows as text."""
    return lambda table: list(zip(*(table[name].texts() for name in table.names), strict=True))
