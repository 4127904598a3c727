"""Functions that print, log, write to files or draw are verified too, in runs of which nothing is seen: what an earlier call kept, and branches by equality, are found there like anywhere else."""

from __future__ import annotations

import csv
import gzip
import io
import logging
import math
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.equal_entries import forget_equalities
from gradwise.operators.first_runs import forget_first_runs, verdict_on

X = np.array([0.7, 1.3])
GRADIENT = [2 * X[0] * X[1] + math.sin(X[0]) + X[0] * math.cos(X[0]), X[0] ** 2]


@pytest.fixture(autouse=True)
def _as_new():
    gw.clear_caches()
    forget_first_runs()
    forget_equalities()


def nothing(x):
    pass


def prints(x):
    print("at", x)


def writes_to_stdout(x):
    sys.stdout.write(f"at {x[0]}\n")


def logs(x):
    logging.getLogger("test_silent_effects").warning("at %s", x)


def appends(x):
    with Path("log.txt").open("a") as file:
        file.write("called\n")


def overwrites(x):
    with open("last.txt", "w") as file:  # noqa: PTH123 - as people write it
        print(x[0], file=file)


def opens_a_path(x):
    with Path("path.txt").open("w") as file:
        file.write(f"{x[0]}")


def saves(x):
    np.savetxt("point.txt", x)


def draws(x):
    np.random.rand()


def draws_in_python(x):
    random.random()


RNG = np.random.default_rng(3)


def draws_from_a_generator(x):
    RNG.normal()


def prints_into_a_text(x):
    print(f"at {x[0]:.3f}", file=io.StringIO())


EFFECTS = [
    *(nothing, prints, writes_to_stdout, logs, appends, overwrites, opens_a_path, saves),
    *(draws, draws_in_python, draws_from_a_generator, prints_into_a_text),
]


def near(t, x, kept):
    return abs(t - kept[0]) < 1e-12


def asserted(t, x, kept):
    try:
        np.testing.assert_allclose(x, kept[1], rtol=1e-12)
    except AssertionError:
        return False
    return True


def asserted_equal(t, x, kept):
    try:
        np.testing.assert_array_equal(x, kept[1])
    except AssertionError:
        return False
    return True


class Kept:
    """x₀² x₁ + x₀ sin x₀, of which a part is kept for the last point."""

    def __init__(self, question, effect):
        self.kept = None
        self.question, self.effect = question, effect

    def __call__(self, x):
        t = float(x[0])
        self.effect(x)
        if self.kept is None or not self.question(t, x, self.kept):
            self.part = (t**2, math.sin(t))
            self.kept = (t, x.copy())
        return self.part[0] * x[1] + self.part[1] * x[0]


class Table:
    """The same in a dictionary, by digits."""

    def __init__(self, effect):
        self.table = {}
        self.effect = effect

    def __call__(self, x):
        t = float(x[0])
        self.effect(x)
        key = f"{t:.12g}"
        if key not in self.table:
            self.table[key] = (t**2, math.sin(t))
        part = self.table[key]
        return part[0] * x[1] + part[1] * x[0]


def _world(tmp_path):
    """What the effects leave."""
    return (
        {file.name: file.read_text() for file in tmp_path.iterdir()},
        str(np.random.get_state()),
        random.getstate(),
        RNG.bit_generator.state,
    )


@pytest.mark.parametrize(
    "question", [near, asserted, asserted_equal, None], ids=lambda q: getattr(q, "__name__", "table")
)
@pytest.mark.parametrize("effect", EFFECTS, ids=lambda e: e.__name__)
def test_memories(effect, question, tmp_path, monkeypatch, capsys, caplog):
    monkeypatch.chdir(tmp_path)

    def make():
        return Table(effect) if question is None else Kept(question, effect)

    calls = [lambda f: f(X), gw.grad, lambda f: f(X), gw.grad, gw.grad, lambda f: f(1.01 * X), gw.grad]
    states, seen = [], []
    for differentiated in (False, True):  # as plain calls do, so do derivatives
        random.seed(1)
        np.random.seed(1)
        RNG.bit_generator.state = np.random.default_rng(3).bit_generator.state
        for file in tmp_path.iterdir():
            file.unlink()
        caplog.clear()
        f = make()
        for call in calls:
            if call is gw.grad and differentiated:
                np.testing.assert_allclose(gw.grad(f)(X), GRADIENT, rtol=1e-10)
            elif call is gw.grad:
                f(X)
            else:
                call(f)
        states.append(_world(tmp_path))
        seen.append((capsys.readouterr().out, [record.getMessage() for record in caplog.records]))
    assert states[0] == states[1]
    assert seen[0] == seen[1]
    if effect not in (nothing, prints_into_a_text):
        assert any(seen[0]) or states[0][0] or effect.__name__.startswith("draws")


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize("effect", EFFECTS, ids=lambda e: e.__name__)
def test_branches_by_equality(effect, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def entries(x):
        effect(x)
        return np.sum(np.where(x == 0, 1.0, np.sin(x) / np.where(x == 0, 1.0, x) * np.exp(x)))

    def branch(x):
        effect(x)
        return 1.0 if x[0] == 0 else math.sin(x[0]) / x[0] * math.exp(x[0])

    def mask(x):
        effect(x)
        y, moved = np.ones(2), x != 0
        y[moved] = np.sin(x[moved]) / x[moved] * np.exp(x[moved])
        return y.sum()

    other = math.exp(1.3) * (math.sin(1.3) / 1.3 + math.cos(1.3) / 1.3 - math.sin(1.3) / 1.3**2)
    for f, expected in ((entries, [1.0, other]), (branch, [1.0, 0.0]), (mask, [1.0, other])):
        np.testing.assert_allclose(gw.grad(f)(np.array([0.0, 1.3])), expected, rtol=1e-8, err_msg=f.__name__)


@pytest.mark.filterwarnings("ignore::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize("effect", EFFECTS[1:], ids=lambda e: e.__name__)
def test_what_is_lost_is_refused(effect, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def f(x):
        effect(x)
        return x[1] * (int(x[0] * 2**50) / 2**50)

    def right(x):
        effect(x)
        return x[1] * math.exp(x[0])

    for _ in range(2):
        with pytest.raises(gw.TracingError):
            gw.grad(f, method="exact")(X)
    capsys.readouterr()
    assert gw.grad(right, method="exact")(X)[1] == pytest.approx(math.exp(0.7))
    assert verdict_on(right).startswith("value and ")
    assert capsys.readouterr().out.count("at") == (effect in (prints, writes_to_stdout))


def test_a_compressed_file_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def f(x):
        with gzip.open("number.gz", "wb") as file:
            file.write(str(x[0]).encode())
        return x[0] ** 2 if x[1] > 0 else x[0]

    assert gw.grad(f)(X)[0] == pytest.approx(1.4)
    assert gzip.decompress((tmp_path / "number.gz").read_bytes()) == b"0.7"


def test_what_is_read_back_is_what_was_not_written(tmp_path, monkeypatch):
    """A silent run keeps in memory what it writes to a file, and reads that."""
    monkeypatch.chdir(tmp_path)

    def f(x):
        with open("number.txt", "w") as file:  # noqa: PTH123
            file.write("1.5")
        with open("number.txt") as file:  # noqa: PTH123
            return x[0] ** 2 * float(file.read())

    assert gw.grad(f)(X)[0] == pytest.approx(2.1)
    assert verdict_on(f) == "value and one directional derivative compared"
    assert (tmp_path / "number.txt").read_text() == "1.5"


@pytest.mark.parametrize("check", [False, None])
def test_what_is_read_back_from_a_log(check):
    def f(x):
        stream = io.StringIO()
        logger = logging.Logger("read back")  # noqa: LOG001 - one that nobody else has
        logger.addHandler(logging.StreamHandler(stream))
        logger.warning("%r", float(x[0]))
        return float(stream.getvalue()) ** 2 * x[1]

    with pytest.raises(gw.TracingError):
        gw.grad(f, method="exact", check=check)(X)


@pytest.mark.slow
def test_what_another_process_computes():
    def f(x):
        code = f"print({float(x[0])!r} ** 2)"
        answer = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
        return float(answer.stdout) * x[1]

    line = f.__code__.co_firstlineno + 3
    with pytest.raises(gw.TracingError, match=rf"another process .*test_silent_effects\.py:{line}\)"):
        gw.grad(f, method="exact")(X)


def test_rows_are_written_once():
    """A writer of rows does not tell to which file it writes: the function is not looked at."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, ["a"])

    def f(x):
        writer.writerow({"a": float(x[0])})
        return x[0] ** 2 * x[1] if x[1] > 0 else x[0]

    for k in range(3):
        assert gw.grad(f)(X)[0] == pytest.approx(2 * X[0] * X[1])
        assert stream.getvalue().count("\n") == k + 1
