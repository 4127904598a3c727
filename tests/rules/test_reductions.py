"""Sums, products, extrema and statistics: laws of orders 1 and 2, zeros, ties, NaN, empty slices, weights, masks."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

import gradwise as gw

from .laws import check_function

RNG = np.random.default_rng(3)
X = RNG.standard_normal((3, 4))
Z = X + 1j * RNG.standard_normal((3, 4))
CUBE = RNG.standard_normal((2, 3, 2))
WITH_ZEROS = np.array([[2.0, 0.0, 3.0, -1.0], [0.0, 0.0, 5.0, 2.0], [1.0, 4.0, 0.0, 0.5]])
HOLES = np.where(RNG.random((3, 4)) < 0.3, np.nan, X)
HOLES[0] = X[0]
MASK = X > -0.4
WEIGHTS = RNG.random((3, 4)) + 0.1


def second_derivative(function, x):
    """Of the function along (1, 1, …)."""
    ones = np.ones(x.shape)
    return gw.jvp(lambda v: gw.jvp(function, (v,), (ones,))[1], (x,), (ones,))[1]


#: name: (function, arguments)
CASES = {
    "sum": (lambda x: np.sum(x * x), (X,)),
    "sum axes": (lambda x: np.sum(x**3, axis=(0, 2)), (CUBE,)),
    "sum keepdims": (lambda x: x - np.sum(x, axis=1, keepdims=True) ** 2, (X,)),
    "sum where initial": (lambda x: np.sum(x * x, axis=0, where=MASK, initial=2.0), (X,)),
    "sum complex": (lambda x: np.sum(x * x, axis=-1), (Z,)),
    "sum traced initial": (lambda x: np.sum(x * x, initial=x[0, 0] ** 2), (X,)),
    "add.reduce": (lambda x: np.add.reduce(x * x, axis=(0, 1)), (X,)),
    "prod": (np.prod, (X,)),
    "prod axes": (lambda x: np.prod(x, axis=(0, 2)), (CUBE,)),
    "prod keepdims": (lambda x: np.prod(x, axis=0, keepdims=True) * x, (X,)),
    "prod zeros": (lambda x: np.prod(x, axis=1), (WITH_ZEROS,)),
    "prod zeros axes": (lambda x: np.prod(x), (WITH_ZEROS[::2, 2:],)),
    "prod where": (lambda x: np.prod(x, axis=1, where=MASK, initial=2.0), (X,)),
    "prod complex": (lambda x: np.prod(x, axis=1), (Z,)),
    "prod of one": (lambda x: np.prod(x, axis=1), (X[:, :1],)),
    "prod second derivative": (lambda x: second_derivative(np.prod, x), (WITH_ZEROS[0],)),
    "cumprod second derivative": (lambda x: second_derivative(np.cumprod, x), (X[0],)),
    "any all": (lambda x: x * np.any(x, axis=0) * np.all(x), (X,)),
    "multiply.reduce": (lambda x: np.multiply.reduce(x, axis=0), (X,)),
    "cumsum": (lambda x: np.cumsum(x * x, axis=1), (X,)),
    "cumsum flat": (lambda x: np.cumsum(x * x), (X,)),
    "cumprod": (lambda x: np.cumprod(x, axis=1), (X,)),
    "cumprod zeros": (lambda x: np.cumprod(x, axis=1), (WITH_ZEROS,)),
    "cumprod flat": (np.cumprod, (X[:2],)),
    "cumprod complex": (lambda x: np.cumprod(x, axis=0), (Z,)),
    "logaddexp.reduce": (lambda x: np.logaddexp.reduce(x, axis=1, keepdims=True), (X,)),
    "logaddexp.reduce all": (lambda x: np.logaddexp.reduce(x, axis=None), (X,)),
    "hypot.reduce": (lambda x: np.hypot.reduce(x, axis=1), (X,)),
    "add.reduceat": (lambda x: np.add.reduceat(x * x, [0, 2, 1], axis=1), (X,)),
    "multiply.outer": (np.multiply.outer, (X, X[0])),
    "add.accumulate": (lambda x: np.add.accumulate(x * x, axis=1), (X,)),
    "maximum.accumulate": (lambda x: np.maximum.accumulate(x, axis=1) ** 2, (X,)),
    "max": (lambda x: np.max(x) ** 2, (X,)),
    "max axis": (lambda x: np.max(x, axis=0) ** 2, (X,)),
    "max axes": (lambda x: np.max(x, axis=(0, 2), keepdims=True) * x, (CUBE,)),
    "max initial": (lambda x: np.max(x, axis=1, initial=0.3) ** 2, (X,)),
    "max where": (lambda x: np.max(x, axis=1, initial=-9.0, where=MASK) ** 2, (X,)),
    "amax": (lambda x: np.amax(x, axis=0) * np.amin(x, axis=0), (X,)),
    "min": (lambda x: np.min(x, axis=1) ** 2, (X,)),
    "ptp": (lambda x: np.ptp(x, axis=1) ** 2, (X,)),
    "argmax": (lambda x: x.ravel()[np.argmax(x)] ** 2, (X,)),
    "argmin": (lambda x: np.take_along_axis(x, np.argmin(x, axis=1, keepdims=True), 1) ** 2, (X,)),
    "mean": (lambda x: np.mean(x * x, axis=1), (X,)),
    "mean where": (lambda x: np.mean(x * x, axis=1, where=MASK), (X,)),
    "var": (lambda x: np.var(x, axis=0), (X,)),
    "var ddof": (lambda x: np.var(x, axis=(0, 1), ddof=1, keepdims=True), (X,)),
    "var where": (lambda x: np.var(x, axis=1, where=MASK), (X,)),
    "var mean": (lambda x: np.var(x, axis=1, mean=np.mean(x, axis=1, keepdims=True), correction=1), (X,)),
    "var complex": (lambda x: np.var(x, axis=1), (Z,)),
    "std": (lambda x: np.std(x, axis=0, ddof=1), (X,)),
    "std all": (np.std, (X,)),
    "std where": (lambda x: np.std(x, axis=1, where=MASK), (X,)),
    "std complex": (lambda x: np.std(x, axis=1), (Z,)),
    "average": (lambda x, w: np.average(x, axis=1, weights=w), (X, WEIGHTS)),
    "average line": (lambda x, w: np.average(x, axis=0, weights=w), (X, WEIGHTS[:, 0])),
    "average returned": (lambda x, w: np.average(x * x, weights=w, returned=True, keepdims=True), (X, WEIGHTS)),
    "average plain": (lambda x: np.average(x * x, axis=0), (X,)),
    "median odd": (lambda x: np.median(x, axis=0) ** 2, (X,)),
    "median even": (lambda x: np.median(x, axis=1, keepdims=True) ** 2, (X,)),
    "median all": (lambda x: np.median(x) ** 2, (X,)),
    "median axes": (lambda x: np.median(x, axis=(0, 2)) ** 2, (CUBE,)),
    "quantile q": (lambda x, q: np.quantile(x, q, axis=1) ** 2, (X, np.array([0.2, 0.81]))),
    "percentile": (lambda x: np.percentile(x, [10, 50, 77.7], axis=1, keepdims=True) ** 2, (X,)),
    "cov": (lambda x: np.cov(x), (X,)),
    "cov y": (lambda x, y: np.cov(x, y, bias=True), (X[0], X[1])),
    "cov columns": (lambda x: np.cov(x, rowvar=False, ddof=0), (X,)),
    "cov weights": (lambda x, w: np.cov(x, aweights=w, fweights=[1, 2, 1, 3]), (X, WEIGHTS[0])),
    "cov complex": (np.cov, (Z,)),
    "corrcoef": (np.corrcoef, (X,)),
    "nansum": (lambda x: np.nansum(np.where(np.isnan(HOLES), np.nan, x * x), axis=1), (X,)),
    "nanprod": (lambda x: np.nanprod(np.where(np.isnan(HOLES), np.nan, x), axis=1), (X,)),
    "nanmean": (lambda x: np.nanmean(np.where(np.isnan(HOLES), np.nan, x * x), axis=1), (X,)),
    "nanvar": (lambda x: np.nanvar(np.where(np.isnan(HOLES), np.nan, x), ddof=1), (X,)),
    "nanstd": (lambda x: np.nanstd(np.where(np.isnan(HOLES), np.nan, x), axis=1), (X,)),
    "nanmax": (lambda x: np.nanmax(np.where(np.isnan(HOLES), np.nan, x), axis=1) ** 2, (X,)),
    "nanmin": (lambda x: np.nanmin(np.where(np.isnan(HOLES), np.nan, x), axis=1) ** 2, (X,)),
    "nanargmax": (lambda x: x.ravel()[np.nanargmax(np.where(np.isnan(HOLES), np.nan, x))] ** 2, (X,)),
    "nancumsum": (lambda x: np.nancumsum(np.where(np.isnan(HOLES), np.nan, x * x), axis=1), (X,)),
    "nancumprod": (lambda x: np.nancumprod(np.where(np.isnan(HOLES), np.nan, x), axis=1), (X,)),
    "nanmedian": (lambda x: np.nanmedian(np.where(np.isnan(HOLES), np.nan, x), axis=1) ** 2, (X,)),
    "nanquantile": (lambda x: np.nanquantile(np.where(np.isnan(HOLES), np.nan, x), [0.2, 0.7], axis=1) ** 2, (X,)),
    "nanpercentile": (lambda x: np.nanpercentile(np.where(np.isnan(HOLES), np.nan, x), 30) ** 2, (X,)),
}
if hasattr(np, "cumulative_sum"):  # since NumPy 2.1
    CASES["cumulative_sum"] = (lambda x: np.cumulative_sum(x * x, axis=1, include_initial=True)), (X,)
    CASES["cumulative_prod"] = (lambda x: np.cumulative_prod(x, axis=0, include_initial=True)), (X,)


@pytest.mark.parametrize("name", sorted(CASES))
def test_laws(name):
    function, arguments = CASES[name]
    check_function(function, *arguments, order=2, scale=1e-3 if "quantile q" in name else 4e-3)


# --- products with zeros --------------------------------------------------------------------------------------------------


def subsets_product(x, left_out):
    return np.prod([v for i, v in enumerate(x) if i not in left_out])


@pytest.mark.parametrize(
    "x", [(2.0, 0.0, 3.0, -1.0), (0.0, 0.0, 3.0, 5.0), (0.0, 0.0, 0.0, 5.0), (1e200, 0.0, 1e-200, 2.0)]
)
def test_derivatives_of_prod_are_products_over_the_others(x):
    x = np.array(x)
    n = x.size
    gradient = [subsets_product(x, {i}) for i in range(n)]
    hessian = [[0.0 if i == j else subsets_product(x, {i, j}) for j in range(n)] for i in range(n)]
    np.testing.assert_allclose(gw.grad(np.prod)(x), gradient, rtol=1e-14)
    np.testing.assert_allclose(gw.hessian(np.prod)(x), hessian, rtol=1e-14)
    third = gw.jacobian(gw.hessian(np.prod))(x)
    for i, j, k in itertools.product(range(n), repeat=3):
        expected = subsets_product(x, {i, j, k}) if len({i, j, k}) == 3 else 0.0
        np.testing.assert_allclose(third[i, j, k], expected, rtol=1e-13)


def test_derivatives_of_cumprod_at_zeros():
    x = np.array([2.0, 0.0, 3.0, 0.0, 5.0])
    expected = [
        [np.prod([x[k] for k in range(i + 1) if k != j]) if j <= i else 0.0 for j in range(5)] for i in range(5)
    ]
    np.testing.assert_allclose(gw.jacfwd(np.cumprod)(x), expected)
    np.testing.assert_allclose(gw.jacrev(np.cumprod)(x), expected)
    last = gw.hessian(lambda v: np.cumprod(v)[-1])(x)
    np.testing.assert_allclose(last, gw.hessian(np.prod)(x))


# --- ties -----------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::gradwise.errors.KinkWarning")
def test_ties_share_equally():
    x = np.array([1.0, 3.0, 3.0, 0.0, 3.0])
    np.testing.assert_allclose(gw.grad(np.max)(x), [0, 1 / 3, 1 / 3, 0, 1 / 3])
    np.testing.assert_allclose(gw.grad(np.min)(-x), [0, 1 / 3, 1 / 3, 0, 1 / 3])
    np.testing.assert_allclose(gw.grad(lambda v: np.sum(np.max(v.reshape(5, 1) * np.ones(2), axis=1)))(x), np.ones(5))


@pytest.mark.filterwarnings("ignore::gradwise.errors.KinkWarning")
def test_equal_entries_are_a_kink_of_std_with_slope_zero():
    np.testing.assert_array_equal(gw.grad(np.std)(np.full(4, 2.5)), np.zeros(4))


# --- quantiles ------------------------------------------------------------------------------------------------------------

METHODS = (
    *("inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull"),
    *("linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest"),
)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [1, 2, 5, 6])
def test_quantile_methods(method, n):
    x = np.random.default_rng(n).standard_normal(n)
    q = np.array([0.0, 0.13, 0.37, 0.5, 0.81, 1.0])
    value, tangent = gw.jvp(lambda v: np.quantile(v, q, method=method), (x,), (x * x,))
    np.testing.assert_allclose(value, np.quantile(x, q, method=method), rtol=1e-14)
    # linear in the entries while their order stays: the difference quotient is exact to rounding
    h = 1e-7
    slope = (np.quantile(x + h * x * x, q, method=method) - np.quantile(x - h * x * x, q, method=method)) / (2 * h)
    np.testing.assert_allclose(tangent, slope, atol=1e-7)


@pytest.mark.parametrize(
    "method", ["linear", "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased"]
)
def test_quantile_in_q(method):
    x = np.array([0.3, 5.0, 1.0, 2.5, -1.0])
    q = 0.62
    h = 1e-6
    slope = (np.quantile(x, q + h, method=method) - np.quantile(x, q - h, method=method)) / (2 * h)
    np.testing.assert_allclose(gw.derivative(lambda t: np.quantile(x, t, method=method))(q), slope, rtol=1e-8)


def test_weighted_quantile_is_an_entry():
    x, w = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0])
    for q, place in ((0.2, 1), (0.5, 2), (0.9, 0)):
        gradient = gw.grad(lambda v, q=q: np.quantile(v, q, weights=w, method="inverted_cdf"))(x)
        np.testing.assert_array_equal(gradient, np.eye(3)[place])


def test_the_slope_of_quantiles_that_are_entries_does_not_meet_infinite_neighbours():
    """The value is NumPy's, which adds 0 · ∞."""
    x = np.array([1.0, 2.0, np.inf])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value, slope = gw.value_and_grad(lambda v: np.quantile(v, 0.5), method="exact")(x)
        np.testing.assert_array_equal(value, np.quantile(x, 0.5))
    np.testing.assert_array_equal(slope, [0, 1, 0])
    lower = gw.value_and_grad(lambda v: np.quantile(v, 0.5, method="lower"))(x)
    assert lower[0] == 2.0
    np.testing.assert_array_equal(lower[1], [0, 1, 0])


def test_quantiles_out_of_range_raise():
    with pytest.raises(ValueError, match="range"):
        gw.grad(lambda v: np.quantile(v, 1.5))(X[0])
    with pytest.raises(ValueError, match="Percentiles"):
        gw.grad(lambda v: np.percentile(v, 150))(X[0])


# --- NaN, dtypes, emptiness -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function", [np.nansum, np.nanprod, np.nanmax, np.nanmin, np.nanmean, np.nanmedian, np.nanvar, np.nanstd]
)
def test_a_missing_entry_has_derivative_zero(function):
    x = np.array([1.0, np.nan, 3.0, 0.5])
    value, gradient = gw.value_and_grad(function)(x)
    np.testing.assert_allclose(value, function(x))
    kept = np.array([0, 2, 3])
    plain = {"nan" + f.__name__: f for f in (np.sum, np.prod, np.max, np.min, np.mean, np.median, np.var, np.std)}
    reference = gw.grad(plain[{"nanamax": "nanmax", "nanamin": "nanmin"}.get(function.__name__, function.__name__)])(
        x[kept]
    )
    np.testing.assert_allclose(gradient[kept], reference)
    assert gradient[1] == 0


@pytest.mark.parametrize("function", [np.median, lambda v: np.quantile(v, 0.3), np.max])
def test_nan_reaches_the_result_in_each_lane(function):
    rows = np.array([[1.0, 2.0, 4.0], [np.nan, 1.0, 0.0]])
    np.testing.assert_array_equal(gw.vmap(function)(rows), [function(r) for r in rows])


@pytest.mark.parametrize(
    "function", [np.sum, np.mean, np.var, np.std, np.prod, np.max, np.median, np.cumsum, np.cumprod, np.ptp]
)
def test_single_precision_stays_single(function):
    x = X[0].astype(np.float32)
    value, tangent = gw.jvp(function, (x,), (x,))
    assert np.asarray(value).dtype == np.asarray(tangent).dtype == function(x).dtype == np.float32


def test_single_precision_with_a_mask():
    x = X.astype(np.float32)
    for function in (np.mean, np.var, np.std):
        value = gw.jvp(lambda v, function=function: function(v, axis=1, where=MASK), (x,), (x,))[0]
        assert value.dtype == np.float32


def test_empty_sums_and_products():
    x = np.zeros((0, 3))
    value, tangent = gw.jvp(lambda v: np.sum(v, axis=0) + np.prod(v, axis=0), (x,), (x,))
    np.testing.assert_array_equal(value, np.ones(3))
    np.testing.assert_array_equal(tangent, np.zeros(3))


def test_counts_and_truth_are_concrete():
    def function(x):
        n = np.count_nonzero(x > 0)
        return n * np.sum(x) if np.any(x > 0) and not np.all(x > 0) else 0.0

    np.testing.assert_array_equal(gw.grad(function)(np.array([1.0, -2.0, 3.0])), [2, 2, 2])


def test_errors_are_numpys():
    with pytest.raises(ZeroDivisionError):
        gw.grad(lambda v: np.average(v, weights=v - v))(X[0])
    with pytest.raises(ValueError, match="All-NaN"):
        gw.grad(lambda v: v[np.nanargmax(v * np.nan)])(X[0])
    with pytest.raises(ValueError, match="aweights cannot be negative"):
        gw.grad(lambda v: np.sum(np.cov(v, aweights=[-1, 1, 1, 1])))(X)


@pytest.mark.parametrize("function", [np.max, np.min])
def test_an_extremum_that_is_nan_is_the_entry_that_is_nan(function):
    x = np.array([1.0, np.nan, 2.0])
    slope = gw.grad(lambda x: np.maximum(np.maximum(x[0], x[1]), x[2]))(x)  # the same function, pair by pair
    np.testing.assert_array_equal(gw.grad(function)(x), slope)
    np.testing.assert_array_equal(gw.jvp(function, (x,), (np.array([3.0, 5.0, 7.0]),))[1], 5.0)
