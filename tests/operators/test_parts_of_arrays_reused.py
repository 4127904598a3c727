"""Parts of arrays that a call makes (``np.split`` and its like) and their flat iterators, written to in proved functions; after changes too."""

from __future__ import annotations

import numpy as np
from following import follows

import gradwise as gw

KEPT = np.arange(8.0)


def test_parts_of_an_array_of_the_call() -> None:
    def f(x):
        whole = np.arange(8.0) * KEPT[1]
        a, b = np.split(whole, 2)
        a += x
        b[0] = x[1]
        for k, part in enumerate(np.array_split(np.outer(x, x), 2)):
            part *= KEPT[k] + x
            whole[k] += np.sum(part)
        left, right = np.hsplit(np.outer(x, KEPT[:4]) + 1.0, 2)
        left[:, 0] = x
        right[0] *= x[0]
        return whole @ whole + np.sum(left**2) + np.sum(right)

    follows(f, lambda: KEPT.__setitem__(1, 3.0), lambda: KEPT.__setitem__(0, -1.0))
    KEPT[:] = np.arange(8.0)


def test_parts_of_what_was_there() -> None:
    """What is written to them is written to the caller's array, at each call."""
    kept = np.ones(4)

    def f(x):
        a, b = np.split(kept, 2)
        a *= 2.0
        return np.sum(x**2) * b[0] + a[0] * x[0]

    gradient = gw.grad(f)
    for k in range(1, 7):
        x = np.arange(1.0, 5.0)
        np.testing.assert_allclose(gradient(x), 2 * x + 2.0**k * np.eye(4)[0])
        np.testing.assert_array_equal(kept, [2.0**k, 2.0**k, 1.0, 1.0])


def test_flat_entries() -> None:
    def f(x):
        a = np.outer(x, KEPT[:4]) * 1.0
        a.flat[2:6] = x
        a.flat[0] += x[2]
        return sum(v**2 for v in a.flat) + np.sum(np.reshape(KEPT, (2, 4)).flat[1:5] * x)

    follows(f, lambda: KEPT.__setitem__(1, 3.0), lambda: KEPT.__setitem__(3, -1.0))
    KEPT[:] = np.arange(8.0)


def test_flat_entries_of_what_was_there() -> None:
    kept = np.ones((2, 2))

    def f(x):
        kept.flat[0] *= 2.0
        kept.flat[1:3] = 3.0
        return np.sum(x**2) * kept[0, 0]

    gradient = gw.grad(f)
    for k in range(1, 7):
        x = np.arange(1.0, 5.0)
        np.testing.assert_allclose(gradient(x), 2 * x * 2.0**k)
        np.testing.assert_array_equal(kept, [[2.0**k, 3.0], [3.0, 1.0]])
