"""What libraries write, draw and change when they are asked to: once for each call, as a plain call does."""

from __future__ import annotations

import configparser
import datetime as dt
import decimal
import pprint
import sys
import threading
import traceback
import weakref
import zipfile
from pathlib import Path

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.first_runs import forget_first_runs, verdict_on
from gradwise.tracing.instrument.hushing import Hushed, hushed

pytestmark = pytest.mark.extras("matplotlib")

X = np.array([0.7, 1.3])


@pytest.fixture(autouse=True)
def _as_new(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gw.clear_caches()
    forget_first_runs()


def prints_prettily(x):
    pprint.PrettyPrinter(width=20).pprint([1, 2])


def prints_a_traceback(x):
    try:
        raise ValueError
    except ValueError:
        traceback.print_exc(limit=0)


CONTEXT = decimal.Context()


def raises_the_precision(x):
    CONTEXT.prec += 1


ENDED = []


class Ends:
    def __init__(self, x):
        self.x = x

    def __del__(self):
        ENDED.append(1)


def ends(x):
    Ends(x)


def adds_to_an_archive(x):
    with zipfile.ZipFile("points.zip", "a") as archive:
        archive.writestr(f"{len(archive.namelist())}", str(x))


AXES = []


def draws(x):
    AXES[0].plot([0.0, 1.0], [float(x[0]), x[1]])
    AXES[0].set_title(f"at {x[0]}")


@pytest.fixture
def effects(capfd):
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    AXES[:] = [axes]

    def seen():
        output = capfd.readouterr()
        names = []
        with zipfile.ZipFile("points.zip", "a") as archive:
            names = archive.namelist()
        found = output.out + output.err, CONTEXT.prec, len(ENDED), names, [line.get_ydata() for line in AXES[0].lines]
        CONTEXT.prec = 28
        ENDED.clear()
        AXES[0].clear()
        Path("points.zip").unlink()
        return repr(found)

    yield seen
    plt.close(figure)


@pytest.mark.parametrize(
    "effect", [prints_prettily, prints_a_traceback, raises_the_precision, ends, adds_to_an_archive, draws]
)
def test_once_for_each_call(effect, effects):
    def f(x):
        effect(x)
        return x[0] ** 2 * x[1]

    effects()
    f(X.copy())
    plainly = effects()
    for _ in range(2):
        np.testing.assert_allclose(gw.grad(f)(X), [2 * X[0] * X[1], X[0] ** 2], rtol=1e-12)
        assert effects() == plainly
    np.testing.assert_allclose(gw.hessian(f)(X), [[2 * X[1], 2 * X[0]], [2 * X[0], 0.0]], rtol=1e-12)
    assert effects() == plainly


def test_a_figure_that_is_read(effects):
    def f(x):
        (line,) = AXES[0].plot([0.0, 1.0], [np.exp(x[0]), 1.0])
        return line.get_ydata()[0] * x[1]

    with pytest.warns(gw.NumericalFallbackWarning):
        np.testing.assert_allclose(gw.grad(f)(X), [np.exp(X[0]) * X[1], np.exp(X[0])], rtol=1e-7)


def test_an_object_of_a_library_that_refers_to_itself_ends_with_the_call():
    def f(x):
        parser = configparser.ConfigParser()
        parser["point"] = {"x": str(x[0])}
        return parser.getfloat("point", "x") * x[1]

    with pytest.warns(gw.NumericalFallbackWarning):
        np.testing.assert_allclose(gw.grad(f)(X), X[::-1], rtol=1e-7)
    assert "outlives" not in verdict_on(f)


def test_other_threads_write_meanwhile(capfd):
    stdout = sys.stdout
    with hushed():
        print("not seen")
        sys.stderr.write("not seen")
        assert type(sys.stdout) is Hushed
        assert sys.stdout.encoding == stdout.encoding
        thread = threading.Thread(target=lambda: print("seen"))
        thread.start()
        thread.join()
    assert sys.stdout is stdout
    print("seen too")
    assert capfd.readouterr() == ("seen\nseen too\n", "")


class Node:
    """What a dictionary of weak keys has as a key."""


NODE = Node()
TABLE = weakref.WeakKeyDictionary()


def test_an_object_of_a_library_that_is_kept_holds_what_the_call_put_there():
    def f(x):
        if NODE not in TABLE or TABLE[NODE][0] != x[0]:
            TABLE[NODE] = x[0], np.sin(x[0])
        return TABLE[NODE][1] * x[1]

    for x in (X, X + 0.1):
        np.testing.assert_allclose(gw.grad(f)(x), [np.cos(x[0]) * x[1], np.sin(x[0])], rtol=1e-12)
        assert [float(v) for v in TABLE[NODE]] == [x[0], np.sin(x[0])]


def test_dates_and_locks_are_in_nobodys_way():
    """Functions that made a date, a lock or a named tuple's class were never compared: one that lost its derivative passed in silence."""

    def f(x):
        days = (dt.date(2024, 3, 1) - dt.date(2024, 2, 1)).days
        lock = threading.Lock()
        with lock:
            return x @ x * days + sys.getrecursionlimit() + dt.timedelta(days=1).total_seconds()

    forget_first_runs()
    np.testing.assert_allclose(gw.grad(f)(X), 58 * X, rtol=1e-14)
    assert verdict_on(f) == "value and one directional derivative compared"
