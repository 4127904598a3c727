"""Forms of Schur, Hessenberg, LDLᵀ and QZ, factorizations brought up to date, banded matrices: against differences of SciPy's function, and by what is known of them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg as sl

import gradwise as gw

RNG = np.random.default_rng(5)
A = RNG.normal(size=(5, 5))
B = RNG.normal(size=(5, 5)) + 4 * np.eye(5)
D, E = RNG.normal(size=(2, 5, 5))
S = A + A.T
T = np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 0.2], [0.1, 0.4, 2.0]])


def around(f, base=A):
    """f on a line through a matrix, of two numbers."""
    return lambda t: np.concatenate([np.ravel(p) for p in f(base + t[0] * D + t[1] * E) if np.ndim(p)])


def symmetric(f):
    return around(lambda m: f(m + m.T))


def bands(t):
    return np.array([[0.0, 0.3, 0.2, 0.4], [3.0, 4.0, 5.0, 4.5]]) + np.array([[0, 1.0, 1, 1], [1, 1, 1, 1]]) * np.sum(t)


CASES = {
    "schur, with pairs": around(sl.schur),
    "schur of a symmetric matrix": symmetric(sl.schur),
    "hessenberg": around(lambda a: sl.hessenberg(a, calc_q=True)),
    "hessenberg alone": around(lambda a: (sl.hessenberg(a),)),
    "ldl": symmetric(sl.ldl),
    "ldl, upper": symmetric(lambda a: sl.ldl(a, lower=False)),
    "ldl of one triangle": around(lambda a: sl.ldl(a)[:2]),
    "qz": around(lambda a: sl.qz(a, B)),
    "qz of the second": around(lambda a: sl.qz(A, B + 0.1 * a)),
    "qr_update": around(lambda a: sl.qr_update(*sl.qr(B), a[0], a[1])),
    "qr_delete": around(lambda a: sl.qr_delete(*sl.qr(a), 2)),
    "qr_delete of a column": around(lambda a: sl.qr_delete(*sl.qr(a), 2, which="col")),
    "qr_insert": around(lambda a: sl.qr_insert(*sl.qr(a[:4, :4]), a[4, :4], 1)),
    "qr_multiply": around(lambda a: sl.qr_multiply(a, B)),
    "eig_banded": lambda t: np.concatenate([np.ravel(p) for p in sl.eig_banded(bands(t))]),
    "eigvals_banded": lambda t: sl.eigvals_banded(bands(t), select="i", select_range=(1, 2)),
    "cholesky_banded": lambda t: sl.cholesky_banded(bands(t)).ravel(),
    "cho_solve_banded": lambda t: sl.cho_solve_banded((sl.cholesky_banded(bands(t)), False), np.arange(4.0) + t[0]),
    "funm": lambda t: sl.funm(T + t[0] * D[:3, :3] + t[1] * E[:3, :3], lambda w: np.exp(w) / (9 + w)).ravel(),
    "matrix_balance": around(lambda a: (sl.matrix_balance(a * np.array([1, 1e3, 1, 1, 1e-3]))[0],)),
    "subspace_angles": around(lambda a: (sl.subspace_angles(a[:, :2], B[:, :2]),)),
    "diagsvd": lambda t: sl.diagsvd(t, 2, 3).ravel(),
}


@pytest.mark.parametrize("name", CASES)
def test_against_differences(name):
    f, t = CASES[name], np.array([0.1, -0.2])
    value, jacobian = f(t), gw.jacobian(f, method="exact", check=False)(t)
    np.testing.assert_allclose(gw.jvp(f, (t,), (t,), method="exact", check=False)[0], value, rtol=1e-10, atol=1e-12)

    def central(h):
        return np.stack([(f(t + h * e) - f(t - h * e)) / (2 * h) for e in np.eye(2)], axis=-1)

    expected = (4 * central(1e-4) - central(2e-4)) / 3
    np.testing.assert_allclose(jacobian, expected, rtol=1e-6, atol=1e-7)


def test_what_does_not_depend_on_the_form_is_smooth():
    """The product of the diagonal of Schur's form is the determinant where no eigenvalues are a pair; its second derivative too."""

    def f(t):
        return np.prod(np.diagonal(sl.schur(np.diag([1.0, 2.0, 4.0]) + t * T)[0]))

    def determinant(t):
        return np.linalg.det(np.diag([1.0, 2.0, 4.0]) + t * T)

    assert gw.grad(f, method="exact")(0.05) == pytest.approx(gw.grad(determinant)(0.05), rel=1e-10)
    assert gw.hessian(f, method="exact")(0.05) == pytest.approx(gw.hessian(determinant)(0.05), rel=1e-8)


def test_equal_eigenvalues_have_no_form_that_moves_smoothly():
    with pytest.raises(gw.TracingError, match="equal"):
        gw.grad(lambda t: sl.schur(np.eye(3) * 2.0 + t * T)[0][0, 0], method="exact")(0.0)


def test_what_is_arbitrary_is_refused():
    with pytest.raises(gw.TracingError, match="phases"):
        gw.grad(lambda t: np.real(sl.schur(A + t * D, output="complex")[0][0, 1]), method="exact")(0.1)


def test_questions_about_a_matrix():
    def f(t):
        m = np.diag(t) @ np.ones((2, 2)) if sl.issymmetric(np.diag(t)) else np.zeros((2, 2))
        return np.sum(m) + sl.bandwidth(np.triu(m))[1]

    np.testing.assert_array_equal(gw.grad(f, method="exact")(np.array([1.0, 2.0])), [2.0, 2.0])
