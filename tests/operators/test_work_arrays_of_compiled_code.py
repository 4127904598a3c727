"""Numerical derivatives of functions that fill arrays, hand them to compiled code, which takes plain ones only, and keep something from call to call: the points at which nobody asked leave nothing."""

import warnings

import numpy as np
import pytest

import gradwise as gw


def compiled(array):
    """What compiled code reads: the memory of a plain array."""
    return memoryview(np.ascontiguousarray(array))


class Model:
    def __init__(self):
        self.calls = 0
        self.work = np.array([2.0, 1.0])
        self.table = np.ones((2, 2), order="F")
        self.by_name = {"a": np.ones(2)}
        self.parts = [np.ones(2)]
        self.rows = np.ones(2, dtype=[("x", float), ("y", float)])
        self.masked = np.ma.array([1.0, 2.0])

    def made_here(self, p):
        work = np.zeros(2)
        work[0], work[1] = p[1], p[0]
        return compiled(work)

    def made_like(self, p):
        work = np.empty_like(p)
        work[:] = p * p
        return compiled(work)

    def of_a_list(self, p):
        return compiled(np.array([p[0], p[0] * p[1]]))

    def entries(self, p):
        self.work[0] += p[0]
        return compiled(self.work)

    def a_result(self, p):
        np.add(self.work, p, out=self.work)
        return compiled(self.work)

    def a_row(self, p):
        row = self.table[1]
        row += p
        return compiled(self.table[1].astype(float))

    def under_a_key(self, p):
        self.by_name["a"] += p
        return compiled(self.by_name["a"])

    def in_a_list(self, p):
        self.parts[0][1] += p[1]
        return compiled(self.parts[0])

    def a_field(self, p):
        self.rows["x"] += p
        return compiled(self.rows["x"])

    def a_masked_one(self, p):
        self.masked[0] += p[0]
        return compiled(np.asarray(self.masked))

    def value(self, way, p):
        self.calls += 1
        memory = getattr(self, way)(p)
        return memory[0] * memory[1] * p[0] + self.calls * p[1]


WAYS = ["made_here", "made_like", "of_a_list", "entries", "a_result", "a_row", "under_a_key", "in_a_list", "a_field"]


@pytest.mark.parametrize("way", [*WAYS, "a_masked_one"])
def test_numerical_points_leave_nothing(way):
    ours, points = Model(), [np.array([0.5 + 0.1 * k, 0.3]) for k in range(3)]
    value_and_grad = gw.value_and_grad(lambda p: ours.value(way, p))

    def after(earlier, p):  # what a model gives that was called at earlier points
        model = Model()
        return [model.value(way, q) for q in [*earlier, p]][-1]

    for k, p in enumerate(points):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gw.NumericalFallbackWarning)
            found, slope = value_and_grad(p)
        assert ours.calls == k + 1
        assert found == pytest.approx(after(points[:k], p), rel=1e-13)
        steps = 1e-5 * np.eye(2)
        truth = [(after(points[:k], p + d) - after(points[:k], p - d)) / 2e-5 for d in steps]
        np.testing.assert_allclose(slope, truth, rtol=1e-6)
