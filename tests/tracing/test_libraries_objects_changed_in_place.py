"""Matrices, masked arrays and sparse matrices of the caller's that a function changes in place: each call changes them once, whatever is asked of the function beside it."""

from __future__ import annotations

import array
import ctypes

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.interpolate import BSpline, PPoly

import gradwise as gw

DIAGONAL = np.diag([1.0, 2.0, 3.0])


class Sparse:
    """A sparse matrix that is scaled."""

    def __init__(self):
        self.M = sp.csr_matrix(DIAGONAL)

    def by_another_name(self, x):
        A = self.M
        A *= 1.1
        return x @ (A @ x)

    def by_attribute(self, x):
        self.M *= 1.1
        return x @ (self.M @ x)

    def by_method(self, x):
        self.M.setdiag(self.M.diagonal() * 1.1)
        return x @ (self.M @ x)

    def held(self):
        return self.M.toarray()


class Dense:
    """An array that is scaled by way of others of its memory."""

    def __init__(self):
        self.T = DIAGONAL.copy()
        self.masked = np.ma.array(self.T, copy=False)

    def by_matrix(self, x):
        y = np.asmatrix(self.T)
        y *= 1.1
        return x @ self.T @ x

    def by_array(self, x):
        y = np.asarray(np.asmatrix(self.T))
        y *= 1.1
        return x @ self.T @ x

    def by_masked(self, x):
        y = np.ma.array(self.T, copy=False)
        y *= 1.1
        return x @ self.T @ x

    def by_entries(self, x):
        self.masked[:] = self.masked * 1.1
        return x @ self.T @ x

    def held(self):
        return self.T


CASES = [(Sparse, "by_another_name"), (Sparse, "by_attribute"), (Sparse, "by_method")]
CASES += [(Dense, "by_matrix"), (Dense, "by_array"), (Dense, "by_masked"), (Dense, "by_entries")]


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of np.matrix
@pytest.mark.parametrize(("kind", "name"), CASES)
def test_each_call_changes_it_once(kind, name):
    model, x = kind(), np.array([0.3, 1.2, 0.7])
    g = gw.value_and_grad(getattr(model, name))
    for k in range(1, 6):
        value, gradient = g(x)
        A = DIAGONAL * 1.1**k
        np.testing.assert_allclose(model.held(), A, rtol=1e-12)
        assert value == pytest.approx(x @ A @ x, rel=1e-12)
        np.testing.assert_allclose(gradient, 2 * A @ x, rtol=1e-11)


class Coefficients:
    """A polynomial of NumPy's, whose coefficients are changed."""

    def __init__(self):
        self.p = np.poly1d([1.0, 2.0, 3.0])

    def by_power(self, x):
        self.p[2] = self.p[2] * 1.5
        return self.p(x[0]) * x[1]

    def by_property(self, x):
        self.p.coeffs[0] *= 1.5
        return self.p(x[0]) * x[1]

    def by_another_name(self, x):
        c = self.p.c
        c[0] *= 1.5
        return self.p(x[0]) * x[1]

    def by_out(self, x):
        np.multiply(self.p.coef, [1.5, 1.0, 1.0], out=self.p.coef)
        return self.p(x[0]) * x[1]


@pytest.mark.parametrize("way", ["by_power", "by_property", "by_another_name", "by_out"])
def test_coefficients_of_a_polynomial(way):
    model, (a, b) = Coefficients(), (0.7, 1.2)
    f = getattr(model, way)
    for k in range(1, 6):
        value, gradient = gw.value_and_grad(f, method="exact")(np.array([a, b]))
        s = 1.5**k
        np.testing.assert_allclose(model.p.coeffs, [s, 2.0, 3.0], rtol=1e-12)
        assert value == pytest.approx((s * a**2 + 2 * a + 3) * b, rel=1e-12)
        np.testing.assert_allclose(gradient, [(2 * s * a + 2) * b, s * a**2 + 2 * a + 3], rtol=1e-11)


def test_a_traced_coefficient_at_every_call():
    p = np.poly1d([1.0, 2.0, 3.0])

    def f(x):
        p[1] = x[1]
        return p(x[0]) * x[1]

    for a, b in [(2.0, 1.5), (1.1, 0.7), (2.0, 1.5), (1.3, 0.4)]:
        gradient = gw.grad(f, method="exact")(np.array([a, b]))
        np.testing.assert_allclose(gradient, [(2 * a + b) * b, a**2 + 2 * a * b + 3], rtol=1e-12)
        assert type(p.coeffs) is np.ndarray
        np.testing.assert_array_equal(p.coeffs, [1.0, b, 3.0])


def test_a_polynomial_gets_a_higher_power():
    p = np.poly1d([1.0, 2.0])

    def f(x):
        p[3] = p[3] + 1.0
        return p(x[0])

    for k in range(1, 5):
        assert gw.grad(f, method="exact")(np.array([0.5]))[0] == pytest.approx(3 * k * 0.25 + 1)
        np.testing.assert_array_equal(p.coeffs, [k, 0.0, 1.0, 2.0])


class Pieces:
    """Interpolants of SciPy's whose coefficients are changed: what calls them sees the new ones, in the same run."""

    def __init__(self):
        self.line = PPoly(np.array([[1.0, 2.0], [3.0, 1.0]]), [0.0, 1.0, 3.0])
        self.spline = BSpline(np.array([0.0, 0.0, 1.0, 3.0, 3.0]), np.array([3.0, 4.0, 8.0]), 1)

    def rows(self, x):
        self.line.c[0] *= 1.1
        return self.line(x[0]) * x[1]

    def traced(self, x):
        self.line.c[0, 0] = x[1] * 1.1
        return self.line(x[0]) * x[1]

    def of_a_spline(self, x):
        self.spline.c[1] += 0.5
        return self.spline(x[0]) * x[1]


def test_coefficients_of_interpolants():
    model, a, b = Pieces(), 0.5, 1.2
    x = np.array([a, b])
    for k in range(1, 5):
        value, gradient = gw.value_and_grad(model.rows, method="exact")(x)
        s = 1.1**k
        assert value == pytest.approx((s * a + 3) * b, rel=1e-13)
        np.testing.assert_allclose(gradient, [s * b, s * a + 3], rtol=1e-13)
        value, gradient = gw.value_and_grad(model.of_a_spline, method="exact")(x)
        s = 1 + 0.5 * k
        assert value == pytest.approx((s * a + 3) * b, rel=1e-13)
        np.testing.assert_allclose(gradient, [s * b, s * a + 3], rtol=1e-13)
    np.testing.assert_allclose(model.line.c[0], [1.1**4, 2 * 1.1**4])
    for c in (b, 2.0):
        gradient = gw.grad(model.traced, method="exact")(np.array([a, c]))
        np.testing.assert_allclose(gradient, [1.1 * c**2, 2.2 * a * c + 3], rtol=1e-13)
        assert type(model.line.c) is np.ndarray
        assert model.line.c[0, 0] == pytest.approx(1.1 * c)


def shared_by_lists(M, x):
    A = sp.lil_matrix(M)
    A[0, 0] *= 2.0


def shared_by_transposition(M, x):
    A = M.T
    A *= 2.0


def of_a_dictionary(M, x):
    M[0, 0] += M[0, 0]


@pytest.mark.parametrize(
    ("kind", "change"),
    [(sp.lil_matrix, shared_by_lists), (sp.csr_matrix, shared_by_transposition), (sp.dok_matrix, of_a_dictionary)],
)
def test_matrices_that_share_their_entries(kind, change):
    M = kind(np.diag([1.0, 0.0, 0.0]))

    def f(x):
        change(M, x)
        return x @ (M @ x)

    for k in range(1, 4):
        value, gradient = gw.value_and_grad(f)(np.array([0.3, 1.2, 0.7]))
        assert value == pytest.approx(0.09 * 2**k)
        np.testing.assert_allclose(gradient, [0.6 * 2**k, 0.0, 0.0], rtol=1e-9, atol=1e-9)
        assert M.toarray()[0, 0] == 2**k


def by_a_view_of_an_array(held):
    view = memoryview(held)
    view[1] = 2.0 * view[1]


def by_its_data(held):
    view = held.data
    view[1] *= 2.0


def by_an_array_of_the_buffer(held):
    view = np.frombuffer(held)
    view[1] *= 2.0


def by_an_array_of_ctypes(held):
    view = np.ctypeslib.as_array(held)
    view[1] *= 2.0


@pytest.mark.parametrize(
    ("made", "change"),
    [
        (lambda: np.ones(3), by_a_view_of_an_array),
        (lambda: np.ones(3), by_its_data),
        (lambda: array.array("d", [1.0, 1.0, 1.0]), by_an_array_of_the_buffer),
        (lambda: bytearray(np.ones(3).tobytes()), by_an_array_of_the_buffer),
        (lambda: (ctypes.c_double * 3)(1.0, 1.0, 1.0), by_an_array_of_ctypes),
    ],
)
def test_memory_that_is_lent(made, change):
    held = made()

    def f(x):
        change(held)
        return x**2 * np.frombuffer(held)[1]

    for k in range(1, 4):
        value, gradient = gw.value_and_grad(f)(1.5)
        assert [value, gradient] == pytest.approx([2.25 * 2**k, 3.0 * 2**k], rel=1e-9)
        assert np.frombuffer(held).tolist() == [1.0, 2.0**k, 1.0]
