"""``scipy.linalg`` of stacks of matrices, against differences of SciPy's own functions."""

import numpy as np
import pytest
import scipy
import scipy.linalg as sl

import gradwise as gw

pytestmark = pytest.mark.skipif(
    tuple(map(int, scipy.__version__.split(".")[:2])) < (1, 17), reason="scipy.linalg takes stacks since SciPy 1.17"
)

A = np.random.default_rng(5).normal(size=(2, 3, 3))


def positive(a):
    return a @ a.mT + np.eye(3)


def symmetric(a):
    return a + a.mT


CASES = {
    "lu_factor": lambda a: sl.lu_factor(a)[0],
    "lu": lambda a: sl.lu(a)[1] @ sl.lu(a)[2] ** 2,
    "lu of a wide stack": lambda a: sl.lu(a[:, :2], permute_l=True)[1],
    "lu_solve": lambda a: sl.lu_solve(sl.lu_factor(a), a[0]),
    "sqrtm": lambda a: sl.sqrtm(positive(a)),
    "logm": lambda a: sl.logm(positive(a)),
    "fractional_matrix_power": lambda a: sl.fractional_matrix_power(positive(a), 0.3),
    "signm": lambda a: sl.signm(symmetric(a)) @ a,
    "schur": lambda a: np.abs(sl.schur(symmetric(a))[0]),
    "hessenberg": lambda a: np.abs(sl.hessenberg(a)),
    "ldl": lambda a: sl.ldl(symmetric(a))[1],
    "polar": lambda a: sl.polar(a)[1],
    "rq": lambda a: np.abs(sl.rq(a)[0]),
    "lstsq": lambda a: sl.lstsq(a, a[0, :, 0])[0],
    "null_space": lambda a: np.abs(sl.null_space(a[:, :2])),
    "orth": lambda a: np.abs(sl.orth(a[:, :, :1])),
    "pinvh": lambda a: sl.pinvh(positive(a)),
    "solve_sylvester": lambda a: sl.solve_sylvester(positive(a), positive(a[::-1]), a),
    "solve_sylvester of one and a stack": lambda a: sl.solve_sylvester(positive(a[0]), positive(a), a[1]),
    "solve_continuous_lyapunov": lambda a: sl.solve_continuous_lyapunov(positive(a), a),
    "solve_discrete_lyapunov": lambda a: sl.solve_discrete_lyapunov(a / 4, a),
    "solve_continuous_are": lambda a: sl.solve_continuous_are(a, a[0], positive(a), np.eye(3)),
    "subspace_angles": lambda a: sl.subspace_angles(a[:, :, :1], B=a[:, :, 1:2]),
    "khatri_rao": lambda a: sl.khatri_rao(a, a[:, :2]),
    "toeplitz": lambda a: sl.toeplitz(a[:, 0], a[:, 1]),
    "toeplitz of columns": lambda a: sl.toeplitz(a[:, 0]),
    "solve_toeplitz": lambda a: sl.solve_toeplitz(a[:, 0] + np.array([4.0, 0, 0]), a[0]),
    "solve_toeplitz of pairs": lambda a: sl.solve_toeplitz((a[:, 0] + np.array([4.0, 0, 0]), a[:, 1]), a[0, 0]),
    "matmul_toeplitz": lambda a: sl.matmul_toeplitz((a[:, 0], a[:, 1]), a),
    "solve_banded": lambda a: sl.solve_banded((1, 1), a + np.array([[0.0], [4], [0]]), a[0]),
    "solveh_banded": lambda a: sl.solveh_banded(a[:, :2] / 4 + np.array([[0.0], [4]]), a),
    "cholesky_banded": lambda a: sl.cholesky_banded(a[:, :2] / 4 + np.array([[0.0], [4]])),
    "cho_solve_banded": lambda a: sl.cho_solve_banded((a[:, :2] / 4 + np.array([[0.0], [4]]), False), a[0]),
    "eigvals_banded": lambda a: sl.eigvals_banded(a[:, :2] + np.array([[0.0], [4]])),
    "eigh_tridiagonal": lambda a: np.abs(sl.eigh_tridiagonal(a[:, 0], a[:, 1, :2])[1]),
    "eigh of pairs": lambda a: sl.eigh(symmetric(a), positive(a))[0],
    "eigvalsh of pairs": lambda a: sl.eigvalsh(symmetric(a), b=positive(a[0])),
    "eigvalsh": lambda a: sl.eigvalsh(symmetric(a)),
    "expm_frechet": lambda a: sl.expm_frechet(a, a[0], compute_expm=False),
    "leslie": lambda a: sl.leslie(a[:, 0], a[:, 1, :2]),
    "diagsvd": lambda a: sl.diagsvd(a[:, 0], 3, 4),
    "block_diag": lambda a: sl.block_diag(a, a[:, :1, :2] ** 2),
    "a stack of stacks": lambda a: sl.lu_factor(np.stack([a, a * a, np.sin(a)]))[0],
}


@pytest.mark.filterwarnings("error::gradwise.NumericalFallbackWarning")
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] if n in {"logm", "fractional_matrix_power"} else []) for n in CASES],
)
def test_stacks(name):
    f = CASES[name]
    try:
        shape = f(A).shape
    except (ValueError, sl.LinAlgError) as refused:
        pytest.skip(f"this SciPy takes no stack: {refused}")
    weights = np.cos(np.arange(np.prod(shape))).reshape(shape)

    def total(a):
        return np.sum(f(a) * weights)

    v = np.sin(np.arange(18.0)).reshape(A.shape)
    reference = gw.numerical.directional_derivative(total, A, v, normalize=False)
    slope = np.sum(gw.grad(total)(A) * v)
    assert abs(slope - reference.value) <= max(reference.error, 1e-8 * (1 + abs(slope)))
    np.testing.assert_allclose(gw.jvp(total, (A,), (v,))[1], slope, rtol=1e-9, atol=1e-12)


def test_stacks_of_results_are_those_of_scipy():
    inside = []

    def f(a):
        lower, upper = sl.lu(a, permute_l=True)
        inside.append((lower.shape, sl.lu_factor(a)[1].tolist()))
        return np.sum(lower @ upper)

    np.testing.assert_allclose(gw.grad(f)(A), np.ones(A.shape), atol=1e-12)
    assert {str(i) for i in inside} == {str((A.shape, sl.lu_factor(A)[1].tolist()))}
