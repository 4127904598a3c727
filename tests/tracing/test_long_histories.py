"""Lists that a function keeps and appends to: what it left there is plain, however long the list is, whatever else is done to it."""

from __future__ import annotations

import random

import numpy as np
import pytest

import gradwise as gw
from gradwise.tracing.instrument import ending

X = np.array([0.5, 1.5])
PLAIN = (float, np.float64, np.ndarray, int)


def history(length=500):
    return [float(k) for k in range(length)]


def assert_plain(entries):
    for entry in entries:
        if isinstance(entry, (list, tuple)):
            assert_plain(entry)
        elif isinstance(entry, dict):
            assert_plain(entry.values())
        else:
            assert type(entry) in PLAIN, type(entry)


def swap(kept, v):
    kept.append(v)
    kept[0] = kept[-1]


def shuffled(kept, v):
    kept.append(v)
    random.Random(3).shuffle(kept)


def removed(kept, v):
    kept.append(v)
    del kept[0]


def inserted(kept, v):
    kept.append(v)
    kept.insert(3, v * 2)


def sliced(kept, v):
    kept.append(v)
    kept[2:4] = [v, v]


def sorted_in_place(kept, v):
    kept.append(v)
    kept.sort(key=float, reverse=True)


def popped(kept, v):
    kept.append(v)
    kept.append(kept.pop())


def emptied(kept, v):
    kept.append(v)
    kept.clear()
    kept.append(v)


def grown(kept, v):
    kept.append(v)
    kept += [v, 2 * v]


def nested(kept, v):
    kept.append([v, {"a": (v, 1.0)}])


def arrays(kept, v):
    kept.append(np.array([v, 2.0 * v]))


def by_class(kept, v):
    list.append(kept, v)


def by_name(kept, v):
    append = kept.append
    append(v)
    append(v)


CHANGES = [swap, shuffled, removed, inserted, sliced, sorted_in_place, popped, emptied, grown, nested, arrays, by_class, by_name]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("length", [0, 500])
def test_what_is_left_is_plain_and_as_it_would_be(change, length):
    ours, theirs = history(length) or [0.0] * 8, history(length) or [0.0] * 8

    def loss(x, kept):
        v = np.sin(x[0]) * x[1] ** 2
        kept.append(x[0])
        change(kept, v)
        return 2.0 * v

    g = gw.grad(lambda x: loss(x, ours), method="exact")
    for k in range(4):
        x = X + 0.1 * k
        np.testing.assert_allclose(g(x), [2 * np.cos(x[0]) * x[1] ** 2, 4 * np.sin(x[0]) * x[1]], rtol=1e-14)
        loss(x, theirs)
        assert_plain(ours)
        assert repr(ours) == repr(theirs)


def test_what_was_appended_can_be_used_in_the_run():
    kept = history()

    def loss(x):
        kept.append(x[0] * 3.0)
        return kept[-1] ** 2 + sum(kept[-2:])

    g = gw.grad(loss, method="exact")
    for _ in range(3):
        np.testing.assert_allclose(g(X), [18 * X[0] + 3.0, 0.0], rtol=1e-14)
    assert_plain(kept)


def test_functions_that_were_appended_hold_plain_values():
    kept = [abs] * 100

    def loss(x):
        v = x[0] ** 2
        kept.append(lambda: v)
        return v

    gw.grad(loss, method="exact")(X)
    assert type(kept[-1]()) is np.float64


def test_derivatives_of_derivatives_and_errors():
    kept = history()

    def loss(x):
        kept.append(x[0] ** 3)
        return x[0] ** 3 * x[1]

    np.testing.assert_allclose(
        gw.grad(lambda x: gw.grad(loss, method="exact")(x)[0], method="exact")(X), [6 * X[0] * X[1], 3 * X[0] ** 2]
    )
    assert_plain(kept)

    def fails(x):
        kept.append(x[0])
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        gw.grad(fails, method="exact")(X)
    assert_plain(kept)
    with pytest.raises(TypeError, match="exactly one argument"):
        gw.grad(lambda x: kept.append(x[0], 2), method="exact")(X)


def test_only_the_end_of_a_long_list_is_looked_at(monkeypatch):
    looked = []
    cleaned = ending.cleaned
    monkeypatch.setattr(
        ending, "cleaned", lambda container, outer: looked.append(len(container)) or cleaned(container, outer)
    )
    kept = history(10_000)

    def loss(x):
        kept.append(x[0] * x[1])
        return kept[-1]

    g = gw.grad(loss, method="exact", pure=False)
    for _ in range(4):  # the first runs are asked for their effects
        g(X)
    looked.clear()
    for _ in range(3):
        np.testing.assert_allclose(g(X), X[::-1])
    assert all(length < 100 for length in looked)
    assert len(kept) == 10_007
    assert_plain(kept)


def test_what_a_function_appends_on_a_new_way_is_not_left_by_its_verification():
    """Another function is entered by code that was verified before: only the end of a long list was noted, and nobody asked whether it outlives the run."""
    kept = history()

    def once(v):
        kept.append([v])

    def by_sign(v):
        kept.append(v if v > 0 else -v)

    def loss(x, keep):
        v = np.sin(x[0]) * x[1] ** 2
        kept.append(x[0])
        keep(v)
        return 2.0 * v

    for keep in (once, by_sign, lambda v: kept.append((v, 1.0))):
        for x in (X, -X):
            before = len(kept)
            gw.grad(lambda x, keep=keep: loss(x, keep), method="exact")(x)
            assert len(kept) == before + 2
