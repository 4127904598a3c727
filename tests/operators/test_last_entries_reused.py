"""The last entries of lists that a call appends to: ``hist.append(v); return hist[-1]``."""

from __future__ import annotations

import numpy as np
import pytest

import gradwise as gw
from gradwise.operators.reuse import standing

X = np.array([0.3, 1.2, 0.7])
CURVE = []


class Run:
    """With a list that each call appends to."""

    def __init__(self):
        self.kept, self.late = [], False

    def last(self, x):
        self.kept.append((x**2).sum())
        return self.kept[-1] * 2

    def two(self, x):
        self.kept.append(x.sum())
        self.kept.append(x[0])
        return self.kept[-1] * self.kept[-2]

    def changed(self, x):
        self.kept.append(x * 2)
        self.kept[-1][0] = 5.0
        return (self.kept[-1] ** 2).sum()

    def cleared(self, x):
        self.kept.append(x.sum())
        self.kept.clear()
        self.kept.append(x[1])
        return self.kept[-1] ** 2

    def add(self, value):
        self.kept.append(value)

    def by_another_method(self, x):
        self.add(x.sum())
        return self.kept[-1] ** 3

    def of_an_earlier_call(self, x):
        self.kept.append(float(x.sum()))
        return x[0] * self.kept[-2] if self.late else x[0] ** 2

    def perhaps_of_an_earlier_call(self, x):
        self.kept.append(x.sum())
        try:
            return self.kept[-2] * x[0]
        except IndexError:
            return x[0]

    def counted(self, x):
        self.kept.append(x.sum())
        return self.kept[-1] * len(self.kept)

    def the_callers_own(self, x):
        self.kept.append(x)
        self.kept[-1][0] = 5.0
        return (x**2).sum()


def in_a_closure():
    kept = []

    def f(x):
        kept.append(np.sin(x[0]) * x[1] ** 2)
        return kept[-1] * 2.0

    return f, kept


def _global(x):
    CURVE.append(x.sum())
    return CURVE[-1] ** 2


SERVED = ["last", "two", "changed", "cleared", "by_another_method"]
RUN = ["of_an_earlier_call", "perhaps_of_an_earlier_call", "counted", "the_callers_own"]


@pytest.mark.parametrize("name", [*SERVED, *RUN])
def test_they_are_those_of_the_call(name):
    ours, traced, plain = Run(), Run(), Run()
    gradient, other = gw.value_and_grad(getattr(ours, name)), gw.value_and_grad(getattr(traced, name), pure=False)
    for k in range(14):
        ours.late = traced.late = plain.late = k > 6
        points = [X + 0.1 * k for _ in range(3)]
        value, found = gradient(points[0])
        expected = other(points[1])
        assert value == pytest.approx(getattr(plain, name)(points[2]), rel=1e-14)
        np.testing.assert_allclose(found, expected[1], rtol=1e-13)
        np.testing.assert_array_equal(points[0], points[2])
        assert [type(v) for v in ours.kept] == [type(v) for v in plain.kept]
        for one, two in zip(ours.kept, plain.kept, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-14)
    said = standing(getattr(ours, name), (X,), {})
    assert ("its program stands" in said and "given up" not in said) == (name in SERVED)


def test_in_a_closure_and_among_the_globals():
    f, kept = in_a_closure()
    gradient = gw.grad(f)
    for k in range(9):
        x = X + 0.1 * k
        expected = [2 * np.cos(x[0]) * x[1] ** 2, 4 * np.sin(x[0]) * x[1], 0.0]
        np.testing.assert_allclose(gradient(x), expected, rtol=1e-13)
        assert kept[-1] == pytest.approx(np.sin(x[0]) * x[1] ** 2)
        np.testing.assert_allclose(gw.grad(_global)(x), np.full(3, 2 * x.sum()), rtol=1e-13)
    assert len(kept) == len(CURVE) == 9
    assert "its program stands" in standing(f, (X,), {})
    assert "its program stands" in standing(_global, (X,), {})
