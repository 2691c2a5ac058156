"""Compiled code is kept in files: what is damaged, foreign or cannot be written costs time and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from deltarule.engines.compiled import kernels, machine_code
from deltarule.engines.compiled.letters import CHUNKS, Letter

OBJECTS = {"a": ("symbol_of_a", b"\x7fELF one"), "b": ("symbol_of_b", b"\x7fELF another")}


def test_what_is_kept_comes_back(tmp_path: Path):
    file = tmp_path / "new" / "float32-0.safetensors"
    machine_code._keep(file, OBJECTS)
    assert machine_code._read(file) == OBJECTS
    assert [path.name for path in file.parent.iterdir()] == [file.name]  # nothing half-written lies about


@pytest.mark.parametrize("damage", [b"", b"text", None])
def test_a_damaged_or_missing_file_is_not_there(tmp_path: Path, damage: bytes | None):
    file = tmp_path / "float32-0.safetensors"
    assert machine_code._read(file) is None
    machine_code._keep(file, OBJECTS)
    file.write_bytes(file.read_bytes()[:-3] if damage is None else damage)
    assert machine_code._read(file) is None


def test_a_folder_that_cannot_be_made_is_passed_over(tmp_path: Path):
    (tmp_path / "file").touch()
    machine_code._keep(tmp_path / "file" / "float32-0.safetensors", OBJECTS)


def test_the_oldest_files_go(tmp_path: Path):
    for n in range(machine_code.MOST_KEPT + 3):
        machine_code._keep(tmp_path / f"float32-{n:02}.safetensors", OBJECTS)
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert len(kept) == machine_code.MOST_KEPT
    assert f"float32-{machine_code.MOST_KEPT + 2:02}.safetensors" in kept


def test_another_source_or_processor_has_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DELTARULE_CACHE", str(tmp_path))
    machine_code._stamp.cache_clear()
    here = machine_code._file("float32")
    assert here.parent == tmp_path
    assert here != machine_code._file("float64")
    monkeypatch.setattr(machine_code, "fingerprint", lambda: "another processor")
    machine_code._stamp.cache_clear()
    assert machine_code._file("float32") != here
    monkeypatch.undo()
    machine_code._stamp.cache_clear()


def test_a_process_that_finds_the_code_does_without_numba(tmp_path: Path):
    machine_code.code_for("float32")
    file = machine_code._file("float32")
    shutil.copy(file, tmp_path)
    script = (
        "import sys; from deltarule import Network, train; "
        "train(Network([2, 3, 2]), [[0.0, 1.0], [1.0, 0.0]], [0, 1], epochs=2); "
        "sys.exit('numba' in sys.modules)"
    )
    environment = {**os.environ, "DELTARULE_CACHE": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


class TestHelp:
    """Another process compiles a part; whatever becomes of it, all kernels are there in the end."""

    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            kernels, "compiled", lambda dtype, names: {name: (name, b"here") for name in names}
        )

    @staticmethod
    def helper(script: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)

    def test_its_part_is_taken(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
        part = tmp_path / "part"
        part.write_bytes(machine_code._packed({name: (name, b"there") for name in kernels.OTHERS}))
        script = f"import sys; sys.stdout.buffer.write(open({str(part)!r}, 'rb').read())"
        monkeypatch.setattr(machine_code, "_helper", lambda dtype: self.helper(script))
        objects = machine_code._compiled("float32")
        assert objects.pop(kernels.LONGEST) == (kernels.LONGEST, b"here")
        assert objects == {name: (name, b"there") for name in kernels.OTHERS}

    @pytest.mark.parametrize("script", ["print('no code')", "raise SystemExit(1)", "while True: pass", None])
    def test_without_it_everything_is_compiled_here(
        self, monkeypatch: pytest.MonkeyPatch, script: str | None
    ):
        monkeypatch.setattr(machine_code, "HELP", 0.5)
        monkeypatch.setattr(machine_code, "_helper", lambda dtype: script and self.helper(script))
        objects = machine_code._compiled("float32")
        assert objects == {name: (name, b"here") for name in (kernels.LONGEST, *kernels.OTHERS)}

    def test_it_is_not_asked_for_where_it_would_not_help(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(machine_code, "available_threads", lambda: 1)
        assert machine_code._helper("float32") is None
        monkeypatch.setattr(machine_code, "available_threads", lambda: 2)
        monkeypatch.setattr(sys, "executable", "/opt/app/window")  # a program with Python in it
        assert machine_code._helper("float32") is None


class TestLetter:
    def test_numbers_addresses_and_shapes(self):
        X = np.zeros((3, 2), np.float32)
        letter = Letter(("X", "code"), np.dtype("float32")).write(X=X, code=7)
        assert letter.numbers.tolist() == [X.ctypes.data, 3, 2, 7]

    @pytest.mark.parametrize(
        "X", [np.zeros((3, 2)), np.zeros(6, np.float32), np.zeros((2, 3), np.float32).T], ids=str
    )
    def test_an_array_that_machine_code_would_misread_is_refused(self, X: np.ndarray):
        with pytest.raises(TypeError, match="X is"):
            Letter(CHUNKS, np.dtype("float32")).write(X=X)
