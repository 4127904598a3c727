"""Parallel evaluation gives the same results, and an interrupt leaves no process behind."""

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from gradwise.numerical import grad, hessian, jacobian
from gradwise.numerical.progress import Progress

X = np.array([0.5, 1.5, -0.7])


def smooth(x):
    return (
        float(np.sum(np.exp(x.real) * np.sin(x.real + 1))) if x.dtype.kind != "c" else np.sum(np.exp(x) * np.sin(x + 1))
    )


def rough(x):
    return float(np.sum(np.abs(x - 0.5)) + np.round(np.sum(x**2), 4))


def fails_in_places(x):
    if x[0] > 0.5:
        raise ArithmeticError("outside")
    return float(x @ x)


def interrupts(x):
    if x[0] != X[0]:
        raise KeyboardInterrupt
    return float(x @ x)


@pytest.mark.parametrize("f", [smooth, rough, fails_in_places])
def test_results_do_not_depend_on_the_map(f):
    serial = grad(f, X)
    with ThreadPoolExecutor(3) as pool:
        threaded = grad(f, X, workers=pool.map)
    builtin = grad(f, X, workers=map)
    for other in (threaded, builtin):
        np.testing.assert_array_equal(serial.value, other.value)
        np.testing.assert_array_equal(serial.error, other.error)
        assert serial.evaluations == other.evaluations
        assert list(serial.status) == list(other.status)


@pytest.mark.slow
@pytest.mark.parametrize("function", [grad, jacobian, hessian])
def test_processes_give_the_same_results(function):
    serial, parallel = function(fails_in_places, X), function(fails_in_places, X, workers=2)
    np.testing.assert_array_equal(serial.value, parallel.value)
    assert serial.evaluations == parallel.evaluations
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_an_interrupt_leaves_no_processes():
    def interrupting_map(function, points):
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        grad(smooth, X, workers=interrupting_map)
    with pytest.raises(KeyboardInterrupt):
        _interrupted_pool()
    assert not multiprocessing.active_children()
    assert threading.active_count() <= before + 1


def _interrupted_pool():
    from gradwise.numerical.workers import open_mapper

    with open_mapper(2, smooth) as mapper:
        next(iter(mapper(smooth, [X, X])))
        assert len(multiprocessing.active_children()) >= 2
        raise KeyboardInterrupt


def test_progress_shows_nothing_without_a_terminal(capsys):
    with Progress(total=3) as progress:
        progress.started -= 10
        progress.tick(1)
    assert progress.bar is None
    assert capsys.readouterr().err == ""


def test_progress_shows_a_bar_on_a_terminal_after_two_seconds(monkeypatch):
    class Terminal:
        encoding = "utf-8"

        def __init__(self):
            self.text = ""

        def isatty(self):
            return True

        def write(self, text):
            self.text += text

        def flush(self):
            pass

        def fileno(self):
            return os.open(os.devnull, os.O_WRONLY)

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with Progress(total=3) as progress:
        progress.tick(1)
        assert progress.bar is None
        progress.started -= 10
        progress.tick(2)
        assert progress.bar is not None
    assert "evaluations" in terminal.text


INTERRUPTED = """
import signal, sys, time
from pathlib import Path
import numpy as np
from gradwise.numerical import grad

X = np.arange(1.0, 101.0)

def slow(x):
    if not np.array_equal(x, X):
        Path(sys.argv[1]).touch()
        time.sleep(600)
    return float(x @ x)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    grad(slow, X, workers=2)
"""


def alive(session):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, leader = stat.read_text().rsplit(")", 1)[1].split()[:4]
        except OSError:  # it has ended since the folder was listed
            continue
        if int(leader) == session and state != "Z":
            found.append(stat.parent.name)
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads the processes of a session from /proc")
@pytest.mark.parametrize("whole_group", [True, False], ids=["Ctrl-C in a terminal", "kill -INT of the parent"])
def test_ctrl_c_ends_the_work_and_every_process(tmp_path, whole_group):
    script, marker = tmp_path / "interrupted.py", tmp_path / "a worker is busy"
    script.write_text(INTERRUPTED)
    process = subprocess.Popen(
        [sys.executable, str(script), str(marker)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        while not marker.exists():
            assert process.poll() is None
            time.sleep(0.02)
        assert len(alive(process.pid)) >= 3
        (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
        # each worker would sleep for ten minutes: that this returns at all shows that nobody waits for them
        _, text = process.communicate(timeout=60)
        assert text.rstrip().endswith("KeyboardInterrupt")
        assert process.returncode == -signal.SIGINT
        for _ in range(500):  # the helper processes of multiprocessing end when they notice that their parent has
            if not alive(process.pid):
                break
            time.sleep(0.02)
        assert alive(process.pid) == []
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
