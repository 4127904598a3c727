"""Functions of ``scipy.special`` by parameters of which no derivative is known in closed form: sums and integrals that hold to rounding, of what has rules.

    ₁F₁, ₂F₁, ₀F₁, Jacobi's, Gegenbauer's and Laguerre's polynomials     their power series           DLMF 13.2.2, 15.2.1, 18.5.7, 18.5.12
    U(a, b, x) = 1/Γ(a) ∫₀^∞ e^{−xt} tᵃ⁻¹ (1+t)^{b−a−1} dt               DLMF 13.4.4, by the exp-sinh rule (Takahasi & Mori 1974)
    R_C, R_D, R_F, R_G, R_J                                              DLMF 19.16.1 to 19.16.6 and 19.23.7, likewise
    H_ν, L_ν                                                             their power series           DLMF 11.2.1, 11.2.2
    D_ν, V_ν                                                             sums of ₁F₁                  DLMF 12.4.1, 12.2.20
    χ′², F′ and t′ of a noncentrality                                    mixtures                     Johnson, Kotz & Balakrishnan, chapters 29 to 31

The value is SciPy's; where a formula does not have it, the call raises.  Inverses (``btdtria``, ``chndtrix``, …) are roots of the function that they invert.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from gradwise.tracing.arithmetic import plain
from gradwise.tracing.traced import isinstance_traced

if TYPE_CHECKING:
    from collections.abc import Callable

#: terms of a series, entries of an array of terms
MOST_TERMS, LARGEST = 4000, 2**22
#: how far a formula may be from SciPy's value; SciPy's own are off by the second in some, and roots that it searches by the third
NEAR, NEAR_ENOUGH, NEAR_ROOTS = 1e-11, 1e-9, 1e-6
_TOO_MANY = np.nan


def _wide(*operands: Any) -> list[Any]:
    """Operands with an axis for the terms."""
    return [np.expand_dims(o if isinstance_traced(o) else np.asarray(o, float), -1) for o in operands]


def _size(*operands: Any) -> int:
    return max(np.broadcast(*map(plain, operands)).size, 1)


# --- hypergeometric series --------------------------------------------------------------------------------------------------------


def _hypergeometric(upper: tuple[Any, ...], lower: tuple[Any, ...], z: Any, count: int) -> Any:
    """Σ Π (aᵢ)_k / Π (bᵢ)_k zᵏ/k!, of ``count`` terms."""
    if not 0 < count <= MOST_TERMS or count * _size(*upper, *lower, z) > LARGEST:
        return _TOO_MANY
    k = np.arange(float(count))
    ratio = _wide(z)[0] / (k + 1)
    for a in _wide(*upper):
        ratio = ratio * (a + k)
    for b in _wide(*lower):
        ratio = ratio / (b + k)
    return 1.0 + np.sum(np.cumprod(ratio, axis=-1), axis=-1)


def _farthest(x: Any) -> float:
    return float(np.max(np.abs(plain(x)), initial=0.0))


def _kummer(a: Any, b: Any, x: Any) -> Any:
    """₁F₁, of positive terms: by Kummer's transformation where x is negative."""
    negative = plain(x) < 0
    sign = np.where(negative, -1.0, 1.0)
    count = int(60 + 3 * _farthest(x) + 2 * _farthest(a))
    series = _hypergeometric((np.where(negative, b - a, a),), (b,), x * sign, count)
    return np.where(negative, np.exp(x), 1.0) * series


def _gauss(a: Any, b: Any, c: Any, x: Any) -> Any:
    """₂F₁ for x < 1: by Pfaff's transformation where x is negative."""
    negative = plain(x) < 0
    z = np.where(negative, x / (x - 1), x)
    furthest = _farthest(z)
    if furthest >= 1.0:
        return _TOO_MANY
    count = int(60 + 2 * max(map(_farthest, (a, b, c))) + (0 if furthest == 0.0 else 45 / -math.log(furthest)))
    series = _hypergeometric((a, np.where(negative, c - b, b)), (c,), z, count)
    return np.where(negative, (1 - x) ** -a, 1.0) * series


def _limit(b: Any, x: Any) -> Any:
    return _hypergeometric((), (b,), x, int(60 + 4 * math.sqrt(_farthest(x)) + 2 * _farthest(b)))


def _degrees(n: Any) -> int:
    return int(np.max(plain(n), initial=0)) + 2


def _jacobi(n: Any, a: Any, b: Any, x: Any) -> Any:
    n = np.asarray(plain(n), float)
    series = _hypergeometric((-n, n + a + b + 1), (a + 1,), (1 - x) / 2, _degrees(n))
    return _rising(a + 1, n) * series


def _gegenbauer(n: Any, a: Any, x: Any) -> Any:
    n = np.asarray(plain(n), float)
    series = _hypergeometric((-n, n + 2 * a), (a + 0.5,), (1 - x) / 2, _degrees(n))
    return _rising(2 * a, n) * series


def _laguerre(n: Any, a: Any, x: Any) -> Any:
    n = np.asarray(plain(n), float)
    return _rising(a + 1, n) * _hypergeometric((-n,), (a + 1,), x, _degrees(n))


def _rising(a: Any, n: Any) -> Any:
    """(a)_n/n!."""
    k = np.arange(float(_degrees(n) - 2))
    factors = np.where(k < n[..., None], (_wide(a)[0] + k) / (k + 1), 1.0)
    return np.prod(factors, axis=-1)


def _parabolic(v: Any, x: Any) -> Any:
    """D_ν(x) by its even and its odd part (DLMF 12.4.1, 12.7.12)."""
    half = x * x / 2
    even = scipy.special.rgamma((1 - v) / 2) * _kummer(-v / 2, 0.5, half)
    odd = scipy.special.rgamma(-v / 2) * _kummer((1 - v) / 2, 1.5, half)
    return 2 ** (v / 2) * math.sqrt(math.pi) * np.exp(-half / 2) * (even - math.sqrt(2) * x * odd)


def _first_parabolic(v: Any, x: Any) -> tuple[Any, Any]:
    """D_ν and its slope (DLMF 12.8.2)."""
    value = _parabolic(v, x)
    return value, x / 2 * value - _parabolic(v + 1, x)


def _second_parabolic(v: Any, x: Any) -> tuple[Any, Any]:
    """V_ν and its slope, for orders that are no whole numbers from 0 on (DLMF 12.2.20)."""
    ahead, behind = _first_parabolic(v, x), _first_parabolic(v, -x)
    factor, wave = scipy.special.gamma(-v) / math.pi, np.cos(math.pi * v)
    return factor * (behind[0] - wave * ahead[0]), -factor * (behind[1] + wave * ahead[1])


# --- integrals over the half line -------------------------------------------------------------------------------------------------

_STEP = 1 / 32
_U = np.arange(-6.0, 5.5, _STEP)
#: nodes and weights for ∫₀^∞ f(t) dt of functions with powers of t at both ends
_T = np.exp(0.5 * math.pi * np.sinh(_U))
_W = _STEP * 0.5 * math.pi * np.cosh(_U) * _T


def half_line(scale: Any) -> tuple[Any, Any]:
    """Nodes and weights for ∫₀^∞ f(t) dt, with an axis for them, of functions that change at this scale."""
    scale = np.asarray(scale, float)[..., None]
    return scale * _T, scale * _W


def _tricomi(a: Any, b: Any, x: Any) -> Any:
    """U(a, b, x); by Kummer's transformation where a is not positive."""
    if np.any(plain(x) <= 0):
        return _TOO_MANY
    turned = plain(a) <= 0
    upper, lower = np.where(turned, a - b + 1, a), np.where(turned, 2 - b, b)
    if np.any(plain(upper) <= 0) or _size(a, b, x) * _T.size > LARGEST:
        return _TOO_MANY
    t, w = half_line(1 / plain(x))
    first, second, at = _wide(upper, lower, x)
    logarithm = (first - 1) * np.log(t) + (second - first - 1) * np.log1p(t) - at * t
    integral = np.sum(np.exp(logarithm) * w, axis=-1) * scipy.special.rgamma(upper)
    return np.where(turned, x ** (1 - b), 1.0) * integral


def _carlson(powers: tuple[float, ...], factor: float) -> Callable[..., Any]:
    """The function factor ∫₀^∞ Π (t + xᵢ)^{pᵢ} dt of xᵢ ≥ 0."""

    def form(*xs: Any) -> Any:
        if (
            min(float(np.min(np.asarray(plain(x), float), initial=np.inf)) for x in xs) < 0
            or _size(*xs) * _T.size > LARGEST
        ):
            return _TOO_MANY
        t, w = half_line(sum(plain(x) for x in xs) / len(xs))
        product: Any = factor * w
        for x, power in zip(_wide(*xs), powers, strict=True):
            product = product * (t + x) ** power
        return np.sum(product, axis=-1)

    return form


def _carlson_second(x: Any, y: Any, z: Any) -> Any:
    """R_G = ¼ ∫₀^∞ t/√((t+x)(t+y)(t+z)) (x/(t+x) + y/(t+y) + z/(t+z)) dt."""
    if (
        min(float(np.min(np.asarray(plain(v), float), initial=np.inf)) for v in (x, y, z)) < 0
        or _size(x, y, z) * _T.size > LARGEST
    ):
        return _TOO_MANY
    t, w = half_line((plain(x) + plain(y) + plain(z)) / 3)
    a, b, c = _wide(x, y, z)
    parts = a / (t + a) + b / (t + b) + c / (t + c)
    return np.sum(0.25 * w * t * ((t + a) * (t + b) * (t + c)) ** -0.5 * parts, axis=-1)


# --- series with gamma functions --------------------------------------------------------------------------------------------------


def _struve(sign: float) -> Callable[[Any, Any], Any]:
    """H_ν (sign −1) and L_ν (sign 1) for x > 0."""

    def form(v: Any, x: Any) -> Any:
        if np.min(plain(x)) <= 0 or _farthest(x) > (100.0 if sign > 0 else 7.0) or np.min(plain(v)) <= -1.5:
            return _TOO_MANY
        k = np.arange(60 + 2 * math.ceil(_farthest(x)))
        order, at = _wide(v, x)
        size = (2 * k + order + 1) * np.log(at / 2)
        size = size - scipy.special.gammaln(k + 1.5) - scipy.special.gammaln(k + order + 1.5)
        return np.sum(sign**k * np.exp(size), axis=-1)

    return form


def _wright(a: Any, b: Any, x: Any) -> Any:
    """Σ xᵏ/(k! Γ(ak + b)) for x > 0."""
    if np.min(plain(x)) <= 0 or np.min(plain(a)) < 0 or _farthest(x) > 30:
        return _TOO_MANY
    k = np.arange(60.0 + 5 * math.ceil(_farthest(x)))
    first, second, at = _wide(a, b, x)
    sizes = np.exp(k * np.log(at) - scipy.special.gammaln(k + 1))
    return np.sum(sizes * scipy.special.rgamma(first * k + second), axis=-1)


def _log_wright(a: Any, b: Any, x: Any) -> Any:
    """Log Σ xᵏ/(k! Γ(ak + b)) for b > 0, of terms up to the eightfold of where they are largest."""
    low, far = float(np.min(plain(a))), _farthest(x)
    if np.min(plain(x)) <= 0 or low < 0 or np.min(plain(b)) <= 0 or low + far == 0:
        return _TOO_MANY
    count = 60 + 8 * (far * low**-low) ** (1 / (1 + low))
    if count > MOST_TERMS or count * _size(a, b, x) > LARGEST:
        return _TOO_MANY
    k = np.arange(math.ceil(count))
    first, second, at = _wide(a, b, x)
    sizes = k * np.log(at) - scipy.special.gammaln(k + 1) - scipy.special.gammaln(first * k + second)
    top = np.max(plain(sizes), axis=-1)
    return top + np.log(np.sum(np.exp(sizes - top[..., None]), axis=-1))


def _bessel_moment(a: Any, power: Any, v: Any) -> Any:
    """∫₀¹ x^λ J_ν(2ax) dx = Σ (−1)ᵏ a^(2k+ν)/(k! Γ(k+ν+1) (2k+ν+λ+1))."""
    if np.min(plain(a)) <= 0 or _farthest(a) > 6 or np.min(plain(v)) <= -1:
        return _TOO_MANY
    k = np.arange(60.0 + 4 * math.ceil(_farthest(a)))
    at, power, order = _wide(a, power, v)
    size = (2 * k + order) * np.log(at) - scipy.special.gammaln(k + 1) - scipy.special.gammaln(k + order + 1)
    return np.sum((-1) ** k * np.exp(size) / (2 * k + order + power + 1), axis=-1)


# --- distributions of a noncentrality ---------------------------------------------------------------------------------------------


def _numbers(rate: Any, *others: Any) -> np.ndarray | None:
    """The numbers k at which a Poisson probability of this rate is more than rounding."""
    low, high = float(np.min(plain(rate))), float(np.max(plain(rate)))
    first = max(0.0, math.floor(low - 9 * math.sqrt(low) - 20))
    k = np.arange(first, math.ceil(high + 9 * math.sqrt(high) + 40))
    return None if low < 0 or k.size * _size(rate, *others) > LARGEST // 64 else k


def _poisson(rate: Any, k: np.ndarray) -> Any:
    """e^{−λ} λᵏ/k!, which is a polynomial at λ = 0."""
    if _farthest(rate) < 20:
        return np.exp(-rate) * rate**k / scipy.special.gamma(k + 1)
    return np.exp(k * np.log(rate) - rate - scipy.special.gammaln(k + 1))


def _chi_squared(x: Any, df: Any, nc: Any) -> Any:
    k = _numbers(nc / 2, x, df)
    if k is None:
        return _TOO_MANY
    x, df, nc = _wide(x, df, nc)
    return np.sum(_poisson(nc / 2, k) * scipy.special.gammainc(df / 2 + k, x / 2), axis=-1)


def _fisher(dfn: Any, dfd: Any, nc: Any, f: Any) -> Any:
    k = _numbers(nc / 2, dfn, dfd, f)
    if k is None:
        return _TOO_MANY
    dfn, dfd, nc, f = _wide(dfn, dfd, nc, f)
    share = dfn * f / (dfd + dfn * f)
    return np.sum(_poisson(nc / 2, k) * scipy.special.betainc(dfn / 2 + k, dfd / 2, share), axis=-1)


def _student(df: Any, nc: Any, t: Any) -> Any:
    k = _numbers(nc * nc / 2, df, t)
    if k is None or np.any(plain(t) == 0):
        return _TOO_MANY
    sign = np.where(plain(t) < 0, -1.0, 1.0)
    shift = _wide(nc * sign)[0]
    df, nc, at = _wide(df, nc, t)
    share, rate = at * at / (df + at * at), nc * nc / 2
    even = _poisson(rate, k) * scipy.special.betainc(k + 0.5, df / 2, share)
    between = _poisson(rate, k) * np.exp(scipy.special.gammaln(k + 1) - scipy.special.gammaln(k + 1.5))
    odd = shift * between * scipy.special.betainc(k + 1, df / 2, share) / math.sqrt(2)
    beyond = scipy.special.ndtr(-shift[..., 0]) + 0.5 * np.sum(even + odd, axis=-1)
    return np.where(sign < 0, 1 - beyond, beyond)


# --- inverses ---------------------------------------------------------------------------------------------------------------------

#: steps from SciPy's root with the slope there: each makes one more order of derivatives exact
STEPS = 5


class Inverse:
    """The root y of function(y, *arguments) = p, where p stands at a place among the arguments of the inverse."""

    def __init__(self, function: Callable[..., Any], place: int) -> None:
        self.function = function
        self.place = place

    def __call__(self, value: Any, *arguments: Any) -> Any:
        """The root, from SciPy's value."""
        others = [a for i, a in enumerate(arguments) if i != self.place]
        plainly, p = list(map(plain, others)), arguments[self.place]
        y: Any = np.asarray(value, float)
        h = 1e-5 * np.maximum(np.abs(y), 1e-3)
        slope = (self.function(y + h, *plainly) - self.function(y - h, *plainly)) / (2 * h)
        for _ in range(STEPS):
            y = y - (self.function(y, *others) - p) / slope
        return y


def _binomial(k: Any, n: Any, p: Any) -> Any:
    """P(at most k of n), of any k and n."""
    return scipy.special.betainc(n - k, k + 1, 1 - p)


def _negative_binomial(k: Any, n: Any, p: Any) -> Any:
    return scipy.special.betainc(n, k + 1, p)


def _tukey_quantile(p: Any, shape: Any) -> Any:
    return (p**shape - (1 - p) ** shape) / shape


#: function → the operands without a rule, the forms, how near they are
FORMS: dict[str, tuple[tuple[int, ...], tuple[Callable[..., Any], ...], float]] = {
    "hyp1f1": ((0, 1), (_kummer,), NEAR),
    "hyp2f1": ((0, 1, 2), (_gauss,), NEAR),
    "hyp0f1": ((0,), (_limit,), NEAR),
    "hyperu": ((0, 1), (_tricomi,), NEAR_ENOUGH),
    "eval_jacobi": ((1, 2), (_jacobi,), NEAR),
    "eval_gegenbauer": ((1,), (_gegenbauer,), NEAR),
    "eval_genlaguerre": ((1,), (_laguerre,), NEAR),
    "elliprc": ((0, 1), (_carlson((-0.5, -1.0), 0.5),), NEAR),
    "elliprd": ((0, 1, 2), (_carlson((-0.5, -0.5, -1.5), 1.5),), NEAR),
    "elliprf": ((0, 1, 2), (_carlson((-0.5, -0.5, -0.5), 0.5),), NEAR),
    "elliprg": ((0, 1, 2), (_carlson_second,), NEAR),
    "elliprj": ((0, 1, 2, 3), (_carlson((-0.5, -0.5, -0.5, -1.0), 1.5),), NEAR),
    "struve": ((0,), (_struve(-1.0),), NEAR),
    "modstruve": ((0,), (_struve(1.0),), NEAR),
    "wright_bessel": ((0, 1), (_wright,), NEAR),
    "pbdv": ((0,), (_first_parabolic,), NEAR_ENOUGH),
    "pbvv": ((0,), (_second_parabolic,), NEAR_ENOUGH),
    "log_wright_bessel": ((0, 1, 2), (_log_wright,), NEAR),
    "besselpoly": ((0, 1, 2), (_bessel_moment,), NEAR),
    "chndtr": ((0, 1, 2), (_chi_squared,), NEAR_ENOUGH),
    "ncfdtr": ((0, 1, 2, 3), (_fisher,), NEAR_ENOUGH),
    "nctdtr": ((0, 1, 2), (_student,), NEAR_ENOUGH),
    "chndtrix": ((0, 1, 2), (Inverse(lambda x, df, nc: scipy.special.chndtr(x, df, nc), 0),), NEAR_ROOTS),
    "chndtridf": ((0, 1, 2), (Inverse(lambda df, x, nc: scipy.special.chndtr(x, df, nc), 1),), NEAR_ROOTS),
    "chndtrinc": ((0, 1, 2), (Inverse(lambda nc, x, df: scipy.special.chndtr(x, df, nc), 2),), NEAR_ROOTS),
    "ncfdtri": ((0, 1, 2, 3), (Inverse(lambda f, a, b, nc: scipy.special.ncfdtr(a, b, nc, f), 3),), NEAR_ROOTS),
    "nctdtrit": ((0, 1, 2), (Inverse(lambda t, df, nc: scipy.special.nctdtr(df, nc, t), 2),), NEAR_ROOTS),
    "nctdtridf": ((0, 1, 2), (Inverse(lambda df, nc, t: scipy.special.nctdtr(df, nc, t), 0),), NEAR_ROOTS),
    "nctdtrinc": ((0, 1, 2), (Inverse(lambda nc, df, t: scipy.special.nctdtr(df, nc, t), 1),), NEAR_ROOTS),
    "bdtrik": ((0, 1, 2), (Inverse(_binomial, 0),), NEAR_ROOTS),
    "bdtrin": ((0, 1, 2), (Inverse(lambda n, k, p: _binomial(k, n, p), 1),), NEAR_ROOTS),
    "nbdtrik": ((0, 1, 2), (Inverse(_negative_binomial, 0),), NEAR_ROOTS),
    "nbdtrin": ((0, 1, 2), (Inverse(lambda n, k, p: _negative_binomial(k, n, p), 1),), NEAR_ROOTS),
    "pdtrik": ((0, 1), (Inverse(lambda k, m: scipy.special.gammaincc(k + 1, m), 0),), NEAR_ROOTS),
    "_smirnovci": ((1,), (Inverse(lambda d, n: 1 - scipy.special.smirnov(n, d), 1),), NEAR_ROOTS),
    "smirnovi": ((1,), (Inverse(lambda d, n: scipy.special.smirnov(n, d), 1),), NEAR_ROOTS),
    "btdtria": ((0, 1, 2), (Inverse(lambda a, b, x: scipy.special.betainc(a, b, x), 0),), NEAR_ROOTS),
    "btdtrib": ((0, 1, 2), (Inverse(lambda b, a, x: scipy.special.betainc(a, b, x), 1),), NEAR_ROOTS),
    "chdtriv": ((0, 1), (Inverse(lambda v, x: scipy.special.chdtr(v, x), 0),), NEAR_ROOTS),
    "gdtrib": ((0, 1, 2), (Inverse(lambda b, a, x: scipy.special.gdtr(a, b, x), 1),), NEAR_ROOTS),
    "stdtridf": ((0, 1), (Inverse(lambda df, t: scipy.special.stdtr(df, t), 0),), NEAR_ROOTS),
    "fdtridfd": ((0, 1, 2), (Inverse(lambda b, a, x: scipy.special.fdtr(a, b, x), 1),), NEAR_ROOTS),
    "tklmbda": ((0, 1), (Inverse(_tukey_quantile, 0),), NEAR_ROOTS),
}
