"""Matrices, masked arrays and structured arrays that objects keep from call to call, and write to."""

import warnings

import numpy as np
import pytest

import gradwise as gw

pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")


class Labelled(np.ndarray):
    pass


class Kept:
    def __init__(self):
        self.matrix = np.matrix(np.zeros((2, 2)))
        self.table = {"m": np.asmatrix(np.zeros((2, 2)))}
        self.masked = np.ma.array(np.zeros(3), mask=[0, 0, 1])
        self.rows = np.zeros(2, dtype=[("x", float), ("n", int)])
        self.record = np.rec.array([(0.0, 1), (0.0, 2)], dtype=[("x", float), ("n", int)])
        self.labelled = np.zeros(2).view(Labelled)

    def entries_of_a_matrix(self, p):
        self.matrix[0, :] += p
        self.matrix[1, 0] = p[0]
        return (self.matrix * self.matrix.T)[0, 0] + self.matrix[1, 0]

    def a_matrix_in_place(self, p):
        self.matrix += p
        self.matrix *= 2.0
        return self.matrix[1, 0] * self.matrix[0, 1]

    def beside_a_matrix(self, p):
        self.matrix += np.matrix(p)
        return self.matrix[1, 0] * self.matrix[0, 1]

    def in_a_table(self, p):
        m = self.table["m"]
        m[0] += p
        return float(m[0, 0] * m[0, 1])

    def masked_entries(self, p):
        self.masked[:2] += p
        return self.masked.sum() ** 2

    def unmasked(self, p):
        self.masked[2] = p[0] * p[1]
        return self.masked.sum() * self.masked.mean()

    def fields(self, p):
        self.rows["x"] += p
        self.rows["n"] += 1
        return self.rows["x"][0] * self.rows["x"][1] * self.rows["n"][0]

    def a_row(self, p):
        self.rows[0] = (p[0] * p[1], 3)
        return self.rows["x"][0] * self.rows["n"].sum()

    def attributes_of_records(self, p):
        self.record.x[0] += p[0]
        self.record.x[1] = p[1]
        return self.record.x.prod() * self.record.n[1]


METHODS = [n for n in vars(Kept) if not n.startswith("_")]


def value(name, points):
    """Of the last of some calls of a new object."""
    method = getattr(Kept(), name)
    return [method(p) for p in points][-1]


@pytest.mark.parametrize("name", METHODS)
def test_what_is_written_to_it_keeps_the_derivative(name):
    ours, plain = Kept(), Kept()
    gradient = gw.value_and_grad(getattr(ours, name))
    points = [np.array([0.7, 1.2]) + 0.1 * k for k in range(4)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", gw.NumericalFallbackWarning)
        for k, p in enumerate(points):
            found, slope = gradient(p)
            assert found == pytest.approx(getattr(plain, name)(p), rel=1e-13)
            h = 1e-4 * np.eye(2)
            truth = [
                (value(name, [*points[:k], p + d]) - value(name, [*points[:k], p - d])) / 2e-4 for d in h
            ]  # of polynomials of degree two at most
            np.testing.assert_allclose(slope, truth, rtol=1e-7, atol=1e-9)
    for attribute, left in vars(plain).items():
        held = vars(ours)[attribute]
        assert type(held) is type(left)
        if attribute == "table":
            held, left = held["m"], left["m"]
            assert type(held) is np.matrix
        assert held.dtype == left.dtype
        for ours_, theirs in [(held, left)] if not left.dtype.names else [(held[n], left[n]) for n in left.dtype.names]:
            np.testing.assert_array_equal(np.ma.getmaskarray(ours_), np.ma.getmaskarray(theirs))
            np.testing.assert_allclose(np.asarray(ours_), np.asarray(theirs), rtol=1e-13)


def test_what_a_class_of_arrays_keeps_is_put_back_where_the_derivative_is_numerical():
    def total(p):
        kept.labelled[:] += np.frombuffer(p.tobytes())  # no trace follows that
        return float(kept.labelled.sum()) ** 2

    kept = Kept()
    with pytest.warns(gw.NumericalFallbackWarning):
        slope = gw.grad(total)(np.array([0.7, 1.2]))
    np.testing.assert_allclose(slope, [3.8, 3.8], rtol=1e-8)
    np.testing.assert_array_equal(kept.labelled, [0.7, 1.2])
