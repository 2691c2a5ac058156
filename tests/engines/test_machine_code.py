"""Compiled code is kept in files: what is damaged, foreign or cannot be written costs time and nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import time

import numpy as np
import pytest

from deltarule.engines.compiled import cache, compiler, machine_code
from deltarule.engines.compiled.catalogue import HALF, NAMES, RARE
from deltarule.engines.compiled.compiler import Compiling, Made, Order
from deltarule.engines.compiled.freezing import Frozen
from deltarule.engines.compiled.letters import CHUNKS, Letter

CODE = ("symbol_of_a", b"\x7fELF one\nand another line\n")
SMALL = "hire"
"""A kernel that is compiled in a hundredth of a second,"""
LONG = "together"
"""and one that takes seconds."""
COMMON = [name for name in NAMES if name not in RARE]


def python(script: str, **environment: str) -> subprocess.Popen[str]:
    """Start a Python that imports what this one imports, with stderr open to be read."""
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": paths, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


class TestFiles:
    def test_what_is_kept_comes_back(self, tmp_path: Path):
        file = tmp_path / "new" / "a.code"
        cache.keep(file, CODE)
        assert cache.read(file) == CODE
        assert [path.name for path in file.parent.iterdir()] == [file.name]  # nothing half-written lies about

    @pytest.mark.parametrize(
        "damage", [lambda _: b"", lambda _: b"text", lambda whole: whole[:-3], lambda whole: whole[3:]]
    )
    def test_a_damaged_or_missing_file_is_not_there(self, tmp_path: Path, damage: Callable[[bytes], bytes]):
        file = tmp_path / "a.code"
        assert cache.read(file) is None
        assert cache.read(None) is None
        assert cache.read(tmp_path) is None
        cache.keep(file, CODE)
        file.write_bytes(damage(file.read_bytes()))
        assert cache.read(file) is None

    def test_a_folder_that_takes_no_file_says_so_and_holds_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        (tmp_path / "file").touch()
        with pytest.raises(OSError):  # noqa: PT011
            cache.keep(tmp_path / "file" / "a.code", CODE)

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space"):
            cache.keep(tmp_path / "there" / "a.code", CODE)
        assert list((tmp_path / "there").iterdir()) == []

    def test_the_oldest_files_go_and_what_was_left_half_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        long_ago = time() - 2 * cache.LONG_AGO
        for name, ago in (("killed.new", long_ago), ("killed.lock", long_ago), ("at work.new", time())):
            (tmp_path / name).touch()
            os.utime(tmp_path / name, (ago, ago))
        (tmp_path / "somebody's").touch()
        monkeypatch.setattr(cache, "MOST_BYTES", 1000)
        for n in range(5):
            cache.keep(tmp_path / f"{n}.code", ("symbol", b"x" * 300))
            os.utime(tmp_path / f"{n}.code", (long_ago + n, long_ago + n))
        cache._tidy(tmp_path)
        left = {path.name for path in tmp_path.iterdir()}
        assert left == {"somebody's", "at work.new", "3.code", "4.code"} - (
            {"3.code"} if 2 * 340 > 1000 else set()
        )

    def test_another_processor_dtype_or_kernel_has_another_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("DELTARULE_CACHE", str(tmp_path))
        here = cache.file_of("steps", "float32")
        assert here is not None
        assert here.parent == tmp_path
        assert len({here, cache.file_of("steps", "float64"), cache.file_of("chunks", "float32")}) == 3
        before = cache.digests()
        monkeypatch.setattr(cache, "_surroundings", lambda: "another processor")
        after = cache.digests()
        assert all(before[name] != after[name] for name in NAMES)

    def test_without_a_home_there_is_no_folder(self, monkeypatch: pytest.MonkeyPatch):
        def nobody() -> Path:
            raise RuntimeError("Could not determine home directory.")

        for name in ("DELTARULE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(Path, "home", nobody)
        assert cache.folder() is None
        assert cache.file_of("steps", "float32") is None
        assert machine_code.is_kept("float32") is False


class TestProcesses:
    """What compiles, in another process or here."""

    def test_a_process_compiles_and_keeps(self, tmp_path: Path):
        file = tmp_path / "hire.code"
        process = Compiling(Order("float32", {SMALL: str(file), "dismiss": ""}))
        process.wait()
        assert [made.name for made in process.made] == [SMALL, "dismiss"]
        assert process.made[0].code == cache.read(file)
        assert process.made[0].trouble == process.made[1].trouble == ""
        assert process.process.returncode == 0
        address = machine_code.Loaded(process.made[0].code).address
        assert address > 0

    def test_what_cannot_be_kept_is_there_all_the_same(self, tmp_path: Path):
        (tmp_path / "file").touch()
        process = Compiling(Order("float32", {SMALL: str(tmp_path / "file" / "hire.code")}))
        process.wait()
        [made] = process.made
        assert "Not a directory" in made.trouble or made.trouble
        assert machine_code.Loaded(made.code).address > 0

    def test_one_that_is_stopped_leaves_what_it_has_made(self, tmp_path: Path):
        process = Compiling(Order("float32", {SMALL: str(tmp_path / "hire.code"), LONG: ""}))
        while process.is_running and not process.made:
            process.wait(0.01)
        process.stop()
        assert [made.name for made in process.made] == [SMALL]
        assert cache.read(tmp_path / "hire.code") == process.made[0].code
        assert not process.is_running

    def test_a_program_that_is_no_python_compiles_itself(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(sys, "executable", "/opt/app/window")  # a program with Python in it
        with pytest.raises(OSError, match="no Python"):
            Compiling(Order("float32", {SMALL: ""}))
        codes = machine_code._compiled("float32", {SMALL: None}, is_quiet=True)
        assert machine_code.Loaded(codes[SMALL]).address > 0


class FakeProcess:
    """Stands for a process that has made some of what it was asked for, and ended with a code."""

    def __init__(self, order: Order, made: int, code: int, trouble: str = "") -> None:
        names = list(order.files)[:made]
        self.made = [Made(name, (name, b"there"), trouble) for name in names]
        self.is_running = False
        self.process = subprocess.CompletedProcess([], code)

    def wait(self, seconds: float | None = None) -> None: ...
    def stop(self) -> None: ...


class TestCompiled:
    FILES = dict.fromkeys(NAMES)

    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def here(order: Order):
            return [Made(name, (name, b"here"), "") for name in order.files]

        monkeypatch.setattr(machine_code, "compile_here", here)
        monkeypatch.setattr(machine_code, "available_threads", lambda: 2)

    @pytest.mark.parametrize(("made", "code"), [(len(NAMES), 0), (3, 1), (0, 1)])
    def test_what_the_processes_leave_is_compiled_here(
        self, monkeypatch: pytest.MonkeyPatch, made: int, code: int
    ):
        monkeypatch.setattr(machine_code, "Compiling", lambda order: FakeProcess(order, made, code))
        codes = machine_code._compiled("float32", self.FILES, is_quiet=True)
        assert codes.keys() == set(NAMES)
        assert sum(code == b"there" for _, code in codes.values()) == sum(
            min(made, count) for count in (len(HALF), len(NAMES) - len(HALF))
        )

    def test_one_that_the_system_ended_is_not_followed_by_this_process(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(machine_code, "Compiling", lambda order: FakeProcess(order, 0, -signal.SIGKILL))
        with pytest.raises(MemoryError):
            machine_code._compiled("float32", self.FILES, is_quiet=True)

    def test_one_processor_gets_one_process(self, monkeypatch: pytest.MonkeyPatch):
        orders: list[Order] = []

        def start(order: Order) -> FakeProcess:
            orders.append(order)
            return FakeProcess(order, len(NAMES), 0)

        monkeypatch.setattr(machine_code, "Compiling", start)
        machine_code._compiled("float32", self.FILES, is_quiet=True)
        assert [set(order.files) for order in orders] == [{*HALF}, {*NAMES} - {*HALF}]
        monkeypatch.setattr(machine_code, "available_threads", lambda: 1)
        machine_code._compiled("float32", self.FILES, is_quiet=True)
        assert [set(order.files) for order in orders[2:]] == [{*NAMES}]

    @pytest.mark.parametrize("is_terminal", [True, False])
    def test_it_is_told_and_so_is_what_cannot_be_kept(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_terminal: bool
    ):
        monkeypatch.setenv("DELTARULE_CACHE", "/somewhere")
        monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
        for trouble in ("", "No space left on device"):
            monkeypatch.setattr(
                machine_code, "Compiling", lambda order, t=trouble: FakeProcess(order, len(NAMES), 0, t)
            )
            machine_code._compiled("float32", self.FILES, is_quiet=False)
            told = capsys.readouterr().err
            assert told.startswith("deltarule: compiling the engine for float32 on this processor, once")
            lines = told.replace("\r\033[K", "\n").splitlines()
            assert lines[-1].startswith("deltarule: compiled in ")
            assert ("No space left on device" in told, "DELTARULE_CACHE" in told) == (bool(trouble),) * 2
            assert len(lines) == 2
            machine_code._compiled("float32", self.FILES, is_quiet=True)
            assert capsys.readouterr().err == ""


TRAIN = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "  # nohup and & have it ignored
    "from deltarule import Network, train; "
    "run = train(Network([2, 3, 2]), [[0.0, 1.0], [1.0, 0.0]], [0, 1], epochs=2); "
    "print(run.engine, run.compiling > 0, 'numba' in sys.modules)"
)


def test_a_process_that_finds_the_code_does_without_numba():
    machine_code.code_for("float32")
    out, err = python(TRAIN).communicate()
    assert (out, err) == ("compiled False False\n", "")


def _copies(folder: Path) -> list[Path]:
    """Copy the kernels that every network needs to a folder."""
    machine_code.code_for("float32")
    files = [cache.file_of(name, "float32") for name in COMMON]
    return [Path(shutil.copy(file, folder)) for file in files if file is not None]


def test_what_few_networks_need_is_compiled_when_one_does(tmp_path: Path):
    _copies(tmp_path)
    assert python(TRAIN, DELTARULE_CACHE=str(tmp_path)).communicate() == ("compiled False False\n", "")
    singly = TRAIN.replace("epochs=2", "epochs=2, batch_size=1")
    out, err = python(singly, DELTARULE_CACHE=str(tmp_path)).communicate()
    assert out == "compiled True False\n"
    assert err.startswith(f"deltarule: compiling 3 of the engine's {len(NAMES)} kernels for float32")
    assert python(singly, DELTARULE_CACHE=str(tmp_path)).communicate() == ("compiled False False\n", "")


def test_two_at_once_one_of_them_killed_and_the_folder_full_of_garbage(tmp_path: Path):
    """In the end both kernels and folder are as they should be, and Numba is where it compiles alone."""
    spoilt: list[Path] = []
    for copy in _copies(tmp_path):
        if copy.name.split("-")[0] in (SMALL, "dismiss", "take", "give", "step"):
            copy.write_bytes(b"garbage")
            spoilt.append(copy)
    first, second = (python(TRAIN, DELTARULE_CACHE=str(tmp_path)) for _ in range(2))
    assert first.stderr is not None
    while first.poll() is None and not any(map(cache.read, spoilt)):
        pass
    first.kill()
    first.communicate()
    out, err = second.communicate()
    assert out in ("compiled True False\n", "compiled False False\n"), err  # the first may have left all
    assert python(TRAIN, DELTARULE_CACHE=str(tmp_path)).communicate() == ("compiled False False\n", "")


def test_ctrl_c_while_the_engine_is_compiled_ends_at_once(tmp_path: Path):
    process = python(TRAIN, DELTARULE_CACHE=str(tmp_path))
    assert process.stderr is not None
    assert "compiling the engine" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert out == ""
    assert "KeyboardInterrupt" in err
    assert cache.read(tmp_path / f"{LONG}.code") is None


class TestFrozen:
    def test_a_bounded_number_is_held_and_the_rest_is_given_back(self, monkeypatch: pytest.MonkeyPatch):
        class Plan:
            def __init__(self, n: int) -> None:
                self.layers = self.places = np.full((2, 100), n)

        class Done:
            is_running = False

            def __init__(self, order: Order) -> None:
                self.made = list(compiler.compile_here(Order(order.dtype, {SMALL: ""})))

        monkeypatch.setattr("deltarule.engines.compiled.freezing.Compiling", Done)
        monkeypatch.setattr(Frozen, "known", type(Frozen.known)())
        monkeypatch.setattr(Frozen, "MOST", 3)
        held = [Frozen.of("float32", Plan(n), 0) for n in (0, 1, 2, 0, 3)]
        assert all(one is not None and one.address for one in held)
        assert held[0] is held[3]
        assert list(Frozen.known.values()) == [
            held[2],
            held[0],
            held[4],
        ]  # the one not asked for longest has gone

    def test_one_at_a_time_is_compiled(self, monkeypatch: pytest.MonkeyPatch):
        class Plan:
            def __init__(self, n: int) -> None:
                self.layers = self.places = np.full((2, 100), n)

        class Busy:
            is_running, made = True, ()

            def __init__(self, order: Order) -> None: ...

        monkeypatch.setattr("deltarule.engines.compiled.freezing.Compiling", Busy)
        monkeypatch.setattr(Frozen, "known", type(Frozen.known)())
        first = Frozen.of("float32", Plan(0), 0)
        assert first is not None
        assert first.address is None
        assert Frozen.of("float32", Plan(1), 0) is None
        assert Frozen.of("float32", Plan(0), 0) is first


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
