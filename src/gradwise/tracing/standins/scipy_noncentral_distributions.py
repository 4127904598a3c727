"""Distributions of ``scipy.stats`` of a noncentrality, on the circle, and of Bessel functions.

Formulas: the documentation of ``scipy.stats``; Johnson, Kotz & Balakrishnan, *Continuous Univariate Distributions*, chapters 29 to 31; Abramowitz & Stegun 9.6.34 (von Mises).  A distribution function
without a formula is the integral of its density over the side that is asked for, by the exp-sinh rule; it is used where it has SciPy's value.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwise.tracing.arithmetic import concrete, plain
from gradwise.tracing.special_parameters import half_line
from gradwise.tracing.standins.scipy_distributions import DISTRIBUTIONS, Standard, _sp

if TYPE_CHECKING:
    from collections.abc import Callable

_gammaln, _betaln, _xlogy, _xlog1py = map(_sp, ("gammaln", "betaln", "xlogy", "xlog1py"))
_chndtr, _chndtrix, _ncfdtr, _ncfdtri = map(_sp, ("chndtr", "chndtrix", "ncfdtr", "ncfdtri"))
_nctdtr, _nctdtrit, _tklmbda, _hyp1f1 = map(_sp, ("nctdtr", "nctdtrit", "tklmbda", "hyp1f1"))
_i0e, _ive, _kve, _cosm1 = map(_sp, ("i0e", "ive", "kve", "cosm1"))
_LOG_2 = math.log(2)
_LOG_2_PI = math.log(2 * math.pi)


def _chi_squared(x: Any, df: Any, nc: Any) -> Any:
    return (
        _xlogy(0.25 * df - 0.5, x / nc)
        - 0.5 * (np.sqrt(x) - np.sqrt(nc)) ** 2
        + np.log(0.5 * _ive(0.5 * df - 1, np.sqrt(x * nc)))
    )


def _fisher(x: Any, m: Any, n: Any, nc: Any) -> Any:
    """By ₁F₁, which sums the mixture."""
    central = _xlogy(0.5 * m, m / n) + _xlogy(0.5 * m - 1, x) - 0.5 * (m + n) * np.log1p(m * x / n)
    mixture = _hyp1f1(0.5 * (m + n), 0.5 * m, 0.5 * nc * m * x / (n + m * x))
    return central - _betaln(0.5 * m, 0.5 * n) - 0.5 * nc + np.log(mixture)


def _student(x: Any, n: Any, nc: Any) -> Any:
    total = n + x * x
    z = 0.5 * (nc * x) ** 2 / total
    odd = math.sqrt(2) * nc * x * _hyp1f1(0.5 * n + 1, 1.5, z) / total
    even = _hyp1f1(0.5 * (n + 1), 0.5, z) / np.sqrt(total)
    ratio = np.exp(_gammaln(0.5 * n + 0.5) - _gammaln(0.5 * n + 1))
    size = 0.5 * n * np.log(n) + _gammaln(n + 1) - 0.5 * nc * nc - 0.5 * n * np.log(total) - n * _LOG_2
    return size - _gammaln(0.5 * n) - _gammaln(0.5 * n + 0.5) + np.log(odd + even * ratio)


def _von_mises(x: Any, k: Any) -> Any:
    """½ + x/2π + (1/π) Σ I_j(κ)/I₀(κ) sin(jx)/j."""
    root = concrete(np.ceil(np.sqrt(np.max(k, initial=0.0))), "index")  # which asks for so many terms
    j = np.arange(1.0, 35 + 9 * float(root))
    x, k = (np.expand_dims(v, -1) for v in (x, k))
    waves = np.sum(_ive(j, k) / _i0e(k) * np.sin(j * x) / j, axis=-1)
    return 0.5 + (0.5 * x[..., 0] + waves) / math.pi


def _log_von_mises(x: Any, k: Any) -> Any:
    return k * _cosm1(x) - _LOG_2_PI - np.log(_i0e(k))


def _tukey(x: Any, shape: Any) -> Any:
    p = _tklmbda(x, shape)
    return -np.log(p ** (shape - 1) + (1 - p) ** (shape - 1))


def _tukey_support(shape: Any) -> tuple[Any, Any]:
    end = np.where(shape > 0, 1 / np.where(shape > 0, shape, 1.0), np.inf)
    return -end, end


def _log_k(v: Any, z: Any) -> Any:
    """The logarithm of K_v(z)."""
    return np.log(_kve(v, z)) - z


def _inverse_gaussian(x: Any, p: Any, b: Any) -> Any:
    return (p - 1) * np.log(x) - 0.5 * b * (x + 1 / x) - _LOG_2 - _log_k(p, b)


def _hyperbolic(x: Any, p: Any, a: Any, b: Any) -> Any:
    gamma, root = np.sqrt(a * a - b * b), np.sqrt(1 + x * x)
    size = p * np.log(gamma) - 0.5 * _LOG_2_PI - (p - 0.5) * np.log(a) - _log_k(p, gamma)
    return size + b * x + _log_k(p - 0.5, a * root) + (p - 0.5) * np.log(root)


def _beyond(logpdf: Callable[..., Any]) -> Callable[..., Any]:
    """∫ₓ^∞ of a density."""

    def sf(x: Any, *shapes: Any) -> Any:
        t, w = half_line(np.ones(np.broadcast(*map(plain, (x, *shapes))).shape))
        x, *rest = (np.expand_dims(v, -1) for v in (x, *shapes))
        near = t < 1e3  # beyond, every density here is below rounding
        values = np.exp(logpdf(x + np.where(near, t, 1.0), *rest))
        return np.sum(np.where(near, w, 0.0) * values, axis=-1)

    return sf


#: the side that is integrated may be the long one: where SciPy's value is another, the call raises
_LINE: dict[str, Standard] = {
    "genhyperbolic": Standard(_hyperbolic, {"sf": _beyond(_hyperbolic)}, confirmed=True),
    "nct": Standard(
        _student, {"cdf": lambda x, df, nc: _nctdtr(df, nc, x), "ppf": lambda q, df, nc: _nctdtrit(df, nc, q)}
    ),
    "tukeylambda": Standard(_tukey, {"cdf": _tklmbda}, support=_tukey_support),
    "vonmises": Standard(_log_von_mises, {"cdf": _von_mises}),
    "vonmises_line": Standard(_log_von_mises, {"cdf": _von_mises}, low=-math.pi, high=math.pi),
}
_POSITIVE: dict[str, Standard] = {
    "geninvgauss": Standard(_inverse_gaussian, {"sf": _beyond(_inverse_gaussian)}, low=0.0, confirmed=True),
    "ncf": Standard(
        _fisher,
        {
            "cdf": lambda x, m, n, nc: _ncfdtr(m, n, nc, x),
            "ppf": lambda q, m, n, nc: _ncfdtri(m, n, nc, q),
        },
        low=0.0,
    ),
    "ncx2": Standard(
        _chi_squared,
        {"cdf": _chndtr, "ppf": _chndtrix},
        low=0.0,
    ),
    "rice": Standard(
        lambda x, b: np.log(x) - 0.5 * (x - b) ** 2 + np.log(_i0e(x * b)),
        {"cdf": lambda x, b: _chndtr(x * x, 2.0, b * b)},
        low=0.0,
    ),
}

DISTRIBUTIONS.update(_LINE)
DISTRIBUTIONS.update(_POSITIVE)
