"""What NumPy 2.5 and SciPy 1.18 changed: the same programs are exact, or raise, with them and before."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import scipy.interpolate
import scipy.linalg
import scipy.sparse

import gradwise as gw

if TYPE_CHECKING:
    from collections.abc import Callable

X = np.array([0.3, -0.7, 1.2, 0.5, 2.1, -1.4])
REAL = np.array([[1.3, 0.2, -0.4], [0.5, 2.1, 0.3], [-0.2, 0.4, 1.7]])
TURNING = np.array([[0.0, 1.0, 0.2], [-1.0, 0.0, 0.3], [0.1, 0.4, 1.0]])
SORTS = np.lib.NumpyVersion(np.__version__) >= "2.5.0"


def weighed(z: Any) -> Any:
    """One real number that sees every entry, real and imaginary part."""
    w = np.cos(1.0 + np.arange(np.size(z))).reshape(np.shape(z))
    total = np.sum(np.real(z) * w)
    return total + 1.7 * np.sum(np.imag(z) * w) if np.iscomplexobj(z) else total


def differences(f: Callable[..., Any], x: np.ndarray, h: float = 1e-4) -> np.ndarray:
    """Central differences with one step of Richardson's extrapolation."""

    def slope(e: np.ndarray, h: float) -> Any:
        return (f(x + h * e) - f(x - h * e)) / (2 * h)

    units = np.eye(x.size).reshape(x.size, *x.shape)
    return np.array([(4 * slope(e, h / 2) - slope(e, h)) / 3 for e in units]).reshape(x.shape)


def agrees(f: Callable[..., Any], x: np.ndarray) -> None:
    """Value and gradient at two points, the first of them twice."""
    pulled = gw.value_and_grad(f, method="exact")
    for point in (x, x, x * 1.01 + 0.003):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value, gradient = pulled(point)
        np.testing.assert_allclose(value, f(point.copy()), rtol=1e-13)
        expected = differences(f, point)
        np.testing.assert_allclose(gradient, expected, rtol=1e-8, atol=1e-9 * np.max(np.abs(expected), initial=1.0))


# --- eigenvalues, complex from NumPy 2.5 on -------------------------------------------------------------------------------------


@pytest.mark.parametrize("matrix", [REAL, TURNING], ids=["real", "complex"])
@pytest.mark.parametrize(
    "f",
    [
        lambda a: weighed(np.linalg.eigvals(a)),
        lambda a: weighed(np.linalg.eig(a)[0]) + weighed(np.linalg.eig(a).eigenvectors ** 2),
        lambda a: weighed(scipy.linalg.eigvals(a)),
        lambda a: weighed(scipy.linalg.eigvals(a, overwrite_a=True)),
        lambda a: weighed(scipy.linalg.eig(a)[0]) + weighed(scipy.linalg.eig(a)[1] ** 2),
        lambda a: weighed(np.poly(a)),
        lambda a: weighed(np.linalg.eigvals(np.stack([a, 2 * a]))),
        lambda a: np.max(np.abs(np.linalg.eigvals(a))),
    ],
)
def test_eigenvalues(f: Callable[..., Any], matrix: np.ndarray) -> None:
    agrees(f, matrix)


@pytest.mark.parametrize("p", [np.array([1.0, -6.0, 11.0, -6.5]), np.array([1.0, 0.5, 2.0])], ids=["real", "complex"])
@pytest.mark.parametrize(
    "f",
    [
        lambda p: weighed(np.roots(p)),
        lambda p: weighed(np.poly1d(p).roots),
        lambda p: weighed(np.polynomial.Polynomial(p).roots()),
        lambda p: weighed(np.polynomial.Hermite(p).roots()),
    ],
)
def test_roots(f: Callable[..., Any], p: np.ndarray) -> None:
    agrees(f, p)


def test_the_types_are_numpys() -> None:
    for f, x in (
        (np.linalg.eigvals, REAL),
        (np.roots, np.array([1.0, -6.0, 11.0, -6.5])),
        (np.roots, np.array([1.0, 0.5, 2.0])),
        (lambda p: np.polynomial.Chebyshev(p).roots(), np.array([-1.3, -0.4, 2.1])),
        (lambda a: scipy.linalg.eig(a)[1], REAL),
        (lambda a: scipy.linalg.eig(a)[0], REAL),
    ):
        value, _ = gw.jvp(f, (x,), (np.ones_like(x),), method="exact")
        assert value.dtype == f(x).dtype
        np.testing.assert_array_equal(value, f(x))


def test_real_roots_that_become_complex_are_not_taken_for_real() -> None:
    def f(p: Any) -> Any:
        return np.sum(np.abs(np.roots(p)) ** 2)

    gradient = gw.grad(f, method="exact")
    for p in (np.array([1.0, -3.0, 2.0]), np.array([1.0, -3.0, 4.0]), np.array([1.0, -3.0, 2.0])):
        np.testing.assert_allclose(gradient(p), differences(f, p), rtol=1e-8, atol=1e-9)


# --- sorting, descending from NumPy 2.5 on ---------------------------------------------------------------------------------------


def _sorted_in_place(x: Any) -> Any:
    y = x.copy()
    y.sort(descending=True)
    return weighed(y)


@pytest.mark.skipif(not SORTS, reason="NumPy sorts descending from 2.5 on")
@pytest.mark.parametrize(
    "f",
    [
        lambda x: weighed(np.sort(x, descending=True)),
        lambda x: weighed(np.sort(x, descending=False)),
        lambda x: weighed(np.sort(x.reshape(2, 3), axis=0, descending=True)),
        lambda x: weighed(np.sort(x.reshape(2, 3), axis=None, stable=True, descending=True)),
        lambda x: weighed(x[np.argsort(x, descending=True)]),
        lambda x: weighed(x[x.argsort(descending=True)[:2]]),
        lambda x: weighed(np.sort(x[:3] + 1j * x[3:], descending=True)),
        lambda x: weighed(np.sort(np.concatenate([x, [np.nan]]), descending=True)[:-1]),
        _sorted_in_place,
    ],
)
def test_descending(f: Callable[..., Any]) -> None:
    agrees(f, X)
    pulled = gw.value_and_grad(f, method="exact")
    for point in (X, X[::-1].copy(), -X):  # another order each time
        value, gradient = pulled(point)
        assert value == f(point.copy())
        np.testing.assert_allclose(gradient, differences(f, point), rtol=1e-8, atol=1e-9)


@pytest.mark.skipif(not SORTS, reason="NumPy sorts descending from 2.5 on")
def test_equal_entries_and_nan_in_descending_order() -> None:
    x = np.array([1.0, np.nan, 3.0, 1.0, 3.0])
    program = gw.trace(lambda x: np.argsort(x, descending=True) * x, x)
    assert any(equation.primitive.name == "argsort" for equation in program.equations)
    value, _ = gw.jvp(lambda x: np.argsort(x, descending=True, stable=True) + 0 * x, (x,), (x * 0,), method="exact")
    np.testing.assert_array_equal(value, np.argsort(x, descending=True, stable=True) + 0 * x)


@pytest.mark.skipif(SORTS, reason="NumPy sorts descending from 2.5 on")
def test_an_older_numpy_refuses_to_sort_descending() -> None:
    with pytest.raises((TypeError, gw.TracingError), match="descending"):
        gw.grad(lambda x: weighed(np.sort(x, descending=True)), method="exact")(X)
    with pytest.raises((TypeError, gw.TracingError), match="descending"):
        gw.grad(_sorted_in_place, method="exact")(X)


# --- SciPy -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("overwrite", [False, True])
def test_what_stands_beside_a_cholesky_factor(lower: bool, overwrite: bool) -> None:
    w = np.cos(np.arange(9.0)).reshape(3, 3)
    spd = REAL @ REAL.T

    def whole(a: Any) -> Any:
        return np.sum(w * scipy.linalg.cho_factor(a, lower=lower, overwrite_a=overwrite)[0])

    def half(a: Any) -> Any:  # the other triangle holds zeros, which may be kept or put there
        one = np.tril(a) if lower else np.triu(a)
        return np.sum(w * scipy.linalg.cho_factor(one, lower=lower, overwrite_a=overwrite)[0])

    def stack(a: Any) -> Any:
        return np.sum(scipy.linalg.cho_factor(np.stack([a, 2 * a]), lower=lower, overwrite_a=overwrite)[0] ** 2)

    def solved(a: Any) -> Any:
        return np.sum(scipy.linalg.cho_solve(scipy.linalg.cho_factor(a, lower, overwrite), w) ** 2)

    stacks = np.lib.NumpyVersion(scipy.__version__) >= "1.16.0"  # they raise before
    for f in (whole, half, solved, *([stack] if stacks else [])):
        agrees(f, spd)


def test_cholesky_of_one_number() -> None:
    agrees(lambda x: np.sum(scipy.linalg.cholesky(x[:1] ** 2)), X[2:4])


def test_interpolants_keep_their_object() -> None:
    nodes = np.linspace(0.0, 1.0, 6)
    for make in (scipy.interpolate.CubicSpline, scipy.interpolate.make_interp_spline):
        kept = []

        def f(y: Any, make: Any = make, kept: list[Any] = kept) -> Any:
            g = make(nodes, y)
            kept.append(g)
            return g(0.33) + g.derivative()(0.4) + g.antiderivative()(0.5) + g.integrate(0.1, 0.7)

        agrees(f, X)
        agrees(lambda y, make=make: np.sum(make(nodes, y).c ** 2), X)  # the coefficients are read


@pytest.mark.skipif(np.lib.NumpyVersion(scipy.__version__) < "1.16.0", reason="their sums raise in SciPy itself")
def test_sparse_arrays_of_three_axes_raise() -> None:
    places = (np.array([0, 1, 0]), np.array([0, 1, 1]), np.array([1, 0, 1]))
    cube = scipy.sparse.coo_array(np.arange(8.0).reshape(2, 2, 2))
    for f in (
        lambda x: scipy.sparse.coo_array((x[:3], places), shape=(2, 2, 2)).sum(),
        lambda x: scipy.sparse.coo_array((x[:3], places), shape=(2, 2, 2)).toarray().sum(),
        lambda x: (
            scipy.sparse.coo_array((x[:4], (places[0][[0, 1, 2, 0]], [0, 1, 2, 3])), shape=(2, 4))
            .reshape(2, 2, 2)
            .sum()
        ),
        lambda x: (cube * x[0]).sum(),
    ):
        assert np.isfinite(f(X))
        with pytest.raises(gw.TracingError, match="two axes"):
            gw.grad(f, method="exact")(X)


@pytest.mark.skipif(not hasattr(scipy.sparse.csr_array, "mT"), reason="SciPy has mT from 1.18 on")
def test_the_transpose_of_a_sparse_matrix_by_its_newer_names() -> None:
    rows, cols = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 2, 2, 0])
    v = np.array([1.0, -2.0, 0.5])

    def matrix(x: Any) -> Any:
        return scipy.sparse.csr_array((x, (rows, cols)), shape=(3, 3))

    agrees(lambda x: weighed(matrix(x).mT @ v), X)
    agrees(lambda x: weighed(matrix(x).tolil().mT.toarray()), X)
    agrees(lambda x: weighed(scipy.sparse.matrix_transpose(matrix(x)) @ v), X)
    with pytest.raises(ValueError, match="2-dimensional"):
        gw.grad(lambda x: scipy.sparse.coo_array((x, (np.arange(6),)), shape=(7,)).mT.sum(), method="exact")(X)


def test_the_kind_of_number_is_scipys() -> None:
    for x in (2.3, np.float64(2.3), np.array([2.3, 1.1])):
        value, _ = gw.jvp(scipy.special.factorial, (x,), (np.ones_like(x) if np.ndim(x) else 1.0,), method="exact")
        assert type(value) is type(scipy.special.factorial(x))


@pytest.mark.parametrize("rowvar", [True, False])
@pytest.mark.parametrize("shape", [(1, 4), (4, 1), (3, 4), (4,)])
def test_covariances_of_one_row(shape: Any, rowvar: bool) -> None:
    x = np.sin(np.arange(np.prod(shape)) + 1.0).reshape(shape)

    def f(x: Any) -> Any:
        return np.cov(x, rowvar=rowvar, ddof=0)

    value, _ = gw.jvp(f, (x,), (x,), method="exact")
    assert np.shape(value) == np.shape(f(x))
    np.testing.assert_allclose(value, f(x), rtol=1e-14, atol=1e-15)
