"""SciPy's special functions as SymPy expressions: one row each, by their definitions in the DLMF."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwise.symbolic.library import sp


def _ndtr(x: Any) -> Any:
    return (1 + sp.erf(x / sp.sqrt(2))) / 2


def _ndtri(p: Any) -> Any:
    return sp.sqrt(2) * sp.erfinv(2 * p - 1)


def _mills(x: Any) -> Any:
    """φ(x)/Φ(x)."""
    return sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi) / _ndtr(x)


def _regularized(lower: bool) -> Any:
    def value(a: Any, x: Any) -> Any:
        return (sp.lowergamma(a, x) if lower else sp.uppergamma(a, x)) / sp.gamma(a)

    return value


def _beta(a: Any, b: Any) -> Any:
    return sp.gamma(a) * sp.gamma(b) / sp.gamma(a + b)


def _boxcox(x: Any, k: Any) -> Any:
    return sp.log(x) if k == 0 else (x**k - 1) / k


def _inverse_boxcox(y: Any, k: Any) -> Any:
    return sp.exp(y) if k == 0 else (k * y + 1) ** (1 / k)


def _huber(d: Any, r: Any) -> Any:
    return sp.Piecewise((r**2 / 2, sp.Abs(r) <= d), (d * (sp.Abs(r) - d / 2), True))


def _degrees(function: str) -> Any:
    return lambda x: getattr(sp, function)(sp.pi * x / 180)


def _scaled(function: str, weight: Callable[[Any], Any]) -> Any:
    return lambda x: weight(x) * getattr(sp, function)(x)


def _bessel(function: str, order: int, weight: Callable[[Any], Any] | None = None) -> Any:
    return lambda x: (1 if weight is None else weight(x)) * getattr(sp, function)(order, x)


def _entropy(x: Any) -> Any:
    return -x * sp.log(x)


#: as ``ENTRYWISE``, for the functions of ``scipy.special``
SPECIAL: dict[str, Callable[..., Any]] = {
    "erf": lambda x: sp.erf(x),
    "erfc": lambda x: sp.erfc(x),
    "erfi": lambda x: sp.erfi(x),
    "erfcx": _scaled("erfc", lambda x: sp.exp(x**2)),
    "dawsn": lambda x: sp.sqrt(sp.pi) / 2 * sp.exp(-(x**2)) * sp.erfi(x),
    "erfinv": lambda x: sp.erfinv(x),
    "erfcinv": lambda x: sp.erfinv(1 - x),
    "ndtr": _ndtr,
    "ndtri": _ndtri,
    "ndtri_exp": lambda x: _ndtri(sp.exp(x)),
    "log_ndtr": lambda x: sp.log(_ndtr(x)),
    "inverse_mills": _mills,
    "mills_gap": lambda x: x + _mills(x),
    "digamma": lambda x: sp.digamma(x),
    "polygamma": lambda x, n: sp.polygamma(n, x),
    "gamma": lambda x: sp.gamma(x),
    "gammaln": lambda x: sp.log(sp.Abs(sp.gamma(x))) if x.is_negative else sp.loggamma(x),
    "loggamma": lambda x: sp.loggamma(x),
    "gammasgn": lambda x: sp.sign(sp.gamma(x)),
    "rgamma": lambda x: 1 / sp.gamma(x),
    "beta": _beta,
    "betaln": lambda a, b: sp.loggamma(a) + sp.loggamma(b) - sp.loggamma(a + b),
    "poch": lambda x, m: sp.gamma(x + m) / sp.gamma(x),
    "binom": lambda n, k: sp.gamma(n + 1) / (sp.gamma(k + 1) * sp.gamma(n - k + 1)),
    "zeta": lambda s, q: sp.zeta(s, q),
    "riemann_zeta": lambda s: sp.zeta(s),
    "gammainc": _regularized(lower=True),
    "gammaincc": _regularized(lower=False),
    "exp10": lambda x: sp.Integer(10) ** x,
    "exprel": lambda x: (sp.exp(x) - 1) / x,
    "logit": lambda x: sp.log(x / (1 - x)),
    "log_expit": lambda x: -sp.log(1 + sp.exp(-x)),
    "cosm1": lambda x: sp.cos(x) - 1,
    "powm1": lambda x, z: x**z - 1,
    "xlogy": lambda x, z: x * sp.log(z),
    "xlog1py": lambda x, z: x * sp.log(1 + z),
    "entr": _entropy,
    "rel_entr": lambda x, z: x * sp.log(x / z),
    "kl_div": lambda x, z: x * sp.log(x / z) - x + z,
    "boxcox": _boxcox,
    "boxcox1p": lambda x, k: _boxcox(1 + x, k),
    "inv_boxcox": _inverse_boxcox,
    "inv_boxcox1p": lambda y, k: _inverse_boxcox(y, k) - 1,
    "huber": _huber,
    "pseudo_huber": lambda d, r: d**2 * (sp.sqrt(1 + (r / d) ** 2) - 1),
    "lambertw": lambda x, k: sp.LambertW(x, k),
    "wrightomega": lambda x: sp.LambertW(sp.exp(x)),
    "sindg": _degrees("sin"),
    "cosdg": _degrees("cos"),
    "tandg": _degrees("tan"),
    "cotdg": _degrees("cot"),
    "radian": lambda d, m, s: sp.pi / 180 * (d + m / 60 + s / 3600),
    "sinc": lambda x: sp.sinc(sp.pi * x),
    "expi": lambda x: sp.Ei(x),
    "exp1": lambda x: sp.expint(1, x),
    "expn": lambda n, x: sp.expint(n, x),
    "spence": lambda x: sp.polylog(2, 1 - x),
    "j0": _bessel("besselj", 0),
    "j1": _bessel("besselj", 1),
    "y0": _bessel("bessely", 0),
    "y1": _bessel("bessely", 1),
    "i0": _bessel("besseli", 0),
    "i1": _bessel("besseli", 1),
    "k0": _bessel("besselk", 0),
    "k1": _bessel("besselk", 1),
    "i0e": _bessel("besseli", 0, lambda x: sp.exp(-sp.Abs(x))),
    "i1e": _bessel("besseli", 1, lambda x: sp.exp(-sp.Abs(x))),
    "k0e": _bessel("besselk", 0, lambda x: sp.exp(x)),
    "k1e": _bessel("besselk", 1, lambda x: sp.exp(x)),
    "jv": lambda v, x: sp.besselj(v, x),
    "yv": lambda v, x: sp.bessely(v, x),
    "iv": lambda v, x: sp.besseli(v, x),
    "kv": lambda v, x: sp.besselk(v, x),
    "ive": lambda v, x: sp.exp(-sp.Abs(x)) * sp.besseli(v, x),
    "kve": lambda v, x: sp.exp(x) * sp.besselk(v, x),
    "ellipk": lambda m: sp.elliptic_k(m),
    "ellipkm1": lambda p: sp.elliptic_k(1 - p),
    "ellipe": lambda m: sp.elliptic_e(m),
    "ellipkinc": lambda phi, m: sp.elliptic_f(phi, m),
    "ellipeinc": lambda phi, m: sp.elliptic_e(phi, m),
    "hyp0f1": lambda b, z: sp.hyper((), (b,), z),
    "hyp1f1": lambda a, b, z: sp.hyper((a,), (b,), z),
    "hyp2f1": lambda a, b, c, z: sp.hyper((a, b), (c,), z),
    "eval_legendre": lambda n, x: sp.legendre(n, x),
    "eval_chebyt": lambda n, x: sp.chebyshevt(n, x),
    "eval_chebyu": lambda n, x: sp.chebyshevu(n, x),
    "eval_laguerre": lambda n, x: sp.laguerre(n, x),
    "eval_genlaguerre": lambda n, a, x: sp.assoc_laguerre(n, a, x),
    "eval_hermite": lambda n, x: sp.hermite(n, x),
    "eval_hermitenorm": lambda n, x: sp.expand(2 ** (-n / sp.Integer(2)) * sp.hermite(n, x / sp.sqrt(2))),
    "eval_jacobi": lambda n, a, b, x: sp.jacobi(n, a, b, x),
    "eval_gegenbauer": lambda n, a, x: sp.gegenbauer(n, a, x),
}

#: as ``SPECIAL``, for functions with several values
SEVERAL: dict[str, Callable[..., tuple[Any, ...]]] = {
    "sici": lambda x: (sp.Si(x), sp.Ci(x)),
    "shichi": lambda x: (sp.Shi(x), sp.Chi(x)),
    "fresnel": lambda x: (sp.fresnels(x), sp.fresnelc(x)),
    "airy": lambda x: (sp.airyai(x), sp.airyaiprime(x), sp.airybi(x), sp.airybiprime(x)),
}
