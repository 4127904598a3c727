"""What a run leaves in objects of Python's library, and in containers of the user's classes, holds plain numbers, and all of them."""

import collections
import functools
import queue
import sched
import weakref
from unittest import mock

import numpy as np
import pytest

import gradwise as gw

X = np.array([0.7, 1.3])


def is_plain(value):
    """Whether a value is a number of NumPy's or Python's."""
    return type(value) in (float, np.float64)


class _Key:
    """Something to which a weak reference may refer."""


def _weak():
    kept, key = weakref.WeakKeyDictionary(), _Key()

    def f(x):
        kept[key] = x[0] ** 2
        return kept[key] * x[1]

    return f, lambda: [kept[key]], [0.49]


def _queue(cls, item=lambda v: v):
    kept = cls()

    def f(x):
        kept.put(item(x[0] ** 2))
        return x[0] ** 2 * x[1]

    return f, lambda: [np.ravel(kept.queue[-1])[0]], [0.49]


def _mock():
    kept = mock.MagicMock()

    def f(x):
        kept(x[0], k=x[1])
        kept.method(x[1])
        return x[0] ** 2 * x[1]

    return f, lambda: [kept.call_args[0][0], kept.call_args[1]["k"], kept.method.call_args[0][0]], [0.7, 1.3, 1.3]


def _scheduler():
    kept = sched.scheduler()

    def f(x):
        kept.enter(1.0, 1, print, (x[0],))
        return x[0] ** 2 * x[1]

    return f, lambda: [kept.queue[0].argument[0]], [0.7]


LIBRARIES = {
    "weak keys": _weak,
    "queue": functools.partial(_queue, queue.Queue),
    "priorities": functools.partial(_queue, queue.PriorityQueue, lambda v: (v, 1)),
    "mock": _mock,
    "scheduler": _scheduler,
}


@pytest.mark.parametrize("name", LIBRARIES)
def test_objects_of_libraries_hold_plain_numbers(name):
    """They were given traced ones by their methods and items."""
    f, held, expected = LIBRARIES[name]()
    np.testing.assert_allclose(gw.grad(f)(X), [1.82, 0.49], rtol=1e-12)
    values = held()
    assert all(map(is_plain, values)), list(map(type, values))
    np.testing.assert_allclose(values, expected, rtol=1e-12)


class _Pair(tuple):
    """A tuple of the user's."""

    __slots__ = ()


class _Frozen(frozenset):
    """A set of the user's that does not change."""


class _Set(set):
    """A set of the user's."""


class _Window(collections.deque):
    """A queue of the user's."""


@pytest.mark.parametrize(
    "make",
    [_Pair, _Frozen, _Set, lambda v: _Window(v, maxlen=3), lambda v: collections.deque(v, maxlen=3)],
    ids=["tuple", "frozenset", "set", "deque", "plain deque"],
)
def test_containers_of_the_users_classes_keep_their_items(make):
    """The plain counterpart of a container of a derived class was an empty one, and that of a queue had no greatest length."""
    kept = []

    def f(x):
        kept[:] = [make([x[0], x[1]])]
        return x[0] ** 2 * x[1]

    np.testing.assert_allclose(gw.grad(f)(X), [1.82, 0.49], rtol=1e-12)
    expected = make([0.7, 1.3])
    assert type(kept[0]) is type(expected)
    assert sorted(kept[0]) == [0.7, 1.3]
    assert getattr(kept[0], "maxlen", None) == getattr(expected, "maxlen", None)
    assert all(map(is_plain, kept[0]))
