"""Arrays that programs in use make in ways of their own: grown in place, filled through transposes, built by tables of indices."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw


def grown(x):
    h = np.zeros(1)
    h[0] = x[0]
    for k in range(4):
        h.resize(k + 2)
        h[k + 1] = np.sin(h[k]) * x[1]
    return h


def shrunk(x):
    h = np.array([])
    h.resize(2, 3)
    for i in range(2):
        for j in range(3):
            h[i, j] = x[i] * (j + 1)
    tail = h[1].copy()
    tail.resize(5)
    tail[4] = x[0] ** 2
    tail.resize((2, 2))
    return np.append(h.ravel(), tail[1, 1] * tail[0, 1])


@pytest.mark.parametrize("f", [grown, shrunk])
def test_arrays_of_another_size_in_place(f):
    for x in (np.array([1.5, -0.7]), np.array([0.3, 2.0]), np.array([-1.0, 0.4])):
        want = gw.numerical.jacobian(f, x)
        np.testing.assert_allclose(gw.jacobian(f, method="exact")(x), want.value, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(gw.jacobian(f)(x), want.value, rtol=1e-8, atol=1e-9)


def test_what_others_hold_is_not_resized():
    def of_an_argument(x):
        x.resize(3, refcheck=False)
        return x.sum()

    def with_a_view(x):
        h = x * 2
        held = h[1:]
        h.resize(5, refcheck=False)
        return h.sum() + held.sum()

    for f in (of_an_argument, with_a_view):
        with pytest.raises(gw.TracingError, match="array of its own"):
            gw.grad(f, method="exact")(np.array([1.0, 2.0, 3.0]))

    def of_a_part(x):
        h = (x * 2)[1:]
        h.resize(5)
        return h.sum()

    with pytest.raises((ValueError, gw.TracingError), match="own its data"):
        gw.grad(of_a_part, method="exact")(np.array([1.0, 2.0, 3.0]))
