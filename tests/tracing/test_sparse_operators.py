"""``LinearOperator`` of the user's functions that read traced values: truth from the matrix, by ``np.linalg``."""

import numpy as np
import pytest
import scipy.sparse.linalg as ssl

import gradwise as gw

N = 5
_A = np.random.default_rng(3).standard_normal((N, N))
S, B = _A @ _A.T + 4 * np.eye(N), np.random.default_rng(4).standard_normal(N)
P = np.array([1.3, 0.7])


def matrix(p):
    return S * p[0] + p[1] ** 2 * np.eye(N)


def operator(p):
    def product(v):
        return (S * p[0]) @ v + p[1] ** 2 * v

    return ssl.LinearOperator((N, N), matvec=product, rmatvec=product)


class Own(ssl.LinearOperator):
    def __init__(self, p):
        self.p = p
        super().__init__(float, (N, N))

    def _matvec(self, v):
        return (S * self.p[0]) @ v + self.p[1] ** 2 * v

    _rmatvec = _matvec


def exact(f, x=P):
    return gw.jacobian(f, method="exact")(x)


SOLVERS = ("cg", "cgs", "bicg", "bicgstab", "gmres", "lgmres", "minres", "qmr", "gcrotmk", "tfqmr")


@pytest.mark.parametrize("make", [operator, Own])
@pytest.mark.parametrize("name", SOLVERS)
def test_solutions(name, make):
    found = exact(lambda p: getattr(ssl, name)(make(p), B * p[1], rtol=1e-13)[0])
    truth = gw.jacobian(lambda p: np.linalg.solve(matrix(p), B * p[1]))(P)
    np.testing.assert_allclose(found, truth, rtol=1e-12, atol=1e-14)


def test_second_derivatives_of_a_solution():
    found = exact(gw.jacobian(lambda p: ssl.cg(operator(p), B * p[1], rtol=1e-14)[0]))
    truth = gw.jacobian(gw.jacobian(lambda p: np.linalg.solve(matrix(p), B * p[1])))(P)
    np.testing.assert_allclose(found, truth, rtol=1e-10, atol=1e-13)


PRODUCTS = {
    "@": lambda A: A @ B,
    "*": lambda A: A * B,
    "call": lambda A: A(B),
    "dot": lambda A: A.dot(B),
    "matvec": lambda A: A.matvec(B),
    "column": lambda A: A.matvec(B[:, None])[:, 0],
    "rmatvec": lambda A: A.rmatvec(B),
    "adjoint": lambda A: A.H @ B,
    "transpose": lambda A: A.T @ B,
    "columns": lambda A: (A @ np.stack([B, 2 * B], axis=1))[:, 0],
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name):
    found = exact(lambda p: PRODUCTS[name](operator(p)))
    np.testing.assert_allclose(found, gw.jacobian(lambda p: matrix(p) @ B)(P), rtol=1e-14)


def test_a_transpose_of_complex_numbers_is_not_the_adjoint():
    C = S + 1j * _A

    def transposed(p):
        A = ssl.LinearOperator(
            (N, N), matvec=lambda v: p[0] * (C @ v), rmatvec=lambda v: p[0] * (np.conj(C.T) @ v), dtype=complex
        )
        return A.T @ B

    np.testing.assert_allclose(exact(transposed)[:, 0], C.T @ B, rtol=1e-13)


def test_least_squares_eigenvalues_and_singular_values():
    truth = gw.jacobian(lambda p: np.linalg.solve(matrix(p), B))(P)
    found = exact(lambda p: ssl.lsqr(operator(p), B, atol=1e-14, btol=1e-14)[0])
    np.testing.assert_allclose(found, truth, rtol=1e-11, atol=1e-13)
    truth = gw.jacobian(lambda p: np.linalg.eigvalsh(matrix(p))[-2:])(P)
    for largest in (ssl.eigsh, lambda A, k: ssl.svds(A, k, return_singular_vectors=False)):
        found = exact(lambda p, largest=largest: np.sort(largest(operator(p), k=2)[0 if largest is ssl.eigsh else ...]))
        np.testing.assert_allclose(found, truth, rtol=1e-10)


def test_operators_that_do_not_move():
    plain = ssl.LinearOperator((N, N), matvec=lambda v: S @ v)
    truth = np.linalg.solve(S, B)
    made = exact(lambda p: ssl.cg(ssl.LinearOperator((N, N), matvec=lambda v: S @ v), B * p[0], rtol=1e-13)[0])
    before = exact(lambda p: ssl.cg(plain, B * p[0], rtol=1e-13)[0])
    conditioned = exact(
        lambda p: p[0] * ssl.cg(S, B, rtol=1e-13, M=ssl.LinearOperator((N, N), matvec=lambda v: v / (5 + p[1])))[0]
    )
    for found in (made, before, conditioned):
        np.testing.assert_allclose(found[:, 0], truth, rtol=1e-11)
        np.testing.assert_array_equal(found[:, 1], 0.0)


def test_values_and_errors_are_those_of_scipy():
    def seen(p):
        A = operator(p)
        assert isinstance(A, ssl.LinearOperator)
        assert A.dtype == np.float64
        assert A.shape == (N, N)
        with pytest.raises(ValueError, match=r"(?i)dimension mismatch"):
            A @ np.ones(N + 1)
        return (A @ B).sum()

    value, _ = gw.value_and_grad(seen, method="exact")(P)
    assert value == (operator(P) @ B).sum()


def test_an_operator_without_an_adjoint_says_so():
    def f(p):
        return ssl.LinearOperator((N, N), matvec=lambda v: p[0] * v, dtype=float).rmatvec(B)

    with pytest.raises(NotImplementedError, match="rmatvec is not defined"):
        exact(f)


@pytest.mark.parametrize("combined", [lambda A: 2 * A, lambda A: A + A, lambda A: (2 * A).H])
def test_operators_of_operators_raise_or_are_right(combined):
    """SciPy makes plain arrays of what they give, up to version 1.17."""
    truth = gw.jacobian(lambda p: 2 * (matrix(p) @ B))(P)
    try:
        found = exact(lambda p: combined(operator(p)) @ B)
    except gw.TracingError as error:
        assert "would lose the derivative" in str(error)  # noqa: PT017  # either is right
        found = truth
    np.testing.assert_allclose(found, truth, rtol=1e-13)
