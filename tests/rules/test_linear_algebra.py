"""np.linalg: the laws on generic matrices, closed forms, mpmath, degenerate matrices, complex conventions."""

from __future__ import annotations

import warnings

import mpmath as mp
import numpy as np
import pytest
import scipy

import gradwise as gw
from gradwise.errors import KinkWarning, SingularPointError, TracingError
from gradwise.program import Primitive
from gradwise.rules import linear_algebra as rules
from gradwise.tracing.instrument.hooks import watched

from .laws import check_function, inner, random_like
from .test_completeness import used

L = np.linalg


def draw(shape, kind, seed=0):
    rng = np.random.default_rng([seed, *shape])
    x = rng.standard_normal(shape)
    return x + 1j * rng.standard_normal(shape) if kind == "complex" else x


def spread(shape, kind, seed=0):
    """Singular values 1, 2, 3, … with random vectors: nothing is close to degenerate."""
    U, _, Vh = L.svd(draw(shape, kind, seed), full_matrices=False)
    return U * np.arange(1.0, U.shape[-1] + 1)[::-1] @ Vh


def hermitian(n, kind, seed=0):
    V = L.qr(draw((n, n), kind, seed))[0]
    A = V * np.arange(1.0, n + 1) @ V.conj().T
    return (A + A.conj().T) / 2


def signed(V):
    """Eigenvectors with the sign that LAPACK leaves open taken out."""
    rows = np.real(V).sum(axis=-2, keepdims=True)
    return V * np.where(rows < 0, -1.0, 1.0)


def signed_svd(a, full=False):
    U, s, Vh = L.svd(a, full_matrices=full)
    k = s.shape[-1]
    signs = np.where(np.real(U[..., :k]).sum(axis=-2) < 0, -1.0, 1.0)
    return U[..., :k] * signs[..., None, :], s, Vh[..., :k, :] * signs[..., None]


def projector(columns):
    return columns @ np.conj(columns.T)


def signed_eig(a):
    w, V = L.eig(a)
    return w, signed(V)


KINDS = pytest.mark.parametrize("kind", ["real", "complex"])

#: name: (function, shapes of its arguments)
SYSTEMS = {
    "solve_vector": (L.solve, (3, 3), (3,)),
    "solve_matrix": (L.solve, (3, 3), (3, 2)),
    "solve_stack": (L.solve, (2, 3, 3), (3, 2)),
    "solve_stack_of_both": (L.solve, (3, 3), (2, 3, 2)),
    "inv": (L.inv, (3, 3)),
    "inv_stack": (L.inv, (2, 2, 2)),
    "det": (L.det, (3, 3)),
    "det_stack": (L.det, (2, 3, 3)),
    "slogdet": (L.slogdet, (3, 3)),
    "slogdet_stack": (L.slogdet, (2, 2, 2)),
    "pinv_tall": (L.pinv, (4, 2)),
    "pinv_wide": (L.pinv, (2, 4)),
    "pinv_stack": (L.pinv, (2, 3, 2)),
    "lstsq_tall": (lambda a, b: L.lstsq(a, b, rcond=None)[:2], (5, 3), (5, 2)),
    "lstsq_vector": (lambda a, b: L.lstsq(a, b, rcond=None)[:2], (4, 2), (4,)),
    "lstsq_wide": (lambda a, b: L.lstsq(a, b, rcond=None)[0], (2, 4), (2,)),
    "lstsq_singular_values": (lambda a, b: L.lstsq(a, b, rcond=None)[3], (4, 2), (4,)),
    "tensorsolve": (L.tensorsolve, (2, 2, 4), (2, 2)),
    "tensorsolve_axes": (lambda a, b: L.tensorsolve(a, b, axes=(0,)), (4, 2, 2), (2, 2)),
    "tensorinv": (lambda a: L.tensorinv(a, ind=1), (4, 2, 2)),
    "matrix_power_5": (lambda a: L.matrix_power(a, 5), (2, 2)),
    "matrix_power_-3": (lambda a: L.matrix_power(a, -3), (2, 2)),
    "matrix_power_0": (lambda a: L.matrix_power(a, 0) + a, (2, 2)),
    "multi_dot": (lambda a, b, c: L.multi_dot([a, b, c]), (2,), (2, 3), (3, 2)),
    "cross": (L.cross, (3,), (3,)),
    "outer": (L.outer, (2,), (3,)),
    "trace": (L.trace, (2, 3, 3)),
    "diagonal": (L.diagonal, (2, 3, 3)),
    "vecdot": (L.vecdot, (2, 3), (2, 3)),
    "matmul": (L.matmul, (2, 3), (3, 2)),
    "tensordot": (lambda a, b: L.tensordot(a, b, axes=1), (2, 3), (3, 2)),
    "matrix_transpose": (L.matrix_transpose, (2, 3, 2)),
}


@KINDS
@pytest.mark.parametrize("name", SYSTEMS)
def test_systems_and_products_obey_the_laws(name, kind):
    f, *shapes = SYSTEMS[name]
    arguments = [draw(shape, kind, seed=k + 1) for k, shape in enumerate(shapes)]
    arguments[0] = (
        arguments[0] + 2 * np.eye(*shapes[0][-2:]) if len(shapes[0]) > 1 and "tensor" not in name else arguments[0]
    )
    check_function(f, *arguments, scale=1e-3, rtol=1e-6)


FACTORIZATIONS = {
    "cholesky": lambda a: L.cholesky(a @ np.conj(a.T) + np.eye(3)),
    "cholesky_upper": lambda a: L.cholesky(a @ np.conj(a.T) + np.eye(3), upper=True),
    "cholesky_of_a_triangle": lambda a: L.cholesky(a + 9 * np.eye(3)),
    "qr": lambda a: tuple(L.qr(a)),
    "qr_wide": lambda a: tuple(L.qr(a[:2])),
    "qr_tall": lambda a: tuple(L.qr(a[:, :2])),
    "qr_r": lambda a: L.qr(a[:, :2], mode="r"),
    "qr_complete_projector": lambda a: projector(L.qr(a[:, :1], mode="complete")[0][:, 1:]),
    "svd": signed_svd,
    "svd_wide": lambda a: signed_svd(a[:2]),
    "svd_tall": lambda a: signed_svd(a[:, :2]),
    "svd_full": lambda a: projector(L.svd(a[:, :1])[0][:, 1:]),
    "svdvals": L.svdvals,
    "svd_compute_uv": lambda a: L.svd(a, compute_uv=False),
    "eig": signed_eig,
    "eigvals": L.eigvals,
}


@KINDS
@pytest.mark.parametrize("name", FACTORIZATIONS)
def test_factorizations_obey_the_laws(name, kind):
    # a phase of wide complex singular vectors is LAPACK's own (see rules/linear_algebra/singular.py); squares know none
    check_function(FACTORIZATIONS[name], spread((3, 3), kind, seed=2), scale=1e-3, rtol=1e-6)


@KINDS
@pytest.mark.parametrize("UPLO", ["L", "U"])
def test_hermitian_eigenvalues_obey_the_laws(UPLO, kind):
    A = hermitian(3, kind, seed=5)
    check_function(lambda a: L.eigh(a, UPLO)[0], A, scale=1e-3, rtol=1e-6)
    check_function(lambda a: L.eigvalsh(a, UPLO), A, scale=1e-3, rtol=1e-6)
    check_function(lambda a: signed(L.eigh(a, UPLO)[1]), A, scale=1e-3, rtol=1e-6)


def test_stacks_of_factorizations_equal_a_loop():
    stack = np.stack([spread((3, 2), "real", seed) for seed in (1, 2, 3)])
    for f in (lambda a: L.qr(a).R, L.svdvals, lambda a: L.svd(a, full_matrices=False).U ** 2, lambda a: L.pinv(a)):
        whole = gw.jvp(f, (stack,), (stack**2,))[1]
        for k in range(3):
            np.testing.assert_allclose(whole[k], gw.jvp(f, (stack[k],), (stack[k] ** 2,))[1], rtol=1e-10, atol=1e-12)
    square = np.stack([hermitian(3, "real", seed) for seed in (1, 2)])
    for f in (L.eigvalsh, L.cholesky, lambda a: L.eigh(a).eigenvectors ** 2, L.eigvals, lambda a: L.cond(a, 1)):
        whole = gw.jvp(f, (square,), (square**2,))[1]
        for k in range(2):
            np.testing.assert_allclose(whole[k], gw.jvp(f, (square[k],), (square[k] ** 2,))[1], rtol=1e-10, atol=1e-12)


# --- norms --------------------------------------------------------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize("order", [None, 1, 2, 3, 2.5, -1, -2, np.inf, -np.inf, 0])
def test_vector_norms_obey_the_laws(order, kind):
    x = draw((2, 3), kind, seed=4)
    check_function(lambda a: L.norm(a, order, axis=1, keepdims=True), x, scale=1e-3, rtol=1e-6)
    check_function(lambda a: L.vector_norm(a, axis=(0, 1), ord=2 if order is None else order), x, scale=1e-3, rtol=1e-6)


@KINDS
@pytest.mark.parametrize("order", ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
def test_matrix_norms_obey_the_laws(order, kind):
    x = np.stack([spread((2, 3), kind, seed=6), spread((2, 3), kind, seed=7)], axis=1)
    check_function(lambda a: L.norm(a, order, axis=(0, 2)), x, scale=1e-3, rtol=1e-6)
    check_function(lambda a: L.matrix_norm(a[:, 0], ord=order, keepdims=True), x, scale=1e-3, rtol=1e-6)


@pytest.mark.parametrize("p", [None, 2, -2, 1, -1, "fro", np.inf])
def test_condition_numbers_obey_the_laws(p):
    check_function(lambda a: L.cond(a, p), spread((3, 3), "real", seed=8), scale=1e-3, rtol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e200, 1e-200, 1e-310])
def test_the_norm_neither_overflows_nor_underflows(scale):
    np.testing.assert_allclose(gw.grad(L.norm)(scale * np.array([3.0, 4.0])), [0.6, 0.8], rtol=1e-12)


def test_the_norm_at_zero_has_slope_zero_and_says_so():
    gw.clear_caches()
    for f in (L.norm, lambda x: L.norm(x, 3), lambda x: L.norm(x.reshape(1, 3), "fro")):
        with pytest.warns(KinkWarning, match="norm at 0"):
            assert np.array_equal(gw.grad(f)(np.zeros(3)), np.zeros(3))
    assert [kink.kind for kink in gw.kinks(L.norm, np.zeros(3))] == ["norm at 0 (slope taken as 0)"]
    hessian = gw.hessian(L.norm)(np.array([3.0, 4.0]))
    np.testing.assert_allclose(hessian, np.array([[16.0, -12.0], [-12.0, 9.0]]) / 125, rtol=1e-13)


# --- closed forms and mpmath ----------------------------------------------------------------------------------------------------------


def test_gradients_of_determinants_have_their_closed_forms():
    A = draw((4, 4), "real", seed=9)
    np.testing.assert_allclose(gw.grad(L.det)(A), L.det(A) * L.inv(A).T, rtol=1e-11)
    np.testing.assert_allclose(gw.grad(lambda a: L.slogdet(a).logabsdet)(A), L.inv(A).T, rtol=1e-11)
    inverse = L.inv(A)
    hessian = gw.hessian(lambda a: L.slogdet(a).logabsdet)(A)
    # ∂²/∂A_ij∂A_kl log|det A| = −(A⁻¹)_li (A⁻¹)_jk
    np.testing.assert_allclose(hessian, -np.einsum("li,jk->ijkl", inverse, inverse), rtol=1e-9, atol=1e-11)


def minor(A, rows, columns):
    """The determinant without some rows and columns, by expansion."""
    keep = [[A[i][j] for j in range(len(A)) if j not in columns] for i in range(len(A)) if i not in rows]
    if not keep:
        return 1.0
    return sum((-1) ** j * keep[0][j] * minor(keep, (0,), (j,)) for j in range(len(keep)))


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_the_determinant_is_smooth_at_singular_matrices(rank):
    U, V = draw((4, 4), "real", seed=10), draw((4, 4), "real", seed=11)
    A = U[:, :rank] @ V[:rank]
    gradient = [[(-1) ** (i + j) * minor(A.tolist(), (i,), (j,)) for j in range(4)] for i in range(4)]
    np.testing.assert_allclose(gw.grad(L.det)(A), gradient, atol=1e-12)
    hessian = gw.hessian(L.det)(A)
    for i, j, k, l in np.ndindex(4, 4, 4, 4):
        expected = 0.0
        if i != k and j != l:
            sign = (-1) ** (i + j + (k - (k > i)) + (l - (l > j)))
            expected = sign * minor(A.tolist(), (i, k), (j, l))
        assert abs(hessian[i, j, k, l] - expected) < 1e-11


def test_third_and_fourth_derivatives_of_the_determinant():
    third = gw.jacobian(gw.hessian(L.det))(np.diag([0.0, 0.0, 5.0]))
    # Leibniz: the coefficient of A₀₀ A₁₁ A₂₂ is 1, that of A₀₁ A₁₀ A₂₂ is −1
    assert third[0, 0, 1, 1, 2, 2] == pytest.approx(1, abs=1e-12)
    assert third[0, 1, 1, 0, 2, 2] == pytest.approx(-1, abs=1e-12)
    assert third[0, 1, 1, 2, 2, 0] == pytest.approx(1, abs=1e-12)
    assert np.abs(third).sum() == pytest.approx(36, abs=1e-10)
    line = gw.derivative(lambda t: L.det(np.eye(4) * t), order=4)(0.5)
    assert line == pytest.approx(24, rel=1e-11)


def test_eigenvalues_against_mpmath():
    mp.mp.dps = 40
    A, D = hermitian(4, "real", seed=12), hermitian(4, "real", seed=13)

    def eigenvalue(k):
        return lambda t: mp.eigsy(mp.matrix((A).tolist()) + t * mp.matrix(D.tolist()), eigvals_only=True)[k]

    line = lambda t: L.eigvalsh(A + t * D)
    for order in (1, 2, 3):
        ours = gw.derivative(line)(0.0) if order == 1 else _nth(line, order)
        exact = [float(mp.diff(eigenvalue(k), 0, order, h=mp.mpf("1e-9"))) for k in range(4)]
        np.testing.assert_allclose(ours, exact, rtol=1e-9)


def _nth(line, order):
    def slope(f):
        return lambda t: gw.jvp(f, (t,), (1.0,))[1]

    f = line
    for _ in range(order):
        f = slope(f)
    return f(0.0)


def test_singular_values_against_mpmath():
    mp.mp.dps = 40
    A, D = spread((3, 2), "real", seed=14), draw((3, 2), "real", seed=15)

    def value(k):
        return lambda t: mp.svd_r(mp.matrix(A.tolist()) + t * mp.matrix(D.tolist()), compute_uv=False)[k]

    for order in (1, 2):
        exact = [float(mp.diff(value(k), 0, order, h=mp.mpf("1e-9"))) for k in range(2)]
        np.testing.assert_allclose(_nth(lambda t: L.svdvals(A + t * D), order), exact, rtol=1e-10)


def test_least_squares_gradient_is_that_of_the_normal_equations():
    A, b = draw((6, 3), "real", seed=16), draw((6,), "real", seed=17)
    loss = lambda a, y: np.sum(L.lstsq(a, y, rcond=None)[0] ** 3)
    normal = lambda a, y: np.sum(L.solve(a.T @ a, a.T @ y) ** 3)
    for k in (0, 1):
        np.testing.assert_allclose(gw.grad(loss, argnums=k)(A, b), gw.grad(normal, argnums=k)(A, b), rtol=1e-10)
    assert L.lstsq(A, b, rcond=None)[2] == 3


def test_float32_stays_float32():
    A = spread((3, 3), "real", seed=18).astype(np.float32)
    for f in (L.det, L.norm, lambda a: L.inv(a).sum(), lambda a: L.svdvals(a).sum(), lambda a: L.pinv(a).sum()):
        gradient = gw.grad(f)(A)
        assert gradient.dtype == np.float32
        np.testing.assert_allclose(gradient, gw.grad(f)(A.astype(float)), rtol=1e-3, atol=1e-4)


# --- the complex convention -----------------------------------------------------------------------------------------------------------


def test_the_gradient_of_a_real_function_of_complex_matrices_is_that_of_its_parts():
    Z = spread((3, 3), "complex", seed=19)
    for f in (
        lambda z: np.abs(L.det(z)) ** 2,
        lambda z: L.slogdet(z)[1],
        L.norm,
        lambda z: np.real(np.sum(L.inv(z))),
        lambda z: np.sum(L.svdvals(z) ** 3),
        lambda z: np.sum(np.abs(L.eig(z)[1]) ** 4),
        lambda z: np.sum(np.abs(L.eigh(z)[1]) ** 4),
    ):
        g = gw.grad(f)(Z)
        da, db = gw.grad(lambda a, b: f(a + 1j * b), argnums=(0, 1))(Z.real, Z.imag)  # noqa: B023 - called in the same turn of the loop
        np.testing.assert_allclose(g, da + 1j * db, rtol=1e-11, atol=1e-12)


def test_log_det_of_a_complex_matrix():
    Z = draw((3, 3), "complex", seed=20)
    # log|det Z| = Re log det Z, whose gradient is the conjugate of the holomorphic derivative Z⁻ᵀ
    np.testing.assert_allclose(gw.grad(lambda z: L.slogdet(z)[1])(Z), np.conj(L.inv(Z).T), rtol=1e-12)


# --- degenerate matrices --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [L.eigvalsh, lambda a: L.eigh(a)[0], lambda a: np.real(L.eigvals(a))])
def test_symmetric_functions_of_repeated_eigenvalues_are_exact_and_silent(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        V = L.qr(draw((4, 4), "real", seed=21))[0]
        A = V * np.array([2.0, 2.0, 2.0, 5.0]) @ V.T
        A = (A + A.T) / 2
        power = gw.grad(lambda a: np.sum(values(a) ** 3))(A)
    # the gradient in directions that keep A symmetric is 3 A²
    D = draw((4, 4), "real", seed=22)
    D = D + D.T
    assert inner(power, D) == pytest.approx(inner(3 * A @ A, D), rel=1e-11)
    assert inner(gw.grad(lambda a: np.sum(values(a)))(A), D) == pytest.approx(np.trace(D), rel=1e-11)


def test_a_single_one_of_repeated_eigenvalues_is_a_reported_kink():
    gw.clear_caches()
    with pytest.warns(KinkWarning, match="repeated eigenvalues"):
        gradient = gw.grad(lambda a: L.eigvalsh(a)[-1])(np.eye(3))
    np.testing.assert_allclose(gradient, np.eye(3) / 3)
    (kink,) = gw.kinks(L.eigvalsh, np.eye(2))
    assert kink.kind.startswith("repeated eigenvalues")
    assert kink.entries == 2


def test_a_simple_eigenvalue_beside_repeated_ones_is_smooth():
    V = L.qr(draw((4, 4), "real", seed=23))[0]
    A = V * np.array([1.0, 1.0, 1.0, 4.0]) @ V.T
    A = np.tril(A) + np.tril(A, -1).T
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gradient = gw.grad(lambda a: L.eigvalsh(a)[-1])(A)
    outer = np.outer(V[:, 3], V[:, 3])
    np.testing.assert_allclose(gradient, np.tril(outer) + np.tril(outer, -1), atol=1e-13)


def symmetric(n, kind="real", seed=0):
    D = draw((n, n), kind, seed)
    return D + D.conj().T


def with_values(values, kind="real", seed=0):
    """A Hermitian matrix with the given eigenvalues."""
    n = len(values)
    V = L.qr(draw((n, n), kind, seed))[0]
    A = (V * np.array(values)) @ V.conj().T
    return (A + A.conj().T) / 2


@KINDS
@pytest.mark.parametrize("values", [(1.0, 1.0, 1.0, 1.0), (2.0, 2.0, 5.0, 5.0), (0.5, 3.0, 3.0, 3.0)])
def test_functions_of_a_matrix_are_exact_at_repeated_eigenvalues(values, kind):
    def cube(a):  # A³ by its eigenvalues: a rule that drops the gap 0 loses the couplings inside each group
        w, V = L.eigh(a)
        return (V * w**3) @ np.conj(V.T)

    A, D, C = with_values(values, kind, 31), symmetric(4, kind, 32), symmetric(4, kind, 33)
    exact = D @ A @ A + A @ D @ A + A @ A @ D
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(gw.jvp(cube, (A,), (D,))[1], exact, atol=1e-11)
        gradient = gw.grad(lambda a: np.real(np.sum(cube(a) * np.conj(C))))(A)
        assert inner(gradient, D) == pytest.approx(inner(C, exact), rel=1e-11)
        if kind == "real":
            np.testing.assert_allclose(np.einsum("ijkl,kl->ij", gw.jacfwd(cube)(A), D), exact, atol=1e-11)
            np.testing.assert_allclose(np.einsum("ijkl,kl->ij", gw.jacrev(cube)(A), D), exact, atol=1e-11)


def test_the_logarithm_of_the_identity():
    # its derivative is D; V diag(log w) Vᵀ vanishes there, so that every cotangent of V is zero
    def logm(a):
        w, V = L.eigh(a)
        return V @ np.diag(np.log(w)) @ V.T

    D = symmetric(3, seed=34)
    np.testing.assert_allclose(gw.jvp(logm, (np.eye(3),), (D,))[1], D, atol=1e-14)
    np.testing.assert_allclose(
        gw.grad(lambda a: np.sum(logm(a) * D))(np.eye(3)), np.tril(D) + np.tril(D, -1), atol=1e-13
    )


@pytest.mark.parametrize(("f", "second"), [
    (lambda a: np.sum(L.eigvalsh(a) ** 2), 2.0),
    (lambda a: np.sum(np.log(L.eigvalsh(a))), -1.0),
    (lambda a: np.sum(np.exp(L.eigh(a)[0] - 1)), 1.0),
])  # fmt: skip
def test_second_derivatives_of_symmetric_functions_at_the_identity(f, second):
    # Σ φ(w): the second derivative at the identity is φ″(1) tr D²
    D = symmetric(3, seed=35)
    H = gw.hessian(f)(np.eye(3))
    assert np.einsum("ij,ijkl,kl", D, H, D) == pytest.approx(second * np.trace(D @ D), rel=1e-12)
    along = gw.directional_derivative(f, order=2, normalize=False)(np.eye(3), D)
    assert along == pytest.approx(second * np.trace(D @ D), rel=1e-12)
    nested = gw.grad(lambda a: np.sum(gw.grad(f)(a) * D))(np.eye(3))
    assert inner(D, nested) == pytest.approx(second * np.trace(D @ D), rel=1e-12)
    assert inner(D, gw.hvp(f)(np.eye(3), D)) == pytest.approx(second * np.trace(D @ D), rel=1e-12)


def test_the_polar_factor_at_an_orthogonal_matrix():
    def polar(a):
        U, _, Vh = L.svd(a)
        return U @ Vh

    Q, D = L.qr(draw((3, 3), "real", 36))[0], draw((3, 3), "real", 37)
    np.testing.assert_allclose(gw.jvp(polar, (Q,), (D,))[1], (D - Q @ D.T @ Q) / 2, atol=1e-13)
    np.testing.assert_allclose(
        gw.hessian(lambda a: np.sum(L.svdvals(a) ** 2))(Q).reshape(9, 9), 2 * np.eye(9), atol=1e-12
    )


@pytest.mark.parametrize("f", [lambda a: np.sum(L.eigh(a)[1] ** 3), lambda a: np.sum(np.abs(L.svd(a)[0]))])
def test_functions_of_one_basis_of_a_repeated_eigenvalue_are_refused(f):
    with pytest.raises(
        SingularPointError, match=r"1 is repeated 2 times.*depends on which of their bases[\s\S]*test_linear_algebra"
    ):
        gw.grad(f)(with_values((1.0, 1.0, 3.0), seed=38))


@pytest.mark.parametrize("samples", [3, 30])
def test_principal_components_of_few_samples(samples):
    # with 3 samples in 6 dimensions the covariance has the eigenvalue 0 four times
    X, D = draw((samples, 6), "real", 39), draw((samples, 6), "real", 40)

    def first(x):
        centred = x - x.mean(axis=0)
        return np.sum(L.eigh(centred.T @ centred)[1][:, -1] ** 4)

    h = 1e-4
    numeric = (8 * (first(X + h * D) - first(X - h * D)) - (first(X + 2 * h * D) - first(X - 2 * h * D))) / (12 * h)
    assert inner(gw.grad(first)(X), D) == pytest.approx(numeric, rel=1e-8)
    assert gw.jvp(first, (X,), (D,))[1] == pytest.approx(numeric, rel=1e-8)


def test_zero_singular_values_are_kinks():
    gw.clear_caches()
    with pytest.warns(KinkWarning, match="zero singular values"):
        gradient = gw.grad(lambda a: L.norm(a, "nuc"))(np.diag([1.0, 2.0, 0.0]))
    np.testing.assert_allclose(gradient, np.diag([1.0, 1.0, 0.0]), atol=1e-15)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(gw.grad(lambda a: np.sum(L.svdvals(a)))(np.eye(3)), np.eye(3), atol=1e-15)


def test_rank_deficient_matrices_are_reported():
    gw.clear_caches()
    singular = np.diag([1.0, 2.0, 0.0])
    with pytest.warns(KinkWarning, match="pinv of a matrix without full rank"):
        np.testing.assert_allclose(gw.grad(lambda a: np.sum(L.pinv(a) ** 2))(singular), np.diag([-2.0, -0.25, 0.0]))
    with pytest.warns(KinkWarning, match="lstsq with a matrix without full rank"):
        gw.grad(lambda a: np.sum(L.lstsq(a, np.ones(3), rcond=None)[0]))(singular)
    with pytest.raises(SingularPointError, match=r"slogdet was differentiated at a singular matrix.*np\.linalg\.det"):
        gw.grad(lambda a: L.slogdet(a)[1])(singular)
    with pytest.raises(SingularPointError, match="qr has no derivative"):
        gw.grad(lambda a: np.sum(L.qr(a)[0]))(np.ones((3, 2)))
    with pytest.raises(SingularPointError, match="eig has no derivative"):
        gw.grad(lambda a: np.sum(np.real(L.eigvals(a))))(np.array([[1.0, 1.0], [0.0, 1.0]]))
    for f in (lambda a: np.sum(L.inv(a)), lambda a: np.sum(L.solve(a, np.ones(3)))):
        with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
            gw.grad(f)(singular)
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        gw.grad(lambda a: np.sum(L.cholesky(a)))(-np.eye(2))


def test_a_null_space_basis_that_turns_unknown_is_refused_in_both_modes_and_its_space_is_not():
    A = draw((6, 4), "real", seed=26)
    basis = lambda a: L.svd(a)[0][:, 4:]  # nearly square: LAPACK begins with a bidiagonal matrix
    g = lambda a: np.sum(basis(a) ** 3)
    for derivative in (gw.grad(g), gw.jacfwd(basis), lambda a: gw.jvp(basis, (a,), (a,))):
        with pytest.raises(SingularPointError, match="null-space basis"):
            derivative(A)
    of_the_space = lambda a: np.sum(projector(basis(a)) ** 3)
    explicit = lambda a: np.sum((np.eye(6) - a @ L.pinv(a)) ** 3)
    np.testing.assert_allclose(gw.grad(of_the_space)(A), gw.grad(explicit)(A), rtol=1e-10, atol=1e-12)
    forward = gw.jvp(of_the_space, (A,), (A[::-1],))[1]
    assert forward == pytest.approx(np.sum(gw.grad(explicit)(A) * A[::-1]), rel=1e-10)


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize(
    ("name", "shape"),
    [("qr", (4, 2)), ("qr", (6, 4)), ("svd", (4, 2)), ("svd", (3, 1)), ("wide", (2, 5)), ("stack", (2, 4, 2))],
)
def test_a_null_space_basis_turns_as_the_reflections_of_lapack_do(name, shape, kind):
    parts = {
        "qr": lambda a: L.qr(a, mode="complete")[0],
        "svd": lambda a: L.svd(a)[0],
        "wide": lambda a: L.svd(a)[2],
        "stack": lambda a: L.svd(a)[0],
    }
    f = parts[name]
    A, V = draw(shape, kind, seed=31), draw(shape, kind, seed=32)
    h = 1e-4
    along = lambda t: f(A + t * V)
    numeric = (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h)
    np.testing.assert_allclose(gw.jvp(f, (A,), (V,))[1], numeric, rtol=1e-8, atol=1e-9)
    weights = draw(numeric.shape, kind, seed=33)
    g = lambda a: np.sum(np.real(f(a) * weights))
    assert np.sum(np.real(np.conj(gw.grad(g)(A)) * V)) == pytest.approx(np.sum(np.real(numeric * weights)), rel=1e-8)
    second = gw.taylor(lambda t: g(A + t * V), 2)(0.0)[2]
    value = lambda t: np.sum(np.real(along(t) * weights))
    assert second == pytest.approx((value(1e-4) - 2 * value(0.0) + value(-1e-4)) / 2e-8, rel=1e-5, abs=1e-6)


# --- what NumPy reads and returns -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("f", "lower"), [
    (L.cholesky, True), (lambda a: L.cholesky(a, upper=True), False),
    (L.eigvalsh, True), (lambda a: L.eigvalsh(a, "U"), False),
    (lambda a: L.pinv(a, hermitian=True), True),
    (lambda a: L.svd(a, hermitian=True).S, True),
])  # fmt: skip
def test_only_the_triangle_that_numpy_reads_has_a_derivative(f, lower):
    A = hermitian(3, "real", seed=27)
    weights = random_like(f(A), np.random.default_rng(28))
    gradient = gw.grad(lambda a: np.sum(f(a) * weights))(A)
    assert not (np.triu(gradient, 1) if lower else np.tril(gradient, -1)).any()
    assert gradient[np.tril_indices(3, -1) if lower else np.triu_indices(3, 1)].all()
    for i, j in np.ndindex(3, 3):
        E = np.zeros((3, 3))
        E[i, j] = 1e-5
        numeric = np.sum((f(A + E) - f(A - E)) * weights) / 2e-5
        assert gradient[i, j] == pytest.approx(numeric, abs=1e-7)


def test_results_are_numpys_named_tuples():
    def f(a):
        decomposition = L.svd(a)
        sign, logabsdet = L.slogdet(a)
        eigen = L.eigh(a + a.T)
        factors = L.qr(a)
        return (
            np.sum(decomposition.S)
            + logabsdet
            + np.sum(eigen.eigenvalues)
            + factors.R[0, 0]
            + L.eig(a).eigenvalues.real[0]
        )

    A = spread((2, 2), "real", seed=29)
    assert gw.value_and_grad(f)(A)[0] == pytest.approx(f(A), rel=1e-14)
    U, s, Vh = L.svd(A)
    assert gw.grad(lambda a: L.svd(a).S[0])(A) == pytest.approx(np.outer(U[:, 0], Vh[0]), rel=1e-12)


def test_eigenvalues_come_in_numpys_order():
    for seed in range(8):
        A = draw((5, 5), "real", seed=seed)
        values = []
        gw.grad(lambda a: (values.append(L.eigvals(a)), np.sum(a))[1])(A)  # noqa: B023 - called in the same turn of the loop
        np.testing.assert_allclose(values[0], L.eigvals(A), rtol=1e-12)


def test_the_rank_is_a_concrete_number():
    A = draw((4, 2), "real", seed=30)
    assert gw.grad(lambda a: np.sum(a) * L.matrix_rank(a))(A) == pytest.approx(np.full((4, 2), 2.0))
    assert gw.grad(lambda a: np.sum(a) * L.lstsq(a, np.ones(4), rcond=None)[2])(A) == pytest.approx(
        np.full((4, 2), 2.0)
    )


def test_the_raw_mode_of_qr_is_refused():
    with pytest.raises(TracingError, match=r"mode='raw'.*Write mode='reduced'"):
        gw.grad(lambda a: np.sum(L.qr(a, mode="raw")[0]), method="exact")(np.eye(2))


def test_numpys_own_errors_are_kept():
    for call, error in (
        (lambda a: L.solve(a, np.ones(2)), ValueError),
        (lambda a: L.det(a[0]), np.linalg.LinAlgError),
        (lambda a: L.inv(a[:2]), np.linalg.LinAlgError),
        (lambda a: L.norm(a, "what"), ValueError),
        (lambda a: L.multi_dot([a]), ValueError),
        (lambda a: L.matrix_power(a, 1.5), TypeError),
        (lambda a: L.eigh(a, "X"), ValueError),
    ):
        with pytest.raises(error):
            gw.grad(lambda a: np.sum(call(a)))(np.eye(3))  # noqa: B023 - called in the same turn of the loop


def test_every_primitive_has_a_case():
    found = set()
    for f, *shapes in SYSTEMS.values():
        used(f, [draw(shape, "real", seed=k + 1) for k, shape in enumerate(shapes)], found)
    for kind in ("real", "complex"):
        for f in (*FACTORIZATIONS.values(), L.eigh, L.eigvalsh, L.norm):
            used(f, [spread((3, 3), kind, seed=2)], found)
    used(
        watched(lambda a: scipy.linalg.rq(a)[1]), [spread((3, 3), "real", seed=2)], found
    )  # the signs of a routine of SciPy
    missing = {p.name for p in vars(rules).values() if isinstance(p, Primitive)} - {p.name for p in found}
    assert missing == set(), f"{sorted(missing)} have no case"


@pytest.mark.parametrize("shape", [(0, 0), (2, 0, 0)])
def test_eigenvalues_of_empty_matrices(shape):
    A = np.zeros(shape)
    assert gw.jacobian(lambda A: np.linalg.eigvals(A).real, method="exact")(A).shape == (*shape[:-1], *shape)
    assert gw.jacobian(lambda A: np.linalg.eig(A)[1].real, method="exact")(A).shape == (*shape, *shape)
