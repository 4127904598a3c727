"""Functions of ``scipy.special`` that are another of its functions in other arguments: recorded as that one, with SciPy's own value.

Formulas: the documentation of Cephes (distribution functions); DLMF 18.7 (polynomials), 19.8 (the mean of Gauss), 7.19 (Voigt).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import _innermost, concrete, plain
from gradwise.tracing.conversions import is_constant
from gradwise.tracing.traced import dtype_of, isinstance_traced, wrap

if TYPE_CHECKING:
    from collections.abc import Callable


def _whole(k: Any) -> Any:
    """A number of events, which SciPy rounds down: no derivative goes through it."""
    return np.floor(concrete(k, "int") if isinstance_traced(k) else k)


def _order(n: Any, name: str, general: str) -> Any:
    """An order that SciPy truncates, of which there is no derivative."""
    if isinstance_traced(n):
        trace = _innermost(n)
        if trace is not None and not is_constant(n):
            raise trace.fail(
                f"scipy.special.{name} was differentiated with respect to its order n, which SciPy truncates to an integer. A plain integer is required there. "
                f"Give n as a number, or write scipy.special.{general}, whose order is real"
            )
        n = plain(n)
    return np.trunc(n)


def _voigt(x: Any, sigma: Any, gamma: Any) -> Any:
    sharp = concrete(np.equal(sigma, 0), "mask")
    width = np.where(sharp, 1.0, sigma) * math.sqrt(2) if np.any(sharp) else sigma * math.sqrt(2)
    profile = np.real(scipy.special.wofz((x + 1j * gamma) / width)) / (width * math.sqrt(math.pi))
    if not np.any(sharp):
        return profile
    safe = np.where(sharp, gamma, 1.0)  # a Lorentzian where σ = 0, of which the profile is an even function
    return np.where(sharp, safe / (math.pi * (x * x + safe * safe)), profile)


def _f_inverse(dfn: Any, dfd: Any, p: Any) -> Any:
    q = scipy.special.betaincinv(dfn / 2, dfd / 2, p)
    return dfd * q / (dfn * (1 - q))


def _shifted_jacobi(n: Any, p: Any, q: Any, x: Any) -> Any:
    return scipy.special.eval_jacobi(n, p - q, q - 1, 2 * x - 1) / scipy.special.binom(2 * n + p - 1, n)


def _kolmogorov(x: Any) -> tuple[Any, Any]:
    """Kolmogorov's survival function and its slope: one theta series where x is large, its transform where it is small (Feller 1948)."""
    inside = ~concrete(np.less_equal(x, 0), "mask")
    small = inside & concrete(np.less(x, 1), "mask")
    k = np.arange(1.0, 9.0)
    far, near = np.where(small | ~inside, 1.0, x), np.where(small, x, 1.0)
    terms = (-1) ** (k - 1) * np.exp(-2 * k**2 * far[..., None] ** 2)
    rates = ((2 * k - 1) * math.pi) ** 2 / 8
    waves = math.sqrt(2 * math.pi) * np.exp(-rates / near[..., None] ** 2)
    value = np.where(small, 1 - np.sum(waves, -1) / near, 2 * np.sum(terms, -1))
    slope = np.where(
        small, np.sum(waves * (near[..., None] ** 2 - 2 * rates), -1) / near**4, -8 * far * np.sum(k**2 * terms, -1)
    )
    return np.where(inside, value, 1.0), np.where(inside, slope, 0.0)


def _kolmogorov_inverse(p: Any, *, below: bool = False) -> Any:
    """Where Kolmogorov's survival function, or what is below, is p."""
    inverse = scipy.special._ufuncs._kolmogci if below else scipy.special.kolmogi
    x = np.asarray(inverse(concrete(p)))
    for _ in range(3):  # Newton's steps from SciPy's root: exact up to the seventh derivative
        value, slope = _kolmogorov(x)
        x = x + ((1 - value - p) if below else (p - value)) / slope
    return x


def _smirnov(n: Any, d: Any) -> tuple[Any, Any]:
    """Smirnov's survival function and its slope by the sum of Birnbaum & Tingey (1951), of positive terms."""
    n = np.asarray(_order(n, "smirnov", "kolmogorov"), float)[..., None]
    most = float(np.max(n, initial=1.0))
    if np.any(n < 1) or most > 10_000 or most * np.broadcast(n[..., 0], plain(d)).size > _MOST:
        raise d.tape.fail(
            f"scipy.special.smirnov of n = {np.squeeze(n)!r} was called with a traced value. From one to 10000 points are required, of few numbers at once. Call it for each, or use kolmogorov(sqrt(n) d)"
        )
    j = np.arange(most + 1.0)
    at = np.expand_dims(d, -1)
    ahead, rest = at + j / n, 1 - at - j / n
    inside = ~concrete(rest <= 0, "mask") & (j <= n)
    rest = np.where(inside, rest, 1.0)
    gammaln, left = scipy.special.gammaln, np.maximum(n - j, 0.0)
    sizes = gammaln(n + 1) - gammaln(j + 1) - gammaln(left + 1)
    terms = np.where(inside, np.exp(sizes + (j - 1) * np.log(ahead) + left * np.log(rest)), 0.0)
    beyond = concrete(d <= 0, "mask") | concrete(d >= 1, "mask")
    ends = np.where(concrete(d == 0, "mask"), 1.0, np.where(concrete(d == 1, "mask"), 0.0, np.nan))
    total = np.sum(terms, -1)
    slope = total + d * np.sum(terms * ((j - 1) / ahead - left / rest), -1)
    return np.where(beyond, ends, d * total), np.where(beyond, np.nan, slope)


#: terms of all sums together
_MOST = 2**22
_FORMS: dict[str, Callable[..., Any]] = {
    "agm": lambda a, b: math.pi / 4 * (a + b) / scipy.special.ellipk(((a - b) / (a + b)) ** 2),
    "bdtr": lambda k, n, p: scipy.special.betainc(_whole(n) - _whole(k), _whole(k) + 1, 1 - p),
    "bdtrc": lambda k, n, p: scipy.special.betainc(_whole(k) + 1, _whole(n) - _whole(k), p),
    "chdtr": lambda v, x: scipy.special.gammainc(v / 2, x / 2),
    "chdtrc": lambda v, x: scipy.special.gammaincc(v / 2, x / 2),
    "chdtri": lambda v, p: 2 * scipy.special.gammainccinv(v / 2, p),
    "eval_chebyc": lambda n, x: 2 * scipy.special.eval_chebyt(n, x / 2),
    "eval_chebys": lambda n, x: scipy.special.eval_chebyu(n, x / 2),
    "eval_sh_chebyt": lambda n, x: scipy.special.eval_chebyt(n, 2 * x - 1),
    "eval_sh_chebyu": lambda n, x: scipy.special.eval_chebyu(n, 2 * x - 1),
    "eval_sh_jacobi": _shifted_jacobi,
    "eval_sh_legendre": lambda n, x: scipy.special.eval_legendre(n, 2 * x - 1),
    "fdtr": lambda a, b, x: scipy.special.betainc(a / 2, b / 2, a * x / (b + a * x)),
    "fdtrc": lambda a, b, x: scipy.special.betainc(b / 2, a / 2, b / (b + a * x)),
    "fdtri": _f_inverse,
    "gdtr": lambda a, b, x: scipy.special.gammainc(b, a * x),
    "gdtrc": lambda a, b, x: scipy.special.gammaincc(b, a * x),
    "gdtria": lambda p, b, x: scipy.special.gammaincinv(b, p) / x,
    "gdtrix": lambda a, b, p: scipy.special.gammaincinv(b, p) / a,
    "_kolmogc": lambda x: 1 - _kolmogorov(x)[0],
    "_kolmogci": lambda p: _kolmogorov_inverse(p, below=True),
    "_kolmogp": lambda x: _kolmogorov(x)[1],
    "_log1mexp": lambda x: np.log(-np.expm1(x)),
    "_smirnovc": lambda n, d: 1 - _smirnov(n, d)[0],
    "_smirnovp": lambda n, d: _smirnov(n, d)[1],
    "kolmogi": _kolmogorov_inverse,
    "kolmogorov": lambda x: _kolmogorov(x)[0],
    "kn": lambda n, x: scipy.special.kv(_order(n, "kn", "kv"), x),
    "nbdtr": lambda k, n, p: scipy.special.betainc(_whole(n), _whole(k) + 1, p),
    "nbdtrc": lambda k, n, p: scipy.special.betaincc(_whole(n), _whole(k) + 1, p),
    "nrdtrimn": lambda p, sd, x: x - sd * scipy.special.ndtri(p),
    "nrdtrisd": lambda mn, p, x: (x - mn) / scipy.special.ndtri(p),
    "pdtr": lambda k, m: scipy.special.gammaincc(_whole(k) + 1, m),
    "pdtrc": lambda k, m: scipy.special.gammainc(_whole(k) + 1, m),
    "pdtri": lambda k, p: scipy.special.gammainccinv(_whole(k) + 1, p),
    "smirnov": lambda n, d: _smirnov(n, d)[0],
    "voigt_profile": _voigt,
    "yn": lambda n, x: scipy.special.yv(_order(n, "yn", "yv"), x),
}


#: name → what must hold of the arguments where SciPy's value is a number, as far as the form gives numbers beyond
_DOMAINS: dict[str, Callable[..., tuple[Any, ...]]] = {
    **dict.fromkeys(("fdtr", "fdtrc"), lambda a, b, x: (a > 0, b > 0, x >= 0)),
    **dict.fromkeys(("gdtr", "gdtrc"), lambda a, b, x: (a >= 0, b >= 0, x >= 0)),
    "nrdtrimn": lambda p, sd, x: (p > 0, p < 1, sd > 0),
    "nrdtrisd": lambda mn, p, x: (p > 0, p < 1),
}


def _recorder(form: Callable[..., Any], domain: Callable[..., tuple[Any, ...]] | None) -> Callable[..., Any]:
    def call(ufunc: Any, *inputs: Any) -> Any:
        value = ufunc(*map(plain, inputs))
        if _innermost(*inputs) is None:
            return value
        for within in () if domain is None else domain(*inputs):
            concrete(within, "mask")
        with np.errstate(all="ignore"):
            result = form(*inputs)
        if not isinstance_traced(result) or not result.tape.open:
            return value
        if dtype_of(plain(result)) != dtype_of(value):
            result = result.astype(dtype_of(value))
        return wrap(result.tape, result.index, value, pinned=False)

    return call


#: name of the universal function → how a call of it on traced values is recorded
BY_NAME: dict[str, Callable[..., Any]] = {name: _recorder(form, _DOMAINS.get(name)) for name, form in _FORMS.items()}
