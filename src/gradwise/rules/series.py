"""Values of derivatives of any order that have no closed form: series, stable recurrences, asymptotic expansions.

Each function takes ``(x, n)`` and gives the n-th derivative at x in the dtype of x; it is exact to rounding where the textbook formula (for instance
``1 − 2x·dawsn(x)``) cancels.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

if TYPE_CHECKING:
    from collections.abc import Callable


def in_double(function: Callable[[np.ndarray, int], Any]) -> Callable[[Any, int], Any]:
    """Compute in double precision with floating-point warnings off, and give the result in the dtype of x."""

    @functools.wraps(function)
    def value(x: Any, n: int) -> Any:
        x = np.asarray(x)
        wide = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
        with np.errstate(all="ignore"):
            return np.asarray(function(wide, n)).astype(x.dtype)[()]

    return value


def _falling(k: int, n: int) -> float:
    """The falling factorial k (k−1) … (k−n+1)."""
    return float(math.perm(k, n)) if k >= n else 0.0


@in_double
def sinc(x: np.ndarray, n: int) -> Any:
    """dⁿ/dxⁿ of sin(πx)/(πx): the recurrence t f⁽ⁿ⁾ = sin⁽ⁿ⁾(t) − n f⁽ⁿ⁻¹⁾ away from 0, and Σ (−1)ᵏ t²ᵏ/(2k+1)! near it."""
    t = np.pi * x
    small = np.abs(t) < 2.0 + n
    near = np.where(small, t, 0.0)
    total = np.zeros_like(t)
    first = (n + 1) // 2
    for k in range(first, first + 25 + 2 * n):
        total = total + (-1) ** k * math.exp(
            math.lgamma(2 * k + 1) - math.lgamma(2 * k - n + 1) - math.lgamma(2 * k + 2)
        ) * near ** (2 * k - n)
    far = np.where(small, 1.0, t)
    f = np.sin(far) / far
    for m in range(1, n + 1):
        f = (np.sin(far + m * np.pi / 2) - m * f) / far
    return np.where(np.isinf(t), 0.0, np.where(small, total, f)) * np.pi**n


@in_double
def exprel(x: np.ndarray, n: int) -> Any:
    """dⁿ/dxⁿ of (eˣ − 1)/x = ∫₀¹ tⁿ eˣᵗ dt: Kummer's series with positive terms, and x Iₙ = eˣ − n Iₙ₋₁ for large |x|."""
    large = np.abs(x) > 2.0 * n + 10.0
    near = np.where(large, 0.0, x)
    positive = np.zeros_like(x)  # Σ xᵏ/(k!(k+n+1))
    term = np.ones_like(x)
    a = np.where(near > 0, near, 0.0)
    terms = 60 + 6 * n
    for k in range(terms):
        positive = positive + term / (k + n + 1)
        term = term * a / (k + 1)
    negative = np.zeros_like(x)  # eˣ Σ |x|ᵏ/((n+1)(n+2)…(n+1+k))
    b = np.where(near < 0, -near, 0.0)
    term = np.full_like(x, 1.0 / (n + 1))
    for k in range(terms):
        negative = negative + term
        term = term * b / (n + 2 + k)
    series = np.where(near > 0, positive, np.exp(-b) * negative)
    far = np.where(large, x, 1.0)
    e = np.exp(far)
    f = np.expm1(far) / far
    for m in range(1, n + 1):
        f = (e - m * f) / far
    f = np.where(np.isposinf(x), np.inf, np.where(np.isneginf(x), 0.0, f))
    return np.where(np.isnan(x), np.nan, np.where(large, f, series))


@in_double
def dawsn(x: np.ndarray, n: int) -> Any:
    """dⁿ/dxⁿ of Dawson's integral: F⁽ᵐ⁺¹⁾ = −2x F⁽ᵐ⁾ − 2m F⁽ᵐ⁻¹⁾ with F' = 1 − 2xF, and Σ (2k−1)!!/(2ᵏ⁺¹ x²ᵏ⁺¹) for large real x (A&S 7.1.23)."""
    large = (np.abs(x) > 6.5 + 0.5 * n) if x.dtype.kind != "c" else np.zeros(x.shape, bool)
    near = np.where(large, 0.0, x)
    before, f = scipy.special.dawsn(near), 1 - 2 * near * scipy.special.dawsn(near)
    for m in range(1, n):
        before, f = f, -2 * near * f - 2 * m * before
    if not np.any(large):
        return f
    far = np.where(large, x, 1.0)
    total = np.zeros_like(x)
    coefficient = 0.5
    for k in range(30):
        total = total + coefficient * (-1) ** n * _falling(2 * k + n, n) * far ** (-(2.0 * k + 1 + n))
        coefficient *= (2 * k + 1) / 2
    return np.where(large, total, f)


def _erfc_ratio(x: np.ndarray, n: int) -> np.ndarray:
    """iⁿerfc(x)/iⁿ⁻¹erfc(x) for x ≥ ½ by Miller's backward recurrence (Gautschi 1961; A&S 7.2.5)."""
    start = n + 300
    r = 1 / (x + np.sqrt(x * x + 2.0 * (start + 1)))
    for m in range(start, n - 1, -1):
        r = 1 / (2 * x + 2 * (m + 1) * r)
    return r


def scaled_integrals(x: np.ndarray, n: int) -> np.ndarray:
    """gₙ = e^(x²) iⁿerfc(x), the scaled iterated integrals of erfc, for which g₀ = erfcx and gₙ' = −2(n+1) gₙ₊₁."""
    g = scipy.special.erfcx(x)
    if n == 0:
        return g
    direct = x < 0.5
    near = np.where(direct, x, 0.0)
    before, forward = np.full_like(x, 2 / math.sqrt(math.pi)), scipy.special.erfcx(near)
    for m in range(1, n + 1):
        before, forward = forward, (before - 2 * near * forward) / (2 * m)
    far = np.where(direct, 1.0, x)
    for m in range(1, n + 1):
        g = g * _erfc_ratio(far, m)
    return np.where(direct, forward, g)


@in_double
def erfcx(x: np.ndarray, n: int) -> Any:
    """dⁿ/dxⁿ of e^(x²) erfc(x) = (−2)ⁿ n! gₙ."""
    return (-2.0) ** n * math.factorial(n) * scaled_integrals(x, n)


@in_double
def inverse_mills(x: np.ndarray, n: int) -> Any:
    """φ(x)/Φ(x) (n = 0), and x + φ(x)/Φ(x) without cancellation for x ≪ 0 (n = 1)."""
    u = -x / math.sqrt(2)
    h = math.sqrt(2 / math.pi) / scipy.special.erfcx(u)
    if n == 0:
        return h
    left = u > 0.5
    return np.where(left, math.sqrt(2) * _erfc_ratio(np.where(left, u, 1.0), 1), np.where(left, 0.0, x) + h)


@in_double
def spence(x: np.ndarray, n: int) -> Any:
    """dⁿ⁻¹/dxⁿ⁻¹ of log(x)/(1 − x) = −log(1+u)/u at u = x − 1, by its series near x = 1."""
    u, n = x - 1, n - 1
    small = np.abs(u) < 0.3
    near = np.where(small, u, 0.0)
    total = np.zeros_like(x)
    for k in range(n, n + 50):
        total = total + (-1) ** k * _falling(k, n) / (k + 1) * near ** (k - n)
    far = np.where(small, 1.0, u)
    f = np.log(1 + far) / far
    for m in range(1, n + 1):
        f = ((-1) ** (m - 1) * math.factorial(m - 1) / (1 + far) ** m - m * f) / far
    return -np.where(small, total, f)


_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)


@in_double
def polygamma(x: np.ndarray, n: int) -> Any:
    """ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ n! ζ(n+1, x) for real x; for complex x the recurrence up to Re x ≥ 15 and Stirling's series (A&S 6.4.11)."""
    sign = (-1.0) ** (n + 1)
    if x.dtype.kind != "c":
        return sign * math.factorial(n) * scipy.special.zeta(n + 1.0, x)
    steps = int(max(0.0, np.ceil(15 + n - np.min(x.real, initial=15.0 + n))))
    total = np.zeros_like(x)
    z = x.copy()
    for _ in range(steps):
        short = z.real < 15 + n
        total = total + np.where(short, np.where(short, z, 1.0) ** -(n + 1.0), 0.0)
        z = np.where(short, z + 1, z)
    series = math.factorial(n - 1) / z**n + math.factorial(n) / (2 * z ** (n + 1))
    for k, b in enumerate(_BERNOULLI, start=1):
        series = series + b * math.factorial(2 * k + n - 1) / (math.factorial(2 * k) * z ** (2 * k + n))
    return sign * (math.factorial(n) * total + series)


@in_double
def rgamma(x: np.ndarray, n: int) -> Any:
    """dⁿ/dxⁿ of 1/Γ(x), by 1/Γ = exp(−log Γ) for x ≥ ½ and by 1/Γ(x) = sin(πx) Γ(1−x)/π below, where Γ has its poles."""
    below = x < 0.5
    u = np.where(below, 1 - x, x)
    sign = np.where(below, 1.0, -1.0)
    psi = [scipy.special.digamma(u)] + [polygamma(u, k) for k in range(1, n)]
    f = [np.where(below, scipy.special.gamma(u), scipy.special.rgamma(u))]
    for m in range(1, n + 1):  # f' = ± ψ f, differentiated m − 1 times
        f.append(sign * sum(math.comb(m - 1, k) * psi[k] * f[m - 1 - k] for k in range(m)))
    reflected = np.zeros_like(x)
    turn = np.round(x)
    for k in range(n + 1):
        sine = (
            np.where(turn % 2 == 0, 1.0, -1.0) * np.sin(np.pi * (x - turn) + k * np.pi / 2)
            if k % 2
            else (np.where(turn % 2 == 0, 1.0, -1.0) * np.sin(np.pi * (x - turn)) * (-1) ** (k // 2))
        )
        reflected = reflected + math.comb(n, k) * np.pi ** (k - 1) * sine * (-1) ** (n - k) * f[n - k]
    return np.where(below, reflected, f[n])


@in_double
def ellipk(p: np.ndarray, n: int) -> Any:
    """(d/dm)ⁿ of K(m) at m = 1 − p: π/2 ((½)ₙ)²/n! p⁻ⁿ ₂F₁(½, ½; n+1; m)  (DLMF 19.5.1, 15.5.2, 15.8.1)."""
    half = scipy.special.poch(0.5, n)
    return np.pi / 2 * half**2 / math.factorial(n) * p ** (-float(n)) * _hypergeometric(0.5, n, p)


@in_double
def ellipe(p: np.ndarray, n: int) -> Any:
    """(d/dm)ⁿ of E(m) at m = 1 − p: π/2 (−½)ₙ(½)ₙ/n! p¹⁻ⁿ ₂F₁(3/2, ½; n+1; m)."""
    factor = scipy.special.poch(-0.5, n) * scipy.special.poch(0.5, n) / math.factorial(n)
    return np.pi / 2 * factor * p ** (1.0 - n) * _hypergeometric(1.5, n, p)


def _hypergeometric(a: float, n: int, p: np.ndarray) -> np.ndarray:
    """₂F₁(a, ½; n+1; 1 − p); for p > 2 by Pfaff's transformation, which brings the argument back into (−1, 1)."""
    m = 1 - p
    big = p > 1.5
    inside = scipy.special.hyp2f1(a, 0.5, n + 1.0, np.where(big, 0.0, m))
    far = np.where(big, p, 1.0)
    return np.where(big, far**-0.5 * scipy.special.hyp2f1(n + 1.0 - a, 0.5, n + 1.0, (far - 1) / far), inside)
