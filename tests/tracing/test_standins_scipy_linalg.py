"""``scipy.linalg`` on traced arrays."""

import types

import numpy as np
import pytest
import scipy.linalg
from standing_in import watched

import gradwise as gw
from gradwise.tracing.standins import STAND_INS

ours = types.SimpleNamespace(**{k: getattr(scipy.linalg, k) for k in scipy.linalg.__all__})
for name, stand_in in STAND_INS["scipy.linalg"].items():
    setattr(ours, name, stand_in)

RNG = np.random.default_rng(3)
A = RNG.normal(size=(4, 4)) + 4 * np.eye(4)
B = RNG.normal(size=(4, 2))
TALL = RNG.normal(size=(5, 3))
SYMMETRIC = A @ A.T
W = RNG.normal(size=(20, 20))


def scalar(y):
    """A sum over all entries of all results, by weights, that does not see the sign of eigenvectors."""
    total = 0.0
    for part in y if isinstance(y, tuple) else (y,):
        if np.ndim(part) == 2:
            total = total + np.sum(W[: part.shape[0], : part.shape[1]] * part)
        elif np.ndim(part):
            total = total + np.sum(W[0, : part.shape[0]] * part)
        elif not isinstance(part, (bool, np.bool_)):
            total = total + part * 0.7
    return np.real(total) + np.imag(total)


def check(f, x, exactly=True, tolerance=1e-7):
    want = scalar(f(scipy.linalg, x.copy()))
    run = watched(lambda x: scalar(f(ours, x)))
    value, pulled = gw.value_and_grad(run, method="exact")(x)
    if exactly:
        assert value == want
    np.testing.assert_allclose(value, want, rtol=1e-12)
    # as users write it: the instrumented copy finds the stand-ins itself
    again = gw.value_and_grad(lambda x: scalar(f(scipy.linalg, x)), method="exact")(x)
    assert again[0] == value
    np.testing.assert_array_equal(again[1], pulled)

    def differences(g, h):
        return np.stack([(g(x + h * e) - g(x - h * e)) / (2 * h) for e in np.eye(x.size).reshape(x.size, *x.shape)])

    def plain(x):
        return scalar(f(scipy.linalg, x.copy()))

    h = 1e-4
    wanted = ((4 * differences(plain, h / 2) - differences(plain, h)) / 3).reshape(x.shape)
    np.testing.assert_allclose(pulled, wanted, rtol=tolerance, atol=tolerance * np.abs(wanted).max())
    u = np.cos(np.arange(x.size)).reshape(x.shape)
    np.testing.assert_allclose(gw.jvp(run, (x,), (u,), method="exact")[1], np.sum(pulled * u), rtol=1e-9)
    gradient = gw.grad(run, method="exact")
    product = gw.hvp(run, method="exact")(x, u)
    wanted = (gradient(x + 1e-5 * u) - gradient(x - 1e-5 * u)) / 2e-5
    np.testing.assert_allclose(product, wanted, rtol=1e-5, atol=1e-6 * max(np.abs(wanted).max(), 1))


CASES = {
    "solve": (lambda L, x: L.solve(x, B), A),
    "solve for b": (lambda L, x: L.solve(A, x), B),
    "solve a vector": (lambda L, x: L.solve(x, x[0]), A),
    "solve transposed": (lambda L, x: L.solve(x, B, transposed=True), A),
    "solve positive": (lambda L, x: L.solve(x, B, assume_a="pos"), SYMMETRIC),
    "solve positive lower": (lambda L, x: L.solve(x, B, assume_a="pos", lower=True), SYMMETRIC),
    "solve symmetric": (lambda L, x: L.solve(x, B, assume_a="sym"), SYMMETRIC),
    "solve lists": (lambda L, x: L.solve([[x[0, 0], 1.0], [0.5, x[1, 1]]], [x[0, 1], 1.0]), A),
    "solve_triangular": (lambda L, x: L.solve_triangular(x, B), A),
    "solve_triangular lower": (lambda L, x: L.solve_triangular(x, x[0], lower=True, trans="T"), A),
    "solve_triangular unit": (lambda L, x: L.solve_triangular(x, B, unit_diagonal=True), A / 5),
    "inv": (lambda L, x: L.inv(x), A),
    "det": (lambda L, x: L.det(x), A),
    "cholesky": (lambda L, x: L.cholesky(x), SYMMETRIC),
    "cholesky lower": (lambda L, x: L.cholesky(x, lower=True), SYMMETRIC),
    "cho_factor": (lambda L, x: L.cho_factor(x)[0], SYMMETRIC),
    "cho_solve": (lambda L, x: L.cho_solve(L.cho_factor(x), B), SYMMETRIC),
    "cho_solve lower": (lambda L, x: L.cho_solve(L.cho_factor(x, lower=True), x[0]), SYMMETRIC),
    "cho_solve for b": (lambda L, x: L.cho_solve(scipy.linalg.cho_factor(SYMMETRIC), x), B),
    "lu_factor": (lambda L, x: L.lu_factor(x)[0], A[[2, 0, 3, 1]]),
    "lu_solve": (lambda L, x: L.lu_solve(L.lu_factor(x), B), A[[2, 0, 3, 1]]),
    "lu_solve transposed": (lambda L, x: L.lu_solve(L.lu_factor(x), x[0] ** 2, trans=1), A[[2, 0, 3, 1]]),
    "lu_solve for b": (lambda L, x: L.lu_solve(scipy.linalg.lu_factor(A), x), B),
    "lu": (lambda L, x: L.lu(x)[1:], A[[2, 0, 3, 1]]),
    "lu permuted": (lambda L, x: L.lu(x, permute_l=True), TALL),
    "lu wide": (lambda L, x: L.lu(x, p_indices=True)[1:], TALL.T.copy()),
    "qr": (lambda L, x: L.qr(x), A),
    "qr economic": (lambda L, x: L.qr(x, mode="economic"), TALL),
    "qr r": (lambda L, x: L.qr(x, mode="r")[0], TALL),
    "qr pivoting": (lambda L, x: L.qr(x, pivoting=True)[1], A),
    "eigh": (lambda L, x: (L.eigh(x)[0], L.eigh(x)[1] ** 2), SYMMETRIC),
    "eigh of a pair": (lambda L, x: (L.eigh(x, SYMMETRIC)[0], L.eigh(x, SYMMETRIC)[1] ** 2), A + A.T),
    "eigh of the second": (lambda L, x: (L.eigh(A + A.T, x)[0], L.eigh(A + A.T, x)[1] ** 2), SYMMETRIC),
    "eigh upper": (lambda L, x: L.eigh(x, lower=False)[0], SYMMETRIC),
    "eigh by index": (
        lambda L, x: (L.eigh(x, subset_by_index=[1, 2])[0], L.eigh(x, subset_by_index=[1, 2])[1] ** 2),
        SYMMETRIC,
    ),
    "eigh by value": (lambda L, x: L.eigh(x, subset_by_value=[20.0, 1e9])[0], SYMMETRIC),
    "eigvalsh": (lambda L, x: L.eigvalsh(x), SYMMETRIC),
    "eigvalsh of a pair": (lambda L, x: L.eigvalsh(x, SYMMETRIC), A + A.T),
    "eig": (lambda L, x: abs(L.eig(x)[0]), A),
    "eigvals": (lambda L, x: abs(L.eigvals(x)) ** 2, A),
    "svd": (lambda L, x: (L.svd(x)[0][:, :3] ** 2, L.svd(x)[1], L.svd(x)[2] ** 2), TALL),
    "svd thin": (lambda L, x: L.svd(x, full_matrices=False)[1], TALL),
    "svd values": (lambda L, x: L.svd(x, compute_uv=False), TALL),
    "svdvals": (lambda L, x: L.svdvals(x), TALL),
    "norm": (lambda L, x: L.norm(x), A),
    "norm 1": (lambda L, x: L.norm(x, 1), A),
    "norm of a vector": (lambda L, x: L.norm(x[0]) + L.norm(x, axis=1).sum(), A),
    "norm of a list": (lambda L, x: L.norm([x[0, 0], x[1, 1]]), A),
    "lstsq": (lambda L, x: L.lstsq(x, TALL[:, 0] ** 2)[0], TALL),
    "lstsq residuals": (lambda L, x: L.lstsq(x, W[:5, :2])[1], TALL),
    "lstsq for b": (lambda L, x: L.lstsq(TALL, x)[0], W[:5, :2].copy()),
    "pinv": (lambda L, x: L.pinv(x), TALL),
    "expm": (lambda L, x: L.expm(x), A / 4),
    "expm small": (lambda L, x: L.expm(x), A / 100),
    "expm large": (lambda L, x: L.expm(x), A - 2 * np.eye(4)),
    "solve_banded": (
        lambda L, x: L.solve_banded((1, 1), x, [1.0, 2, 3, 4]),
        np.add(RNG.normal(size=(3, 4)), [[0], [4], [0]]),
    ),
    "solve_banded for b": (lambda L, x: L.solve_banded((1, 1), np.ones((3, 4)) + np.array([[0], [4], [0]]), x), B),
    "solve_banded of two": (
        lambda L, x: L.solve_banded((2, 0), x, x[0]),
        np.add(RNG.normal(size=(3, 4)), [[5], [0], [0]]),
    ),
    "solveh_banded": (lambda L, x: L.solveh_banded(x, B), np.add(RNG.normal(size=(2, 4)), [[0], [4]])),
    "solveh_banded lower": (
        lambda L, x: L.solveh_banded(x, B, lower=True),
        np.add(RNG.normal(size=(2, 4)), [[4], [0]]),
    ),
    "toeplitz": (lambda L, x: L.toeplitz(x[0], x[1]), A),
    "toeplitz symmetric": (lambda L, x: L.toeplitz(x[0]), A),
    "solve_toeplitz": (lambda L, x: L.solve_toeplitz((x[0], x[1]), B), A + np.array([[4], [0], [0], [0]])),
    "hankel": (lambda L, x: L.hankel(x[0], x[1]), A),
    "circulant": (lambda L, x: L.circulant(x[0]), A),
    "expm of a number": (lambda L, x: L.expm(x[0, 1] * x[1, 0]), A),
    "solve_circulant": (lambda L, x: L.solve_circulant(x[0], x[1]), A),
    "block_diag": (lambda L, x: L.block_diag(x, [[x[0, 0], 2.0]], x[0] ** 2), TALL),
    "sylvester": (lambda L, x: L.solve_sylvester(x, A, B @ B.T), A),
    "sylvester of a rectangle": (lambda L, x: L.solve_sylvester(A, x[:2, :2], B), A),
    "lyapunov": (lambda L, x: L.solve_continuous_lyapunov(x, SYMMETRIC), A),
    "discrete lyapunov": (lambda L, x: L.solve_discrete_lyapunov(x, SYMMETRIC), A / 10),
}


@pytest.mark.parametrize("name", CASES)
def test_function(name):
    f, x = CASES[name]
    check(f, x)


def test_errors_are_those_of_scipy():
    singular = np.ones((2, 2))
    for f in (lambda x: ours.solve(x, [1.0, 2.0]), ours.inv, lambda x: ours.cholesky(x - 2 * np.eye(2))):
        with pytest.raises(np.linalg.LinAlgError):
            gw.jacobian(watched(f), method="exact")(singular)
    with pytest.raises(ValueError, match="infs or NaNs"):
        gw.jacobian(watched(ours.inv), method="exact")(singular * np.nan)
    with pytest.raises(ValueError, match="square"):
        gw.jacobian(watched(ours.det), method="exact")(TALL)
    with pytest.raises(gw.TracingError, match=r"eig.*eig\(a\)"):
        gw.jacobian(watched(lambda x: ours.eig(x, SYMMETRIC)[0].real), method="exact")(A)


def test_complex_matrices():
    Z = A + 1j * A.T / 3

    def f(L, t):
        M = Z * t + np.eye(4)
        H = M @ M.conj().T
        factor = L.cho_factor(H, lower=True)
        return np.sum(
            np.abs(
                L.cho_solve(factor, B)
                + L.lu_solve(L.lu_factor(M), B)
                + L.expm(M / 8)[:, :2]
                + L.solve(H, B, assume_a="her")
            )
            ** 2
        )

    value, slope = gw.value_and_grad(watched(lambda t: f(ours, t)), method="exact")(0.7)
    assert value == f(scipy.linalg, 0.7)
    h = 1e-4
    wanted = (
        8 * (f(scipy.linalg, 0.7 + h) - f(scipy.linalg, 0.7 - h))
        - f(scipy.linalg, 0.7 + 2 * h)
        + f(scipy.linalg, 0.7 - 2 * h)
    ) / (12 * h)
    np.testing.assert_allclose(slope, wanted, rtol=1e-9)


def test_plain_matrices_are_left_to_scipy():
    assert ours.det([[1, 2], [3, 4]]) == scipy.linalg.det([[1, 2], [3, 4]])
    np.testing.assert_array_equal(ours.toeplitz([1, 2]), [[1, 2], [2, 1]])


LEFT = {
    "real": np.array([[2.0, 0.3, 0.1], [0.1, 1.5, -0.2], [0.4, 0.2, 3.0]]),
    "pairs": np.array([[2.0, -1.3, 0.1], [1.1, 1.5, -0.2], [0.4, 0.2, 3.0]]),
    "complex": np.array([[2.0, -1.3j, 0.1], [1.1, 1.5 + 1j, -0.2], [0.4, 0.2, 3.0]]),
}


@pytest.mark.parametrize("name", LEFT)
def test_left_eigenvectors(name):
    a = LEFT[name]
    rng = np.random.default_rng(5)
    u, weights = rng.standard_normal((3, 3)), np.arange(1.0, 10).reshape(3, 3)

    def f(a):
        w, left, right = scipy.linalg.eig(a, left=True)
        return (
            np.sum(weights * np.real(left))
            + np.sum(np.imag(left) * weights.T)
            + np.sum(np.abs(right))
            + np.sum(np.abs(w))
        )

    def difference(h):
        return (8 * (f(a + h * u) - f(a - h * u)) - f(a + 2 * h * u) + f(a - 2 * h * u)) / (12 * h)

    value, tangent = gw.jvp(f, (a,), (u + 0 * a,), method="exact")
    np.testing.assert_allclose(value, f(a), rtol=1e-13)
    np.testing.assert_allclose(tangent, difference(1e-3), rtol=1e-9)
    alone = gw.jvp(lambda a: np.abs(scipy.linalg.eig(a, left=True, right=False)[1]), (a,), (u + 0 * a,), method="exact")
    np.testing.assert_allclose(alone[0], np.abs(scipy.linalg.eig(a, left=True)[1]), rtol=1e-13)


def test_circulant_matrices_of_several_vectors():
    # they were made of all entries as one vector, and had another value than SciPy's
    if scipy.linalg.circulant(A[:2]).ndim < 3:
        pytest.skip("this SciPy takes one vector")
    value, slope = gw.value_and_grad(lambda x: np.sum(W[:4, :4] * scipy.linalg.circulant(x)), method="exact")(A[:2])
    assert value == np.sum(W[:4, :4] * scipy.linalg.circulant(A[:2]))
    one = gw.grad(lambda c: np.sum(W[:4, :4] * scipy.linalg.circulant(c)), method="exact")
    np.testing.assert_allclose(slope, [one(A[0]), one(A[1])], rtol=1e-12)
