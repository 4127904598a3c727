"""Arrays that are kept in Fortran's order, or with gaps: what shares memory with them when they are reshaped, in the first call and in later ones, and how they are left."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from tests.operators.central_differences import differences

PROGRAM = """
import numpy as np

class Model:
    def __init__(self, made):
        self.u = made()

    def reshaped(self, x):
        v = self.u.reshape(-1)
        v[:3] = x
        return (self.u ** 2).sum() * x[0] + v @ v

    def raveled(self, x):
        v = np.ravel(self.u)
        v[3:6] = x * x
        return (self.u ** 2).sum() * x[0] + v @ v

    def transposed(self, x):
        self.u[1] = x
        v = self.u.T.reshape(-1)
        v[1:4] += x
        return (self.u ** 2).sum() * x[0] + v @ v

    def multiplied(self, x):
        self.u *= 0.5
        self.u += x
        v = self.u.ravel()
        v[1:4] *= x
        return (self.u ** 2).sum() + v @ v

    def like(self, x):
        self.u[0] = x
        v = np.empty_like(self.u)
        v[:] = 0.5
        v.reshape(-1)[2:5] = x
        return (v * self.u).sum()
"""
MADE = {
    "Fortran's order": lambda: np.zeros((3, 3), order="F") + 0.25,
    "rows with gaps": lambda: np.full((6, 3), 0.25)[::2],
    "columns with gaps": lambda: np.full((3, 6), 0.25)[:, ::2],
    "rows backwards": lambda: np.full((3, 3), 0.25)[::-1],
    "transposed": lambda: np.full((3, 3), 0.25).T,
    "C's order": lambda: np.full((3, 3), 0.25),
}
POINTS = [np.array([0.7, 1.1, 0.9]) + 0.1 * k for k in range(5)]


def model(kind):
    names = {"__name__": "kept"}
    exec(compile(PROGRAM, __file__.replace("test_", "program_of_"), "exec"), names)
    return names["Model"](MADE[kind])


def orders(array):
    return array.flags.c_contiguous, array.flags.f_contiguous


@pytest.mark.parametrize("name", ["reshaped", "raveled", "transposed", "multiplied", "like"])
@pytest.mark.parametrize("kind", MADE)
def test_what_shares_memory_with_a_kept_array(kind, name):
    ours, theirs = model(kind), model(kind)
    derivative = gw.value_and_grad(getattr(ours, name), method="exact")
    for k, x in enumerate(POINTS):

        def run(y, before=POINTS[:k]):
            beside = model(kind)
            for earlier in before:
                getattr(beside, name)(earlier)
            return getattr(beside, name)(y)

        value, gradient = derivative(x)
        assert value == pytest.approx(getattr(theirs, name)(x), rel=1e-13)
        np.testing.assert_allclose(gradient, differences(run, x), rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(ours.u, theirs.u, rtol=1e-13)
        assert orders(ours.u) == orders(theirs.u)


def test_an_array_comes_back_in_another_order():
    ours, theirs = model("C's order"), model("C's order")
    derivative = gw.value_and_grad(ours.raveled, method="exact")
    for k, x in enumerate(2 * POINTS):
        if k in (4, 7):
            for one in (ours, theirs):
                one.u = np.asfortranarray(one.u) if k == 4 else np.ascontiguousarray(one.u)
        assert derivative(x)[0] == pytest.approx(theirs.raveled(x), rel=1e-13)
        np.testing.assert_allclose(ours.u, theirs.u, rtol=1e-13)


def test_arrays_that_a_call_makes_and_keeps_have_their_order():
    class Maker:
        def loss(self, x):
            self.u = np.asfortranarray(np.outer(x, x))
            self.v = np.zeros((2, 3), order="F")
            self.v[0] = x
            return self.u.sum() + self.v.sum()

    ours = Maker()
    gw.grad(ours.loss)(POINTS[0])
    assert orders(ours.u) == orders(ours.v) == (False, True)
