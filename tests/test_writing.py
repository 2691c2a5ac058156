"""Where a model is written: modes, links, pipes and devices, and what a killed run leaves."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from deltarule import Network, load, save, writing
from deltarule.errors import FileError, OutputError

fcntl = pytest.importorskip("fcntl", reason="modes, pipes and locks are those of POSIX")

NET = Network([3, 2], seed=1)
LEFTOVER = ".m.0123456789abcdef.tmp"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def in_a_process(program: str, *words: str, stdout: BinaryIO | None = None) -> int:
    """Run a program that may save NET, with files that others may not read by its umask; return how it ended."""
    start = (
        "import os, sys; os.umask(0o027); from deltarule import Network, save; net = Network([3, 2], seed=1)"
    )
    command = [sys.executable, "-c", f"{start}\n{program}", *words]
    return subprocess.run(command, stdout=stdout, check=False).returncode


@pytest.mark.parametrize("old", [None, 0o600, 0o666, 0o400])
def test_a_new_file_follows_the_umask_and_one_written_over_keeps_its_mode(tmp_path: Path, old: int | None):
    path = tmp_path / "m"
    if old is not None:
        path.write_text("old", encoding="utf-8")
        path.chmod(old)
    assert in_a_process("save(net, sys.argv[1])", str(path)) == 0
    assert oct(mode(path)) == oct(0o640 if old is None else old)
    assert (load(path).theta == NET.theta).all()
    assert [each.name for each in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_is_followed(tmp_path: Path, is_there: bool):
    (tmp_path / "models").mkdir()
    target, link = tmp_path / "models" / "m", tmp_path / "newest"
    if is_there:
        target.write_text("old", encoding="utf-8")
    link.symlink_to(Path("models", "m"))
    save(NET, link)
    assert link.is_symlink()
    assert target.is_file()
    assert not target.is_symlink()
    assert (load(link).theta == NET.theta).all()
    assert [each.name for each in target.parent.iterdir()] == ["m"]


def test_a_link_to_nowhere_is_refused(tmp_path: Path):
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "lost").symlink_to(Path("none", "m"))
    for name, reason in {"round": "Too many levels", "lost": "there is no folder .*none"}.items():
        with pytest.raises(OutputError, match=reason):
            save(NET, tmp_path / name)
        assert (tmp_path / name).is_symlink()


def test_a_pipe_is_written_into(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    save(NET, pipe)
    assert pipe.is_fifo()
    reader.join()
    (tmp_path / "m").write_bytes(got[0])
    assert (load(tmp_path / "m").theta == NET.theta).all()
    twin = threading.Thread(target=save, args=(NET, pipe), daemon=True)
    twin.start()
    assert (load(pipe).theta == NET.theta).all()  # whose size nobody knows before
    twin.join()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_device_is_written_into():
    save(NET, "/dev/null")
    with pytest.raises(FileError, match="writing into /dev/full broke off: No space left"):
        save(NET, "/dev/full")
    for device in ("/dev/null", "/dev/full"):
        assert Path(device).is_char_device()


def test_standard_output_that_is_a_file_is_written_on(tmp_path: Path):
    if not Path("/dev/stdout").exists():
        pytest.skip("there is no /dev/stdout")
    out, model = tmp_path / "out", tmp_path / "m"
    with out.open("wb") as stream:
        save_it = 'print("before"); save(net, "/dev/stdout"); print("after")'
        assert in_a_process(save_it, stdout=stream) == 0
    content = out.read_bytes()
    assert content.startswith(b"before\n")
    assert content.endswith(b"after\n")
    model.write_bytes(content[len("before\n") : -len("after\n")])
    assert (load(model).theta == NET.theta).all()


def test_what_a_killed_run_left_goes_at_the_next_save(tmp_path: Path):
    path = tmp_path / "m"
    save(NET, path)
    kill = "os.fsync = lambda handle: os.kill(os.getpid(), 9); save(net, sys.argv[1])"
    assert in_a_process(kill, str(path)) == -signal.SIGKILL
    left = {each.name for each in tmp_path.iterdir()} - {"m"}
    assert len(left) == 1
    save(NET, tmp_path / "other")
    assert left < {each.name for each in tmp_path.iterdir()}  # another model's is not touched
    save(NET, path)
    assert {each.name for each in tmp_path.iterdir()} == {"m", "other"}


def test_what_another_run_is_writing_stays(tmp_path: Path):
    path, going = tmp_path / "m", tmp_path / LEFTOVER
    alike = [f"{LEFTOVER}.gz", LEFTOVER[1:], LEFTOVER.replace("a", "A"), LEFTOVER.replace("m", "n")]
    for name in alike:
        (tmp_path / name).touch()
    with going.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        save(NET, path)
        assert going.exists()
    save(NET, path)
    assert {each.name for each in tmp_path.iterdir()} == {"m", *alike}


def test_the_file_being_written_is_locked_until_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A second save of the same name, at the last moment of the first, takes nothing away from it."""
    replace, calls = Path.replace, []

    def disturb(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) == 1:
            save(Network([3, 2], seed=2), tmp_path / "m")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", disturb)
    save(NET, tmp_path / "m")
    assert len(calls) == 2
    assert (load(tmp_path / "m").theta == NET.theta).all()
    assert [each.name for each in tmp_path.iterdir()] == ["m"]


def test_a_file_taken_away_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    flock, calls = fcntl.flock, []

    def late(handle: int, operation: int) -> None:
        calls.append(handle)
        if len(calls) == 1:
            for each in tmp_path.iterdir():
                each.unlink()
        flock(handle, operation)

    monkeypatch.setattr(writing.fcntl, "flock", late)
    save(NET, tmp_path / "m")
    assert len(calls) == 2
    assert [each.name for each in tmp_path.iterdir()] == ["m"]


def test_a_name_may_be_as_long_as_names_may_be(tmp_path: Path):
    path = tmp_path / ("ä" * 127)
    save(NET, path)
    save(NET, path)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
