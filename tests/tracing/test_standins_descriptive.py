"""Descriptive statistics, transformations and test statistics of ``scipy.stats``: SciPy's values, derivatives against differences of SciPy's functions."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import gradwise as gw

X = np.array([0.3, -1.2, 0.7, 2.0, 1.1, 0.4, -0.5])
Y = np.array([1.4, 0.2, -0.9, 0.8, 1.9, -0.3, 0.6])
P = np.array([1.3, 0.4, 2.2, 0.9, 3.1, 0.7])
TABLE = np.array([[0.3, -1.2, 0.7, 2.1], [1.1, 0.4, -0.5, 0.9], [-0.8, 1.6, 0.2, -1.4], [0.6, -0.3, 1.3, 0.5]])
S = scipy.stats

OF_ONE = {
    "moment": lambda a: S.moment(a, 3),
    "moments": lambda a: S.moment(a, [1, 2, 4], axis=1),
    "moment, of a center": lambda a: S.moment(a, order=2, center=0.3),
    "skew": S.skew,
    "skew, unbiased": lambda a: S.skew(a, axis=1, bias=False),
    "kurtosis": S.kurtosis,
    "kurtosis, unbiased": lambda a: S.kurtosis(a, axis=None, fisher=False, bias=False),
    "sem": S.sem,
    "variation": lambda a: S.variation(a, axis=None, ddof=1),
    "iqr": lambda a: S.iqr(a, axis=0, rng=(10, 80)),
    "median_abs_deviation": lambda a: S.median_abs_deviation(a, axis=None),
    "trim_mean": lambda a: S.trim_mean(a, 0.26),
    "zscore": lambda a: S.zscore(a, axis=1, ddof=1),
    "circmean": lambda a: S.circmean(a, high=3.0, low=-3.0, axis=0),
    "circvar": S.circvar,
    "circstd": S.circstd,
    "ttest_1samp": lambda a: S.ttest_1samp(a, 0.2).pvalue,
    "ttest_1samp, unpacked": lambda a: np.stack(tuple(S.ttest_1samp(a, 0.2))),
    "yeojohnson": lambda a: S.yeojohnson(a[0], 0.5),
}
OF_POSITIVE = {
    "gmean": S.gmean,
    "gmean, weights": lambda a: S.gmean(a, weights=[1, 2, 3, 1, 1, 1]),
    "hmean": S.hmean,
    "pmean": lambda a: S.pmean(a, -2),
    "gstd": S.gstd,
    "gzscore": S.gzscore,
    "entropy": S.entropy,
    "entropy, base": lambda a: S.entropy(a, base=2),
    "entropy of two": lambda a: S.entropy(P, a**2),
    "boxcox": lambda a: S.boxcox(a, 0.5),
    "boxcox_llf": lambda a: S.boxcox_llf(0.3, a),
    "boxcox_llf, of the power": lambda a: S.boxcox_llf(a[0], P),
    "yeojohnson, of the power": lambda a: S.yeojohnson(X, a[0]),
}
OF_TWO = {
    "pearsonr": lambda a, b: S.pearsonr(a, b).statistic,
    "pearsonr, unpacked": lambda a, b: S.pearsonr(a, b)[1],
    "linregress": lambda a, b: np.stack(tuple(S.linregress(a, b))),
    "intercept_stderr": lambda a, b: S.linregress(a, b).intercept_stderr,
    "ttest_ind": lambda a, b: S.ttest_ind(a, b).pvalue,
    "ttest_ind, of two variances": lambda a, b: S.ttest_ind(a, b, equal_var=False).statistic,
    "ttest_rel": lambda a, b: S.ttest_rel(a, b).statistic,
    "f_oneway": lambda a, b: np.stack(tuple(S.f_oneway(a, b, a * b))),
    "zmap": S.zmap,
}
CASES = {
    **{name: (f, (TABLE,)) for name, f in OF_ONE.items()},
    **{name: (f, (P,)) for name, f in OF_POSITIVE.items()},
    **{name: (f, (X, Y)) for name, f in OF_TWO.items()},
}


def central(f, h=1e-4):
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


@pytest.mark.parametrize("name", sorted(CASES))
def test_value_tangent_and_cotangent(name):
    f, at = CASES[name]
    rng = np.random.default_rng(3)
    u = tuple(rng.standard_normal(a.shape) for a in at)
    value, tangent = gw.jvp(f, at, u, method="exact")
    expected = f(*at)
    assert type(value) is type(expected)
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_allclose(
        tangent, central(lambda t: f(*[a + t * v for a, v in zip(at, u, strict=True)])), rtol=1e-7, atol=1e-9
    )
    bar = rng.standard_normal(np.shape(expected))[()]
    _, pullback = gw.vjp(f, *at, method="exact")
    cotangents = pullback(bar)
    cotangents = cotangents if isinstance(cotangents, tuple) else (cotangents,)
    total = sum(np.sum(c * v) for c, v in zip(cotangents, u, strict=True))
    np.testing.assert_allclose(total, np.sum(bar * tangent), rtol=1e-9, atol=1e-12)


def test_what_is_not_known_is_refused():
    with pytest.raises(gw.TracingError, match="with traced or unusual options"):
        gw.grad(lambda x: S.skew(np.append(x, np.nan), nan_policy="omit"), method="exact")(X)
    with pytest.raises(gw.TracingError, match="_standard_error of scipy"):
        gw.grad(lambda x: S.ttest_ind(x, Y)._standard_error, method="exact")(X)
    with pytest.raises(gw.TracingError, match="Give the power"):
        gw.grad(lambda x: np.sum(S.boxcox(x, alpha=0.1)[0]), method="exact")(P)
