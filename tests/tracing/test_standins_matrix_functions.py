"""Functions of matrices, matrix equations and special matrices of ``scipy.linalg``: values, first and second derivatives against differences of SciPy's own functions."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

import gradwise as gw

A = np.array([[2.1, -0.4, 0.3], [0.5, 1.7, -0.6], [-0.2, 0.9, 2.6]])
B = np.array([[0.3, -1.1, 0.4], [0.8, 0.2, -0.5], [-0.7, 0.6, 0.1]])
C = A + 1j * B


def positive(a):
    return a @ np.conj(a).T + np.eye(3)


CASES = {
    **{name: (getattr(scipy.linalg, name), A) for name in ("cosm", "sinm", "coshm", "sinhm", "tanhm", "logm", "sqrtm")},
    **{f"{name} complex": (getattr(scipy.linalg, name), C) for name in ("cosm", "sinm", "tanhm", "logm", "sqrtm")},
    "tanm": (lambda a: scipy.linalg.tanm(a / 4), A),
    "sqrtm of a matrix with a complex root": (lambda a: np.abs(scipy.linalg.sqrtm(a - 4 * np.eye(3))) ** 2, A),
    "logm of a large matrix": (lambda a: scipy.linalg.logm(40 * a), A),
    "signm": (lambda a: scipy.linalg.signm(a + a.T - 4.0 * np.eye(3)) @ a, A),
    "fractional_matrix_power": (lambda a: scipy.linalg.fractional_matrix_power(a, 0.3), A),
    "expm_frechet": (lambda a: scipy.linalg.expm_frechet(a / 3, B, compute_expm=False), A),
    "polar": (lambda a: scipy.linalg.polar(a)[0], A),
    "polar, left": (lambda a: scipy.linalg.polar(a, side="left")[1], A),
    "polar of a complex matrix": (lambda a: scipy.linalg.polar(a)[1], C),
    "rq": (lambda a: scipy.linalg.rq(a)[0], A),
    "rq, economic": (lambda a: scipy.linalg.rq(a[:2], mode="economic")[1], A),
    "pinvh": (lambda a: scipy.linalg.pinvh(positive(a)), A),
    "orth": (lambda a: scipy.linalg.orth(a[:, :2]), A),
    "null_space": (lambda a: scipy.linalg.null_space(a[:2]) @ scipy.linalg.null_space(a[:2]).T, A),
    "orthogonal_procrustes": (
        lambda a: scipy.linalg.orthogonal_procrustes(a, B)[0] * scipy.linalg.orthogonal_procrustes(a, B)[1],
        A,
    ),
    "eigh_tridiagonal": (lambda a: scipy.linalg.eigh_tridiagonal(a[0], a[1, :2])[1] ** 2, A),
    "eigvalsh_tridiagonal": (lambda a: scipy.linalg.eigvalsh_tridiagonal(a[0], a[1, :2]), A),
    "solve_continuous_are": (lambda a: scipy.linalg.solve_continuous_are(a, B, positive(a), np.eye(3)), A),
    "solve_discrete_are": (lambda a: scipy.linalg.solve_discrete_are(a, A, np.eye(3), positive(a)), A),
    "matmul_toeplitz": (lambda a: scipy.linalg.matmul_toeplitz((a[0], a[1]), a[2]), A),
    "companion": (lambda a: scipy.linalg.companion(a[0]), A),
    "khatri_rao": (lambda a: scipy.linalg.khatri_rao(a, a[:2]), A),
    "fiedler": (lambda a: scipy.linalg.fiedler(a[0]), A),
    "leslie": (lambda a: scipy.linalg.leslie(a[0], a[1, :2]), A),
    "convolution_matrix": (lambda a: scipy.linalg.convolution_matrix(a[0], 4, mode="same"), A),
    "eigh": (lambda a: scipy.linalg.eigh(positive(a), subset_by_index=[1, 2])[1] ** 2, A),
}
if np.lib.NumpyVersion(scipy.__version__) >= "1.16.0":  # SciPy takes no stacks before
    CASES["pinv of a stack"] = (lambda a: scipy.linalg.pinv(np.stack([a, a @ a])), A)


def central(f, h=6e-4):  # Riccati equations are solved to 1e-11, which a shorter step would divide by itself
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


@pytest.mark.parametrize("name", sorted(CASES))
def test_value_and_derivatives(name):
    f, x = CASES[name]
    rng = np.random.default_rng(11)
    u, v = (
        rng.standard_normal((2, *x.shape)) + (1j * rng.standard_normal((2, *x.shape)) if x.dtype.kind == "c" else 0)
    )[:2]
    value, tangent = gw.jvp(f, (x,), (u,), method="exact")
    expected = f(x)
    assert value.dtype == expected.dtype
    np.testing.assert_array_equal(value, expected)
    scale = np.max(np.abs(tangent))
    np.testing.assert_allclose(tangent, central(lambda t: f(x + t * u)), rtol=0, atol=2e-8 * scale)
    bar = rng.standard_normal(expected.shape)
    _, pullback = gw.vjp(f, x, method="exact")
    cotangent = pullback(bar.astype(expected.dtype))
    cotangent = cotangent[0] if isinstance(cotangent, tuple) else cotangent
    np.testing.assert_allclose(
        np.real(np.sum(np.conj(cotangent) * u)), np.real(np.sum(bar * tangent)), atol=1e-9 * scale
    )
    second = gw.jvp(lambda y: gw.jvp(f, (y,), (u,), method="exact")[1], (x,), (v,), method="exact")[1]
    differences = central(lambda t: gw.jvp(f, (x + t * v,), (u,), method="exact")[1])
    np.testing.assert_allclose(second, differences, rtol=0, atol=1e-6 * max(np.max(np.abs(second)), 1.0))


def test_fourth_derivative_of_a_square_root():
    def f(t):
        return scipy.linalg.sqrtm(np.array([[4.0, 0.0], [0.0, 9.0]]) * t)[0, 0]

    assert gw.derivative(f, order=4)(1.0) == pytest.approx(2 * (0.5 * -0.5 * -1.5 * -2.5), rel=1e-9)


@pytest.mark.parametrize("name", ["eigh", "svd"])
def test_both_modes_mean_the_same_vectors(name):
    """The signs of the vectors are those of SciPy's routine, in forward and in reverse mode."""
    rng = np.random.default_rng(5)
    for size in (3, 5, 45):
        a, u = rng.standard_normal((2, size, size))

        def f(a):
            if name == "eigh":
                return scipy.linalg.eigh(a @ a.T)[1]
            return scipy.linalg.svd(a, lapack_driver="gesvd")[0]

        value, tangent = gw.jvp(f, (a,), (u,), method="exact")
        np.testing.assert_array_equal(value, f(a))
        bar = rng.standard_normal(value.shape)
        _, pullback = gw.vjp(f, a, method="exact")
        cotangent = pullback(bar)
        cotangent = cotangent[0] if isinstance(cotangent, tuple) else cotangent
        total = np.sum(bar * tangent)
        np.testing.assert_allclose(np.sum(cotangent * u), total, rtol=1e-8)
        # a vector moves at a right angle to itself, and the equation of the decomposition holds
        np.testing.assert_allclose(np.sum(value * tangent, axis=0), 0, atol=1e-9 * np.max(np.abs(tangent)))


def test_what_is_refused():
    with pytest.raises(gw.TracingError, match="with e or s"):
        gw.jvp(
            lambda a: scipy.linalg.solve_continuous_are(a, B, np.eye(3), np.eye(3), e=np.eye(3)),
            (A,),
            (B,),
            method="exact",
        )
    with pytest.raises(gw.TracingError, match="mode='economic' is known"):
        gw.jvp(lambda a: scipy.linalg.rq(a[:, :2])[0], (A,), (B,), method="exact")
    with pytest.raises(gw.TracingError, match="eigh_tridiagonal with select"):
        gw.grad(
            lambda d: np.sum(scipy.linalg.eigvalsh_tridiagonal(d, np.ones(2), select="i", select_range=(0, 1))),
            method="exact",
        )(A[0])
