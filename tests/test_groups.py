"""What control groups of both versions allow, as the system shows it in files."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from deltarule import groups


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return tmp_path / "groups"


def write(folder: Path, **files: str) -> None:
    """Write files into a folder; a name's first _ stands for a point."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("_", ".", 1)).write_text(content + "\n", encoding="utf-8")


def test_the_narrowest_of_a_group_and_those_around_it_counts(top: Path, own: Path):
    own.write_text("0::/a/b\n", encoding="utf-8")
    write(top / "a" / "b")
    assert groups.processors(top, own) == groups.memory(top, own) == math.inf
    write(top / "a" / "b", cpu_max="max 100000", memory_max="max", memory_current="1", memory_stat="file 1")
    assert groups.processors(top, own) == groups.memory(top, own) == math.inf
    write(
        top / "a",
        cpu_max="150000 100000",
        memory_max="1000",
        memory_current="800",
        memory_stat="anon 1\nfile 300",
    )
    assert (groups.processors(top, own), groups.memory(top, own)) == (1.5, 500)
    write(top / "a" / "b", cpu_max="50000 100000", memory_max="9", memory_current="5", memory_stat="file 0")
    assert (groups.processors(top, own), groups.memory(top, own)) == (0.5, 4)


@pytest.mark.parametrize("name", ["a", "of/the/machine/around"])
def test_groups_of_the_first_version(top: Path, own: Path, name: str):
    own.write_text(f"4:memory:/{name}\n2:cpu,cpuacct:/{name}\n1:name=systemd:/\n0::/\n", encoding="utf-8")
    write(top, cpu_max="1 100", memory_max="1", memory_current="0", memory_stat="file 0")  # not of these
    cpu, memory = top / "cpu", top / "memory"
    write(cpu, cpu_cfs_quota_us="-1", cpu_cfs_period_us="100000")
    write(
        memory,
        memory_limit_in_bytes=str(2**63 - 4096),
        memory_usage_in_bytes="9",
        memory_stat="total_cache 1",
    )
    assert groups.processors(top, own) == math.inf
    assert groups.memory(top, own) > 2**62
    folders = (cpu / "a", memory / "a") if name == "a" else (cpu, memory)
    write(folders[0], cpu_cfs_quota_us="20000", cpu_cfs_period_us="100000")
    write(folders[1], memory_limit_in_bytes="1000", memory_usage_in_bytes="900", memory_stat="total_cache 50")
    assert (groups.processors(top, own), groups.memory(top, own)) == (0.2, 150)


@pytest.mark.parametrize("content", [None, "", "nonsense", "0:", "7:pids:/\n"])
def test_without_groups_nothing_is_bounded(top: Path, own: Path, content: str | None):
    write(top, cpu_max="nonsense", memory_max="nonsense")
    if content is not None:
        own.write_text(content, encoding="utf-8")
    assert groups.processors(top, own) == groups.memory(top, own) == math.inf
