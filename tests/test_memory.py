"""What does not fit into memory is named, and asked about before it is tried."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from deltarule import Network, memory
from deltarule.errors import DeltaruleError, OutOfMemoryError
from deltarule.memory import available, is_shortage, require, room_for
from deltarule.tables import TableEncoder, read_table


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """1,000 bytes can be had, and even less is asked for."""
    monkeypatch.setattr(memory, "available", lambda: 1000)
    monkeypatch.setattr(memory, "WORTH_ASKING", 0)


def test_an_error_is_named_once_and_is_both_kinds():
    with pytest.raises(OutOfMemoryError) as raised, room_for("training", "take less"), room_for("the table"):
        raise MemoryError
    assert str(raised.value) == "out of memory: the table does not fit; take fewer rows or columns."
    assert isinstance(raised.value, DeltaruleError)
    assert isinstance(raised.value, MemoryError)
    assert raised.value.exit_code == 71
    with pytest.raises(KeyError), room_for("the table"):
        raise KeyError


def test_who_watches_hears_what_is_being_done(monkeypatch: pytest.MonkeyPatch):
    heard: list[str] = []
    monkeypatch.setattr(memory, "tell", heard.append)
    with room_for("A", "a"), room_for("B", "b"):
        pass
    a, b = "out of memory: A does not fit; a.", "out of memory: B does not fit; b."
    assert heard == [a, b, a, ""]
    with pytest.raises(SystemExit), room_for("B", "b"):
        raise SystemExit
    assert heard[4:] == [b]  # of what the end of the process came from


def test_what_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    million = 10**6
    monkeypatch.setattr(memory, "available", lambda: 300 * million)
    require(300 * million, "the table")
    with pytest.raises(OutOfMemoryError) as raised:
        require(2000 * million, "the table", "buy more")
    assert str(raised.value) == "out of memory: the table takes about 2 GB and 300 MB can be had; buy more."
    monkeypatch.setattr(memory, "available", lambda: -5)
    with pytest.raises(OutOfMemoryError, match="and 0 MB can be had"):
        require(2000 * million, "the table")
    monkeypatch.setattr(memory, "available", lambda: None)
    require(2**60, "the table")


@pytest.mark.usefixtures("little")
def test_what_does_not_fit_is_named(tmp_path: Path):
    frame = pl.DataFrame({"a": np.arange(1000.0), "b": ["x", "y"] * 500})
    frame.write_csv(tmp_path / "t.csv")
    frame.write_parquet(tmp_path / "t.parquet")
    for name in ("t.csv", "t.parquet"):
        with pytest.raises(OutOfMemoryError, match=rf"the table .*{name} takes about"):
            read_table(tmp_path / name)
    encoder = TableEncoder.fit(frame)
    with pytest.raises(OutOfMemoryError, match=r"the encoded table \(1,000 rows of 4 features\) takes about"):
        encoder.encode(frame)
    with pytest.raises(OutOfMemoryError, match="the network of 10,201 parameters takes about"):
        Network([100, 100, 1], output="linear")


@pytest.mark.parametrize(("rows", "kind"), [(60, "csv"), (6000, "parquet")])
def test_a_small_file_of_a_large_table_is_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, kind: str
):
    """By its fields or values, of which a file may have more than its size tells."""
    frame = pl.DataFrame({f"c{n}": [1] * rows for n in range(100)})
    path = tmp_path / f"t.{kind}"
    frame.write_csv(path) if kind == "csv" else frame.write_parquet(path)
    monkeypatch.setattr(memory, "WORTH_ASKING", 0)
    monkeypatch.setattr(memory, "available", lambda: 2 * path.stat().st_size)
    with pytest.raises(OutOfMemoryError, match=rf"the table .*t.{kind} takes about"):
        read_table(path)


def test_what_a_machine_leaves(tmp_path: Path):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(
        "MemTotal: 9 kB\nMemAvailable: 5 kB\nSwapFree: 2 kB\nHugePages_Total: 0\n", encoding="utf-8"
    )
    assert memory._of_machine(meminfo) == [7 * 1024]
    assert memory._of_machine(tmp_path / "none") == []
    there = available()
    assert there is None or there > 0


@pytest.mark.parametrize("left", [7, 10**15])
def test_a_container_bounds_what_can_be_had(left: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory.groups, "memory", lambda: left)
    monkeypatch.setattr(memory, "_of_machine", lambda: [9])
    monkeypatch.setattr(memory, "_of_limits", list[int])
    assert available() == min(left, 9)


def test_signs_of_a_shortage():
    assert is_shortage(MemoryError())
    cause = ImportError("x.so: failed to map segment from shared object")
    outer = ImportError("no module")
    outer.__cause__ = cause
    assert is_shortage(outer)
    assert is_shortage(OSError(12, "Cannot allocate memory"))
    for said in (
        "x.so: cannot map zero-fill pages",
        "x.so: cannot create shared object descriptor: Cannot allocate memory",
        "cannot allocate dependency list",
        "LLVM: out of memory",
    ):
        assert is_shortage(ImportError(said))
    assert not is_shortage(ImportError("no module"))


@pytest.mark.parametrize("most", [None, 10**9])
def test_native_code_that_fails_in_silence_is_short_of_memory_under_a_limit(
    most: int | None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(memory, "limit", lambda: most)
    for said in (
        "error return without exception set",
        "<built-in function exec_dynamic> returned NULL without setting an exception",
        "initialization of _socket failed without raising an exception",
        "<method 'read' of '_io.FileIO' objects> returned a result with an exception set",
    ):
        assert is_shortage(SystemError(said)) is (most is not None)
    assert not is_shortage(SystemError("unknown opcode"))
