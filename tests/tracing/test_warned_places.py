"""NumPy's warnings of a traced run: the user's file and line, the user's filters, once a line as without a trace."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest

import gradwise as gw


def f(x):
    y = np.exp(1000 * x)
    for _ in range(3):
        y = y + np.log(x - 1.0)
    z = (x - 1.0) / (x - 1.0)
    return np.sum(y + z + np.sqrt(x - 5.0))


POINT = np.array([1.0, 2.0])


def recorded(run, action):
    globals().pop("__warningregistry__", None)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter(action)
        run()
    return [(w.filename, w.lineno, w.category, str(w.message)) for w in found]


@pytest.mark.parametrize("action", ["always", "default", "once"])
def test_lines_and_counts_are_those_of_the_plain_call(action):
    # they were those of our own files, so that another line of the user's was not shown any more
    plain = recorded(lambda: f(POINT), action)
    assert len(plain) > 4
    assert recorded(lambda: gw.trace(f, POINT), action) == plain
    assert {w[0] for w in plain} == {__file__}


def test_filters_by_module_hold():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=__name__.replace(".", r"\."))
        gw.trace(f, POINT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings(
            "error", message="divide by zero encountered in log", module=__name__.replace(".", r"\.")
        )
        with pytest.raises(RuntimeWarning, match="divide by zero encountered in log"):
            gw.trace(f, POINT)


def test_the_filters_are_left_as_they_were():
    before = list(warnings.filters)
    gw.trace(lambda x: x * x, 2.0)
    with pytest.raises(ZeroDivisionError):
        gw.trace(lambda x: x / 0.0, 2.0)
    assert list(warnings.filters) == before


def test_other_threads_keep_theirs():
    met, done = threading.Event(), threading.Event()
    found: list[int] = []

    def other():
        met.wait(5.0)
        with pytest.raises(RuntimeWarning):
            np.log(np.array([-1.0]))
        found.append(1)
        done.set()

    def inside(x):
        met.set()
        done.wait(5.0)
        return np.sum(x)

    thread = threading.Thread(target=other)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        thread.start()
        gw.trace(inside, POINT)
        thread.join()
    assert found == [1]
