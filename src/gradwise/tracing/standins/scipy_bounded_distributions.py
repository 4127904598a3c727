"""Further distributions of ``scipy.stats`` on an interval, which may depend on their shapes, and of integers.

Formulas: the documentation of ``scipy.stats``; Johnson, Kotz & Balakrishnan, *Continuous Univariate Distributions*; *Discrete Univariate Distributions*.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwise.tracing.standins.scipy_distributions import DISTRIBUTIONS, Standard, _sp

_gammaln, _betaln, _xlogy, _xlog1py = map(_sp, ("gammaln", "betaln", "xlogy", "xlog1py"))
_betainc, _gammainc, _gammaincc = map(_sp, ("betainc", "gammainc", "gammaincc"))
_ndtr, _log_ndtr, _erf = map(_sp, ("ndtr", "log_ndtr", "erf"))
_i0e, _cosm1 = map(_sp, ("i0e", "cosm1"))
_PI = math.pi
_LOG_2 = math.log(2)
_LOG_2_PI = math.log(2 * math.pi)
_INFINITE = math.inf


def _normal(x: Any) -> Any:
    return -0.5 * x * x - 0.5 * _LOG_2_PI


def _truncation(a: Any, b: Any) -> Any:
    """log(Φ(b) − Φ(a)), from the nearer tail."""
    right = a > 0
    low, high = np.where(right, -b, a), np.where(right, -a, b)
    return _log_ndtr(high) + np.log1p(-np.exp(_log_ndtr(low) - _log_ndtr(high)))


def _triangle(x: Any, c: Any) -> Any:
    rising = x < c
    return _LOG_2 + np.where(
        rising, np.log(np.where(rising, x / c, 1.0)), np.log(np.where(rising, 1.0, (1 - x) / (1 - c)))
    )


def _extreme(x: Any, c: Any) -> Any:
    """Logarithm of (1 − c x)^{1/c}."""
    return np.log1p(-c * x) / c


def _pareto(x: Any, c: Any) -> Any:
    return np.log1p(c * x) / c


def _wrapped_cauchy(x: Any, c: Any) -> Any:
    """With the tangent of half the angle, measured from the nearer end."""
    first = x < _PI
    angle = np.where(first, x, 2 * _PI - x)
    part = np.arctan((1 + c) / (1 - c) * np.tan(0.5 * angle)) / _PI
    return np.where(first, part, 1 - part)


#: on an interval
_BOUNDED: dict[str, Standard] = {
    "anglit": Standard(
        lambda x: np.log(np.cos(2 * x)), {"cdf": lambda x: np.sin(x + _PI / 4) ** 2}, low=-_PI / 4, high=_PI / 4
    ),
    "arcsine": Standard(
        lambda x: -math.log(_PI) - 0.5 * np.log(x * (1 - x)),
        {"cdf": lambda x: 2 / _PI * np.arcsin(np.sqrt(x))},
        low=0.0,
        high=1.0,
    ),
    "bradford": Standard(
        lambda x, c: np.log(c) - np.log1p(c * x) - np.log(np.log1p(c)),
        {"cdf": lambda x, c: np.log1p(c * x) / np.log1p(c)},
        low=0.0,
        high=1.0,
    ),
    "cosine": Standard(
        lambda x: np.log1p(np.cos(x)) - _LOG_2_PI,
        {"cdf": lambda x: 0.5 + (x + np.sin(x)) / (2 * _PI)},
        low=-_PI,
        high=_PI,
    ),
    "johnsonsb": Standard(
        lambda x, a, b: _normal(a + b * np.log(x / (1 - x))) + np.log(b) - np.log(x * (1 - x)),
        {"cdf": lambda x, a, b: _ndtr(a + b * np.log(x / (1 - x)))},
        low=0.0,
        high=1.0,
    ),
    "powerlaw": Standard(
        lambda x, a: np.log(a) + _xlogy(a - 1, x),
        {"cdf": lambda x, a: x**a, "ppf": lambda q, a: q ** (1 / a)},
        low=0.0,
        high=1.0,
    ),
    "rdist": Standard(
        lambda x, c: (
            _xlogy(0.5 * c - 1, 0.5 * (1 + x)) + _xlogy(0.5 * c - 1, 0.5 * (1 - x)) - _betaln(0.5 * c, 0.5 * c) - _LOG_2
        ),
        {"cdf": lambda x, c: _betainc(0.5 * c, 0.5 * c, 0.5 * (1 + x))},
        low=-1.0,
        high=1.0,
    ),
    "semicircular": Standard(
        lambda x: math.log(2 / _PI) + 0.5 * np.log1p(-x * x),
        {"cdf": lambda x: 0.5 + (x * np.sqrt(1 - x * x) + np.arcsin(x)) / _PI},
        low=-1.0,
        high=1.0,
    ),
    "triang": Standard(
        _triangle, {"cdf": lambda x, c: np.where(x < c, x * x / c, 1 - (1 - x) ** 2 / (1 - c))}, low=0.0, high=1.0
    ),
    "weibull_max": Standard(
        lambda x, c: np.log(c) + _xlogy(c - 1, -x) - (-x) ** c,
        {"cdf": lambda x, c: np.exp(-((-x) ** c)), "logcdf": lambda x, c: -((-x) ** c)},
        high=0.0,
    ),
    "wrapcauchy": Standard(
        lambda x, c: np.log1p(-c * c) - _LOG_2_PI - np.log(1 + c * c - 2 * c * np.cos(x)),
        {"cdf": _wrapped_cauchy},
        low=0.0,
        high=2 * _PI,
    ),
    "genextreme": Standard(
        lambda x, c: (1 - c) * _extreme(x, c) - np.exp(_extreme(x, c)),
        {"cdf": lambda x, c: np.exp(-np.exp(_extreme(x, c))), "logcdf": lambda x, c: -np.exp(_extreme(x, c))},
        support=lambda c: (
            np.where(c < 0, 1 / np.where(c < 0, c, 1), -_INFINITE),
            np.where(c > 0, 1 / np.where(c > 0, c, 1), _INFINITE),
        ),
    ),
    "genpareto": Standard(
        lambda x, c: -(c + 1) * _pareto(x, c),
        {"sf": lambda x, c: np.exp(-_pareto(x, c)), "logsf": lambda x, c: -_pareto(x, c)},
        support=lambda c: (0 * c, np.where(c < 0, -1 / np.where(c < 0, c, -1), _INFINITE)),
    ),
    **dict.fromkeys(
        ("loguniform", "reciprocal"),
        Standard(
            lambda x, a, b: -np.log(x) - np.log(np.log(b) - np.log(a)),
            {"cdf": lambda x, a, b: np.log(x / a) / np.log(b / a)},
            support=lambda a, b: (a, b),
        ),
    ),
    "genhalflogistic": Standard(
        lambda x, c: _LOG_2 + (1 - c) * _extreme(x, c) - 2 * np.log1p(np.exp(_extreme(x, c))),
        {"cdf": lambda x, c: np.tanh(-0.5 * _extreme(x, c))},
        support=lambda c: (0 * c, 1 / c),
    ),
    "levy_l": Standard(
        lambda x: -0.5 * _LOG_2_PI - 1.5 * np.log(-x) + 0.5 / x, {"cdf": lambda x: _erf(np.sqrt(-0.5 / x))}, high=0.0
    ),
    "truncpareto": Standard(
        lambda x, b, c: np.log(-b / np.expm1(-b * np.log(c))) - (b + 1) * np.log(x),
        {"cdf": lambda x, b, c: np.expm1(-b * np.log(x)) / np.expm1(-b * np.log(c))},
        support=lambda b, c: (0 * c + 1, c),
    ),
    "truncweibull_min": Standard(
        lambda x, c, a, b: np.log(c) + _xlogy(c - 1, x) - x**c - np.log(np.exp(-(a**c)) - np.exp(-(b**c))),
        {"cdf": lambda x, c, a, b: (np.exp(-(a**c)) - np.exp(-(x**c))) / (np.exp(-(a**c)) - np.exp(-(b**c)))},
        support=lambda c, a, b: (a, b),
    ),
    "truncexpon": Standard(
        lambda x, b: -x - np.log(-np.expm1(-b)),
        {"cdf": lambda x, b: np.expm1(-x) / np.expm1(-b)},
        support=lambda b: (0 * b, b),
    ),
    "truncnorm": Standard(
        lambda x, a, b: _normal(x) - _truncation(a, b),
        {"cdf": lambda x, a, b: np.exp(_truncation(a, x) - _truncation(a, b))},
        support=lambda a, b: (a, b),
    ),
}


def _binomial(k: Any, n: Any, p: Any) -> Any:
    ways = _gammaln(n + 1) - _gammaln(k + 1) - _gammaln(n - k + 1)
    return ways + _xlogy(k, p) + _xlog1py(n - k, -p)


def _binomial_cdf(k: Any, n: Any, p: Any) -> Any:
    below = k < n
    return np.where(below, _betainc(np.where(below, n - k, 1.0), k + 1.0, 1 - p), 1.0)


#: of integers
_DISCRETE: dict[str, Standard] = {
    "poisson": Standard(
        lambda k, mu: _xlogy(k, mu) - _gammaln(k + 1) - mu,
        {"cdf": lambda k, mu: _gammaincc(k + 1, mu), "sf": lambda k, mu: _gammainc(k + 1, mu)},
        low=0.0,
        discrete=True,
    ),
    "binom": Standard(
        _binomial,
        {"cdf": _binomial_cdf},
        low=0.0,
        discrete=True,
        support=lambda n, p: (0 * n, n),
    ),
    "bernoulli": Standard(
        lambda k, p: _xlogy(k, p) + _xlog1py(1 - k, -p),
        {"cdf": lambda k, p: np.where(k < 1, 1 - p, 1.0)},
        low=0.0,
        high=1.0,
        discrete=True,
    ),
    "geom": Standard(
        lambda k, p: _xlog1py(k - 1, -p) + np.log(p),
        {"cdf": lambda k, p: -np.expm1(_xlog1py(k, -p))},
        low=1.0,
        discrete=True,
    ),
    "betabinom": Standard(
        lambda k, n, a, b: -np.log(n + 1.0) - _betaln(n - k + 1.0, k + 1.0) + _betaln(k + a, n - k + b) - _betaln(a, b),
        discrete=True,
        support=lambda n, a, b: (0 * n, n),
    ),
    "boltzmann": Standard(
        lambda k, a, n: np.log(-np.expm1(-a)) - np.log(-np.expm1(-a * n)) - a * k,
        {"cdf": lambda k, a, n: np.expm1(-a * (k + 1)) / np.expm1(-a * n)},
        discrete=True,
        support=lambda a, n: (0 * n, n - 1),
    ),
    "dlaplace": Standard(
        lambda k, a: np.log(np.tanh(0.5 * a)) - a * np.abs(k),
        {
            "cdf": lambda k, a: np.where(
                k >= 0, 1 - np.exp(-a * (k + 1)) / (np.exp(a) + 1) * np.exp(a), np.exp(a * (k + 1)) / (np.exp(a) + 1)
            )
        },
        discrete=True,
    ),
    "logser": Standard(lambda k, p: _xlogy(k, p) - np.log(k) - np.log(-np.log1p(-p)), low=1.0, discrete=True),
    "nbinom": Standard(
        lambda k, n, p: _gammaln(n + k) - _gammaln(k + 1.0) - _gammaln(n) + n * np.log(p) + _xlog1py(k, -p),
        {"cdf": lambda k, n, p: _betainc(n, k + 1.0, p)},
        low=0.0,
        discrete=True,
    ),
    "planck": Standard(
        lambda k, a: np.log(-np.expm1(-a)) - a * k,
        {"cdf": lambda k, a: -np.expm1(-a * (k + 1))},
        low=0.0,
        discrete=True,
    ),
    "yulesimon": Standard(lambda k, a: np.log(a) + _betaln(k * 1.0, a + 1), low=1.0, discrete=True),
}

DISTRIBUTIONS.update(_BOUNDED)
DISTRIBUTIONS.update(_DISCRETE)
