"""Further distributions of ``scipy.stats`` in their standard forms, with SciPy's shape parameters.

Formulas: the documentation of ``scipy.stats``; Johnson, Kotz & Balakrishnan, *Continuous Univariate Distributions*; *Discrete Univariate Distributions*.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwise.tracing.standins.scipy_distributions import DISTRIBUTIONS, Standard, _sp

_gammaln, _betaln, _xlogy, _xlog1py = map(_sp, ("gammaln", "betaln", "xlogy", "xlog1py"))
_gammainc, _betainc = map(_sp, ("gammainc", "betainc"))
_ndtr, _log_ndtr, _erf, _erfc = map(_sp, ("ndtr", "log_ndtr", "erf", "erfc"))
_k1e, _owens_t = map(_sp, ("k1e", "owens_t"))
_PI = math.pi
_LOG_2 = math.log(2)
_LOG_2_PI = math.log(2 * math.pi)


def _normal(x: Any) -> Any:
    return -0.5 * x * x - 0.5 * _LOG_2_PI


def _softplus(x: Any) -> Any:
    return np.logaddexp(0.0, x)


def _gauss_inverse(x: Any, mu: Any) -> Any:
    root = np.sqrt(x)
    return _ndtr((x - mu) / (mu * root)) + np.exp(2 / mu + _log_ndtr(-(x + mu) / (mu * root)))


def _normal_inverse_gauss(x: Any, a: Any, b: Any) -> Any:
    size = np.hypot(1.0, x)
    return np.log(a / _PI) + np.sqrt(a * a - b * b) + b * x - np.log(size) + np.log(_k1e(a * size)) - a * size


def _weibull_2(x: Any, a: Any, c: Any) -> Any:
    power = x**c
    return np.log(a) + np.log(c) + _xlogy(a - 1, -np.expm1(-power)) - power + _xlogy(c - 1, x)


def _skew_cauchy(x: Any, a: Any) -> Any:
    side = np.where(x <= 0, 1 - a, 1 + a)
    return 0.5 * (1 - a) + side / _PI * np.arctan(x / side)


#: continuous on the whole line
_LINE: dict[str, Standard] = {
    "dgamma": Standard(
        lambda x, a: _xlogy(a - 1, np.abs(x)) - np.abs(x) - _gammaln(a) - _LOG_2,
        {"cdf": lambda x, a: 0.5 + 0.5 * np.sign(x) * _gammainc(a, np.abs(x))},
    ),
    "dweibull": Standard(
        lambda x, c: np.log(0.5 * c) + _xlogy(c - 1, np.abs(x)) - np.abs(x) ** c,
        {"cdf": lambda x, c: np.where(x > 0, 1 - 0.5 * np.exp(-(np.abs(x) ** c)), 0.5 * np.exp(-(np.abs(x) ** c)))},
    ),
    "exponnorm": Standard(
        lambda x, k: 0.5 / (k * k) - x / k - np.log(k) + _log_ndtr(x - 1 / k),
        {"cdf": lambda x, k: _ndtr(x) - np.exp(0.5 / (k * k) - x / k + _log_ndtr(x - 1 / k))},
    ),
    "genlogistic": Standard(
        lambda x, c: np.log(c) - x - (c + 1) * _softplus(-x),
        {"cdf": lambda x, c: np.exp(-c * _softplus(-x)), "logcdf": lambda x, c: -c * _softplus(-x)},
    ),
    "gennorm": Standard(
        lambda x, b: np.log(0.5 * b) - _gammaln(1 / b) - np.abs(x) ** b,
        {"cdf": lambda x, b: 0.5 + 0.5 * np.sign(x) * _gammainc(1 / b, np.abs(x) ** b)},
    ),
    "gumbel_l": Standard(
        lambda x: x - np.exp(x),
        {
            "cdf": lambda x: -np.expm1(-np.exp(x)),
            "sf": lambda x: np.exp(-np.exp(x)),
            "logsf": lambda x: -np.exp(x),
            "ppf": lambda q: np.log(-np.log1p(-q)),
        },
    ),
    "hypsecant": Standard(
        lambda x: -np.log(_PI / 2) - np.logaddexp(x, -x),
        {"cdf": lambda x: 2 / _PI * np.arctan(np.exp(x)), "ppf": lambda q: np.log(np.tan(_PI * q / 2))},
    ),
    "johnsonsu": Standard(
        lambda x, a, b: _normal(a + b * np.arcsinh(x)) + np.log(b) - 0.5 * np.log1p(x * x),
        {"cdf": lambda x, a, b: _ndtr(a + b * np.arcsinh(x))},
    ),
    "laplace_asymmetric": Standard(
        lambda x, k: x * np.where(x >= 0, -k, 1 / k) - np.log(k + 1 / k),
        {
            "cdf": lambda x, k: np.where(
                x >= 0, 1 - np.exp(-k * np.abs(x)) / (1 + k * k), np.exp(-np.abs(x) / k) * k * k / (1 + k * k)
            )
        },
    ),
    "loggamma": Standard(lambda x, c: c * x - np.exp(x) - _gammaln(c), {"cdf": lambda x, c: _gammainc(c, np.exp(x))}),
    "moyal": Standard(
        lambda x: -0.5 * (x + np.exp(-x) + _LOG_2_PI), {"cdf": lambda x: _erfc(np.exp(-0.5 * x) / math.sqrt(2))}
    ),
    "norminvgauss": Standard(_normal_inverse_gauss),
    "powernorm": Standard(
        lambda x, c: np.log(c) + _normal(x) + (c - 1) * _log_ndtr(-x), {"sf": lambda x, c: np.exp(c * _log_ndtr(-x))}
    ),
    "skewcauchy": Standard(
        lambda x, a: -math.log(_PI) - np.log1p((x / (1 + a * np.sign(x))) ** 2), {"cdf": _skew_cauchy}
    ),
    "skewnorm": Standard(
        lambda x, a: _LOG_2 + _normal(x) + _log_ndtr(a * x), {"cdf": lambda x, a: _ndtr(x) - 2 * _owens_t(x, a)}
    ),
}
#: continuous on the positive numbers
_POSITIVE: dict[str, Standard] = {
    "alpha": Standard(
        lambda x, a: -2 * np.log(x) + _normal(a - 1 / x) - _log_ndtr(a),
        {"cdf": lambda x, a: _ndtr(a - 1 / x) / _ndtr(a)},
    ),
    "betaprime": Standard(
        lambda x, a, b: _xlogy(a - 1, x) - _xlog1py(a + b, x) - _betaln(a, b),
        {"cdf": lambda x, a, b: _betainc(a, b, x / (1 + x))},
    ),
    "burr": Standard(
        lambda x, c, d: np.log(c) + np.log(d) + _xlogy(-c - 1, x) - _xlog1py(d + 1, x**-c),
        {"cdf": lambda x, c, d: np.exp(-d * np.log1p(x**-c))},
    ),
    "burr12": Standard(
        lambda x, c, d: np.log(c) + np.log(d) + _xlogy(c - 1, x) - _xlog1py(d + 1, x**c),
        {"sf": lambda x, c, d: np.exp(-d * np.log1p(x**c)), "logsf": lambda x, c, d: -d * np.log1p(x**c)},
    ),
    "chi": Standard(
        lambda x, k: _xlogy(k - 1, x) - 0.5 * x * x - (0.5 * k - 1) * _LOG_2 - _gammaln(0.5 * k),
        {"cdf": lambda x, k: _gammainc(0.5 * k, 0.5 * x * x)},
    ),
    "exponpow": Standard(
        lambda x, b: 1 + np.log(b) + _xlogy(b - 1, x) + x**b - np.exp(x**b),
        {"cdf": lambda x, b: -np.expm1(-np.expm1(x**b))},
    ),
    "exponweib": Standard(_weibull_2, {"cdf": lambda x, a, c: (-np.expm1(-(x**c))) ** a}),
    "f": Standard(
        lambda x, n, m: (
            _xlogy(0.5 * m, m)
            + _xlogy(0.5 * n, n)
            + _xlogy(0.5 * n - 1, x)
            - 0.5 * (n + m) * np.log(m + n * x)
            - _betaln(0.5 * n, 0.5 * m)
        ),
        {"cdf": lambda x, n, m: _betainc(0.5 * n, 0.5 * m, n * x / (m + n * x))},
    ),
    "fatiguelife": Standard(
        lambda x, c: np.log1p(x) - (x - 1) ** 2 / (2 * x * c * c) - np.log(2 * c) - 0.5 * (_LOG_2_PI + 3 * np.log(x)),
        {"cdf": lambda x, c: _ndtr((np.sqrt(x) - 1 / np.sqrt(x)) / c)},
    ),
    "fisk": Standard(
        lambda x, c: np.log(c) + _xlogy(c - 1, x) - 2 * np.log1p(x**c), {"cdf": lambda x, c: 1 / (1 + x**-c)}
    ),
    "foldcauchy": Standard(
        lambda x, c: np.log(1 / (1 + (x - c) ** 2) + 1 / (1 + (x + c) ** 2)) - math.log(_PI),
        {"cdf": lambda x, c: (np.arctan(x - c) + np.arctan(x + c)) / _PI},
    ),
    "foldnorm": Standard(
        lambda x, c: np.logaddexp(_normal(x - c), _normal(x + c)),
        {"cdf": lambda x, c: 0.5 * (_erf((x - c) / math.sqrt(2)) + _erf((x + c) / math.sqrt(2)))},
    ),
    "gengamma": Standard(
        lambda x, a, c: np.log(np.abs(c)) + _xlogy(c * a - 1, x) - x**c - _gammaln(a),
        {"cdf": lambda x, a, c: np.where(c > 0, _gammainc(a, x**c), 1 - _gammainc(a, x**c))},
    ),
    "gibrat": Standard(lambda x: _normal(np.log(x)) - np.log(x), {"cdf": lambda x: _ndtr(np.log(x))}),
    "gompertz": Standard(
        lambda x, c: np.log(c) + x - c * np.expm1(x), {"cdf": lambda x, c: -np.expm1(-c * np.expm1(x))}
    ),
    "halfcauchy": Standard(
        lambda x: math.log(2 / _PI) - np.log1p(x * x),
        {"cdf": lambda x: 2 / _PI * np.arctan(x), "ppf": lambda q: np.tan(_PI / 2 * q)},
    ),
    "halfgennorm": Standard(
        lambda x, b: np.log(b) - _gammaln(1 / b) - x**b, {"cdf": lambda x, b: _gammainc(1 / b, x**b)}
    ),
    "halflogistic": Standard(lambda x: _LOG_2 - x - 2 * _softplus(-x), {"cdf": lambda x: np.tanh(0.5 * x)}),
    "invgauss": Standard(
        lambda x, mu: -0.5 * _LOG_2_PI - 1.5 * np.log(x) - ((x - mu) / mu) ** 2 / (2 * x), {"cdf": _gauss_inverse}
    ),
    "invweibull": Standard(
        lambda x, c: np.log(c) - (c + 1) * np.log(x) - x**-c,
        {"cdf": lambda x, c: np.exp(-(x**-c)), "logcdf": lambda x, c: -(x**-c)},
    ),
    "kappa3": Standard(
        lambda x, a: np.log(a) - (a + 1) / a * np.log(a + x**a), {"cdf": lambda x, a: x * (a + x**a) ** (-1 / a)}
    ),
    "levy": Standard(
        lambda x: -0.5 * _LOG_2_PI - 1.5 * np.log(x) - 0.5 / x, {"cdf": lambda x: _erfc(np.sqrt(0.5 / x))}
    ),
    "loglaplace": Standard(
        lambda x, c: np.log(0.5 * c) + np.where(x < 1, c - 1, -c - 1) * np.log(x),
        {"cdf": lambda x, c: np.where(x < 1, 0.5 * np.where(x < 1, x, 1.0) ** c, 1 - 0.5 * x**-c)},
    ),
    "lomax": Standard(
        lambda x, c: np.log(c) - (c + 1) * np.log1p(x),
        {"sf": lambda x, c: np.exp(-c * np.log1p(x)), "logsf": lambda x, c: -c * np.log1p(x)},
    ),
    "maxwell": Standard(
        lambda x: 0.5 * math.log(2 / _PI) + 2 * np.log(x) - 0.5 * x * x, {"cdf": lambda x: _gammainc(1.5, 0.5 * x * x)}
    ),
    "mielke": Standard(
        lambda x, k, s: np.log(k) + _xlogy(k - 1, x) - (1 + k / s) * np.log1p(x**s),
        {"cdf": lambda x, k, s: x**k / (1 + x**s) ** (k / s)},
    ),
    "nakagami": Standard(
        lambda x, nu: _LOG_2 + _xlogy(nu, nu) - _gammaln(nu) + _xlogy(2 * nu - 1, x) - nu * x * x,
        {"cdf": lambda x, nu: _gammainc(nu, nu * x * x)},
    ),
    "powerlognorm": Standard(
        lambda x, c, s: np.log(c) - np.log(x * s) + _normal(np.log(x) / s) + (c - 1) * _log_ndtr(-np.log(x) / s),
        {"sf": lambda x, c, s: np.exp(c * _log_ndtr(-np.log(x) / s))},
    ),
    "recipinvgauss": Standard(lambda x, mu: -((1 - mu * x) ** 2) / (2 * x * mu * mu) - 0.5 * (_LOG_2_PI + np.log(x))),
    "wald": Standard(
        lambda x: -0.5 * _LOG_2_PI - 1.5 * np.log(x) - (x - 1) ** 2 / (2 * x), {"cdf": lambda x: _gauss_inverse(x, 1.0)}
    ),
}


def _from_zero(standard: Standard) -> Standard:
    return Standard(standard.logpdf, standard.functions, low=0.0)


DISTRIBUTIONS.update(_LINE)
DISTRIBUTIONS.update({name: _from_zero(standard) for name, standard in _POSITIVE.items()})
DISTRIBUTIONS["erlang"] = DISTRIBUTIONS["gamma"]
