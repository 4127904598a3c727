"""SciPy's functions that used to raise: special functions by their order or exponent, spectrograms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest
import scipy
from closing import closes

import gradwise as gw

if TYPE_CHECKING:
    from collections.abc import Callable

special: Any = scipy.special
ORDERS = np.array([0.3, 0.6, 1.7])
MP: dict[str, Callable[[Any, float], Any]] = {
    "kv": mpmath.besselk,
    "iv": mpmath.besseli,
    "jv": mpmath.besselj,
    "yv": mpmath.bessely,
    "kve": lambda v, x: mpmath.besselk(v, x) * mpmath.exp(x),
    "ive": lambda v, x: mpmath.besseli(v, x) * mpmath.exp(-x),
}


@pytest.mark.parametrize("x", [0.05, 0.7, 2.0, 9.0])
@pytest.mark.parametrize("name", MP)
def test_bessel_functions_by_their_order(name: str, x: float) -> None:
    """Against mpmath's derivative, with 40 digits."""
    function = getattr(special, name)
    found = np.diag(gw.jacobian(lambda v: function(v, x), method="exact")(ORDERS))
    with mpmath.workdps(40):
        expected = [float(mpmath.diff(lambda v: MP[name](v, mpmath.mpf(x)), v)) for v in ORDERS]
        curved = float(mpmath.diff(lambda v: MP[name](v, mpmath.mpf(x)), ORDERS[1], 2))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12 * np.max(np.abs(expected)))
    second = gw.derivative(lambda v: function(v, x), order=2, method="exact")(float(ORDERS[1]))
    np.testing.assert_allclose(second, curved, rtol=1e-8, atol=1e-10)


def test_order_and_argument_together() -> None:
    for name in MP:
        closes(lambda p, name=name: getattr(special, name)(p[:2], p[2:]), [0.3, 2.5, 0.8, 3.1])


def test_whole_orders() -> None:
    """K is even in its order: no slope at 0."""
    assert abs(gw.grad(lambda v: special.kv(v, 1.5), method="exact")(0.0)) < 1e-15
    closes(lambda v: special.jv(v, 1.5), [0.0, 1.0, 2.0])


def test_a_covariance_of_matern_by_its_smoothness() -> None:
    def matern(p: Any) -> Any:
        nu, r = p[0], np.sqrt(2 * p[0]) * p[1]
        return 2 ** (1 - nu) / special.gamma(nu) * r**nu * special.kv(nu, r)

    closes(matern, [1.5, 0.7])


def test_zeta_by_its_exponent() -> None:
    points = np.array([0.5, -0.5, 1.5, 2.0, 5.0, 20.0])
    found = np.diag(gw.jacobian(special.zeta, method="exact")(points))
    with mpmath.workdps(40):
        expected = [float(mpmath.zeta(mpmath.mpf(s), derivative=1)) for s in points]
    np.testing.assert_allclose(found, expected, rtol=1e-11)
    np.testing.assert_allclose(gw.grad(special.zetac, method="exact")(3.0), float(mpmath.zeta(3, derivative=1)))
    closes(lambda p: special.zeta(p[:2], p[2:]), [1.5, 3.0, 0.2, 7.0])


def test_distributions_by_shapes_that_are_orders() -> None:
    closes(lambda p: scipy.stats.ncx2.logpdf(2.0, p[0], p[1]), [3.0, 1.0])
    closes(lambda a: scipy.stats.zipf.logpmf([1, 2, 5], a[0]), [2.3])


def test_a_formula_that_does_not_hold_is_not_used() -> None:
    """Orders far beyond the argument cancel."""
    with pytest.raises(gw.TracingError, match="its order"):
        gw.grad(lambda v: special.yv(v, 300.0), method="exact")(2.5)


def test_another_point_gets_its_own_nodes() -> None:
    slope = gw.grad(lambda v: special.kv(v[0], v[1]), method="exact")
    for v, x in ((0.5, 1.0), (3.0, 0.01), (0.2, 40.0)):
        with mpmath.workdps(40):
            expected = [
                float(mpmath.diff(lambda v: mpmath.besselk(v, x), v)),  # noqa: B023
                float(mpmath.diff(lambda x: mpmath.besselk(v, x), x)),  # noqa: B023
            ]
        np.testing.assert_allclose(slope(np.array([v, x])), expected, rtol=1e-10)


def test_spectrograms() -> None:
    x = np.array([1.3, 0.7, 2.1, 0.4, 1.9, 3.2])
    closes(lambda x: scipy.signal.spectrogram(np.tile(x, 4), nperseg=8)[2], x, second=False)


def test_windows_that_may_be_written_to_are_read() -> None:
    def f(x: Any) -> Any:
        w = np.lib.stride_tricks.sliding_window_view(x, 2, writeable=True)
        return np.sum(w[:, 0] * w[:, 1])

    np.testing.assert_allclose(gw.grad(f, method="exact")(np.array([1.0, 2.0, 3.0])), [2.0, 4.0, 2.0])

    def writes(x: Any) -> Any:
        np.lib.stride_tricks.sliding_window_view(x * 1.0, 2, writeable=True)[0, 0] = 5.0
        return np.sum(x)

    with pytest.raises(gw.TracingError, match="read-only"):  # plainly they may be written to
        gw.grad(writes, method="exact")(np.array([1.0, 2.0, 3.0]))


X = np.array([1.3, 0.7, 2.1, 0.4, 1.9, 3.2])
T = np.arange(6.0)
MATRIX = scipy.sparse.csr_matrix(np.eye(3) * 3 + np.ones((3, 3)))
TALL = scipy.sparse.csr_matrix(np.vander(T, 3))
stats: Any = scipy.stats
solvers: Any = scipy.sparse.linalg
MORE: dict[str, Callable[[Any], Any]] = {
    "kde of traced data": lambda x: stats.gaussian_kde(x)([0.3, 1.0]),
    "kde in the plane": lambda x: stats.gaussian_kde(x.reshape(2, 3) + np.array([[0, 0, 1.0], [0, 1, 0]]))(
        [[0.3, 1.0], [0.5, 0.2]]
    ),
    "kde by weights": lambda x: stats.gaussian_kde(T, weights=x).logpdf([0.3, 1.0]),
    "kde at traced points": lambda x: stats.gaussian_kde(T)(x),
    "kde by its width": lambda x: stats.gaussian_kde(T, bw_method=x[0]).evaluate([0.4]),
    "kde of an interval": lambda x: stats.gaussian_kde(x, bw_method="silverman").integrate_box_1d(0.0, x[1]),
    "jarque_bera": lambda x: stats.jarque_bera(x)[0],
    "lsqr": lambda x: solvers.lsqr(TALL, x, atol=1e-15, btol=1e-15)[0],
    "lsqr, damped": lambda x: solvers.lsqr(MATRIX, x[:3], damp=0.5, atol=1e-15, btol=1e-15)[0],
    "lsmr": lambda x: solvers.lsmr(MATRIX * x[4], x[:3], atol=1e-15, btol=1e-15)[0],
    "lsqr, wide": lambda x: solvers.lsqr(
        scipy.sparse.csr_matrix(np.vander(T[:3] + 1, 5)), x[:3], atol=1e-15, btol=1e-15
    )[0],
    "an operator of a matrix": lambda x: solvers.aslinearoperator(MATRIX) @ x[:3],
    "its adjoint": lambda x: solvers.aslinearoperator(MATRIX).rmatvec(x[:3]),
    "pade": lambda x: scipy.interpolate.pade(x[:4], 1)[0].c,
    "lsim of a traced system": lambda x: scipy.signal.lsim(([1.0], [1.0, x[0]]), x, T)[1],
    "lsim of an object": lambda x: scipy.signal.lsim(scipy.signal.lti([1.0], [1.0, x[0]]), x, T)[1],
    "directed_hausdorff": lambda x: scipy.spatial.distance.directed_hausdorff(x.reshape(2, 3), x.reshape(2, 3) ** 2)[0],
    "seuclidean": lambda x: scipy.spatial.distance.seuclidean(x[:3], x[3:], [1.0, 2.0, 3.0]),
}


@pytest.mark.parametrize("name", MORE)
def test_more_of_scipy(name: str) -> None:
    solved = name.startswith("ls")  # whose values have the tolerance of an iteration
    closes(
        MORE[name],
        X,
        second=not solved,
        h=2e-3 if solved and "lsim" not in name else 2e-4,
        rtol=1e-6 if solved else 1e-7,
    )


def test_a_density_by_hand() -> None:
    """Of one width, the slope by a datum is that of its kernel."""
    data = np.array([0.0, 1.0, 3.0])
    width = 0.5

    def f(d: Any) -> Any:
        kde = stats.gaussian_kde(data, bw_method=width / np.std(data, ddof=1))
        return kde(d)[0]

    p = 0.7
    away = p - data
    expected = np.mean(-away / width**2 * np.exp(-0.5 * (away / width) ** 2)) / (width * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(gw.grad(f, method="exact")(p), expected, rtol=1e-12)


def test_least_squares_of_dependent_columns_raise() -> None:
    matrix = scipy.sparse.csr_matrix(np.ones((3, 2)))
    with pytest.raises((gw.TracingError, gw.SingularPointError, np.linalg.LinAlgError)):
        gw.grad(lambda x: np.sum(solvers.lsqr(matrix, x[:3])[0] * [1.0, 2.0]), method="exact")(X)


@pytest.mark.parametrize("name", ["kn", "yn"])
def test_orders_that_are_truncated_have_no_derivative(name: str) -> None:
    """The slope of K and Y by a real order was taken for it."""
    for order in (2.0, 3.0):
        with pytest.raises(gw.TracingError, match="truncates"):
            gw.grad(lambda n: getattr(special, name)(n, 1.3), method="exact")(order)
    closes(lambda x: getattr(special, name)(2, x), [0.7, 1.3])


MADE_INSIDE: dict[str, Callable[[Any], Any]] = {
    "gmean": lambda x: scipy.stats.gmean(x, weights=np.ones(4)),
    "hmean": lambda x: scipy.stats.hmean(x, weights=np.arange(1.0, 5.0)),
    "moment": lambda x: scipy.stats.moment(x, 3, center=np.zeros(1)[0]),
    "ttest_1samp": lambda x: scipy.stats.ttest_1samp(x, np.zeros(1)[0]).statistic,
    "wasserstein_distance": lambda x: scipy.stats.wasserstein_distance(x, np.arange(4.0) * 0.45, u_weights=np.ones(4)),
    "tmean": lambda x: scipy.stats.tmean(x, (0.5, 4.0)),
}


@pytest.mark.parametrize("name", MADE_INSIDE)
def test_options_that_the_function_makes_are_constants(name: str) -> None:
    """Arrays of ones belong to the trace, since they may be filled, and were taken for traced options."""
    closes(MADE_INSIDE[name], [0.7, 1.2, 3.1, 1.9])


SPARSE: Any = scipy.sparse.csr_array(
    [[4.0, 1.0, 0.0, 0.3], [1.0, 5.0, 2.0, 0.0], [0.0, 2.5, 7.0, 0.1], [0.2, 0.0, 0.1, 9.0], [0.4, 0.0, 1.1, 0.0]]
)
SHIFTS = [0.2, 0.45, 0.8, 0.1]
START = np.ones(4)


def shifted(x: Any) -> Any:
    return (SPARSE[:4] + scipy.sparse.diags_array(x)).tocsr()


def largest(x: Any) -> Any:
    values, vectors = scipy.sparse.linalg.eigs(shifted(x), k=1, v0=START)
    return np.concatenate([np.real(values), np.abs(vectors[:, 0])])


def restored(x: Any) -> Any:
    u, s, vh = scipy.sparse.linalg.svds(SPARSE @ scipy.sparse.diags_array(x), k=2, v0=START)
    return np.concatenate([((u * s) @ vh).ravel(), s])


def test_some_eigenvalues_of_sparse_matrices() -> None:
    closes(largest, SHIFTS, second=False, h=1e-3, rtol=1e-6)


def test_some_singular_values_of_sparse_matrices() -> None:
    """Their squares are the eigenvalues of the product."""
    closes(restored, SHIFTS, second=False, h=1e-3, rtol=1e-6)
    found = gw.jacobian(
        lambda x: scipy.sparse.linalg.svds(shifted(x), k=3, return_singular_vectors=False)[::-1] ** 2, method="exact"
    )(np.array(SHIFTS))
    full = gw.jacobian(lambda x: np.linalg.eigvalsh((a := SPARSE[:4].toarray() + np.diag(x)).T @ a)[:0:-1])
    np.testing.assert_allclose(np.sort(found, axis=0), np.sort(full(np.array(SHIFTS)), axis=0), rtol=1e-9)


def test_corners_of_bands_that_are_no_entries_stay() -> None:
    closes(scipy.linalg.cholesky_banded, [[0.0, 0.1, 0.2], [5.0, 6.0, 7.0]])
    closes(lambda a: scipy.linalg.cholesky_banded(a, lower=True), [[5.0, 6.0, 7.0], [0.1, 0.2, 0.0]])


def test_options_that_are_given_as_none() -> None:
    image = np.cos(np.arange(20.0)).reshape(4, 5)
    closes(lambda x: scipy.ndimage.gaussian_filter(x, 1.0, radius=None, axes=None), image, second=False)


def _fractions(x: Any) -> Any:
    return scipy.interpolate.AAA(np.linspace(-1, 1, 30), np.exp(np.linspace(-1, 1, 30)) / (2 + np.linspace(-1, 1, 30)))(
        x
    )


WRITTEN_IN_PYTHON: dict[str, Callable[[Any], Any]] = {
    "degrees": lambda x: scipy.constants.convert_temperature(x, "Fahrenheit", "Kelvin"),
    "wavelengths": lambda x: 1e-8 * scipy.constants.lambda2nu(x),
    "rational interpolants": _fractions,
    "blended ones": lambda x: scipy.interpolate.FloaterHormannInterpolator(np.arange(6.0), np.arange(6.0) ** 2)(x),
    "powers of distances": lambda x: scipy.spatial.minkowski_distance_p(x, x[::-1] ** 2, 3),
    "Carlson's integral of an integer": lambda x: special.elliprf(2, np.array([1, 3, 4]), x),
    "of the second kind": lambda x: special.elliprg(2, 1, x),
}


@pytest.mark.parametrize("f", WRITTEN_IN_PYTHON.values(), ids=WRITTEN_IN_PYTHON)
def test_functions_that_raised(f: Callable[[Any], Any]) -> None:
    """Of Python's inside, or (Carlson's) of integers, for which NumPy's minimum of no integers raised OverflowError."""
    closes(f, [0.3, 0.65, 0.9], rtol=1e-6)
