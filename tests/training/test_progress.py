"""The bar is silent off a terminal and shows what a person wants to know on one."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from deltarule.training.progress import ProgressBar

PROGRAM = """
import numpy as np
from deltarule import Network, train
X = np.random.default_rng(0).normal(size=(2000, 3))
train(Network([3, 8, 2]), X, (X[:, 0] > 0).astype(int), epochs=30, validation=0.2)
"""


def test_no_bar_where_standard_error_is_closed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert not ProgressBar().is_shown


def test_silent_when_not_a_terminal():
    exec(PROGRAM, {})  # compiles the engine where that is yet to be done
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, encoding="utf-8", check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_shows_epoch_losses_speed_and_time_on_a_terminal():
    main, side = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stderr=side, env=environment)
    os.close(side)
    shown = b""
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:  # the terminal closed with the process
            break
        if not part:
            break
        shown += part
    os.close(main)
    assert process.wait() == 0
    text = shown.decode()
    for expected in ("30/30", "loss ", "validation ", "examples/s", r"\d:\d\d"):
        assert re.search(expected, text), text[-400:]
