"""Warnings that gradwise ignores are ignored in its own thread: the filters of the process are what they were, also when threads overlap."""

from __future__ import annotations

import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy

import gradwise as gw
from gradwise.quiet import quiet, raised

pytestmark = pytest.mark.skipif(
    getattr(sys.flags, "context_aware_warnings", False), reason="the interpreter keeps filters by context"
)


@pytest.fixture
def filters():
    """The filters as they stand, which must be the same list with the same entries afterwards."""
    scipy.special, scipy.optimize, scipy.sparse.linalg  # they add filters when they are imported
    list_itself, entries = warnings.filters, list(warnings.filters)
    yield
    assert warnings.filters is list_itself
    assert len(entries) == len(list_itself)
    assert all(a is b for a, b in zip(entries, list_itself, strict=True))


@pytest.fixture
def often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_others_go_on_warning(filters):
    with quiet(), ThreadPoolExecutor(1) as pool:
        warnings.warn("here", stacklevel=1)
        with pytest.raises(UserWarning, match="there"):
            pool.submit(warnings.warn, "there").result()
        warnings.warn("here again", stacklevel=1)
    with pytest.raises(UserWarning, match="afterwards"):
        warnings.warn("afterwards", stacklevel=1)


def test_only_the_category_and_the_message(filters):
    with quiet(gw.KinkWarning):
        warnings.warn("a kink", gw.KinkWarning, stacklevel=1)
        with pytest.raises(UserWarning, match="another"):
            warnings.warn("another", stacklevel=1)
    with quiet(UserWarning, "this"):
        warnings.warn("This one", stacklevel=1)
        with pytest.raises(UserWarning, match="not"):
            warnings.warn("not this", stacklevel=1)


@pytest.mark.parametrize("first", [True, False])
def test_raising_comes_before_ignoring(filters, first):
    outer, inner = (quiet(), raised(RuntimeWarning)) if first else (raised(RuntimeWarning), quiet())
    with outer, inner:
        warnings.warn("ignored", stacklevel=1)
        with pytest.raises(RuntimeWarning):
            warnings.warn("raised", RuntimeWarning, stacklevel=1)
        with ThreadPoolExecutor(1) as pool, pytest.raises(UserWarning):
            pool.submit(warnings.warn, "there").result()


def test_filters_of_the_user_that_come_later_stand_before_ours(filters):
    with warnings.catch_warnings(record=True) as caught, quiet():
        warnings.simplefilter("always")
        warnings.warn("seen", stacklevel=1)
        with quiet():
            warnings.warn("not seen", stacklevel=1)
        warnings.warn("not seen either, since ours was put before it", stacklevel=1)
    assert [str(w.message) for w in caught] == ["seen"]


def test_what_was_shown_once_is_not_shown_again():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            warnings.warn("once for each place", stacklevel=1)
            with quiet():
                warnings.warn("never", stacklevel=1)
    assert len(caught) == 1


MEMORY = """
class Memo:
    def __init__(self):
        self.x = None
    def f(self, x):
        if self.x is not None and np.array_equal(x, self.x):
            return self.v
        self.x = np.array(x)
        self.v = np.sum(np.sin(x) * {k})
        return self.v
def f(x, memo):
    return memo.f(x)
"""


@pytest.mark.slow
def test_threads_that_overlap_leave_the_filters(filters, often):
    """Each call compares a derivative with a numerical one, in silence; the filters are those of the process."""
    wrong, heard = [], 0
    stop = threading.Event()

    def compare(k):
        space = {"np": np}
        exec(MEMORY.format(k=k), space)
        x = np.arange(1.0, 4.0) / k
        memo = space["Memo"]()
        memo.f(x)
        if not np.allclose(gw.grad(space["f"])(x, memo), np.cos(x) * k):
            wrong.append(k)
        gw.minimize(lambda z: np.sum((z - k) ** 4), np.zeros(2))
        gw.numerical.grad(lambda z: np.sum(z**2) * k, x)

    def warn():
        nonlocal heard
        while not stop.is_set():
            try:
                warnings.warn("a user's own", stacklevel=1)
            except UserWarning:
                heard += 1
            else:
                wrong.append("silenced")

    other = threading.Thread(target=warn)
    other.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(compare, range(1, 17)))
    finally:
        stop.set()
        other.join()
    assert not wrong
    assert heard > 0
